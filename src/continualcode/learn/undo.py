"""Lessons taken back, and the state that a new session goes on from.

Each lesson that moved weights left two folders: the whole training state before and after (adapter, optimiser, EMA,
counters). The state to go on from is not stored a second time: it is the `after` of the newest lesson that stands,
or the current adapter when that was moved later.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from continualcode.engine.base import Engine
from continualcode.errors import UserError
from continualcode.store.records import LessonRecord

if TYPE_CHECKING:
    from continualcode.store import Store

UNDONE = "undone"


def undo_lesson(store: Store, engine: Engine | None, lesson_id: str) -> LessonRecord:
    """Take the newest standing lesson back: weights and optimiser are what they were before it, bit for bit.

    engine: the one in use, restored at once; None: the next session starts from there. Lessons build on each
    other, so an older one can only go after those that came later. Raises UserError.
    """
    record = store.get_lesson(lesson_id)
    if record is None:
        raise UserError(f"There is no lesson {lesson_id}; `continualcode lessons list` shows them.")
    if record.outcome == UNDONE:
        raise UserError(f"Lesson {lesson_id} is undone already.")
    if not record.before_ref:
        raise UserError(f"Lesson {lesson_id} changed no weights, so there is nothing to undo.")
    later = [r for r in standing(store, record.scope) if (r.created, r.id) > (record.created, record.id)]
    if later:
        raise UserError(f"Lesson {later[-1].id} was built on {lesson_id}; undo it first.")
    if not (Path(record.before_ref) / "adapter_config.json").is_file():
        raise UserError(f"The weights before lesson {lesson_id} are gone: {record.before_ref} is missing.")
    if engine is not None:
        engine.load_state(Path(record.before_ref))
    store.update_lesson(lesson_id, outcome=UNDONE, reason=f"undone; it was: {record.outcome.replace('_', ' ')}")
    return store.get_lesson(lesson_id) or replace(record, outcome=UNDONE)


def last_standing(store: Store, scope: str = "global") -> str:
    """Id of the newest lesson that can be undone. Raises UserError when there is none."""
    found = standing(store, scope)
    if not found:
        raise UserError("No lesson stands that could be undone.")
    return found[-1].id


def resume_folder(store: Store, scope: str = "global") -> Path | None:
    """The training state that a session goes on from; None when the store's current adapter (or none) is it."""
    found = standing(store, scope)
    if not found:
        return None
    moves = [move.at for move in store.moves(scope)]
    newest = found[-1]
    if moves and max(moves) > newest.created:
        return None
    folder = Path(newest.after_ref)
    return folder if (folder / "adapter_config.json").is_file() else None


def resume(store: Store, engine: Engine, scope: str = "global") -> Path | None:
    """Put the engine where the last session left off, when lessons stand; the folder it came from."""
    folder = resume_folder(store, scope)
    if folder is not None:
        engine.load_state(folder)
    return folder


def standing(store: Store, scope: str = "global") -> list[LessonRecord]:
    """Lessons that moved weights and were not undone, oldest first."""
    rows = [r for r in store.list_lessons(scope=scope) if r.after_ref and r.outcome != UNDONE]
    return sorted(rows, key=lambda r: (r.created, r.id))
