"""Train: a LoRA on a dataset version, starting from the current adapter or a fresh one on all linear layers.

Cross-entropy on completion tokens only. A batch mixes the failures with replay (share `night_replay`) and
holds a few anchors, prompts unrelated to the failures, by KL where the weights were before the night; methods that
promise to keep what was without that (`methods.py`) get neither.
AdamW, linear warm-up, cosine decay over steps or minutes, whichever runs out first. Every `check_every`
steps the losses on the two slices that are not trained on are looked at, that of the failures and that of what
must stay; the weights with the smallest sum so far are kept and training stops when it has not fallen for
`PATIENCE` looks. Which examples step n sees depends on (seed, n) alone, and
everything a step changes is written to the night's folder at each look: a killed training goes on from its
last look as if nothing had happened.

Asserted, since a night that trains nothing must not pass for one that forgets nothing: gradients are not
zero, and the weights differ at the end.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from continualcode.engine.base import Engine, Example, LearnReport, Loss
from continualcode.sleep.curate import PATH, Dataset, Item
from continualcode.sleep.examples import fits, repair_example
from continualcode.store.whole import write_whole

if TYPE_CHECKING:
    from continualcode.config import Settings

USES = ("train", "replay", "held_out", "retained")
PATIENCE = 3
WARMUP = 0.06
FLOOR = 0.1  # of the peak learning rate, at the end
ANCHORS_A_STEP = 4
MAX_REFUSED = 3


class TrainingFailed(Exception):
    """Training cannot give a candidate: not finite, no gradient, or nothing moved. One sentence."""


@dataclass(frozen=True)
class Trained:
    """What training did. `delta` is ‖ΔW‖ (Frobenius, over all layers) against the start; losses are nats a
    token on the held-out slice, None without one."""

    steps: int
    stopped: str  # steps, minutes, converged
    first_loss: float
    last_loss: float
    held_out_first: float | None
    held_out_best: float | None
    retained_first: float | None
    retained_best: float | None
    best_step: int
    grad_norm: float
    delta: float
    examples: int
    dropped: int
    tokens: int
    seconds: float

    def json(self) -> dict[str, object]:
        return asdict(self)


class Learner(Protocol):
    """An engine whose weights may not go everywhere: `learn` as the engine's own; `look`: what it remembers of the weights
    is found anew, after they were restored."""

    def learn(self, examples: Sequence[Example], loss: Loss) -> LearnReport: ...
    def look(self) -> None: ...


@dataclass
class _Progress:
    """What a checkpoint remembers beside the engine's state."""

    step: int = 0
    seconds: float = 0.0
    first_loss: float = math.nan
    last_loss: float = math.nan
    held_out_first: float | None = None
    held_out_best: float | None = None
    retained_first: float | None = None
    retained_best: float | None = None
    best: float | None = None
    best_step: int = 0
    stale: int = 0
    grad_norm: float = 0.0
    tokens: int = 0


def rate(step: int, steps: int, elapsed: float, limit: float, peak: float) -> float:
    """Learning rate of a step: linear warm-up, then cosine to FLOOR·peak along the steps; along the time
    instead once that runs out clearly sooner (so that a night within its time is repeatable to the bit)."""
    warmup = max(1, round(steps * WARMUP))
    if step < warmup:
        return peak * (step + 1) / warmup
    by_steps, by_time = (step - warmup) / max(1, steps - warmup), elapsed / limit
    done = min(1.0, by_time if by_time > by_steps + 0.1 else by_steps)
    return peak * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * done)))


class Schedule:
    """Which examples step n sees: a pure function of (seed, n)."""

    def __init__(
        self,
        train: Sequence[Example],
        replay: Sequence[Example],
        anchors: Sequence[Example],
        *,
        batch: int,
        share: float,
        seed: int,
    ) -> None:
        self.pools = (train, replay, anchors)
        replayed = min(batch - 1, round(batch * share)) if replay else 0
        self.takes = (batch - replayed, replayed, min(ANCHORS_A_STEP, len(anchors)))
        self.seed = seed

    def batch(self, step: int) -> list[Example]:
        """Each pool is gone through in a fresh order every time round."""
        found: list[Example] = []
        for which, (pool, take) in enumerate(zip(self.pools, self.takes, strict=True)):
            for position in range(step * take, (step + 1) * take):
                turn, place = divmod(position, len(pool))
                order = list(range(len(pool)))
                random.Random(f"{self.seed}/{which}/{turn}").shuffle(order)
                found.append(pool[order[place]])
        return found


