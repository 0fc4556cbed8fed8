"""How a model that failed tries again: warmer, and never the same edit twice. One place for sessions of every kind."""

from __future__ import annotations

TEMPERATURE = 0.7  # of a draw that follows a failed one: a greedy repeat of a call that just failed helps nobody
WARMER = 0.2  # added for each call in a row that was taken back, since it led to a file that had failed
REDRAWS = 4  # calls taken back in a row; then the model has nothing else to offer


def warmth(base: float, back: int) -> float:
    """The temperature of a draw after a failure, from that of the first such draw. `back`: calls in a row that were
    taken back since."""
    return base + WARMER * back
