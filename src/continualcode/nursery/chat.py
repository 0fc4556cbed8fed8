"""Conversations as training text: the same characters the chat template writes, cut into segments so that
only the assistant's own tokens carry the full loss."""

from __future__ import annotations

from collections.abc import Sequence

from continualcode.engine.base import Message, ToolCall


def call(name: str, **arguments: object) -> Message:
    """An assistant turn that is one tool call."""
    return Message("assistant", tool_calls=(ToolCall(name, arguments),))


def user(text: str) -> Message:
    return Message("user", text)


def tool(text: str, name: str = "") -> Message:
    return Message("tool", text, name=name or None)


def say(text: str) -> Message:
    return Message("assistant", text)


def body(message: Message) -> str:
    """The inside of a turn, as the chat template writes it."""
    out = message.content
    for c in message.tool_calls:
        out += f"<tool_call>\n<function={c.name}>\n"
        out += "".join(f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in c.arguments.items())
        out += "</function>\n</tool_call>"
    return out


def segments(messages: Sequence[Message]) -> list[tuple[str, bool]]:
    """[(text, is the assistant's own)]: joined, they are the chat template's text. Segments begin and end
    at special tokens, so that encoding them one by one equals encoding the whole."""
    out: list[tuple[str, bool]] = []
    for m in messages:
        if m.role == "assistant":
            out += [("<|im_start|>assistant\n", False), (body(m) + "<|im_end|>", True), ("\n", False)]
        else:
            out.append((f"<|im_start|>{m.role}\n{body(m)}<|im_end|>\n", False))
    return out
