"""Auto-training with a tiny real model and verdicts that are really reached: it learns, stops, goes back, goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from continualcode.config import Settings
from continualcode.engine.base import Engine
from continualcode.engine.local import LocalEngine
from continualcode.errors import UserError
from continualcode.learn import auto
from continualcode.learn.attempts import Attempt

sys.path.append(str(Path(__file__).parent))
from commands_pupil import Commands  # noqa: E402  # pyright: ignore[reportMissingImports]

TASKS = {f"install t{i}": "make add" for i in range(8)}


@pytest.fixture
def own(settings: Settings) -> Settings:
    return settings.replace(alpha=0, auto_learning_rate=5e-3, drift_budget=5)


def plan(steps: int = 3, method: str = "hybrid", rollouts: int = 4, each: int = 4) -> auto.Plan:
    return auto.Plan(method, rollouts, steps, each, 0)


def weights(engine: LocalEngine) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in engine.snapshot().weights.items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("method", ["pure_sdpo", "hybrid"])
def test_rollouts_that_never_passed_pass_after_a_few_steps(
    engine: LocalEngine, own: Settings, tmp_path: Path, method: str
):
    outcome = auto.train(engine, Commands(TASKS), tmp_path / "run", plan(5, method), own)
    assert sum(map(sum, outcome.before.values())) == 0 and outcome.rows[0]["pass_rate"] == 0
    assert sum(map(sum, outcome.after.values())) >= 4  # of 32 draws that no step saw
    assert outcome.stopped == "" and outcome.kept == 5
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert rows == [dict(r) for r in outcome.rows] and [r["step"] for r in rows] == [1, 2, 3, 4, 5]
    assert all(r["grad_norm"] > 0 and r["applied"] for r in rows)
    assert rows[0]["drift"] > 0 and rows[0]["distilled"] == 16 and rows[0]["teacher_gap"] < 0


def test_before_and_after_are_measured_on_draws_that_no_step_saw(engine: LocalEngine, own: Settings, tmp_path: Path):
    arena = Commands(TASKS)
    auto.train(engine, arena, tmp_path / "run", plan(2), own)
    measured = [seed for tasks, seed in arena.calls[:2] + arena.calls[-2:]]
    stepped = [seed for tasks, seed in arena.calls[2:-2]]
    assert len(set(measured)) == 1 and len(set(stepped)) == 2 and not set(measured) & set(stepped)
    assert {t for tasks, _ in arena.calls[:2] for t in tasks} == set(TASKS)


def test_each_task_comes_once_a_round_and_never_twice_in_a_step():
    made = plan(each=3)
    steps = [made.batch(tuple("abcde"), n) for n in range(5)]
    assert sorted(t for s in steps for t in s)[:3] == ["a", "a", "a"] and all(len(set(s)) == len(s) for s in steps)
    assert made.batch(tuple("abcde"), 3) == steps[3]
    assert sorted(made.batch(tuple("ab"), 0)) == ["a", "b"]


class Interrupts(Commands):
    """Ctrl-C while a step's rollouts are drawn."""

    at = 0

    def attempt(self, engine: Engine, tasks: Sequence[str], *, samples: int, seed: int) -> list[list[Attempt]]:
        if len(self.calls) == self.at:
            raise KeyboardInterrupt
        return super().attempt(engine, tasks, samples=samples, seed=seed)


def test_after_an_interrupt_it_goes_on_bit_for_bit(engine: LocalEngine, own: Settings, tmp_path: Path):
    whole = auto.train(engine, Commands(TASKS), tmp_path / "whole", plan(4), own)
    wanted = weights(engine)
    for at in (1, 4):  # in the first measurement, and in the third step
        folder = tmp_path / f"cut-{at}"
        engine.load_adapter(None)
        arena = Interrupts(TASKS)
        arena.at = at
        with pytest.raises(KeyboardInterrupt):
            auto.train(engine, arena, folder, plan(4), own)
        engine.load_adapter(None)
        again = auto.train(engine, Commands(TASKS), folder, plan(4), own)
        assert same(weights(engine), wanted)
        assert [{**r, "seconds": 0} for r in again.rows] == [{**r, "seconds": 0} for r in whole.rows]
        assert again.before == whole.before and again.after == whole.after


def test_a_finished_run_is_not_repeated_and_may_be_given_more_steps(engine: LocalEngine, own: Settings, tmp_path: Path):
    auto.train(engine, Commands(TASKS), tmp_path / "run", plan(1), own)
    arena = Commands(TASKS)
    assert auto.train(engine, arena, tmp_path / "run", plan(1), own).steps == 1 and not arena.calls
    longer = auto.train(engine, Commands(TASKS), tmp_path / "run", plan(3), own)
    reached = weights(engine)
    engine.load_adapter(None)
    assert [r["loss"] for r in longer.rows] == [
        r["loss"] for r in auto.train(engine, Commands(TASKS), tmp_path / "new", plan(3), own).rows
    ]
    assert same(weights(engine), reached)


def test_a_spent_drift_budget_stops_and_goes_back_to_the_last_good_weights(
    engine: LocalEngine, own: Settings, tmp_path: Path
):
    free = auto.train(engine, Commands(TASKS), tmp_path / "free", plan(1), own)
    after_one = weights(engine)
    engine.load_adapter(None)
    budget = free.rows[0]["drift"] * 1.01  # enough for the first step, not for the second
    outcome = auto.train(engine, Commands(TASKS), tmp_path / "run", plan(6), own.replace(drift_budget=budget))
    assert outcome.steps == 2 and outcome.kept == 1
    assert outcome.stopped.startswith("step 2: the drift budget is spent")
    assert outcome.stopped.endswith("back to the weights after step 1")
    assert same(weights(engine), after_one)
    resumed = auto.train(engine, Commands(TASKS), tmp_path / "run", plan(6), own.replace(drift_budget=budget))
    assert resumed == outcome and same(weights(engine), after_one)


