"""Auto-training: rollouts of tasks with a verdict each, a step of self-distillation from them, and again.

A step draws several rollouts of a few tasks, lets the arena judge them, and takes one optimiser step: `pure_sdpo` distils
the failures (`attempts`), `hybrid` adds group-centred rewards. Anchors, requests that have nothing to do with the tasks,
are held where they were, and drift is measured on others after each step.

It stops by itself, with one sentence, and goes back to the last good weights when the drift budget is spent, when the
model collapses (on anchors, or its rollouts repeat themselves, run on or dry up), and when a step cannot be taken.
Good means: within the budget, and not followed by such rollouts.

After each step the state and everything that was measured lie on disk. Which tasks step n takes and how they are drawn
follow from (seed, n) alone, so a run that was killed goes on from its last finished step as if nothing had happened.
"""

from __future__ import annotations

import json
import math
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from continualcode.engine.base import Engine, Example, SampleParams
from continualcode.errors import UserError
from continualcode.learn import anchors as anchoring
from continualcode.learn import attempts
from continualcode.learn.attempts import METHODS, Attempt
from continualcode.learn.batch import turn
from continualcode.learn.losses import Distil, Reinforce
from continualcode.learn.pool import chores
from continualcode.store.lock import only_one
from continualcode.store.whole import write_whole

if TYPE_CHECKING:
    from continualcode.config import Settings

HELD, WATCHED = 24, 24  # anchor prompts that are held in training, and others on which drift is measured
HELD_SEED, WATCHED_SEED = 31_337, 97_531
ANCHOR_TOKENS = 48
MEASURED_SEED = 1_000_003  # far from the seeds of the steps
REPEATS = 0.25  # more repetition than the first step's: the model goes round in circles
RUNS_ON, DRIES_UP = 2.5, 0.4  # rollouts so much longer or shorter than the first step's
WANDERS = 1.5  # nats a token above the first step's entropy
MAX_REFUSED = 3


class Arena(Protocol):
    """Tasks, and rollouts of them with a verdict. `hash` tells one set of tasks from another; every draw follows from
    (seed, task, sample) alone."""

    @property
    def tasks(self) -> tuple[str, ...]: ...
    @property
    def hash(self) -> str: ...
    def attempt(self, engine: Engine, tasks: Sequence[str], *, samples: int, seed: int) -> list[list[Attempt]]: ...


@dataclass(frozen=True)
class Plan:
    """What a run does: `rollouts` of `each` tasks a step, `steps` times."""

    method: str
    rollouts: int
    steps: int
    each: int
    seed: int

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UserError(f"There is no method `{self.method}`; choose one of {', '.join(METHODS)}.")
        if self.rollouts < 2:
            raise UserError("A task needs two rollouts or more: one learns from the other.")

    def batch(self, tasks: Sequence[str], step: int) -> list[str]:
        """The tasks of a step: all are gone through in a fresh order every time round; none twice in a step."""
        found: list[str] = []
        for position in range(step * self.each, (step + 1) * self.each):
            round_, place = divmod(position, len(tasks))
            order = list(tasks)
            random.Random(f"{self.seed}/{round_}").shuffle(order)
            if order[place] not in found:
                found.append(order[place])
        return found


