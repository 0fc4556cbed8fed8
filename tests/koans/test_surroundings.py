"""Surrounding code: right, clippy-clean, and never what the bug is about."""

from __future__ import annotations

from continualcode.koans import layout, surroundings
from continualcode.koans.grammar import Grammar
from continualcode.koans.variants import clippy_clean
from continualcode.rust.batch import diagnose_batch


def _program(seed: int) -> str:
    g = Grammar(seed)
    lines = [line for _ in range(4) for line in surroundings.item(g)]
    kind, shell, methods = surroundings.shell(g)
    lines += [*shell, f"impl {kind} {{", *(line for method in methods for line in method), "}"]
    return "\n".join(layout.airy(lines)) + "\n"


def test_items_compile_without_a_warning() -> None:
    programs = [_program(seed) for seed in range(80)]
    assert len(set(programs)) == 80
    faults = [(p, d[0].message) for p, d in zip(programs, diagnose_batch(programs), strict=True) if d]
    assert faults == []
    assert all(clippy_clean(programs))


def test_repairs_of_held_back_patterns_do_not_appear() -> None:
    text = "".join(_program(seed) for seed in range(200))
    assert all(word not in text for word in (".ok_or(", "map_err", "enumerate()", "Hash,", "move |"))


def test_documentation_is_one_sentence() -> None:
    for seed in range(200):
        sentence = Grammar(seed).sentence()
        assert sentence.endswith(".") and "\n" not in sentence and sentence[0].isupper()
