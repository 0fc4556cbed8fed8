"""The server as a process: its socket, its signals, its end.

Ctrl-C and SIGTERM end it: no new request is taken, a completion under way is cut off, a lesson stops at its next step
with the weights from before and waits in the store, as do those whose turn had not come.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from continualcode.config import Settings
from continualcode.engine.base import Engine
from continualcode.errors import UserError
from continualcode.serve.app import make
from continualcode.serve.desk import Desk
from continualcode.serve.line import Line
from continualcode.store import Store

LAST_SECONDS = 30  # that open connections have to be answered in, once the server ends


class _Server(uvicorn.Server):
    """Tells the line when the end comes, and does not raise the signal again afterwards: this is how it is meant to end."""

    def __init__(self, config: uvicorn.Config, line: Line) -> None:
        super().__init__(config)
        self._line = line

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self._line.end()


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens where the user said; port 0 is any free one. Raises UserError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
    except (OSError, OverflowError) as error:
        made.close()
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno and error.errno > 0 else str(error)
        raise UserError(f"Cannot listen on {host} port {port} ({why}); choose another --port or --host.") from None
    return made


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def run(
    engine: Engine,
    store: Store,
    settings: Settings,
    listening: socket.socket,
    key: str,
    counts: dict[str, int],
    say: Callable[[str], None],
) -> None:
    """Answer until a signal ends it."""
    line = Line()
    app = make(Desk(engine, store, settings, say), line, key, counts)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=LAST_SECONDS,
        server_header=False,
    )  # fmt: skip
    try:
        _Server(config, line).run(sockets=[listening])
    finally:
        line.end()
        line.join()
