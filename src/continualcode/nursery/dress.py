"""Generated pairs dressed as people's files are: formatted by rustfmt at some width, in the company of other
items, now and then with a second bug elsewhere in the file. Pure text; the pool puts every result before rustc.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from continualcode.rust import toolchain

LINES, CHARACTERS = 36, 1150  # a dressed file is at most this large: the request must fit the small model's context
TWO_BUGS = 800  # and this one, whose conversation shows two errors and two repairs


@dataclass(frozen=True)
class Dressed:
    """A file on its way from `buggy` to `fixed`. Of two bugs `other` is the file with the *first* pair's bug
    repaired alone, `twin` the file with the second pair's repaired alone; both empty when there is one bug.
    `boundary`: lines before it belong to the pair that stands first; `first`: whether that is the first pair."""

    buggy: str
    fixed: str
    other: str = ""
    twin: str = ""
    boundary: int = 0
    first: bool = True


def formatted(pairs: Sequence[tuple[str, str]], r: random.Random, share: float = 0.5) -> list[tuple[str, str]]:
    """Some of the pairs as rustfmt writes them, both sides under one random style (widths of lines, chains,
    calls). Unchanged where rustfmt is missing or refuses a file, or where the two sides come to differ much."""
    binary = toolchain.find().rustc.with_name("rustfmt")
    out = list(pairs)
    if not binary.exists():
        return out
    styles: dict[str, list[int]] = {}
    for i in range(len(pairs)):
        if r.random() < share:
            width = r.choice((60, 70, 80, 100, 100))
            chain = r.choice((0, 20, 35, 60))
            call = r.choice((30, 60, 60))
            styles.setdefault(f"max_width={width},chain_width={chain},fn_call_width={call}", []).append(i)
    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        for style, chosen in styles.items():
            files = {i: (Path(folder) / f"b{i}.rs", Path(folder) / f"f{i}.rs") for i in chosen}
            for i, (buggy, fixed) in files.items():
                buggy.write_text(pairs[i][0])
                fixed.write_text(pairs[i][1])
            names = [str(p) for both in files.values() for p in both]
            subprocess.run(
                [str(binary), "--edition", "2021", "--config", style, *names], capture_output=True, check=False, timeout=120
            )  # fmt: skip
            for i, (buggy, fixed) in files.items():
                new = (buggy.read_text(), fixed.read_text())
                if _differing(*new) <= _differing(*pairs[i]) + 3:
                    out[i] = new
    return out


def differing_block(old: list[str], new: list[str]) -> tuple[int, int, int]:
    """(a, b, c): old[a:b] became new[a:c], the smallest such block."""
    a = 0
    while a < min(len(old), len(new)) and old[a] == new[a]:
        a += 1
    b, c = len(old), len(new)
    while b > a and c > a and old[b - 1] == new[c - 1]:
        b, c = b - 1, c - 1
    return a, b, c


def _differing(buggy: str, fixed: str) -> int:
    a, b, c = differing_block(buggy.split("\n"), fixed.split("\n"))
    return max(b, c) - a


def alone(pair: tuple[str, str]) -> Dressed:
    return Dressed(*pair)


def in_company(pair: tuple[str, str], company: tuple[str, str], r: random.Random, second_bug: bool) -> Dressed:
    """The pair's file with the other pair's items before or behind it: repaired, or (`second_bug`) with their
    own bug. Falls back to the pair alone when the file would grow too large."""
    first = r.random() < 0.5

    def joined(mine: str, theirs: str) -> tuple[str, int]:
        top, bottom = (mine, theirs) if first else (theirs, mine)
        uses: list[str] = []
        parts: list[list[str]] = []
        for part in (top, bottom):
            lines = part.rstrip("\n").split("\n")
            uses += [line for line in lines if line.startswith("use ") and line not in uses]
            rest = [line for line in lines if not line.startswith("use ")]
            while rest and not rest[0]:
                rest.pop(0)
            parts.append(rest)
        head = [*uses, *([""] if uses and r_blank else [])]
        return "\n".join([*head, *parts[0], "", *parts[1]]) + "\n", len(head) + len(parts[0])

    r_blank = r.random() < 0.7
    fixed, _ = joined(pair[1], company[1])
    buggy, boundary = joined(pair[0], company[0] if second_bug else company[1])
    if len(fixed) > (TWO_BUGS if second_bug else CHARACTERS) or fixed.count("\n") > LINES:
        return alone(pair)
    made = Dressed(buggy, fixed, boundary=boundary, first=first)
    if second_bug:
        return replace(made, other=joined(pair[1], company[0])[0], twin=joined(pair[0], company[1])[0])
    return made
