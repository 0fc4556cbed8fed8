"""Where a generated function stands: alone, in an `impl`, beside a sibling method, after a greeting.

Shared by the patterns; it multiplies every shape by the ways people put functions into files."""

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
    associated function of a fresh type, now and then beside a sibling.
    """
    before = list(before)
    if free or g.chance(0.7):
        return g.program([*before, *head], list(buggy), list(fixed), list(tail))
    name = g.type()
    field = g.var()
    unit = g.chance(0.4)
    item = (
        [f"pub struct {name};"]
        if unit
        else [f"pub struct {name} {{", f"    pub {field}: {g.pick('u32', 'String', 'bool', 'i64')},", "}"]
    )
    opening = [*item, *([""] if g.chance(0.6) else []), f"impl {name} {{"]
    sibling: list[str] = []
    if g.chance(0.4):
        other, x, k = g.fn(), g.var(), g.number(2, 9)
        sibling = [f"pub fn {other}({x}: i32) -> i32 {{", f"    {x} {g.pick('+', '*')} {k}", "}"]

    def inward(lines: Sequence[str]) -> list[str]:
        return [f"    {line}" if line else line for line in lines]

    first = bool(sibling) and g.chance(0.5)
    head = [*before, *opening, *(inward([*sibling, ""]) if first else []), *inward(head)]
    tail = [*inward(tail), *(inward(["", *sibling]) if sibling and not first else []), "}"]
    return g.program(head, inward(buggy), inward(fixed), tail)
