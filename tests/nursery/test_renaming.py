"""A renamed pair is the same pair to rustc: its buggy side fails with the same words, its fixed side compiles."""

import random

from continualcode.koans import patterns
from continualcode.koans.grammar import PATTERNS, Grammar
from continualcode.nursery import pool, renaming
from continualcode.nursery.corpus import renamed
from continualcode.rust.batch import diagnose_batch
from continualcode.rust.diagnostics import render_compact


def test_renamed_pairs_hold_before_rustc_and_their_feedback_is_what_it_says():
    r = random.Random(3)
    known = sorted(set(PATTERNS) - patterns.HELD_BACK)
    items = [item for p in known for item in pool.draw(p, 77_000, 4)]
    new = [renamed(r, item) for item in items]
    assert sum(a.fixed != b.fixed for a, b in zip(items, new, strict=True)) > 0.9 * len(items)
    found = diagnose_batch([n.fixed for n in new])
    broken = [(n.pattern, [d.message for d in f]) for n, f in zip(new, found, strict=True) if f]
    assert len(broken) <= 0.01 * len(new), broken
    said = [render_compact(f, "src/lib.rs") for f in diagnose_batch([n.buggy for n in new])]
    same = [sorted(s.split("\n")) == sorted(n.feedback.split("\n")) for s, n in zip(said, new, strict=True)]
    assert sum(same) >= 0.97 * len(new), [n.pattern for n, ok in zip(new, same, strict=True) if not ok]


def test_library_names_stay_and_own_names_change():
    source = (
        "pub struct Line { pub count: u32 }\n"
        "impl Line {\n    pub fn copy(&self, items: &str) -> Result<usize, String> {\n"
        "        let order = items.lines().count();\n        Ok(order)\n    }\n}\n"
    )
    for seed in range(20):
        out = renaming.draw(random.Random(seed), [source], share=1.0).source(source)
        assert "Result<usize, String>" in out and ".lines().count()" in out and "order" not in out


def test_the_same_seed_draws_the_same_names():
    source = 'pub fn total(price: u32) -> String {\n    format!("{price}: {}", "hello there")\n}\n'
    a, b = (renaming.draw(random.Random(5), [source]).source(source) for _ in range(2))
    assert a == b and isinstance(PATTERNS[sorted(PATTERNS)[0]].make(Grammar(1)).buggy, str)
