"""Many small programs through one rustc: each is a module `v0000…` of one library crate.

A compiler's start costs as much as twenty small programs, so a batch runs at several times the speed of
one call each. For programs that our own generators made: they are compiled with `--emit=metadata` outside
the sandbox and never run. What a model wrote goes through `check`.

What is given back for a program is what rustc says of it alone. rustc stops a whole crate after the phase
in which the first error fell (parsing, names, types, borrows), so a program that shows no error next to
one that does proves nothing: those without errors are compiled again among themselves until a run is
clean. (Of several errors in one program the first is the same; one of a later phase can be missing.)
Programs that could feel their neighbours (`crate::`, exported macros, inference that another
program's impls make ambiguous) are compiled alone.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from continualcode.rust import toolchain
from continualcode.rust.diagnostics import Diagnostic, Span, fill_text, parse_json_lines

PATH = "src/lib.rs"  # what a program's file is called in its diagnostics
_ROOT = "lib.rs"  # the crate's own file in a batch: where rustc puts what it cannot place
_ALONE = re.compile(
    r"\bcrate\b|#!\[|macro_export|no_mangle|export_name|\bglobal_asm\b|^\s*(?:pub\s+)?mod\s+\w+\s*;", re.M
)
_AMBIGUOUS = {"E0282", "E0283", "E0284", "E0790"}  # errors that a neighbour's impls can cause
_FILE = re.compile(r"(?:^|/)v(\d{4})\.rs$")
_MODULE = re.compile(r"\b(?:crate::)?v(\d{4})::")
_LIBRARY = re.compile(r"\b(?:std|core|alloc)(?:::[a-z_]\w*)+::([A-Z]\w*)")
_COINED = re.compile(r"\b(?:struct|enum|trait|union|type)\s+([A-Z]\w*)|^\s*(?:pub\s+)?use\s+([^;]+);", re.M)
_NAMED = re.compile(r"(?:[^\s@]*/)?\bv\d{4}\.rs")  # a file named in a message: {closure@v0007.rs:7:14: 7:20}


@dataclass(frozen=True)
class PairCheck:
    """The diagnostics of a buggy program and of its repair."""

    buggy: list[Diagnostic]
    solution: list[Diagnostic]

    @property
    def sound(self) -> bool:
        """The buggy one fails to compile, the repair compiles."""
        return any(d.is_error for d in self.buggy) and not any(d.is_error for d in self.solution)

    @property
    def code(self) -> str:
        """The buggy one's first error code (`error` for one without a code, empty without an error)."""
        return next((d.code or "error" for d in self.buggy if d.is_error), "")


def diagnose_batch(programs: Sequence[str], *, size: int = 128, seconds: float = 120) -> list[list[Diagnostic]]:
    """Each program's errors (warnings are off), with path `src/lib.rs` and lines of its own file; an empty
    list is a program that compiles. `size`: programs a rustc run; `seconds`: the limit of one run.

    A program that makes rustc itself crash or hang gets one error without a code that says so.
    """
    found: dict[int, list[Diagnostic]] = {}
    together = [i for i, p in enumerate(programs) if not _ALONE.search(p)]
    apart = [i for i, p in enumerate(programs) if _ALONE.search(p)]
    for start in range(0, len(together), size):
        apart += _settle(programs, together[start : start + size], found, seconds)
    for i in apart:
        found[i] = _alone(programs[i], seconds)
    return [found[i] for i in range(len(programs))]


def compiles_batch(programs: Sequence[str]) -> list[bool]:
    """Which of the programs compile without an error."""
    return [not any(d.is_error for d in found) for found in diagnose_batch(programs)]


def verify_batch(pairs: Sequence[tuple[str, str]]) -> list[PairCheck]:
    """(buggy, solution) pairs checked together; see `PairCheck.sound`."""
    found = diagnose_batch([program for pair in pairs for program in pair])
    return [PairCheck(found[2 * i], found[2 * i + 1]) for i in range(len(pairs))]


def _settle(programs: Sequence[str], batch: list[int], found: dict[int, list[Diagnostic]], seconds: float) -> list[int]:
    """Compiles `batch` until what is left of it is clean; fills `found`, hands back those to compile alone."""
    apart: list[int] = []
    while batch:
        if len(batch) == 1:
            return apart + batch
        ok, diagnostics = _compile([programs[i] for i in batch], seconds)
        if ok:
            found.update((i, []) for i in batch)
            return apart
        blamed = _by_program(diagnostics, [programs[i] for i in batch])
        if not blamed:  # rustc crashed, hung, or spoke of the crate: halve to find whose doing it is
            half = len(batch) // 2
            apart += _settle(programs, batch[:half], found, seconds)
            batch = batch[half:]
            continue
        for position, own in blamed.items():
            if own is None or any(d.code in _AMBIGUOUS for d in own):
                apart.append(batch[position])
            else:
                found[batch[position]] = own
        batch = [i for position, i in enumerate(batch) if position not in blamed]
    return apart


