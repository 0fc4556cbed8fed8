"""How much of a night's change to keep: a candidate between the weights before and the weights after training.

Training on few patterns moves also what was right before. On the way back from the trained weights to the old ones
the new skill goes later than the harm (as with interpolated fine-tuning, WiSE-FT, arXiv 2109.01903). So shares of
the change are tried, the whole of it first, on tasks of the *train* split and fresh programs that this night kept
out of its training: what it retained (`retained`) and what it was to learn (`held_out`). The first share that loses
nothing is the last one tried; of those that keep enough, the one with the best balance is chosen. The gate sees only the chosen one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from continualcode.engine.base import Engine
from continualcode.sleep.curate import PATH, Dataset, Item
from continualcode.sleep.examples import applied, first_prompt, same_program

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

SHARES = (1.0, 0.85, 0.7, 0.5)
ENOUGH = 0.96  # of what was right before must be kept, where any share keeps so much
A_LOSS_WEIGHS = 3  # as much as so many gains


@dataclass(frozen=True)
class Tried:
    """One share of the change. `learnt`: held-out programs right now; `kept` of `had`: what was right before
    and still is; `right`: all that is right now of what was to stay, also what was not before. `lost` = had - right,
    at least 0: one task that turns wrong for one that turns right is what any change of weights does to tasks
    on the edge; the gate, with several draws a task, looks at each of them."""

    share: float
    learnt: int
    kept: int
    had: int
    right: int

    @property
    def lost(self) -> int:
        return max(0, self.had - self.right)


@dataclass(frozen=True)
class Softened:
    """The chosen share and what was tried; `learnt_before`: held-out programs right before the night."""

    share: float
    learnt_before: int
    tried: tuple[Tried, ...]

    def json(self) -> dict[str, object]:
        return asdict(self)


def choose(learnt_before: int, tried: Sequence[Tried]) -> Tried:
    """The best balance among those that keep enough (the earlier one if equal); among all, where none does."""
    enough = [t for t in tried if t.right >= ENOUGH * t.had]
    return max(enough or tried, key=lambda t: (t.learnt - learnt_before) - A_LOSS_WEIGHS * t.lost)


def blend(before: Path, after: Path, share: float, folder: Path) -> Path:
    """A saved adapter whose tensors lie at `share` of the way from those of `before` to those of `after`."""
    from safetensors.torch import load_file, save_file

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(after, folder)
    old, new = load_file(str(before / "adapter_model.safetensors")), load_file(str(after / "adapter_model.safetensors"))
    mixed = {name: (old[name] + share * (t - old[name])).contiguous() if name in old else t for name, t in new.items()}
    metadata = _metadata(after / "adapter_model.safetensors")
    save_file(mixed, str(folder / "adapter_model.safetensors"), metadata=metadata)
    return folder


def _metadata(file: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(str(file), framework="pt") as opened:
        return dict(opened.metadata() or {})


def soften(
    engine: Engine, dataset: Dataset, folder: Path, *, settings: Settings, say: Callable[[str], None] = lambda _: None
) -> Softened:
    """Choose, and leave the chosen weights in the engine. folder: of the training, with `start` and `end`."""
    from continualcode.koans import catalogue

    file = folder / "softened.json"
    retained = dataset.use("retained")
    koans = {k.id: k for k in catalogue.load(split="train")}
    tasks = [koans[i.task_id] for i in retained if i.task_id in koans]
    programs = [i for i in retained if not i.task_id]
    new = dataset.use("held_out")
    engine.load_adapter(folder / "start")
    had, learnt_before = _right(engine, programs, tasks, settings), sum(_right(engine, new, (), settings).values())
    tried: list[Tried] = []
    for share in SHARES:
        engine.load_adapter(
            folder / "end" if share == 1 else blend(folder / "start", folder / "end", share, folder / "mixed")
        )
        now = _right(engine, programs, tasks, settings)
        kept = sum(now[name] for name, right in had.items() if right)
        learnt = sum(_right(engine, new, (), settings).values())
        tried.append(Tried(share, learnt, kept, sum(had.values()), sum(now.values())))
        say(
            f"{share:.0%} of the change: {tried[-1].learnt} of {len(new)} new programs right (before {learnt_before}), "
            f"{tried[-1].kept} of {tried[-1].had} kept, {tried[-1].right - tried[-1].kept} others right"
        )
        if tried[-1].lost == 0:
            break
    chosen = choose(learnt_before, tried)
    if chosen.share != tried[-1].share:
        whole = chosen.share == 1
        engine.load_adapter(
            folder / "end" if whole else blend(folder / "start", folder / "end", chosen.share, folder / "mixed")
        )
    done = Softened(chosen.share, learnt_before, tuple(tried))
    file.write_text(json.dumps(done.json()))
    return done


def _right(engine: Engine, programs: Sequence[Item], tasks: Sequence[Koan], settings: Settings) -> dict[str, bool]:
    """Which programs a greedy first call repairs exactly, which tasks it solves by their tests."""
    from continualcode.evaluate.workers import rollout_on_all_cores

    found = {f"program {n}": right for n, right in enumerate(exact_repairs(engine, programs, settings))}
    if tasks:
        episodes = rollout_on_all_cores(
            engine, tasks, settings=settings, max_attempts=1, batch=settings.eval_batch, seed=settings.seed
        )
        found |= {e.task_id: e.outcome == "solved" for e in episodes}
    return found


def exact_repairs(engine: Engine, items: Sequence[Item], settings: Settings) -> list[bool]:
    """Which items a greedy first call turns into exactly their repair."""
    from continualcode.engine.base import SampleParams

    found: list[bool] = []
    for start in range(0, len(items), settings.eval_batch):
        some = items[start : start + settings.eval_batch]
        prompts = [first_prompt(engine, PATH, i.buggy, i.feedback) for i in some]
        completions = engine.sample(prompts, SampleParams(max_new_tokens=settings.max_new_tokens))
        for item, completion in zip(some, completions, strict=True):
            _, calls, error = engine.parse(completion.text)
            done = applied(item.buggy, calls[0]) if calls and error is None else None
            found.append(done is not None and same_program(done, item.fixed))
    return found
