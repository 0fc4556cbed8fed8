"""A night plans its time, keeps the gate's apart, and stops before it overruns; clocks here are counters."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rote_engine import Rote

from continualcode.config import Settings
from continualcode.evaluate import suite
from continualcode.sleep import night
from continualcode.sleep.budget import LEAST, Deadline, OutOfTime, Work, pace, plan
from continualcode.store import Store

WORK = Work(gate=100, redraws=4, held_out=20, softening=300)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_gate_is_set_aside_first_then_training_then_softening():
    quick = plan(900, 0.1, WORK)
    assert quick.gate == pytest.approx(1.25 * 0.1 * (100 + 40 + 120)) and quick.softening == pytest.approx(37.5)
    assert quick.training == pytest.approx(900 - quick.gate - quick.softening)
    five = plan(900, 0.1, replace(WORK, calls=5))
    assert five.softening == pytest.approx(quick.softening / 5) and five.gate == pytest.approx(
        1.25 * 0.1 * (100 + 8 + 120)
    )
    slow = plan(900, 1.5, WORK)
    assert not slow.softens and slow.training == pytest.approx(900 - slow.gate), "what only mends is left out first"
    with pytest.raises(OutOfTime, match="night_minutes"):
        plan(900, 4.0, WORK)


@given(
    left=st.floats(0, 1e5), session=st.floats(0, 1e3), gate=st.integers(0, 500), redraws=st.integers(0, 8),
    held_out=st.integers(0, 48), softening=st.integers(0, 1000),
)  # fmt: skip
def test_the_parts_never_sum_to_more_than_there_is(
    left: float, session: float, gate: int, redraws: int, held_out: int, softening: int
):
    try:
        found = plan(left, session, Work(gate, redraws, held_out, softening))
    except OutOfTime:
        return
    assert found.training >= LEAST * left * (1 - 1e-9) and found.softening >= 0 and found.gate >= 0
    assert found.training + found.softening + found.gate <= left * (1 + 1e-9)


def test_a_deadline_stops_before_the_look_that_would_come_too_late():
    clock = Clock()
    deadline = Deadline(100, clock)
    for _ in range(6):
        clock.now += 14
        deadline.look()  # the last at 84: another 14 s end at 98
    assert deadline.left == 16
    clock.now += 10
    with pytest.raises(OutOfTime):
        deadline.look()  # at 94: another 14 s would end at 108
    deadline.begin()
    clock.now += 2
    deadline.look()  # something with quicker looks goes on


def test_a_long_wait_before_a_stage_says_nothing_of_its_steps():
    clock = Clock()
    deadline = Deadline(100, clock)
    step = deadline.step(lambda *_: None)
    step("curate", 1, 9, "")
    clock.now = 60
    step("train", 1, 9, "")
    clock.now = 90
    with pytest.raises(OutOfTime):
        step("train", 2, 9, "")  # the next would end at 120
    deadline.say(lambda _: None)("a share of the change was tried")
    clock.now = 100
    with pytest.raises(OutOfTime):
        deadline.say(lambda _: None)("another")


def test_the_last_step_of_a_measurement_is_not_thrown_away():
    clock = Clock()
    step = Deadline(10, clock).step(lambda *_: None)
    clock.now = 60
    step("gate after", 8, 8, "")
    with pytest.raises(OutOfTime):
        step("gate after", 7, 8, "")


class Passing(Clock):
    """The real clock, and what the engine says that it took."""

    real = staticmethod(time.monotonic)

    def __call__(self) -> float:
        return self.real() + self.now


class Slow(Rote):
    """Every step and every draw takes seconds on its clock."""

    def __init__(self, clock: Clock, answers: dict[str, str], step: float, draw: float) -> None:
        super().__init__(answers, born=["E0384"])
        self.clock, self.a_step, self.a_draw = clock, step, draw

    def learn(self, examples: Any, loss: Any) -> Any:
        self.clock.now += self.a_step
        return super().learn(examples, loss)

    def sample(self, prompts: Any, params: Any, **how: Any) -> Any:
        self.clock.now += self.a_draw * len(prompts)
        return super().sample(prompts, params, **how)


@pytest.mark.slow
def test_a_slow_night_trains_as_long_as_the_gate_leaves_and_one_that_is_held_up_goes_on_later(
    few_koans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    clock = Passing()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(Deadline.__init__, "__defaults__", (clock,))
    monkeypatch.setattr("continualcode.sleep.anchors.HELD", 2)
    monkeypatch.setattr("continualcode.sleep.anchors.WATCHED", 2)
    settings = Settings(home=tmp_path / "home").replace(
        max_attempts=1, night_steps=400, night_variants=2, night_batch=2, gate_samples=1, gate_redraws=1, eval_batch=1,
        night_minutes=60.0,
    )  # fmt: skip
    engine = Slow(clock, {k.buggy: k.solution for k in few_koans.values()}, step=30, draw=20)
    with Store(settings.store_path) as store:
        suite.measured(engine, store, suite.select("train"), suite="train", settings=settings, fresh=True)
        assert pace(store, "rote") >= 20 and pace(store, "another") == 0

        plain = night.exact_repairs

        def held_up(*what: Any) -> list[bool]:
            engine.a_draw = 300  # the machine becomes busy once the gate looks at its first programs
            return plain(*what)

        monkeypatch.setattr(night, "exact_repairs", held_up)
        began = clock()
        first = night.sleep(engine, store, settings).json()
        monkeypatch.setattr(night, "exact_repairs", plain)
        assert first["decision"] == "out_of_time" and "next sleep" in first["reasons"][0]
        assert clock() - began <= 60 * settings.night_minutes + 300, "at most the draw that was being made"
        (row,) = store.list_nights()
        assert (
            row.stage == "gate"
            and row.details["training"]["stopped"] in ("minutes", "converged")
            and store.current() is None
        )
        assert engine.seen == {}, "what is current answers, as before"
        engine.a_draw, steps, began = 20, [], clock()
        second = night.sleep(engine, store, settings, step=lambda s, n, of, note: steps.append(s)).json()
        assert second["decision"] == "promoted" and second["night"] == first["night"] and "train" not in steps
        assert clock() - began <= 60 * settings.night_minutes
