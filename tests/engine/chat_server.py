"""A chat server on a real socket that behaves as it was told, well or badly: a deterministic fake at a true border.

It stands in for Ollama, vLLM and their like, none of which can be started here. `says(n, request)` is asked for the
n-th completion: a `Reply` (streamed), a `Page` (any status, type and body), or `DROP` (the connection closed without
a word).
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DROP, SILENT = object(), object()


@dataclass(frozen=True)
class Page:
    """An answer in one piece."""

    status: int
    body: Any
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """A streamed answer: text in pieces, then calls (name, arguments as JSON text), each in two parts. `cut`: close the
    connection after so many chunks; `hang`: say nothing for so long after the first chunk; `pings`: instead send signs
    of life; `junk`: a line that is no JSON; `logprobs`: of each piece."""

    pieces: tuple[str, ...] = ("Done.",)
    calls: tuple[tuple[str, str], ...] = ()
    finish: str = "stop"
    cut: int | None = None
    hang: float = 0.0
    pings: bool = False
    junk: bool = False
    error: str = ""
    logprobs: tuple[float, ...] = ()

    def chunks(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for n, piece in enumerate(self.pieces):
            row: dict[str, Any] = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
            if self.logprobs:
                token = {"token": piece, "logprob": self.logprobs[n], "bytes": list(piece.encode()), "top_logprobs": []}
                row["logprobs"] = {"content": [token]}
            rows.append(row)
        for n, (name, arguments) in enumerate(self.calls):
            half = len(arguments) // 2
            first = {
                "index": n,
                "id": f"c{n}",
                "type": "function",
                "function": {"name": name, "arguments": arguments[:half]},
            }
            second = {"index": n, "function": {"arguments": arguments[half:]}}
            rows += [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None} for call in (first, second)]
        rows.append({"index": 0, "delta": {}, "finish_reason": self.finish})
        frame = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return [{**frame, "choices": [row]} for row in rows]


@dataclass
class ChatServer:
    """What was asked, in order; `left`: how often a client went away before the end."""

    says: Callable[[int, dict[str, Any]], Any]
    models: Any = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    left: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def listing(*names: str, **more: Any) -> dict[str, Any]:
    return {
        "object": "list",
        "data": [{"id": n, "object": "model", "created": 1, "owned_by": "me", **more} for n in names],
    }


@contextmanager
def serving(says: Callable[[int, dict[str, Any]], Any], models: Any = None) -> Iterator[ChatServer]:
    """`models`: the listing, a Page, or SILENT; one model `m` without it."""
    server = ChatServer(says, listing("m") if models is None else models)
    lock, ending = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.keys.append(self.headers.get("authorization", ""))
            if server.models is SILENT:
                ending.wait(30)
            self._page(server.models if isinstance(server.models, Page) else Page(200, server.models))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                number = len(server.requests)
                server.requests.append(body)
            said = server.says(number, body)
            if said is DROP:
                self._close()
            elif isinstance(said, Page):
                self._page(said)
            else:
                try:
                    self._stream(said)
                except OSError:
                    server.left += 1

        def _page(self, page: Page) -> None:
            data = page.body.encode() if isinstance(page.body, str) else json.dumps(page.body).encode()
            self.send_response(page.status)
            for name, value in {"content-type": page.kind, **page.headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, reply: Reply) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self.close_connection = True
            for n, chunk in enumerate(reply.chunks()):
                if n == reply.cut:
                    self._close()
                    return
                if n == 1 and reply.junk:
                    self.wfile.write(b"data: {not json\n\n")
                if n == 1 and reply.error:
                    self.wfile.write(b"data: " + json.dumps({"error": {"message": reply.error}}).encode() + b"\n\n")
                if n == 1 and reply.hang:
                    until = time.monotonic() + reply.hang
                    while time.monotonic() < until and not ending.is_set():
                        ending.wait(0.05)
                        if reply.pings:
                            self.wfile.write(b": still here\n\n")
                            self.wfile.flush()
                self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
                self.wfile.flush()
            self.wfile.write(b"data: [DONE]\n\n")

        def _close(self) -> None:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            return None

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.port = http.server_address[1]
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        ending.set()
        http.shutdown()
        http.server_close()
