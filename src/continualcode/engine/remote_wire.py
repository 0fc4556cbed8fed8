"""Conversations in the words of OpenAI's chat completions: messages out, the pieces of a streamed reply in.

A chat endpoint takes messages and shows no token ids of its own, while everything above an engine speaks of ids. So an
id here is a number that spells its own bytes (a leading 1, then the bytes): of a prompt, three bytes of the conversation
as JSON, near what a tokenizer makes of it, so that lengths compare with a model's context; of a reply, one token as the
server named it, where it gives log-probabilities. `read(spell(x)) == x`, in any process, without a table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from continualcode.engine.base import Completion, Message, ToolCall
from continualcode.engine.calls import parse_reply

BYTES_AN_ID = 3  # of text whose tokens are not known


def spell(data: bytes) -> list[int]:
    """Ids of bytes, three each."""
    return [spelled(data[i : i + BYTES_AN_ID]) for i in range(0, len(data), BYTES_AN_ID)]


def spelled(piece: bytes) -> int:
    """The id of one piece, however long."""
    return int.from_bytes(b"\x01" + piece, "big")


def read(ids: Sequence[int]) -> bytes:
    """The bytes that ids spell."""
    return b"".join(i.to_bytes((i.bit_length() + 7) // 8, "big")[1:] for i in ids)


def conversation(messages: Sequence[Message], tools: Sequence[Mapping[str, Any]] | None) -> bytes:
    """A conversation as the JSON that a request carries."""
    content: dict[str, Any] = {"messages": plain(messages)}
    if tools:
        content["tools"] = list(tools)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def plain(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as OpenAI's JSON. Calls get ids in their order; a tool's answer to no call (feedback on a malformed
    one) is the user's message, since servers refuse a tool message that answers nothing."""
    out: list[dict[str, Any]] = []
    waiting: list[str] = []
    made = 0
    for message in messages:
        row: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.role == "assistant":
            waiting = [f"call_{made + n}" for n in range(len(message.tool_calls))]
            made += len(waiting)
            if message.tool_calls:
                row["tool_calls"] = [
                    {"id": name, "type": "function", "function": {"name": c.name, "arguments": _json(c.arguments)}}
                    for name, c in zip(waiting, message.tool_calls, strict=True)
                ]
        elif message.role == "tool" and waiting:
            row["tool_call_id"] = waiting.pop(0)
        elif message.role == "tool":
            row["role"] = "user"
        out.append(row)
    return out


def reply_text(content: str, calls: Sequence[tuple[str, str]]) -> str:
    """A reply as text that `calls.parse_reply` reads: free text, then calls (name, arguments as JSON text) in Hermes
    form. Arguments that are no JSON stay as they came: the parser says so to the model."""
    parts = [content] if content else []
    for name, arguments in calls:
        try:
            shown = _json(json.loads(arguments or "{}"))
        except (ValueError, RecursionError):
            shown = arguments
        parts.append(f'<tool_call>\n{{"name": {_json(name)}, "arguments": {shown}}}\n</tool_call>')
    return "\n".join(parts)


def call_text(content: str, calls: Sequence[ToolCall]) -> str:
    """As `reply_text`, of parsed calls."""
    return reply_text(content, [(c.name, _json(c.arguments)) for c in calls])


def _json(value: Any) -> str:
    """JSON in which no tag can be read: `<` is escaped."""
    plain_value = dict(value) if isinstance(value, Mapping) else value
    return json.dumps(plain_value, ensure_ascii=False, default=str).replace("<", "\\u003c")


@dataclass
class Reply:
    """A reply as it comes in, piece by piece. `finish`: the server's word on why it ended, empty while it goes on."""

    content: str = ""
    calls: dict[int, list[str]] = field(default_factory=dict)  # index → [name, arguments]
    tokens: list[tuple[bytes, float]] = field(default_factory=list)
    finish: str = ""

    def take(self, chunk: Mapping[str, Any]) -> str:
        """Add one chunk of a stream, or a whole completion; the free text that it brought."""
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            return ""  # the last chunk of some servers holds the usage alone
        part = choice.get("delta") or choice.get("message")
        piece = ""
        if isinstance(part, Mapping):
            piece = part["content"] if isinstance(part.get("content"), str) else ""
            for place, call in enumerate(part.get("tool_calls") or ()):
                self._call(place, call)
        self.content += piece
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, Mapping):
            self._tokens(logprobs.get("content") or ())
        if isinstance(choice.get("finish_reason"), str):
            self.finish = choice["finish_reason"]
        return piece

    def _call(self, place: int, call: Any) -> None:
        if not isinstance(call, Mapping):
            return
        index, function = call.get("index"), call.get("function")
        held = self.calls.setdefault(index if isinstance(index, int) else place, ["", ""])
        if isinstance(function, Mapping):
            for n, key in enumerate(("name", "arguments")):
                value = function.get(key)
                if isinstance(value, Mapping):  # some servers send the object itself
                    value = json.dumps(dict(value))
                held[n] += value if isinstance(value, str) else ""

    def _tokens(self, rows: Sequence[Any]) -> None:
        for row in rows:
            if isinstance(row, Mapping) and isinstance(row.get("logprob"), (int, float)):
                raw = row.get("bytes")
                data = bytes(raw) if isinstance(raw, (list, tuple)) else str(row.get("token", "")).encode()
                self.tokens.append((data, float(row["logprob"])))

    def completion(self, prompt: Sequence[int]) -> Completion:
        """The reply as a completion. The server's tokens and their log-probabilities are kept where they spell the
        reply; where they do not (some servers leave out calls, some count template tokens), there are none."""
        text = reply_text(self.content, [(name, arguments) for name, arguments in self.calls.values()])
        told = b"".join(data for data, _ in self.tokens).decode("utf-8", "replace")
        stop = "length" if self.finish == "length" else "end"
        if self.tokens and (told == text or (self.calls and parse_reply(told)[1:] == parse_reply(text)[1:])):
            ids = tuple(spelled(data) for data, _ in self.tokens)
            return Completion(tuple(prompt), ids, tuple(logprob for _, logprob in self.tokens), told, stop)
        return Completion(tuple(prompt), tuple(spell(text.encode("utf-8", "replace"))), (), text, stop)
