"""Export: training pairs on disk, each proven by the compiler, as one JSONL file named by its content.

A line is `{"buggy", "diagnostics", "feedback", "fixed", "provenance"}`; beside the file lies its card
(`<file>.card.json`): dataset id, counts, compiler, what was left out and why. Equal arguments and an equal
compiler give the same bytes and so the same id. While it is being made, finished blocks are kept in
`<file>.part`, so that a run that was cut off goes on where it stopped. No pair holds a koan of the gate or
test split (koans/leaks.py): those that do are dropped, counted, and replaced by other draws.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from continualcode.koans import catalogue, leaks, patterns, variants
from continualcode.koans.catalogue import KoanError
from continualcode.koans.grammar import PATTERNS
from continualcode.rust import toolchain
from continualcode.rust.diagnostics import Diagnostic
from continualcode.store.hashing import file_hash, folder_hash

BLOCK = 100  # pairs asked of a pattern at a time: what a run that is cut off can lose, for each worker
SPARE = 6  # asked beyond what is missing, for those that turn out to be duplicates or leaks
_FORMAT = 1


@dataclass(frozen=True)
class Provenance:
    """Where a pair comes from. `seed` draws it again (`variants.draw(pattern, seed)`); a pair that a stronger
    model wrote has `seed` -1 and that model's name as `source`."""

    pattern: str
    family: str
    seed: int
    rustc: str
    source: str = "grammar"


@dataclass(frozen=True)
class TrainingPair:
    """A program with one bug, what rustc says of it, and its repair. `diagnostics`: see `diagnostic_row`;
    `feedback` is the compact text that a model is shown of them."""

    buggy: str
    diagnostics: tuple[dict[str, Any], ...]
    feedback: str
    fixed: str
    provenance: Provenance
    explanation: str = ""
    tests: str = ""

    def row(self) -> dict[str, Any]:
        """The pair as one line's object; an explanation and tests only where there are any."""
        row = asdict(self) | {"diagnostics": list(self.diagnostics)}
        return {key: value for key, value in row.items() if value or key not in ("explanation", "tests")}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> TrainingPair:
        """Back from `row`."""
        known = {**row, "diagnostics": tuple(row["diagnostics"]), "provenance": Provenance(**row["provenance"])}
        return cls(**known)


