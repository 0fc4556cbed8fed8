"""A server under test: in this process, or as the program itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import uvicorn

from continualcode.config import Settings
from continualcode.engine.base import Engine
from continualcode.serve.app import make
from continualcode.serve.desk import Desk
from continualcode.serve.line import Line
from continualcode.serve.server import bound
from continualcode.store import Store

KEY = "a-key-of-the-tests"


@dataclass
class Running:
    """Where it answers. `line`: of a server in this process."""

    url: str
    key: str = KEY
    line: Line | None = None
    process: subprocess.Popen[str] | None = None
    counts: dict[str, int] = field(default_factory=dict)

    def client(self, session: str = "", **options: Any) -> openai.OpenAI:
        headers = {"X-Session": session} if session else {}
        return openai.OpenAI(
            **{"base_url": self.url, "api_key": self.key, "max_retries": 0, "default_headers": headers, **options}
        )

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, (bytes, str)) else json.dumps(body)
        sent = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **headers}
        return httpx.post(f"{self.url}{path}", content=content, headers=sent, timeout=1400, verify=False)

    def get(self, path: str, **headers: str) -> httpx.Response:
        sent = {"authorization": f"Bearer {self.key}", **headers}
        return httpx.get(f"{self.url.removesuffix('/v1')}{path}", headers=sent, timeout=30, verify=False)

    def feedback(self, completion: Any, action: str, **more: Any) -> dict[str, Any]:
        answer = self.post("/feedback", {"completion_id": completion.id, "action": action, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()


@contextmanager
def serving(engine: Engine, settings: Settings) -> Iterator[Running]:
    """A server in this process over an engine."""
    with Store(settings.store_path) as store, bound("127.0.0.1", 0) as listening:
        line, counts = Line(), {"completions": 0, "corrections": 0, "lessons": 0}
        app = make(Desk(engine, store, settings), line, KEY, counts)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield Running(f"http://127.0.0.1:{listening.getsockname()[1]}/v1", line=line, counts=counts)
        finally:
            server.should_exit = True
            line.end()
            line.join()
            thread.join()


@contextmanager
def program(home: Path, *words: str) -> Iterator[Running]:
    """`continualcode serve` as a process of its own, ended by Ctrl-C."""
    source = str(Path(__file__).resolve().parents[2] / "src")
    environment = {**os.environ, "CONTINUALCODE_HOME": str(home), "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "continualcode", "serve", "--port", "0", "--json", *words],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=home.parent,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    first = process.stdout.readline()
    if not first:
        raise AssertionError(process.stderr.read())
    said = json.loads(first)
    running = Running(said["url"], said["key"], process=process)
    for _ in range(100):
        try:
            if running.get("/health").status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        process.stdout.close()
        process.stderr.close()
