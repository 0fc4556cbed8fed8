"""Rust source as tokens: enough of the language to compare programs and to find function bodies.

It does not parse: it knows comments, strings, characters, lifetimes, numbers, words and marks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<string>\b(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes)|\b[bc]?"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*")
  | (?P<char>\bb?'(?:[^'\\\n]|\\(?:u\{[0-9a-fA-F_]*\}|x[0-9a-fA-F]{2}|.))'|'(?:[^'\\\n]|\\(?:u\{[0-9a-fA-F_]*\}|x[0-9a-fA-F]{2}|.))')
  | (?P<lifetime>'[A-Za-z_]\w*)
  | (?P<number>\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?(?:[iuf](?:8|16|32|64|128|size))?|0[xob][\da-fA-F_]+)
  | (?P<word>[^\W\d]\w*)
  | (?P<mark>->|=>|::|\.\.=|\.\.|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|\S)
    """,
    re.X | re.S,
)


@dataclass(frozen=True)
class Token:
    """A piece of source: `kind` is string, char, lifetime, number, word or mark; `start`, `end` are offsets."""

    kind: str
    text: str
    start: int
    end: int


def tokens(source: str) -> list[Token]:
    """The source's tokens without comments and blanks."""
    found = []
    for m in _TOKEN.finditer(source):
        kind = m.lastgroup or "mark"
        if kind == "hashes":
            kind = "string"
        if kind != "comment":
            found.append(Token(kind, m.group(), m.start(), m.end()))
    return found


@dataclass(frozen=True)
class Function:
    """A function with a body. Offsets into the source: `start` of the item (its `pub`), `body` the offset
    behind the opening brace, `body_end` that of the closing brace. `result` is the return type's text."""

    name: str
    public: bool
    result: str
    start: int
    body: int
    body_end: int


_OPEN = {"(": ")", "[": "]", "{": "}"}
_QUALIFIERS = {"const", "async", "unsafe", "extern"}


def functions(source: str) -> list[Function]:
    """The functions that have a body, in order; nested ones too."""
    ts = tokens(source)
    found: list[Function] = []
    for i, t in enumerate(ts):
        if t.text != "fn" or i + 1 >= len(ts) or ts[i + 1].kind != "word":
            continue
        opening = _body(ts, i)
        if opening is None:
            continue
        close = _closing(ts, opening)
        first = i
        while first and ts[first - 1].text in _QUALIFIERS:
            first -= 1
        public = False
        if first and ts[first - 1].text == "pub":
            first, public = first - 1, True
        elif first > 3 and ts[first - 1].text == ")" and ts[first - 4].text == "pub":
            first, public = first - 4, True
        arrow = next((j for j in range(i, opening) if ts[j].text == "->" and _depth(ts, i, j) == 0), None)
        end = next((j for j in range(arrow or opening, opening) if ts[j].text == "where"), opening)
        result = source[ts[arrow + 1].start : ts[end].start].strip() if arrow else ""
        found.append(Function(ts[i + 1].text, public, result, ts[first].start, ts[opening].end, ts[close].start))
    return found


def _body(ts: list[Token], at: int) -> int | None:
    """The index of the brace that opens the body of the function at `at`; None for a bare signature."""
    depth = 0
    for j in range(at, len(ts)):
        if ts[j].text in "([":
            depth += 1
        elif ts[j].text in ")]":
            depth -= 1
        elif depth == 0 and ts[j].text == "{":
            return j
        elif depth == 0 and ts[j].text == ";":
            return None
    return None


def _closing(ts: list[Token], opening: int) -> int:
    depth = 0
    for j in range(opening, len(ts)):
        if ts[j].kind == "mark":
            depth += (ts[j].text in _OPEN) - (ts[j].text in _OPEN.values())
        if depth == 0:
            return j
    return len(ts) - 1


def _depth(ts: list[Token], start: int, end: int) -> int:
    return sum((t.text in _OPEN) - (t.text in _OPEN.values()) for t in ts[start:end] if t.kind == "mark")
