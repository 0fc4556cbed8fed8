"""Earlier lessons: what a new lesson must not undo, and which of them it replaces.

An earlier lesson's prompt is played again before the new one begins. Where the model still obeys, its answer is held
as it is; where it does not, the lesson is taught again beside the new one. A lesson that the new one (or a later one)
denies is superseded: the newest word counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from continualcode.engine.base import Completion, Engine, Message, SampleParams, ToolCall
from continualcode.learn.proof import Trial, call_of
from continualcode.store.records import LessonRecord

MOST = 32  # earlier lessons that one lesson plays again: the newest half, and as many spread over the older ones


@dataclass(frozen=True)
class Earlier:
    """A lesson that was taken: the conversation it was given in, what was denied and what is done since."""

    messages: tuple[Message, ...]
    correction: str
    taught: ToolCall
    denied: ToolCall | None = None
    notes: tuple[str, ...] = ()

    def trial(self, prompt: Sequence[int]) -> Trial:
        """The lesson as a question, on its own prompt."""
        return Trial(tuple(prompt), self.taught, self.denied, self.correction)


def standing(lessons: Sequence[Earlier], denied: ToolCall | None = None) -> list[Earlier]:
    """Those that hold, oldest first: none that a later lesson, or the call `denied` now, takes back. Of several for
    the same request the last."""
    kept: list[Earlier] = []
    refused = [denied] if denied is not None else []
    requests: set[str] = set()
    for lesson in reversed(lessons):
        request = "\n".join(f"{m.role}:{m.content}" for m in lesson.messages)
        if request not in requests and not any(lesson.trial(()).passed(call) for call in refused):
            kept.append(lesson)
        requests.add(request)
        if lesson.denied is not None:
            refused.append(lesson.denied)
    return kept[::-1]


def chosen(lessons: Sequence[Earlier], most: int = MOST) -> list[Earlier]:
    """At most so many: the newest half, and of the older ones some at even distances, the first one always."""
    if len(lessons) <= most:
        return list(lessons)
    older, newest = lessons[: len(lessons) - most // 2], lessons[len(lessons) - most // 2 :]
    count = most - len(newest)
    return [*(older[i * len(older) // count] for i in range(count)), *newest]


def earlier(
    engine: Engine, messages: Sequence[Message], correction: str, denied: str, taught: str, notes: Sequence[str] = ()
) -> Earlier | None:
    """A lesson from the texts of its denied and its taught call; None when no call was taught."""
    right, wrong = (engine.parse(text)[1] for text in (taught, denied))
    return Earlier(tuple(messages), correction, right[0], wrong[0] if wrong else None, tuple(notes)) if right else None


def from_records(engine: Engine, records: Sequence[LessonRecord]) -> tuple[Earlier, ...]:
    """The lessons of the store that took, oldest first; what was refused, undone or did not take is not there."""
    found: list[Earlier] = []
    for record in sorted(records, key=lambda r: (r.created, r.id)):
        if record.outcome in ("took", "partly") and record.messages:
            item = earlier(
                engine, [_message(m) for m in record.messages], record.correction, record.denied, record.approved
            )
            found += [item] if item is not None else []
    return tuple(found)


def replay_earlier(engine: Engine, trials: Sequence[Trial], max_new_tokens: int) -> list[tuple[Completion, bool]]:
    """What the model does on these prompts now, and whether it obeys."""
    if not trials:
        return []
    replies = engine.sample([t.prompt for t in trials], SampleParams(max_new_tokens=max_new_tokens))
    return [(c, t.passed(call_of(engine, c))) for t, c in zip(trials, replies, strict=True)]


def _message(row: dict) -> Message:
    calls = tuple(ToolCall(c["name"], c["arguments"]) for c in row.get("tool_calls", ()))
    return Message(row["role"], row.get("content", ""), calls, row.get("name"))
