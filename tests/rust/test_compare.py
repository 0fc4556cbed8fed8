"""A single file's verdict by rustc is cargo's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from continualcode.rust import toolchain
from continualcode.rust.compare import compare_with_cargo

GOOD = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
TESTS = "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn adds() {\n        assert_eq!(add(1, 2), 3);\n    }\n}\n"


@dataclass(frozen=True)
class Program:
    id: str
    buggy: str
    solution: str
    tests: str


clippy_is_here = pytest.mark.skipif(toolchain.find().clippy_driver is None, reason="clippy is not installed")


@clippy_is_here
def test_rustc_and_cargo_agree() -> None:
    tasks = [
        Program(id="one", buggy=GOOD.replace("-> i32", "-> String"), solution=GOOD, tests=TESTS),
        Program(id="two", buggy=GOOD.replace("+", "-"), solution=GOOD.replace("a + b", "return a + b;"), tests=TESTS),
    ]
    differences = compare_with_cargo(tasks)
    assert differences == [], [(d.id, d.which, [x.message for x in d.cargo.diagnostics]) for d in differences]


@clippy_is_here
def test_rustc_and_cargo_agree_on_koans() -> None:
    """A sample; `compare_with_cargo(catalogue.load())` takes all."""
    folders = sorted((Path(__file__).parents[2] / "koans").glob("*/*/koan.toml"))
    sample = [f.parent for f in folders[:: max(1, len(folders) // 2)]][:2]
    tasks = [
        Program(
            id=f.name, **{p.stem: p.read_text() for p in (f / "buggy.rs", f / "solution.rs", f / "tests.rs")}
        )
        for f in sample
    ]  # fmt: skip
    differences = compare_with_cargo(tasks)
    assert differences == [], [(d.id, d.which, [x.message for x in d.cargo.diagnostics]) for d in differences]
