"""Curate: the day's episodes become a dataset version.

Sources, each verified before it is let in (compiles, its tests pass where there are tests, clippy clean
with warnings denied):

- `fixed`: episodes that failed first and were solved later, buggy file → the solved one;
- `koan`: tasks that stayed failed, whose repair is known;
- `correction`: pairs (wrong, right) of code that the user gave, with more weight;
- `variant`: fresh verified programs of the patterns that failed, half of them under other names (and verified
  again), as many as the night's steps can look at;
- `replay`: the train split's tasks of the other patterns, and fresh verified programs of these, so that they
  stay, also those that the day did not visit (a day over few patterns would otherwise forget the rest).

Train split only: an episode of another split is passed over, whatever it says, and a variant that is a near
duplicate of a gate or test task is dropped. A slice of each failed pattern's variants is held out from
training (`held_out`; the gate looks at it), a slice of the replay too (`retained`): by both training knows when
to stop. Equal examples are kept once. The version's name is the hash of its content.
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
from continualcode.store.whole import write_whole

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

PATH = "src/lib.rs"
CORRECTION_WEIGHT = 2.0
HELD_OUT_SHARE = 0.15
MAX_HELD_OUT = 4
RETAINED = 24
REPLAYED_TASKS = 0.4  # of the replay: tasks of the train split themselves, the rest fresh programs


@dataclass(frozen=True)
class Item:
    """One repair. use: `train`, `replay`, `held_out` or `retained`; feedback: what the model is shown of `buggy`."""

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
    items = _away_from_other_splits(_verified(pairs, train, settings, rejected), rejected)
    say(f"{len(items)} of {len(pairs)} repairs of the day verified")
    if failed:
        items += _variants(list(failed), _variant_count(len(failed), settings), seed, rejected, "variant")
        passed = sorted({k.pattern for k in train.values()} - set(failed))
        wanted = _replay_count(len(items), settings.night_replay)
        if passed and wanted:
            told = _verified(
                _tasks_again(train, passed, round(wanted * REPLAYED_TASKS), seed), train, settings, rejected
            )
            fresh = wanted - sum(i.use == "replay" for i in told) + RETAINED
            made = _variants(passed, max(1, -(-fresh // len(passed))), seed + 1, rejected, "replay")[:fresh]
            slice_ = {id(i) for i in made[-min(RETAINED, len(made) // 4) :]} if len(made) >= 4 else set()
            items += [*told, *(replace(i, use="retained") if id(i) in slice_ else i for i in made)]
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


def fresh(pattern: str, count: int, seed: int, *, unlike: Sequence[Item] = ()) -> Dataset:
    """Fresh verified programs of one pattern as a dataset of their own, about `count` of them, a slice held out; none
    that is in `unlike`, or near a task of another split. Deterministic in its arguments and the compiler."""
    rejected: Counter[str] = Counter()
    known = {(squeezed(i.buggy), squeezed(i.fixed)) for i in unlike}
    made = _distinct(_variants([pattern], count, seed, rejected, "variant"), rejected)
    kept = _hold_out([i for i in made if (squeezed(i.buggy), squeezed(i.fixed)) not in known])
    card = {
        "hash": content_hash(kept), "seed": seed, "items": len(kept),
        "uses": dict(sorted(Counter(i.use for i in kept).items())),
        "patterns": {pattern: len(kept)}, "rejected": dict(sorted(rejected.items())),
    }  # fmt: skip
    return Dataset(tuple(kept), card)


def known_repairs(patterns: Sequence[str], count: int, settings: Settings) -> list[Item]:
    """At most `count` of the train split's tasks of these patterns, verified, as replay; drawn by the settings' seed."""
    from continualcode.koans import catalogue

    train = {k.id: k for k in catalogue.load(split="train")}
    drawn = [replace(i, use="replay") for i in _tasks_again(train, patterns, count, settings.seed)][:count]
    return _verified(drawn, train, settings, Counter())


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


def _tasks_again(train: dict[str, Koan], patterns: Sequence[str], count: int, seed: int) -> list[Item]:
    """The train split's tasks of these patterns, with their known repairs: half of them, drawn anew each night, are
    kept out of training to see what it harms (`retained`), at most `count` of the others are trained on."""
    koans = sorted((k for k in train.values() if k.pattern in set(patterns)), key=lambda k: k.id)
    random.Random(seed).shuffle(koans)
    half = (len(koans) + 1) // 2
    uses = [("retained", koans[:half]), ("replay", koans[half : half + count])]
    return [Item("task_again", use, k.pattern, k.id, k.buggy, k.solution, "") for use, some in uses for k in some]


def _variant_count(patterns: int, settings: Settings) -> int:
    """Variants of each failed pattern: what the night's steps can look at once, and a slice to hold out."""
    looked_at = settings.night_steps * settings.night_batch * (1 - settings.night_replay)
    return min(settings.night_variants, -(-round(looked_at) // patterns) + MAX_HELD_OUT)


def _corrected(corrections: Iterable[CorrectionRecord]) -> list[Item]:
    return [
        Item(
            "correction",
            "train",
            "correction",
            c.id,
            as_file(c.wrong),
            as_file(c.right),
            "",
            CORRECTION_WEIGHT * c.weight,
        )
        for c in corrections
        if c.kind == "pair" and c.wrong.strip() and c.right.strip()
    ]


def as_file(text: str) -> str:
    """A side of a user's pair as a file: Unix line ends, one at the end."""
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
    """`count` verified variants of each pattern, patterns taking turns, every second one under other names;
    near duplicates of other splits' tasks dropped."""
    from continualcode.koans import variants
    from continualcode.koans.grammar import PATTERNS

    use = "replay" if source == "replay" else "train"
    rows: list[list[Item]] = []
    for n, pattern in enumerate(p for p in patterns if p in PATTERNS):
        made = variants.make(pattern, count, seed * 1000 + n)
        rows.append([Item(source, use, pattern, "", v.buggy, v.fixed, v.feedback) for v in made])
    turns = [row[i] for i in range(max(map(len, rows), default=0)) for row in rows if i < len(row)]
    return _away_from_other_splits(_under_other_names(turns, seed, rejected), rejected)


def _under_other_names(items: Sequence[Item], seed: int, rejected: Counter[str]) -> list[Item]:
    """Half of the generated items with other names, verified again: the same error, a repair that compiles.
    What does not hold stays as it was."""
    from continualcode.nursery import renaming
    from continualcode.rust import batch
    from continualcode.rust.diagnostics import render_compact

    r = random.Random(f"names/{seed}")
    chosen = [n for n in range(len(items)) if r.random() < 0.5]
    drawn = [renaming.draw(r, (items[n].buggy, items[n].fixed)) for n in chosen]
    pairs = [(new.source(items[n].buggy), new.source(items[n].fixed)) for n, new in zip(chosen, drawn, strict=True)]
    kept = list(items)
    for n, (buggy, fixed), checked in zip(chosen, pairs, batch.verify_batch(pairs), strict=True):
        said = render_compact(checked.buggy, batch.PATH)
        if checked.sound and said.split(":")[0] == items[n].feedback.split(":")[0]:
            kept[n] = replace(items[n], buggy=buggy, fixed=fixed, feedback=said)
        else:
            rejected[f"{items[n].source}: other names do not hold"] += 1
    return kept


def _away_from_other_splits(items: Sequence[Item], rejected: Counter[str]) -> list[Item]:
    from continualcode.koans import catalogue, leaks

    theirs = [k for split in ("gate", "test") for k in catalogue.load(split=split)]
    texts = [text for i in items for text in (i.buggy, i.fixed)]
    near = {int(leak.other.split(":")[1]) // 2 for leak in leaks.corpus_leaks(texts, theirs)}
    rejected["near duplicate of another split"] += len(near)
    return [i for n, i in enumerate(items) if n not in near]


def squeezed(program: str) -> str:
    """The program without its white space."""
    return "".join(program.split())


def _replay_count(train: int, share: float) -> int:
    """How many replay items make `share` of all (at most three for each other one)."""
    return round(train * min(share / (1 - share), 3.0)) if share < 1 else train * 3


def _distinct(items: Sequence[Item], rejected: Counter[str]) -> list[Item]:
    found: dict[tuple[str, str], Item] = {}
    for item in items:
        key = (squeezed(item.buggy), squeezed(item.fixed))
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
