"""The nursery's own programs: each compiles, each bug is refused, none is of a held-back pattern's making, none is measured."""

import random
from pathlib import Path

from continualcode.koans import catalogue
from continualcode.koans.grammar import PATTERNS
from continualcode.koans.leaks import corpus_leaks
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import pool, programs
from continualcode.rust.batch import diagnose_batch


def test_every_program_compiles_and_every_bug_is_refused_with_its_patterns_error():
    every = programs.read()
    assert len(every) >= 400 and len({p.text for p in every}) == len(every)
    for program, found in zip(every, diagnose_batch([p.text for p in every]), strict=True):
        assert not found, (program.text, [d.message for d in found])
    bugs = [(p, b) for p in every for b in p.bugs]
    assert len(bugs) >= 1500
    for (program, bug), found in zip(bugs, diagnose_batch([p.buggy(b) for p, b in bugs]), strict=True):
        assert program.text.count(bug.old) == 1 and found, (program.text, bug)
        if bug.pattern != "other":
            assert (found[0].code or "") == PATTERNS[bug.pattern].error, (bug, found[0].message)


def test_no_bug_is_of_a_held_back_pattern_and_the_known_ones_are_all_there():
    seen = {b.pattern for p in programs.read() for b in p.bugs}
    assert not seen & HELD_BACK and seen - {"other"} >= set(PATTERNS) - HELD_BACK


def test_none_comes_near_a_measured_koan():
    measured = [k for k in catalogue.load() if k.split in ("gate", "test")]
    assert corpus_leaks([p.text for p in programs.read()], measured) == []


def test_a_pool_gets_each_bug_once_a_round_and_what_it_gets_holds(tmp_path: Path):
    some = programs.read()[:12]
    made = programs.draw(some, random.Random(1))
    assert len(made) >= 0.9 * sum(len(p.bugs) for p in some)
    assert all(item.pattern.startswith("own_") for item in made)
    assert all(not f for f in diagnose_batch([item.fixed for item in made]))
    assert all(
        f and not pool.as_held_back(i.buggy, f)
        for i, f in zip(made, diagnose_batch([i.buggy for i in made]), strict=True)
    )
    wrong = [item for item in made if item.wrong]
    assert wrong and all(diagnose_batch([item.wrong for item in wrong]))
