"""Variants: fresh programs of a pattern, each proven by the compiler before anyone sees it.

A variant's buggy program fails with its pattern's error code first, its repair compiles and is clippy-clean
(where clippy is installed), and no two variants are the same program under other names. Generated code
is compiled in batches and never run.
"""

from __future__ import annotations

import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from continualcode.koans import patterns  # noqa: F401  (fills PATTERNS)
from continualcode.koans.catalogue import KoanError
from continualcode.koans.grammar import PATTERNS, Grammar, Pair
from continualcode.koans.tokens import tokens
from continualcode.rust import batch, toolchain
from continualcode.rust.diagnostics import Diagnostic, parse_json_lines, render_compact

_ROUNDS = 8  # draws are repeated this often before a pattern counts as exhausted


@dataclass(frozen=True)
class Variant:
    """A verified pair. `diagnostics` are those of `buggy`; `seed` draws it again."""

    pattern: str
    family: str
    buggy: str
    fixed: str
    diagnostics: tuple[Diagnostic, ...]
    seed: int

    @property
    def feedback(self) -> str:
        """What a model is shown of the errors."""
        return render_compact(self.diagnostics, batch.PATH)


def draw(pattern: str, seed: int) -> Pair:
    """The pair of a pattern and a seed, unverified. Raises KoanError for an unknown pattern."""
    if pattern not in PATTERNS:
        raise KoanError(f"There is no pattern `{pattern}`: known are {', '.join(sorted(PATTERNS))}.")
    return PATTERNS[pattern].make(Grammar(zlib.crc32(f"{pattern}:{seed}".encode())))


def make(pattern: str, count: int, seed: int = 0) -> list[Variant]:
    """`count` different verified variants of a pattern; fewer only when fresh draws stop giving new ones.
    Deterministic in its arguments and the compiler. Raises KoanError for an unknown pattern."""
    wanted = max(0, count)
    made: list[Variant] = []
    seen: set[tuple[str, ...]] = set()
    next_seed = seed * 1_000_003
    for _ in range(_ROUNDS):
        if len(made) >= wanted:
            break
        drawn: list[tuple[int, Pair]] = []
        for _ in range(2 * (wanted - len(made)) + 8):
            pair = draw(pattern, next_seed)
            key = shape(pair.buggy)
            if key not in seen:
                seen.add(key)
                drawn.append((next_seed, pair))
            next_seed += 1
            if len(drawn) >= wanted - len(made) + 2:
                break
        made += verified(pattern, drawn)
    return made[:wanted]


def verified(pattern: str, drawn: Sequence[tuple[int, Pair]]) -> list[Variant]:
    """Those of the (seed, pair)s that the compiler and clippy confirm."""
    kind = PATTERNS[pattern]
    checks = batch.verify_batch([(pair.buggy, pair.fixed) for _, pair in drawn])
    sound = [
        Variant(pattern, kind.family, pair.buggy, pair.fixed, tuple(check.buggy), seed)
        for (seed, pair), check in zip(drawn, checks, strict=True)
        if check.sound and check.code == (kind.error or "error")
    ]
    clean = clippy_clean([v.fixed for v in sound])
    return [v for v, ok in zip(sound, clean, strict=True) if ok]


def clippy_clean(programs: Sequence[str]) -> list[bool]:
    """Whether clippy has nothing to say of each of these compiling programs (one run for all of them);
    all True where clippy is not installed."""
    driver = toolchain.find().clippy_driver
    if driver is None or not programs:
        return [True] * len(programs)
    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        for i, program in enumerate(programs):
            (Path(folder) / f"v{i:05d}.rs").write_text(program, encoding="utf-8")
        modules = "".join(f"pub mod v{i:05d};\n" for i in range(len(programs)))
        (Path(folder) / "lib.rs").write_text(modules, encoding="utf-8")
        command = [
            str(driver), "--edition", "2021", "--crate-type", "lib", "--crate-name", "batch", "--emit=metadata",
            "--sysroot", str(toolchain.find().sysroot), "--error-format=json", "-W", "clippy::all", "--out-dir", ".", "lib.rs",
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=300
        )
    clean = [done.returncode == 0] * len(programs)
    for d in parse_json_lines(done.stderr.splitlines()):
        for span in d.spans:
            name = Path(span.path).name
            if name.startswith("v") and name[1:6].isdigit():
                clean[int(name[1:6])] = False
    return clean


def shape(program: str) -> tuple[str, ...]:
    """The program's tokens with its own names numbered in order of appearance: equal for the same program
    under other names. Literals stay, for they are part of what a repair is about."""
    names: dict[str, str] = {}
    words: list[str] = []
    for token in tokens(program):
        own = token.kind == "word" and token.text not in _WORDS
        words.append(names.setdefault(token.text, f"name{len(names)}") if own else token.text)
    return tuple(words)


_WORDS = frozenset(
    """as break const continue dyn else enum false fn for if impl in let loop match mod move mut pub ref return self
    Self static struct trait true type use where while i8 i16 i32 i64 u8 u16 u32 u64 usize isize f32 f64 bool char str
    String Vec Option Some None Result Ok Err Box HashMap HashSet BTreeMap BTreeSet""".split()
)
