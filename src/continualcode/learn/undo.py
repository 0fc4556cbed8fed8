"""Lessons taken back, and the state that a new session goes on from.

Each lesson that moved weights left two folders: the whole training state before and after (adapter, optimiser, EMA,
counters). The state to go on from is not stored a second time: it is the `after` of the newest lesson that stands,
or the current adapter when that was moved later. Lessons of one scope build on each other, never on those of another
repository: a scope without lessons and without an adapter of its own goes on from the global one.
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
GLOBAL = "global"  # the scope of what holds in every repository


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


def last_standing(store: Store, scope: str | None = None) -> str:
    """Id of the newest lesson that can be undone, of one scope or of all. Raises UserError when there is none."""
    found = standing(store, scope)
    if not found:
        raise UserError("No lesson stands that could be undone.")
    return found[-1].id


def resume_folder(store: Store, scope: str = GLOBAL) -> Path | None:
    """The training state that the lessons of a scope left; None when none stands, or when the scope's adapter was
    moved (by a night, by hand) after the last of them."""
    found = in_force(store, scope)
    folder = Path(found[-1].after_ref) if found else None
    return folder if folder is not None and (folder / "adapter_config.json").is_file() else None


def in_force(store: Store, scope: str = GLOBAL) -> list[LessonRecord]:
    """Lessons of a scope that are in the weights it goes on from, oldest first: those that stand and were given since
    its adapter was moved last."""
    moved = max((move.at for move in store.moves(scope)), default="")
    return [record for record in standing(store, scope) if record.created >= moved]


def in_use(store: Store, scope: str) -> str:
    """Whose weights a session in `scope` goes on from: its own, when lessons of it stand or an adapter was promoted
    for it, else the global ones."""
    own = scope == GLOBAL or resume_folder(store, scope) is not None or store.current(scope) is not None
    return scope if own else GLOBAL


def resume(store: Store, engine: Engine, scope: str = GLOBAL) -> Path | None:
    """Put the engine, which holds the current global adapter or none, where a session in `scope` goes on; the folder
    that was loaded, None when there was nothing to load."""
    scope = in_use(store, scope)
    folder = resume_folder(store, scope)
    if folder is not None:
        engine.load_state(folder)
        return folder
    adapter = store.current(scope) if scope != GLOBAL else None
    if adapter is None:
        return None
    engine.load_adapter(store.adapter_folder(adapter))
    return store.adapter_folder(adapter)


def standing(store: Store, scope: str | None = GLOBAL) -> list[LessonRecord]:
    """Lessons of a scope (None: of all) that moved weights and were not undone, oldest first."""
    where = {} if scope is None else {"scope": scope}
    rows = [r for r in store.list_lessons(**where) if r.after_ref and r.outcome != UNDONE]
    return sorted(rows, key=lambda r: (r.created, r.id))
