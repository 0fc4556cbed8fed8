"""Layout: blank lines, documentation, and functions that move into an `impl`, alike on both sides of a pair."""

from __future__ import annotations

from continualcode.koans import layout
from continualcode.koans.grammar import Grammar, plural_of

STRUCT = ["pub struct Cup {", "    pub ml: u32,", "}"]
HEAD = [*STRUCT, "pub fn fill(ml: u32) -> u32 {"]


def test_blank_lines_between_items_and_methods_only() -> None:
    lines = [*STRUCT, "impl Cup {", "    pub fn a(&self) {", "    }", "    pub fn b(&self) {", "    }", "}"]
    assert layout.airy(lines) == [*STRUCT, "", "impl Cup {", "    pub fn a(&self) {", "    }", "", "    pub fn b(&self) {", "    }", "}"]  # fmt: skip
    assert layout.airy(["    let a = 1;", "    a"]) == ["    let a = 1;", "    a"]
    assert layout.airy(["use std::fmt;", "use std::mem;"]) == ["use std::fmt;", "use std::mem;"]


def test_blank_lines_meet_the_lines_that_differ() -> None:
    head, tail = layout.spaced(STRUCT, ["pub fn f() {"], ["pub fn f() -> u32 {"], ["    1", "}"])
    assert head == [*STRUCT, ""] and tail == ["    1", "}"]
    head, _ = layout.spaced(["impl T for Cup {"], [], ["    fn f(&self) {", "    }"], ["}"])
    assert head == ["impl T for Cup {"]


def _moved(tail: list[str], buggy: list[str], fixed: list[str]) -> set[str]:
    found = set()
    for seed in range(40):
        head, bug, fix, rest = layout.into_impl(Grammar(seed), list(HEAD), list(buggy), list(fixed), list(tail))
        assert [x.strip() for x in bug] == [x.strip() for x in buggy]
        assert [x.strip() for x in fix] == [x.strip() for x in fixed]
        assert all(x.startswith("        ") for x in (*bug, *fix))
        found.add(next(line for line in reversed(head) if "fn fill" in line))
        assert rest[-1] == "}" and "\n".join([*head, *fix, *rest]).count("{") == "\n".join([*head, *fix, *rest]).count(
            "}"
        )
    return found


def test_a_function_moves_into_an_impl() -> None:
    signatures = _moved(["    n", "}"], ["    let n = ml;"], ["    let n = ml + 1;"])
    assert {"    pub fn fill(ml: u32) -> u32 {", "    pub fn fill(&self, ml: u32) -> u32 {"} <= signatures


def test_what_is_called_elsewhere_stays() -> None:
    case = list(HEAD), ["    fill(ml)"], ["    fill(ml + 1)"], ["}"]
    assert layout.into_impl(Grammar(1), *case) == case
    two = list(HEAD), ["    ml"], ["    ml + 1"], ["}", "pub fn other() {", "}"]
    assert layout.into_impl(Grammar(1), *two) == two


def test_documentation_stands_above_items() -> None:
    for seed in range(40):
        lines = layout.documented(Grammar(seed), HEAD, ["    ml"])
        at = next(i for i, line in enumerate(lines) if line.startswith("///"))
        assert lines[at + 1].startswith("pub ")
        assert [line for line in lines if not line.startswith("///")] == HEAD


def test_plurals() -> None:
    assert [plural_of(n) for n in ("seat", "city", "day", "box", "bus", "branch")] == [
        "seats", "cities", "days", "boxes", "buses", "branches",
    ]  # fmt: skip
