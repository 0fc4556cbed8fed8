"""The generators of ownership_and_smart_pointers, compiled by the real rustc."""

from __future__ import annotations

import pytest

from continualcode.koans import patterns  # noqa: F401  (fills PATTERNS)
from continualcode.koans.check import changed_lines
from continualcode.koans.grammar import PATTERNS, Grammar, Pattern
from continualcode.koans.variants import shape
from continualcode.rust.batch import verify_batch

FAMILY = "ownership_and_smart_pointers"
KINDS = [p for p in PATTERNS.values() if p.family == FAMILY]
SEEDS = range(40, 56)


def test_the_family() -> None:
    assert sorted(kind.id for kind in KINDS) == [
        "os_as_deref", "os_borrow_mut", "os_box_recursive", "os_missing_box_new", "os_option_take", "os_rc_clone",
        "os_weak_upgrade",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_buggy_fails_as_stated_and_the_repair_compiles(kind: Pattern) -> None:
    pairs = [kind.make(Grammar(seed)) for seed in SEEDS]
    checks = verify_batch([(pair.buggy, pair.fixed) for pair in pairs])
    wrong = [
        (seed, check.code)
        for seed, check in zip(SEEDS, checks, strict=True)
        if not check.sound or check.code != kind.error
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_one_line_repairs_a_program_of_a_readable_size(kind: Pattern) -> None:
    for seed in range(200):
        pair = kind.make(Grammar(seed))
        assert changed_lines(pair.buggy, pair.fixed) == 1
        assert 8 <= pair.fixed.count("\n") <= 36
        assert len(pair.fixed) <= 950
        assert max(map(len, pair.fixed.splitlines())) <= 110
        assert not any(mark in pair.fixed for mark in ("@(", "@|", "[+", "+]", "#noise", "$"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_programs_differ_in_more_than_names(kind: Pattern) -> None:
    shapes = {shape(kind.make(Grammar(seed)).buggy) for seed in range(200)}
    assert len(shapes) > 150


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_draws_repeat(kind: Pattern) -> None:
    assert kind.make(Grammar(3)) == kind.make(Grammar(3))
