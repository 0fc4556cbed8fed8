"""The suite that is used for nothing but reporting: sound by rustc, clippy and its tests, and apart from all that is trained on."""

from __future__ import annotations

from pathlib import Path

from continualcode.koans import catalogue, leaks
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import programs
from continualcode.rust import check

FRESH = Path(__file__).parents[2] / "suites" / "fresh.jsonl"


def test_every_task_is_sound():
    koans = catalogue.load_suite(FRESH)
    assert len(koans) == 60 and sum(k.pattern in HELD_BACK for k in koans) == 30
    asked = [check.Item(k.solution, k.tests, clippy=True) for k in koans] + [
        check.Item(k.buggy, k.tests) for k in koans
    ]
    found = check.check_many(asked)
    for koan, good, bad in zip(koans, found[:60], found[60:], strict=True):
        assert good.solved and good.clippy_clean is not False, koan.id
        assert not bad.compiles and bad.diagnostics[0].code == koan.expected_error, koan.id


def test_nothing_that_is_trained_on_comes_near_it():
    koans = catalogue.load_suite(FRESH)
    assert leaks.corpus_leaks([p.text for p in programs.read()], koans) == []
    assert leaks.corpus_leaks([text for k in catalogue.load() for text in (k.solution, k.buggy)], koans) == []
