"""The templates that programs are drawn from, the generators made of them, and the hand-made koans."""

from __future__ import annotations

import pytest

from continualcode.agent.prompts import repair_request
from continualcode.config import bundled
from continualcode.koans import catalogue
from continualcode.koans.check import LARGEST_CHANGE, changed_lines
from continualcode.koans.grammar import PATTERNS, Grammar
from continualcode.koans.patterns import HELD_BACK
from continualcode.koans.patterns import generics_and_closures as family
from continualcode.koans.patterns.templates import LONGEST, SHORTEST, drawn, noise, program, sides
from continualcode.rust.batch import diagnose_batch, verify_batch
from continualcode.rust.diagnostics import render_compact

TEMPLATES = {
    "gc_missing_fn_bound": family._FN_BOUND, "gc_fnmut_bound": family._FNMUT, "gc_mut_closure": family._MUT_CLOSURE,
    "gc_capture_moved_out": family._CAPTURE, "gc_missing_generic_args": family._GENERIC_ARGS,
    "gc_missing_trait_bound": family._TRAIT_BOUND, "gc_closure_tuple": family._TUPLE, "gc_missing_dyn": family._DYN,
}  # fmt: skip
KINDS = [p for p in PATTERNS.values() if p.family == family.FAMILY]


def test_marks_are_a_word_diff():
    lines = ["fn f[-<T>-][+<T: Copy>+](x: T) {", "[+    let y = x;+]", "", "}"]
    assert sides(lines) == (["fn f<T>(x: T) {", "", "}"], ["fn f<T: Copy>(x: T) {", "    let y = x;", "", "}"])


def test_names_are_the_same_wherever_they_stand_and_choices_are_made():
    seen = set()
    for seed in range(40):
        first, second, *rest = drawn(Grammar(seed), "$var1 $var2\n$var1 $var2@(@|!@(?@|.@)@)\nend")
        assert second.startswith(first) and len(set(first.split())) == 2 and rest == ["end"]
        seen.add(second.removeprefix(first))
    assert seen == {"", "!?", "!."}


def test_noise_shows_only_what_it_was_given():
    lines = [line for seed in range(80) for line in noise(Grammar(seed), ["xs[]", "n"], "        ")]
    assert all(line.startswith("        ") for line in lines)
    assert any("xs.len()" in line for line in lines) and any("{n}" in line for line in lines)
    assert any(not noise(Grammar(seed), [], "") for seed in range(9))


def test_every_shape_of_every_pattern_holds_before_rustc():
    assert {p.id for p in KINDS} == set(TEMPLATES)
    assert all(len(shapes) >= 6 for shapes in TEMPLATES.values())
    made = [
        (kind, n, program(Grammar(31 * n + 7), template, 640))
        for kind, shapes in TEMPLATES.items()
        for n, template in enumerate(shapes)
    ]
    checks = verify_batch([(pair.buggy, pair.fixed) for _, _, pair in made])
    wrong = [
        (kind, n, check.code, [d.message for d in check.solution])
        for (kind, n, _), check in zip(made, checks, strict=True)
        if not check.sound or check.code != PATTERNS[kind].error
    ]
    assert wrong == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_draws_are_fresh_repeatable_and_of_a_persons_size(kind):
    pairs = [kind.make(Grammar(seed)) for seed in range(60)]
    assert len({pair.buggy for pair in pairs}) == 60
    assert kind.make(Grammar(3)) == pairs[3]
    for pair in pairs:
        assert SHORTEST <= pair.fixed.count("\n") <= LONGEST + 2, pair.fixed
        assert 1 <= changed_lines(pair.buggy, pair.fixed) <= LARGEST_CHANGE, pair.buggy
        assert not any(mark in pair.buggy + pair.fixed for mark in ("@(", "@|", "[+", "$", "#noise"))


def test_the_hand_made_ones_cover_every_pattern_and_fit_the_bundled_model():
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bundled("models") / "pupil" / "tokenizer.json"))
    koans = catalogue.load(family="gc")
    for kind in KINDS:
        splits = [k.split for k in koans if k.pattern == kind.id]
        least = {"train": 3, "gate": 1, "test": 2} if kind.id in HELD_BACK else {"train": 1, "gate": 1, "test": 1}
        assert all(splits.count(split) >= n for split, n in least.items()), kind.id
    for koan, found in zip(koans, diagnose_batch([k.buggy for k in koans]), strict=True):
        assert found[0].code == koan.expected_error, koan.id
        request = repair_request("src/lib.rs", koan.buggy, render_compact(found, "src/lib.rs"))
        assert len(tokenizer.encode(request).ids) <= 560, koan.id