def train(
    engine: Engine,
    dataset: Dataset,
    folder: Path,
    *,
    settings: Settings,
    parent: Path | None,
    anchors: Sequence[Example] = (),
    progress: Callable[[int, int, float], None] | None = None,
    check_every: int = 20,
    begin: Callable[[], Learner] | None = None,
) -> Trained:
    """Train and leave the best weights in the engine. `folder`: where checkpoints go (resumed from when
    there are any); parent: the adapter to start from; progress: (step, steps, loss); begin: puts the adapter to train
    into the engine in place of the parent's, and gives what takes the steps. Raises TrainingFailed."""
    from continualcode.learn.losses import Imitate

    alone = settings.night_method != "replay"
    pools = {use: examples(engine, [i for i in dataset.use(use) if use != "retained" or not i.task_id]) for use in USES}
    if not pools["train"]:
        raise TrainingFailed("none of the curated examples fits the model's context")
    schedule = Schedule(
        pools["train"], () if alone else pools["replay"], () if alone else anchors,
        batch=settings.night_batch, share=settings.night_replay, seed=settings.seed,
    )  # fmt: skip
    loss = Imitate(weight_decay=0.01, grad_clip=settings.grad_clip, mixed=True)
    steps, limit = settings.night_steps, settings.night_minutes * 60

    learner = begin() if begin else None
    if learner is None:
        start_from(engine, settings, parent)
    engine.mark_reference()  # anchors hold the weights before the night
    start = folder / "start"
    if not (start / "adapter_config.json").is_file():
        shutil.rmtree(start, ignore_errors=True)
        engine.save_adapter(start)
    now = _resume(engine, folder)
    if learner is not None:
        learner.look()
    stopped = "steps"
    refused = 0
    began = time.monotonic() - now.seconds
    if now.step == 0:
        now.held_out_first = now.held_out_best = mean_loss(engine, pools["held_out"])
        now.retained_first = now.retained_best = mean_loss(engine, pools["retained"])
        now.best = _sum(now.held_out_first, now.retained_first)
        _keep(engine, folder, now, best=True)
    while now.step < steps:
        now.seconds = time.monotonic() - began
        if now.stale >= PATIENCE:
            stopped = "converged"
            break
        if now.seconds > limit:
            stopped = "minutes"
            break
        peak = rate(now.step, steps, now.seconds, limit, settings.night_learning_rate)
        report = (learner or engine).learn(schedule.batch(now.step), replace(loss, learning_rate=peak))
        now.step += 1
        now.tokens += report.tokens
        if not report.applied:
            refused += 1
            if refused >= MAX_REFUSED:
                raise TrainingFailed("the loss or its gradient was not finite three times in a row")
            continue
        refused = 0
        if report.grad_norm == 0:
            raise TrainingFailed("the gradient is zero: nothing can be learnt from these examples")
        now.grad_norm = report.grad_norm
        now.first_loss = report.loss if math.isnan(now.first_loss) else now.first_loss
        now.last_loss = report.loss
        if progress:
            progress(now.step, steps, report.loss)
        if now.step % check_every == 0 or now.step == steps:
            _look(engine, pools, folder, now)
    if pools["held_out"] and now.best_step and now.best_step != now.step:
        engine.load_state(folder / f"best-{now.best_step}")
    candidate = folder / "end"
    shutil.rmtree(candidate, ignore_errors=True)
    engine.save_adapter(candidate)
    delta = weight_change(start, candidate)
    if not delta > 0 or not math.isfinite(delta):
        raise TrainingFailed(f"the weights did not move (‖ΔW‖ = {delta})")
    given = sum(not (u == "retained" and i.task_id) for u in pools for i in dataset.use(u))
    return Trained(
        steps=now.step, stopped=stopped, first_loss=now.first_loss, last_loss=now.last_loss,
        held_out_first=now.held_out_first, held_out_best=now.held_out_best,
        retained_first=now.retained_first, retained_best=now.retained_best, best_step=now.best_step or now.step,
        grad_norm=now.grad_norm, delta=delta, examples=len(pools["train"]) + len(pools["replay"]),
        dropped=given - sum(map(len, pools.values())), tokens=now.tokens, seconds=time.monotonic() - began,
    )  # fmt: skip