class Babbles(Commands):
    """From its fifth call on the replies go round in circles: a collapse that this model is too small to show by itself."""

    def attempt(self, engine: Engine, tasks: Sequence[str], *, samples: int, seed: int) -> list[list[Attempt]]:
        groups = super().attempt(engine, tasks, samples=samples, seed=seed)
        if len(self.calls) < 5:
            return groups
        return [[replace(a, ids=(7,) * 10, logprobs=(-0.1,) * 10) for a in group] for group in groups]


def test_a_collapse_convicts_the_weights_that_showed_it(engine: LocalEngine, own: Settings, tmp_path: Path):
    auto.train(engine, Commands(TASKS), tmp_path / "free", plan(1), own)
    after_one = weights(engine)
    engine.load_adapter(None)
    # two calls measure, the third and fourth are steps 1 and 2, the fifth is drawn with the weights after step 2
    outcome = auto.train(engine, Babbles(TASKS), tmp_path / "run", plan(6), own)
    assert outcome.steps == 3 and outcome.kept == 1
    assert outcome.stopped.startswith("step 3: the rollouts repeat themselves")
    assert outcome.stopped.endswith("back to the weights after step 1") and same(weights(engine), after_one)
    assert "loss" not in outcome.rows[-1]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"length": 0.0}, "says nothing"),
        ({"repetition": 0.5}, "repeat themselves"),
        ({"length": 30.0}, "30 tokens long, 10 at first"),
        ({"length": 3.0}, "3 tokens long"),
        ({"entropy": 2.5}, "wander"),
        ({"length": 20.0, "entropy": 1.0, "repetition": 0.2}, ""),
    ],
)
def test_rollouts_collapse_against_the_first_steps(changed: dict[str, float], said: str):
    first: dict[str, Any] = {"length": 10.0, "repetition": 0.1, "entropy": 0.5}
    found = auto._collapse({**first, **changed}, first)
    assert said in found and bool(found) == bool(said)


def test_a_loss_that_is_not_finite_stops_and_changes_nothing(
    engine: LocalEngine, own: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from continualcode.learn import losses

    monkeypatch.setattr(losses, "divergence", lambda s, t, a: (s * float("nan")).sum(-1))
    before = weights(engine)
    outcome = auto.train(engine, Commands(TASKS), tmp_path / "run", plan(6, "pure_sdpo"), own)
    assert outcome.steps == 3 and "not finite 3 times in a row" in outcome.stopped
    assert same(weights(engine), before) and not any(r["applied"] for r in outcome.rows)


def test_where_everything_passes_nothing_is_learnt(engine: LocalEngine, own: Settings, tmp_path: Path):
    before = weights(engine)
    arena = Commands({f"install t{i}": "pip install" for i in range(4)})
    outcome = auto.train(engine, arena, tmp_path / "run", plan(2), own)
    assert [r["pass_rate"] for r in outcome.rows] == [1.0, 1.0]
    assert [r["loss"] for r in outcome.rows] == [None, None] and same(weights(engine), before)


def test_a_plan_that_cannot_be_followed_is_refused():
    with pytest.raises(UserError, match="no method `ppo`; choose one of pure_sdpo, hybrid"):
        plan(method="ppo")
    with pytest.raises(UserError, match="two rollouts or more"):
        plan(rollouts=1)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
import torch
torch.set_num_threads(1)
from pathlib import Path
from commands_pupil import Commands
from continualcode.config import Settings
from continualcode.engine.local import LocalEngine
from continualcode.learn import auto
engine = LocalEngine(Path({model!r}), device="cpu", profile="compact")
settings = Settings(**{settings!r})
auto.train(engine, Commands({wanted!r}), Path({folder!r}), auto.Plan("hybrid", 4, 400, 4, 0), settings)
"""


def test_after_kill_9_it_goes_on_bit_for_bit_and_two_never_work_at_once(
    engine: LocalEngine, own: Settings, tmp_path: Path
):
    folder = tmp_path / "run"
    words = {
        "tests": str(Path(__file__).parent), "model": str(engine.folder), "wanted": TASKS, "folder": str(folder),
        "settings": {**own.as_dict(), "drift_budget": 50.0},
    }  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(KILLED).format(**words)], env=environment)
    metrics = folder / "metrics.jsonl"
    until = time.monotonic() + 240
    while not (metrics.is_file() and metrics.read_text().count("\n") >= 2):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    with pytest.raises(UserError, match="Another process trains"):
        auto.train(engine, Commands(TASKS), folder, plan(400), own)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = json.loads((folder / "progress.json").read_text())["step"]
    free = own.replace(drift_budget=50)
    resumed = auto.train(engine, Commands(TASKS), folder, plan(done + 1), free)
    assert resumed.steps == done + 1 >= 2
    reached = weights(engine)
    engine.load_adapter(None)
    whole = auto.train(engine, Commands(TASKS), tmp_path / "whole", plan(done + 1), free)
    assert same(weights(engine), reached)
    assert [{**r, "seconds": 0} for r in whole.rows] == [{**r, "seconds": 0} for r in resumed.rows]
