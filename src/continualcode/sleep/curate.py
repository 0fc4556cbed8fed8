"""Curate: the day's episodes become a dataset version.

Sources, each verified before it is let in (compiles, its tests pass where there are tests, clippy clean
with warnings denied):

- `fixed`: episodes that failed first and were solved later, buggy file → the solved one;
- `koan`: tasks that stayed failed, whose repair is known;
- `correction`: pairs (wrong, right) of code that the user gave, with more weight;
- `variant`: fresh verified programs of the patterns that failed;
- `replay`: fresh verified programs of the train split's other patterns, so that they stay, also those that
  the day did not visit (a day over few patterns would otherwise forget the rest).

Train split only: an episode of another split is passed over, whatever it says, and a variant that is a near
duplicate of a gate or test task is dropped. A slice of each failed pattern's variants is held out from
training; the gate looks at it. Equal examples are kept once. The version's name is the hash of its content.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.errors import UserError
from continualcode.sleep.examples import same_program
from continualcode.store.records import CorrectionRecord, EpisodeRecord

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

PATH = "src/lib.rs"
CORRECTION_WEIGHT = 2.0
HELD_OUT_SHARE = 0.15
MAX_HELD_OUT = 4


@dataclass(frozen=True)
class Item:
    """One repair. use: `train`, `replay` or `held_out`; feedback: what the model is shown of `buggy`."""

    source: str
    use: str
    pattern: str
    task_id: str
    buggy: str
    fixed: str
    feedback: str
    weight: float = 1.0


@dataclass(frozen=True)
class Dataset:
    """A dataset version: its items and its card (counts, sources, patterns)."""

    items: tuple[Item, ...]
    card: dict[str, Any]

    @property
    def hash(self) -> str:
        return self.card["hash"]

    def use(self, name: str) -> list[Item]:
        """Items of one use, in order."""
        return [i for i in self.items if i.use == name]


def save(dataset: Dataset, folder: Path) -> None:
    """Write `dataset.jsonl` and `card.json`; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(
        folder / "dataset.jsonl", "".join(json.dumps(asdict(i), ensure_ascii=False) + "\n" for i in dataset.items)
    )
    write_whole(folder / "card.json", json.dumps(dataset.card, indent=2, ensure_ascii=False) + "\n")


def load(folder: Path) -> Dataset:
    """Read a version back. Raises UserError when the files do not match their hash."""
    with (folder / "dataset.jsonl").open(encoding="utf-8") as lines:
        items = tuple(Item(**json.loads(line)) for line in lines)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    if card["hash"] != content_hash(items):
        raise UserError(f"The dataset in {folder} does not match its card; delete the folder and sleep again.")
    return Dataset(items, card)


