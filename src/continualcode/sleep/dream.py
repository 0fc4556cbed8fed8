"""Dream: a night without answers; the model attempts the day's failures anew, the compiler judges, and it learns from that.

Each step draws several repairs of a few programs, and `learn.auto` takes one step of self-distillation with rewards from
them: a failed draw is scored again by the same model with the compiler's words and a sibling's success in its prompt.
The known repairs are only looked at to stop early, on the slice that is held out, and are never learnt from.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Engine
from continualcode.evaluate.arena import Koans
from continualcode.koans.catalogue import Koan
from continualcode.learn import auto
from continualcode.sleep.curate import Dataset, Item
from continualcode.sleep.train import (
    PATIENCE,
    Trained,
    TrainingFailed,
    examples,
    mean_loss,
    start_from,
    weight_change,
)
from continualcode.store.whole import write_whole

if TYPE_CHECKING:
    from continualcode.config import Settings

ROLLOUTS = 4  # of each program in a step


class _Enough(Exception):
    """The held-out loss has not fallen for a while."""


def as_koan(item: Item, name: str) -> Koan:
    """A curated program as a task without tests: it is solved when it compiles and nothing was taken away."""
    from continualcode.koans.variants import PATTERNS

    family = PATTERNS[item.pattern].family if item.pattern in PATTERNS else ""
    return Koan(name, family, item.pattern, "", "", "train", item.buggy, item.fixed, "")


def dream(
    engine: Engine,
    dataset: Dataset,
    folder: Path,
    *,
    settings: Settings,
    parent: Path | None,
    progress: Callable[[int, int, float], None] | None = None,
    check_every: int = 20,
) -> Trained:
    """Train by dreaming and leave the best weights in the engine; arguments as of `train`. A step draws as many
    completions as a batch has examples, and is as large as `auto_learning_rate` says. Raises TrainingFailed when nothing could be learnt from the draws."""
    began = time.monotonic()
    items = [i for i in dataset.use("train") if examples(engine, [i])]
    if not items:
        raise TrainingFailed("none of the curated examples fits the model's context")
    held_out = examples(engine, dataset.use("held_out"))
    each = max(1, settings.night_batch // ROLLOUTS)
    plan = auto.Plan("hybrid", ROLLOUTS, settings.night_steps, min(each, len(items)), settings.seed)
    arena = Koans([as_koan(i, f"dream_{n:04d}") for n, i in enumerate(items)], settings)
    start_from(engine, settings, parent)
    start, end = folder / "start", folder / "end"
    if not (start / "adapter_config.json").is_file():
        shutil.rmtree(start, ignore_errors=True)
        engine.save_adapter(start)
    engine.load_adapter(start)
    looks = _looked(folder)  # held-out loss by step
    if not looks and (first := mean_loss(engine, held_out)) is not None:
        looks[0] = first

    def look(stage: str, done: int, of: int, note: str) -> None:
        if stage != "train":
            return
        if progress:
            progress(done, of, looks[max(looks)] if looks else 0.0)
        if time.monotonic() - began > settings.night_minutes * 60:
            raise _Enough("minutes")
        if held_out and done % check_every == 0:
            now = mean_loss(engine, held_out)
            assert now is not None
            best = min(looks.values())
            looks[done] = now
            if now < best:
                engine.save_state(folder / f"best-{done}")
            write_whole(folder / "looks.json", json.dumps(looks))
            if now < best:
                for old in folder.glob("best-*"):
                    if old.name != f"best-{done}":
                        shutil.rmtree(old)
            elif done - min(looks, key=lambda n: looks[n]) >= PATIENCE * check_every:
                raise _Enough("converged")

    stopped = "steps"
    try:
        outcome = auto.train(engine, arena, folder / "dream", plan, settings, step=look, measure=False)
        stopped = outcome.stopped or stopped
    except _Enough as reason:
        stopped = str(reason)
    taken = [r for r in _rows(folder / "dream") if r.get("applied")]
    best_step = min(looks, key=lambda n: looks[n]) if looks else 0
    if best_step:
        engine.load_state(folder / f"best-{best_step}")
    shutil.rmtree(end, ignore_errors=True)
    engine.save_adapter(end)
    delta = weight_change(start, end)
    if not taken or not delta > 0:
        raise TrainingFailed("the draws gave nothing to learn from: all of a kind, or no teacher knew better")
    return Trained(
        steps=len(_rows(folder / "dream")), stopped=stopped, first_loss=taken[0]["loss"], last_loss=taken[-1]["loss"],
        held_out_first=looks.get(0), held_out_best=min(looks.values(), default=None), retained_first=None, retained_best=None,
        best_step=best_step or len(taken), grad_norm=taken[-1]["grad_norm"], delta=delta, examples=len(items),
        dropped=len(dataset.use("train")) - len(items), tokens=0, seconds=time.monotonic() - began,
    )  # fmt: skip


def _looked(folder: Path) -> dict[int, float]:
    """The held-out losses of a dream that was cut off."""
    file = folder / "looks.json"
    return {int(n): loss for n, loss in json.loads(file.read_text(encoding="utf-8")).items()} if file.is_file() else {}


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
