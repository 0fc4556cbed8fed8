"""Programs written for the nursery, each with bugs that people make: what generators and mutants do not reach.

`programs.jsonl` holds one program a line with its bugs, `old` (once in the program) put out by `new`. They were written
for this purpose by several writers who saw neither gate nor test koans; `tests/nursery/test_programs.py` puts
everything before rustc and the leak check. No bug is of a held-back pattern's making, and what looks like one to rustc is left out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from continualcode.koans import catalogue
from continualcode.nursery import pool
from continualcode.nursery.pool import PooledRepair
from continualcode.rust.batch import diagnose_batch

FILE = Path(__file__).with_name("programs.jsonl")


@dataclass(frozen=True)
class Bug:
    """pattern: whose making it is («other»: none's); `old` stands once in the program, `new` in the buggy file."""

    pattern: str
    old: str
    new: str


@dataclass(frozen=True)
class Program:
    text: str
    bugs: tuple[Bug, ...]

    def buggy(self, bug: Bug) -> str:
        return self.text.replace(bug.old, bug.new, 1)


def read(file: Path = FILE) -> list[Program]:
    """All of them."""
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return [Program(row["program"], tuple(Bug(**b) for b in row["bugs"])) for row in rows]


def draw(items: Sequence[Program], r: random.Random, first: int = 0) -> list[PooledRepair]:
    """One repair for each bug of `items`, dressed (`pool.dressed`), those that hold before rustc; `own_PATTERN` is what
    each is counted as. first: the number of the first."""
    chosen = [(bug, (program.buggy(bug), program.text)) for program in items for bug in program.bugs]
    others = [p for p in items if p.bugs]
    company = [(p.buggy(r.choice(p.bugs)), p.text) for p in r.choices(others, k=len(chosen))]
    named = [(f"own_{bug.pattern}", first + n, pair) for n, (bug, pair) in enumerate(chosen)]
    made = pool.dressed(named, company, r, formatted=0.3, alone=0.7, two_bugs=0.15)
    found = diagnose_batch([item.buggy for item in made])
    return [item for item, errors in zip(made, found, strict=True) if not pool.as_held_back(item.buggy, errors)]


def write(folder: Path, rounds: int, seed: int = 11, block: int = 50) -> None:
    """Add every program's bugs to a pool, `rounds` times, dressed anew each time. Blocks that are there are not drawn
    again; what comes too near to a measured koan is left out."""
    measured = [k for k in catalogue.load() if k.split in ("gate", "test")]
    every = read()
    for turn in range(rounds):
        order = random.Random(seed + turn).sample(every, len(every))
        for start in range(0, len(order), block):
            done = folder / f"programs.{turn:03d}.{start:05d}.jsonl"
            if not done.exists():
                r = random.Random(f"{seed}.{turn}.{start}")
                pool.keep(
                    done, pool.apart(draw(order[start : start + block], r, turn * 100_000 + start * 10), measured)
                )
                print("programs", turn, start, flush=True)
