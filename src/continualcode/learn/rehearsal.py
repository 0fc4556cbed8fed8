"""Earlier lessons: what a new lesson must not undo, and which of them it replaces.

An earlier lesson's prompt is played again before the new one begins. Where the model still obeys, its answer is held
as it is; where it does not, the lesson is taught again beside the new one. A lesson that the new one (or a later one)
replaces is left out: the newest word counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from continualcode.engine.base import Completion, Engine, Message, SampleParams, ToolCall
from continualcode.learn.proof import Habit, Trial, alike, call_habit, call_of
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


def standing(
    lessons: Sequence[Earlier], kinds: Sequence[Habit | None], kind: Habit | None = None, denied: ToolCall | None = None
) -> list[Earlier]:
    """Those that hold, oldest first. `kinds`: what the model without any lesson does on their prompts, which tells
    what kind of request it is; `kind`, `denied`: the same of the new lesson's prompt, and the call it denies.

    The newest word on a kind counts: an older lesson stands beside it only when both teach the same. What the new
    lesson is about, and what it or a later one denies, does not stand.
    """
    kept: list[Earlier] = []
    newest: list[tuple[Habit, Habit]] = []  # kind, and what its newest lesson teaches
    refused = [denied] if denied is not None else []
    for lesson, own in zip(reversed(lessons), reversed(kinds), strict=True):
        taught = call_habit(lesson.taught)
        words = [now for of, now in newest if alike(of, own)]
        if own is not None and not words:
            newest.append((own, taught))
        if not alike(kind, own) and all(alike(now, taught) for now in words):
            if not any(lesson.trial(()).passed(call) for call in refused):
                kept.append(lesson)
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
