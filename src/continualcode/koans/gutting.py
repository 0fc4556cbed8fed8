"""Gutting: a program that compiles because what was to be mended is gone.

A task without tests can only be judged by compiling, and the shortest program that compiles is an empty one.
So what was given must survive: every public item by kind and name (every item, where none is public), the
bodies of its functions in the main, and at least `KEPT` of the whole. New `cfg` marks and macros, which hide
code from the compiler while it stands in the file, count as taking away; so do new `todo!()`s.

The shares were set on 71 koans of the train split: their solutions keep at least 0.86 of the buggy file and 0.72
of every function of more than `SHORT` tokens; of their 453 gutted versions 451 are caught. What this cannot see
is a function that computes something else with the same words: that is what tests are for, and why a verdict
without them is called unpinned.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from continualcode.koans.check import defaults
from continualcode.koans.tokens import Token, functions, tokens

KEPT = 0.6
BODY_KEPT = 0.4
SHORT = 12  # tokens of a body that a repair may rewrite altogether

_KINDS = frozenset("fn struct enum union trait type const static mod".split())
_BEFORE = frozenset("const async unsafe extern".split())  # may stand between `pub` and the item's word
_GIVING_UP = ("todo", "unimplemented", "unreachable", "panic")


@dataclass(frozen=True)
class Item:
    """A named item: `place` is the path of modules, impls and traits around it, in words."""

    place: str
    kind: str
    name: str
    public: bool


def gutting(original: str, code: str) -> str:
    """What was taken away on the way from `original` to `code`, as half a sentence; empty when enough survives."""
    before, after = items(original), items(code)
    public = [item for item in before if item.public] or before
    there = {(item.place, item.kind, item.name) for item in after}
    seen = {(item.place, item.kind, item.name) for item in after if item.public}
    for item in public:
        key = (item.place, item.kind, item.name)
        if key not in there or (item.public and key not in seen):
            return f"`{item.kind} {item.name}` is gone or no longer public"
    old, new = tokens(original), tokens(code)
    for word in ("cfg", "cfg_attr", "macro_rules"):
        if _count(new, word) > _count(old, word):
            return f"`{word}` was added, which can hide code"
    for word in _GIVING_UP:
        if _macros(new, word) > _macros(old, word):
            return f"`{word}!` was added in the place of code"
    old_functions, new_functions = _bodies(original), _bodies(code)
    for name, given in old_functions.items():
        left = new_functions.get(name, [])
        for i, (result, body) in enumerate(given):
            # methods of one name keep their order; where their number changed, any of them may be this one
            others = left[i : i + 1] if len(left) == len(given) else left
            lazy = {value.strip() for value in defaults(result)} - {body.strip()}
            long = len(tokens(body)) > SHORT
            if others and all(o.strip() in lazy or (long and kept(body, o) < BODY_KEPT) for _, o in others):
                return f"little of the body of `{name}` is left"
    if (share := kept(original, code)) < KEPT:
        return f"only {100 * share:.0f} % of the code is left"
    return ""


def kept(original: str, code: str) -> float:
    """The share of the original's tokens, comments apart, that `code` has too, 0 to 1."""
    old = Counter(t.text for t in tokens(original))
    return (old & Counter(t.text for t in tokens(code))).total() / old.total() if old else 1.0


def _bodies(source: str) -> dict[str, list[tuple[str, str]]]:
    """(return type, body) of the functions of each name, in order."""
    found: dict[str, list[tuple[str, str]]] = {}
    for f in functions(source):
        found.setdefault(f.name, []).append((f.result, source[f.body : f.body_end]))
    return found


def items(source: str) -> list[Item]:
    """The named items at the top and in modules, impls and traits; not those inside function bodies."""
    ts = tokens(source)
    found: list[Item] = []
    _collect(ts, 0, len(ts), "", False, found)
    return found


def _collect(ts: list[Token], start: int, end: int, place: str, exposed: bool, found: list[Item]) -> None:
    """Items of ts[start:end]. `exposed`: what stands here is public without saying so (a trait's, a trait impl's)."""
    i = start
    while i < end:
        word = ts[i].text
        if ts[i].kind != "word":
            i = _behind(ts, i, end) if word in "([{" else i + 1
            continue
        if word == "impl":
            opening = _opening(ts, i, end)
            head = " ".join(t.text for t in ts[i:opening])
            close = _behind(ts, opening, end)
            _collect(ts, opening + 1, close - 1, place + _plain(head) + "/", " for " in head, found)
            i = close
            continue
        if word in _KINDS and i + 1 < end and ts[i + 1].kind == "word" and ts[i + 1].text not in _KINDS | _BEFORE:
            name = ts[i + 1].text
            public = exposed or _public(ts, i, start)
            found.append(Item(place, word, name, public))
            opening = _opening(ts, i, end)
            close = _behind(ts, opening, end)
            if word in ("mod", "trait") and opening < end and ts[opening].text == "{":
                _collect(ts, opening + 1, close - 1, f"{place}{word} {name}/", word == "trait" and public, found)
            i = close
            continue
        i += 1


def _plain(head: str) -> str:
    """An impl's head without what a repair may change of it: type parameters, lifetimes and bounds."""
    words, depth = [], 0
    for word in head.split(" where ")[0].split():
        depth += (word == "<") - (word == ">")
        if depth == 0 and word != ">" and not word.startswith("'") and word not in ("&", "mut"):
            words.append(word)
    return " ".join(words)


def _public(ts: list[Token], at: int, start: int) -> bool:
    first = at
    while first > start and (ts[first - 1].text in _BEFORE or ts[first - 1].kind == "string"):
        first -= 1
    return first > start and ts[first - 1].text == "pub"  # `pub(crate)` ends in `)`: it is no promise to others


def _opening(ts: list[Token], at: int, end: int) -> int:
    """The index of the brace that opens the item's block, or of the `;` that ends it."""
    depth = 0
    for j in range(at, end):
        text = ts[j].text if ts[j].kind == "mark" else ""
        if depth == 0 and text in ("{", ";"):
            return j
        depth += (text in ("(", "[", "{")) - (text in (")", "]", "}"))
    return end


def _behind(ts: list[Token], opening: int, end: int) -> int:
    """The index behind the bracket that closes what opens at `opening`."""
    depth = 0
    for j in range(opening, end):
        if ts[j].kind == "mark":
            depth += (ts[j].text in ("(", "[", "{")) - (ts[j].text in (")", "]", "}"))
        if depth <= 0:
            return j + 1
    return end


def _count(ts: list[Token], word: str) -> int:
    return sum(t.kind == "word" and t.text == word for t in ts)


def _macros(ts: list[Token], word: str) -> int:
    return sum(a.text == word and b.text == "!" for a, b in zip(ts, ts[1:], strict=False))
