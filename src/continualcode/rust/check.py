"""`check`: what the compiler, the tests and clippy say of a Rust text, in the sandbox, remembered by content.

A single file goes straight to rustc: first the code alone (`--emit=metadata`), so that the diagnostics are
about the code only and half the checks end here; then, when it compiles, the code followed by its tests
(`--test`), which run one after the other. `check_crate` does the same for a folder through cargo.
The compiler is confined like the program: macros can read files.
"""

from __future__ import annotations

import errno
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from continualcode.config import Settings
from continualcode.errors import UserError
from continualcode.rust import cache as verdicts
from continualcode.rust import harness, toolchain
from continualcode.rust.diagnostics import Diagnostic, fill_text, parse_json_lines
from continualcode.rust.verdict import FailedTest, Verdict
from continualcode.sandbox import Limits, Result, run

PATH = "src/lib.rs"  # what the code is called in its diagnostics
TESTS_PATH = "tests.rs"  # what the tests are called
TEST_LIMITS = Limits(seconds=10, memory_mb=1024, processes=64, output_bytes=1_000_000, file_mb=64, disk_mb=128)
_COMPILE = Limits(seconds=60, memory_mb=2048, processes=64, output_bytes=8_000_000, file_mb=256, disk_mb=512)


@dataclass(frozen=True)
class Item:
    """One text to check; see `check`."""

    code: str
    tests: str | None = None
    clippy: bool = False
    run_tests: bool = True


def check(
    code: str,
    tests: str | None = None,
    *,
    clippy: bool = False,
    run_tests: bool = True,
    limits: Limits | None = None,
    mode: str | None = None,
    cache: Path | None = None,
    settings: Settings | None = None,
) -> Verdict:
    """The verdict on a single file of edition 2021, with `tests` (a `#[cfg(test)] mod tests`) behind it.

    Without tests, or with run_tests False, nothing is run and `tests_pass` is False. clippy: also lint code
    and tests with warnings denied, when all of it compiles. limits: of the test run (compiling has its own).
    mode: the sandbox backend. cache: folder of verdicts. What is not given comes from `settings`, and with
    none given either: 10 seconds, 1 GiB, `auto`, no cache. Spans lie in `src/lib.rs` with the code's own
    lines, or in `tests.rs`.

    Raises ToolchainError without a usable rustc and SandboxError without a sandbox.
    """
    options = _Options.of(limits, mode, cache, settings)
    return options.remembered(Item(code, tests or None, clippy, run_tests))


def check_many(
    items: Iterable[Item | tuple[str, str | None]],
    *,
    workers: int = 2,
    limits: Limits | None = None,
    mode: str | None = None,
    cache: Path | None = None,
    settings: Settings | None = None,
) -> list[Verdict]:
    """`check` of each item (or `(code, tests)`), `workers` at a time, in the order given; equal items are
    checked once."""
    options = _Options.of(limits, mode, cache, settings)
    wanted = [item if isinstance(item, Item) else Item(*item) for item in items]
    distinct = list(dict.fromkeys(wanted))
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        found = dict(zip(distinct, pool.map(options.remembered, distinct), strict=True))
    return [found[item] for item in wanted]


@dataclass(frozen=True)
class _Options:
    limits: Limits
    mode: str
    cache: verdicts.VerdictCache | None

    @classmethod
    def of(cls, limits: Limits | None, mode: str | None, cache: Path | None, settings: Settings | None) -> _Options:
        if settings is not None:
            limits = limits or Limits(
                seconds=settings.command_seconds, memory_mb=settings.command_memory_mb,
                processes=settings.command_processes, output_bytes=settings.command_output_bytes,
                file_mb=settings.command_disk_mb, disk_mb=settings.command_disk_mb,
            )  # fmt: skip
            mode = mode or settings.sandbox
            cache = cache or settings.home / "cache" / "verdicts"
        return cls(limits or TEST_LIMITS, mode or "auto", verdicts.VerdictCache(cache) if cache else None)

    def remembered(self, item: Item) -> Verdict:
        tools = toolchain.find()
        address = verdicts.key(
            "file",
            item.code,
            item.tests,
            item.clippy and tools.clippy_driver is not None,
            item.run_tests,
            tools.identity,
        )
        if self.cache and (known := self.cache.get(address)):
            return known
        try:
            verdict = _check_file(item, tools, self)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise
            where = tempfile.gettempdir()
            raise UserError(
                f"Nothing can be written to {where} ({error.strerror}): make room or set TMPDIR."
            ) from error
        if self.cache:
            self.cache.put(address, verdict)
        return verdict


