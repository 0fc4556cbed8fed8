"""By day: the interactive agent, one request without a terminal, and `run` over koans."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, minute, panel, progress, say, settings_from, table
from continualcode.cli.runs import Run, recorded_run
from continualcode.config import Settings
from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.agent.loop import Denied, Face, Loop, Taught, Teach
    from continualcode.engine.base import Engine


def start_interactive(
    settings: Settings, *, allow: Sequence[str] = (), resume: str | None = None, continue_last: bool = False
) -> None:
    """The agent in this directory, until /quit or Ctrl-D. `allow`: rules of this run besides the setting's."""
    from continualcode.agent.completion import PromptCompleter
    from continualcode.agent.slash import HELP, Slash
    from continualcode.agent.status import status
    from continualcode.agent.terminal import Terminal

    terminal = Terminal(history=settings.home / "history", completer=PromptCompleter(Path.cwd(), list(HELP)))
    with _only_one(settings), _day(settings, terminal, allow, resume, continue_last) as (loop, run):
        console = terminal.console
        terminal.status = lambda width: status(loop).line(width)
        terminal.suggestions = loop.ledger.given_before
        slash = Slash(loop, terminal, _undoer(loop))
        while True:
            try:
                line = terminal.line().strip()
                if line.startswith("/") and not slash.run(line):
                    break
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
            if line and not line.startswith("/"):
                _request(loop, slash, terminal, line)
        console.print(f"session {run.id} is kept; continualcode --continue goes on with it", style="dim")


def _request(loop: Loop, slash: Any, terminal: Any, line: str) -> None:
    told, slash.remark = f"{slash.remark}\n{line}".strip(), ""
    try:
        loop.request(told)
    except UserError as error:
        terminal.remark(str(error))
        return
    except KeyboardInterrupt:
        terminal.remark("stopped")
        return
    finally:
        slash.changes += loop.outcome.changes
    outcome = loop.outcome
    words = {
        "interrupted": "stopped", "refused": "denied too often: tell it differently",
        "limit": "the turn limit (max_turns) is reached", "malformed": "the model writes no well-formed call",
    }  # fmt: skip
    if outcome.end in words:
        terminal.remark(words[outcome.end])


def run_headless(
    settings: Settings,
    prompt: str,
    *,
    as_json: bool,
    allow: Sequence[str] = (),
    resume: str | None = None,
    continue_last: bool = False,
) -> int:
    """One request without a terminal; the exit code."""
    from continualcode.agent.headless import Headless

    if not prompt.strip():
        raise UserError('The request is empty; write for example continualcode -p "Fix src/lib.rs.".')
    face = Headless(as_json)
    with _day(settings, face, allow, resume, continue_last) as (loop, run):
        session = loop.session
        outcome = loop.request(prompt.strip())
        return face.finish(run.id, outcome, session.turns, session.malformed)


@contextmanager
def _day(
    settings: Settings, face: Face, allow: Sequence[str], resume: str | None, continue_last: bool
) -> Iterator[tuple[Loop, Run]]:
    """Everything a session needs, put together; the run is recorded while the block lasts."""
    from continualcode.agent import earlier
    from continualcode.agent.approval import Approval
    from continualcode.agent.ledger import Ledger
    from continualcode.agent.loop import Loop
    from continualcode.agent.scope import scope_of
    from continualcode.agent.session import Session
    from continualcode.agent.start import open_engine, repository_notes
    from continualcode.agent.tools import Toolbox

    workspace = Path.cwd().resolve()
    approval = Approval(workspace, settings.home, [*settings.allow.split(","), *allow])
    with recorded_run("session", settings) as run:
        wanted = resume is not None or continue_last
        before = earlier.read(run.store, settings.home, workspace, resume) if wanted else None
        engine = open_engine(settings, run.store)
        notes, remark = repository_notes(workspace, settings.notes_file, engine.context_length)
        toolbox = Toolbox(workspace, settings)
        session = Session(engine, toolbox, repository_notes=notes, max_new_tokens=settings.max_new_tokens)
        face.begins(run.id, engine, workspace)
        if before is not None:
            session.messages, session.notes = before.messages, before.notes
            face.remark(before.greeting(workspace))
            run.summary |= {"continues": before.id}
        if remark:
            face.remark(remark)
        run.summary |= {"pid": os.getpid(), "born": earlier.process_birth(os.getpid())}
        scope = scope_of(workspace)
        ledger = Ledger(run.store, run.id, run.folder, workspace, run.summary, scope)
        yield Loop(session, face, approval, ledger, settings, _teacher(settings, engine, run, face, scope)), run


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """One session in a terminal at a time in a repository; a request with -p may run beside it, since it teaches
    nothing."""
    from continualcode.agent.scope import Busy, alone, scope_of

    scope = scope_of(Path.cwd())
    try:
        with alone(settings.home, scope, f"A session (process {os.getpid()})"):
            yield
    except Busy as error:
        raise UserError(
            f"{error} is open in {scope}: end it first, or ask beside it with -p; its lessons and yours would lose each other."
        ) from None


