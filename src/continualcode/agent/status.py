"""The status line: which model answers, with whose weights, and how much room is left."""

from __future__ import annotations

from dataclasses import dataclass

from continualcode.agent.loop import Loop
from continualcode.learn.undo import GLOBAL, in_force, in_use


@dataclass(frozen=True)
class Status:
    """`weights`: whose the lessons are; `drift`: of the last lesson, nats a token; `used`: share of the model's context
    that the last prompt took; `speed`: tokens a second of the last reply."""

    model: str
    adapter: str
    weights: str
    lessons: int
    drift: float | None
    used: float
    speed: float

    def parts(self) -> list[str]:
        lessons = f"{self.lessons} lesson{'' if self.lessons == 1 else 's'} {self.weights}"
        drift = f"drift {self.drift:.3f}" if self.drift is not None else ""
        speed = f"{self.speed:.0f} tok/s" if self.speed else ""
        return [part for part in (self.model, self.adapter, lessons, f"context {self.used:.0%}", drift, speed) if part]

    def line(self, width: int) -> str:
        """As many of the parts as fit into `width` columns."""
        parts = self.parts()
        while len(parts) > 1 and len(" · ".join(parts)) > width:
            parts.pop()
        return " · ".join(parts)[: max(width, 1)]


def status(loop: Loop) -> Status:
    """The state of a session between two questions."""
    engine, store = loop.session.engine, loop.ledger.store
    used = in_use(store, loop.ledger.scope)
    lessons = in_force(store, used) if loop.teach is not None else []
    return Status(
        model=engine.model_id.rstrip("/").rpartition("/")[2],
        adapter=engine.adapter_ref or "no adapter",
        weights="everywhere" if used == GLOBAL else "here",
        lessons=len(lessons),
        drift=lessons[-1].drift if lessons else None,
        used=loop.read / max(engine.context_length, 1),
        speed=loop.speed,
    )
