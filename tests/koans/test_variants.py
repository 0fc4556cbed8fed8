"""Variants: verified, different, repeatable; and every pattern's generator keeps its word."""

import pytest

from continualcode.errors import UserError
from continualcode.koans import variants
from continualcode.koans.catalogue import PREFIXES
from continualcode.koans.check import LARGEST_CHANGE, changed_lines
from continualcode.koans.grammar import FAMILIES, PATTERNS
from continualcode.rust.batch import diagnose_batch


def test_every_pattern_is_named_after_its_family():
    assert len(PATTERNS) >= 50
    assert all(PREFIXES[p.family] == name.split("_")[0] for name, p in PATTERNS.items())


@pytest.mark.parametrize("family", FAMILIES)
def test_generators_keep_their_word(family: str):
    drawn = [(p, s, variants.draw(p, s)) for p in PATTERNS if PATTERNS[p].family == family for s in (11, 12, 13)]
    checks = diagnose_batch([text for _, _, pair in drawn for text in (pair.buggy, pair.fixed)])
    for n, (pattern, seed, pair) in enumerate(drawn):
        buggy, fixed = checks[2 * n], checks[2 * n + 1]
        assert not fixed, (pattern, seed, fixed[0].message, pair.fixed)
        assert buggy and buggy[0].code == PATTERNS[pattern].error, (pattern, seed, pair.buggy)
        assert 1 <= changed_lines(pair.buggy, pair.fixed) <= LARGEST_CHANGE, (pattern, seed)
    clean = variants.clippy_clean([pair.fixed for _, _, pair in drawn])
    assert all(clean), [(p, s) for (p, s, _), ok in zip(drawn, clean, strict=True) if not ok]


def test_variants_are_different_verified_and_repeatable():
    made = variants.make("rh_ok_or", 12, seed=5)
    assert len(made) == 12
    assert len({variants.shape(v.buggy) for v in made}) == 12
    assert variants.make("rh_ok_or", 12, seed=5) == made
    assert {v.buggy for v in variants.make("rh_ok_or", 4, seed=6)}.isdisjoint(v.buggy for v in made)
    first = made[0]
    assert variants.draw(first.pattern, first.seed).buggy == first.buggy
    assert first.diagnostics[0].code == "E0277" and first.feedback.startswith("error[E0277]")


def test_no_variants_and_an_unknown_pattern():
    assert variants.make("rh_ok_or", 0) == []
    with pytest.raises(UserError, match="no pattern"):
        variants.make("rh_nope", 1)


def test_what_does_not_hold_is_left_out():
    good, other = variants.draw("tm_semicolon", 1), variants.draw("rh_ok_or", 1)
    untidy = type(good)(good.buggy, good.fixed + "pub fn untidy(v: &Vec<i32>) -> usize {\n    return v.len();\n}\n")
    swapped = type(good)(good.fixed, good.buggy)
    kept = variants.verified("tm_semicolon", [(1, good), (2, other), (3, swapped), (4, untidy)])
    assert [v.seed for v in kept] == [1]


def test_shape_sees_through_names_but_not_through_literals():
    a = "pub fn add(x: i32) -> i32 {\n    x + 1\n}\n"
    assert variants.shape(a) == variants.shape(a.replace("x", "y").replace("add", "plus"))
    assert variants.shape(a) != variants.shape(a.replace("1", "2"))
