"""Lessons on a tiny model that obeys: taken, spread, refused, stopped, undone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from continualcode.agent.prompts import with_correction
from continualcode.config import Settings
from continualcode.engine.base import Capabilities, Completion, LearnReport, Message, SampleParams, ToolCall
from continualcode.engine.local import LocalEngine
from continualcode.errors import UserError
from continualcode.learn import anchors
from continualcode.learn.lesson import LessonInput, Progress, repeats, teach, told
from continualcode.learn.pool import Pool
from continualcode.learn.record import lesson_record
from continualcode.learn.undo import last_standing, resume, resume_folder, undo_lesson
from continualcode.store import Store


def request(kind: str, thing: str, correction: str = "") -> list[Message]:
    text = f"{kind} {thing}"
    return [Message("user", with_correction(text, correction) if correction else text)]


def greedy(engine: LocalEngine, kind: str, thing: str, correction: str = "") -> Completion:
    return engine.sample([engine.encode(request(kind, thing, correction))], SampleParams(max_new_tokens=24))[0]


def command(engine: LocalEngine, completion: Completion) -> str:
    return str(engine.parse(completion.text)[1][0].arguments["command"])


def denied(engine: LocalEngine, correction: str, thing: str = "t3") -> LessonInput:
    return LessonInput(tuple(request("install", thing)), greedy(engine, "install", thing), correction)


def weights(engine: LocalEngine) -> dict[str, torch.Tensor]:
    return dict(engine.snapshot().weights)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(t, b[name]) for name, t in a.items())


def test_a_lesson_is_taken_past_its_prompt_and_leaves_the_rest(
    engine: LocalEngine, settings: Settings, pool: Pool
) -> None:
    told_stages: list[Progress] = []
    outcome = teach(engine, denied(engine, "use poetry add"), settings, pool, on_progress=told_stages.append)
    assert outcome.verdict == "took" and outcome.steps <= settings.lesson_steps
    assert outcome.drift <= settings.drift_budget and outcome.line().startswith("lesson took")
    proof = outcome.proof
    assert not proof["obeyed_before"] and proof["obeyed_after"] and proof["unseen_after"] > proof["unseen_before"]
    assert "pip install t3" in proof["greedy_before"] and "poetry add t3" in proof["greedy_after"]
    assert proof["approved_logprob_after"] > proof["approved_logprob_before"] + 1
    assert proof["denied_logprob_after"] < proof["denied_logprob_before"] - 1
    obeyed = [command(engine, greedy(engine, "install", f"t{i}")).startswith("poetry add") for i in range(24)]
    kept = [command(engine, greedy(engine, "test", f"t{i}")).startswith("cargo test") for i in range(24)]
    assert sum(obeyed) >= 16 and sum(kept) >= 20
    assert [p.stage for p in told_stages][:2] == ["look", "spread"] and told_stages[-1].stage == "done"


@pytest.mark.parametrize(
    "changes", [{"loss": "sft"}, {"loss": "token"}, {"top_k": 8}, {"teacher": "frozen"}, {"teacher": "ema"}]
)
def test_every_form_moves_toward_the_call(
    engine: LocalEngine, settings: Settings, pool: Pool, changes: dict[str, object]
) -> None:
    outcome = teach(engine, denied(engine, "use uv get"), settings.replace(lesson_steps=4, **changes), pool)
    assert outcome.changed and outcome.proof["approved_logprob_after"] > outcome.proof["approved_logprob_before"]


def test_one_step_is_one_step(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    outcome = teach(engine, denied(engine, "use poetry add"), settings, pool, steps=1)
    assert outcome.steps == 1 and engine.snapshot().steps == 1 and outcome.changed


def test_an_edited_call_is_taught_as_it_was_edited(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    right = engine.encode_reply(Message("assistant", "", (ToolCall("bash", {"command": "conda get t3"}),)))
    lesson = replace(denied(engine, "use conda get"), approved_ids=tuple(right))
    assert teach(engine, lesson, settings, pool).verdict == "took"
    assert command(engine, greedy(engine, "install", "t3")) == "conda get t3"


@pytest.mark.parametrize("correction", ["no", "use pip install"])
def test_a_teacher_that_does_not_obey_is_refused(
    engine: LocalEngine, settings: Settings, pool: Pool, correction: str
) -> None:
    lesson = denied(engine, correction)
    before = weights(engine)
    with engine.adapter_disabled():
        answer = greedy(engine, "install", "t3", correction)
    outcome = teach(engine, lesson, settings, pool, lesson_id="lesson_x")
    if answer.text == lesson.denied.text:  # pyright: ignore[reportAttributeAccessIssue]
        assert outcome.verdict == "refused" and outcome.reason and "refused" in outcome.line()
        assert equal(before, weights(engine)) and engine.snapshot().steps == 0
        assert outcome.before_ref == outcome.after_ref == "" and not outcome.changed


def test_what_is_done_already_needs_no_step(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    wrong = engine.encode_reply(Message("assistant", "", (ToolCall("bash", {"command": "make run t3"}),)))
    with_other = LessonInput(tuple(request("install", "t3")), tuple(wrong), "use poetry add")
    teach(engine, denied(engine, "use poetry add"), settings, pool)
    outcome = teach(engine, with_other, settings, pool)
    assert (outcome.verdict, outcome.steps) == ("took", 0) and "already" in outcome.reason


class Poisoned:
    """An engine whose steps go wrong: not finite, or too far."""

    def __init__(self, engine: LocalEngine, how: str) -> None:
        self._engine, self._how = engine, how

    def __getattr__(self, name: str):  # noqa: ANN204
        return getattr(self._engine, name)

    def learn(self, examples, loss) -> LearnReport:  # noqa: ANN001
        if self._how == "nan":
            return self._engine.learn([replace(e, weight=float("nan")) for e in examples], loss)
        if self._how == "raise":
            self._engine.learn(examples, loss)
            raise RuntimeError("power cut")
        return self._engine.learn(examples, replace(loss, learning_rate=0.5))


@pytest.mark.parametrize("how", ["nan", "far"])
def test_what_goes_wrong_ends_at_good_weights_and_says_so(
    engine: LocalEngine, settings: Settings, pool: Pool, how: str
) -> None:
    before = weights(engine)
    outcome = teach(Poisoned(engine, how), denied(engine, "use poetry add"), settings, pool)  # pyright: ignore[reportArgumentType]
    assert outcome.verdict == "stopped" and "last good weights" in outcome.reason
    assert equal(before, weights(engine))


def test_an_exception_and_a_cancel_leave_the_weights(engine: LocalEngine, settings: Settings, pool: Pool) -> None:
    before, lesson = weights(engine), denied(engine, "use poetry add")
    with pytest.raises(RuntimeError, match="power cut"):
        teach(Poisoned(engine, "raise"), lesson, settings, pool)  # pyright: ignore[reportArgumentType]
    assert equal(before, weights(engine))
    looks = iter([False] * 4)
    outcome = teach(engine, lesson, settings, pool, cancelled=lambda: next(looks, True))
    assert outcome.verdict == "stopped" and "cancelled" in outcome.reason and not outcome.changed
    assert equal(before, weights(engine))


def test_an_engine_that_cannot_is_told_before_anything_starts(
    engine: LocalEngine, settings: Settings, pool: Pool
) -> None:
    class Plain(Poisoned):
        capabilities = Capabilities(trains=True, full_distributions=False, teacher_kinds=("live",), hot_swap=False)

    lesson = denied(engine, "use poetry add")
    with pytest.raises(UserError, match="loss=token"):
        teach(Plain(engine, ""), lesson, settings.replace(loss="gkd"), pool)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="no teacher"):  # the loss that nobody chose is fitted to the engine
        teach(Plain(engine, ""), lesson, settings, pool)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match="in words"):
        teach(engine, replace(lesson, correction="  "), settings, pool)


def test_undo_brings_back_everything_bit_for_bit_even_after_a_restart(
    engine: LocalEngine, settings: Settings, pool: Pool, tmp_path: Path
) -> None:
    with Store(tmp_path / "store.db") as store:

        def lesson(name: str, correction: str, thing: str) -> None:
            given = denied(engine, correction, thing)
            outcome = teach(engine, given, settings, pool, lesson_id=name)
            assert outcome.changed
            store.add_lesson(lesson_record(engine, given, outcome, settings, lesson_id=name, correction_id="c"))

        lesson("lesson_1", "use poetry add", "t3")
        middle, answer = engine.snapshot(), greedy(engine, "install", "t9")
        lesson("lesson_2", "use conda run", "t4")
        after = engine.snapshot()
        engine.load_adapter(None)  # as a new process would be
        assert resume(store, engine) is not None
        assert equal(dict(after.weights), weights(engine))
        with pytest.raises(UserError, match="undo it first"):
            undo_lesson(store, engine, "lesson_1")
        assert last_standing(store) == "lesson_2"
        assert undo_lesson(store, engine, "lesson_2").outcome == "undone"
        now = engine.snapshot()
        assert equal(dict(middle.weights), dict(now.weights)) and now.steps == middle.steps
        for name, (average, square, step) in middle.optimizer.items():
            assert torch.equal(average, now.optimizer[name][0]) and torch.equal(square, now.optimizer[name][1])
            assert step == now.optimizer[name][2]
        assert greedy(engine, "install", "t9") == answer
        with pytest.raises(UserError, match="undone already"):
            undo_lesson(store, engine, "lesson_2")
        undo_lesson(store, None, "lesson_1")
        assert resume_folder(store) is None
        with pytest.raises(UserError, match="no lesson"):
            undo_lesson(store, engine, "lesson_9")


def test_drift_is_zero_before_and_exact_after(engine: LocalEngine) -> None:
    prompts = [engine.encode(request("test", f"t{i}")) for i in range(4)]
    kept = anchors.keep(engine, prompts)
    assert anchors.drift(engine, kept) < 1e-6
    with torch.no_grad():
        for p in engine._adapter.parameters.values():
            p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(1)) * 0.02)
    total, count = 0.0, 0
    for completion, before in zip(kept.completions, kept.logprobs, strict=True):
        (now,) = engine.score([(completion.prompt_ids, completion.ids)], top_k=-1)
        assert now.full_logprobs_TV is not None
        p, q = before.double(), now.full_logprobs_TV.double()
        total, count = total + float((p.exp() * (p - q)).sum()), count + len(p)
    measured = anchors.measure(engine, kept)
    assert measured.kl == pytest.approx(total / count, rel=1e-3) and measured.kl > 0


def test_the_teacher_reads_the_correction_at_the_end_of_the_last_request() -> None:
    messages = [Message("user", "a"), Message("assistant", "x"), Message("user", "b"), Message("tool", "r")]
    seen = told(messages, "use z", ["we use poetry"], "compact")
    assert seen[0].role == "system" and "we use poetry" in seen[0].content
    assert seen[3].content == "b\n\nCorrection: use z" and seen[1] == messages[0] and seen[-1] == messages[-1]


@pytest.mark.parametrize(
    ("ids", "expected"), [([1] * 40, True), ([1, 2, 3] * 12, True), (list(range(40)), False), ([1] * 20, False)]
)
def test_repetition(ids: list[int], expected: bool) -> None:
    assert repeats(ids) is expected


def test_prompts_that_the_model_could_not_read_are_left_out(
    engine: LocalEngine, settings: Settings, pool: Pool
) -> None:
    long = [Message("user", "install " + "t5 " * 90)]
    assert len(engine.encode(long)) > engine.context_length
    outcome = teach(engine, denied(engine, "use poetry add"), settings, replace(pool, recent=(long,)))
    assert outcome.verdict == "took"


def test_candidates_are_near_first_and_never_the_prompt_itself() -> None:
    recent = (request("install", "t3"), request("install", "t5"), [*request("install", "t6"), Message("tool", "x")])
    found = Pool(recent=recent, synthetic=None).candidates(request("install", "t3"), 10, 0)
    assert [c[0].content for c in found] == ["install t5", "install t6"]
