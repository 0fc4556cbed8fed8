"""Corrections that wait for weights: given where nothing can be taught, taught as soon as something can.

A model behind a server samples and does not learn, and a server that is ending has no time left. What was denied there
is kept as a lesson with the outcome `queued`: the conversation, the denied call, the words, the user's version of the
call. `continualcode lessons teach` takes them up with an engine that trains, in the order in which they were given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from continualcode.agent import calls
from continualcode.agent.calls import plain
from continualcode.agent.loop import Denied, Taught
from continualcode.agent.scope import Busy, alone
from continualcode.agent.session import message_from_dict, message_to_dict
from continualcode.agent.teaching import lesson, words
from continualcode.agent.weights import of_scope
from continualcode.config import Settings
from continualcode.engine.base import Completion, Engine, Message, ToolCall
from continualcode.learn.undo import GLOBAL
from continualcode.store import Store, new_id, now
from continualcode.store.records import LessonRecord

QUEUED, TAUGHT = "queued", "taught_later"
WHY = {
    "server": "this server's weights cannot be trained",
    "ending": "the server is ending",
    "busy": "another session teaches here now",
}


@dataclass(frozen=True)
class Caught:
    """A queued lesson that was taken up: its id, and what came of it."""

    queued: str
    taught: Taught


def keep(store: Store, denied: Denied, scope: str, why: str = "server") -> Taught:
    """Keep a correction for later. One that was kept already (the user has since approved a retry) gets its right call."""
    proof = {
        "call": _plain(denied.call), "right": _plain(denied.right) if denied.right else None, "approved": denied.approved,
        "everywhere": denied.everywhere, "notes": list(denied.notes), "tools": list(denied.tools) if denied.tools else None,
    }  # fmt: skip
    approved = calls.render(denied.right) if denied.right else ""
    before = [r for r in waiting(store) if r.correction_id == denied.correction_id]
    if before:
        store.update_lesson(before[-1].id, proof=proof, approved=approved)
        return Taught(QUEUED, "the approved call is kept with the correction", before[-1].id)
    record = LessonRecord(
        id=new_id("le"),
        correction_id=denied.correction_id,
        scope=scope,
        correction=words(denied),
        outcome=QUEUED,
        reason=WHY[why],
        steps=0,
        seconds=0.0,
        drift=0.0,
        proof=proof,
        settings={},
        before_ref="",
        after_ref="",
        created=now(),
        messages=[message_to_dict(m) for m in denied.context],
        denied=calls.render(denied.call),
        approved=approved,
    )
    store.add_lesson(record)
    line = f"correction kept: {WHY[why]}; `continualcode lessons teach` teaches it to a model that learns"
    return Taught(QUEUED, line, record.id)


def waiting(store: Store) -> list[LessonRecord]:
    """The lessons that wait, oldest first."""
    return sorted((r for r in store.list_lessons() if r.outcome == QUEUED), key=lambda r: (r.created, r.id))


def catch_up(
    engine: Engine, store: Store, settings: Settings, cancel: threading.Event, say: Callable[[str], None]
) -> list[Caught]:
    """Teach what waits, each in its scope; `say` is told of each before it begins. What is refused counts as taken up:
    asked again it would be refused again. What is cut off (`cancel`), or waits for another session, goes on waiting."""
    done: list[Caught] = []
    for record in waiting(store):
        if cancel.is_set():
            break
        say(record.correction)
        try:
            with alone(settings.home, record.scope, "`lessons teach`"):
                of_scope(store, record.scope).load(engine)
                taught = lesson(engine, store, settings, _denied(engine, record), cancel, record.scope)
        except Busy as error:
            say(f"left for later: {error} is open in {record.scope}")
            continue
        if taught.outcome == "stopped" and cancel.is_set():
            break
        tail = f" as {taught.lesson_id}" if taught.lesson_id else ""
        store.update_lesson(record.id, outcome=TAUGHT, reason=f"taken up{tail}: {taught.outcome.replace('_', ' ')}")
        done.append(Caught(record.id, taught))
    return done


def _denied(engine: Engine, record: LessonRecord) -> Denied:
    """The correction as it was given; the denied call in the words of the engine that learns, which it did not sample."""
    kept = record.proof
    call, right = _read(kept["call"]), _read(kept["right"]) if kept.get("right") else None
    ids = engine.encode_reply(Message("assistant", "", (call,)))
    return Denied(
        context=tuple(message_from_dict(m) for m in record.messages),
        completion=Completion((), tuple(ids), (), engine.decode(ids)),
        call=call,
        correction=record.correction,
        right=right,
        correction_id=record.correction_id,
        notes=tuple(kept.get("notes") or ()),
        tools=tuple(kept["tools"]) if kept.get("tools") else None,
        approved=bool(kept.get("approved")),
        everywhere=bool(kept.get("everywhere")) and record.scope != GLOBAL,
    )


def _plain(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name, "arguments": plain(call.arguments)}


def _read(raw: dict[str, Any]) -> ToolCall:
    return ToolCall(raw["name"], dict(raw["arguments"]))
