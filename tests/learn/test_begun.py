"""A lesson begun before the retry and finished behind it: the same lesson, with the same safety."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from continualcode.agent import teaching
from continualcode.agent.loop import Denied, Taught
from continualcode.config import Settings
from continualcode.engine.base import Completion, Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.learn.lesson import LessonInput, begin, teach
from continualcode.learn.pool import Pool
from continualcode.learn.relevance import Kind
from continualcode.store import Store


def greedy(engine: LocalEngine, thing: str = "t3") -> Completion:
    return engine.sample([engine.encode([Message("user", f"install {thing}")])], SampleParams(max_new_tokens=24))[0]


def given(engine: LocalEngine, correction: str = "use poetry add") -> LessonInput:
    return LessonInput((Message("user", "install t3"),), greedy(engine), correction)


def weights(engine: LocalEngine) -> dict[str, torch.Tensor]:
    return dict(engine.snapshot().weights)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(t, b[name]) for name, t in a.items())


def with_tests(pool: Pool) -> Pool:
    """A pool that knows requests of the other kind."""
    tests = Kind(tuple([Message("user", f"test t{i}")] for i in range(8)))
    return replace(pool, kinds=lambda each, seed: [tests])


def test_first_steps_turn_the_model_to_the_call_and_are_not_kept(
    engine: LocalEngine, settings: Settings, pool: Pool
) -> None:
    item, before = given(engine), weights(engine)
    begun = begin(engine, item, settings, pool)
    assert begun.outcome is None and begun.first_steps > 0 and begun.turned
    assert "poetry" in greedy(engine).text and not equal(before, weights(engine))
    begun.abandon()
    assert equal(before, weights(engine)) and engine.snapshot().steps == 0


def test_a_lesson_in_two_parts_is_the_lesson_in_one_bit_for_bit(
    engine: LocalEngine, settings: Settings, pool: Pool
) -> None:
    item = given(engine)
    whole = teach(engine, item, settings, pool, lesson_id="whole")
    one = engine.snapshot()
    engine.load_adapter(None)
    begun = begin(engine, item, settings, pool)
    greedy(engine, "t9")  # the retry is drawn in between
    parted = begun.finish(lesson_id="parted")
    two = engine.snapshot()
    assert whole.verdict == parted.verdict == "took" and whole.steps == parted.steps
    assert equal(dict(one.weights), dict(two.weights)) and one.steps == two.steps
    assert all(
        torch.equal(a, b)
        for n in one.optimizer
        for a, b in zip(one.optimizer[n][:2], two.optimizer[n][:2], strict=True)
    )
    assert {k: v for k, v in whole.proof.items() if k != "seconds"} == {
        k: v for k, v in parted.proof.items() if k != "seconds"
    }
    assert begun.finish() is parted  # once


def test_a_cancel_and_an_exception_behind_the_retry_leave_the_weights_from_before(
    engine: LocalEngine, settings: Settings, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, before = given(engine), weights(engine)
    outcome = begin(engine, item, settings, pool).finish(lesson_id="x", cancelled=lambda: True)
    assert outcome.verdict == "stopped" and not outcome.changed and equal(before, weights(engine))
    assert not (settings.home / "lessons").exists()
    begun = begin(engine, item, settings, pool)
    monkeypatch.setattr(engine, "learn", lambda *_: (_ for _ in ()).throw(RuntimeError("power cut")))
    with pytest.raises(RuntimeError, match="power cut"):
        begun.finish()
    assert equal(before, weights(engine))
    with pytest.raises(RuntimeError, match="power cut"):
        begin(engine, item, settings, pool)
    assert equal(before, weights(engine))


def test_a_step_that_would_spoil_the_retry_is_taken_back(
    engine: LocalEngine, settings: Settings, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, before, real = given(engine), weights(engine), engine.learn
    monkeypatch.setattr(engine, "learn", lambda some, loss: real(some, replace(loss, learning_rate=0.9)))
    begun = begin(engine, item, settings, pool)
    assert begun.first_steps == 0 and equal(before, weights(engine))


def test_a_refusal_and_a_cancel_take_no_first_step(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    before = weights(engine)
    refused = begin(engine, given(engine, "test use poetry add"), settings, with_tests(pool))
    assert refused.outcome is not None and refused.outcome.verdict == "refused" and refused.finish() is refused.outcome
    stopped = begin(engine, given(engine), settings, pool, cancelled=lambda: True)
    assert stopped.first_steps == 0 and equal(before, weights(engine))


def test_rivals_and_imitated_calls_take_no_first_step(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    assert begin(engine, given(engine), settings.replace(loss="sdft"), pool).first_steps == 0


class Place:
    """A denied call on the tiny model, and the store that its lesson goes to."""

    def __init__(self, engine: LocalEngine, settings: Settings, folder: Path) -> None:
        self.engine, self.settings, self.store = engine, settings, Store(folder / "store.db")
        self.cancel = threading.Event()

    def begin(self, correction: str = "use poetry add") -> Taught | teaching.Pending:
        completion = greedy(self.engine)
        call = self.engine.parse(completion.text)[1][0]
        denied = Denied((Message("user", "install t3"),), completion, call, correction, None, "co_1")
        return teaching.begin(self.engine, self.store, self.settings, denied, self.cancel)

    @property
    def rows(self) -> list[str]:
        return [r.outcome for r in self.store.list_lessons()]


@pytest.fixture
def place(
    engine: LocalEngine, settings: Settings, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    monkeypatch.setattr(teaching, "_pool", lambda *_: with_tests(pool))
    return Place(engine, settings, tmp_path)


def test_a_pending_lesson_is_written_down_when_its_proof_is_done(place: Place) -> None:
    pending = place.begin()
    assert isinstance(pending, teaching.Pending) and pending.first_steps and "step" in pending.line
    assert place.rows == []
    pending.go_on()
    taught = pending.wait()
    assert taught.outcome == "took" and place.rows == ["took"] and pending.wait() is taught
    assert place.store.get_lesson(taught.lesson_id).after_ref  # pyright: ignore[reportOptionalMemberAccess]


def test_a_pending_lesson_that_is_cancelled_is_stopped_with_the_weights_from_before(place: Place) -> None:
    before = weights(place.engine)
    pending = place.begin()
    assert isinstance(pending, teaching.Pending)
    place.cancel.set()
    assert pending.wait().outcome == "stopped" and place.rows == ["stopped"]
    assert equal(before, weights(place.engine))


def test_what_goes_wrong_in_the_background_is_raised_where_it_is_waited_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = weights(place.engine)
    pending = place.begin()
    assert isinstance(pending, teaching.Pending)
    monkeypatch.setattr(place.engine, "learn", lambda *_: (_ for _ in ()).throw(RuntimeError("power cut")))
    pending.go_on()
    with pytest.raises(RuntimeError, match="power cut"):
        pending.wait()
    assert equal(before, weights(place.engine)) and place.rows == []


def test_a_refused_lesson_ends_before_the_retry(place: Place) -> None:
    taught = place.begin("test use poetry add")
    assert isinstance(taught, Taught) and taught.outcome == "refused" and place.rows == ["refused"]
