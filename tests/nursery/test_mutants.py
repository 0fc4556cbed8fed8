"""Bugs in people's programs: rustc refuses the one side and takes the other, and held-back patterns stay unknown."""

from __future__ import annotations

import random
from pathlib import Path

from continualcode.koans import catalogue
from continualcode.koans.leaks import corpus_leaks
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import mutants, pool, programs
from continualcode.nursery.dress import differing_block
from continualcode.rust.batch import diagnose_batch


def test_every_change_finds_room_and_touches_nothing_held_back() -> None:
    r = random.Random(4)
    seen: set[str] = set()
    for _ in range(1500):
        program = r.choice(mutants.sources())
        found = mutants.mutated(r, program)
        if found is None:
            continue
        seen.add(found[0])
        old, new = program.rstrip("\n").split("\n"), found[1].rstrip("\n").split("\n")
        a, b, _ = differing_block(old, new)
        assert b - a == 1 and not mutants.UNTOUCHED.search(old[a]), (found[0], old[a])
    assert len(seen) >= len(mutants.CHANGES) - 4, set(mutants.CHANGES) - seen


def test_pairs_hold_before_rustc_and_come_of_the_train_split() -> None:
    made = list(mutants.pairs(mutants.sources(), random.Random(2), 240))
    assert len(made) > 120
    said = diagnose_batch([p.buggy for p in made])
    assert all(any(d.is_error for d in found) for found in said)
    for pair, found in zip(
        made, said, strict=True
    ):  # nothing as rustc says it of lt_struct_missing or of a missing move
        lines = pair.buggy.split("\n")
        assert not any(d.code == "E0373" for d in found)
        assert not any(d.code == "E0106" and d.primary and "fn " not in lines[d.primary.line - 1] for d in found)
    assert not any(any(d.is_error for d in found) for found in diagnose_batch([p.fixed for p in made]))
    train = {k.solution for k in catalogue.load() if k.split == "train" and k.pattern not in HELD_BACK}
    assert set(mutants.sources()) <= train | {p.text for p in programs.read()}
    assert not corpus_leaks([p.fixed for p in made], [k for k in catalogue.load() if k.split in ("gate", "test")])


def test_a_pool_gets_its_mutants_once(tmp_path: Path) -> None:
    mutants.write(tmp_path, 60, block=30)
    first = list(pool.read(tmp_path))
    assert first and all(p.pattern.startswith("mutant_") for p in first)
    assert len({p.buggy for p in first}) == len(first)
    mutants.write(tmp_path, 60, block=30)
    assert list(pool.read(tmp_path)) == first
