"""What was recorded: one SQLite file with runs, episodes, corrections, lessons, adapters, evaluations and
nights, and the pointer to the current adapter. Weights are files elsewhere; the store knows their folders
and hashes. It knows nobody above it."""

from continualcode.store.database import StoreError
from continualcode.store.identity import new_id, now
from continualcode.store.store import Store

__all__ = ["Store", "StoreError", "new_id", "now"]
