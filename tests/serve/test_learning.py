"""The whole story over a real socket with the bundled model: denied, taught, shown in the next session, isolated, kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from continualcode.agent.calls import EDITS, schemas
from continualcode.agent.tools import Toolbox
from continualcode.cli import app
from continualcode.config import Settings, bundled
from continualcode.demo import CORRECTION, FIRST, SECOND, workspace
from continualcode.engine.base import ToolCall
from continualcode.store import Store

sys.path.append(str(Path(__file__).parent))
from running import Running, program  # noqa: E402  # pyright: ignore[reportMissingImports]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(not (bundled("models") / "pupil").is_dir(), reason="models/pupil is missing"),
]
TOOLS: Any = schemas()
RUN_TESTS = "run the tests"
WORDS = ("threads=1", "lesson_seconds=1200")  # a busy machine cuts no lesson short
PEER = Path(os.environ.get("CONTINUALCODE_PEERS", Path.home() / ".cache/continualcode/peers")) / "mini-swe-agent"


def called(completion: Any) -> ToolCall | None:
    calls = completion.choices[0].message.tool_calls
    return ToolCall(calls[0].function.name, json.loads(calls[0].function.arguments)) if calls else None


def first_edit(client: openai.OpenAI, folder: Path, path: str, settings: Settings) -> tuple[Any, list[Any]]:
    """«Fix path.» in a crate, up to the model's first edit: that completion, and the conversation so far."""
    box = Toolbox(folder, settings)
    box.profile = "compact"
    messages: list[Any] = [{"role": "user", "content": f"Fix {path}."}]
    for _ in range(4):
        completion = client.chat.completions.create(model="bundled", messages=messages, tools=TOOLS)
        call = called(completion)
        assert call is not None
        messages.append(completion.choices[0].message.to_dict())
        if call.name in EDITS:
            return completion, messages
        messages.append(answer(completion, box.run(call).text))
    raise AssertionError("the model reads on and on")