def diagnostic_row(d: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON values: code, message, places and hints. Never a hint's replacement text, nor rustc's
    own rendering, which holds it: the repair is what is to be learnt."""
    spans = [
        {
            "line": s.line,
            "column": s.column,
            "line_end": s.line_end,
            "column_end": s.column_end,
            "primary": s.primary,
            "label": s.label,
            "note": s.note,
        }
        for s in d.spans
    ]
    return {"level": d.level, "code": d.code, "message": d.message, "spans": spans, "helps": list(d.helps)}


@dataclass(frozen=True)
class Exported:
    """A finished export: the file, its dataset id, and the card's content."""

    path: Path
    dataset: str
    pairs: int
    card: dict[str, Any]


def chosen(wanted: str) -> list[str]:
    """The patterns meant by `known` (those that the bundled model may see), `held_back`, `all`, or ids with
    commas between. Raises KoanError."""
    held = patterns.HELD_BACK
    groups = {
        "known": [p for p in PATTERNS if p not in held],
        "held_back": [p for p in PATTERNS if p in held],
        "all": list(PATTERNS),
    }
    if wanted in groups:
        return sorted(groups[wanted])
    ids = sorted({word.strip() for word in wanted.split(",") if word.strip()})
    for name in ids:
        if name not in PATTERNS:
            raise KoanError(
                f"There is no pattern `{name}`: give known, held_back, all, or ids that `continualcode variants` lists."
            )
    if not ids:
        raise KoanError("No pattern was named: give known, held_back, all, or ids with commas between.")
    return ids


def export(
    path: Path,
    pattern_ids: Sequence[str],
    count: int,
    seed: int = 0,
    *,
    workers: int = 1,
    on_block: Callable[[int, str], None] = lambda pairs, pattern: None,
) -> Exported:
    """Write `count` different verified pairs, evenly over the patterns, and their card; fewer only when no pattern
    gives fresh ones any more. `workers` compilers run at a time; `on_block(pairs, pattern)` is called as blocks
    are finished, at once for those of an earlier run that was cut off. Raises KoanError when `path` cannot be
    written or its `.part` belongs to another export.
    """
    plan = {
        "format": _FORMAT,
        "patterns": list(pattern_ids),
        "count": count,
        "seed": seed,
        "rustc": toolchain.find().identity,
        "generators": folder_hash(Path(__file__).parent)[:16],
        "block": BLOCK,
    }
    guarded = [k for k in catalogue.load() if k.split in ("gate", "test")]
    made = _Made({name: [] for name in pattern_ids})
    number = dict.fromkeys(pattern_ids, 0)  # of the next block
    fresh = set(pattern_ids)  # patterns that still give new pairs
    with _Part(path.with_name(path.name + ".part"), plan) as part, ThreadPoolExecutor(max(1, workers)) as pool:
        try:
            while missing := _missing(made, pattern_ids, fresh, count):
                asked = [(name, number[name] + i, n) for name in missing for i, n in enumerate(_blocks(missing[name]))]
                futures = {}
                for name, block, n in asked:
                    if (name, block) in part.blocks:
                        on_block(len(part.blocks[name, block]), name)
                    else:
                        futures[pool.submit(_block, name, n, seed, block)] = (name, block)
                for future in as_completed(futures):
                    name, block = futures[future]
                    part.keep(name, block, future.result())
                    on_block(len(future.result()), name)
                for name in missing:
                    before = len(made.pairs[name])
                    enough = before + missing[name]
                    for _, block, _ in (a for a in asked if a[0] == name):
                        made.add(name, part.blocks[name, block], guarded, enough)
                        number[name] = block + 1
                    if len(made.pairs[name]) == before:
                        fresh.discard(name)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    pairs = [pair for name in pattern_ids for pair in made.pairs[name]][:count]
    exported = publish(pairs, path, {
        "asked": count, "seed": seed, "generators": plan["generators"], "by_pattern": {name: len(made.pairs[name]) for name in pattern_ids},
        "held_back": sorted(set(pattern_ids) & patterns.HELD_BACK),
        "dropped": {"leaks": made.leaks, "duplicates": made.duplicates},
        "exhausted": sorted(set(pattern_ids) - fresh),
    })  # fmt: skip
    part.path.unlink(missing_ok=True)
    return exported


def publish(pairs: Sequence[TrainingPair], path: Path, about: dict[str, Any]) -> Exported:
    """Write pairs and their card, each whole or not at all. `about` goes into the card. Raises KoanError."""
    _write(path, "".join(json.dumps(pair.row(), ensure_ascii=False) + "\n" for pair in pairs))
    digest = file_hash(path)
    dataset = f"ds_{digest[:16]}"
    tools = toolchain.find()
    card = {
        "dataset": dataset, "sha256": digest, "file": path.name, "pairs": len(pairs), "format": _FORMAT,
        "rustc": tools.version, "clippy": tools.clippy_driver is not None, **about,
        "leak_check": {"against": ["gate", "test"], "containment_below": leaks.COPIED, "similarity_below": leaks.SAME},
    }  # fmt: skip
    _write(card_path(path), json.dumps(card, indent=1, ensure_ascii=False) + "\n")
    return Exported(path, dataset, len(pairs), card)


def card_path(path: Path) -> Path:
    """Where a data set's card lies."""
    return path.with_name(path.name + ".card.json")


def read(path: Path) -> Iterator[TrainingPair]:
    """The pairs of an exported file. Raises KoanError with the place of a line that is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KoanError(f"{path} cannot be read: {error}.") from None
    for number, line in enumerate(lines, 1):
        try:
            yield TrainingPair.of_row(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise KoanError(f"{path}, line {number}: no training pair ({error}); export it again.") from None


def leaking(pairs: Sequence[TrainingPair], guarded: Sequence[catalogue.Koan]) -> dict[int, str]:
    """The pairs that hold a koan of `guarded` (leaks.COPIED), or are too like one (leaks.SAME): position → its id."""
    texts = [text for pair in pairs for text in (pair.buggy, pair.fixed)]
    by_id = {koan.id: koan for koan in guarded}
    found: dict[int, str] = {}
    # programs that are SAME alike have at least that share of the smaller, so these are all candidates
    for leak in leaks.corpus_leaks(texts, guarded, min(leaks.SAME, leaks.COPIED)):
        n, koan = int(leak.other.removeprefix("corpus:")), by_id[leak.koan]
        alike = max(leaks.similarity(texts[n], koan.buggy), leaks.similarity(texts[n], koan.solution))
        if leak.similarity >= leaks.COPIED or alike >= leaks.SAME:
            found.setdefault(n // 2, koan.id)
    return found


@dataclass
class _Made:
    """What was accepted so far, and what was not."""

    pairs: dict[str, list[TrainingPair]]
    leaks: int = 0
    duplicates: int = 0
    seen: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, name: str, block: Sequence[TrainingPair], guarded: Sequence[catalogue.Koan], enough: int) -> None:
        """Take those of a block that are new and hold no koan, until the pattern has `enough`."""
        leaks_here = leaking(block, guarded)
        for i, pair in enumerate(block):
            if len(self.pairs[name]) >= enough:
                return
            shape = variants.shape(pair.buggy)
            if shape in self.seen:
                self.duplicates += 1
            elif i in leaks_here:
                self.leaks += 1
            else:
                self.pairs[name].append(pair)
            self.seen.add(shape)


def _missing(made: _Made, names: Sequence[str], fresh: set[str], count: int) -> dict[str, int]:
    """How many each pattern is to give next: an even share, and of what the exhausted ones lack an even share."""
    open_ = [name for name in names if name in fresh]
    left = count - sum(len(made.pairs[name]) for name in names)
    if left <= 0 or not open_:
        return {}
    total = count - sum(len(made.pairs[name]) for name in names if name not in fresh)
    wanted = {name: total // len(open_) + (i < total % len(open_)) for i, name in enumerate(open_)}
    missing = {name: wanted[name] - len(made.pairs[name]) for name in open_}
    return {name: n for name, n in missing.items() if n > 0}


def _blocks(count: int) -> list[int]:
    count += SPARE
    return [min(BLOCK, count - start) for start in range(0, count, BLOCK)]


def _block(name: str, count: int, seed: int, block: int) -> list[TrainingPair]:
    rustc = toolchain.find().version
    return [
        TrainingPair(
            buggy=v.buggy, diagnostics=tuple(diagnostic_row(d) for d in v.diagnostics), feedback=v.feedback,
            fixed=v.fixed, provenance=Provenance(v.pattern, v.family, v.seed, rustc),
        )
        for v in variants.make(name, count, seed * 10_000 + block)
    ]  # fmt: skip


class _Part:
    """Finished blocks on disk, one line each, behind a line that says of which export."""

    def __init__(self, path: Path, plan: dict[str, Any]) -> None:
        self.path, self.plan = path, plan
        self.blocks: dict[tuple[str, int], list[TrainingPair]] = {}

    def __enter__(self) -> _Part:
        whole = b""
        try:
            if self.path.exists():
                whole = self.path.read_bytes()
                whole = whole[: whole.rfind(b"\n") + 1]  # a line that was cut off is made again
                self._read([json.loads(line) for line in whole.splitlines()])
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.stream = self.path.open("r+b" if self.path.exists() else "wb")
            fcntl.flock(self.stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.stream.truncate(len(whole))
            self.stream.seek(len(whole))
            if not whole:
                self._line(self.plan)
        except (ValueError, KeyError, TypeError):
            raise KoanError(f"{self.path} is damaged: take it away and export again.") from None
        except BlockingIOError:
            raise KoanError(f"Another run is writing {self.path}: wait for it, or name another --out.") from None
        except OSError as error:
            raise KoanError(f"Cannot write {self.path}: {error.strerror or error}.") from None
        return self

    def _read(self, lines: Sequence[dict[str, Any]]) -> None:
        if lines and lines[0] != self.plan:
            raise KoanError(
                f"{self.path} belongs to an export with other arguments, compiler or generators: take it away, "
                "or name another --out."
            )
        for line in lines[1:]:
            self.blocks[line["pattern"], line["block"]] = [TrainingPair.of_row(row) for row in line["pairs"]]

    def keep(self, name: str, block: int, pairs: list[TrainingPair]) -> None:
        self.blocks[name, block] = pairs
        self._line({"pattern": name, "block": block, "pairs": [pair.row() for pair in pairs]})

    def _line(self, value: dict[str, Any]) -> None:
        self.stream.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
        self.stream.flush()

    def __exit__(self, *_: object) -> None:
        self.stream.close()


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise KoanError(f"Cannot write {path}: {error.strerror or error}.") from None
