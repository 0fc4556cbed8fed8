import math
from typing import Any

import pytest

from continualcode.sleep.gate import Decision, changed, decide

BEFORE = {"a": [True] * 3, "b": [True] * 3, "c": [False] * 3, "d": [True, False, False]}


def verdict(after: dict[str, list[bool]], **changes: Any) -> Decision:
    arguments: dict[str, Any] = {"drift": 0.01, "max_drift": 0.5} | changes
    return decide(BEFORE, BEFORE | after, **arguments)


def test_a_gain_without_harm_is_promoted():
    decision = verdict({"c": [True] * 3})
    assert decision.promote and decision.numbers["gained"] == ("c",)


def test_a_regression_refuses_whatever_was_gained():
    decision = verdict({"a": [True, False, False], "c": [True] * 3, "d": [True] * 3})
    assert not decision.promote and "a" in decision.reasons[0]
    assert verdict({"a": [False] * 3, "c": [True] * 3}, max_regressions=1).promote is False  # retention


def test_one_lost_sample_of_three_is_worse_but_no_regression():
    decision = verdict({"a": [True, True, False]})
    assert not decision.promote and decision.numbers["regressed"] == ()
    assert verdict({"a": [True, True, False], "c": [True] * 3}).promote is False  # retention 0.857


def test_no_change_is_refused_unless_the_held_out_slice_clearly_gained():
    assert not verdict({}).promote
    assert not verdict({}, held_out_before=[False] * 4, held_out_after=[True, True, False, False]).promote
    assert verdict({}, held_out_before=[False] * 4, held_out_after=[True, True, True, False]).promote
    assert not verdict({}, held_out_before=[False] * 3 + [True], held_out_after=[True] * 3 + [False]).promote


@pytest.mark.parametrize("drift", [0.51, math.nan, math.inf])
def test_drift_over_budget_or_not_finite_refuses(drift: float):
    decision = verdict({"c": [True] * 3}, drift=drift)
    assert not decision.promote and "drift" in decision.reasons[0]


def test_an_empty_gate_proves_nothing():
    assert not decide({}, {}, drift=0.0, max_drift=1.0, held_out_before=[False] * 9, held_out_after=[True] * 9).promote


def test_tasks_that_came_out_differently_are_named_in_both_directions():
    before = {"a": [True, True], "b": [True, False], "c": [False, False], "d": [True, False]}
    after = {"a": [True, False], "b": [False, True], "c": [True, False], "d": [True, False, True, False]}
    assert changed(before, after) == ["a", "c"]
