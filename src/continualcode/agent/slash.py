"""The slash commands of the interactive agent: `/help`, `/undo`, `/notes` … Each prints; none talks to the
model."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.markup import escape

from continualcode.agent import files
from continualcode.agent.approval import Rule
from continualcode.agent.loop import Loop
from continualcode.agent.terminal import Terminal
from continualcode.errors import UserError

HELP = {
    "/help": "this list",
    "/lessons [undo ID]": "lessons of this session and before; undo one",
    "/undo": "put back the files that the last change touched",
    "/notes [TEXT]": "notes of this session; add one",
    "/rules [drop RULE]": "what runs without asking; take one back",
    "/metrics": "what happened in this session",
    "/model": "which model and adapter answer",
    "/clear": "forget the conversation (notes stay)",
    "/quit": "end (Ctrl-D does the same)",
}


class Slash:
    """`run(line)` does what a line that begins with `/` says; False means quit. `undo_lesson(id)` takes a
    lesson back and says so in one line (None where the model cannot learn)."""

    def __init__(self, loop: Loop, terminal: Terminal, undo_lesson: Callable[[str], str] | None) -> None:
        self.loop = loop
        self.terminal = terminal
        self.undo_lesson = undo_lesson
        self.changes: list[dict[str, tuple[bytes | None, bytes | None]]] = []
        self.remark = ""  # told to the model with the next request
        self._since = time.monotonic()

    def run(self, line: str) -> bool:
        name, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        commands: dict[str, Callable[[str], None]] = {
            "/help": self._help, "/lessons": self._lessons, "/undo": self._undo, "/notes": self._notes,
            "/rules": self._rules, "/metrics": self._metrics, "/model": self._model, "/clear": self._clear,
        }  # fmt: skip
        if name in ("/quit", "/exit"):
            return False
        action = commands.get(name)
        if action is None:
            self._print(f"[yellow]no command {escape(name)}; /help lists them[/]")
            return True
        try:
            action(rest)
        except (UserError, files.FileProblem) as error:
            self._print(f"[yellow]{escape(str(error))}[/]")
        return True

    def _print(self, text: str) -> None:
        self.terminal.console.print(text, soft_wrap=True)

    def _help(self, rest: str) -> None:
        for name, words in HELP.items():
            self._print(f"  {escape(name):22} {words}")

    def _lessons(self, rest: str) -> None:
        word, _, lesson_id = rest.partition(" ")
        if word == "undo" and lesson_id:
            if self.undo_lesson is None:
                raise UserError("This model does not learn, so there is no lesson to undo.")
            self._print(escape(self.undo_lesson(lesson_id.strip())))
            return
        found = self.loop.ledger.store.find("lessons", newest=True, limit=20)
        for lesson in reversed(found):
            self._print(
                f"  {lesson.id}  {lesson.outcome:12} {lesson.seconds:5.1f} s  {escape(lesson.correction.splitlines()[0][:80])}"
            )
        if not found:
            self._print("no lesson yet: deny a call with d and say what it should do instead")

    def _undo(self, rest: str) -> None:
        if not self.changes:
            raise UserError("There is no change to undo (what a command changed is not undone).")
        names = files.restore(self.loop.session.toolbox.workspace, self.changes[-1])
        self.changes.pop()
        self.remark = f"(I undid your last change to {', '.join(names)}.)"
        self._print(f"put back: {escape(', '.join(names))}")

    def _notes(self, rest: str) -> None:
        session = self.loop.session
        if rest:
            session.note(rest)
            self.loop.ledger.correction("note", rest, "", "")
        for note in session.notes:
            self._print(f"  - {escape(note)}")
        if not session.notes:
            self._print("no notes; /notes TEXT adds one")

    def _rules(self, rest: str) -> None:
        approval = self.loop.approval
        word, _, text = rest.partition(" ")
        if word == "drop" and text and not approval.drop(Rule.parse(text)):
            raise UserError(f"There is no kept rule {text.strip()}.")
        for rule in approval.kept:
            self._print(f"  {escape(str(rule))}")
        for rule in approval.given:
            self._print(f"  {escape(str(rule))}  (this run)")
        if not approval.kept and not approval.given:
            self._print("no rules: everything that writes or runs is asked for")

    def _metrics(self, rest: str) -> None:
        for name, count in sorted(self.loop.ledger.counts.items()):
            self._print(f"  {name}: {count}")
        self._print(f"  minutes: {(time.monotonic() - self._since) / 60:.1f}")

    def _model(self, rest: str) -> None:
        engine = self.loop.session.engine
        learns = "learns" if self.loop.teach is not None else "does not learn"
        self._print(
            escape(
                f"{engine.model_id}, adapter {engine.adapter_ref or 'none'}, reads {engine.context_length} tokens, {learns}"
            )
        )

    def _clear(self, rest: str) -> None:
        self.loop.session.clear()
        self._print("the conversation is forgotten")