def answer(completion: Any, text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": completion.choices[0].message.tool_calls[0].id, "content": text}


def command(server: Running, session: str, request: str = RUN_TESTS) -> tuple[Any, str]:
    messages: list[Any] = [{"role": "user", "content": request}]
    completion = server.client(session).chat.completions.create(model="bundled", messages=messages, tools=TOOLS)
    call = called(completion)
    return completion, str(call.arguments.get("command")) if call else ""


def test_a_corrected_koan_turns_green_and_the_lesson_is_there_in_the_next_session_alone_and_after_a_restart(
    tmp_path: Path,
) -> None:
    home, own = tmp_path / "home", Settings(home=tmp_path / "other", threads=1)
    with program(home, *WORDS) as server:
        client = server.client("ann", timeout=1400)
        with workspace() as crate:
            denied, messages = first_edit(client, crate, FIRST, own)
            assert called(denied).name == "write"  # type: ignore[union-attr]
            told = server.feedback(denied, "deny", correction=CORRECTION)
            assert told["lesson"]["outcome"] == "took" and told["lesson"]["proof"]["obeyed_after"] is True
            messages.append(answer(denied, f"denied: {CORRECTION}"))
            retry = client.chat.completions.create(model="bundled", messages=messages, tools=TOOLS)
            call = called(retry)
            assert call is not None and call.name == "edit_lines"
            box = Toolbox(crate, own)
            box.profile = "compact"
            assert box.run(call).ok and "area.rs" not in box.run(ToolCall("check", {})).text
            server.feedback(retry, "approve")
        with workspace() as crate:
            after, _ = first_edit(client, crate, SECOND, own)
            other, asked = first_edit(server.client("bob"), crate, SECOND, own)
        assert CORRECTION not in json.dumps(asked)
        assert called(after).name == "edit_lines" and after.system_fingerprint == told["lesson"]["id"]  # type: ignore[union-attr]
        assert called(other).name == "write" and other.system_fingerprint == "base"  # type: ignore[union-attr]
    assert server.process is not None and server.process.returncode == 0
    with program(home, *WORDS) as server:
        create = server.client("ann").chat.completions.create
        again = create(model="bundled", messages=asked[:-1], tools=TOOLS)
        assert called(again).name == "edit_lines" and again.system_fingerprint == told["lesson"]["id"]  # type: ignore[union-attr]
        assert app.run(["lessons", "undo", "last", f"home={home}"]) == 0  # beside the running server
        undone = create(model="bundled", messages=asked[:-1], tools=TOOLS)
        assert called(undone).name == "write"  # type: ignore[union-attr]


def test_a_lesson_cut_off_by_ctrl_c_moves_nothing_and_is_taught_later(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with program(home, *WORDS) as server, ThreadPoolExecutor(1) as pool:
        denied, said = command(server, "ann")
        assert said == "cargo test"
        waits = pool.submit(server.feedback, denied, "deny", correction="use make test")
        while not Store(home / "store.db").list_corrections():
            time.sleep(0.05)
        assert server.process is not None
        server.process.send_signal(signal.SIGINT)
        told = waits.result(120)
        assert told["lesson"]["outcome"] == "queued" and server.process.wait(60) == 0
    with Store(home / "store.db") as store:
        assert [c.text for c in store.list_corrections()] == ["use make test"]
        assert not [r for r in store.list_lessons() if r.after_ref]
        assert [r.outcome for r in store.list_lessons() if r.outcome == "queued"] == ["queued"]
        (run,) = store.find("runs", kind="serve")
        assert run.status == "done" and run.summary["counts"]["corrections"] == 1
    assert app.run(["lessons", "teach", f"home={home}", "threads=1"]) == 0
    with Store(home / "store.db") as store:
        (queued,) = store.list_lessons(outcome="taught_later")
        lesson = store.list_lessons(outcome="took")[-1]
        assert lesson.id in queued.reason and lesson.scope == "session:ann" and "cargo test" in lesson.denied
    with program(home, *WORDS) as server:
        assert command(server, "ann", "do the tests pass?")[1] == "make test"
        assert command(server, "bob", "do the tests pass?")[1] == "cargo test"


AGENT = """
import json, sys
from minisweagent.agents.default import DefaultAgent
from minisweagent.environments.local import LocalEnvironment
from minisweagent.models.litellm_model import LitellmModel

url, key, folder = sys.argv[1:]
model = LitellmModel(
    model_name="openai/bundled", cost_tracking="ignore_errors", observation_template="{{ output.output }}",
    model_kwargs={"api_base": url, "api_key": key, "extra_headers": {"X-Session": "swe"}, "max_tokens": 60},
)
agent = DefaultAgent(model, LocalEnvironment(cwd=folder), system_template="", instance_template="{{ task }}", step_limit=1)
end = agent.run(TASK)
said = [m["extra"] for m in agent.messages if m.get("role") == "assistant"]
print(json.dumps({
    "status": end["exit_status"], "submission": end["submission"],
    "id": said[0]["response"]["id"], "command": said[0]["actions"][0]["command"],
}))
"""


@contextmanager
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder whose tests are run by `make test`, which tells mini-swe-agent that its task is done."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "test.sh").write_text("test 4 = $((2 + 2)) && echo 1 passed\n")
    (folder / "Makefile").write_text(
        "test:\n\t@echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n\t@sh test.sh\n", encoding="utf-8"
    )
    yield folder


def agent(server: Running, folder: Path, task: str) -> dict[str, Any]:
    done = subprocess.run(
        [str(PEER / "bin" / "python"), "-c", AGENT.replace("TASK", repr(task)), server.url, server.key, str(folder)],
        capture_output=True, text=True, timeout=600,
        env={**os.environ, "MSWEA_SILENT_STARTUP": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.peer
@pytest.mark.skipif(
    not (PEER / ".installed").is_file(), reason="mini-swe-agent is not here: scripts/peers.sh mini-swe-agent makes it"
)
def test_mini_swe_agent_fails_its_task_is_corrected_and_does_it_in_the_next_run(tmp_path: Path) -> None:
    with program(tmp_path / "home", *WORDS) as server, project(tmp_path) as folder:
        before = agent(server, folder, RUN_TESTS)
        assert (before["command"], before["status"], before["submission"]) == ("cargo test", "LimitsExceeded", "")
        told = server.post(
            "/feedback", {"completion_id": before["id"], "action": "deny", "correction": "use make test"}
        ).json()
        assert told["session"] == "swe" and told["lesson"]["outcome"] == "took", told
        after = agent(server, folder, "do the tests pass?")
        assert (after["command"], after["status"]) == ("make test", "Submitted")
        assert after["submission"].strip() == "1 passed"
