"""A koan as a session: the file and the compiler's word on it, then calls until the tests pass.

The task never compiles anything itself: it says what it waits for, so that a rollout can check and sample
many tasks as one batch.

    while not task.done:
        if item := task.pending_check(): task.give_verdict(check(*item))
        else: task.take(sample(task.next_prompt()))

An edit that leads to a file which was judged before is not made: the call is taken back and drawn again, a little
warmer each time, up to `retries.REDRAWS` times (`redraws` says to the caller how often in a row). Nobody learns anything from
the same wrong edit twice, and the five attempts are edits that the compiler has not seen. With the compact profile a
try that did not lessen the errors is undone before the next.

Solved means the verdict's `solved`: it compiles and the koan's own tests pass. Of a koan without tests: it
compiles and nothing was gutted (koans/gutting.py), and the episode says `unpinned`. A task ends when it is
solved, when the model stops calling tools, after `max_attempts` edits, or after `max_turns` turns.
"""

from __future__ import annotations

import difflib
import tempfile
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from continualcode.agent import calls, prompts, retries
from continualcode.agent.session import Session, message_to_dict
from continualcode.agent.tools import Toolbox
from continualcode.config import Settings
from continualcode.engine.base import Completion, Engine, Message, ToolCall
from continualcode.errors import UserError
from continualcode.koans.gutting import gutting
from continualcode.rust.verdict import Verdict
from continualcode.store.records import EpisodeRecord, ToolCallRecord

if TYPE_CHECKING:
    from continualcode.koans.catalogue import Koan

PATH = "src/lib.rs"

MALFORMED_IN_A_ROW = 2  # a task ends there: the model has lost the thread
GUTTED = "gutted"  # the signature of a program that compiles because what was to be mended is gone
LONGEST_REPLY = 160  # tokens, of a small model: a repair is shorter, and the rest of its context goes to the prompt


