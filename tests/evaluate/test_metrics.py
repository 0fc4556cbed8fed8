from dataclasses import replace

import pytest

from continualcode.evaluate.metrics import (
    FailureHistory,
    compare,
    failed_with,
    mark_repeats,
    median_steps,
    passes_by_task,
    tally,
    well_formed_rate,
)
from continualcode.store.records import EpisodeRecord, ToolCallRecord

BASE = EpisodeRecord(
    id="ep", run_id="r", task_id="bc_001", family="borrow_checker", pattern="bc_missing_mut", split="train", prompt="",
    outcome="failed", steps_to_green=None, attempts=1, signatures=["E0596:cannot borrow"], first_code="", final_code="",
    diff="", model="m", adapter=None, seed=0, started="2026-01-01T00:00:00Z", seconds=1.0,
)  # fmt: skip


def failed(task: str, signature: str, pattern: str = "p") -> EpisodeRecord:
    return replace(BASE, task_id=task, pattern=pattern, signatures=[signature] if signature else [])


def solved(task: str, steps: int = 1, pattern: str = "p") -> EpisodeRecord:
    return replace(BASE, task_id=task, pattern=pattern, outcome="solved", steps_to_green=steps, signatures=["E1:x"])


def test_a_repeat_is_the_same_signature_of_the_same_task_or_pattern():
    episodes = [
        failed("a", "E1:x", "p"),
        failed("b", "E1:x", "p"),  # same pattern
        failed("c", "E1:x", "q"),  # another pattern: new
        failed("a", "E2:y", "p"),  # same task, new error
        failed("c", "E1:x", ""),  # same task
        solved("a"),
        failed("d", "", "p"),  # never checked
    ]
    assert [e.repeat_error for e in mark_repeats(episodes, FailureHistory())] == [
        False, True, False, False, True, False, False,
    ]  # fmt: skip


def test_history_of_earlier_episodes_counts_and_solved_ones_do_not():
    history = FailureHistory.of([failed("a", "E1:x"), solved("b")])
    assert mark_repeats([failed("z", "E1:x")], history)[0].repeat_error
    assert not mark_repeats([failed("b", "E1:x", "other")], history)[0].repeat_error


def test_an_episode_fails_with_its_last_signature():
    assert failed_with(replace(BASE, signatures=["E1:x", "E2:y", ""])) == "E2:y"
    assert failed_with(solved("a")) == ""


def test_tallies():
    episodes = [solved("b", 3), solved("a", 1), failed("a", "E1:x")]
    assert passes_by_task(episodes) == {"a": [True, False], "b": [True]}
    assert median_steps(episodes) == 2.0 and median_steps([failed("a", "")]) is None
    assert tally(episodes)["pass_rate"] == pytest.approx(2 / 3)
    assert tally([])["pass_rate"] is None
    call = ToolCallRecord(0, "edit_lines", {}, "", True)
    assert well_formed_rate([replace(BASE, tool_calls=[call, replace(call, well_formed=False)])]) == 0.5


def test_comparison_sees_losses_under_gains():
    before = {"a": [True] * 3, "b": [False] * 3, "c": [True, True, False], "d": [False] * 3}
    after = {"a": [True, False, False], "b": [True] * 3, "c": [True] * 3, "d": [False] * 3}
    paired = compare(before, after)
    assert paired.regressed == ("a",) and paired.gained == ("b",)
    assert paired.retention == pytest.approx((1 / 3 + 2 / 3) / (1 + 2 / 3))
    assert paired.forgetting == pytest.approx(1 - paired.retention)
    assert paired.p_gain == 3 / 4
    assert compare(before, before).retention == 1.0 and compare({}, {}).p_gain == 1.0
    with pytest.raises(ValueError):
        compare(before, {"a": [True]})