def start_from(engine: Engine, settings: Settings, parent: Path | None) -> None:
    """The parent's weights, or a fresh adapter: on all linear layers unless the settings name others."""
    if parent is not None:
        engine.load_adapter(parent)
        return
    engine.fresh_adapter(
        rank=settings.lora_rank, alpha=settings.lora_alpha, targets=night_targets(settings), seed=settings.seed
    )


def night_targets(settings: Settings) -> list[str]:
    """The layers that a night's adapter sits on."""
    return ["all"] if settings.lora_targets == "attention" else settings.lora_targets.split(",")


def examples(engine: Engine, items: Sequence[Item]) -> list[Example]:
    """The items as examples; those that do not fit the context are left out."""
    made = [repair_example(engine, i.buggy, i.fixed, i.feedback, path=PATH, weight=i.weight) for i in items]
    return [e for e in made if fits(engine, e)]


def mean_loss(engine: Engine, of: Sequence[Example]) -> float | None:
    """Mean nats a token over a slice; None when it is empty."""
    if not of:
        return None
    scores = engine.score([(e.student_ids, e.completion_ids) for e in of])
    total = sum(float(-s.logprobs_T.sum()) for s in scores)
    return total / sum(len(e.completion_ids) for e in of)


def _sum(held_out: float | None, retained: float | None) -> float | None:
    """What decides which weights are best; None without a slice of the failures."""
    return None if held_out is None else held_out + (retained or 0.0)


def _look(engine: Engine, pools: Mapping[str, Sequence[Example]], folder: Path, now: _Progress) -> None:
    """Look at the losses on the slices and write a checkpoint."""
    held_out, retained = mean_loss(engine, pools["held_out"]), mean_loss(engine, pools["retained"])
    found = _sum(held_out, retained)
    better = found is not None and (now.best is None or found < now.best)
    if better:
        now.best, now.best_step, now.stale = found, now.step, 0
        now.held_out_best, now.retained_best = held_out, retained
    elif found is not None:
        now.stale += 1
    _keep(engine, folder, now, best=better)


def _keep(engine: Engine, folder: Path, now: _Progress, *, best: bool) -> None:
    """Write a checkpoint: the state in a new folder, then the small file that points to it, then what it
    replaces goes."""
    name = f"{'best' if best else 'state'}-{now.step}"
    shutil.rmtree(folder / name, ignore_errors=True)
    engine.save_state(folder / name)
    write_whole(folder / "progress.json", json.dumps({"state": name, **asdict(now)}))
    for old in [*folder.glob("state-*"), *folder.glob("best-*")]:
        if old.name not in (name, f"best-{now.best_step}"):
            shutil.rmtree(old, ignore_errors=True)


def _resume(engine: Engine, folder: Path) -> _Progress:
    """Back to the last checkpoint in `folder`, or a new start."""
    file = folder / "progress.json"
    if not file.is_file():
        return _Progress()
    kept = json.loads(file.read_text(encoding="utf-8"))
    engine.load_state(folder / kept.pop("state"))
    return _Progress(**kept)


def weight_change(before: Path, after: Path) -> float:
    """‖ΔW_after − ΔW_before‖_F over all layers of two saved adapters, ΔW = (alpha/r)·B·A. Layers that only
    one of them has count in full."""
    old, new = _deltas(before), _deltas(after)
    total = 0.0
    for name in old.keys() | new.keys():
        a, b = old.get(name), new.get(name)
        change = b - a if a is not None and b is not None else a if b is None else b
        total += float((change * change).sum()) if change is not None else 0.0
    return math.sqrt(total)


def _deltas(folder: Path):
    from safetensors.torch import load_file

    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(str(folder / "adapter_model.safetensors"))
    scale = config["lora_alpha"] / config["r"]
    return {
        name.split(".lora_A")[0]: scale * (tensors[name.replace("lora_A", "lora_B")].double() @ tensor.double())
        for name, tensor in tensors.items()
        if "lora_A" in name
    }
