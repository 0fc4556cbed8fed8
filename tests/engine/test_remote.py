"""The engine behind an OpenAI-compatible server, against one on a real socket that misbehaves on order."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continualcode.agent.session import Session
from continualcode.agent.tools import Toolbox
from continualcode.config import Settings, SettingsError, load_settings
from continualcode.engine import load_engine, remote_wire
from continualcode.engine.base import Completion, EngineError, Message, SampleParams, ToolCall
from continualcode.engine.remote import RemoteEngine

sys.path.append(str(Path(__file__).parent))
from chat_server import DROP, SILENT, ChatServer, Page, Reply, listing, serving  # noqa: E402  # pyright: ignore[reportMissingImports]

HELLO = [Message("user", "hello")]
PAGE = Page(200, "<!doctype html><html><body>Welcome to nginx!</body></html>", "text/html")
BUSY = Page(503, {"error": {"message": "loading model"}})


def engine_of(server: ChatServer, **options: Any) -> RemoteEngine:
    return RemoteEngine(server.url, **{"silence": 5.0, "pause": 0.01, **options})


def ask(engine: RemoteEngine, messages: list[Message] = HELLO, **options: Any) -> Completion:
    params = options.pop("params", SampleParams(max_new_tokens=20))
    return engine.sample([engine.encode(messages, tools=options.pop("tools", None))], params, **options)[0]


def always(answer: Any) -> Callable[[int, dict[str, Any]], Any]:
    return lambda n, request: answer


def in_order(*answers: Any) -> Callable[[int, dict[str, Any]], Any]:
    return lambda n, request: answers[min(n, len(answers) - 1)]


# -- what a good server says


@given(st.text(), st.lists(st.text(max_size=5)))
def test_ids_spell_what_they_stand_for_in_threes_and_piece_by_piece(text: str, pieces: list[str]) -> None:
    data = text.encode("utf-8", "replace")
    assert remote_wire.read(remote_wire.spell(data)) == data
    spelled = [remote_wire.spelled(p.encode("utf-8", "replace")) for p in pieces]
    assert remote_wire.read(spelled) == "".join(pieces).encode("utf-8", "replace")


@given(st.text(max_size=40), st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=40), max_size=3))
def test_a_call_comes_back_as_it_was_whatever_its_arguments_hold(name: str, arguments: dict[str, str]) -> None:
    if not name:
        return
    text = remote_wire.call_text("", [ToolCall(name, arguments)])
    assert RemoteEngine.parse(None, text) == ("", (ToolCall(name, arguments),), None)  # type: ignore[arg-type]


def test_a_reply_is_streamed_and_its_logprobs_are_kept_token_by_token() -> None:
    shown: list[str] = []
    with serving(always(Reply(("Do", "ne", "."), logprobs=(-0.5, -0.25, -1.0)))) as server:
        reply = ask(engine_of(server), on_text=lambda i, piece: shown.append(piece))
    assert (reply.text, reply.stop, reply.logprobs) == ("Done.", "end", (-0.5, -0.25, -1.0))
    assert shown == ["Do", "ne", "."] and len(reply.ids) == 3
    assert remote_wire.read(reply.ids) == b"Done."


def test_a_request_carries_the_conversation_the_tools_and_how_to_draw() -> None:
    tools = [{"type": "function", "function": {"name": "read", "parameters": {"type": "object", "properties": {}}}}]
    messages = [
        Message("system", "be brief"), Message("user", "look"),
        Message("assistant", "", (ToolCall("read", {"path": "a.rs"}),)), Message("tool", "1|fn", name="read"),
        Message("assistant", "<tool_call>oops"), Message("tool", "error: malformed"),
    ]  # fmt: skip
    with serving(always(Reply())) as server:
        ask(engine_of(server), messages, tools=tools, params=SampleParams(7, 0.5, 0.9, seed=3))
        (request,) = server.requests
    assert request["messages"][2:4] == [
        {
            "role": "assistant", "content": "",
            "tool_calls": [{"id": "call_0", "type": "function", "function": {"name": "read", "arguments": '{"path": "a.rs"}'}}],
        },
        {"role": "tool", "content": "1|fn", "tool_call_id": "call_0"},
    ]  # fmt: skip
    assert request["messages"][5] == {"role": "user", "content": "error: malformed"}  # it answers no call
    assert request["tools"] == tools and request["stream"] is True and request["model"] == "m"
    assert (request["max_tokens"], request["temperature"], request["top_p"]) == (7, 0.5, 0.9)


def test_tool_calls_in_pieces_become_calls_that_the_agent_runs(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    with serving(always(Reply(("I look. ",), (("read", '{"path": "a.txt"}'),), "tool_calls"))) as server:
        engine = engine_of(server)
        session = Session(engine, Toolbox(tmp_path, Settings(home=tmp_path / "home")))
        session.user("read a.txt")
        (completion,) = engine.sample([session.prompt_ids()], SampleParams())
        turn = session.take(completion)
        assert turn.call == ToolCall("read", {"path": "a.txt"}) and turn.text == "I look."
        assert turn.call is not None
        assert "one" in session.apply(turn.call).text
        session.prompt_ids()
        assert server.requests[0]["tools"][0]["function"]["name"] == "read"


def test_a_call_that_is_no_json_is_feedback_for_the_model_not_an_error(tmp_path: Path) -> None:
    with serving(always(Reply((), (("read", '{"path": "a.t'),), "tool_calls"))) as server:
        reply = ask(engine_of(server))
    assert RemoteEngine.parse(None, reply.text)[2] is not None  # type: ignore[arg-type]


def test_a_server_that_does_not_stream_is_understood() -> None:
    whole = {"choices": [{"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "Half"}}]}
    with serving(always(Page(200, whole))) as server:
        assert (reply := ask(engine_of(server))).text == "Half" and reply.stop == "length" and reply.logprobs == ()


def test_many_prompts_are_asked_side_by_side_and_answered_in_order() -> None:
    def echo(n: int, request: dict[str, Any]) -> Reply:
        time.sleep(0.2)
        return Reply((request["messages"][0]["content"],))

    with serving(echo) as server:
        engine = engine_of(server)
        began = time.monotonic()
        replies = engine.sample([engine.encode([Message("user", str(i))]) for i in range(8)], SampleParams())
    assert [r.text for r in replies] == [str(i) for i in range(8)]
    assert time.monotonic() - began < 8 * 0.2


def test_options_a_server_does_not_know_are_left_out_from_then_on() -> None:
    def picky(n: int, request: dict[str, Any]) -> Any:
        if "logprobs" in request:
            return Page(400, {"error": {"message": "`logprobs` is not supported by this backend"}})
        if "max_tokens" in request:
            return Page(400, {"error": {"message": "Unsupported parameter: use 'max_completion_tokens'"}})
        return Reply()

    with serving(picky) as server:
        engine = engine_of(server)
        assert ask(engine).text == "Done." and len(server.requests) == 3
        assert ask(engine).text == "Done." and len(server.requests) == 4
        assert "seed" in server.requests[-1] and server.requests[-1]["max_completion_tokens"] == 20


# -- what may pass


@pytest.mark.parametrize(
    "bad",
    [DROP, BUSY, Reply(("Do", "ne"), cut=1), Reply(("a", "b"), junk=True), Reply(("a", "b"), error="out of memory"),
     Page(200, '{"choices": [{"mess', "application/json"), Page(200, [1], "application/json"),
     Page(429, {"error": {"message": "slow down"}}, headers={"retry-after": "0.05"})],
    ids=["dropped", "busy", "cut", "junk", "error within", "half json", "a list", "rate limit"],
)  # fmt: skip
def test_a_bad_moment_is_asked_again_and_the_reply_is_whole(bad: Any) -> None:
    with serving(in_order(bad, Reply(("Do", "ne", ".")))) as server:
        assert ask(engine_of(server)).text == "Done." and len(server.requests) == 2


def test_what_was_shown_before_a_break_is_not_shown_twice() -> None:
    shown: list[str] = []
    with serving(in_order(Reply(("Do", "ne"), cut=1), Reply(("D", "on", "e."), cut=2), Reply(("Other",)))) as server:
        ask(engine_of(server), on_text=lambda i, piece: shown.append(piece))
    assert "".join(shown) == "Don\nOther"


@pytest.mark.parametrize("pings", [False, True], ids=["silent", "signs of life alone"])
def test_a_server_that_hangs_is_asked_again(pings: bool) -> None:
    with serving(in_order(Reply(("Do", "ne"), hang=5, pings=pings), Reply())) as server:
        began = time.monotonic()
        assert ask(engine_of(server, silence=0.4)).text == "Done."
        assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("bad", "said"),
    [(DROP, "connection broke off"), (BUSY, "503: loading model"), (Reply(("a", "b"), cut=1), "within the answer"),
     (Page(502, "<html><h1>Bad Gateway</h1></html>", "text/html"), "502: a web page")],
    ids=["dropped", "busy", "cut", "gateway"],
)  # fmt: skip
def test_what_does_not_pass_is_one_sentence_after_a_few_tries(bad: Any, said: str) -> None:
    with serving(always(bad)) as server:
        engine = engine_of(server, tries=3)
        with pytest.raises(EngineError, match=said) as error:
            ask(engine)
        assert len(server.requests) == 3
        assert "failed 3 times" in str(error.value) and "\n" not in str(error.value)


def test_a_long_wait_is_not_waited_out() -> None:
    with serving(always(Page(429, {"error": {"message": "quota"}}, headers={"retry-after": "3600"}))) as server:
        with pytest.raises(EngineError, match="asks to wait 60 minutes"):
            ask(engine_of(server))
        assert len(server.requests) == 1


# -- what cannot pass


@pytest.mark.parametrize(
    ("bad", "said"),
    [(Page(401, {"error": {"message": "Incorrect API key", "code": "invalid_api_key"}}), "refuses the key"),
     (Page(404, {"error": {"message": "model not found"}}), "knows no model"),
     (Page(400, {"error": {"message": "registry.ollama.ai/library/x does not support tools"}}), "does not support tools"),
     (Page(400, {"error": {"message": "This model's maximum context length is 4096 tokens"}}), "longer than m at"),
     (Page(429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}), "no quota left"),
     (PAGE, "not an OpenAI-compatible server")],
    ids=["key", "model", "tools", "context", "quota", "html"],
)  # fmt: skip
def test_what_asking_again_cannot_mend_is_said_at_once(bad: Any, said: str) -> None:
    with serving(always(bad)) as server:
        engine = engine_of(server)
        with pytest.raises(EngineError, match=said) as error:
            ask(engine)
        assert len(server.requests) == 1 and "\n" not in str(error.value)
        server.says = always(Reply())
        assert ask(engine).text == "Done."  # the engine is none the worse


def test_a_server_that_is_down_is_said_when_the_session_begins() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(EngineError, match="is the server running"):
        RemoteEngine(url, "m", tries=2, pause=0.01)


@pytest.mark.parametrize(
    ("models", "model", "said"),
    [(listing("a", "b"), "c", "no model c; it has: a, b"), (listing("a", "b"), "", "Name one .* it has: a, b"),
     (PAGE, "m", "not an OpenAI-compatible server"), (Page(401, {"error": {"message": "no"}}), "m", "KEY_OF_TEST"),
     (Page(404, {"error": {"message": "no"}}), "", "lists no models")],
    ids=["unknown", "several", "html", "key", "no list"],
)  # fmt: skip
def test_a_wrong_model_server_or_key_is_said_when_the_session_begins(models: Any, model: str, said: str) -> None:
    with serving(always(Reply()), models) as server, pytest.raises(EngineError, match=said):
        engine_of(server, model=model, key_name="KEY_OF_TEST")


def test_a_server_that_says_nothing_from_the_start_is_given_up() -> None:
    with serving(always(Reply()), SILENT) as server, pytest.raises(EngineError, match="failed 2 times .*in time"):
        engine_of(server, silence=0.3, tries=2)
    assert len(server.keys) == 2


def test_the_only_model_the_tag_and_the_context_are_taken_from_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_TEST", "secret")
    with serving(always(Reply()), listing("qwen:latest", max_model_len=4096)) as server:
        assert (engine := engine_of(server, key_name="KEY_OF_TEST")).model_id == "qwen:latest"
        assert engine.context_length == 4096 and server.keys == ["Bearer secret"]
        assert engine_of(server, model="qwen").model_id == "qwen:latest"


# -- stopping


@pytest.mark.parametrize("bad", [Reply(("Do", "ne"), hang=30), BUSY], ids=["in the middle", "between tries"])
def test_a_cancelled_reply_ends_at_once(bad: Any) -> None:
    cancel = threading.Event()
    with serving(always(bad)) as server:
        engine = engine_of(server, pause=30.0, silence=30.0)
        threading.Timer(0.4, cancel.set).start()
        began = time.monotonic()
        assert ask(engine, cancelled=cancel.is_set).stop == "cancelled"
        assert time.monotonic() - began < 2


# -- in the program


def test_settings_name_the_server_and_a_project_may_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving(always(Reply())) as server:
        engine = load_engine(Settings(home=tmp_path, engine="openai", base_url=server.url))
        assert engine.model_id == "m" and not engine.capabilities.trains and engine.profile == "full"
        for call in (lambda: engine.learn((), None), lambda: engine.score([]), lambda: engine.load_adapter(tmp_path)):  # type: ignore[arg-type]
            with pytest.raises(EngineError):
                call()
    with pytest.raises(EngineError, match="Put your key into OPENAI_API_KEY"):
        RemoteEngine("", "gpt")
    with pytest.raises(EngineError, match="must begin with http"):
        RemoteEngine("localhost:8000", "m")
    (tmp_path / ".continualcode").mkdir()
    (tmp_path / ".continualcode" / "config.toml").write_text('base_url = "http://evil.example/v1"\n')
    with pytest.raises(SettingsError, match="A project may not set `base_url`"):
        load_settings([], cwd=tmp_path)


def test_a_days_request_without_a_terminal_runs_against_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from continualcode.cli import app

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    (tmp_path / "a.txt").write_text("one\n")
    call = Reply((), (("write", json.dumps({"path": "a.txt", "content": "two\n"})),), "tool_calls")
    with serving(in_order(call, Reply(("Written.",)))) as server:
        words = ["engine=openai", f"base_url={server.url}", "-p", "write two into a.txt", "--yes"]
        assert app.run(words) == 0
        assert (tmp_path / "a.txt").read_text() == "two\n"
        assert server.requests[1]["messages"][-1]["role"] == "tool"
