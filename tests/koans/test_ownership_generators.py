"""The generators of borrow_checker, lifetimes and trait_bounds, compiled by the real rustc."""

from __future__ import annotations

import difflib

import pytest

from continualcode.koans import patterns  # noqa: F401  (fills PATTERNS)
from continualcode.koans.grammar import PATTERNS, Grammar, Pair
from continualcode.koans.patterns.draws import struct
from continualcode.rust.batch import verify_batch

FAMILIES = ("borrow_checker", "lifetimes", "trait_bounds")
KINDS = [p for p in PATTERNS.values() if p.family in FAMILIES]
SEEDS = range(7, 13)


def changed_block(pair: Pair) -> tuple[int, int]:
    """Lines of the one block that differs, in the buggy and in the fixed program."""
    left, right = pair.buggy.split("\n"), pair.fixed.split("\n")
    codes = difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    differing = [c for c in codes if c[0] != "equal"]
    return differing[-1][2] - differing[0][1], differing[-1][4] - differing[0][3]


@pytest.mark.parametrize("family", FAMILIES)
def test_buggy_fails_as_stated_and_the_repair_compiles(family: str) -> None:
    drawn = [(kind, seed, kind.make(Grammar(seed))) for kind in KINDS if kind.family == family for seed in SEEDS]
    checks = verify_batch([(pair.buggy, pair.fixed) for _, _, pair in drawn])
    wrong = [
        (kind.id, seed, check.code)
        for (kind, seed, _), check in zip(drawn, checks, strict=True)
        if not check.sound or check.code != (kind.error or "error")
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_one_small_block_repairs_it(kind) -> None:
    for seed in range(60):
        pair = kind.make(Grammar(seed))
        assert max(changed_block(pair)) in (1, 2, 3), pair.buggy


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_draws_are_fresh_and_repeatable(kind) -> None:
    programs = [kind.make(Grammar(seed)).buggy for seed in range(60)]
    assert len(set(programs)) == 60
    assert programs[3] == kind.make(Grammar(3)).buggy


def test_struct_with_and_without_derives() -> None:
    assert struct("Cup", [("ml", "u32")]) == ["pub struct Cup {", "    pub ml: u32,", "}"]
    assert struct("Cup", [], "Debug, Clone")[0] == "#[derive(Debug, Clone)]"
