"""The face in a terminal: inline, no full screen. Streams what the model says, shows a diff before anything
is written, and asks with one key.

Ctrl-C at a question refuses the call and ends the request; while the model speaks or learns it stops that
step; at the main prompt it clears the line, where Ctrl-D quits. Nothing is lost by any of them: the ledger
has written everything down.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

from continualcode.agent import calls, files
from continualcode.agent.approval import Rule, suggested
from continualcode.agent.calls import BadCall
from continualcode.agent.loop import Decision, Taught
from continualcode.agent.session import Turn
from continualcode.agent.tools import Preview, ToolResult
from continualcode.engine.base import Engine, ToolCall
from continualcode.errors import UserError

CHOICES = {
    "a": "approve", "d": "deny and teach", "s": "deny silently", "e": "edit", "n": "note", "r": "rule",
}  # fmt: skip
SHOWN_LINES = 12  # of a tool's result
CALL = "<tool_call>"


class Terminal:
    """See the module docstring."""

    def __init__(self, console: Console | None = None, history: Path | None = None) -> None:
        self.console = console or Console(highlight=False)
        self._prompt: PromptSession[str] = PromptSession(history=_history(history))
        self._pending = ""  # streamed text that is not shown yet
        self._calling = False
        self._ticking = False

    def begins(self, session_id: str, engine: Engine, workspace: Path) -> None:
        self.console.print(f"continualcode · {engine.model_id} · {session_id} · /help", style="bold", markup=False)

    # -- the main prompt
    def line(self) -> str:
        """The user's next request. Raises EOFError (Ctrl-D) and KeyboardInterrupt (Ctrl-C)."""
        return self._prompt.prompt(HTML("<b>&gt; </b>"))

    def ask(self, question: str) -> str:
        """A sentence from the user; empty when they press only Enter."""
        return PromptSession(history=InMemoryHistory()).prompt(question).strip()

    def key(self, question: str, keys: str) -> str:
        """One of `keys`, without Enter."""
        bindings = KeyBindings()

        @bindings.add("<any>")
        def _other(event: KeyPressEvent) -> None:
            return None

        def add(key: str) -> None:
            @bindings.add(key)
            def _chosen(event: KeyPressEvent) -> None:
                event.app.exit(result=key)

        for key in keys:
            add(key)

        @bindings.add("c-c")
        def _interrupt(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt())

        @bindings.add("c-d")
        def _end(event: KeyPressEvent) -> None:
            event.app.exit(exception=EOFError())

        chosen: str = PromptSession(history=InMemoryHistory(), key_bindings=bindings).prompt(question)
        return chosen

    # -- the model speaks
    def streamed(self, piece: str) -> None:
        """Show free text as it comes; of a call only that one is being written."""
        self._clear_tick()
        self._pending += piece
        if self._calling:
            return
        at = self._pending.find(CALL)
        if at >= 0:
            self._write(self._pending[:at])
            self._calling = True
            return
        held = next((n for n in range(len(CALL) - 1, 0, -1) if self._pending.endswith(CALL[:n])), 0)
        shown = self._pending[: len(self._pending) - held]
        self._write(shown)
        self._pending = self._pending[len(shown) :]

    def _write(self, text: str) -> None:
        if text:
            self.console.print(text, end="", markup=False, soft_wrap=True)

    def said(self, turn: Turn) -> None:
        self._clear_tick()
        if not self._calling:
            self._write(self._pending)
        self._pending, self._calling = "", False
        if turn.text:
            self.console.print()
        if turn.error:
            self.console.print(f"[yellow]malformed call:[/] {escape(turn.error)}")

    # -- calls
    def _show(self, call: ToolCall, preview: Preview) -> None:
        self.console.print(f"[bold cyan]{escape(calls.describe(call))}[/]", soft_wrap=True)
        if preview.kind == "edit":
            self.console.print(Syntax(preview.diff or "(no change)", "diff", theme="ansi_dark", word_wrap=True))
        elif preview.kind == "command" and "\n" in preview.diff:
            self.console.print(Syntax(preview.diff, "bash", theme="ansi_dark", word_wrap=True))

    def asks(self, call: ToolCall, preview: Preview) -> Decision:
        self._show(call, preview)
        while True:
            try:
                key = self.key("[a]pprove [d]eny and teach [s]ilent deny [e]dit [n]ote [r]ule > ", "".join(CHOICES))
                self.console.print(f"[dim]{CHOICES[key]}[/]")
                decision = self._chosen(key, call)
            except (KeyboardInterrupt, EOFError):
                self.console.print("[dim]stopped; the call was not run[/]")
                return Decision("stop")
            if decision is not None:
                return decision

    def _chosen(self, key: str, call: ToolCall) -> Decision | None:
        """The decision behind a key; None when the user thought better of it."""
        if key == "a":
            return Decision("approve")
        if key == "s":
            return Decision("deny")
        if key == "d":
            text = self.ask("what should it do instead? ")
            return Decision("teach", text) if text else None
        if key == "n":
            text = self.ask("note for this session: ")
            return Decision("note", text) if text else None
        if key == "e":
            return self._edited(call)
        return self._rule(call)

    def _edited(self, call: ToolCall) -> Decision | None:
        before = calls.render(call)
        try:
            after = edit_text(before + "\n").strip("\n")
            changed = calls.parse_text(after)
        except (BadCall, UserError) as error:
            self.console.print(f"[yellow]{escape(str(error))}[/]")
            return None
        if changed == call or calls.render(changed) == before:
            self.console.print("[dim]unchanged[/]")
            return None
        return Decision("edit", files.unified(before + "\n", calls.render(changed) + "\n", "call"), call=changed)

    def _rule(self, call: ToolCall) -> Decision | None:
        rules: Sequence[Rule] = suggested(call)
        for number, rule in enumerate(rules, 1):
            self.console.print(f"  {number}  always allow {escape(str(rule))}")
        key = self.key("which? (0 for none) > ", "0123456789"[: len(rules) + 1])
        return Decision("rule", rule=rules[int(key) - 1]) if key != "0" else None

    def runs(self, call: ToolCall, preview: Preview, decision: str) -> None:
        self._show(call, preview if preview.kind != "problem" else Preview("read", "", ""))

    def ran(self, call: ToolCall, result: ToolResult) -> None:
        lines = result.text.split("\n")
        shown = "\n".join(lines[:SHOWN_LINES]) + (
            f"\n… {len(lines) - SHOWN_LINES} more lines" if len(lines) > SHOWN_LINES else ""
        )
        self.console.print(shown, style="dim" if result.ok else "yellow", markup=False, soft_wrap=True)

    def denied(self, call: ToolCall, correction: str) -> None:
        self.console.print(f"[red]denied[/]{': ' + escape(correction) if correction else ''}")

    # -- lessons, remarks, the clock
    def taught(self, taught: Taught) -> None:
        self._clear_tick()
        color = {"took": "green", "partly": "yellow"}.get(taught.outcome, "red")
        self.console.print(f"[{color}]{escape(taught.line)}[/]", soft_wrap=True)

    def remark(self, text: str) -> None:
        self.console.print(f"[dim]{escape(text)}[/]")

    def tick(self, what: str, seconds: float) -> None:
        """A clock while a lesson runs; sampling shows its text instead."""
        if what and self.console.is_terminal:
            self._ticking = True
            self.console.file.write(f"\r{what}: {seconds:5.1f} s (Ctrl-C keeps the old weights)")
            self.console.file.flush()

    def _clear_tick(self) -> None:
        if self._ticking:
            self._ticking = False
            self.console.file.write("\r" + " " * 60 + "\r")
            self.console.file.flush()


def _history(path: Path | None) -> History:
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileHistory(str(path))
    except OSError:
        return InMemoryHistory()


def edit_text(text: str) -> str:
    """`text` as it comes back from the user's editor ($VISUAL, $EDITOR, or the first one found). Raises
    UserError when there is no editor or it fails."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        command = next((name for name in ("nano", "vim", "vi") if shutil.which(name)), None)
    if not command:
        raise UserError("There is no editor; set EDITOR, for example EDITOR=nano.")
    handle, name = tempfile.mkstemp(prefix="continualcode-call-", suffix=".txt")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        done = subprocess.run([*shlex.split(command), name])
        if done.returncode != 0:
            raise UserError(f"The editor ended with {done.returncode}; the call is as it was.")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"The editor `{command}` could not be used: {error}.") from None
    finally:
        path.unlink(missing_ok=True)
