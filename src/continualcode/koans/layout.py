"""How a generated program is laid out: blank lines, documentation, and a function moved into an `impl`.

Pure rewriting of line lists; a pair's two sides are rewritten alike, so that they differ in the same lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from continualcode.koans import surroundings

if TYPE_CHECKING:
    from continualcode.koans.grammar import Grammar

_FUNCTION = re.compile(r"pub fn (\w+)(<[\w\s,:+]*>)?\((.*)\{$")
_ITEM = re.compile(r"( {4})?(pub |impl\b|fn |#\[|///|type )")


def airy(lines: Sequence[str]) -> list[str]:
    """The lines with a blank one between items, and between the functions of an `impl`."""
    out: list[str] = []
    for line in lines:
        if out and _parted(out[-1], line):
            out.append("")
        out.append(line)
    return out


def _parted(above: str, line: str) -> bool:
    if not above or not _ITEM.match(line):
        return False
    depth = len(line) - len(line.lstrip())
    if depth == 0:
        return above == "}" or (above.endswith(";") and not above.startswith((" ", "use ")))
    return depth == 4 and (above == "    }" or (above.startswith("    type ") and " fn " in line))


def spaced(
    head: Sequence[str], buggy: Sequence[str], fixed: Sequence[str], tail: Sequence[str]
) -> tuple[list[str], list[str]]:
    """`head` and `tail` with blank lines between items, also where they meet the lines that differ."""
    head, tail = airy(head), airy(tail)
    below = (buggy or (fixed if not fixed or not fixed[0].startswith(" ") else ()) or tail)[:1]
    if head and below and (buggy or not fixed or not fixed[0].startswith(" ")) and _parted(head[-1], below[0]):
        head.append("")
    if buggy and fixed and tail and _parted(buggy[-1], tail[0]) and _parted(fixed[-1], tail[0]):
        tail.insert(0, "")
    return head, tail


def documented(g: Grammar, head: Sequence[str], buggy: Sequence[str]) -> list[str]:
    """`head` with a line of documentation over one or two of its items, or over the lines that differ."""
    head = list(head)
    places = [
        i
        for i, line in enumerate(head)
        if re.match(r"( {4})?(pub (fn|struct|enum|trait)|#\[derive)", line)
        and not (i and head[i - 1].lstrip().startswith(("#[", "///")))
    ]
    if buggy and re.match(r"( {4})?pub (fn|struct|enum)", buggy[0]) and not (head and head[-1].startswith("#[")):
        places.append(len(head))
    for i in sorted(g.random.sample(places, min(len(places), g.random.choice((1, 1, 2)))), reverse=True):
        line = head[i] if i < len(head) else buggy[0]
        head.insert(i, " " * (len(line) - len(line.lstrip())) + "/// " + g.sentence())
    return head


def into_impl(
    g: Grammar, head: list[str], buggy: list[str], fixed: list[str], tail: list[str]
) -> tuple[list[str], list[str], list[str], list[str]]:
    """The same program with its last free function moved into the `impl` of a fresh type, or of a trait for
    it, beside other functions. Unchanged where the lines that differ are not all in one free function."""
    unchanged = head, buggy, fixed, tail
    if not tail or tail[-1] != "}" or any(line and not line.startswith(" ") for line in tail[:-1]):
        return unchanged
    starts = [i for i, line in enumerate(head) if line and not line.startswith(" ")]
    if buggy and fixed and buggy[0].startswith("pub fn ") and fixed[0].startswith("pub fn "):
        items, function, signatures = head, [], [buggy[0], fixed[0]]
    elif starts and head[starts[-1]].startswith("pub fn ") and all(x.startswith(" ") for x in (*buggy, *fixed) if x):
        items, function, signatures = head[: starts[-1]], head[starts[-1] :], [head[starts[-1]]]
    else:
        return unchanged
    parts = [_FUNCTION.fullmatch(line) for line in signatures]
    first = parts[0]
    if first is None or any(part is None for part in parts):
        return unchanged
    name = first.group(1)
    whole = "\n".join([*function[1:], *buggy[len(signatures) - 1 :], *tail, *items])
    if re.search(rf"\b{name}\(", whole) or len(items) > 22:
        return unchanged

    def free_of_references(signature: str) -> bool:
        return "'" not in signature and "&" not in signature.partition("->")[2] and "impl " not in signature

    plain = all(free_of_references(line) for line in signatures)
    kind, shell, siblings = surroundings.shell(g)
    by_trait = bool(function) and plain and not first.group(2) and g.chance(0.25)
    by_self = plain and g.chance(0.55)

    def inward(lines: Sequence[str]) -> list[str]:
        return [f"    {line}" if line else line for line in lines]

    def signature(line: str) -> str:
        if by_self:
            line = re.sub(
                r"(pub fn \w+(?:<[^(]*>)?\()(\)?)", lambda m: m[1] + ("&self)" if m[2] else "&self, "), line, count=1
            )
        return line.removeprefix("pub ") if by_trait else line

    if function:
        function = [signature(function[0]), *function[1:]]
    else:
        buggy, fixed = [signature(buggy[0]), *buggy[1:]], [signature(fixed[0]), *fixed[1:]]
    if by_trait:
        trait = g.type()
        declared = re.sub(r"([(,] ?)mut (\w+:)", r"\1\2", function[0]).removesuffix(" {") + ";"
        opening = [f"pub trait {trait} {{", f"    {declared}", "}", *shell, f"impl {trait} for {kind} {{"]
        siblings = []
    else:
        opening = [*shell, f"impl {kind} {{"]
    above: list[str] = []
    below: list[str] = []
    for method in siblings:
        (above if g.chance(0.5) else below).extend(method)
    return (
        [*items, *opening, *above, *inward(function)],
        inward(buggy),
        inward(fixed),
        [*inward(tail), *below, "}"],
    )
