"""Names and times of rows."""

from __future__ import annotations

import secrets
import threading
import time

_lock = threading.Lock()
_last = 0


def new_id(prefix: str) -> str:
    """A new name such as `ep_20261120T184502_123456_7f3a`: names of one process sort in the order they were made."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000)
        moment = _last
    seconds, micros = divmod(moment, 1_000_000)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
    return f"{prefix}_{stamp}_{micros:06d}_{secrets.token_hex(2)}"


def now() -> str:
    """The time, as ISO-8601 UTC text with milliseconds."""
    seconds, millis = divmod(time.time_ns() // 1_000_000, 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{millis:03d}Z"
