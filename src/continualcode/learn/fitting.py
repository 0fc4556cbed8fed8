"""What a lesson asks of an engine, fitted to what the engine gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continualcode.engine.base import Capabilities

if TYPE_CHECKING:
    from continualcode.config import Settings

BY_TOKENS = "learnt by sampled tokens, since this engine gives no whole distributions"


def fitted(settings: Settings, able: Capabilities) -> tuple[Settings, str]:
    """The settings that a lesson runs with, and in one sentence what was put in their place (empty: nothing).

    `loss=distribution`, which is what nobody chose, becomes `loss=token` where the engine gives no whole distributions:
    the same data, teacher and anchors, the teacher's log-probabilities as reward of each token. What else cannot be is
    left as it is, for `lesson` to refuse."""
    if settings.loss == "distribution" and not able.full_distributions:
        return settings.replace(loss="token"), BY_TOKENS
    return settings, ""
