"""Bugs put into programs that people wrote: one token taken away, added or changed in one line, proved by rustc.

The generators' programs are all of a kind; a koan that a person wrote is not, and a model raised on the first alone
finds the line of the second less often. The programs are the train split's repaired koans of known patterns and the
pool's own; the bugs are of the known patterns' making. Whatever comes near a held-back pattern (a missing `move`, a
derive of Hash or PartialOrd, `ok_or`, `enumerate` …) is not drawn, so that those stay unknown.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from continualcode.koans import catalogue
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import dress, pool, programs
from continualcode.nursery.pool import PooledRepair
from continualcode.rust.batch import diagnose_batch
from continualcode.rust.diagnostics import render_compact

UNTOUCHED = re.compile(
    r"\bmove\b|\bdyn\b|Hash|PartialOrd|\bOrd\b|\bEq\b|ok_or|map_err|enumerate|as_deref|upgrade|Weak|collect::<|\bchar\b|^\s*//"
)
_TYPES = ("i32", "u32", "u64", "i64", "usize", "f64", "f32", "u8", "u16")


def _drop(pattern: str, keep: str = "") -> Callable[[random.Random, str], str | None]:
    """Takes one match of `pattern` away (or puts `keep` there)."""
    found = re.compile(pattern)

    def change(r: random.Random, line: str) -> str | None:
        places = list(found.finditer(line))
        if not places:
            return None
        m = r.choice(places)
        return line[: m.start()] + m.expand(keep) + line[m.end() :]

    return change


def _other_type(r: random.Random, line: str) -> str | None:
    places = list(re.finditer(rf"(?<=[:>(<&] )(?:{'|'.join(_TYPES)})\b|(?<=<)(?:{'|'.join(_TYPES)})(?=>)", line))
    if not places:
        return None
    m = r.choice(places)
    return line[: m.start()] + r.choice([t for t in _TYPES if t != m.group()]) + line[m.end() :]


def _swapped(r: random.Random, line: str) -> str | None:
    places = list(re.finditer(r"(\w+\()([\w.&]+), ([\w.&]+)\)", line))
    if not places or "fn " in line:
        return None
    m = r.choice(places)
    return line[: m.start()] + f"{m[1]}{m[3]}, {m[2]})" + line[m.end() :]


CHANGES: dict[str, Callable[[random.Random, str], str | None]] = {
    "clone": _drop(r"\.(?:clone|cloned|copied|to_string|to_owned|to_vec|into)\(\)"),
    "string": _drop(r'String::from\(("[^"]*")\)', r"\1"),
    "reference": _drop(r"&(?!mut\b|'|&)(?=[a-z(*\[])"),
    "more_reference": _drop(r"(?<=[(, ])([a-z_]\w*)(?=[,)])", r"&\1"),
    "mutable": _drop(r"\blet mut ", "let "),
    "mutable_reference": _drop(r"&mut ", "&"),
    "by_value": _drop(r"&mut (?=[a-z])"),
    "star": _drop(r"(?<=[ (!])\*(?=[a-z])"),
    "more_star": _drop(r"(?<=[ (])(?=[a-z_]+ [=<>!]=? )", "*"),
    "question": _drop(r"\?(?=[;.,)\s]|$)"),
    "some": _drop(r"\b(?:Some|Ok)\((\w[\w.()&]*)\)(?=$|[;,)])", r"\1"),
    "more_some": _drop(r"^(\s+)([a-z][\w.]*(?:\(\w*\))?)$", r"\1Some(\2)"),
    "unwrap": _drop(r"\.(?:unwrap\(\)|unwrap_or\([^()]*\)|unwrap_or_default\(\)|expect\(\"[^\"]*\"\)|unwrap_or_else\([^()]*\))"),
    "cast": _drop(r" as (?:usize|f64|u64|u32|i32|i64|f32|u8|char)\b"),
    "other_cast": _drop(r" as (?:usize|f64|u64|i64)\b", " as u16"),
    "number": _drop(r"(?<![\w.\"'])(\d+)\.0\b", r"\1"),
    "more_number": _drop(r"(?<![\w.\"'\[])([0-9]+)(?![\w.\"'=\]])", r"\1.0"),
    "type": _other_type,
    "iter": _drop(r"\.(?:iter|iter_mut|into_iter|chars|bytes|lines|keys|values|windows)\(\w*\)"),
    "into_iter": _drop(r"\.iter\(\)", ".into_iter()"),
    "step": _drop(r"\.(?:collect|sum|count|next|max|min|last|rev|flatten|as_str|as_ref|as_mut|as_bytes|as_slice|trim|len|borrow|borrow_mut|take|get_mut|iter)(?:::<[^()]*>)?\(\)"),
    "some_types": _drop(r"\.(sum|parse|product)::<[^()]*>\(\)", r".\1()"),
    "box": _drop(r"\b(?:Box|Rc|RefCell|Arc)::new\((\w[\w.]*(?:\([^()]*\))?)\)", r"\1"),
    "rc_clone": _drop(r"\bRc::clone\(&([\w.]+)\)", r"\1"),
    "lifetime": _drop(r"(?<=\w)<'a>(?=\()"),
    "lifetime_argument": _drop(r"&'a "),
    "bound": _drop(r"<(\w): [\w: +<>]+>(?=[( ])", r"<\1>"),
    "one_bound": _drop(r" \+ \w+"),
    "generic": _drop(r"(?<=[A-Z]\w{2})<[A-Z]>"),
    "derive": _drop(r"(?<=[(\s])(?:Clone|Copy|Debug|Default|PartialEq)(?:, |(?=\)))"),
    "semicolon": _drop(r";$"),
    "more_semicolon": _drop(r"(?<=[\w)\"])$", ";"),
    "self": _drop(r"\bself\.(?=[a-z])"),
    "receiver": _drop(r"\(&mut self\b", "(&self"),
    "owned_receiver": _drop(r"\(&self\b", "(self"),
    "text": _drop(r": String\b", ": &str"),
    "more_text": _drop(r": &str\b", ": String"),
    "optional": _drop(r"-> (?:Option|Vec|Box)<(\w+)>", r"-> \1"),
    "brackets": _drop(r"(?<=[a-z])\(\)(?=[.;,)?\s])"),
    "negation": _drop(r"(?<=[ (])!(?=[a-z])"),
    "swap": _swapped,
    "argument": _drop(r"(?<=\(), ?[\w.&]+(?=\))|, [\w.&]+(?=\))"),
    "ref_text": _drop(r'(?<=[(, ])("[^"{}]*")(?=[,)])', r"\1.to_string()"),
    "unit_match": _drop(r"\b(?:Some|Ok|Err)\((\w+)\)(?= =>)", r"\1"),
}  # fmt: skip


def mutated(r: random.Random, program: str) -> tuple[str, str] | None:
    """(name of the change, program with it), each kind of change that the program has room for as likely as any
    other; None when there is room for none."""
    lines = program.rstrip("\n").split("\n")
    open_lines = [i for i, line in enumerate(lines) if line.strip() and not UNTOUCHED.search(line)]
    for name in r.sample(list(CHANGES), len(CHANGES)):
        for i in r.sample(open_lines, len(open_lines)):
            if name == "lifetime_argument" and "fn " not in lines[i]:
                continue
            changed = CHANGES[name](r, lines[i])
            if changed is not None and changed != lines[i] and changed.strip():
                return name, "\n".join([*lines[:i], changed, *lines[i + 1 :]]) + "\n"
    return None


def sources() -> list[str]:
    """The train split's repaired programs of known patterns, and the nursery's own (`programs.py`)."""
    koans = [k.solution for k in catalogue.load() if k.split == "train" and k.pattern not in HELD_BACK]
    return koans + [p.text for p in programs.read()]


def pairs(texts: Sequence[str], r: random.Random, count: int) -> Iterator[PooledRepair]:
    """Up to `count` mutants that rustc refuses, of programs that it takes, dressed (`dress.py`)."""
    drawn: list[tuple[str, str, str]] = []
    for _ in range(count):
        program = r.choice(texts)
        found = mutated(r, program)
        if found is not None:
            drawn.append((found[0], found[1], program if program.endswith("\n") else program + "\n"))
    styled = dress.formatted([(b, f) for _, b, f in drawn], r, share=0.4)
    dressed: list[dress.Dressed] = []
    for pair in styled:
        other = r.choice(styled)
        dressed.append(dress.in_company(pair, other, r, second_bug=False) if r.random() < 0.3 else dress.alone(pair))
    clean = diagnose_batch([d.fixed for d in dressed])
    buggy = diagnose_batch([d.buggy for d in dressed])
    for n, ((name, _, _), d, found, ok) in enumerate(zip(drawn, dressed, buggy, clean, strict=True)):
        if pool.as_held_back(d.buggy, found):
            continue
        if any(x.is_error for x in found) and not any(x.is_error for x in ok):
            yield PooledRepair(f"mutant_{name}", n, d.buggy, d.fixed, render_compact(found, "src/lib.rs"))


def write(folder: Path, count: int, seed: int = 5, block: int = 500, own: float = 0.6) -> None:
    """Add about `count` mutants to a pool: a share `own` of people's programs, the rest of the pool's. Blocks that
    are there are not drawn again; what comes too near to a measured koan is left out."""
    measured = [k for k in catalogue.load() if k.split in ("gate", "test")]
    people = sources()
    generated: list[str] = []
    seen: set[str] = set()
    for start in range(0, count, block):
        done = folder / f"mutants.{start:06d}.jsonl"
        if done.exists():
            continue
        if not generated:
            generated = [i.fixed for i in pool.read(folder) if not i.pattern.startswith("mutant_")]
        r = random.Random(seed * 1_000_003 + start)
        there = people if r.random() < own or not generated else r.sample(generated, min(len(generated), block))
        made = {item.buggy: item for item in pairs(there, r, min(block, count - start))}
        items = pool.apart([item for buggy, item in made.items() if buggy not in seen], measured)
        seen.update(made)
        pool.keep(done, items)
        print("mutants", start, len(items), flush=True)
