"""One engine behind many sessions: each is answered by its own weights, and taught on them.

The base model is in memory once. Which adapter state a session has is asked of the store each time, so that a lesson,
an undo or a night is seen whoever did it, also after a restart; the states last used are kept beside the engine and put
back bit for bit. Everything here runs in the line's thread, except `keep`, which writes a correction down at once.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from continualcode.agent import calls, files, queued, teaching
from continualcode.agent.loop import Denied, Taught
from continualcode.agent.scope import Busy, alone
from continualcode.agent.weights import Weights, of_scope
from continualcode.config import Settings
from continualcode.engine.base import Completion, Engine, SampleParams
from continualcode.errors import UserError
from continualcode.learn.undo import GLOBAL
from continualcode.serve import replies
from continualcode.serve.errors import ServeError, bad, ending
from continualcode.serve.replies import Answer
from continualcode.serve.requests import Asked, Feedback
from continualcode.serve.sessions import Given, Session
from continualcode.store import Store, new_id, now
from continualcode.store.records import CorrectionRecord

KEPT_STATES = 8  # adapter states beside the engine


@dataclass(frozen=True)
class Judged:
    """What feedback came to: the correction that was kept (empty for an approval), and the lesson, if there was one."""

    action: str
    correction_id: str = ""
    taught: Taught | None = None


class Desk:
    """See the module docstring. `say`: where remarks for whoever runs the server go."""

    def __init__(
        self, engine: Engine, store: Store, settings: Settings, say: Callable[[str], None] = lambda _: None
    ) -> None:
        self.engine, self.store, self.settings, self.say = engine, store, settings, say
        self._states: OrderedDict[Weights, Any] = OrderedDict()
        self._loaded: Weights | None = None  # None: not known
        self._aside: set[Weights] = set()  # gone, or made for another base model

    # -- completions

    def complete(
        self, session: Session, asked: Asked, id: str, cancel: threading.Event, show: Callable[[str], None]
    ) -> Answer:
        """Answer a request; `show` gets the free text as it grows, each time whole. Raises ServeError."""
        engine = self.engine
        if asked.top_logprobs and not engine.capabilities.full_distributions:
            raise bad("This model gives no `top_logprobs`.", "top_logprobs", "unsupported_parameter")
        weights = self._answer_with(session.scope)
        tools = asked.tools if asked.choice != "none" else ()
        shown = tools if tools and engine.profile == "full" else None
        try:
            prompt = engine.encode(asked.messages, tools=shown)
        except UserError as error:
            raise bad(str(error), "messages") from None
        completion = self._sampled(prompt, asked, bool(tools), cancel, show)
        text, called = replies.read(engine, completion, tools)
        best = None
        if asked.logprobs and asked.top_logprobs and completion.ids:
            (best,) = engine.score([(prompt, completion.ids)], top_k=asked.top_logprobs)
        first = engine.parse(completion.text)[1][0] if called else None
        session.remember(Given(id, session.name, asked.messages, completion, first, tools, shown))
        finish = "tool_calls" if called else "length" if completion.stop == "length" else "stop"
        known = len(completion.logprobs) == len(completion.ids)  # a server behind us may give none
        told = replies.logprobs(engine, completion, best) if asked.logprobs and known else None
        return Answer(
            id, int(time.time()), engine.model_id, name_of(weights), text, called, finish, len(prompt),
            len(completion.ids), told,
        )  # fmt: skip

    def _sampled(
        self, prompt: list[int], asked: Asked, offered: bool, cancel: threading.Event, show: Callable[[str], None]
    ) -> Completion:
        """The completion, up to a stop text if one comes."""
        s, room = self.settings, self.engine.context_length - len(prompt)
        if room < 1:
            raise ServeError(
                400,
                f"This model reads {self.engine.context_length} tokens, and the messages have {len(prompt)}; shorten them.",
                "context_length_exceeded",
                "messages",
            )
        temperature = s.temperature if asked.temperature is None else asked.temperature
        fresh = secrets.randbits(31) if temperature > 0 else s.seed
        params = SampleParams(
            min(asked.most or room, room),
            temperature,
            s.top_p if asked.top_p is None else asked.top_p,
            fresh if asked.seed is None else asked.seed & 0x7FFF_FFFF,
            asked.grammar() if s.constrained else None,
        )
        said: list[str] = []
        found = threading.Event()

        def grows(_: int, piece: str) -> None:
            said.append(piece)
            text = "".join(said)
            show(replies.visible(text, calls=offered, stops=asked.stop))
            if asked.stop and replies.stopped(text, asked.stop) >= 0:
                found.set()

        (completion,) = self.engine.sample(
            [prompt], params, on_text=grows, cancelled=lambda: cancel.is_set() or found.is_set()
        )
        at = replies.stopped(completion.text, asked.stop)
        if at >= 0:
            return replies.cut_off(self.engine, completion, at)
        if completion.stop == "cancelled":
            raise ending()
        return completion

    # -- feedback

    def keep(self, session: Session, given: Given, said: Feedback) -> CorrectionRecord | None:
        """Write down what was said, before anything else is done with it; from any thread. None when there is nothing to
        be learnt from it. Raises ServeError."""
        if said.action == "approve" or (said.action == "deny" and not said.correction):
            return None
        if given.call is None:
            raise bad("This completion made no tool call, so there is none to correct.", "completion_id", "no_call")
        right, text = "", said.correction
        if said.call is not None:
            names = [tool["function"]["name"] for tool in given.tools]
            if said.call.name not in names:
                raise bad(f"`{said.call.name}` is not one of the tools that were offered ({', '.join(names)}).", "call")
            wrong, right = calls.render(given.call), calls.render(said.call)
            if wrong == right:
                raise bad("The edited call is the one that the model made; approve it instead.", "call")
            text = files.unified(wrong + "\n", right + "\n", "call")
        scope = GLOBAL if said.everywhere else session.scope
        record = CorrectionRecord(new_id("co"), said.action, text, scope, None, calls.render(given.call), right, now())
        self.store.add_correction(record)
        return record

    def judge(
        self, session: Session, given: Given, said: Feedback, kept: CorrectionRecord | None, cancel: threading.Event
    ) -> Judged:
        """Teach what feedback says. A lesson that cannot be taught now waits (`agent/queued.py`)."""
        denied = self._denied(session, given, said, kept)
        if said.action != "deny":
            session.recent.append(given.context)
            session.unlearnt = None
        if denied is None or not self.settings.enable_training:
            return Judged(said.action, kept.id if kept else "")
        taught = self._taught(session, denied, cancel)
        if denied.right is None and taught.outcome in ("refused", "did_not_take", "queued"):
            session.unlearnt = denied
        return Judged(said.action, denied.correction_id, taught)

    def later(self, session: Session, given: Given, said: Feedback, kept: CorrectionRecord | None) -> Judged:
        """Instead of `judge` when the server ends first: the lesson waits."""
        denied = self._denied(session, given, said, kept)
        if denied is None or not self.settings.enable_training:
            return Judged(said.action, kept.id if kept else "")
        return Judged(said.action, denied.correction_id, queued.keep(self.store, denied, session.scope, "ending"))

    def _denied(self, session: Session, given: Given, said: Feedback, kept: CorrectionRecord | None) -> Denied | None:
        """What is to be taught; None for nothing. An approved retry completes the lesson that waited for it."""
        if kept is not None and given.call is not None:
            return Denied(
                given.context, given.completion, given.call, kept.text, said.call, kept.id, (), given.shown,
                tuple(session.recent), everywhere=said.everywhere and session.scope != GLOBAL,
            )  # fmt: skip
        waited = session.unlearnt
        follows = waited is not None and given.context[: len(waited.context)] == waited.context
        if said.action == "approve" and waited is not None and follows and given.call is not None:
            return replace(waited, right=given.call, approved=True)
        return None

    def _taught(self, session: Session, denied: Denied, cancel: threading.Event) -> Taught:
        if not self.engine.capabilities.trains:
            return queued.keep(self.store, denied, session.scope)
        try:
            with alone(self.settings.home, session.scope, "The endpoint"):
                self._answer_with(session.scope)
                self._loaded = None  # whatever the lesson does, the store says where the session is afterwards
                taught = teaching.lesson(self.engine, self.store, self.settings, denied, cancel, session.scope)
        except Busy:
            return queued.keep(self.store, denied, session.scope, "busy")
        if cancel.is_set() and taught.outcome == "stopped":
            return queued.keep(self.store, denied, session.scope, "ending")
        return taught

    # -- weights

    def _answer_with(self, scope: str) -> Weights:
        """Put the engine where a session in `scope` is. Weights that cannot be loaded are left aside, as in the terminal."""
        weights = of_scope(self.store, scope)
        if not self.engine.capabilities.hot_swap or weights in self._aside:
            weights = Weights()
        if weights == self._loaded or not self.engine.capabilities.hot_swap:
            return weights
        self._loaded = None
        state = self._states.get(weights)
        if state is not None:
            self.engine.restore(state)
        else:
            try:
                weights.load(self.engine)
            except UserError as error:
                if weights.folder is None:
                    raise
                self.say(f"the weights of {scope} are left aside: {error}")
                self._aside.add(weights)
                return self._answer_with(scope)
            self._states[weights] = self.engine.snapshot()
        self._states.move_to_end(weights)
        while len(self._states) > KEPT_STATES:
            self._states.popitem(last=False)
        self._loaded = weights
        return weights


def require_shareable(settings: Settings) -> None:
    """Raises UserError for settings that many sessions cannot share."""
    if settings.adapter != "current":
        raise UserError("`serve` answers with each session's own weights; leave adapter=current.")
    if settings.teacher == "frozen":
        raise UserError("teacher=frozen is the weights at one session's start, and `serve` has many; use another.")


def name_of(weights: Weights) -> str:
    """What an answer calls the weights that gave it: a lesson's id, an adapter version, or `base`."""
    if weights.folder is None:
        return "base"
    return weights.folder.parent.name if weights.taught else weights.folder.name
