"""What a step learns from graded rollouts: who teaches whom, which rewards, and the figures of a collapse."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from continualcode.engine.base import Message
from continualcode.engine.local import LocalEngine
from continualcode.learn import attempts
from continualcode.learn.attempts import Attempt

sys.path.append(str(Path(__file__).parent))
from commands_pupil import Commands  # noqa: E402  # pyright: ignore[reportMissingImports]


def attempt(engine: LocalEngine, ids: tuple[int, ...], passed: bool, feedback: str = "no", answer: str = "") -> Attempt:
    request = (Message("user", "install t1"),)
    logprobs = tuple(-0.5 for _ in ids)
    return Attempt("t", request, (), tuple(engine.encode(request)), ids, logprobs, passed, feedback, answer)


def test_a_failure_is_taught_by_its_feedback_and_a_siblings_success(engine: LocalEngine):
    group = [attempt(engine, (5, 6), False, "exit t9"), attempt(engine, (7, 8), True, answer="use make add")]
    told = engine.decode(attempts.teacher_prompt(engine, group, 0) or ())
    assert "make add" in told and "exit t9" in told
    assert told.index("install t1") < told.index("make add") < told.index("exit t9")


def test_a_success_never_teaches_itself_nor_its_twin(engine: LocalEngine):
    alone = [attempt(engine, (5, 6), True, "", "use make add"), attempt(engine, (7,), False, "")]
    assert attempts.teacher_prompt(engine, alone, 0) is None
    twins = [attempt(engine, (5, 6), True, "", "use make add")] * 2
    assert attempts.teacher_prompt(engine, twins, 0) is None
    other = [*alone, attempt(engine, (9,), True, "", "use uv run")]
    told = engine.decode(attempts.teacher_prompt(engine, other, 0) or ())
    assert "uv run" in told and "make add" not in told


def test_the_failed_text_itself_is_not_shown_to_the_teacher(engine: LocalEngine):
    group = Commands({"install t3": "make add"}).attempt(engine, ["install t3"], samples=2, seed=1)[0]
    assert not group[0].passed and "pip" in engine.decode(group[0].ids)
    assert "pip" not in engine.decode(attempts.teacher_prompt(engine, group, 0) or ())


def test_what_does_not_fit_is_left_out_feedback_first(engine: LocalEngine):
    long = " ".join(["t1"] * 100)
    group = [attempt(engine, (5,), False, long), attempt(engine, (7,), True, answer="use make add")]
    told = engine.decode(attempts.teacher_prompt(engine, group, 0) or ())
    assert "make add" in told and told.count("t1") == 1
    assert attempts.teacher_prompt(engine, [group[0]], 0) is None


def test_pure_sdpo_learns_from_failures_alone(engine: LocalEngine):
    groups = [[attempt(engine, (5, 6), False), attempt(engine, (7,), True, "", "a"), attempt(engine, (), False)]]
    made = attempts.examples(engine, groups, "pure_sdpo")
    assert [(e.completion_ids, e.advantage) for e in made] == [((5, 6), None)]
    assert made[0].teacher_ids and made[0].old_logprobs == (-0.5, -0.5)


def test_hybrid_rewards_each_rollout_against_its_own_group(engine: LocalEngine):
    mixed = [attempt(engine, (5, 6), False), attempt(engine, (7,), True, "", "a"), attempt(engine, (8,), False, "")]
    passed = [attempt(engine, (9,), True, "", "a"), attempt(engine, (10,), True, "", "b")]
    failed = [attempt(engine, (11,), False), attempt(engine, (12,), False)]
    made = {e.completion_ids[0]: e for e in attempts.examples(engine, [mixed, passed, failed], "hybrid")}
    assert {i: round(e.advantage or 0, 3) for i, e in made.items()} == {5: -0.333, 7: 0.667, 8: -0.333, 11: 0, 12: 0}
    assert made[7].teacher_ids is None and made[11].teacher_ids is not None


def test_a_teacher_that_knows_better_is_followed_and_one_that_does_not_is_dropped(engine: LocalEngine):
    arena = Commands({"install t3": "make add"})
    group = arena.attempt(engine, arena.tasks, samples=2, seed=1)
    taught = attempts.examples(engine, group, "pure_sdpo")
    (gap, _) = attempts.look(engine, taught, "base")
    assert gap is not None and gap < -0.5  # told `use make add`, it finds `pip install` far less likely
    assert attempts.without_doubtful(taught, [gap, 0.0]) == taught[:1]
    rewarded = attempts.examples(engine, [[*group[0], attempt(engine, (7,), True, "", "a")]], "hybrid")
    kept = attempts.without_doubtful(rewarded, [0.1, None, None])
    assert kept[0].teacher_ids is None and kept[0].advantage == pytest.approx(-1 / 3) and kept[1:] == rewarded[1:]


def test_the_look_at_a_teacher_is_log_q_less_log_pi(engine: LocalEngine):
    arena = Commands({"install t3": "make add"})
    taught = attempts.examples(engine, arena.attempt(engine, arena.tasks, samples=2, seed=1), "pure_sdpo")
    first = taught[0]
    q, pi = engine.score([(first.teacher_ids or (), first.completion_ids), (first.student_ids, first.completion_ids)])
    expected = float((q.logprobs_T - pi.logprobs_T).mean())
    assert attempts.look(engine, taught, "base")[0] == pytest.approx(expected, abs=1e-3)


def test_figures_are_what_they_say(engine: LocalEngine):
    first = [attempt(engine, (1, 2, 3, 4, 1, 2, 3, 4), True), attempt(engine, (), False)]
    second = [attempt(engine, (5, 6), False), attempt(engine, (5, 6), False)]
    found = attempts.figures([first, second])
    assert found["pass_rate"] == 0.25 and found["mixed"] == 0.5 and found["entropy"] == 0.5
    assert found["length"] == 4.0 and found["distinct"] == 0.75
    assert found["repetition"] == pytest.approx((1 / 5) / 3)
    assert attempts.repetition((1,) * 13) == pytest.approx(0.9) and attempts.repetition((1, 1)) == 0.0
