"""A denied call becomes a lesson of `learn`, and the lesson a row of the store."""

from __future__ import annotations

import threading

from continualcode.agent.loop import Denied, Taught
from continualcode.config import Settings
from continualcode.engine.base import Engine, EngineError, Message, ToolCall
from continualcode.errors import UserError
from continualcode.store import Store, new_id


def lesson(engine: Engine, store: Store, settings: Settings, denied: Denied, cancel: threading.Event) -> Taught:
    """Teach one correction and keep the lesson. Setting `cancel` stops it at the next step, with the weights
    from before. What cannot be taught is said, not raised: the request goes on."""
    from continualcode.learn.lesson import LessonInput, teach
    from continualcode.learn.pool import Pool
    from continualcode.learn.record import lesson_record
    from continualcode.learn.rehearsal import from_records
    from continualcode.learn.undo import standing

    approved = tuple(engine.encode_reply(Message("assistant", "", (denied.right,)))) if denied.right else None
    given = LessonInput(
        messages=denied.context,
        denied=denied.completion,
        correction=words(denied),
        approved_ids=approved,
        notes=denied.notes,
        tools=denied.tools,
    )
    lesson_id = new_id("le")
    pool = Pool(recent=denied.recent, lessons=from_records(engine, standing(store)))
    try:
        outcome = teach(engine, given, settings, pool, lesson_id=lesson_id, cancelled=cancel.is_set)
    except (UserError, EngineError) as error:
        return Taught("refused", f"lesson refused: {error}")
    store.add_lesson(
        lesson_record(engine, given, outcome, settings, lesson_id=lesson_id, correction_id=denied.correction_id)
    )
    return Taught(outcome.verdict, outcome.line(), lesson_id, outcome.seconds)


def words(denied: Denied) -> str:
    """The correction as the teacher reads it: the user's words, or for an edited call the shortest sentence
    that asks for it, else the diff."""
    right: ToolCall | None = denied.right
    if right is None or denied.approved:
        return denied.correction
    if right.name != denied.call.name:
        return f"use {right.name}"
    if right.name == "bash":
        return f"use {right.arguments.get('command', '')}"
    return denied.correction


def go_on(store: Store, engine: Engine) -> str:
    """Put the engine where the last session's lessons left it; a remark when there is something to say."""
    from continualcode.learn.undo import resume

    try:
        folder = resume(store, engine)
    except (UserError, EngineError) as error:
        return f"the lessons of earlier sessions are left aside: {error}"
    return "" if folder is None else f"going on from the lessons of before ({folder.parent.name})"


def undo(engine: Engine, store: Store, lesson_id: str) -> str:
    """Take a lesson back (`last`: the newest that stands); one line for the user. Raises UserError."""
    from continualcode.learn.undo import last_standing, undo_lesson

    record = undo_lesson(store, engine, last_standing(store) if lesson_id == "last" else lesson_id)
    return f"undone: {record.id} ({record.correction})"
