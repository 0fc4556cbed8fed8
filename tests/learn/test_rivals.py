"""Every method on the same tiny model, through the same interface, within the same budget."""

from __future__ import annotations

import pytest
import torch

from continualcode.agent.prompts import with_correction
from continualcode.config import Settings
from continualcode.engine.base import Example, LearnReport, Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.errors import UserError
from continualcode.learn.lesson import LessonInput, teach
from continualcode.learn.pool import Pool
from continualcode.learn.rivals import METHODS, method


def request(thing: str) -> list[Message]:
    return [Message("user", f"install {thing}")]


def denied(engine: LocalEngine, thing: str = "t3", correction: str = "use poetry add") -> LessonInput:
    (reply,) = engine.sample([engine.encode(request(thing))], SampleParams(max_new_tokens=24))
    return LessonInput(tuple(request(thing)), reply, correction)


class Watched:
    """An engine that keeps what it was asked to learn."""

    def __init__(self, engine: LocalEngine) -> None:
        self._engine = engine
        self.steps: list[list[Example]] = []

    def __getattr__(self, name: str):  # noqa: ANN204
        return getattr(self._engine, name)

    def learn(self, examples, loss) -> LearnReport:  # noqa: ANN001
        self.steps.append(list(examples))
        return self._engine.learn(examples, loss)


@pytest.mark.parametrize("name", [m.name for m in METHODS.values() if m.kind == "lesson"])
def test_every_method_keeps_to_the_budget_and_moves_weights(
    engine: LocalEngine, settings: Settings, pool: Pool, name: str
) -> None:
    base = settings.replace(lesson_steps=3, threads=1)
    before = engine.snapshot()
    outcome = method(name).teach(engine, denied(engine), base, pool)
    assert outcome is not None and outcome.verdict != "refused" and outcome.steps <= 3
    assert engine.snapshot().steps <= 3 and outcome.drift <= base.drift_budget
    if name != "grpo":  # on this model no rollout obeys by chance: nothing is rewarded, nothing is learnt
        assert outcome.changed
        assert outcome.proof["denied_logprob_after"] < outcome.proof["denied_logprob_before"]
    else:
        assert outcome.changed or all(torch.equal(t, before.weights[n]) for n, t in engine.snapshot().weights.items())


def test_hints_and_nothing_move_no_weight_and_only_hints_are_said(
    engine: LocalEngine, settings: Settings, pool: Pool
) -> None:
    before = engine.snapshot()
    messages = request("t5")
    for name in ("hint", "noop"):
        assert method(name).teach(engine, denied(engine), settings, pool) is None
    assert all(torch.equal(t, before.weights[n]) for n, t in engine.snapshot().weights.items())
    said = method("hint").conversation(messages, ["use uv get", "use poetry add"])
    assert said[0].content == with_correction("install t5", "use poetry add")
    assert (
        method("noop").conversation(messages, ["use uv get"]) == messages == method("hint").conversation(messages, [])
    )
    (reply,) = engine.sample([engine.encode(said)], SampleParams(max_new_tokens=24))
    assert "poetry add t5" in reply.text


def test_what_a_method_changes_never_touches_the_budget(settings: Settings) -> None:
    base = settings.replace(lesson_steps=7)
    for m in METHODS.values():
        own = m.settings(base, 1e-3)
        assert (own.lesson_steps, own.lesson_seconds, own.drift_budget) == (7, base.lesson_seconds, base.drift_budget)
        assert own.learning_rate == 1e-3
    assert METHODS["default"].settings(base) == base
    classic = METHODS["classic"].settings(base)
    assert classic.ratio_floor == 0.5 and classic.lesson_spread == classic.anchors == 0 and classic.teacher == "live"
    with pytest.raises(UserError, match="There is no method `ppo`"):
        method("ppo")


