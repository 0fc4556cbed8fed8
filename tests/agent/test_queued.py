"""Corrections given to a server's model: kept with the wrong attempt, said in a sentence, whatever the server does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from continualcode.agent import queued
from continualcode.agent.loop import Denied
from continualcode.engine.base import Completion, Message, ToolCall
from continualcode.store import Store

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "engine")]
from chat_server import DROP, Reply, serving  # noqa: E402  # pyright: ignore[reportMissingImports]
from place import Place, ask, leave  # noqa: E402  # pyright: ignore[reportMissingImports]

WRITE = Reply((), (("write", json.dumps({"path": "a.txt", "content": "x\n"})),), "tool_calls")
LINES = Reply(
    (), (("edit_lines", json.dumps({"path": "a.txt", "start": 1, "end": 1, "text": "x"})),), "tool_calls"
)  # fmt: skip
WRONG = ToolCall("write", {"path": "a.txt", "content": "x"})
RIGHT = ToolCall("edit_lines", {"path": "a.txt", "start": "1", "end": "1", "text": "x"})


def denied(correction_id: str = "co_1", right: ToolCall | None = None, **more: Any) -> Denied:
    context = (Message("system", "be brief"), Message("user", "change a.txt"))
    return Denied(context, Completion((), (1, 2), (), "…"), WRONG, "use edit_lines", right, correction_id, **more)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_correction_to_a_servers_model_survives_a_server_that_drops_dead(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with serving(lambda n, request: [WRITE, LINES, DROP, DROP, DROP, DROP, Reply(("All done.",))][n]) as server:
        words = ["-m", "continualcode", "engine=openai", f"base_url={server.url}"]
        child = pexpect.spawn(
            sys.executable, words, cwd=str(place.work), env=place.env, encoding="utf-8", timeout=120, dimensions=(40, 160)
        )  # fmt: skip
        child.expect("/help")
        child.expect_exact(">")
        ask(child, "change a.txt")
        child.expect("ule >")
        child.send("d")
        child.expect_exact("what should it do instead?")
        ask(child, "use edit_lines")
        child.expect("correction kept: this server's weights cannot be trained; `continualcode lessons teach`")
        child.expect("ule >")
        child.send("a")
        child.expect("the approved call is kept with the correction")
        child.expect_exact("failed 4 times")
        child.expect_exact("ask again")
        ask(child, "go on")
        child.expect("All done")
        leave(child)
        assert "denied: use edit_lines" in json.dumps(server.requests[1]["messages"])
    assert place.text == "x\ntwo\n"
    with place.store() as store:
        (correction,) = store.list_corrections()
        (lesson,) = store.list_lessons()
        assert "<function=write>" in correction.wrong and lesson.correction_id == correction.id
        assert (lesson.outcome, lesson.correction, lesson.scope) == ("queued", "use edit_lines", correction.scope)
        assert "<function=write>" in lesson.denied and "<function=edit_lines>" in lesson.approved
        assert lesson.messages[-1] == {"role": "user", "content": "change a.txt"}


def test_what_waits_comes_back_as_it_was_given(tmp_path: Path) -> None:
    tools = ({"type": "function", "function": {"name": "write", "parameters": {}}},)
    with Store(tmp_path / "store.db") as store:
        queued.keep(store, denied(everywhere=True, notes=("n",), tools=tools), "/work/repo", "ending")
        (record,) = queued.waiting(store)

    class Words:
        """The two things that taking a lesson up asks of an engine before it teaches."""

        def encode_reply(self, message: Message) -> list[int]:
            return [message.tool_calls[0] == WRONG]

        def decode(self, ids: list[int]) -> str:
            return "write" if ids == [True] else ""

    again = queued._denied(Words(), record)  # type: ignore[arg-type]
    given = denied(everywhere=True, notes=("n",), tools=tools)
    for name in ("context", "call", "correction", "correction_id", "notes", "tools", "everywhere", "right", "approved"):
        assert getattr(again, name) == getattr(given, name), name
    assert again.completion.text == "write" and record.reason == "the server is ending"


def test_a_retry_that_the_user_approves_joins_the_correction_that_waits(tmp_path: Path) -> None:
    with Store(tmp_path / "store.db") as store:
        first = queued.keep(store, denied(), "global")
        other = queued.keep(store, denied("co_2"), "global")
        second = queued.keep(store, denied(right=RIGHT, approved=True), "global")
        assert first.lesson_id == second.lesson_id != other.lesson_id
        records = queued.waiting(store)
        assert [r.id for r in records] == [first.lesson_id, other.lesson_id]
        assert "edit_lines" in records[0].approved and records[0].proof["approved"] and not records[1].proof["approved"]


@pytest.mark.parametrize("outcome", ["took", "queued"])
def test_what_waits_is_in_nobodys_weights(tmp_path: Path, outcome: str) -> None:
    from continualcode.learn.undo import resume_folder, standing

    with Store(tmp_path / "store.db") as store:
        kept = queued.keep(store, denied(), "global")
        store.update_lesson(kept.lesson_id, outcome=outcome)
        assert standing(store) == [] and resume_folder(store) is None
        assert len(queued.waiting(store)) == (outcome == "queued")
