"""The words put before a model: data, not logic.

Two sets. `full` is for models raised by others: it explains the tools. `compact` is what the bundled
model was raised on: nothing that it does not need, since every token costs it. The nursery, the agent,
the lesson and the night all build their prompts from here, so that training and use cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence

SYSTEM_FULL = """You are continualcode, a coding agent working in the user's repository.
Work in small steps: exactly one tool call per turn, then wait for its result.
Lines of files are shown as `number|text`; numbers are not part of the file.
Prefer the smallest change that solves the task. When the work is done, answer in one sentence without a tool call."""

CORRECTION_BLOCK = "\n\nCorrection: {correction}"
DENIED = "denied: {correction}"
DENIED_SILENT = "denied"
REPAIR = "Fix {path}.\n{listing}\ncheck:\n{feedback}"
AFTER_EDIT = "{done}\ncheck:\n{feedback}"
CHECK_OK = "ok"


def numbered(text: str, start: int = 1) -> str:
    """Lines of `text` as `number|line`, counting from `start`: how every tool shows a file."""
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    return "\n".join(f"{start + i}|{line}" for i, line in enumerate(lines))


def system_prompt(profile: str, notes: Sequence[str] = (), repository_notes: str = "") -> str:
    """The system message, or an empty string when there is nothing to say (compact profile, no notes)."""
    parts: list[str] = [] if profile == "compact" else [SYSTEM_FULL]
    if repository_notes:
        parts.append(repository_notes.strip())
    if notes:
        parts.append("Notes:\n" + "\n".join(f"- {note}" for note in notes))
    return "\n\n".join(parts)


def repair_request(path: str, source: str, feedback: str) -> str:
    """The user message of a repair task: the file, numbered, and what the compiler says of it."""
    return REPAIR.format(path=path, listing=numbered(source), feedback=feedback)


def with_correction(user_text: str, correction: str) -> str:
    """The teacher's user turn: the same request with the correction in a block at its end."""
    return user_text + CORRECTION_BLOCK.format(correction=correction)
