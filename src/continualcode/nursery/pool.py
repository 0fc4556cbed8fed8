"""The pool of verified repairs that pretraining draws from, on disk as JSONL, one file a pattern.

Every pair is drawn from a pattern's generator, dressed (`dress.py`) and put before rustc: the buggy side must
show the pattern's error, the fixed side none. Some get a first attempt that fails, with the compiler's real
answer to it; some a second bug, with the compiler's answer once the first is repaired.
Patterns in `HELD_BACK` never enter.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from continualcode.koans import catalogue
from continualcode.koans.catalogue import Koan
from continualcode.koans.grammar import PATTERNS, Grammar
from continualcode.koans.leaks import corpus_leaks
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import dress
from continualcode.nursery.dress import differing_block
from continualcode.rust.batch import diagnose_batch
from continualcode.rust.diagnostics import Diagnostic, render_compact


@dataclass(frozen=True)
class PooledRepair:
    """A pair with the compiler's feedback; `wrong` and `wrong_feedback` are a failed first attempt (the
    whole file after it), `then` and `then_feedback` the file after the first of two repairs and what rustc
    says of it; empty when there is none."""

    pattern: str
    seed: int
    buggy: str
    fixed: str
    feedback: str
    wrong: str = ""
    wrong_feedback: str = ""
    then: str = ""
    then_feedback: str = ""


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


def _shows(diagnostics: list[Diagnostic], code: str | None) -> bool:
    errors = [d for d in diagnostics if d.is_error]
    return bool(errors) and (code is None or (errors[0].code or "") == code)


def draw(pattern_id: str, first_seed: int, count: int, with_wrong: float = 0.35) -> list[PooledRepair]:
    """`count` draws of a pattern, dressed, those that hold before rustc."""
    if pattern_id in HELD_BACK:
        raise ValueError(f"{pattern_id} is held back from pretraining")
    p = PATTERNS[pattern_id]
    seeds = list(range(first_seed, first_seed + count))
    r = random.Random(first_seed * 104_729 + len(pattern_id))
    known = sorted(set(PATTERNS) - HELD_BACK)
    made = [p.make(Grammar(seed)) for seed in seeds]
    others = [PATTERNS[r.choice(known)].make(Grammar(r.getrandbits(40))) for _ in seeds]
    named = [(pattern_id, seed, (x.buggy, x.fixed)) for seed, x in zip(seeds, made, strict=True)]
    company = [(x.buggy, x.fixed) for x in others]
    return dressed(named, company, r, shows=p.error, with_wrong=with_wrong)


def dressed(
    named: Sequence[tuple[str, int, tuple[str, str]]], company: Sequence[tuple[str, str]], r: random.Random, *,
    shows: str | None = None, formatted: float = 0.5, alone: float = 0.45, two_bugs: float = 0.25, with_wrong: float = 0.35,
) -> list[PooledRepair]:  # fmt: skip
    """(pattern, seed, (buggy, fixed)) of each pair, dressed and put before rustc; those that hold.

    company [as many]: what may stand beside each. shows: the error code that must come first of a file with one bug
    (None: any). formatted, alone, two_bugs, with_wrong: shares of files that rustfmt wrote, that stand alone, that
    have a second bug, and (of the rest) that get a failed first attempt."""
    every = dress.formatted([pair for _, _, pair in named] + list(company), r, share=formatted)
    pairs: list[dress.Dressed] = []
    for mine, theirs in zip(every[: len(named)], every[len(named) :], strict=True):
        roll = r.random()
        second = roll > 1 - two_bugs
        pairs.append(dress.alone(mine) if roll < alone else dress.in_company(mine, theirs, r, second_bug=second))
    buggy = diagnose_batch([pair.buggy for pair in pairs])
    clean = diagnose_batch([pair.fixed for pair in pairs])
    later = _second_bugs(pairs, buggy)
    good = [
        PooledRepair(pattern_id, seed, pair.buggy, pair.fixed, render_compact(b, "src/lib.rs"), **more)
        for (pattern_id, seed, _), pair, b, f, more in zip(named, pairs, buggy, clean, later, strict=True)
        if not any(d.is_error for d in f) and (more if pair.other else _shows(b, shows))
    ]
    return _with_wrong(good, r, with_wrong)


_HELD_BACK_WORDS = re.compile(
    r"local variable|couldn't convert the error|operator can only be used on `\w+`s, not `\w+`s"
    r"|may not live long enough, but it borrows|expected `&str`, found `char`|expected `char`, found `&str`"
)


def as_held_back(program: str, found: Sequence[Diagnostic]) -> bool:
    """Whether rustc says of a program what it says of a held-back pattern alone: a lifetime missing from a field
    (`lt_struct_missing`), a closure that outlives what it borrows (`bc_closure_needs_move`), and so on. What it says of
    known patterns too («mismatched types») cannot tell; there the bug's maker has to take care."""
    lines = program.split("\n")
    return any(
        d.code in ("E0373", "E0593", "E0782", "E0282")
        or (d.code == "E0106" and d.primary is not None and "fn " not in lines[d.primary.line - 1])
        or _HELD_BACK_WORDS.search("\n".join([d.message, *(span.label for span in d.spans)]))
        for d in found
    )


