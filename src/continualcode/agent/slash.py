"""The slash commands of the interactive agent: `/help`, `/undo`, `/notes` … Each prints; none talks to the
model."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.markup import escape

from continualcode.agent import correction, earlier, files
from continualcode.agent.approval import Rule
from continualcode.agent.loop import Loop
from continualcode.agent.terminal import Terminal
from continualcode.errors import UserError
from continualcode.learn.undo import GLOBAL, UNDONE, in_force, in_use

HELP = {
    "/help": "this list",
    "/lessons [undo ID]": "lessons that were given here or for every repository; undo one",
    "/why [ID]": "a lesson's calls token by token, with the teacher's credit; the last one without an ID",
    "/undo [lesson]": "put back the files of the last change; with `lesson`, take back what the last request taught too",
    "/adapter": "whose weights answer here, and what they were taught",
    "/resume [ID]": "earlier sessions of this directory; go on with one",
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
            "/why": self._why, "/adapter": self._adapter, "/resume": self._resume,
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
        found = self.loop.ledger.store.find("lessons", newest=True, limit=20, scope=self._scopes())
        for lesson in reversed(found):
            where = "everywhere" if lesson.scope == GLOBAL else "here"
            line = next(iter(lesson.correction.splitlines()), "")
            self._print(f"  {lesson.id}  {lesson.outcome:12} {where:10} {lesson.seconds:5.1f} s  {escape(line[:80])}")
        if not found:
            self._print("no lesson yet: deny a call with d and say what it should do instead")

    def _scopes(self) -> list[str]:
        return [self.loop.ledger.scope, GLOBAL]

    def _why(self, rest: str) -> None:
        from continualcode.agent import why

        store, session = self.loop.ledger.store, self.loop.session
        if rest:
            record = store.get_lesson(rest)
        else:
            record = next(iter(store.find("lessons", newest=True, limit=1, scope=self._scopes())), None)
        if record is None:
            raise UserError(f"There is no lesson {rest}; /lessons lists them." if rest else "No lesson was given yet.")
        found = why.explain(session.engine, record, session.tools)
        reason = f" ({record.reason})" if record.reason else ""
        self._print(escape(f"{record.id}: {record.outcome.replace('_', ' ')}{reason}"))
        self._print(escape(f"correction: {record.correction}"))
        for credited in found:
            self.terminal.console.print(why.shown(credited), soft_wrap=True)

    def _undo(self, rest: str) -> None:
        if rest not in ("", "lesson"):
            raise UserError("Write /undo for files, or /undo lesson for files and what the last request taught.")
        if not self.changes and not rest:
            raise UserError("There is no change to undo (what a command changed is not undone).")
        of_last = bool(self.changes) and any(c is self.changes[-1] for c in self.loop.outcome.changes)
        if of_last or not rest:
            names = files.restore(self.loop.session.toolbox.workspace, self.changes[-1])
            self.changes.pop()
            self.remark = f"(I undid your last change to {', '.join(names)}.)"
            self._print(f"put back: {escape(', '.join(names))}")
        if rest:
            self._undo_taught()

    def _undo_taught(self) -> None:
        """Take back what the last request taught, the newest first."""
        store, taught = self.loop.ledger.store, self.loop.outcome.lessons
        rows = [store.get_lesson(lesson_id) for lesson_id in reversed(taught)]
        moved = [row.id for row in rows if row is not None and row.after_ref and row.outcome != UNDONE]
        if self.undo_lesson is None or not moved:
            raise UserError("The last request taught nothing that changed the weights.")
        for lesson_id in moved:
            self._print(escape(self.undo_lesson(lesson_id)))

    def _adapter(self, rest: str) -> None:
        loop, engine = self.loop, self.loop.session.engine
        store, scope = loop.ledger.store, loop.ledger.scope
        used = in_use(store, scope)
        night, own = store.current(), store.current(scope)
        self._print(escape(f"model {engine.model_id}, adapter {engine.adapter_ref or 'none'}"))
        self._print(escape(f"weights of {'every repository' if used == GLOBAL else scope}"))
        if own is not None:
            self._print(escape(f"promoted for this repository: {own.version}"))
        self._print(escape(f"promoted for every repository: {night.version if night else 'none, the base model'}"))
        lessons = in_force(store, used)
        self._print(
            f"lessons in them: {len(lessons)}" + (f", the last at drift {lessons[-1].drift:.3f}" if lessons else "")
        )
        if (
            lessons
            and night is not None
            and used != GLOBAL
            and any(m.at > lessons[0].created for m in store.moves(GLOBAL))
        ):
            self._print(
                "they were begun before that version: this repository keeps its own weights until they are undone"
            )

    def _resume(self, rest: str) -> None:
        loop, session = self.loop, self.loop.session
        store, home, workspace = loop.ledger.store, loop.settings.home, session.toolbox.workspace
        if not rest:
            rows = [row for row in earlier.sessions(store, home, workspace, 11) if row.session != loop.ledger.run_id]
            for row in rows[-10:]:
                self._print(escape(f"  {row.session}  {row.state:11} {row.requests:3} requests  {row.about[:60]}"))
            self._print("/resume ID goes on with one" if rows else "no earlier session in this directory")
            return
        before = earlier.read(store, home, workspace, rest)
        session.messages, session.notes = before.messages, before.notes
        loop.ledger.summary |= {"continues": before.id}
        loop.ledger.transcript(session)
        self._print(escape(before.greeting(workspace)))

    def _notes(self, rest: str) -> None:
        session = self.loop.session
        rest = correction.note(rest)
        if rest:
            session.note(rest)
            self.loop.ledger.correction("note", rest, "", "")
            self.loop.ledger.transcript(session)
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
        self.loop.ledger.transcript(self.loop.session)
        self._print("the conversation is forgotten")
