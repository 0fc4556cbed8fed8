"""A model server on a real socket that says what it was told to say: OpenAI's chat completions and Anthropic's
messages, with bad days."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = (1000, 500)  # tokens of each good answer: in, out


@dataclass
class ModelServer:
    """`says(n, request)` gives the answer to the n-th request: a text, (status, headers, body), `DROP` to close
    the connection without a word, or `CUT` to close it within the answer."""

    says: Callable[[int, dict[str, Any]], Any]
    requests: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answered: int = 0  # what a maker would charge for
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


DROP, CUT = object(), object()


@contextmanager
def serving(says: Callable[[int, dict[str, Any]], Any]) -> Iterator[ModelServer]:
    server = ModelServer(says)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                number = len(server.requests)
                server.requests.append(body)
                server.paths.append(self.path)
                server.keys.append(self.headers.get("authorization") or self.headers.get("x-api-key") or "")
            said = server.says(number, body)
            if said is DROP:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if said is CUT:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", "5000")
                self.end_headers()
                self.wfile.write(b'{"choices": [{"message": {"content": "[{')
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if isinstance(said, str):
                with lock:
                    server.answered += 1
                said = (200, {}, anthropic(said) if "messages" in self.path else openai(said))
            status, headers, content = said
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            return None

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


def openai(text: str) -> dict[str, Any]:
    return {
        "id": "x", "object": "chat.completion", "created": 1, "model": "big",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)},
    }  # fmt: skip


def anthropic(text: str) -> dict[str, Any]:
    return {
        "id": "x", "type": "message", "role": "assistant", "model": "big", "stop_reason": "end_turn",
        "content": [{"type": "text", "text": text}],
        "usage": {"input_tokens": USAGE[0], "output_tokens": USAGE[1]},
    }  # fmt: skip
