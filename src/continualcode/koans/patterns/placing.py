"""Where a generated function stands, and what stands beside its lines. Shared by the patterns."""

from __future__ import annotations

from collections.abc import Sequence

from continualcode.koans.grammar import Grammar, Pair


def noise(g: Grammar, shown: Sequence[str] = (), indent: int = 1) -> list[str]:
    """Zero to two statements that change nothing: a `println!`, perhaps of a variable in scope."""
    lines: list[str] = []
    while g.chance(0.25) and len(lines) < 2:
        inside = g.text()
        if shown and g.chance(0.5):
            inside += g.pick(": ", " ", " = ") + "{" + g.pick(*shown) + "}"
        lines.append("    " * indent + f'println!("{inside}");')
    return lines


def place(
    g: Grammar,
    head: Sequence[str],
    buggy: Sequence[str],
    fixed: Sequence[str],
    tail: Sequence[str],
    *,
    before: Sequence[str] = (),
    free: bool = False,
) -> Pair:
    """Put one function (`head` its first lines, `tail` up to its closing brace) into a program.

    before: imports (`use ...`) and items that stand before it. Unless `free`, it sometimes becomes an
    associated function or a method of a fresh type, now and then beside siblings (`Grammar.program`).
    """
    return g.program([*before, *head], list(buggy), list(fixed), list(tail), free=free)