def _by_program(diagnostics: Iterable[Diagnostic], programs: Sequence[str]) -> dict[int, list[Diagnostic] | None]:
    """Errors by the program their primary place lies in; None for a program whose errors speak of another."""
    coined = [_coined(p) for p in programs]
    everybody = set().union(*coined)
    blamed: dict[int, list[Diagnostic] | None] = {}
    for d in diagnostics:
        owners = [int(m[1]) for s in (d.primary, *d.spans) if s and (m := _FILE.search(s.path))]
        if not d.is_error or not owners or owners[0] >= len(programs):
            continue
        own = _own_view(d, owners[0], everybody - coined[owners[0]])
        earlier = blamed.setdefault(owners[0], [])
        if own is None or earlier is None:
            blamed[owners[0]] = None
        else:
            earlier.append(own)
    return blamed


def _coined(program: str) -> set[str]:
    """The type names that a program makes or imports: where they are a library type's too, rustc calls that one by its
    whole path in every program of the crate."""
    return {word for own, used in _COINED.findall(program) for word in re.findall(r"\b[A-Z]\w*", own or used)}


def _own_view(d: Diagnostic, owner: int, others: set[str]) -> Diagnostic | None:
    """`d` as rustc would have said it of this program alone: hints that name other programs are left out, the module's
    own name disappears, and the paths of library types that only `others` (names) made ambiguous. None when the
    error itself speaks of another program."""

    def placed(text: str) -> str:
        return _NAMED.sub(PATH, _MODULE.sub("", text))

    def own(text: str) -> str:
        text = placed(text)
        return text if "`use " in text else _LIBRARY.sub(lambda m: m[1] if m[1] in others else m[0], text)

    def foreign(text: str) -> bool:
        return any(int(m) != owner for m in _MODULE.findall(text))

    if foreign(d.message):
        return None
    spans: list[Span] = []
    for span in d.spans:
        file = _FILE.search(span.path)
        if span.path == _ROOT or (file and int(file[1]) != owner) or foreign(f"{span.note} {span.replacement or ''}"):
            continue
        if foreign(span.label):
            return None
        spans.append(
            replace(
                span,
                path=PATH if file else span.path,
                label=own(span.label),
                note=own(span.note),
                replacement=placed(span.replacement) if span.replacement is not None else None,
            )
        )
    return replace(
        d,
        message=own(d.message),
        spans=tuple(spans),
        helps=tuple(own(h) for h in d.helps if not foreign(h)),
        rendered="" if foreign(d.rendered) else own(d.rendered),
    )


def _alone(program: str, seconds: float) -> list[Diagnostic]:
    tools = toolchain.find()
    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        (Path(folder) / "src").mkdir()
        (Path(folder) / PATH).write_text(program, encoding="utf-8")
        ok, diagnostics = _rustc(tools, Path(folder), PATH, seconds)
    errors = [d for d in fill_text(diagnostics, PATH, program) if d.is_error]
    if not ok and not errors:
        return [Diagnostic("error", "", "the compiler crashed or did not end on this program", ())]
    return errors


def _compile(programs: Sequence[str], seconds: float) -> tuple[bool, list[Diagnostic]]:
    tools = toolchain.find()
    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        for i, program in enumerate(programs):
            (Path(folder) / f"v{i:04d}.rs").write_text(program, encoding="utf-8")
        modules = "".join(f"mod v{i:04d};\n" for i in range(len(programs)))
        (Path(folder) / _ROOT).write_text(f"#![allow(warnings)]\n{modules}", encoding="utf-8")
        return _rustc(tools, Path(folder), _ROOT, seconds)


def _rustc(tools: toolchain.Toolchain, folder: Path, entry: str, seconds: float) -> tuple[bool, list[Diagnostic]]:
    command = [
        str(tools.rustc), "--edition", "2021", "--crate-type", "lib", "--crate-name", "batch", "--emit=metadata",
        "--error-format=json", "-A", "warnings", "--out-dir", ".", entry,
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return False, []
    return done.returncode == 0, parse_json_lines(done.stderr.splitlines())
