"""The methods that a benchmark sets side by side: one interface, the same lesson input, the same budget.

A method is a name, what it changes in the settings, and how it answers afterwards. `default`, `token` and the rivals
take a lesson through `teach` (the same look, spread, anchors, proof, steps and seconds); `classic` is as it was
published: the denied call alone, no spread, no anchors. `hint` keeps the corrections in the context and moves no
weight; `noop` does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from continualcode.config import PRESETS
from continualcode.engine.base import Engine, Message
from continualcode.errors import UserError
from continualcode.learn.lesson import LessonInput, LessonOutcome, teach, told
from continualcode.learn.pool import Pool

if TYPE_CHECKING:
    from continualcode.config import Settings

BUDGET = ("lesson_steps", "lesson_seconds", "drift_budget")  # the same for every method, whatever it changes


@dataclass(frozen=True)
class Method:
    """`changes`: settings of its own; `rates`: learning rates of its sweep (none: what the settings say); `kind`:
    whether it learns, keeps hints, or neither; `about`: what it is, in a line."""

    name: str
    about: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    rates: tuple[float, ...] = ()
    kind: Literal["lesson", "hint", "none"] = "lesson"

    def settings(self, base: Settings, rate: float | None = None) -> Settings:
        """The settings that it runs with; steps, seconds and drift stay those of `base`."""
        own = {key: value for key, value in self.changes.items() if key not in BUDGET}
        return base.replace(**own | ({"learning_rate": rate} if rate is not None else {}))

    def teach(
        self,
        engine: Engine,
        lesson: LessonInput,
        base: Settings,
        pool: Pool | None = None,
        *,
        rate: float | None = None,
    ) -> LessonOutcome | None:
        """One lesson; None when the method moves no weights."""
        return teach(engine, lesson, self.settings(base, rate), pool) if self.kind == "lesson" else None

    def conversation(
        self, messages: Sequence[Message], corrections: Sequence[str], profile: str = "compact"
    ) -> list[Message]:
        """What the model is asked with, after these corrections: `hint` puts the newest into the request."""
        if self.kind != "hint" or not corrections:
            return list(messages)
        return told(messages, corrections[-1], profile=profile)


def _rival(loss: str, about: str, **changes: Any) -> Method:
    return Method(loss, about, {"loss": loss, **changes}, rates=(3e-4, 1e-3, 3e-3, 1e-2))


METHODS: Mapping[str, Method] = {
    m.name: m
    for m in (
        Method("default", "this program's lesson, with the settings as they are"),
        Method(
            "classic",
            "sampled tokens of the denied call, live teacher, KL to the reference; no spread, no anchors",
            PRESETS["classic"],
            rates=(3e-4, 1e-3, 3e-3, 1e-2),
        ),
        _rival("token", "the default's data under the sampled-token loss", alpha=1.0),
        _rival("sdft", "reverse KL to an EMA teacher on own rollouts", alpha=1.0, teacher="ema"),
        _rival("gkd", "generalised JSD, half of it on own rollouts", alpha=0.5),
        _rival("sft", "cross-entropy on what the correction led to"),
        _rival("dpo", "the corrected call over the denied one"),
        _rival("grpo", "own rollouts, rewarded when they obey", reference_weight=0.04),
        _rival("hybrid", "own rollouts: reward and self-distillation", alpha=1.0),
        Method("hint", "the correction stays in the context, no weight moves: the ceiling", kind="hint"),
        Method("noop", "nothing is done: the floor", kind="none"),
    )
}


def method(name: str) -> Method:
    """A method by its name. Raises UserError."""
    if name not in METHODS:
        raise UserError(f"There is no method `{name}`; there are {', '.join(METHODS)}.")
    return METHODS[name]
