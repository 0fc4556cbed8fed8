"""What the compiler says of a piece of Rust, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from continualcode.rust.diagnostics import Diagnostic, render_compact, signature


@dataclass(frozen=True)
class FailedTest:
    """A test that did not pass; `reason` is its panic message, shortened."""

    name: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """compiles / tests_pass / clippy_clean, with the diagnostics they rest on.

    tests_run: how many tests ran (0 with tests given means they never got to run). clippy_clean is None
    when clippy was not asked for or is not installed. `stopped` says why a run was cut off (`timeout`,
    `memory`, `output`), else empty.
    """

    compiles: bool
    tests_pass: bool
    tests_run: int
    clippy_clean: bool | None
    diagnostics: tuple[Diagnostic, ...] = ()
    failed_tests: tuple[FailedTest, ...] = ()
    stopped: str = ""
    seconds: float = 0.0
    cached: bool = field(default=False, compare=False)

    @property
    def solved(self) -> bool:
        return self.compiles and self.tests_pass and self.tests_run > 0

    @property
    def trainable(self) -> bool:
        return self.solved and self.clippy_clean is True

    @property
    def signature(self) -> str:
        if self.stopped:
            return f"stopped:{self.stopped}"
        return signature(self.diagnostics, [t.name for t in self.failed_tests])

    def feedback(self, path: str | None = None) -> str:
        """The compact text a model is shown: errors, else failed tests, else `ok`."""
        if self.stopped:
            return f"stopped: {self.stopped}"
        if not self.compiles:
            return render_compact(self.diagnostics, path)
        if self.failed_tests:
            return "\n".join(f"test {t.name} failed: {t.reason}" for t in self.failed_tests[:3])
        return "ok"
