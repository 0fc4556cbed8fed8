"""A farm: one small LoRA a pattern and seed, each trained on verified variants of its pattern alone.

    FOLDER/PATTERN-SEED/        an ordinary adapter with its card (`methods.make`); whole or not there
    FOLDER/data/PATTERN-SEED/   the dataset that it was trained on (`curate.save`)

What consolidation, routes and comparisons are fed with. An adapter that is there is not made again, so that a farm that
was cut off goes on; adapters are made in as many processes as are asked for, and one whose process was killed is made
again. An adapter depends on its pattern, its seed and the settings alone, not on who makes it or in which order.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from continualcode.errors import UserError
from continualcode.sleep import curate
from continualcode.store.lock import only_one

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.engine.base import Engine

ROUNDS = 3  # an item whose process died is tried so often
# What a farm does where nothing else was set. Of 48 fresh programs of three patterns the model repairs 11; after 10 steps
# of 8 it repaired 35, after 20 of them 39, at twice the processor's time: a farm wants many adapters more than good ones.
QUICK: Mapping[str, Any] = {
    "night_steps": 12, "night_batch": 4, "night_learning_rate": 6e-3, "night_variants": 48, "lora_rank": 8,
    "lora_alpha": 16.0,
}  # fmt: skip
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Plot:
    """One adapter to be made."""

    pattern: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.pattern}-{self.seed}"


@dataclass(frozen=True)
class Grown:
    """One adapter that was made, or was there. seconds: of its making, data included; error: why there is none."""

    name: str
    folder: str
    seconds: float
    was_there: bool
    error: str = ""


def quick(settings: Settings) -> Settings:
    """The settings with those of a farm where the user set nothing else."""
    return settings.replace(**{k: v for k, v in QUICK.items() if k not in settings.model_fields_set})


def train_patterns(wanted: str) -> list[str]:
    """The patterns that `wanted` means, sorted: `all` of the train split that have a generator, `held_back`, a number (so
    many, those held back from the bundled model first), or names with commas between. Raises UserError."""
    from continualcode.koans import catalogue
    from continualcode.koans.grammar import PATTERNS
    from continualcode.koans.patterns import HELD_BACK

    known = {k.pattern for k in catalogue.load(split="train")} & set(PATTERNS)
    first = sorted(known, key=lambda p: (p not in HELD_BACK, p))
    if wanted == "all":
        return sorted(known)
    if wanted == "held_back":
        return sorted(known & HELD_BACK)
    if wanted.isdigit():
        if not 1 <= int(wanted) <= len(first):
            raise UserError(f"The train split has {len(first)} patterns; ask for 1 to {len(first)} of them.")
        return first[: int(wanted)]
    names = list(dict.fromkeys(n.strip() for n in wanted.split(",") if n.strip()))
    if unknown := [n for n in names if n not in known]:
        raise UserError(f"The train split has no pattern `{unknown[0]}`; `continualcode list` names them.")
    if not names:
        raise UserError("No pattern is named; write all, held_back, a number, or names with commas between.")
    return names


def pattern_data(plot: Plot, folder: Path, settings: Settings, unlike: Sequence[curate.Item] = ()) -> curate.Dataset:
    """The dataset of a plot: verified variants of its pattern, a slice held out, none that is in `unlike`; made once and
    kept in `folder`."""
    place = folder / "data" / plot.name
    if not (place / "card.json").is_file():
        wanted = settings.night_steps * settings.night_batch + curate.MAX_HELD_OUT
        curate.save(curate.fresh(plot.pattern, min(settings.night_variants, wanted), plot.seed, unlike=unlike), place)
    return curate.load(place)


def grow(engine: Engine, plot: Plot, folder: Path, settings: Settings) -> Grown:
    """One adapter of the farm, unless it is there. Raises UserError when it is there, made in another way."""
    from continualcode.sleep.methods import make
    from continualcode.sleep.train import TrainingFailed

    began = time.monotonic()
    out, work = folder / plot.name, folder / "work" / plot.name
    how = settings.replace(night_method="lora", seed=plot.seed)
    if (out / "card.json").is_file():
        _require_same(out, how, engine.model_hash)
        return Grown(plot.name, str(out), 0.0, True)
    shutil.rmtree(work, ignore_errors=True)
    data = pattern_data(plot, folder, settings)
    try:
        make(engine, data, out, work, settings=how, parent=None, check_every=max(1, how.night_steps // 3))
    except TrainingFailed as error:
        shutil.rmtree(work, ignore_errors=True)
        return Grown(plot.name, "", time.monotonic() - began, False, str(error))
    return Grown(plot.name, str(out), time.monotonic() - began, False)


def farm(
    plots: Sequence[Plot], folder: Path, settings: Settings, *, processes: int = 1,
    done: Callable[[Grown], None] = lambda grown: None,
) -> list[Grown]:  # fmt: skip
    """All adapters of these plots in `folder`, in the order of `plots`; done: called as each one is there. Raises UserError
    when another process works in the folder, or what is there was made in another way."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = settings.replace(jobs=1) if processes > 1 else settings
    found: dict[str, Grown] = {}
    with only_one(folder / "lock", f"Another process makes adapters in {folder}; wait for it to end."):
        for grown in over_processes(_grow_alone, [(p, folder, settings) for p in plots], processes):
            found[grown.name] = grown
            done(grown)
        shutil.rmtree(folder / "work", ignore_errors=True)
    return [found[p.name] for p in plots]


_engines: dict[str, Engine] = {}  # of this process, by their model


def engine_of(settings: Settings) -> Engine:
    """This process's engine of the settings' model, loaded on first use."""
    if settings.model_source not in _engines:
        from continualcode.engine.local import LocalEngine

        _engines[settings.model_source] = LocalEngine.from_settings(settings)
    return _engines[settings.model_source]


def _grow_alone(work: tuple[Plot, Path, Settings]) -> Grown:
    plot, folder, settings = work
    return grow(engine_of(settings), plot, folder, settings)


def over_processes(work: Callable[[Item], Result], items: Sequence[Item], processes: int) -> Iterator[Result]:
    """`work` over the items, in this process or in several new ones; results as they come. An item whose process died is
    tried again. Raises what `work` raises, UserError when a process dies again and again."""
    if processes < 2 or len(items) < 2:
        yield from map(work, items)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    left = list(range(len(items)))
    for _ in range(ROUNDS):
        if not left:
            return
        with ProcessPoolExecutor(min(processes, len(left)), multiprocessing.get_context("spawn")) as pool:
            waiting = {pool.submit(work, items[i]): i for i in left}
            for future in as_completed(waiting):
                try:
                    result = future.result()
                except BrokenProcessPool:
                    continue
                left.remove(waiting[future])
                yield result
    if left:
        raise UserError(f"A process ended {ROUNDS} times without its result (out of memory?); use fewer with jobs=1.")


def _require_same(out: Path, settings: Settings, base_hash: str) -> None:
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    if card["base_hash"] != base_hash:
        raise UserError(f"The adapter at {out} was made for another base model; give another folder.")
    if differ := [k for k, v in card["settings"].items() if getattr(settings, k) != v]:
        raise UserError(
            f"The adapter at {out} was made with {differ[0]}={card['settings'][differ[0]]}; set that, or give another folder."
        )