def test_both_halves_of_a_lesson_are_learnt(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    """The denied attempt up to where it goes wrong, and the whole retry: both scored by the teacher with the
    correction, both learnt without it. Rivals learn what their papers say."""
    lesson = denied(engine)
    plain = tuple(engine.encode(request("t3")))
    seen: dict[str, list[Example]] = {}
    for name in ("default", "sft", "dpo", "classic", "sdft"):
        engine.load_adapter(None)
        watched = Watched(engine)
        method(name).teach(watched, lesson, settings.replace(lesson_steps=1), pool)  # pyright: ignore[reportArgumentType]
        seen[name] = [e for e in watched.steps[0] if e.student_ids == plain and not e.anchor]
    retry, attempt = seen["default"]
    assert "poetry add t3" in engine.decode(retry.completion_ids)
    assert attempt.completion_ids == lesson.denied_ids[: len(attempt.completion_ids)] and attempt.old_logprobs
    assert attempt.completion_ids[:-1] == retry.completion_ids[: len(attempt.completion_ids) - 1]
    assert attempt.completion_ids[-1] != retry.completion_ids[len(attempt.completion_ids) - 1]
    for e in (retry, attempt):
        assert e.teacher_ids is not None and "Correction:" in engine.decode(e.teacher_ids)
        assert "Correction:" not in engine.decode(e.student_ids)
    assert [(e.completion_ids, e.teacher_ids) for e in seen["sft"]] == [(retry.completion_ids, None)]
    assert [(e.completion_ids, e.rejected_ids) for e in seen["dpo"]] == [(retry.completion_ids, lesson.denied_ids)]
    assert [e.completion_ids for e in seen["classic"]] == [lesson.denied_ids]
    assert len(seen["sdft"]) == 1 and seen["sdft"][0].teacher_ids == retry.teacher_ids


def test_each_half_teaches_its_own_part(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    """Measured apart: without the retry the denied call falls; with it the right call rises further."""
    lesson, few = denied(engine), settings.replace(lesson_steps=3, lesson_spread=0, anchors=0)
    risen = {}
    for weight in (0.0, 1.0):
        engine.load_adapter(None)
        proof = teach(engine, lesson, few.replace(retry_weight=weight), pool).proof
        assert proof["denied_logprob_after"] < proof["denied_logprob_before"] - 0.1
        risen[weight] = proof["approved_logprob_after"] - proof["approved_logprob_before"]
    assert risen[1.0] > risen[0.0]


@pytest.mark.parametrize("teacher", ["base", "live", "frozen", "ema", "trust_region"])
@pytest.mark.parametrize("correction", ["use pip install", "no"])
def test_a_refusal_leaves_everything_bit_identical_in_the_middle_of_a_career(
    engine: LocalEngine, settings: Settings, pool: Pool, teacher: str, correction: str
) -> None:
    own = settings.replace(teacher=teacher, lesson_steps=2)
    teach(engine, denied(engine, correction="use uv get"), own, pool)  # optimiser and EMA have state now
    (habit,) = engine.sample([engine.encode(request("t7"))], SampleParams(max_new_tokens=24))
    told = [Message("user", with_correction("install t7", correction))]
    with engine.as_teacher(teacher):
        (answer,) = engine.sample([engine.encode(told)], SampleParams(max_new_tokens=24))
    before = engine.snapshot()
    lesson = LessonInput(tuple(request("t7")), answer, correction)  # the teacher says what was denied
    outcome = teach(engine, lesson, own, pool, lesson_id="lesson_r")
    now = engine.snapshot()
    assert outcome.verdict == "refused" and outcome.reason and outcome.steps == 0 and not outcome.changed
    assert not (settings.home / "lessons").exists()
    assert all(torch.equal(t, now.weights[n]) for n, t in before.weights.items())
    assert before.steps == now.steps and before.optimizer.keys() == now.optimizer.keys()
    for name, (average, square, step) in before.optimizer.items():
        a, b, c = now.optimizer[name]
        assert torch.equal(average, a) and torch.equal(square, b) and step == c
    assert (before.ema is None) == (now.ema is None)
    assert all(torch.equal(t, (now.ema or {})[n]) for n, t in (before.ema or {}).items())
    assert engine.sample([engine.encode(request("t7"))], SampleParams(max_new_tokens=24)) == [habit]
