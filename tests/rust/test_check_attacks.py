"""Rust programs that try to get out, and solutions that try to pass without solving."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from continualcode.rust import harness
from continualcode.rust.check import check
from continualcode.sandbox import Limits, available

MODES = [name for name in ("bubblewrap", "landlock") if available()[name]]
TESTS = (
    "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn ends() {\n        assert!(attack());\n    }\n}\n"
)
LIMITS = Limits(seconds=8, memory_mb=256, processes=40, output_bytes=200_000, file_mb=8, disk_mb=48)


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


def attack(body: str, mode: str):
    """A program whose test passes only if `body`, of type bool, is true: the attack went through."""
    return check(f"pub fn attack() -> bool {{\n{body}\n}}\n", TESTS, mode=mode, limits=LIMITS)


def test_an_attack_that_may_succeed_does(mode: str) -> None:
    assert attack('std::fs::write("here", "x").is_ok() && std::fs::read("here").is_ok()', mode).solved


def test_reads_nothing_outside(mode: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("private")
    places = [
        "/etc/shadow",
        "/etc/passwd",
        str(tmp_path / "secret"),
        f"{Path.home()}/.profile",
        f"{Path.home()}/.bashrc",
    ]
    body = " || ".join(f'std::fs::read("{p}").is_ok()' for p in places)
    verdict = attack(f'{body} || std::fs::read_dir("{Path.home()}").map(|d| d.count() > 2).unwrap_or(false)', mode)
    assert verdict.compiles and not verdict.tests_pass and verdict.tests_run == 1


def test_reads_nothing_outside_while_compiling(mode: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("private")
    verdict = check(f'pub const STOLEN: &str = include_str!("{tmp_path}/secret");\n', None, mode=mode)
    assert not verdict.compiles
    assert "private" not in repr(verdict)


def test_writes_nothing_outside(mode: str, tmp_path: Path) -> None:
    verdict = attack(
        f'std::fs::write("{tmp_path}/new", "x").is_ok() || std::fs::write("/usr/bin/new", "x").is_ok() '
        f'|| (std::os::unix::fs::symlink("{tmp_path}", "link").is_ok() && std::fs::write("link/new", "x").is_ok())',
        mode,
    )
    assert verdict.tests_run == 1 and not verdict.tests_pass
    assert list(tmp_path.iterdir()) == []


def test_opens_no_socket(mode: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        verdict = attack(
            f'std::net::TcpStream::connect("127.0.0.1:{port}").is_ok() || std::os::unix::net::UnixStream::connect("/run/x").is_ok()',
            mode,
        )
    assert verdict.tests_run == 1 and not verdict.tests_pass


def in_the_tests(code_in_test: str) -> str:
    """The attack as the tests' own doing: there the check on the code's words does not help."""
    return f"#[cfg(test)]\nmod tests {{\n    #[test]\n    fn ends() {{\n{code_in_test}\n    }}\n}}\n"


def test_a_loop_of_commands_ends(mode: str) -> None:
    spawn = 'loop { let _ = std::process::Command::new("/bin/sleep").arg("60").spawn().map(std::mem::forget); }'
    started = time.monotonic()
    verdict = check("", in_the_tests(spawn), mode=mode, limits=LIMITS)
    assert verdict.stopped == "processes" and not verdict.tests_pass
    assert time.monotonic() - started < 12


def test_a_thread_bomb_ends(mode: str) -> None:
    spawn = (
        "loop { let _ = std::thread::Builder::new().spawn(|| std::thread::sleep(std::time::Duration::from_secs(60))); }"
    )
    verdict = check("", in_the_tests(spawn), mode=mode, limits=LIMITS)
    assert verdict.stopped in ("processes", "memory", "timeout") and not verdict.tests_pass


def test_filling_the_disk_ends(mode: str) -> None:
    verdict = attack('(0..2000).all(|i| std::fs::write(format!("f{i}"), vec![1u8; 4 << 20]).is_ok())', mode)
    assert verdict.stopped == "disk" and not verdict.tests_pass


def test_eating_memory_ends(mode: str) -> None:
    verdict = attack(
        "let mut held = Vec::new(); loop { held.push(vec![1u8; 1 << 22]); if held.len() > 100_000 { return true; } }",
        mode,
    )
    assert verdict.stopped == "memory" and not verdict.tests_pass


def test_printing_megabytes_ends(mode: str) -> None:
    body = "use std::io::Write; loop { if std::io::stderr().write_all(&[b'x'; 65536]).is_err() { return true; } }"
    assert attack(body, mode).stopped == "output"


def test_a_daemon_does_not_outlive_the_check(mode: str) -> None:
    number = f"96{os.getpid()}"
    spawn = f'let _ = std::process::Command::new("/usr/bin/setsid").args(["sleep", "{number}"]).spawn().map(std::mem::forget);'
    assert check("", in_the_tests(spawn), mode=mode, limits=LIMITS).solved
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            assert f"sleep\0{number}".encode() not in Path(f"/proc/{entry}/cmdline").read_bytes()
        except OSError:
            continue


# -- solutions that cheat

HONEST = "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn three() {\n        assert_eq!(add(1, 2), 3);\n    }\n}\n"
CHEATS = {
    "leaves with success": "pub fn add(_: i32, _: i32) -> i32 { println!(\"test tests::three ... ok\"); std::process::exit(0) }\n",
    "leaves by another name": "use std::process::{self as p};\npub fn add(_: i32, _: i32) -> i32 { p::exit(0) }\n",
    "leaves through a macro": "macro_rules! m { ($a:ident, $b:ident) => { std::$a::$b(0) } }\npub fn add(_: i32, _: i32) -> i32 { m!(process, exit) }\n",
    "foreign exit": "extern \"C\" { fn exit(c: i32) -> !; }\npub fn add(_: i32, _: i32) -> i32 { unsafe { exit(0) } }\n",
    "own assertion": "macro_rules! assert_eq { ($($t:tt)*) => {} }\npub fn add(_: i32, _: i32) -> i32 { 0 }\n",
    "own assertion by import": "macro_rules! nothing { ($($t:tt)*) => {} }\npub(crate) use nothing as assert_eq;\npub fn add(_: i32, _: i32) -> i32 { 0 }\n",
    "asks whether it is tested": "pub fn add(a: i32, b: i32) -> i32 { if cfg!(test) { 3 } else { a } }\n#[cfg(test)]\nfn x() {}\n",
    "own tests": "#[cfg(test)]\nmod tests {\n    #[test]\n    fn three() {}\n}\n",
    "crate off": "#![cfg(FALSE)]\npub fn add(_: i32, _: i32) -> i32 { 0 }\n",
    "tests swallowed by a comment": "pub fn add(_: i32, _: i32) -> i32 { 0 }\n/*\n",
    "tests swallowed by an attribute": "pub fn add(_: i32, _: i32) -> i32 { 0 }\n#[cfg(any())]\n",
    "tests swallowed by a macro": "pub fn add(_: i32, _: i32) -> i32 { 0 }\nmacro_rules! gone { ($($t:tt)*) => {} }\ngone! {\n",
    "tests swallowed by a string": "pub fn add(_: i32, _: i32) -> i32 { 0 }\nconst S: &str = r#\"\n",
}  # fmt: skip


@pytest.mark.parametrize("cheat", CHEATS)
def test_cheats_do_not_count_as_solved(cheat: str) -> None:
    verdict = check(CHEATS[cheat], HONEST)
    assert not verdict.solved, verdict


def test_honest_code_is_not_suspected() -> None:
    code = """