class KoanTask:
    """One attempt at a koan. `max_turns` defaults to twice `max_attempts`. `hint`: a sentence put behind the
    request, the way a teacher is given a correction. `run_id` and `seed` only go into the episode."""

    def __init__(
        self,
        koan: Koan,
        engine: Engine,
        *,
        max_attempts: int = 5,
        max_turns: int | None = None,
        settings: Settings | None = None,
        seed: int = 0,
        run_id: str = "",
        hint: str | None = None,
    ) -> None:
        self.koan = koan
        self.engine = engine
        self.max_attempts = max_attempts
        self.max_turns = max_turns if max_turns is not None else 2 * max_attempts
        self.settings = settings or Settings()
        self.seed = seed
        self.run_id = run_id
        self.hint = hint
        self.outcome = ""  # solved, failed, interrupted; empty while it runs
        self.attempts = 0
        self.redraws = 0  # calls in a row that were taken back
        self.steps_to_green: int | None = None
        self.signatures: list[str] = []
        self.tool_calls: list[ToolCallRecord] = []
        self._started = time.time()
        self._seconds = 0.0
        self._judged: set[str] = set()  # files that had their verdict
        self._base, self._errors = koan.buggy, 0  # where tries begin, and the errors in it
        self._undone: list[tuple[int, list[Message]]] = []  # tries that were undone, and where they stood
        self._waiting = True  # for a verdict; the first is on the buggy file
        self._done_text = ""  # what the tool's message begins with once the verdict is there
        self._folder = tempfile.TemporaryDirectory(prefix="continualcode-koan-")
        self.workspace = Path(self._folder.name).resolve()
        (self.workspace / "src").mkdir()
        (self.workspace / PATH).write_text(koan.buggy, encoding="utf-8", newline="")
        self.code = koan.buggy
        toolbox = Toolbox(self.workspace, self.settings, check_after_edit=False)
        longest = (
            min(self.settings.max_new_tokens, LONGEST_REPLY)
            if engine.profile == "compact"
            else self.settings.max_new_tokens
        )
        self.session = Session(engine, toolbox, max_new_tokens=longest)
        # A small model that sees its own malformed reply repeats it; the next draw is another one anyway.
        self.session.forgets_malformed = self.session.profile == "compact"

    @property
    def done(self) -> bool:
        """Whether the task has ended."""
        return bool(self.outcome)

    @property
    def solved(self) -> bool:
        return self.outcome == "solved"

    def pending_check(self) -> tuple[str, str] | None:
        """(code, tests) that wait for a verdict, or None."""
        return (self.code, self.koan.tests) if self._waiting and not self.done else None

    def give_verdict(self, verdict: Verdict) -> None:
        """The verdict on `pending_check`. The first opens the conversation; later ones answer the open call."""
        if not self._waiting or self.done:
            raise ValueError("no verdict is awaited")
        self._waiting = False
        self._judged.add(self.code)
        feedback, signature = verdict.feedback(PATH), verdict.signature
        passes = verdict.solved
        if not self.koan.tests.strip() and verdict.compiles and not verdict.stopped:
            lost = gutting(self.koan.buggy, self.code)
            passes = not lost
            if lost:
                feedback, signature = f"error: {lost}; mend the code without taking it away", GUTTED
        if signature:
            self.signatures.append(signature)
        if not self.session.messages:
            request = prompts.repair_request(PATH, self.code, feedback)
            self.session.user(prompts.with_correction(request, self.hint) if self.hint else request)
            self._errors = _errors(verdict)
            return
        reply = prompts.AFTER_EDIT.format(done=self._done_text, feedback=feedback) if self._done_text else feedback
        self.session.respond(reply)
        self.tool_calls[-1] = replace(self.tool_calls[-1], result=reply, signature=signature, solved_after=passes)
        if passes:
            self.steps_to_green = len(self.tool_calls)
            self._end("solved")
        else:
            self._end_if_spent()
            if not self.done and self._done_text and self.session.profile == "compact":
                self._go_on_or_back(verdict)

    def _go_on_or_back(self, verdict: Verdict) -> None:
        """A step that left fewer errors is built upon; any other is undone and forgotten. A small model reads
        little out of its own failures, and its second try is better from the file as it was (docs/LOG.md)."""
        errors = _errors(verdict)
        if 0 < errors < self._errors:
            self._base, self._errors = self.code, errors
            return
        self.code = self._base
        (self.workspace / PATH).write_text(self.code, encoding="utf-8", newline="")
        messages = self.session.messages
        self._undone.append((len(messages) - 2, messages[-2:]))
        del messages[-2:]

    def next_prompt(self) -> list[int]:
        """Token ids of the next prompt. Only between verdicts: raises ValueError while one is awaited or
        after the end."""
        if self._waiting or self.done:
            raise ValueError("the task waits for a verdict or has ended")
        return self.session.prompt_ids()

    def take(self, completion: Completion) -> None:
        """Read what the model said, and run its call."""
        turn = self.session.take(completion)
        call = turn.call
        if completion.stop == "cancelled":
            return self._end("interrupted")
        if call is None and turn.error is None:
            return self._end("failed")
        if call is not None and call.name in calls.EDITS and self._leads_back(call):
            return self._take_back()
        self.redraws = 0
        self._record(call or turn.refused, turn.error or "", completion)
        if call is None:
            return self._end_if_spent()
        if call.name == "check":
            self._waiting, self._done_text = True, ""
            return None
        result = self.session.toolbox.run(call)
        if call.name in calls.EDITS:
            self.attempts += 1
        if PATH in result.changed:
            self.code = (result.changed[PATH][1] or b"").decode("utf-8")
            self._waiting, self._done_text = True, result.text
            return None
        self.session.respond(result.text)
        self.tool_calls[-1] = replace(self.tool_calls[-1], result=result.text)
        if call.name == "bash":
            self._reread()
        return self._end_if_spent()

    def _leads_back(self, call: ToolCall) -> bool:
        """Whether the file would be one that was judged before."""
        after = self.session.toolbox.outcome(call).get(PATH)
        return after is not None and after.decode("utf-8", "replace") in self._judged

    def _take_back(self) -> None:
        self.session.take_back()
        self.redraws += 1
        if self.redraws > retries.REDRAWS:
            self._end("failed")

    def _record(self, call: ToolCall | None, error: str, completion: Completion) -> None:
        self.tool_calls.append(
            ToolCallRecord(
                index=len(self.tool_calls),
                tool=call.name if call else "",
                arguments=calls.plain(call.arguments) if call else {},
                result=error,
                well_formed=not error,
                completion_ids=list(completion.ids),
                logprobs=list(completion.logprobs),
            )  # fmt: skip
        )

    def _reread(self) -> None:
        """A command may have changed the file."""
        try:
            self.code = (self.workspace / PATH).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            self.code = ""

    def _end_if_spent(self) -> None:
        lost = [t.well_formed for t in self.tool_calls[-MALFORMED_IN_A_ROW:]] == [False] * MALFORMED_IN_A_ROW
        if lost or self.attempts >= self.max_attempts or self.session.turns >= self.max_turns:
            self._end("failed")
            return
        try:
            self.session.context()
        except UserError:  # nothing more fits into the model's context
            self._end("failed")

    def interrupt(self) -> None:
        """End the task where it stands."""
        if not self.done:
            self._end("interrupted")

    def _end(self, outcome: str) -> None:
        self.outcome = outcome
        self._seconds = time.time() - self._started
        self._folder.cleanup()

    def episode(self, known_signatures: Collection[str] = ()) -> EpisodeRecord:
        """The record of an ended task, its `id` empty (the store gives one). `known_signatures`: what this
        task failed with before; ending on one of them is a repeat error. `first_code` is the file as given,
        `diff` leads from it to `final_code`."""
        if not self.done:
            raise ValueError("the task has not ended")
        koan = self.koan
        diff = difflib.unified_diff(
            koan.buggy.splitlines(keepends=True), self.code.splitlines(keepends=True), f"a/{PATH}", f"b/{PATH}"
        )
        last = self.signatures[-1] if self.signatures else ""
        request = next((m.content for m in self.session.messages if m.role == "user"), "")
        return EpisodeRecord(
            id="", run_id=self.run_id, task_id=koan.id, family=koan.family, pattern=koan.pattern, split=koan.split,
            prompt=request, outcome=self.outcome, steps_to_green=self.steps_to_green, attempts=self.attempts,
            signatures=list(self.signatures), first_code=koan.buggy, final_code=self.code, diff="".join(diff),
            model=self.engine.model_id, adapter=self.engine.adapter_ref, seed=self.seed,
            started=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._started)), seconds=self._seconds,
            tool_calls=list(self.tool_calls), repeat_error=not self.solved and last in known_signatures,
            unpinned=not koan.tests.strip(),
            messages=[message_to_dict(m) for m in self._transcript()],
        )  # fmt: skip

    def _transcript(self) -> list[Message]:
        """All that was said, with the tries that were undone."""
        said = list(self.session.messages)
        for at, tried in reversed(self._undone):
            said[at:at] = tried
        return said


def _errors(verdict: Verdict) -> int:
    return sum(d.is_error for d in verdict.diagnostics)
