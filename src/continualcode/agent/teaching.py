"""A denied call becomes a lesson of `learn`, and the lesson a row of the store, in the scope that it belongs to.

A repository's lessons go into the repository's weights. One for every repository goes into the global weights, which
hold no repository's own; where the repository has weights of its own, it is taught in both.

`lesson` gives the whole lesson. `begin` gives what the retry needs and a `Pending` for the rest, which goes on in the
background while the user reads the retry; its row is written when its proof is done, and not before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from continualcode.agent.loop import Denied, Taught
from continualcode.agent.scope import Busy, alone
from continualcode.config import Settings
from continualcode.engine.base import Engine, EngineError, Message, ToolCall
from continualcode.errors import UserError
from continualcode.learn.undo import (
    GLOBAL,
    in_force,
    in_use,
    last_standing,
    resume,
    resume_folder,
    standing,
    undo_lesson,
)
from continualcode.store import Store, new_id

if TYPE_CHECKING:
    from continualcode.learn.lesson import LessonInput, LessonOutcome
    from continualcode.learn.pool import Pool


def lesson(
    engine: Engine, store: Store, settings: Settings, denied: Denied, cancel: threading.Event, scope: str = GLOBAL
) -> Taught:
    """Teach one correction, given in `scope`, and keep the lesson. Setting `cancel` stops it at the next step, with the
    weights from before. What cannot be taught is said, not raised: the request goes on."""
    if not denied.everywhere:
        return _taught(engine, store, settings, denied, cancel, scope)
    try:
        with alone(settings.home, GLOBAL, "Another lesson"):
            return _everywhere(engine, store, settings, denied, cancel, scope)
    except Busy:
        return Taught("refused", "lesson refused: another session teaches every repository now; try again when it has")


def _everywhere(
    engine: Engine, store: Store, settings: Settings, denied: Denied, cancel: threading.Event, scope: str
) -> Taught:
    """See the module docstring. Another session may have taught the global weights since this one began: they are read
    again, unless the user chose other weights for this session."""
    if in_use(store, scope) == GLOBAL:
        if settings.adapter == "current":
            resume(store, engine, GLOBAL)
        return _taught(engine, store, settings, denied, cancel, GLOBAL)
    here = _taught(engine, store, settings, denied, cancel, scope)
    if cancel.is_set():
        return here
    mine = engine.snapshot()
    try:
        _put_global(store, engine)
        there = _taught(engine, store, settings, denied, cancel, GLOBAL)
    except (UserError, EngineError) as error:
        there = Taught("refused", f"lesson refused: {error}")
    finally:
        engine.restore(mine)
    line, seconds = f"{here.line}\nin every repository: {there.line}", here.seconds + there.seconds
    return replace(here, line=line, seconds=seconds, twin_id=there.lesson_id)


def _put_global(store: Store, engine: Engine) -> None:
    folder, current = resume_folder(store), store.current()
    if folder is not None:
        engine.load_state(folder)
    else:
        engine.load_adapter(store.adapter_folder(current) if current is not None else None)


def begin(
    engine: Engine, store: Store, settings: Settings, denied: Denied, cancel: threading.Event, scope: str = GLOBAL
) -> Taught | Pending:
    """As `lesson`, as far as the retry needs it: the lesson's end when it has ended already (refused, nothing to
    learn, one for every repository, which is taught whole), else what is left of it."""
    from continualcode.learn.lesson import begin as begin_lesson

    if denied.everywhere:
        return lesson(engine, store, settings, denied, cancel, scope)
    given = _given(engine, denied)
    try:
        begun = begin_lesson(engine, given, settings, _pool(engine, store, denied, scope), cancelled=cancel.is_set)
    except (UserError, EngineError) as error:
        return Taught("refused", f"lesson refused: {error}")

    def finish() -> Taught:
        lesson_id = new_id("le")
        try:
            outcome = begun.finish(lesson_id=lesson_id, cancelled=cancel.is_set)
        except (UserError, EngineError) as error:
            return Taught("refused", f"lesson refused: {error}")
        return _written(engine, store, settings, denied, given, outcome, lesson_id, scope)

    return finish() if begun.outcome is not None else Pending(begun.first_steps, finish)


class Pending:
    """A lesson whose first steps were taken and whose rest waits. The engine is on the weights of the first steps, to
    draw the retry with, until `go_on` or `wait`; from then on it is the lesson's alone until `wait` has returned.
    `finish` runs the rest and gives its end; setting the lesson's `cancel` stops it, with the weights from before."""

    def __init__(self, first_steps: int, finish: Callable[[], Taught]) -> None:
        self.first_steps = first_steps
        self._finish = finish
        self._thread: threading.Thread | None = None
        self._taught: Taught | None = None
        self._failure: BaseException | None = None

    @property
    def line(self) -> str:
        """What the user reads meanwhile."""
        if not self.first_steps:
            return "the lesson follows the retry"
        steps = f"{self.first_steps} step{'' if self.first_steps == 1 else 's'}"
        return f"the retry is drawn after {steps}; the lesson goes on behind it"

    def go_on(self) -> None:
        """Start the rest in the background. Once."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> Taught:
        """How the lesson ended; begins the rest when nobody has. Raises what went wrong."""
        if self._thread is None:
            self.go_on()
        assert self._thread is not None
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        assert self._taught is not None
        return self._taught

    def _run(self) -> None:
        try:
            self._taught = self._finish()
        except BaseException as error:  # handed to the thread that waits, whatever it is
            self._failure = error


def _taught(
    engine: Engine, store: Store, settings: Settings, denied: Denied, cancel: threading.Event, scope: str
) -> Taught:
    from continualcode.learn.lesson import teach

    given, lesson_id = _given(engine, denied), new_id("le")
    pool = _pool(engine, store, denied, scope)
    try:
        outcome = teach(engine, given, settings, pool, lesson_id=lesson_id, cancelled=cancel.is_set)
    except (UserError, EngineError) as error:
        return Taught("refused", f"lesson refused: {error}")
    return _written(engine, store, settings, denied, given, outcome, lesson_id, scope)


def _given(engine: Engine, denied: Denied) -> LessonInput:
    from continualcode.learn.lesson import LessonInput

    return LessonInput(
        messages=denied.context,
        denied=denied.completion,
        correction=words(denied),
        approved_ids=tuple(engine.encode_reply(Message("assistant", "", (denied.right,)))) if denied.right else None,
        notes=denied.notes,
        tools=denied.tools,
    )


def _pool(engine: Engine, store: Store, denied: Denied, scope: str) -> Pool:
    from continualcode.learn.pool import Pool
    from continualcode.learn.rehearsal import from_records

    before = [*standing(store), *(standing(store, scope) if scope != GLOBAL else ())]
    return Pool(recent=denied.recent, lessons=from_records(engine, before))


def _written(
    engine: Engine, store: Store, settings: Settings, denied: Denied, given: LessonInput, outcome: LessonOutcome, lesson_id: str, scope: str
) -> Taught:  # fmt: skip
    from continualcode.learn.record import lesson_record

    store.add_lesson(
        lesson_record(
            engine, given, outcome, settings, lesson_id=lesson_id, correction_id=denied.correction_id, scope=scope
        )
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


def go_on(store: Store, engine: Engine, scope: str = GLOBAL) -> str:
    """Put the engine where the lessons of `scope` left it; a remark when there is something to say."""
    try:
        folder = resume(store, engine, scope)
    except (UserError, EngineError) as error:
        return f"the lessons of earlier sessions are left aside: {error}"
    if folder is None:
        return ""
    used = in_use(store, scope)
    whose = "every repository" if used == GLOBAL else "this repository"
    count = len(in_force(store, used))
    what = f"{count} lesson{'' if count == 1 else 's'} of" if count else f"{folder.name}, promoted for"
    return f"going on from {what} {whose}"


def undo(engine: Engine, store: Store, lesson_id: str, scope: str = GLOBAL) -> str:
    """Take a lesson back (`last`: the newest that stands of those in use in `scope`); one line for the user. The engine
    is restored when it is on the lesson's weights. Raises UserError."""
    used = in_use(store, scope)
    name = last_standing(store, used) if lesson_id == "last" else lesson_id
    given = store.get_lesson(name)
    mine = given is not None and given.scope == used
    record = undo_lesson(store, engine if mine else None, name)
    tail = "" if mine else f"; it was taught in {record.scope}, and what others built on it since stays"
    return f"undone: {record.id} ({record.correction}){tail}"
