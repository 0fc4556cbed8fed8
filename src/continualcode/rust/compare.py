"""Shows that a single file's verdict by rustc is cargo's: the same tasks through both, differences listed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from continualcode.rust.check import check
from continualcode.rust.crate import check_crate
from continualcode.rust.verdict import Verdict

_MANIFEST = '[package]\nname = "koan"\nversion = "0.1.0"\nedition = "2021"\n\n[lib]\npath = "src/lib.rs"\n'


class Task(Protocol):
    """A koan, or anything with these four."""

    @property
    def id(self) -> str: ...
    @property
    def buggy(self) -> str: ...
    @property
    def solution(self) -> str: ...
    @property
    def tests(self) -> str: ...


@dataclass(frozen=True)
class Difference:
    """One program on which the two disagree; `which` is `buggy` or `solution`."""

    id: str
    which: str
    rustc: Verdict
    cargo: Verdict


def compare_with_cargo(tasks: Iterable[Task], *, clippy: bool = True, mode: str = "auto") -> list[Difference]:
    """Checks each task's buggy and solution file by `check` and by `check_crate` and lists where compiling,
    passing, the number of tests, clippy or the signature differ. About two seconds a task."""
    found: list[Difference] = []
    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        crate = Path(folder) / "koan"
        (crate / "src").mkdir(parents=True)
        (crate / "Cargo.toml").write_text(_MANIFEST, encoding="utf-8")
        for task in tasks:
            for which, code in (("buggy", task.buggy), ("solution", task.solution)):
                code = code if code.endswith("\n") else code + "\n"
                (crate / "src" / "lib.rs").write_text(code + task.tests, encoding="utf-8")
                by_rustc = check(code, task.tests, clippy=clippy, mode=mode)
                by_cargo = check_crate(crate, clippy=clippy, target_dir=Path(folder) / "target", mode=mode)
                if _gist(by_rustc) != _gist(by_cargo):
                    found.append(Difference(task.id, which, by_rustc, by_cargo))
    return found


def _gist(verdict: Verdict) -> tuple[object, ...]:
    names = tuple(sorted(t.name for t in verdict.failed_tests))
    return (verdict.compiles, verdict.tests_pass, verdict.tests_run, verdict.clippy_clean, names, verdict.signature)
