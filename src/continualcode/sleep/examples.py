"""Repairs as training examples: the prompt is the first turn of a koan session, the completion the one
`edit_lines` call that repairs it. Both through the engine's own template, so that what is trained is
token for token what a session samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from continualcode.agent.prompts import repair_request, system_prompt
from continualcode.engine.base import Engine, Example, Message, ToolCall


@dataclass(frozen=True)
class Block:
    """Lines start..end (from 1, inclusive) become `text`; no line end after its last line."""

    start: int
    end: int
    text: str


def minimal_block(before: str, after: str) -> Block:
    """The smallest single block of lines whose replacement turns `before` into `after`. A pure insertion
    takes the line that follows along (the one before, at the end of the file), since a call that replaces
    a line says where it stands without counting between lines; a pure deletion has an empty text.
    This is the form the bundled model was raised on. Raises ValueError when nothing differs."""
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        raise ValueError("the two programs do not differ")
    i1 = 0
    while i1 < min(len(old), len(new)) and old[i1] == new[i1]:
        i1 += 1
    i2, j2 = len(old), len(new)
    while i2 > i1 and j2 > i1 and old[i2 - 1] == new[j2 - 1]:
        i2, j2 = i2 - 1, j2 - 1
    j1 = i1
    if i1 == i2:
        if i2 < len(old):
            i2, j2 = i2 + 1, j2 + 1
        elif i1 > 0:
            i1, j1 = i1 - 1, j1 - 1
    return Block(i1 + 1, i2, "\n".join(new[j1:j2]))


def first_prompt(engine: Engine, path: str, buggy: str, feedback: str) -> list[int]:
    """Ids of the request as a session's first turn puts it."""
    from continualcode.agent.calls import schemas

    system = system_prompt(engine.profile)
    messages = [Message("system", system)] if system else []
    messages.append(Message("user", repair_request(path, buggy, feedback)))
    return engine.encode(messages, tools=schemas() if engine.profile == "full" else None)


def repair_call(path: str, buggy: str, fixed: str) -> ToolCall:
    """The one call that repairs `buggy` with the fewest lines."""
    block = minimal_block(buggy, fixed)
    arguments = {"path": path, "start": block.start, "end": block.end, "text": block.text}
    return ToolCall("edit_lines", arguments)


def repair_example(
    engine: Engine, buggy: str, fixed: str, feedback: str, *, path: str = "src/lib.rs", weight: float = 1.0
) -> Example:
    """A supervised example: student prompt ids and completion ids, end of turn included."""
    reply = engine.encode_reply(Message("assistant", tool_calls=(repair_call(path, buggy, fixed),)))
    return Example(tuple(first_prompt(engine, path, buggy, feedback)), tuple(reply), weight=weight)


def fits(engine: Engine, example: Example) -> bool:
    """Whether prompt and completion fit the engine's context."""
    return len(example.student_ids) + len(example.completion_ids) <= engine.context_length


def applied(before: str, call: ToolCall) -> str | None:
    """`before` after an `edit_lines` call; None when its range is not in the file or it is another tool."""
    if call.name != "edit_lines":
        return None
    lines = before.splitlines()
    try:
        start, end, text = int(call.arguments["start"]), int(call.arguments["end"]), str(call.arguments["text"])
    except (KeyError, ValueError, TypeError):
        return None
    if not (1 <= start <= len(lines) + 1 and start - 1 <= end <= len(lines)):
        return None
    lines[start - 1 : end] = text.split("\n") if text else []
    return "\n".join(lines) + "\n"


def same_program(a: str, b: str) -> bool:
    """Equal but for white space at line ends and blank lines."""

    def strip(text: str) -> Sequence[str]:
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    return strip(a) == strip(b)
