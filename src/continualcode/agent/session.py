"""One conversation between a user, a model and the tools: no terminal, no weights, no store.

The order of a turn: `user(text)` → `prompt_ids()` → (the engine samples) → `take(completion)` → either the
turn is text, or it holds a call which `apply` runs or `deny` refuses. A malformed call answers itself: the
feedback is already in the conversation when `take` returns. What was sampled is kept as sampled in
`Turn.completion`; a prompt is rendered afresh each time. When a prompt grows past the model's context, the
oldest tool results are clipped first, with a marker; the transcript itself keeps everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from continualcode.agent import prompts
from continualcode.agent.calls import plain
from continualcode.agent.tools import Toolbox, ToolResult
from continualcode.engine.base import Completion, Engine, Message, ToolCall
from continualcode.errors import UserError

CLIPPED = "[clipped: {count} characters; ask again if you need them]"
KEPT = 60  # a text shorter than this is not worth clipping


@dataclass(frozen=True)
class Turn:
    """What the model said: free text, and the one call it asks for (None: none, or malformed). `error` is the
    feedback that a malformed call got. `context`: the messages this completion answers, as they were shown."""

    text: str
    call: ToolCall | None
    error: str | None
    completion: Completion
    context: tuple[Message, ...]
    refused: ToolCall | None = None  # what was asked for when its name or arguments were wrong


class Session:
    """See the module docstring. `profile`: the prompt set, the engine's own by default. `notes` are the user's,
    `repository_notes` the text of AGENTS.md. `max_new_tokens`: room kept free for the reply."""

    def __init__(
        self,
        engine: Engine,
        toolbox: Toolbox,
        profile: Literal["compact", "full"] | None = None,
        notes: Sequence[str] = (),
        *,
        repository_notes: str = "",
        max_new_tokens: int = 256,
    ) -> None:
        self.engine = engine
        self.toolbox = toolbox
        self.profile: Literal["compact", "full"] = profile or engine.profile
        self.forgets_malformed = False  # a malformed reply leaves no trace: for models that such a trace derails
        self.notes = list(notes)
        self.repository_notes = repository_notes
        self.max_new_tokens = max_new_tokens
        self.messages: list[Message] = []
        self.turns = 0
        self.malformed = 0
        self._asked: tuple[Message, ...] | None = None  # what the last prompt showed
        toolbox.profile = self.profile

    # -- before the model speaks
    def user(self, text: str) -> None:
        """Add the user's message."""
        self.messages.append(Message("user", text))

    def note(self, text: str) -> None:
        """Add a note that stands in the system message from now on."""
        self.notes.append(text)

    @property
    def tools(self) -> list[dict[str, Any]] | None:
        """The schemas a prompt carries: none for a model that was raised on the tools."""
        return self.toolbox.schemas() if self.profile == "full" else None

    def context(self) -> tuple[Message, ...]:
        """The messages of the next prompt, system message first, clipped to the model's context. Raises
        UserError when not even the last request fits."""
        system = prompts.system_prompt(self.profile, self.notes, self.repository_notes)
        head = [Message("system", system)] if system else []
        return tuple(self._fit(head, list(self.messages)))

    def prompt_ids(self) -> list[int]:
        """The next prompt's token ids."""
        self._asked = self.context()
        return self._encode(self._asked)

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        return self.engine.encode(messages, tools=self.tools)

    def _fits(self, messages: Sequence[Message]) -> bool:
        room = self.engine.context_length - min(self.max_new_tokens, self.engine.context_length // 2)
        return len(self._encode(messages)) <= room

    def _fit(self, head: list[Message], body: list[Message]) -> list[Message]:
        if self._fits([*head, *body]):
            return [*head, *body]
        if self.profile == "compact":  # it never saw a clipped text: forget the request's first steps whole
            while len(body) > 3 and body[0].role == "user" and body[1].role == "assistant":
                body = [body[0], *body[3:]] if body[2].role == "tool" else [body[0], *body[2:]]
                if self._fits([*head, *body]):
                    return [*head, *body]
        results = [i for i, m in enumerate(body) if m.role == "tool" and len(m.content) > KEPT]
        for i in results[:-1]:
            body[i] = replace(body[i], content=CLIPPED.format(count=len(body[i].content)))
            if self._fits([*head, *body]):
                return [*head, *body]
        for i, message in enumerate(body[:-1]):
            if message.role == "assistant" and message.tool_calls:
                body[i] = replace(message, tool_calls=tuple(_short(c) for c in message.tool_calls))
                if self._fits([*head, *body]):
                    return [*head, *body]
        asked = max((i for i, m in enumerate(body) if m.role == "user"), default=0)
        while asked > 0:  # earlier requests are over; drop them one message at a time
            body, asked = body[1:], asked - 1
            if body[0].role == "user" and self._fits([*head, *body]):
                return [*head, *body]
        while results and body and body[-1].role == "tool" and len(body[-1].content) > 2 * KEPT:
            text = body[-1].content
            third = len(text) // 3
            shorter = f"{text[:third]}\n{CLIPPED.format(count=len(text) - 2 * third)}\n{text[-third:]}"
            if len(shorter) >= len(text):  # the marker is longer than what it stands for
                break
            body[-1] = replace(body[-1], content=shorter)
            if self._fits([*head, *body]):
                return [*head, *body]
        while len(body) > 3 and body[1].role == "assistant":  # keep the request, forget its first steps
            body = [body[0], *body[3:]] if body[2].role == "tool" else [body[0], *body[2:]]
            if self._fits([*head, *body]):
                return [*head, *body]
        raise UserError(
            "The conversation is longer than the model can read; start afresh with /clear, or ask for less at once."
        )

    # -- after it
    def take(self, completion: Completion) -> Turn:
        """Read a completion; the assistant's message, and the feedback on a malformed call, join the
        conversation."""
        context, self._asked = self._asked or self.context(), None
        self.turns += 1
        text, calls, error = self.engine.parse(completion.text)
        call = calls[0] if calls else None
        if call is not None and error is None:
            error = self.toolbox.validate(call)
        elif completion.stop == "length" and error is not None:
            error = f"{error} (the reply was cut off after {len(completion.ids)} tokens; make smaller steps)"
        if error is not None:
            self.malformed += 1
            feedback = error if error.startswith("error") else f"error: {error}"
            shown = Message("assistant", text, (call,)) if call else Message("assistant", completion.text)
            if not self.forgets_malformed:
                self.messages += [shown, Message("tool", feedback, name=call.name if call else None)]
            return Turn(text, None, feedback, completion, context, call)
        self.messages.append(Message("assistant", text, (call,) if call else ()))
        return Turn(text, call, None, completion, context)

    def apply(self, call: ToolCall) -> ToolResult:
        """Run a call and put its result into the conversation. A call that differs from the one asked for
        (the user edited it) takes its place there."""
        self._replace_call(call)
        result = self.toolbox.run(call)
        self.respond(result.text)
        return result

    def respond(self, text: str) -> None:
        """Answer the open call with `text`."""
        call = self.open_call
        self.messages.append(Message("tool", text, name=call.name if call else None))

    def deny(self, correction: str | None = None) -> None:
        """Refuse the open call; the correction, when there is one, is what the model reads."""
        self.respond(prompts.DENIED.format(correction=correction) if correction else prompts.DENIED_SILENT)

    def take_back(self) -> None:
        """Forget the open call, as if it had not been drawn; the next prompt is the one it answered."""
        if self.open_call is None:
            raise ValueError("no call is open")
        self.messages.pop()
        self.turns -= 1

    @property
    def open_call(self) -> ToolCall | None:
        """The call that waits for its answer."""
        last = self.messages[-1] if self.messages else None
        return last.tool_calls[0] if last and last.role == "assistant" and last.tool_calls else None

    def _replace_call(self, call: ToolCall) -> None:
        last = self.messages[-1] if self.messages else None
        if last is None or last.role != "assistant" or not last.tool_calls:
            raise ValueError("no call is open")
        if last.tool_calls[0] != call:
            self.messages[-1] = replace(last, tool_calls=(call,))

    def clear(self) -> None:
        """Forget the conversation; notes stay."""
        self.messages.clear()


def _short(call: ToolCall) -> ToolCall:
    return ToolCall(
        call.name,
        {
            k: CLIPPED.format(count=len(v)) if isinstance(v, str) and len(v) > 2 * KEPT else v
            for k, v in call.arguments.items()
        },
    )


def message_to_dict(message: Message) -> dict[str, Any]:
    """A message as JSON values, for records and events."""
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["tool_calls"] = [{"name": c.name, "arguments": plain(c.arguments)} for c in message.tool_calls]
    if message.name:
        out["name"] = message.name
    return out


def message_from_dict(raw: Mapping[str, Any]) -> Message:
    """The inverse of `message_to_dict`."""
    calls = tuple(ToolCall(c["name"], dict(c["arguments"])) for c in raw.get("tool_calls", ()))
    return Message(raw["role"], raw.get("content", ""), calls, raw.get("name"))