def write_whole(path: Path, text: str) -> None:
    """Write a file through a temporary one and a rename."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def content_hash(items: Iterable[Item]) -> str:
    """sha256 (first 16 hex digits) of the items, whatever their order."""
    digest = hashlib.sha256()
    for line in sorted(json.dumps(asdict(i), sort_keys=True) for i in items):
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()[:16]


def failed_patterns(episodes: Iterable[EpisodeRecord]) -> dict[str, int]:
    """Patterns that need work, with how many episodes were not solved by their first call."""
    found: Counter[str] = Counter()
    for episode in episodes:
        if episode.split == "train" and episode.outcome in ("solved", "failed") and episode.steps_to_green != 1:
            found[episode.pattern] += 1
    return dict(sorted(found.items()))


def curate(
    episodes: Sequence[EpisodeRecord],
    corrections: Sequence[CorrectionRecord],
    *,
    settings: Settings,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> Dataset:
    """The dataset of these episodes and corrections; without a usable failure it has no `train` items.
    Deterministic in its arguments."""
    from continualcode.koans import catalogue

    train = {k.id: k for k in catalogue.load(split="train")}
    mine = [e for e in episodes if e.split == "train" and e.task_id in train]
    failed = failed_patterns(mine)
    rejected: Counter[str] = Counter()

    pairs = [*_fixed(mine, train), *_known(mine, train), *_corrected(corrections)]
    items = _verified(pairs, train, settings, rejected)
    say(f"{len(items)} of {len(pairs)} repairs of the day verified")
    if failed:
        items += _variants(list(failed), settings.night_variants, seed, rejected, "variant")
        passed = sorted({k.pattern for k in train.values()} - set(failed))
        replay = _replay_count(len(items), settings.night_replay)
        if passed and replay:
            items += _variants(passed, max(1, -(-replay // len(passed))), seed + 1, rejected, "replay")[:replay]
        say(f"{len(failed)} patterns failed, {len(passed)} others are replayed; {len(items)} examples")
    kept = _hold_out(_distinct(items, rejected))
    card = {
        "hash": content_hash(kept),
        "seed": seed,
        "episodes": len(mine),
        "corrections": len(corrections),
        "items": len(kept),
        "uses": dict(sorted(Counter(i.use for i in kept).items())),
        "sources": dict(sorted(Counter(i.source for i in kept).items())),
        "patterns": dict(sorted(Counter(i.pattern for i in kept if i.use == "train").items())),
        "failed_patterns": failed,
        "rejected": dict(sorted(rejected.items())),
    }
    return Dataset(tuple(kept), card)


def _fixed(episodes: Iterable[EpisodeRecord], train: dict[str, Koan]) -> list[Item]:
    return [
        Item("fixed", "train", e.pattern, e.task_id, train[e.task_id].buggy, e.final_code, "")
        for e in episodes
        if e.outcome == "solved" and (e.steps_to_green or 0) > 1 and e.final_code
    ]


def _known(episodes: Iterable[EpisodeRecord], train: dict[str, Koan]) -> list[Item]:
    failed = dict.fromkeys(e.task_id for e in episodes if e.outcome == "failed")
    koans = [train[t] for t in failed]
    return [Item("koan", "train", k.pattern, k.id, k.buggy, k.solution, "") for k in koans]


def _corrected(corrections: Iterable[CorrectionRecord]) -> list[Item]:
    return [
        Item(
            "correction",
            "train",
            "correction",
            c.id,
            _ended(c.wrong),
            _ended(c.right),
            "",
            CORRECTION_WEIGHT * c.weight,
        )
        for c in corrections
        if c.kind == "pair" and c.wrong.strip() and c.right.strip()
    ]


def _ended(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n") + "\n"


def _verified(items: Sequence[Item], train: dict[str, Koan], settings: Settings, rejected: Counter[str]) -> list[Item]:
    """Those whose repair is clean (see the module docstring; where clippy is not installed it is not asked)
    and whose buggy side is not, with the feedback a model would have been shown."""
    from continualcode.rust import check

    tests = [train[i.task_id].tests if i.task_id in train else None for i in items]
    workers = settings.jobs or os.cpu_count() or 1
    wanted = [check.Item(i.fixed, t, clippy=True) for i, t in zip(items, tests, strict=True)]
    wanted += [check.Item(i.buggy, t) for i, t in zip(items, tests, strict=True)]
    verdicts = check.check_many(wanted, workers=workers, settings=settings)
    kept: list[Item] = []
    for item, t, good, bad in zip(items, tests, verdicts[: len(items)], verdicts[len(items) :], strict=True):
        if not (good.solved if t else good.compiles) or good.clippy_clean is False:
            rejected[f"{item.source}: repair not clean"] += 1
        elif bad.solved if t else bad.compiles:
            rejected[f"{item.source}: nothing wrong before"] += 1
        elif same_program(item.buggy, item.fixed):
            rejected[f"{item.source}: no change"] += 1
        else:
            kept.append(replace(item, feedback=bad.feedback(PATH)))
    return kept


def _variants(patterns: Sequence[str], count: int, seed: int, rejected: Counter[str], source: str) -> list[Item]:
    """`count` verified variants of each pattern, patterns taking turns; near duplicates of other splits'
    tasks dropped."""
    from continualcode.koans import variants
    from continualcode.koans.grammar import PATTERNS

    rows: list[list[Item]] = []
    for n, pattern in enumerate(p for p in patterns if p in PATTERNS):
        made = variants.make(pattern, count, seed * 1000 + n)
        use = "replay" if source == "replay" else "train"
        rows.append([Item(source, use, pattern, "", v.buggy, v.fixed, v.feedback) for v in made])
    turns = [row[i] for i in range(max(map(len, rows), default=0)) for row in rows if i < len(row)]
    return _away_from_other_splits(turns, rejected)


def _away_from_other_splits(items: Sequence[Item], rejected: Counter[str]) -> list[Item]:
    from continualcode.koans import catalogue, leaks

    theirs = [k for split in ("gate", "test") for k in catalogue.load(split=split)]
    texts = [text for i in items for text in (i.buggy, i.fixed)]
    near = {int(leak.other.split(":")[1]) // 2 for leak in leaks.corpus_leaks(texts, theirs)}
    rejected["near duplicate of another split"] += len(near)
    return [i for n, i in enumerate(items) if n not in near]


def _shape(program: str) -> str:
    return "".join(program.split())


def _replay_count(train: int, share: float) -> int:
    """How many replay items make `share` of all (at most three for each other one)."""
    return round(train * min(share / (1 - share), 3.0)) if share < 1 else train * 3


def _distinct(items: Sequence[Item], rejected: Counter[str]) -> list[Item]:
    found: dict[tuple[str, str], Item] = {}
    for item in items:
        key = (_shape(item.buggy), _shape(item.fixed))
        if key in found:
            rejected["duplicate"] += 1
            if item.weight > found[key].weight:
                found[key] = item
        else:
            found[key] = item
    return list(found.values())


def _hold_out(items: Sequence[Item]) -> list[Item]:
    """Mark a slice of each failed pattern's variants as held out: its last ones, at most MAX_HELD_OUT."""
    total = Counter(i.pattern for i in items if i.source == "variant")
    passed_by: Counter[str] = Counter()
    kept: list[Item] = []
    for item in items:
        if item.source == "variant":
            n = total[item.pattern]
            hold = min(MAX_HELD_OUT, max(1, round(n * HELD_OUT_SHARE))) if n > 2 else 0
            if passed_by[item.pattern] >= n - hold:
                item = replace(item, use="held_out")
            passed_by[item.pattern] += 1
        kept.append(item)
    return kept


def shuffled_answers(dataset: Dataset, seed: int = 0) -> Dataset:
    """The same prompts with each other's repairs: garbage, for seeing the gate refuse."""
    rng = random.Random(seed)
    training = [i for i in dataset.items if i.use != "held_out"]
    answers = [i.fixed for i in training]
    rng.shuffle(answers)
    swapped = [replace(i, fixed=a) for i, a in zip(training, answers, strict=True) if not same_program(i.buggy, a)]
    items = (*swapped, *dataset.use("held_out"))
    return Dataset(items, {**dataset.card, "hash": content_hash(items), "garbage": True})
