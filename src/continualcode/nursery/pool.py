"""The pool of verified repairs that pretraining draws from, on disk as JSONL, one file a pattern.

Every pair is drawn from a pattern's generator and put before rustc: the buggy side must show the pattern's
error, the fixed side none. Some get a first attempt that fails, with the compiler's real answer to it.
Patterns in `HELD_BACK` never enter.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from continualcode.koans.grammar import PATTERNS, Grammar
from continualcode.koans.patterns import HELD_BACK
from continualcode.rust.batch import diagnose_batch
from continualcode.rust.diagnostics import Diagnostic, render_compact


@dataclass(frozen=True)
class PooledRepair:
    """A pair with the compiler's feedback; `wrong` and `wrong_feedback` are a failed first attempt (the
    whole file after it), empty when there is none."""

    pattern: str
    seed: int
    buggy: str
    fixed: str
    feedback: str
    wrong: str = ""
    wrong_feedback: str = ""


def differing_block(old: list[str], new: list[str]) -> tuple[int, int, int]:
    """(a, b, c): old[a:b] became new[a:c], the smallest such block."""
    a = 0
    while a < min(len(old), len(new)) and old[a] == new[a]:
        a += 1
    b, c = len(old), len(new)
    while b > a and c > a and old[b - 1] == new[c - 1]:
        b, c = b - 1, c - 1
    return a, b, c


def _tamper(r: random.Random, line: str) -> str:
    """A plausible wrong repair of one line: what people try first."""
    words = [
        m
        for m in re.finditer(r"\b[a-z_]+\w*\b", line)
        if m.group() not in ("let", "mut", "fn", "pub", "for", "in", "if", "else", "return", "match")
    ]
    w = r.choice(words) if words else None
    options = [
        lambda: line[: w.start()] + "&" + line[w.start() :] if w else line,
        lambda: line[: w.end()] + ".clone()" + line[w.end() :] if w else line,
        lambda: line[: w.start()] + "*" + line[w.start() :] if w else line,
        lambda: line.replace("let ", "let mut ", 1),
        lambda: line.rstrip(";") if line.endswith(";") else line + ";",
        lambda: line[:-1] + ".to_string();" if line.endswith(";") else line + ".to_string()",
        lambda: line[:-1] + "?;" if line.endswith(";") else line + "?",
        lambda: line[:-1] + ".unwrap();" if line.endswith(";") else line + ".unwrap()",
        lambda: line.replace("&", "", 1),
        lambda: line.replace("&", "&mut ", 1),
        lambda: line.replace("i32", "i64", 1),
        lambda: line.replace(".iter()", ".into_iter()", 1),
        lambda: line,
    ]
    return r.choice(options)()


def _shows(diagnostics: list[Diagnostic], code: str) -> bool:
    errors = [d for d in diagnostics if d.is_error]
    return bool(errors) and (errors[0].code == code or (not code and not errors[0].code))


def draw(pattern_id: str, first_seed: int, count: int, with_wrong: float = 0.35) -> list[PooledRepair]:
    """`count` draws of a pattern, those that hold before rustc."""
    if pattern_id in HELD_BACK:
        raise ValueError(f"{pattern_id} is held back from pretraining")
    p = PATTERNS[pattern_id]
    seeds = range(first_seed, first_seed + count)
    pairs = [p.make(Grammar(seed)) for seed in seeds]
    buggy = diagnose_batch([pair.buggy for pair in pairs])
    clean = diagnose_batch([pair.fixed for pair in pairs])
    good = [
        PooledRepair(pattern_id, seed, pair.buggy, pair.fixed, render_compact(b, "src/lib.rs"))
        for seed, pair, b, f in zip(seeds, pairs, buggy, clean, strict=True)
        if _shows(b, p.error) and not any(d.is_error for d in f)
    ]
    r = random.Random(first_seed * 7919 + len(pattern_id))
    tries: list[tuple[int, str]] = []
    for i, item in enumerate(good):
        if r.random() < with_wrong:
            old, new = item.buggy.split("\n"), item.fixed.split("\n")
            a, b, c = differing_block(old, new)
            if b == a or b - a != c - a:
                continue
            k = r.randrange(a, b)
            changed = [*old[:k], _tamper(r, old[k]), *old[k + 1 :]]
            tries.append((i, "\n".join(changed)))
    for (i, text), found in zip(tries, diagnose_batch([t for _, t in tries]), strict=True):
        if any(d.is_error for d in found):
            good[i] = PooledRepair(
                **{**asdict(good[i]), "wrong": text, "wrong_feedback": render_compact(found, "src/lib.rs")}
            )
    return good


def write(folder: Path, patterns: list[str], per_pattern: int, block: int = 100, seed: int = 1_000_000) -> None:
    """Fill the pool: round after round over the patterns, so that it can be used while it grows. Blocks
    already drawn are not drawn again."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, per_pattern, block):
        for pattern_id in patterns:
            done = folder / f"{pattern_id}.{start:06d}.jsonl"
            if done.exists():
                continue
            items = draw(pattern_id, seed + start, block)
            temporary = done.with_suffix(".part")
            temporary.write_text("".join(json.dumps(asdict(i)) + "\n" for i in items))
            temporary.rename(done)
            print(pattern_id, start, len(items), flush=True)


def read(folder: Path) -> Iterator[PooledRepair]:
    """Everything that is in the pool now."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield PooledRepair(**json.loads(line))


if __name__ == "__main__":
    import sys

    write(Path(sys.argv[1]), sys.argv[3:] or [p for p in PATTERNS if p not in HELD_BACK], int(sys.argv[2]))
