"""A project, a home for state, and the program in it: what the tests of the day drive, in a terminal and without."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pexpect

from continualcode.cli import app
from continualcode.store import Store


class Place:
    """`work` is the project, `home` the store's folder; `env` what the program is started with."""

    def __init__(self, tmp_path: Path) -> None:
        self.home, self.work, self.script = tmp_path / "home", tmp_path / "work", tmp_path / "script.json"
        self.work.mkdir()
        (self.work / "a.txt").write_text("one\ntwo\n")
        source = str(Path(__file__).resolve().parents[2] / "src")
        self.env = {
            **os.environ, "PYTHONPATH": source, "CONTINUALCODE_HOME": str(self.home), "PROMPT_TOOLKIT_NO_CPR": "1",
            "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "100", "HOME": str(tmp_path),
        }  # fmt: skip

    def argv(self, replies: list[Any], *words: str) -> list[str]:
        self.script.write_text(json.dumps(replies))
        return ["-m", "continualcode", f"model_name=scripted:{self.script}", *words]

    def start(
        self, replies: list[Any], *words: str, size: tuple[int, int] = (40, 100), until: str = ">"
    ) -> pexpect.spawn:
        """The agent in a terminal of `size` (rows, columns), at its first prompt (what shows it: `until`)."""
        child = pexpect.spawn(
            sys.executable, self.argv(replies, *words), cwd=str(self.work), env=self.env, encoding="utf-8", timeout=60,
            dimensions=size,
        )  # fmt: skip
        child.expect("/help")
        child.expect_exact(until)
        return child

    def headless(self, replies: list[Any], *words: str) -> tuple[int, list[dict[str, Any]], str]:
        """One request in this process: (exit code, events, all that was printed)."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.work), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = app.run(self.argv(replies, *words)[2:])
        events = [json.loads(line) for line in out.getvalue().splitlines() if line.startswith("{")]
        return code, events, out.getvalue() + err.getvalue()

    @property
    def text(self) -> str:
        return (self.work / "a.txt").read_text()

    def store(self) -> Store:
        return Store(self.home / "store.db")


def ask(child: pexpect.spawn, line: str) -> None:
    child.send(line + "\r")


def leave(child: pexpect.spawn) -> str:
    ask(child, "/quit")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    return child.before or ""
