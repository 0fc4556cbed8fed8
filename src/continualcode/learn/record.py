"""A lesson as a row of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Engine, Message
from continualcode.learn.fitting import fitted
from continualcode.learn.lesson import LessonInput, LessonOutcome
from continualcode.store.identity import now
from continualcode.store.records import LessonRecord

if TYPE_CHECKING:
    from continualcode.config import Settings

SHAPING = (
    "model_name", "lora_rank", "lora_alpha", "lora_targets", "teacher", "teacher_rate", "loss", "alpha", "top_k", "ratio_clip",
    "mask_first", "learning_rate", "lesson_steps", "lesson_spread", "retry_weight", "anchors", "anchor_weight", "drift_budget", "seed",
    "preset", "ratio_floor", "centre", "reference_weight", "rollouts", "rollout_temperature", "reward_share", "on_policy", "dpo_beta", "rehearse",
)  # fmt: skip


def lesson_record(
    engine: Engine,
    lesson: LessonInput,
    outcome: LessonOutcome,
    settings: Settings,
    *,
    lesson_id: str,
    correction_id: str,
    scope: str = "global",
) -> LessonRecord:
    """The row of a lesson that has ended; `settings` are those that shaped it."""
    settings, _ = fitted(settings, engine.capabilities)
    approved = engine.decode(lesson.approved_ids) if lesson.approved_ids else str(outcome.proof.get("teacher", ""))
    return LessonRecord(
        id=lesson_id,
        correction_id=correction_id,
        scope=scope,
        correction=lesson.correction,
        outcome=outcome.verdict,
        reason=outcome.reason,
        steps=outcome.steps,
        seconds=outcome.seconds,
        drift=outcome.drift,
        proof=dict(outcome.proof),
        settings={key: getattr(settings, key) for key in SHAPING} | {"model_hash": engine.model_hash},
        before_ref=outcome.before_ref,
        after_ref=outcome.after_ref,
        created=now(),
        messages=[_plain(m) for m in lesson.messages],
        denied=engine.decode(lesson.denied_ids),
        approved=approved,
    )


def _plain(message: Message) -> dict[str, Any]:
    calls = [{"name": c.name, "arguments": dict(c.arguments)} for c in message.tool_calls]
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    return out | ({"tool_calls": calls} if calls else {}) | ({"name": message.name} if message.name else {})