def _teacher(settings: Settings, engine: Engine, run: Run, face: Face, scope: str) -> Teach | None:
    """How a correction becomes a lesson here; None when training is off or the model cannot learn. What
    earlier sessions taught is put in place either way. A server's model learns later: corrections are queued."""
    if settings.engine != "local" and settings.enable_training and not engine.capabilities.trains:
        from continualcode.agent.queued import keep

        return lambda denied, _: keep(run.store, denied, scope)
    if not engine.capabilities.trains:
        return None
    from continualcode.agent.teaching import Pending, begin, go_on

    if settings.adapter == "current" and (remark := go_on(run.store, engine, scope)):
        face.remark(remark)
    if not settings.enable_training:
        return None

    def teach(denied: Denied, cancel: threading.Event) -> Taught | Pending:
        return begin(engine, run.store, settings, denied, cancel, scope)

    return teach


def _undoer(loop: Loop) -> Callable[[str], str] | None:
    """How a lesson is taken back here."""
    if loop.teach is None:
        return None
    from continualcode.agent.teaching import undo

    return lambda lesson_id: undo(loop.session.engine, loop.ledger.store, lesson_id, loop.ledger.scope)


def register(app: typer.Typer) -> None:
    """Add `run` and `sessions`."""

    @app.command("sessions", rich_help_panel=panel.DAY)
    def sessions_(
        overrides: Overrides = None,
        here: Annotated[bool, typer.Option("--here", help="Only those held in this directory.")] = False,
        count: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
        as_json: Json = False,
    ) -> None:
        """Sessions of the agent, newest last; go on with one by --resume ID, with the last one here by --continue.

        Example: continualcode sessions --here
        """
        settings = settings_from(overrides)
        from continualcode.agent.earlier import sessions
        from continualcode.store import Store

        with Store(settings.store_path) as store:
            rows = sessions(store, settings.home, Path.cwd().resolve() if here else None, count)
        shown = [(r.session, minute(r.started), r.state, r.requests, r.workspace, r.about) for r in rows]
        columns = ("session", "began", "state", "requests", "directory", "about")
        emit({"sessions": rows}, as_json, table(columns, shown) if rows else "No sessions yet.")

    @app.command("run", rich_help_panel=panel.DAY)
    def run_(
        overrides: Overrides = None,
        count: Annotated[int | None, typer.Option(min=1, help="At most so many koans.")] = None,
        family: Annotated[str | None, typer.Option(help="A family or the beginning of one: borrow, lifetimes.")] = None,
        max_attempts: Annotated[int | None, typer.Option(min=1, help="Edits that a koan may take.")] = None,
        model: Annotated[str | None, typer.Option(help="Model name or folder.")] = None,
        run_id: Annotated[str | None, typer.Option(help="Name of this run.")] = None,
        cycle: Annotated[int | None, typer.Option(min=0, help="Day/night cycle that this day belongs to.")] = None,
        adapter: Annotated[str | None, typer.Option(help="current, none, a version or a folder.")] = None,
        verbose: Annotated[bool, typer.Option("--verbose", help="One line for each koan.")] = False,
        as_json: Json = False,
    ) -> None:
        """A day over the train split's koans; episodes are kept.

        Example: continualcode run --family borrow --count 5
        """
        settings = settings_from(overrides, max_attempts=max_attempts, model_name=model, adapter=adapter)
        from continualcode.agent.koan_day import day

        with recorded_run("day", settings, run_id=run_id) as run, progress("koans") as step:
            summary = day(settings, run.store, run.id, count=count, family=family, progress=lambda done: step(done))
            run.summary |= {**summary.as_dict(), "cycle": cycle}
        if verbose:
            for episode in summary.episodes:
                say(
                    f"{episode.task_id}: {episode.outcome}, steps {episode.steps_to_green or '–'}, {'; '.join(episode.signatures)}"
                )
        rows = [(name, s["solved"], s["n"]) for name, s in summary.by_family().items()]
        emit(
            {"run": run.id, "cycle": cycle, **summary.as_dict()},
            as_json,
            table(("family", "solved", "of"), rows, summary.line()),
        )
