"""What goes into a lesson and what comes out of it, as values; and the conversation that its teacher reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from continualcode.agent import prompts
from continualcode.engine.base import Completion, Message

Verdict = Literal["took", "partly", "did_not_take", "refused", "stopped"]


@dataclass(frozen=True)
class LessonInput:
    """What a lesson starts from. `messages`: the conversation up to the denied call, which is not in it;
    `denied`: as it was sampled; `correction`: the user's words; `approved_ids`: the approved retry, as ids;
    `notes`: the session's notes, for the teacher; `tools`: the schemas that prompts are rendered with."""

    messages: tuple[Message, ...]
    denied: Completion | tuple[int, ...]
    correction: str
    approved_ids: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    tools: tuple[Mapping[str, Any], ...] | None = None

    @property
    def denied_ids(self) -> tuple[int, ...]:
        return self.denied.ids if isinstance(self.denied, Completion) else tuple(self.denied)


@dataclass(frozen=True)
class Progress:
    """Where a lesson is: stage `look`, `spread`, `step`, `proof` or `done`."""

    stage: str
    step: int = 0
    steps: int = 0
    loss: float = math.nan
    drift: float = 0.0
    obeyed: bool = False
    unseen: float | None = None


@dataclass(frozen=True)
class LessonOutcome:
    """How a lesson ended. `proof` holds plain JSON values; `before_ref` and `after_ref` are state folders
    (empty when no weight moved or no lesson id was given)."""

    verdict: Verdict
    reason: str
    steps: int
    seconds: float
    drift: float
    proof: Mapping[str, Any] = field(default_factory=dict)
    before_ref: str = ""
    after_ref: str = ""

    @property
    def changed(self) -> bool:
        """Whether weights are other than before."""
        return bool(self.proof.get("changed"))

    def line(self) -> str:
        """The one line that the user sees."""
        word = self.verdict.replace("_", " ")
        if self.verdict == "refused":
            return f"lesson refused: {self.reason}"
        unseen = self.proof.get("unseen_after")
        shown = f" · obeyed on {unseen:.0%} of unseen prompts" if unseen is not None else ""
        tail = f" · {self.reason}" if self.reason else ""
        steps = f"{self.steps} step{'' if self.steps == 1 else 's'}"
        return f"lesson {word} · {steps} · {self.seconds:.1f} s · drift {self.drift:.3f}{shown}{tail}"


class Refused(Exception):
    """Why there is nothing to learn."""


def told(
    messages: Sequence[Message], correction: str, notes: Sequence[str] = (), profile: str = "compact"
) -> list[Message]:
    """The teacher's conversation: the correction in a block at the end of the last user message, notes in
    the system message unless one is there already."""
    out = list(messages)
    last = max(i for i, m in enumerate(out) if m.role == "user")
    out[last] = replace(out[last], content=prompts.with_correction(out[last].content, correction))
    if notes and out[0].role != "system":
        out.insert(0, Message("system", prompts.system_prompt(profile, notes)))
    return out
