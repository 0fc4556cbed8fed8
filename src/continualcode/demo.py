"""The whole story, for real and within a time box: what `continualcode demo` tells.

1. In a copy of `demo/`, a small crate with two broken files, the agent repairs the first. Its habit is to
   `write` the whole file; a script that stands for the user denies that once with a correction and approves
   everything else. The lesson follows, its proof, the retry. Then, in a new session with no correction
   anywhere, it repairs the second file.
2. A day over the train split, a night, the gate, and every split measured before and after, from the weights
   without that lesson.

Nothing is staged but the user's words: every figure in the answer is read from what just ran, whatever it
was. The story is told on standard error.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.agent.calls import EDITS, describe
from continualcode.agent.loop import Decision, Denied, Loop, Outcome, Taught
from continualcode.agent.session import Turn
from continualcode.agent.tools import Preview, ToolResult
from continualcode.config import Settings, bundled
from continualcode.engine.base import Engine, ToolCall
from continualcode.sleep.night import Say, Step

if TYPE_CHECKING:
    from rich.console import Console

    from continualcode.cli.runs import Run

CORRECTION = "use edit_lines; don't overwrite"
FIRST, SECOND = "src/area.rs", "src/greet.rs"
SPARE_SECONDS = 30.0
MEASURED = 1.1  # what measuring again takes, against the first measurement
MAX_TURNS = 12  # of one request: a model that has lost its way is not watched for longer


@dataclass
class Stage:
    """A face that tells the story and answers for the user: the first `write` is denied with `correction`
    (None: never), the first edit ends the request when `stop_at_edit`, everything else is approved."""

    console: Console
    correction: str | None = None
    stop_at_edit: bool = False
    edits: list[str] = field(default_factory=list)
    corrected: int = 0
    lesson: Taught | None = None  # the last one: the retry may teach what the denial alone could not

    def begins(self, session_id: str, engine: Engine, workspace: Path) -> None:
        return None

    def streamed(self, piece: str) -> None:
        return None

    def said(self, turn: Turn) -> None:
        if turn.text:
            self._tell(f"  model: {turn.text}")
        if turn.error:
            self._tell(f"  malformed call: {turn.error}", "red")

    def asks(self, call: ToolCall, preview: Preview) -> Decision:
        if call.name in EDITS:
            self.edits.append(call.name)
            if self.stop_at_edit:
                return Decision("stop")
        self._tell(f"  model asks: {describe(call)}", "bold")
        if self.correction is not None and not self.corrected and call.name == "write":
            self.corrected += 1
            self._tell(f"  user (scripted) denies: {self.correction}", "yellow")
            return Decision("teach", self.correction)
        self.console.print(preview.diff, markup=False, highlight=False, style="dim")
        self._tell("  user (scripted) approves", "green")
        return Decision("approve")

    def runs(self, call: ToolCall, preview: Preview, decision: str) -> None:
        if not self.stop_at_edit:
            self._tell(f"  model: {describe(call)}")

    def ran(self, call: ToolCall, result: ToolResult) -> None:
        if call.name != "read" and not self.stop_at_edit:
            self.console.print("    " + result.text.replace("\n", "\n    "), markup=False, highlight=False, style="dim")

    def denied(self, call: ToolCall, correction: str) -> None:
        return None

    def taught(self, taught: Taught) -> None:
        self.lesson = taught
        self._tell(f"  {taught.line}", "cyan")

    def remark(self, text: str) -> None:
        self._tell(f"  {text}")

    def tick(self, what: str, seconds: float) -> None:
        return None

    def _tell(self, text: str, style: str = "") -> None:
        self.console.print(text, markup=False, highlight=False, style=style)


def tell(
    run: Run, settings: Settings, *, minutes: float, count: int | None, picture: Path | None, say: Say, step: Step
) -> dict[str, Any]:
    """Tell the story; returns every figure of it. `minutes`: the time box that the night is fitted into (what
    the measurements take is foreseen from the first); `count`: at most so many tasks of train and of test;
    `picture`: where the PNG goes."""
    from rich.console import Console

    from continualcode.agent.start import open_engine
    from continualcode.report.plots import cycles_figure
    from continualcode.sleep import cycle, night

    began = time.monotonic()
    console = Console(stderr=True, highlight=False)
    engine = open_engine(settings, run.store)
    patient = settings.replace(max_turns=min(settings.max_turns, MAX_TURNS))
    lesson = deny_learn_retry(engine, run, patient, console)

    def keep(rows: list[dict[str, Any]]) -> None:
        run.summary["cycles"] = rows
        run.store.update_run(run.id, summary=run.summary)

    console.rule("a day, a night, the gate")
    settings = settings.replace(
        gate_samples=1
    )  # for the clock's sake; what comes out differently is drawn afresh anyway
    common: dict[str, Any] = {"run_id": run.id, "count": count, "keep": keep, "say": say, "step": step}
    night.load_current(engine, run.store)
    rows = cycle.nights(engine, run.store, settings, cycles=0, **common)
    left = minutes * 60 - (time.monotonic() - began) - MEASURED * rows[0]["seconds"] - SPARE_SECONDS
    fitted = settings.replace(night_minutes=min(settings.night_minutes, max(0.5, left / 60)))
    say(f"the night may take {fitted.night_minutes:.1f} minutes")
    rows = cycle.nights(engine, run.store, fitted, cycles=1, done=rows, **common)
    path = cycles_figure(
        rows, picture or run.folder / "cycles.png", title=f"{settings.model_name}: before and after one night"
    )
    before, after = rows[0], rows[-1]
    for split in (*cycle.SPLITS, "held_back"):
        console.print(f"  {split:10} {shown(before[split])} → {shown(after[split])}")
    console.print(f"  night: {after['decision']}: {'; '.join(after['reasons'])}", markup=False)
    console.print(f"  picture: {path}", markup=False)
    return {
        "lesson": lesson,
        "before": {k: before[k] for k in (*cycle.SPLITS, "held_back", "repeat_error_rate", "median_steps_to_green")},
        "after": {k: after[k] for k in (*cycle.SPLITS, "held_back", "repeat_error_rate", "median_steps_to_green")},
        "decision": after["decision"],
        "reasons": after["reasons"],
        "cycles": rows,
        "plot": str(path),
        "model": engine.model_id,
        "seconds": round(time.monotonic() - began, 2),
    }


def shown(rate: float | None) -> str:
    return "  – " if rate is None else f"{100 * rate:3.0f} %"


def deny_learn_retry(engine: Engine, run: Run, settings: Settings, console: Console) -> dict[str, Any]:
    """The story's first part; which tool the model chose where, and what the lesson's proof measured."""
    with workspace() as scratch:
        console.rule("before: what it does by habit")
        habits = {}
        for path in (FIRST, SECOND):
            stage = Stage(console, stop_at_edit=True)
            request(engine, run, settings, scratch, stage, f"Fix {path}.")
            habits[path] = first(stage.edits)
            console.print(f"  Fix {path}. → {habits[path] or 'no edit'}", markup=False)
    with workspace() as crate:
        console.rule("deny, learn, retry")
        console.print(f"  user: Fix {FIRST}.", markup=False, style="bold")
        stage = Stage(console, correction=CORRECTION)
        outcome = request(engine, run, settings, crate, stage, f"Fix {FIRST}.")
        console.rule("another file, a new session, no correction in the prompt")
        console.print(f"  user: Fix {SECOND}.", markup=False, style="bold")
        later = Stage(console)
        second = request(engine, run, settings, crate, later, f"Fix {SECOND}.")
    record = run.store.get_lesson(stage.lesson.lesson_id) if stage.lesson and stage.lesson.lesson_id else None
    return {
        "correction": CORRECTION if stage.corrected else None,
        "habit": habits,
        "denied": "write" if stage.corrected else None,
        "outcome": stage.lesson.outcome if stage.lesson else "not_taught",
        "line": stage.lesson.line if stage.lesson else "",
        "lesson": record.id if record else None,
        "steps": record.steps if record else 0,
        "drift": record.drift if record else None,
        "lesson_seconds": round(stage.lesson.seconds, 2) if stage.lesson else None,
        "retry": first(stage.edits[1:]) if stage.corrected else None,
        "first_file_green": green(outcome, FIRST),
        "unseen_file": {"before": habits[SECOND], "after": first(later.edits)},
        "second_file_green": green(second, SECOND),
    }


def request(engine: Engine, run: Run, settings: Settings, folder: Path, stage: Stage, text: str) -> Outcome:
    """One request in a fresh session. Reading tools run by themselves, all else is asked of the stage."""
    from continualcode.agent.approval import Approval
    from continualcode.agent.ledger import Ledger
    from continualcode.agent.session import Session
    from continualcode.agent.teaching import lesson
    from continualcode.agent.tools import Toolbox

    def teach(denied: Denied, cancel: threading.Event) -> Taught:
        return lesson(engine, run.store, settings, denied, cancel)

    session = Session(engine, Toolbox(folder, settings), max_new_tokens=settings.max_new_tokens)
    ledger = Ledger(run.store, run.id, run.folder, folder, run.summary)
    return Loop(session, stage, Approval(folder, settings.home), ledger, settings, teach).request(text)


@contextmanager
def workspace() -> Iterator[Path]:
    """A copy of the demo crate that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="continualcode-demo-") as folder:
        crate = Path(folder).resolve() / "demo"
        shutil.copytree(bundled("demo"), crate, ignore=shutil.ignore_patterns("target", ".continualcode"))
        yield crate


def first(names: Sequence[str]) -> str | None:
    return names[0] if names else None


def green(outcome: Outcome, path: str) -> bool | None:
    """Whether the last check of a request saw no error in this file; None when nothing was checked."""
    if outcome.verdict is None:
        return None
    return not any(
        d.is_error and any(s.primary and s.path == path for s in d.spans) for d in outcome.verdict.diagnostics
    )
