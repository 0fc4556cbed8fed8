"""`check_crate`: the verdict on a folder with a Cargo.toml, through cargo, offline and in the sandbox.

Build results go to one target directory that all crates share; it lies outside the crate, so that nothing
is left in the user's tree but a Cargo.lock. Dependencies must be in cargo's own cache or vendored.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from continualcode.errors import UserError
from continualcode.rust import harness, toolchain
from continualcode.rust.check import TEST_LIMITS, compiler_environment
from continualcode.rust.diagnostics import Diagnostic, parse_json_lines
from continualcode.rust.verdict import FailedTest, Verdict
from continualcode.sandbox import Limits, Result, run

_CARGO = Limits(seconds=600, memory_mb=4096, processes=256, output_bytes=32_000_000, file_mb=1024, disk_mb=4096)


def check_crate(
    path: Path,
    *,
    run_tests: bool = True,
    clippy: bool = False,
    target_dir: Path | None = None,
    limits: Limits = TEST_LIMITS,
    mode: str = "auto",
) -> Verdict:
    """Builds the crate's every target, runs its test binaries (not its doc tests), lints it when asked.

    target_dir: the shared build folder (made when missing); None takes one that is thrown away. limits: of
    each test binary. `tests_pass` needs at least one test and none that failed. Spans have paths relative
    to the workspace's root. What cargo itself objects to is an error without a code.

    Raises UserError when there is no Cargo.toml, ToolchainError without cargo, SandboxError without a sandbox.
    """
    crate = Path(path).resolve()
    if not (crate / "Cargo.toml").is_file():
        raise UserError(f"There is no Cargo.toml in {crate}: name the folder of a crate.")
    tools = toolchain.find()
    if tools.cargo is None:
        raise toolchain.ToolchainError("cargo was not found beside rustc: install it (`apt install cargo`, or rustup).")
    if target_dir is None:
        with tempfile.TemporaryDirectory(prefix="continualcode-target-") as folder:
            return _check(_Cargo(crate, Path(folder), tools, tools.cargo, mode), run_tests, clippy, limits)
    target = Path(target_dir).resolve()
    target.mkdir(parents=True, exist_ok=True)
    return _check(_Cargo(crate, target, tools, tools.cargo, mode), run_tests, clippy, limits)


class _Cargo:
    def __init__(self, crate: Path, target: Path, tools: toolchain.Toolchain, cargo: Path, mode: str) -> None:
        self.crate, self.target, self.tools, self.cargo, self.mode = crate, target, tools, cargo, mode
        self.root = _workspace_root(crate)

    def __call__(self, subcommand: str, *arguments: str, after: Sequence[str] = ()) -> Result:
        home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
        environment = {
            **compiler_environment(self.tools),
            "CARGO_TARGET_DIR": str(self.target), "CARGO_HOME": str(home), "CARGO_TERM_COLOR": "never",
            "CARGO_INCREMENTAL": "0", "CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_PROFILE_TEST_DEBUG": "0",
            "RUSTC": str(self.tools.rustc), "CARGO": str(self.cargo),
        }  # fmt: skip
        program = self.cargo
        if subcommand == "clippy" and self.tools.clippy_driver is not None:
            # called directly: cargo would look for it in ~/.cargo/bin first, which is rustup's and not readable
            program = self.tools.clippy_driver.with_name("cargo-clippy")
        manifest = str(self.crate / "Cargo.toml")
        return run(
            [str(program), subcommand, *arguments, "--offline", "--message-format=json", "--manifest-path", manifest, *after],
            workspace=self.root, writable=[self.target], mode=self.mode, env=environment, limits=_CARGO,
            readable=[*self.tools.folders, home / "registry", home / "git"],
        )  # fmt: skip


def _check(cargo: _Cargo, run_tests: bool, clippy: bool, limits: Limits) -> Verdict:
    started = time.monotonic()
    built = cargo("test", "--no-run")
    messages = _messages(built)
    diagnostics = [d for d in parse_json_lines(messages) if d.is_error]
    compiles = built.returncode == 0
    if not compiles:
        if not diagnostics:
            diagnostics = [Diagnostic("error", "", _objection(built), ())]
        return Verdict(
            False, False, 0, None, tuple(dict.fromkeys(diagnostics)), (), built.stopped, time.monotonic() - started
        )
    clean: bool | None = None
    if clippy and cargo.tools.clippy_driver is not None:
        linted = cargo("clippy", "--all-targets", after=["--", "-D", "warnings", "-W", "clippy::all"])
        clean = linted.returncode == 0
        found = dict.fromkeys(replace(d, level="warning") for d in parse_json_lines(_messages(linted)))
        diagnostics = list(found)
    tests, passed, stopped = 0, True, ""
    failed: list[FailedTest] = []
    for binary in _test_binaries(messages) if run_tests else []:
        ran = run([str(binary), "--test-threads=1"], workspace=cargo.crate, readable=[binary], limits=limits,
                  mode=cargo.mode, env={"RUST_BACKTRACE": "0"})  # fmt: skip
        stdout = ran.stdout.decode(errors="replace")
        if stdout.startswith("\nrunning 0 tests\n") and ran.returncode == 0:
            continue
        outcome = harness.read(stdout, ran.stderr.decode(errors="replace"), [], ran.returncode)
        tests += outcome.run
        failed += outcome.failed
        passed = passed and outcome.passed and not ran.stopped
        stopped = stopped or ran.stopped
    return Verdict(
        compiles=True, tests_pass=passed and tests > 0, tests_run=tests, clippy_clean=clean,
        diagnostics=tuple(diagnostics), failed_tests=tuple(failed), stopped=stopped, seconds=time.monotonic() - started,
    )  # fmt: skip


def _messages(done: Result) -> list[str]:
    return done.stdout.decode(errors="replace").splitlines()


def _test_binaries(messages: Sequence[str]) -> list[Path]:
    binaries: list[Path] = []
    for line in messages:
        if '"executable":"' in line:
            raw = json.loads(line)
            if raw.get("reason") == "compiler-artifact" and raw.get("profile", {}).get("test"):
                binaries.append(Path(raw["executable"]))
    return binaries


def _objection(done: Result) -> str:
    """What cargo said, in one line; of a long story its beginning and its end, where the cause is."""
    if done.stopped:
        return f"cargo was stopped: {done.stopped}"
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    start = next((i for i, line in enumerate(lines) if line.startswith("error")), max(0, len(lines) - 1))
    said = " ".join(line for line in lines[start:] if line not in ("Caused by:", "--- stderr")).removeprefix("error: ")
    said = f"{said[:180]} ... {said[-180:]}" if len(said) > 365 else said
    return f"cargo: {said or f'ended with code {done.returncode}'}"


def _workspace_root(crate: Path) -> Path:
    """The outermost folder above that declares a cargo workspace, so that its members see each other."""
    root = crate
    for folder in crate.parents:
        try:
            declared = "workspace" in tomllib.loads((folder / "Cargo.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        root = folder if declared else root
    return root