def _check_file(item: Item, tools: toolchain.Toolchain, options: _Options) -> Verdict:
    started = time.monotonic()
    code = item.code if item.code.endswith("\n") or not item.code else item.code + "\n"

    def verdict(compiles: bool, found: Sequence[Diagnostic] = (), outcome: harness.Outcome | None = None, *,
                clean: bool | None = None, stopped: str = "") -> Verdict:  # fmt: skip
        return Verdict(
            compiles=compiles, tests_pass=outcome is not None and outcome.passed, tests_run=outcome.run if outcome else 0,
            clippy_clean=clean, diagnostics=tuple(found), failed_tests=outcome.failed if outcome else (),
            stopped=stopped, seconds=time.monotonic() - started,
        )  # fmt: skip

    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        bench = _Bench(Path(folder), tools, options.mode)
        alone = bench.compile(tools.rustc, code, "", ["--crate-type", "lib", "--emit=metadata", "-A", "warnings"])
        if not alone.ok:
            return verdict(False, alone.diagnostics, stopped=alone.stopped)
        if item.tests:
            whole = bench.compile(tools.rustc, code, item.tests, ["--test", "-A", "warnings", "-o", "tested"])
            if not whole.ok:
                return verdict(False, whole.diagnostics, stopped=whole.stopped)
        findings: list[Diagnostic] = []
        clean: bool | None = None
        if item.clippy and tools.clippy_driver is not None:
            kind = ["--test"] if item.tests else ["--crate-type", "lib"]
            linted = bench.compile(
                tools.clippy_driver,
                code,
                item.tests or "",
                [*kind, "--emit=metadata", "-D", "warnings", "-W", "clippy::all"],
            )
            clean = linted.ok
            findings = [replace(d, level="warning") for d in linted.diagnostics]
            if linted.stopped:
                return verdict(True, findings, clean=None, stopped=linted.stopped)
        if not item.tests or not item.run_tests:
            return verdict(True, findings, clean=clean)
        expected = harness.test_names(item.tests)
        if why := harness.tampering(code):
            refused = FailedTest(expected[0] if expected else "tests", f"the code may not use {why}")
            return verdict(True, findings, harness.Outcome(False, 0, (refused,)), clean=clean)
        ran = run(
            ["./tested", "--test-threads=1"], workspace=Path(folder), limits=options.limits, mode=options.mode,
            env={"RUST_BACKTRACE": "0"},
        )  # fmt: skip
        outcome = harness.read(*_texts(ran), expected, ran.returncode)
        if ran.stopped:
            outcome = replace(outcome, passed=False)
        return verdict(True, findings, outcome, clean=clean, stopped=ran.stopped)


@dataclass(frozen=True)
class _Compiled:
    ok: bool
    diagnostics: list[Diagnostic]
    stopped: str


@dataclass(frozen=True)
class _Bench:
    """One folder in which one text is compiled in several ways."""

    folder: Path
    tools: toolchain.Toolchain
    mode: str

    def compile(self, compiler: Path, code: str, tests: str, flags: Sequence[str]) -> _Compiled:
        source = self.folder / PATH
        source.parent.mkdir(exist_ok=True)
        source.write_text(code + tests, encoding="utf-8", errors="replace", newline="")
        command = [
            str(compiler), PATH, "--crate-name", "koan", "--edition", "2021", "--error-format=json",
            "--sysroot", str(self.tools.sysroot), "-C", "debuginfo=0", "-C", "opt-level=0", "-C", "codegen-units=1", *flags,
        ]  # fmt: skip
        done = run(
            command, workspace=self.folder, readable=self.tools.folders, limits=_COMPILE, mode=self.mode,
            env=compiler_environment(self.tools),
        )  # fmt: skip
        lines = done.stderr.decode(errors="replace").splitlines()
        found = [_placed(d, code.count("\n")) for d in fill_text(parse_json_lines(lines), PATH, code)]
        ok = done.returncode == 0 and not any(d.is_error for d in found)
        if not ok and not any(d.is_error for d in found):
            found.append(Diagnostic("error", "", _last_words(done), ()))
        return _Compiled(ok, found, done.stopped)


def compiler_environment(tools: toolchain.Toolchain) -> dict[str, str]:
    """What rustc and cargo need to find each other in the sandbox."""
    folders = dict.fromkeys(str(p.parent) for p in (tools.rustc, tools.cargo, tools.clippy_driver) if p)
    return {"PATH": ":".join([*folders, "/usr/local/bin", "/usr/bin", "/bin"])}


def _placed(d: Diagnostic, lines_of_code: int) -> Diagnostic:
    """Spans behind the code's last line belong to the tests."""
    return replace(
        d,
        spans=tuple(
            replace(s, path=TESTS_PATH, line=s.line - lines_of_code, line_end=s.line_end - lines_of_code)
            if s.path == PATH and s.line > lines_of_code > 0
            else s
            for s in d.spans
        ),
    )


def _texts(done: Result) -> tuple[str, str]:
    return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def _last_words(done: Result) -> str:
    if done.stopped:
        return f"the compiler was stopped: {done.stopped}"
    said = [
        line for line in done.stderr.decode(errors="replace").splitlines() if line.strip() and not line.startswith("{")
    ]
    return f"the compiler ended with code {done.returncode}: {said[-1][:200] if said else 'no message'}"
