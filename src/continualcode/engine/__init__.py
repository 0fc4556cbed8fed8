"""Who holds weights: sampling, scoring, the training step, snapshots. `base` is the contract; `local` is
transformers and peft in this process, `remote` a server that only samples, `tinker` a service that holds the weights and
trains them. What a correction means is not known here (see `learn`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.engine.base import Engine


def load_engine(settings: Settings) -> Engine:
    """The engine that the settings name, with a fresh adapter. Raises EngineError: one sentence."""
    if settings.engine == "openai":
        from continualcode.engine.remote import RemoteEngine

        return RemoteEngine.from_settings(settings)
    if settings.engine == "tinker":
        from continualcode.engine.tinker import TinkerEngine

        return TinkerEngine.from_settings(settings)
    from continualcode.engine.local import LocalEngine

    return LocalEngine.from_settings(settings)