@dataclass
class _Course:
    """What a checkpoint remembers beside the engine's states. `rows`: the metrics of every step; `state`: the folder with
    the weights now, `good` the one before it; `stopped`: why it stopped by itself; `before`, `after`: outcomes of each
    task on draws apart from the steps'."""

    step: int = 0
    state: str = ""
    good: str = ""
    stopped: str = ""
    refused: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    before: dict[str, list[bool]] = field(default_factory=dict)
    after: dict[str, list[bool]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A finished run; the weights that it kept are in the engine. `kept`: the step they are of (0: as they were)."""

    steps: int
    kept: int
    stopped: str
    rows: tuple[Mapping[str, Any], ...]
    before: Mapping[str, Sequence[bool]]
    after: Mapping[str, Sequence[bool]]


Step = Callable[[str, int, int, str], None]  # stage, done, of, note


def _quiet(*_: object) -> None:
    pass


def train(
    engine: Engine,
    arena: Arena,
    folder: Path,
    plan: Plan,
    settings: Settings,
    *,
    step: Step = _quiet,
    measure: bool = True,
) -> Outcome:
    """Train the adapter in `engine` along the plan, or go on with what `folder` holds of it. `metrics.jsonl` there has
    one object a step; measure: whether all tasks are also attempted before and after. Raises UserError when the engine
    cannot train, or another process works in the folder."""
    if not engine.capabilities.trains:
        raise UserError(f"The engine of {engine.model_id} cannot train; auto-training needs a local model.")
    folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder / "lock", f"Another process trains in {folder}; wait for it to end."):
        return _Run(engine, arena, folder, plan, settings, step).run(measure)


class _Run:
    """See the module docstring."""

    def __init__(self, engine: Engine, arena: Arena, folder: Path, plan: Plan, settings: Settings, step: Step) -> None:
        self.engine, self.arena, self.folder = engine, arena, folder
        self.plan, self.settings, self.say = plan, settings, step
        self.now = _read(folder)
        start = folder / "start"
        if not (start / "adapter_config.json").is_file():
            shutil.rmtree(start, ignore_errors=True)
            engine.save_adapter(start)
        engine.load_adapter(start)  # also in a new run, so that a resumed one begins from the same bits
        engine.mark_reference()
        self.held = [Example(c.prompt_ids, c.ids, anchor=True) for c in self._answers(HELD, HELD_SEED)]
        self.watched = anchoring.keep_completions(engine, self._answers(WATCHED, WATCHED_SEED))
        if self.now.state:
            engine.load_state(folder / self.now.state)
        else:
            self._keep()

    def run(self, measure: bool) -> Outcome:
        now, plan = self.now, self.plan
        if measure and not now.before:
            now.before = self._measure("before")
            self._write()
        while now.step < plan.steps and not now.stopped:
            now.after = {}
            self._step()
            row = now.rows[-1]
            self.say("train", now.step, plan.steps, f"passed {row['pass_rate']:.0%}, drift {row['drift']:.4f}")
        if measure and not now.after:
            now.after = self._measure("after")
            self._write()
        kept = int(now.state.rpartition("-")[2])
        return Outcome(now.step, kept, now.stopped, tuple(now.rows), now.before, now.after)

    def _step(self) -> None:
        """Rollouts, one optimiser step, drift; then everything on disk, or back to the last good weights."""
        began = time.monotonic()
        now, plan = self.now, self.plan
        tasks = plan.batch(self.arena.tasks, now.step)
        groups = self.arena.attempt(
            self.engine, tasks, samples=plan.rollouts, seed=plan.seed * MEASURED_SEED + now.step + 1
        )
        row: dict[str, Any] = {"step": now.step + 1, "tasks": tasks, **attempts.figures(groups)}
        bad = _collapse(row, now.rows[0]) if now.rows else ""
        if not bad:
            row |= self._learn(attempts.examples(self.engine, groups, plan.method))
            bad = self._refusal(row)
        found = anchoring.measure(self.engine, self.watched)
        row |= {"drift": found.kl, "agreement": found.agreement, "anchor_entropy": found.entropy}
        if not bad and found.kl > self.settings.drift_budget:
            bad = f"the drift budget is spent ({found.kl:.3f} of {self.settings.drift_budget} nats a token on anchors)"
        elif not bad and found.collapsed:
            bad = f"the model collapsed on anchors (agreement {found.agreement:.2f}, entropy {found.entropy:.2f} nats)"
        row["seconds"] = round(time.monotonic() - began, 3)
        now.rows.append(row)
        now.step += 1
        if not bad:
            self._keep()
            return
        # Bad rollouts convict the weights they were drawn with; what a step did to the anchors, that step alone.
        back = now.good if "loss" not in row else now.state
        self.engine.load_state(self.folder / back)
        now.state = now.good = back
        now.stopped = f"step {now.step}: {bad}; back to the weights after step {back.rpartition('-')[2]}"
        self._write()

    def _learn(self, taught: list[Example]) -> dict[str, Any]:
        """One optimiser step on what teachers know better and rewards tell apart; where there is nothing, none."""
        gaps = attempts.look(self.engine, taught, self.settings.auto_teacher)
        told = [g for g in gaps if g is not None]
        taught = attempts.without_doubtful(taught, gaps)
        row: dict[str, Any] = {
            "distilled": sum(e.teacher_ids is not None for e in taught),
            "doubtful": sum(g >= 0 for g in told),
            "teacher_gap": sum(told) / len(told) if told else None,
            "rewarded": sum(bool(e.advantage) for e in taught),
            "loss": None, "grad_norm": None, "applied": False,
        }  # fmt: skip
        if not taught:
            return row
        held = turn(self.held, self.now.step, self.settings.anchors)
        weight = self.settings.anchor_weight * len(taught) / max(1, len(held))
        batch = taught + [Example(e.student_ids, e.completion_ids, anchor=True, weight=weight) for e in held]
        self._forget_what_was_read()
        report = self.engine.learn(batch, loss_of(self.plan.method, self.settings))
        parts = {"loss": report.loss, "grad_norm": report.grad_norm, **report.extra}
        return row | {k: v if math.isfinite(v) else None for k, v in parts.items()} | {"applied": report.applied}

    def _forget_what_was_read(self) -> None:
        """An engine keeps what the reference answered, as it was batched when it was first asked, and another batch rounds
        otherwise. With nothing kept a step depends on its state alone, in a resumed run as in a whole one."""
        now = self.engine.snapshot()
        self.engine.load_adapter(self.folder / "start")
        self.engine.mark_reference()
        self.engine.restore(now)

    def _refusal(self, row: Mapping[str, Any]) -> str:
        """Why to stop when steps could not be taken."""
        refused = bool(row["distilled"] or row["rewarded"]) and not row["applied"]
        self.now.refused = self.now.refused + 1 if refused else 0
        if self.now.refused >= MAX_REFUSED:
            return f"the loss or its gradient was not finite {MAX_REFUSED} times in a row"
        return ""

    def _measure(self, title: str) -> dict[str, list[bool]]:
        """Outcomes of every task with the weights as they are; both times on the same draws, no step's."""
        found: dict[str, list[bool]] = {}
        tasks = self.arena.tasks
        for at in range(0, len(tasks), self.plan.each):
            some = tasks[at : at + self.plan.each]
            groups = self.arena.attempt(
                self.engine, some, samples=self.plan.rollouts, seed=self.plan.seed * MEASURED_SEED
            )
            found |= {t: [a.passed for a in group] for t, group in zip(some, groups, strict=True)}
            self.say(title, len(found), len(tasks), "")
        return found

    def _answers(self, count: int, seed: int) -> list[Any]:
        """What the weights before the run answer to chores, greedily; those that fit the model's context."""
        from continualcode.agent.calls import schemas

        tools = schemas() if self.engine.profile == "full" else None
        made = list(chores(count, seed))
        random.Random(seed).shuffle(made)  # some of every kind, also where there are more than asked for
        asked = [self.engine.encode(c, tools=tools) for c in made[:count]]
        asked = [ids for ids in asked if len(ids) + ANCHOR_TOKENS <= self.engine.context_length]
        drawn = self.engine.sample(asked, SampleParams(ANCHOR_TOKENS)) if asked else []
        return [c for c in drawn if c.ids]

    def _keep(self) -> None:
        """The state in a new folder, then the files that point to it, then what nobody points to goes."""
        now = self.now
        name = f"state-{now.step}"
        shutil.rmtree(self.folder / name, ignore_errors=True)
        self.engine.save_state(self.folder / name)
        now.good, now.state = now.state or name, name
        self._write()
        for old in self.folder.glob("state-*"):
            if old.name not in (now.state, now.good):
                shutil.rmtree(old, ignore_errors=True)

    def _write(self) -> None:
        rows = "".join(json.dumps(row) + "\n" for row in self.now.rows)
        write_whole(self.folder / "metrics.jsonl", rows)
        write_whole(self.folder / "progress.json", json.dumps(asdict(self.now)))


def loss_of(method: str, settings: Settings) -> Distil:
    """The loss of a method, ready for an engine."""
    s = settings
    shared: dict[str, Any] = {
        "form": "top_k" if s.top_k else "distribution", "alpha": s.alpha, "top_k": s.top_k or 64, "ratio_clip": s.ratio_clip,
        "ratio_floor": s.ratio_floor, "teacher": s.auto_teacher, "teacher_rate": s.teacher_rate, "mask_first": s.mask_first,
        "learning_rate": s.auto_learning_rate, "weight_decay": s.weight_decay, "grad_clip": s.grad_clip,
        "reference_weight": s.reference_weight,
    }  # fmt: skip
    return Reinforce(**shared, reward_share=s.reward_share) if method == "hybrid" else Distil(**shared)


def _collapse(row: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    """What is wrong with a step's rollouts against the first step's, or an empty text."""
    if row["length"] == 0:
        return "the model says nothing any more"
    if row["repetition"] > first["repetition"] + REPEATS:
        return f"the rollouts repeat themselves ({row['repetition']:.0%} of their tokens, {first['repetition']:.0%} at first)"
    if first["length"] and not DRIES_UP * first["length"] <= row["length"] <= RUNS_ON * first["length"]:
        return f"the rollouts are {row['length']:.0f} tokens long, {first['length']:.0f} at first"
    if row["entropy"] > first["entropy"] + WANDERS:
        return f"the rollouts wander ({row['entropy']:.2f} nats a token, {first['entropy']:.2f} at first)"
    return ""


def _read(folder: Path) -> _Course:
    """The last checkpoint in `folder`, or a new start."""
    file = folder / "progress.json"
    return _Course(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else _Course()
