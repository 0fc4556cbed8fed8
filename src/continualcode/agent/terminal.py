"""The face in a terminal: inline, no full screen. Streams what the model says, shows a diff before anything
is written, and asks with one key.

Ctrl-C at a question refuses the call and ends the request; while the model speaks or learns it stops that
step; at the main prompt it clears the line, where Ctrl-D quits. Nothing is lost by any of them: the ledger
has written everything down. At the main prompt Enter sends; Alt-Enter or a backslash before Enter begins another
line, and a paste of many lines is one request.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Sequence
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.application.current import get_app_session
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import Completer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import HTML
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich.console import Console
from rich.markup import escape
from rich.syntax import Syntax

from continualcode.agent import calls, correction, files
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
QUESTION = "[a]pprove [d]eny and teach [s]ilent deny [e]dit [n]ote [r]ule > "
NARROW = "a d s e n r, or ? > "
MEANINGS = """  a  approve: run it
  d  deny, and teach what it should do instead (--global at the end of your words: in every repository)
  s  deny, without teaching
  e  edit the call in $EDITOR; what you make of it runs and is taught
  n  a note for this session
  r  always allow calls like this one"""
SHOWN_LINES = 12  # of a tool's result
CALL = "<tool_call>"


class Terminal:
    """See the module docstring. `status(width)` is the line below a prompt; `suggestions()` are corrections given
    before, oldest first."""

    def __init__(
        self, console: Console | None = None, history: Path | None = None, completer: Completer | None = None
    ) -> None:
        self.console = console or Console(highlight=False)
        self.status: Callable[[int], str] = lambda width: ""
        self.suggestions: Callable[[], list[str]] = lambda: []
        self._prompt: PromptSession[str] = PromptSession(
            history=_history(history),
            completer=completer,
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            multiline=True,
            prompt_continuation="  ",
            key_bindings=_line_keys(),
            reserve_space_for_menu=5,
        )
        self._draft = ""  # an edited call that could not be read: the editor opens with it again
        self._pending = ""  # streamed text that is not shown yet
        self._calling = False
        self._ticking = False

    def begins(self, session_id: str, engine: Engine, workspace: Path) -> None:
        self.console.print(f"continualcode · {engine.model_id} · {session_id} · /help", style="bold", markup=False)

    # -- the main prompt
    def line(self) -> str:
        """The user's next request. Raises EOFError (Ctrl-D) and KeyboardInterrupt (Ctrl-C)."""
        return self._prompt.prompt(HTML("<b>&gt; </b>"), bottom_toolbar=self._toolbar())

    def ask(self, question: str, before: Sequence[str] = (), default: str = "") -> str:
        """A sentence from the user; empty when they press only Enter. `before`: what the arrow keys bring back and
        what is suggested while they type."""
        session = PromptSession(history=InMemoryHistory(before), auto_suggest=AutoSuggestFromHistory())
        return session.prompt(question, default=default, bottom_toolbar=self._toolbar()).strip()

    def _toolbar(self) -> str | None:
        return self.status(self.console.width) or None

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

        session = PromptSession(history=InMemoryHistory(), key_bindings=bindings, bottom_toolbar=self._toolbar())
        chosen: str = session.prompt(question)
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
        self._draft = ""
        forget_typed()
        question = QUESTION if self.console.width > len(QUESTION) else NARROW
        while True:
            try:
                key = self.key(question, "".join([*CHOICES, "?"]))
                if key == "?":
                    self.console.print(MEANINGS, markup=False)
                    continue
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
            return self._corrected()
        if key == "n":
            try:
                text = correction.note(self.ask("note for this session: "))
            except UserError as error:
                self.console.print(f"[yellow]{escape(str(error))}[/]")
                return None
            return Decision("note", text) if text else None
        if key == "e":
            return self._edited(call)
        return self._rule(call)

    def _corrected(self) -> Decision | None:
        """A correction in words; one that cannot be taken is given back to be changed."""
        typed = ""
        while True:
            typed = self.ask("what should it do instead? ", self.suggestions(), typed)
            if not typed:
                return None
            try:
                said = correction.read(typed)
            except UserError as error:
                self.console.print(f"[yellow]{escape(str(error))}[/]")
                typed = correction.cleaned(typed)
                continue
            return Decision("teach", said.text, everywhere=said.everywhere)

    def _edited(self, call: ToolCall) -> Decision | None:
        before = calls.render(call)
        try:
            after = edit_text(self._draft or before + "\n")
            self._draft = after
            changed = calls.parse_text(after)
        except BadCall as error:
            self.console.print(f"[yellow]{escape(str(error))}[/] (e opens what you wrote again)")
            return None
        except UserError as error:
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
        color = {"took": "green", "partly": "yellow", "queued": "yellow"}.get(taught.outcome, "red")
        self.console.print(f"[{color}]{escape(taught.line)}[/]", soft_wrap=True)

    def remark(self, text: str) -> None:
        self.console.print(f"[dim]{escape(text)}[/]")

    def tick(self, what: str, seconds: float) -> None:
        """A clock while a lesson runs; sampling shows its text instead."""
        if what and self.console.is_terminal:
            self._ticking = True
            text = f"{what}: {seconds:5.1f} s (Ctrl-C keeps the old weights)"
            self.console.file.write(f"\r{text[: self.console.width - 1]}")
            self.console.file.flush()

    def _clear_tick(self) -> None:
        if self._ticking:
            self._ticking = False
            self.console.file.write("\r" + " " * min(60, self.console.width - 1) + "\r")
            self.console.file.flush()


def forget_typed() -> None:
    """Throw away what was typed before now: a question about a call is answered by who has seen it, not by the rest of
    a paste."""
    clear_typeahead(get_app_session().input)
    with contextlib.suppress(OSError, ValueError, termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def _line_keys() -> KeyBindings:
    """The keys of the main prompt that differ from a text field of many lines: Enter sends."""
    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None  # takes what the menu offers
        elif buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.insert_text("\n")
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")  # not Ctrl-J: what is typed while the program is busy has that for Enter
    def _newline(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys


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
