"""Verdicts on single files and crates, by the real compiler in the real sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from continualcode.errors import UserError
from continualcode.rust import toolchain
from continualcode.rust.check import Item, check, check_many
from continualcode.rust.crate import check_crate
from continualcode.sandbox import Limits, available

TESTS = """#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
    }
    #[test]
    fn zero() {
        assert_eq!(add(0, 0), 0, "zero and zero");
    }
}
"""
GOOD = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
WRONG = "pub fn add(a: i32, b: i32) -> i32 {\n    a * b + 1\n}\n"
BROKEN = "pub fn add(a: i32, b: i32) -> i32 {\n    let sum: String = a + b;\n    sum\n}\n"
LINTED = "pub fn add(a: i32, b: i32) -> i32 {\n    return a + b;\n}\n"
clippy_is_here = pytest.mark.skipif(toolchain.find().clippy_driver is None, reason="clippy is not installed")


@pytest.mark.parametrize("mode", [m for m in ("bubblewrap", "landlock") if available()[m]])
def test_solved(mode: str) -> None:
    verdict = check(GOOD, TESTS, mode=mode)
    assert (verdict.compiles, verdict.tests_pass, verdict.tests_run, verdict.clippy_clean) == (True, True, 2, None)
    assert verdict.solved and verdict.feedback() == "ok" and verdict.signature == ""


def test_failing_tests_have_names_and_reasons() -> None:
    verdict = check(WRONG, TESTS)
    assert verdict.compiles and not verdict.tests_pass and verdict.tests_run == 2
    assert [t.name for t in verdict.failed_tests] == ["tests::zero"]
    assert "zero and zero" in verdict.failed_tests[0].reason and "left: " in verdict.failed_tests[0].reason
    assert verdict.signature == "tests:assertion failed"


def test_errors_lie_in_the_code() -> None:
    verdict = check(BROKEN, TESTS)
    assert not verdict.compiles and verdict.tests_run == 0
    assert {s.path for d in verdict.diagnostics for s in d.spans} == {"src/lib.rs"}
    assert verdict.diagnostics[0].code == "E0308"
    assert "2|    let sum: String = a + b;" in verdict.feedback("src/lib.rs")


def test_errors_in_the_tests_mean_that_it_does_not_compile() -> None:
    verdict = check("pub fn add(a: i32) -> i32 {\n    a\n}\n", TESTS)
    assert not verdict.compiles
    primary = verdict.diagnostics[0].primary
    assert primary is not None and (primary.path, primary.line) == ("tests.rs", 6)
    assert primary.text == TESTS.splitlines()[5]


def test_an_empty_or_gutted_solution_fails() -> None:
    for code in ("", "fn main() {}\n", "pub fn add(_: i32, _: i32) -> i32 {\n    todo!()\n}\n"):
        assert not check(code, TESTS).solved


def test_without_tests_it_only_compiles() -> None:
    for tests in (None, ""):
        verdict = check(GOOD, tests)
        assert verdict.compiles and not verdict.solved and verdict.tests_run == 0
    assert check(GOOD, TESTS, run_tests=False).compiles
    assert check('fn main() { println!("hello"); }', None).compiles


@clippy_is_here
def test_clippy() -> None:
    assert check(GOOD, TESTS, clippy=True).trainable
    verdict = check(LINTED, TESTS, clippy=True)
    assert verdict.solved and verdict.clippy_clean is False and not verdict.trainable
    assert verdict.signature.startswith("clippy::needless_return:")
    assert check(BROKEN, TESTS, clippy=True).clippy_clean is None


def test_a_test_without_end_is_stopped() -> None:
    verdict = check("pub fn add(_: i32, _: i32) -> i32 {\n    loop {}\n}\n", TESTS, limits=Limits(seconds=1))
    assert (verdict.compiles, verdict.stopped, verdict.tests_pass) == (True, "timeout", False)
    assert verdict.failed_tests[0].name == "tests::adds"


def test_recursion_without_end_is_explained() -> None:
    verdict = check(
        "pub fn add(a: i32, b: i32) -> i32 {\n    if a > b + 1_000_000_000 { 0 } else { 1 + add(a, b) }\n}\n", TESTS
    )
    assert not verdict.tests_pass
    assert "stack" in verdict.failed_tests[0].reason


def test_input_that_is_not_rust(tmp_path: Path) -> None:
    for code in ("\0\0", "\ud800", "fn f() {\r\n", "é" * 1000, "{" * 2000, "fn f() { /* "):
        verdict = check(code, TESTS)
        assert not verdict.compiles and verdict.diagnostics[0].is_error


def test_windows_line_ends_keep_their_lines() -> None:
    verdict = check(BROKEN.replace("\n", "\r\n"), TESTS.replace("\n", "\r\n"))
    primary = verdict.diagnostics[0].primary
    assert primary is not None and primary.line == 2
    assert check(GOOD.replace("\n", "\r\n"), TESTS.replace("\n", "\r\n")).solved


def test_should_panic_and_prints() -> None:
    code = (
        'pub fn f(x: i32) -> i32 {\n    println!("test tests::b ... FAILED");\n    assert!(x > 0, "small");\n    x\n}\n'
    )
    tests = (
        '#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    #[should_panic(expected = "small")]\n'
        "    fn a() {\n        f(0);\n    }\n    #[test]\n    fn b() {\n        assert_eq!(f(1), 1);\n    }\n}\n"
    )
    verdict = check(code, tests)
    assert verdict.solved and verdict.tests_run == 2


# -- many, and remembered


def test_many_in_order_and_once(tmp_path: Path) -> None:
    items = [Item(GOOD, TESTS), Item(BROKEN, TESTS), (WRONG, TESTS), Item(GOOD, TESTS)]
    verdicts = check_many(items, workers=2, cache=tmp_path)
    assert [v.solved for v in verdicts] == [True, False, False, True]
    assert len(list(tmp_path.rglob("*.json"))) == 3
    again = check_many(items, cache=tmp_path)
    assert all(v.cached for v in again) and again == verdicts


def test_cache_tells_apart_and_survives_damage(tmp_path: Path) -> None:
    first = check(BROKEN, TESTS, cache=tmp_path)
    assert not first.cached
    assert check(BROKEN, TESTS, cache=tmp_path).cached
    assert not check(BROKEN + "\n", TESTS, cache=tmp_path).cached
    assert not check(BROKEN, TESTS + "\n", cache=tmp_path).cached
    for file, damage in zip(tmp_path.rglob("*.json"), ("", "{}", '{"compiles": 1, "diagnostics": 3}'), strict=True):
        file.write_text(damage)
    again = check(BROKEN, TESTS, cache=tmp_path)
    assert not again.cached and again.diagnostics == first.diagnostics


def test_cache_does_not_keep_what_was_cut_short(tmp_path: Path) -> None:
    check("pub fn add(_: i32, _: i32) -> i32 {\n    loop {}\n}\n", TESTS, cache=tmp_path, limits=Limits(seconds=0.5))
    assert list(tmp_path.rglob("*.json")) == []


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert check(GOOD, None, cache=tmp_path / "file" / "cache").compiles


# -- crates


def crate(folder: Path, source: str, manifest: str = "") -> Path:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "Cargo.toml").write_text(manifest or '[package]\nname = "sums"\nversion = "0.1.0"\nedition = "2021"\n')
    (folder / "src" / "lib.rs").write_text(source)
    return folder


def test_crate(tmp_path: Path) -> None:
    target = tmp_path / "target"
    assert check_crate(crate(tmp_path / "c", GOOD + TESTS), target_dir=target).solved
    wrong = check_crate(crate(tmp_path / "c", WRONG + TESTS), target_dir=target)
    assert wrong.compiles and wrong.tests_run == 2 and [t.name for t in wrong.failed_tests] == ["tests::zero"]
    broken = check_crate(crate(tmp_path / "c", BROKEN + TESTS), target_dir=target)
    assert not broken.compiles and len(broken.diagnostics) == 2
    assert sorted(p.name for p in (tmp_path / "c").iterdir()) == ["Cargo.lock", "Cargo.toml", "src"]


def test_crate_in_a_workspace_sees_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "Cargo.toml").write_text('[workspace]\nmembers = ["a", "b"]\nresolver = "2"\n')
    crate(tmp_path / "a", GOOD, '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n')
    manifest = '[package]\nname = "b"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\na = { path = "../a" }\n'
    crate(tmp_path / "b", "pub use a::add;\n" + TESTS, manifest)
    assert check_crate(tmp_path / "b", target_dir=tmp_path / "target").solved


def test_crate_that_cargo_refuses(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no Cargo\.toml"):
        check_crate(tmp_path)
    verdict = check_crate(crate(tmp_path / "c", GOOD, "[package\n"))
    assert not verdict.compiles and verdict.diagnostics[0].message.startswith("cargo: ")
    needs = '[package]\nname = "c"\nversion = "0.1.0"\n[dependencies]\nno-such-crate-at-all = "1"\n'
    verdict = check_crate(crate(tmp_path / "c", GOOD, needs))
    assert not verdict.compiles and "no-such-crate-at-all" in verdict.diagnostics[0].message
