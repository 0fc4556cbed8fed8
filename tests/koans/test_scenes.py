"""Scenes and slots: every place takes every type it is offered, and only the expression differs."""

from __future__ import annotations

import pytest

from continualcode.koans.check import changed_lines
from continualcode.koans.grammar import Grammar
from continualcode.koans.patterns import scenes
from continualcode.rust.batch import diagnose_batch, verify_batch


@pytest.mark.parametrize("place", sorted(set(scenes.SLOTS) | set(scenes.EXITS)))
def test_each_place_takes_each_type(place: str) -> None:
    pairs = []
    for seed, (ty, good) in enumerate(
        [("u32", "7"), ("f64", "2.5"), ("bool", "true"), ("String", "String::new()"), ("Vec<u32>", "vec![1]"), ("usize", "9")] * 4
    ):  # fmt: skip
        g = Grammar(1000 + seed)
        wrap = ("Result<{}, String>", "Ok({})") if seed % 3 == 0 else ("{}", "{}")
        pairs.append(scenes.slot(g, "'x'", good, ty, params="", slots=(place,), result=wrap))
    for pair, found in zip(pairs, verify_batch([(p.buggy, p.fixed) for p in pairs]), strict=True):
        assert found.sound and found.code == "E0308", pair.buggy
        assert changed_lines(pair.buggy, pair.fixed) == 1


def test_values_have_the_type_they_claim() -> None:
    pairs = []
    for seed in range(60):
        g = Grammar(seed)
        s = scenes.scene(g)
        value, ty = scenes.value(g, s)
        slots = ("argument", "tuple", "let", "choice")
        pairs.append(
            scenes.slot(g, "'x'", value, ty, params=s.params, before=s.before, owner=s.owner, slots=slots, free=True)
        )
    assert all(c.sound for c in verify_batch([(p.buggy, p.fixed) for p in pairs]))


def test_chains_break_alike() -> None:
    for seed in range(50):
        short, long = scenes.chain(
            Grammar(seed), "xs", [".iter()", ".map(|x| x * 2)"], [".iter()", ".map(|x| x * 2)", ".sum()"]
        )
        assert ("\n" in short) == ("\n" in long)
        assert long.startswith(short)


def test_a_reference_is_not_put_where_it_would_need_a_lifetime() -> None:
    fixed = [scenes.slot(Grammar(seed), "x", "x.trim()", "&str", params="x: &str").fixed for seed in range(80)]
    assert [d[0].message for d in diagnose_batch(fixed) if d] == []
