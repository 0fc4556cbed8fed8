"""Which weights answer in a scope, by name: so that several can be kept beside each other, and changes be seen.

The store knows it at any time, whoever taught, promoted or undid meanwhile; see `learn/undo.py` for the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from continualcode.engine.base import Engine
from continualcode.learn.undo import GLOBAL, in_use, resume_folder
from continualcode.store import Store


@dataclass(frozen=True)
class Weights:
    """The training state that a lesson left (`taught`), else an adapter version, else (no folder) the base model alone."""

    folder: Path | None = None
    taught: bool = False

    def load(self, engine: Engine) -> None:
        """Put the engine there. Raises EngineError when they are gone, or belong to another model."""
        if self.taught and self.folder is not None:
            engine.load_state(self.folder)
        else:
            engine.load_adapter(self.folder)


def of_scope(store: Store, scope: str = GLOBAL) -> Weights:
    """Where a session in `scope` begins."""
    used = in_use(store, scope)
    left = resume_folder(store, used)
    if left is not None:
        return Weights(left, taught=True)
    adapter = store.current(used)
    return Weights(store.adapter_folder(adapter) if adapter is not None else None)
