"""One correction becomes steps on the adapter: a lesson, whole, or begun before the retry and finished behind it.

Teacher: the model with the correction in its context. `teach` gives the whole lesson. `begin` does what the retry needs
(the look at the teacher, and a few first steps on the call alone), `Begun.finish` the rest: spread, steps, proof
(`course`). A refusal, a cancel, an exception and a safety stop end at the last good weights.

Not here: running the retry in the workspace, writing the lesson down (`record`), undoing it (`undo`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Engine
from continualcode.engine.waiting import heeding
from continualcode.errors import UserError
from continualcode.learn.batch import DISTRIBUTIONS
from continualcode.learn.course import Course, repeats
from continualcode.learn.fitting import fitted
from continualcode.learn.outcome import LessonInput, LessonOutcome, Progress, Refused, told
from continualcode.learn.pool import Pool

if TYPE_CHECKING:
    from continualcode.config import Settings

__all__ = ["FIRST_STEPS", "Begun", "LessonInput", "LessonOutcome", "Progress", "begin", "repeats", "teach", "told"]

FIRST_STEPS = 8  # on the call alone, before the retry


def teach(
    engine: Engine,
    lesson: LessonInput,
    settings: Settings,
    pool: Pool | None = None,
    *,
    lesson_id: str | None = None,
    steps: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LessonOutcome:
    """Teach one correction, whole. `steps` overrides `settings.lesson_steps` (1: a single step, then the proof).

    Whatever happens the adapter is good afterwards: before a refusal, after a cancel, an exception or a
    safety stop it is at its last good weights. Raises UserError when the engine cannot train this way.
    """
    begun = begin(engine, lesson, settings, pool, first=0, on_progress=on_progress, cancelled=cancelled)
    return begun.finish(lesson_id=lesson_id, steps=steps, on_progress=on_progress, cancelled=cancelled)


def begin(
    engine: Engine,
    lesson: LessonInput,
    settings: Settings,
    pool: Pool | None = None,
    *,
    first: int = FIRST_STEPS,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Begun:
    """What must come before the retry: look at the teacher, and take up to `first` steps on the call alone.

    `Begun.finish` does the rest, later and in another thread if need be. An exception leaves the weights from before.
    Raises UserError when the engine cannot train this way.
    """
    settings, remark = fitted(settings, engine.capabilities)
    _require(engine, lesson, settings)
    report, stop = on_progress or (lambda _: None), cancelled or (lambda: False)
    began = time.monotonic()
    with heeding(engine, stop):
        begun = Begun(Course(engine, lesson, settings, pool or Pool()), engine.snapshot(), remark)
        try:
            report(Progress("look"))
            begun.look()
            if begun.outcome is None and first and not stop():
                begun.first_steps, begun.turned = begun.course.first(first, stop)
        except BaseException:
            begun.abandon()
            raise
    begun.seconds = time.monotonic() - began
    if begun.outcome is not None:
        begun.outcome = replace(begun.outcome, seconds=begun.seconds)
    return begun


class Begun:
    """A lesson whose teacher was asked. `outcome`: how it ended when there was nothing to learn, else None;
    `first_steps`: those that were taken on the call alone; `turned`: whether the model then began the taught call;
    `remark`: what the lesson says of how it learns, when it has nothing else to say.

    The first steps are for the retry only: `finish` goes back to the weights before them, so that a lesson's result
    is the same whether, and how long, something was done in between. Nobody else may use the engine meanwhile."""

    def __init__(self, course: Course, before: Any, remark: str = "") -> None:
        self.course, self._before, self._remark = course, before, remark
        self.outcome: LessonOutcome | None = None
        self.first_steps, self.turned, self.seconds = 0, False, 0.0

    def look(self) -> None:
        """Ask the teacher; sets `outcome` when the lesson ends there."""
        course = self.course
        try:
            course.look()
        except Refused as reason:
            self.outcome = LessonOutcome("refused", str(reason), 0, 0.0, 0.0, course.proof)
            return
        if course.proof["obeyed_before"]:
            reason = "the model already does so without the correction"
            self.outcome = LessonOutcome("took", reason, 0, 0.0, 0.0, course.proof)

    def abandon(self) -> None:
        """Back to the weights from before the lesson."""
        self.course.engine.restore(self._before)

    def finish(
        self,
        *,
        lesson_id: str | None = None,
        steps: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> LessonOutcome:
        """The lesson itself, from the weights before it: spread, steps, proof; once. See `teach`."""
        if self.outcome is not None:
            return self.outcome
        course, engine, settings = self.course, self.course.engine, self.course.settings
        report, stop = on_progress or (lambda _: None), cancelled or (lambda: False)
        began = time.monotonic() - self.seconds
        if self.first_steps:
            self.abandon()
        with heeding(engine, stop):
            try:
                if not stop():
                    report(Progress("spread"))
                    course.spread()
                folder = settings.home / "lessons" / lesson_id if lesson_id else None
                if folder is not None and not stop():
                    engine.save_state(folder / "before")
                verdict, reason, taken, moved = course.steps(steps or settings.lesson_steps, began, report, stop)
                if moved and folder is not None:
                    engine.save_state(folder / "after")
                elif not moved:
                    self.abandon()
            except BaseException:
                self.abandon()
                raise
        seconds = time.monotonic() - began
        proof = {**course.proof, "changed": moved, "seconds": seconds}
        refs = (str(folder / "before"), str(folder / "after")) if moved and folder is not None else ("", "")
        report(Progress("done", taken, taken, drift=proof["drift"], obeyed=proof["obeyed_after"]))
        self.outcome = LessonOutcome(verdict, reason or self._remark, taken, seconds, proof["drift"], proof, *refs)
        return self.outcome


def _require(engine: Engine, lesson: LessonInput, settings: Settings) -> None:
    able = engine.capabilities
    if not able.trains:
        raise UserError("This engine cannot train; use a local model, or enable_training=false.")
    if settings.loss in DISTRIBUTIONS and not able.full_distributions:
        raise UserError("This engine gives no full distributions; use loss=token.")
    if settings.teacher not in able.teacher_kinds:
        raise UserError(f"This engine has no teacher `{settings.teacher}`; use {' or '.join(able.teacher_kinds)}.")
    if not lesson.correction.strip():
        raise UserError("A lesson needs a correction in words.")
    if not any(m.role == "user" for m in lesson.messages) or not lesson.denied_ids:
        raise UserError("A lesson needs the request and the call that was denied.")
