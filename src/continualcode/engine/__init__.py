"""Who holds weights: sampling, scoring, the training step, snapshots. `base` is the contract; `local` is
transformers and peft in this process. What a correction means is not known here (see `learn`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.engine.base import Engine


def load_engine(settings: Settings) -> Engine:
    """The engine that the settings name, with a fresh adapter. Raises EngineError: one sentence."""
    from continualcode.engine.local import LocalEngine

    return LocalEngine.from_settings(settings)