//! Exits a process? unsafe extern #[test] cfg(test) assert_eq -- only words.
/// assert_eq /* nested /* comment */ unsafe */
pub fn process(input: &str) -> usize { input.matches('"').count() + "std::process::exit unsafe".len() }
pub struct Exit<'a> { pub test: &'a str }
impl<'a> Exit<'a> { pub fn abort(&self) -> char { '\\'' } }
pub fn check(x: i32) -> i32 { assert!(x > 0); assert_eq!(x, x, r#"a "quoted" unsafe"#); if x > 5 { panic!("big") } x }
"""
    assert "unsafe" not in harness.plain(code)
    assert harness.tampering(code.replace("abort", "stop")) == ""


def test_names_of_tests() -> None:
    source = (
        '// #[test] fn no()\n#[test]\n#[should_panic]\nfn a() {}\n#[test] pub fn b() {}\nlet s = "#[test] fn c()";\n'
    )
    assert harness.test_names(source) == ["a", "b"]


def test_old_and_new_panic_messages_are_read() -> None:
    old = "\nrunning 1 test\ntest tests::a ... FAILED\n\nfailures:\n\n---- tests::a stdout ----\nthread 'tests::a' panicked at 'assertion failed: `(left == right)`\n  left: `1`,\n right: `2`', src/lib.rs:7:9\nnote: run with\n\n\nfailures:\n    tests::a\n\ntest result: FAILED. 0 passed\n"
    outcome = harness.read(old, "", ["a"], 101)
    assert not outcome.passed and outcome.run == 1
    assert outcome.failed[0].reason == "assertion failed: `(left == right)` left: `1`, right: `2`"
