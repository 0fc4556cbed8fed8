"""`serve` and `lessons teach` as commands: what they refuse, what they print, what they write down."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from continualcode.cli import app
from continualcode.store import Store

sys.path.append(str(Path(__file__).parents[1] / "serve"))
from running import program  # noqa: E402  # pyright: ignore[reportMissingImports]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = app.run(list(words))
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--key", ""], "--key takes"), (["--key", "a b"], "--key takes"), (["--key", "schlüssel"], "--key takes"),
     (["--host", "0.0.0.0", "--key", "short"], "needs 16 characters"), (["--port", "70000"], "65535"),
     (["--host", "no.such.host.invalid"], "Cannot listen"), (["--port", "0", "adapter=none"], "leave adapter=current"),
     (["--port", "0", "teacher=frozen"], "teacher=frozen"), (["speed=9"], "Unknown setting")],
    ids=str,
)  # fmt: skip
def test_wrong_words_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    script = tmp_path / "script.json"
    script.write_text("[]")
    code, err = run(capsys, "serve", f"home={tmp_path / 'home'}", f"model_name=scripted:{script}", *words)
    assert code == 2 and said in err and err.startswith("error: ") and err.count("\n") == 1


def test_a_port_in_use_is_said_before_the_model_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, err = run(
            capsys, "serve", "--port", str(taken.getsockname()[1]), f"home={tmp_path}", "model_name=nowhere/x"
        )
    assert code == 2 and "Address already in use" in err and "choose another --port" in err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_key_is_made_where_none_is_given_and_one_that_is_given_is_written_nowhere(tmp_path: Path) -> None:
    home, script = tmp_path / "home", tmp_path / "script.json"
    script.write_text(json.dumps(["Hello."]))
    with program(home, f"model_name=scripted:{script}") as server:
        assert len(server.key) >= 24 and server.get("/v1/models").status_code == 200
        assert server.get("/v1/models", authorization="Bearer x").status_code == 401
    assert server.process is not None and server.process.returncode == 0
    with program(home, f"model_name=scripted:{script}", "--key", "my-own-secret-key") as server:
        assert server.key == "my-own-secret-key"
        said = server.post(
            "/chat/completions", {"model": "scripted:script.json", "messages": [{"role": "user", "content": "x"}]}
        )
        assert said.json()["choices"][0]["message"]["content"] == "Hello."
    written = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert written and not any(b"my-own-secret-key" in data for data in written)
    with Store(home / "store.db") as store:
        runs = store.find("runs", kind="serve")
        assert [r.status for r in runs] == ["done", "done"] and runs[1].summary["counts"]["completions"] == 1


def test_lessons_teach_says_when_nothing_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["lessons", "teach", f"home={tmp_path}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"taught": [], "waiting": 0}
