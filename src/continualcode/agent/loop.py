"""One request, from the user's words to the model's last: propose → ask → run or refuse → learn → again.

The loop knows neither terminal nor JSON: a `Face` shows and asks (`terminal.py`, `headless.py`), a `Ledger`
writes down, a `Teach` turns a correction into a lesson. It returns when the model answers without a call,
when the user stops it, or when a limit is reached. Nothing runs that neither a rule nor the user allowed.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from continualcode.agent import calls, prompts, retries, worker
from continualcode.agent.approval import Approval, Rule
from continualcode.agent.ledger import Ledger
from continualcode.agent.session import Session, Turn
from continualcode.agent.tools import Preview, ToolResult
from continualcode.config import Settings
from continualcode.engine.base import Completion, Engine, Message, SampleParams, ToolCall
from continualcode.rust.verdict import Verdict

if TYPE_CHECKING:
    from continualcode.agent.teaching import Pending

INTERRUPTED = "interrupted by the user"
TRIED = "error: this leaves the file as it was when it failed its check; make another change"


@dataclass(frozen=True)
class Decision:
    """What the user says of a call. `text`: the correction or the note; `call`: the edited call; `rule`: what
    is allowed from now on; `everywhere`: the correction holds in every repository, not in this one alone."""

    kind: Literal["approve", "teach", "deny", "edit", "note", "rule", "stop"]
    text: str = ""
    call: ToolCall | None = None
    rule: Rule | None = None
    everywhere: bool = False


@dataclass(frozen=True)
class Denied:
    """A call that was corrected: what the model saw, what it said, what the user said of it. `right`: the call
    as the user edited it, when that is what they did."""

    context: tuple[Message, ...]
    completion: Completion
    call: ToolCall
    correction: str
    right: ToolCall | None
    correction_id: str
    notes: tuple[str, ...] = ()
    tools: tuple[Mapping[str, Any], ...] | None = None
    recent: tuple[tuple[Message, ...], ...] = ()  # other prompts of this session, for the lesson to spread over
    approved: bool = False  # `right` is the model's own retry, which the user approved
    everywhere: bool = False  # for every repository


@dataclass(frozen=True)
class Taught:
    """How a lesson ended, in words for the user. outcome: took, partly, did_not_take, refused, stopped, queued. `twin_id`: the
    same lesson in the weights of every repository, when this one has its own."""

    outcome: str
    line: str
    lesson_id: str = ""
    seconds: float = 0.0
    twin_id: str = ""


Teach = Callable[[Denied, threading.Event], "Taught | Pending"]


class Face(Protocol):
    """Shows the conversation and asks the user. `waiting` wraps work that takes time and offers a way to
    stop it (setting the event)."""

    def begins(self, session_id: str, engine: Engine, workspace: Path) -> None: ...
    def streamed(self, piece: str) -> None: ...
    def said(self, turn: Turn) -> None: ...
    def asks(self, call: ToolCall, preview: Preview) -> Decision: ...
    def runs(self, call: ToolCall, preview: Preview, decision: str) -> None: ...
    def ran(self, call: ToolCall, result: ToolResult) -> None: ...
    def denied(self, call: ToolCall, correction: str) -> None: ...
    def taught(self, taught: Taught) -> None: ...
    def remark(self, text: str) -> None: ...
    def tick(self, what: str, seconds: float) -> None: ...


@dataclass
class Outcome:
    """How a request ended: `done`, `refused` (a call was denied more often than is tried again), `limit` (too
    many turns), `malformed` (no well-formed call came), `stuck` (it proposed nothing but edits that had failed),
    `interrupted`. `changes`: what each call changed, for undo; `lessons`: the ids of those that it taught."""

    end: str
    text: str = ""
    changes: list[dict[str, tuple[bytes | None, bytes | None]]] = field(default_factory=list)
    verdict: Verdict | None = None
    lessons: list[str] = field(default_factory=list)


class Loop:
    """The parts of one session; `request` runs one request through them. `read`: tokens of the last prompt; `speed`:
    tokens a second of the last reply."""

    def __init__(
        self, session: Session, face: Face, approval: Approval, ledger: Ledger, settings: Settings, teach: Teach | None
    ) -> None:
        self.session = session
        self.face = face
        self.approval = approval
        self.ledger = ledger
        self.settings = settings
        self.teach = teach
        self.outcome = Outcome("interrupted")  # of the request under way, or the last one
        self.read, self.speed = 0, 0.0
        self._recent: deque[tuple[Message, ...]] = deque(maxlen=64)
        self._failed: set[tuple[str, bytes]] = set()  # files of this request that failed their check
        self._unlearnt: Denied | None = None  # a lesson that waits for the approved retry
        self._pending: tuple[Denied, Pending, threading.Event] | None = None  # a lesson that goes on behind its retry

    def request(self, text: str) -> Outcome:
        """See the module docstring. The transcript is saved whatever happens."""
        if self.session.open_call is not None:  # the last request was cut off between a call and its answer
            self.session.respond(INTERRUPTED)
        self.session.user(text)
        self.outcome = outcome = Outcome("interrupted")
        self._unlearnt = None
        self._failed.clear()
        self.ledger.begin(text, self.session)
        try:
            try:
                self._turns(outcome)
            finally:
                self._settle()
        finally:
            self.ledger.end(outcome.end, outcome.verdict, self.session)
        return outcome

    def _turns(self, outcome: Outcome) -> None:
        denials = malformed = back = 0
        for _ in range(self.settings.max_turns):
            completion = self._sample(back)
            if completion.stop == "cancelled":
                outcome.end = "interrupted"
                return
            turn = self.session.take(completion)
            self.face.said(turn)
            if self._pending is not None:
                self._pending[1].go_on()
            if turn.error is not None:
                self.ledger.call(turn, turn.refused, turn.error, "auto", False)
                self.ledger.transcript(self.session)
                self._settle()
                malformed += 1
                if malformed > self.settings.retries:
                    outcome.end = "malformed"
                    return
                continue
            malformed = 0
            if turn.call is None:
                outcome.end, outcome.text = "done", turn.text
                return
            if self._leads_back(turn.call):
                self._turn_back(turn)
                self._settle()
                back += 1
                if back > retries.REDRAWS:
                    outcome.end = "stuck"
                    return
                continue
            back = 0
            decision = self._decide(turn.call)
            self._settle()
            if decision.kind in ("approve", "edit"):
                if self._run(turn, decision, outcome):
                    outcome.end = "interrupted"
                    return
                denials = 0
                continue
            self._refuse(turn, decision)
            denials += 1
            if decision.kind == "stop":
                outcome.end = "interrupted"
                return
            if denials > self.settings.retries:
                outcome.end = "refused"
                return
        outcome.end = "limit"

    def _leads_back(self, call: ToolCall) -> bool:
        """Whether an edit leaves a file as it was when it failed its check in this request."""
        return bool(self._failed) and any(state in self._failed for state in self.session.toolbox.outcome(call).items())

    def _turn_back(self, turn: Turn) -> None:
        """A small model's call is taken back and drawn again, warmer; a large one is told."""
        assert turn.call is not None
        self.face.remark(f"not again: {calls.describe(turn.call)} was tried and failed; asking for another")
        if self.session.profile == "compact":
            self.session.take_back()
        else:
            self.session.respond(TRIED)
            self.ledger.call(turn, turn.call, TRIED, "auto", True)

    def _sample(self, back: int = 0) -> Completion:
        """The next turn; `back`: how many in a row were taken back."""
        from continualcode.engine.grammar import CallGrammar

        s, cancel = self.settings, threading.Event()
        prompt = self.session.prompt_ids()
        grammar = CallGrammar.of_schemas(self.session.toolbox.schemas()) if s.constrained else None
        warm = s.temperature if back == 0 else retries.warmth(max(s.temperature, retries.TEMPERATURE), back - 1)
        params = SampleParams(s.max_new_tokens, warm, s.top_p, s.seed + self.session.turns + 7919 * back, grammar)

        def draw() -> Completion:
            return self.session.engine.sample(
                [prompt], params, on_text=lambda _, piece: self.face.streamed(piece), cancelled=cancel.is_set
            )[0]

        began = time.monotonic()
        completion = worker.run(draw, cancel, lambda seconds: self.face.tick("", seconds))
        self.read, self.speed = len(prompt), len(completion.ids) / max(time.monotonic() - began, 1e-6)
        return completion

    def _decide(self, call: ToolCall) -> Decision:
        """The user's word, or the rules'. A call that cannot run (its preview is a problem) needs no approval:
        running it only tells the model why. What is approved is what was shown: when the file was changed meanwhile,
        the call is shown again; an edited call that cannot run is not taken."""
        preview = self.session.toolbox.preview(call)
        if preview.kind == "problem" or self.approval.allows(call):
            self.face.runs(call, preview, "auto")
            return Decision("approve", text="auto")
        while True:
            decision = self.face.asks(call, preview)
            if decision.kind == "note":
                self.session.note(decision.text)
                self.ledger.correction("note", decision.text, "", "")
                self.ledger.transcript(self.session)
                continue
            if decision.kind == "rule" and decision.rule is not None:
                self.approval.keep(decision.rule)
                if not decision.rule.allows(call):
                    continue
                decision = Decision("approve")
            if decision.kind == "edit" and decision.call is not None:
                edited = self.session.toolbox.preview(decision.call)
                if edited.kind == "problem":
                    self.face.remark(edited.diff)
                    continue
            if decision.kind == "approve":
                shown, preview = preview, self.session.toolbox.preview(call)
                if preview.kind != "problem" and preview != shown:
                    self.face.remark("not run: what it would change is not what was shown any more")
                    continue
            return decision

    def _run(self, turn: Turn, decision: Decision, outcome: Outcome) -> bool:
        """Run the call, or the user's version of it; True when Ctrl-C cut it off."""
        assert turn.call is not None
        call = decision.call if decision.kind == "edit" and decision.call is not None else turn.call
        workspace = self.session.toolbox.workspace
        planned = {name: (_bytes(workspace / name), new) for name, new in self.session.toolbox.outcome(call).items()}
        try:
            result = self.session.apply(call)
        except KeyboardInterrupt:  # while the code was checked, say: what was written already can be undone
            written = {name: both for name, both in planned.items() if both[0] != _bytes(workspace / name) == both[1]}
            result = ToolResult(INTERRUPTED, False, written)
            if self.session.open_call is not None:
                self.session.respond(result.text)
            stopped = True
        else:
            stopped = False
        self.face.ran(call, result)
        word = {"edit": "edited"}.get(decision.kind, "auto" if decision.text == "auto" else "approved")
        self.ledger.call(turn, call, result.text, word, True, result.verdict)
        if result.changed:
            outcome.changes.append(dict(result.changed))
        outcome.verdict = result.verdict or outcome.verdict
        if result.changed and not result.text.endswith(prompts.CHECK_OK):
            for name, (_, after) in result.changed.items():
                if result.verdict is not None and after is not None:
                    self._failed.add((name, after))
        self.ledger.transcript(self.session)
        ran = not stopped and (result.ok or call.name not in calls.EDITS)
        if ran and decision.kind == "edit":
            self._correct(turn, decision, right=call)
        elif ran and decision.text != "auto" and self._unlearnt is not None:
            waiting, self._unlearnt = self._unlearnt, None
            self._lesson(replace(waiting, right=call, approved=True))
        self._recent.append(turn.context)
        return stopped

    def _refuse(self, turn: Turn, decision: Decision) -> None:
        assert turn.call is not None
        correction = decision.text if decision.kind == "teach" else ""
        self.session.deny(correction or None)
        if decision.kind != "stop":
            self.face.denied(turn.call, correction)
        self.ledger.call(turn, turn.call, self.session.messages[-1].content, "taught" if correction else "denied", True)
        self.ledger.transcript(self.session)
        if correction:
            self._correct(turn, decision, right=None)

    def _correct(self, turn: Turn, decision: Decision, right: ToolCall | None) -> None:
        """Write a correction down and teach it."""
        assert turn.call is not None
        kind, correction = "edit" if right is not None else "deny", decision.text
        wrong, better = calls.render(turn.call), calls.render(right) if right else ""
        record = self.ledger.correction(kind, correction, wrong, better, everywhere=decision.everywhere)
        tools = self.session.tools
        denied = Denied(
            turn.context, turn.completion, turn.call, correction, right, record.id, tuple(self.session.notes),
            tuple(tools) if tools else None, tuple(self._recent), everywhere=decision.everywhere,
        )  # fmt: skip
        self._lesson(denied)

    def _lesson(self, denied: Denied) -> None:
        """Teach, and say what came of it; what the retry does not need goes on while the user reads the retry."""
        if self.teach is None:
            return
        cancel, teach = threading.Event(), self.teach
        taught = worker.run(lambda: teach(denied, cancel), cancel, lambda seconds: self.face.tick("lesson", seconds))
        if isinstance(taught, Taught):
            self._learnt(denied, taught)
        else:
            self._pending = denied, taught, cancel
            self.face.remark(taught.line)

    def _settle(self) -> None:
        """Wait for the lesson that goes on behind a retry; the engine is not used before."""
        if self._pending is None:
            return
        (denied, pending, cancel), self._pending = self._pending, None
        self._learnt(denied, worker.run(pending.wait, cancel, lambda seconds: self.face.tick("lesson", seconds)))

    def _learnt(self, denied: Denied, taught: Taught) -> None:
        """Say what came of a lesson. One that did not take waits for the retry that the user approves: then the call
        itself can be imitated."""
        self.ledger.lesson(taught.outcome)
        self.outcome.lessons += [name for name in (taught.lesson_id, taught.twin_id) if name]
        self.face.taught(taught)
        if denied.right is None and taught.outcome in ("refused", "did_not_take", "queued"):
            self._unlearnt = denied


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
