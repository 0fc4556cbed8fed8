"""Work beside the terminal: one function in a thread, with a clock, stopped by Ctrl-C.

The thread is never killed: Ctrl-C sets the `cancel` event, which the work looks at (sampling at every
token, a lesson at every step), and the caller waits until it has put everything back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def run(work: Callable[[], T], cancel: threading.Event, tick: Callable[[float], None] | None = None) -> T:
    """`work()`'s value, or its exception. `tick(seconds so far)` is called about ten times a second."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def body() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # handed to the caller's thread, whatever it is
            failure.append(error)

    thread = threading.Thread(target=body, daemon=True)
    start = time.monotonic()
    thread.start()
    while thread.is_alive():
        try:
            thread.join(0.1)
            if tick is not None:
                tick(time.monotonic() - start)
        except KeyboardInterrupt:
            cancel.set()
    if failure:
        raise failure[0]
    return outcome[0]