def _with_wrong(good: list[PooledRepair], r: random.Random, share: float) -> list[PooledRepair]:
    """Some of them with a plausible failed first attempt, which rustc refuses too."""
    tries: list[tuple[int, str]] = []
    for i, item in enumerate(good):
        if r.random() < share and not item.then:
            old, new = item.buggy.split("\n"), item.fixed.split("\n")
            a, b, c = differing_block(old, new)
            if b == a or b - a != c - a:
                continue
            k = r.randrange(a, b)
            changed = [*old[:k], _tamper(r, old[k]), *old[k + 1 :]]
            tries.append((i, "\n".join(changed)))
    out = list(good)
    for (i, text), found in zip(tries, diagnose_batch([t for _, t in tries]), strict=True):
        if any(d.is_error for d in found):
            out[i] = replace(good[i], wrong=text, wrong_feedback=render_compact(found, "src/lib.rs"))
    return out


def _second_bugs(pairs: list[dress.Dressed], buggy: list[list[Diagnostic]]) -> list[dict[str, str]]:
    """For each pair of two bugs: the file once the bug of the first error shown is repaired, and rustc's word
    on it; empty for pairs of one bug and for those that do not hold."""
    out: list[dict[str, str]] = [{} for _ in pairs]
    middles: list[tuple[int, str]] = []
    for i, (pair, found) in enumerate(zip(pairs, buggy, strict=True)):
        shown = next((d.primary for d in found if d.is_error and d.primary), None)
        if pair.other and shown is not None:
            mine = (shown.line <= pair.boundary) == pair.first
            middles.append((i, pair.other if mine else pair.twin))
    for (i, text), found in zip(middles, diagnose_batch([t for _, t in middles]), strict=True):
        if any(d.is_error for d in found):
            out[i] = {"then": text, "then_feedback": render_compact(found, "src/lib.rs")}
    return out


def write(folder: Path, patterns: list[str], per_pattern: int, block: int = 100, seed: int = 1_000_000) -> None:
    """Fill the pool: round after round over the patterns, so that it can be used while it grows. Blocks
    already drawn are not drawn again. What comes too near to a measured koan is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    measured = [k for k in catalogue.load() if k.split in ("gate", "test")]
    for start in range(0, per_pattern, block):
        for pattern_id in patterns:
            done = folder / f"{pattern_id}.{start:06d}.jsonl"
            if done.exists():
                continue
            items = apart(draw(pattern_id, seed + start, min(block, per_pattern - start)), measured)
            keep(done, items)
            print(pattern_id, start, len(items), flush=True)


def apart(items: list[PooledRepair], measured: list[Koan]) -> list[PooledRepair]:
    """Without those that come too near to a koan of the gate or test split (`koans/leaks.py`)."""
    near = {leak.other for leak in corpus_leaks([i.fixed for i in items], measured)}
    return [item for n, item in enumerate(items) if f"corpus:{n}" not in near]


def keep(file: Path, items: list[PooledRepair]) -> None:
    """Write a block; it appears whole or not at all."""
    temporary = file.with_suffix(".part")
    temporary.write_text("".join(json.dumps(asdict(i)) + "\n" for i in items))
    temporary.rename(file)


def read(folder: Path) -> Iterator[PooledRepair]:
    """Everything that is in the pool now."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield PooledRepair(**json.loads(line))


if __name__ == "__main__":
    import sys

    write(Path(sys.argv[1]), sys.argv[3:] or [p for p in PATTERNS if p not in HELD_BACK], int(sys.argv[2]))
