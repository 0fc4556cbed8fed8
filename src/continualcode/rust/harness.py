"""Reads what Rust's test harness prints, and says which code may not be trusted with it.

Code under test runs in the harness's own process, so it could print results and leave before the tests
run, bring tests of its own, or replace `assert_eq!`. `tampering` finds what that takes; besides, a solution
counts only when every test that tests.rs names has passed by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from continualcode.rust.verdict import FailedTest

_TEST = re.compile(r"#\s*\[\s*test\s*\]\s*(?:#\s*\[[^\]]*\]\s*)*(?:pub\s+)?(?:async\s+)?fn\s+(\w+)")
_LINE = re.compile(r"^test (\S+?)(?: - should panic)? \.\.\. (?:.*?)(ok|FAILED|ignored(?:, .*)?)$", re.M)
_BLOCK = re.compile(r"^---- (\S+) stdout ----\n(.*?)(?=^---- |\nfailures:\n|\Z)", re.M | re.S)
_PANIC = re.compile(
    r"^thread '.*?'(?: \(\d+\))? panicked at (?:'(?P<old>.*?)', \S+:\d+:\d+$|\S+:\d+:\d+:\n(?P<new>.*?)(?=^note: |^stack backtrace|\Z))",
    re.M | re.S,
)
_SKIPPED = re.compile(
    r"""//[^\n]*|/\*|"(?:[^"\\]|\\.)*"|\b(?:b|c)?r(\#*)".*?"\1|'(?:[^'\\\n]|\\(?:[^u]|u\{[0-9a-fA-F_]*\}))'""", re.S
)
_TAMPERING = (
    (re.compile(r"\bunsafe\b"), "unsafe code"),
    (re.compile(r"\bextern\b"), "foreign functions"),
    (re.compile(r"\bcfg!?\s*\(\s*(?:\w+\s*\(\s*)*test\b|\bcfg_attr\b"), "code that asks whether it is tested"),
    (re.compile(r"#\s*\[\s*(?:\w+::)*test\s*\]"), "tests of its own"),
    (re.compile(r"#!\s*\[\s*(?:cfg|feature|no_main|no_std|test_runner|reexport_test_harness_main)\b"), "attributes of the crate"),
    (re.compile(r"\b(?:assert|assert_eq|assert_ne|panic)\b(?!\s*!|\s*::)|\bmacro_rules\s*!\s*(?:assert|assert_eq|assert_ne|panic)\b"), "assertions of its own"),
    (re.compile(r"\bset_hook\b"), "a panic hook"),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a run of tests came to. `passed`: every named test passed, and nothing failed."""

    passed: bool
    run: int
    failed: tuple[FailedTest, ...]


def plain(source: str) -> str:
    """The source with comments, strings and characters blanked: what is left is code."""
    out: list[str] = []
    position = 0
    while match := _SKIPPED.search(source, position):
        out.append(source[position : match.start()])
        end = match.end()
        if match.group().startswith("/*"):
            depth = 1
            while depth and (inner := re.compile(r"/\*|\*/").search(source, end)):
                depth += 1 if inner.group() == "/*" else -1
                end = inner.end()
            end = len(source) if depth else end
        out.append(" " if match.group().startswith("/") else '""')
        position = end
    return "".join(out) + source[position:]


def test_names(tests: str) -> list[str]:
    """The functions marked `#[test]`, in order."""
    return _TEST.findall(plain(tests))


def tampering(code: str) -> str:
    """Why this code's test results cannot be believed; empty when they can."""
    bare = plain(code)
    for pattern, what in _TAMPERING:
        if pattern.search(bare):
            return what
    if re.search(r"\bprocess\b", bare) and re.search(r"\b(?:exit|abort|exec|Command|CommandExt|ExitCode)\b", bare):
        return "leaving or starting a process"
    return ""


def read(stdout: str, stderr: str, expected: list[str], returncode: int) -> Outcome:
    """The outcome of a test binary run with `--test-threads=1`. `expected`: the names tests.rs gives; a
    test among them that did not report has failed."""
    results = {name: result for name, result in _LINE.findall(stdout)}
    reasons = {name: _reason(text) for name, text in _BLOCK.findall(stdout)}
    failed = [FailedTest(n, reasons.get(n, "failed")) for n, result in results.items() if result == "FAILED"]
    reported = [name.rsplit("::", 1)[-1] for name, result in results.items() if result in ("ok", "FAILED")]
    missing = [name for name in expected if name not in reported]
    if missing:
        begun = re.search(r"^test (\S+) \.\.\. (?!.*(?:ok|FAILED|ignored)$)", stdout, re.M)
        why = f"the program ended with code {returncode}" if returncode else "it did not run"
        if returncode > 128:
            why = f"the program was ended by signal {returncode - 128}"
        if "has overflowed its stack" in stderr:
            why = "the stack overflowed (recursion without end?)"
        failed.append(FailedTest(begun[1] if begun else missing[0], why))
    ok = [name for name, result in results.items() if result == "ok"]
    passed = not failed and returncode == 0 and len(ok) > 0 and len(reported) == len(ok)
    return Outcome(passed, len(reported), tuple(failed))


def _reason(text: str) -> str:
    match = _PANIC.search(text)
    said = (match["old"] or match["new"] or "") if match else text
    said = re.sub(r"\s+", " ", said).strip() or "failed"
    return said if len(said) <= 160 else said[:157] + "..."
