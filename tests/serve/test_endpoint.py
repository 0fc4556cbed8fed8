"""The endpoint, driven by the official client over a real socket."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from continualcode.agent.calls import schemas
from continualcode.agent.scope import alone
from continualcode.agent.scripted import ScriptedEngine, reply
from continualcode.config import Settings
from continualcode.engine.base import Completion, Message, SampleParams, ToolCall
from continualcode.engine.local import LocalEngine
from continualcode.engine.remote import RemoteEngine
from continualcode.errors import UserError
from continualcode.serve.desk import Desk, require_shareable
from continualcode.serve.line import Job
from continualcode.serve.requests import LONGEST_NAME, Feedback
from continualcode.serve.server import bound, is_loopback
from continualcode.serve.sessions import Given, Sessions
from continualcode.store import Store, now
from continualcode.store.records import AdapterRecord

sys.path.append(str(Path(__file__).parent))
from running import KEY, Running, serving  # noqa: E402  # pyright: ignore[reportMissingImports]

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
TOOLS: Any = schemas()
CALL = ToolCall("edit_lines", {"path": "a.rs", "start": "2", "end": "3", "text": "x"})


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server over a model that says `Done.` whatever it is asked."""
    settings = Settings(home=tmp_path_factory.mktemp("many"))
    with serving(ScriptedEngine([], model_id="m", context_length=400), settings) as server:
        yield server


class Slow(ScriptedEngine):
    """A fake model that speaks for ever, a word every 10 ms, until it is cut off."""

    cuts = 0

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        params: SampleParams | Sequence[SampleParams],
        *,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Completion]:
        text = ""
        while cancelled is None or not cancelled():
            time.sleep(0.01)
            text += "word "
            if on_text is not None:
                on_text(0, "word ")
        self.cuts += 1
        return [Completion(tuple(prompts[0]), tuple(text.encode()), (0.0,) * len(text), text, "cancelled")]


# -- who may ask


@pytest.mark.parametrize("sent", ["", "Bearer wrong", f"Bearer {KEY}x", KEY, "Basic x"])
@pytest.mark.parametrize("path", ["/chat/completions", "/feedback"])
def test_without_the_key_nothing_is_answered(many: Running, sent: str, path: str) -> None:
    answer = many.post(path, {"model": "m", "messages": HELLO}, authorization=sent)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key" and answer.json()["error"]["message"]


def test_the_client_sees_a_bad_key_as_one_and_health_needs_none(many: Running) -> None:
    with pytest.raises(openai.AuthenticationError):
        many.client(api_key="other").models.list()
    health = many.get("/health", authorization="").json()
    assert health["status"] == "ok" and health["model"] == "m" and health["learns"] is False


def test_models_are_listed_and_shown(many: Running) -> None:
    (model,) = many.client().models.list().data
    assert model.id == "m" and model.to_dict()["max_model_len"] == 400
    assert many.client().models.retrieve("m").owned_by == "continualcode"
    with pytest.raises(openai.NotFoundError):
        many.client().models.retrieve("gpt")


# -- what is asked wrongly


@pytest.mark.parametrize(
    ("change", "said"),
    [({"model": 3}, "`model`"), ({"messages": []}, "`messages`"), ({"messages": [{"role": "king", "content": ""}]}, "role"),
     ({"n": 2}, "`n` is not supported"), ({"response_format": {"type": "json_object"}}, "`response_format`"),
     ({"tool_choice": "required"}, "`tool_choice`"), ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "no"}}}, "`tool_choice`"),
     ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "Names of tools"), ({"temperature": -1}, "`temperature`"),
     ({"temperature": "hot"}, "`temperature`"), ({"max_tokens": 0}, "`max_tokens`"), ({"stop": ["a"] * 5}, "at most 4"), ({"stop": ""}, "empty"),
     ({"top_logprobs": 3}, "needs `logprobs`"), ({"user": "x" * (LONGEST_NAME + 1)}, "session's name"), ({"user": "a\nb"}, "session's name"),
     ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "Only text"),
     ({"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{no"}}]}]}, "not a JSON object"),
     ({"messages": [{"role": "user", "content": "word " * 200}]}, "reads 400 tokens")],
    ids=str,
)  # fmt: skip
def test_a_wrong_request_is_refused_with_a_sentence(many: Running, change: dict[str, Any], said: str) -> None:
    answer = many.post("/chat/completions", {"model": "m", "messages": HELLO, **change})
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert said in error["message"] and error["type"] == "invalid_request_error" and "\n" not in error["message"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b"\xff", b'"x"', b"[" * 100_000], ids=lambda raw: repr(raw[:5]))
@pytest.mark.parametrize("path", ["/chat/completions", "/feedback"])
def test_a_body_that_is_no_json_object_is_refused(many: Running, raw: bytes, path: str) -> None:
    assert "JSON" in many.post(path, raw).json()["error"]["message"]
    assert many.client().chat.completions.create(model="m", messages=HELLO).choices[0].message.content == "Done."


def test_unknown_models_paths_and_enormous_bodies_have_their_own_status(many: Running) -> None:
    with pytest.raises(openai.NotFoundError) as error:
        many.client().chat.completions.create(model="gpt-9", messages=HELLO)
    assert error.value.code == "model_not_found"
    assert many.post("/embeddings", {}).status_code == 404 and "error" in many.post("/embeddings", {}).json()
    assert many.post("/chat/completions", b" " * (9 << 20)).status_code == 413
    with pytest.raises(openai.BadRequestError) as error:
        many.client().chat.completions.create(model="m", messages=HELLO * 30)
    assert error.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError):
        stream = many.client().chat.completions.create(model="m", messages=HELLO * 30, stream=True)
        list(stream)


# -- what is answered


def test_a_call_is_answered_as_tool_calls_streamed_or_not(own: Settings) -> None:
    with serving(ScriptedEngine([reply(CALL, "I edit. ")] * 2, model_id="m"), own) as server:
        client = server.client()
        whole = client.chat.completions.create(model="m", messages=HELLO, tools=TOOLS)
        (choice,) = whole.choices
        assert choice.finish_reason == "tool_calls" and choice.message.content == "I edit."
        assert choice.message.tool_calls is not None
        (call,) = choice.message.tool_calls
        assert call.type == "function" and call.function.name == "edit_lines"
        wanted = {"path": "a.rs", "start": 2, "end": 3, "text": "x"}
        assert json.loads(call.function.arguments) == wanted
        assert whole.usage is not None and whole.usage.total_tokens == whole.usage.prompt_tokens + len(
            reply(CALL, "I edit. ")
        )
        with client.chat.completions.stream(
            model="m", messages=HELLO, tools=TOOLS, stream_options={"include_usage": True}
        ) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        assert final.choices[0].message.content == "I edit." and final.choices[0].finish_reason == "tool_calls"
        assert final.choices[0].message.tool_calls is not None
        assert json.loads(final.choices[0].message.tool_calls[0].function.arguments) == wanted
        assert final.usage is not None and final.usage.completion_tokens == whole.usage.completion_tokens


def test_without_tools_a_call_is_text_and_a_broken_call_is_too(own: Settings) -> None:
    with serving(ScriptedEngine([reply(CALL), "<tool_call>\nbroken", reply(ToolCall("unknown", {}))]), own) as server:
        create = server.client().chat.completions.create
        assert create(model="scripted", messages=HELLO).choices[0].message.content == reply(CALL)
        for said in ("<tool_call>\nbroken", reply(ToolCall("unknown", {}))):
            message = create(model="scripted", messages=HELLO, tools=TOOLS).choices[0].message
            assert message.content == said and not message.tool_calls


def test_the_conversation_reaches_the_model_with_names_and_arguments(own: Settings) -> None:
    engine = ScriptedEngine([])
    messages: list[Any] = [
        {"role": "developer", "content": "be brief"}, {"role": "user", "content": [{"type": "text", "text": "fix"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path": "a"}'}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "1|x"},
    ]  # fmt: skip
    with serving(engine, own) as server:
        server.client().chat.completions.create(model="scripted", messages=messages, tools=TOOLS)
    conversation = [
        Message("system", "be brief"), Message("user", "fix"), Message("assistant", "", (ToolCall("read", {"path": "a"}),)),
        Message("tool", "1|x", name="read"),
    ]  # fmt: skip
    assert engine.prompts == [engine.decode(engine.encode(conversation))]


def test_logprobs_are_those_that_scoring_gives_streamed_or_not(tiny: LocalEngine, own: Settings) -> None:
    ask: dict[str, Any] = dict(
        model="tiny", messages=HELLO, max_tokens=12, logprobs=True, top_logprobs=3, temperature=1.0, seed=5
    )
    with serving(tiny, own) as server:
        whole = server.client().chat.completions.create(**ask)
        again = list(server.client().chat.completions.create(**ask, stream=True))
    assert whole.choices[0].logprobs is not None and again[-1].choices[0].logprobs is not None
    rows, streamed = whole.choices[0].logprobs.content, again[-1].choices[0].logprobs.content
    assert rows is not None and streamed is not None and [r.logprob for r in rows] == [r.logprob for r in streamed]
    prompt = tiny.encode([Message("user", "hello")])
    (completion,) = tiny.sample([prompt], SampleParams(12, 1.0, seed=5))
    (score,) = tiny.score([(prompt, completion.ids)], top_k=3)
    assert score.topk_logprobs_TK is not None
    assert len(rows) == len(completion.ids) - (completion.stop == "end") > 3
    for n, row in enumerate(rows):
        assert math.isclose(row.logprob, float(score.logprobs_T[n]), abs_tol=1e-4)
        assert row.token == tiny.decode([completion.ids[n]])
        assert [t.logprob for t in row.top_logprobs] == pytest.approx(score.topk_logprobs_TK[n].tolist(), abs=1e-4)


def test_a_stop_text_ends_the_reply_before_it_in_every_form(tiny: LocalEngine, own: Settings) -> None:
    ask: dict[str, Any] = dict(model="tiny", messages=HELLO, temperature=1.0, seed=11, max_tokens=60)
    with serving(tiny, own) as server:
        create = server.client().chat.completions.create
        free = create(**ask)
        text = free.choices[0].message.content
        assert text is not None and free.choices[0].finish_reason == "length"
        stop = next(
            text[n : n + 2] for n in range(10, 40) if text[n : n + 2].isascii() and text.find(text[n : n + 2]) == n
        )
        cut = create(**ask, stop=stop, logprobs=True)
        assert cut.choices[0].message.content == text[: text.index(stop)] and cut.choices[0].finish_reason == "stop"
        assert cut.choices[0].logprobs is not None and cut.choices[0].logprobs.content is not None
        assert "".join(r.token for r in cut.choices[0].logprobs.content) == cut.choices[0].message.content
        pieces = [c.choices[0].delta.content or "" for c in create(**ask, stop=[stop], stream=True)]
        assert "".join(pieces) == cut.choices[0].message.content


def test_a_seed_repeats_a_draw_and_without_one_draws_differ(tiny: LocalEngine, own: Settings) -> None:
    with serving(tiny, own) as server:

        def text(**options: Any) -> str | None:
            answer = server.client().chat.completions.create(model="tiny", messages=HELLO, max_tokens=20, **options)
            return answer.choices[0].message.content

        assert text(temperature=1.0, seed=1) == text(temperature=1.0, seed=1) != text(temperature=1.0, seed=2)
        assert text(temperature=1.0) != text(temperature=1.0)
        assert text() == text()  # the settings' own temperature is 0


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "read"}}], ids=["any", "read"]
)
def test_a_required_call_is_begun_even_by_a_model_that_knows_nothing(
    tiny: LocalEngine, own: Settings, choice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiny, "profile", "compact")  # no tools in the prompt: its context is short
    ask: dict[str, Any] = dict(model="tiny", messages=HELLO, tools=TOOLS[:1] + TOOLS[4:6], max_tokens=60)
    with serving(tiny, own) as server:
        for seed in range(4):
            said = server.client().chat.completions.create(**ask, temperature=1.0, seed=seed, tool_choice=choice)
            message = said.choices[0].message
            assert message.tool_calls or (message.content or "").startswith(("<tool_call>", "<function=", "<think>"))


def test_a_call_can_be_required_or_forbidden(pupil: LocalEngine, own: Settings) -> None:
    pupil.load_adapter(None)
    ask: dict[str, Any] = dict(model="bundled", messages=[{"role": "user", "content": "run the tests"}], tools=TOOLS)
    with serving(pupil, own) as server:
        create = server.client().chat.completions.create
        grep = {"type": "function", "function": {"name": "grep"}}
        cases: list[tuple[Any, str | None]] = [("auto", None), ("required", None), (grep, "grep")]
        for choice, names in cases:
            called = create(**ask, tool_choice=choice).choices[0].message.tool_calls
            assert called and (names is None or called[0].function.name == names)
            assert isinstance(json.loads(called[0].function.arguments), dict)
        assert not create(**ask, tool_choice="none").choices[0].message.tool_calls


def test_our_own_engine_for_servers_gets_from_it_what_the_engine_behind_it_says(
    pupil: LocalEngine, own: Settings
) -> None:
    pupil.load_adapter(None)
    messages = [Message("user", "Fix src/area.rs.")]
    params = SampleParams(max_new_tokens=60)
    (wanted,) = pupil.sample([pupil.encode(messages)], params)
    with serving(pupil, own) as server:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KEY_OF_TEST", KEY)
            engine = RemoteEngine(server.url, key_name="KEY_OF_TEST", profile="compact")
        assert engine.model_id == "bundled" and engine.context_length == pupil.context_length
        pieces: list[str] = []
        (got,) = engine.sample([engine.encode(messages)], params, on_text=lambda _, piece: pieces.append(piece))
        assert got.text == wanted.text == "".join(pieces) and len(got.logprobs) == len(got.ids) > 0
        assert got.logprobs == pytest.approx(wanted.logprobs[: len(got.logprobs)], abs=1e-4)
        (called,) = engine.sample([engine.encode(messages, tools=TOOLS)], params)
        assert engine.parse(called.text)[1] == pupil.parse(wanted.text)[1] != ()


def test_likeliest_tokens_are_refused_where_the_model_gives_none(many: Running) -> None:
    with pytest.raises(openai.BadRequestError, match="no `top_logprobs`"):
        many.client().chat.completions.create(model="m", messages=HELLO, logprobs=True, top_logprobs=2)


# -- many at once


def add_weights(engine: LocalEngine, store: Store, settings: Settings, scope: str, seed: int) -> None:
    """An adapter version of its own for a scope, with random weights."""
    import torch

    engine.load_adapter(None)
    state = engine.snapshot()
    random = torch.Generator().manual_seed(seed)
    moved = {name: t + 0.3 * torch.randn(t.shape, generator=random) for name, t in state.weights.items()}
    engine.restore(dataclasses.replace(state, weights=moved))
    engine.save_adapter(settings.home / "adapters" / f"v{seed}")
    engine.load_adapter(None)
    store.add_adapter(
        AdapterRecord(
            f"v{seed}", None, engine.model_id, engine.model_hash, f"adapters/v{seed}", "", "import", "candidate", {}, [],
            now(), scope=scope,
        )
    )  # fmt: skip
    store.promote(f"v{seed}", reasons=["for a test"])


def test_sessions_at_once_each_get_their_own_weights(tiny: LocalEngine, own: Settings) -> None:
    names = ["ann", "bob", "cleo"]  # cleo has no weights of her own
    with Store(own.store_path) as store:
        for seed, name in enumerate(names[:2]):
            add_weights(tiny, store, own, f"session:{name}", seed)
    ask: dict[str, Any] = dict(model="tiny", messages=HELLO, max_tokens=24)
    with serving(tiny, own) as server:

        def text(name: str) -> tuple[str | None, str | None]:
            answer = server.client(name).chat.completions.create(**ask)
            return answer.choices[0].message.content, answer.system_fingerprint

        alone = {name: text(name) for name in names}
        assert len({said for said, _ in alone.values()}) == 3
        assert [alone[name][1] for name in names] == ["v0", "v1", "base"]
        with ThreadPoolExecutor(6) as pool:
            together = list(pool.map(text, names * 8))
        assert together == [alone[name] for name in names * 8]
        named = server.client().chat.completions.create(**ask, user="bob")
        assert (named.choices[0].message.content, named.system_fingerprint) == alone["bob"]


def test_a_repositorys_path_names_the_scope_that_the_terminal_uses(
    tiny: LocalEngine, own: Settings, tmp_path: Path
) -> None:
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "project" / "src").mkdir()
    with Store(own.store_path) as store:
        add_weights(tiny, store, own, str(tmp_path / "project"), 7)
    with serving(tiny, own) as server:
        answer = server.client(str(tmp_path / "project" / "src")).chat.completions.create(
            model="tiny", messages=HELLO, max_tokens=4
        )
        assert answer.system_fingerprint == "v7"


def test_weights_that_are_gone_are_left_aside_not_an_error(tiny: LocalEngine, own: Settings) -> None:
    import shutil

    with Store(own.store_path) as store:
        add_weights(tiny, store, own, "session:ann", 1)
    shutil.rmtree(own.home / "adapters" / "v1")
    with serving(tiny, own) as server:
        answer = server.client("ann").chat.completions.create(model="tiny", messages=HELLO, max_tokens=4)
        assert answer.system_fingerprint == "base"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_frees_the_engine(own: Settings, stream: bool) -> None:
    engine = Slow([])
    with serving(engine, own) as server:
        assert server.line is not None
        client = server.client(timeout=0.5)
        with pytest.raises(openai.APITimeoutError) if not stream else open("/dev/null"):
            answer = client.chat.completions.create(model="scripted", messages=HELLO, stream=stream)
            if stream:
                next(iter(answer))
                answer.close()  # type: ignore[union-attr]
        until = time.monotonic() + 5
        while server.line.length and time.monotonic() < until:
            time.sleep(0.02)
        assert server.line.length == 0 and engine.cuts == 1


# -- feedback


def test_feedback_where_nothing_can_be_taught_is_kept_for_later(own: Settings) -> None:
    with serving(ScriptedEngine([reply(CALL), reply(CALL)], model_id="m"), own) as server:
        create = server.client("ann").chat.completions.create
        first = create(model="m", messages=HELLO, tools=TOOLS)
        answer = server.feedback(first, "deny", correction="use write")
        assert answer["session"] == "ann" and answer["lesson"]["outcome"] == "queued"
        second = create(model="m", messages=HELLO, tools=TOOLS)
        edited = server.feedback(second, "edit", call={"name": "write", "arguments": {"path": "a.rs", "content": "x"}})
        assert edited["lesson"]["outcome"] == "queued" and server.counts["corrections"] == 2
    with Store(own.store_path) as store:
        denied, edit = store.list_corrections()
        assert (denied.kind, denied.text, denied.scope) == ("deny", "use write", "session:ann")
        assert "edit_lines" in denied.wrong and edit.kind == "edit" and "<function=write>" in edit.right
        assert [r.correction for r in store.list_lessons(outcome="queued")] == ["use write", "use write"]


def test_feedback_that_makes_no_sense_is_refused_with_a_sentence(own: Settings) -> None:
    with serving(ScriptedEngine([reply(CALL), "Just words."], model_id="m"), own) as server:
        called = server.client("ann").chat.completions.create(model="m", messages=HELLO, tools=TOOLS)
        words = server.client("ann").chat.completions.create(model="m", messages=HELLO, tools=TOOLS)
        same = {"name": "edit_lines", "arguments": json.dumps({"path": "a.rs", "start": 2, "end": 3, "text": "x"})}
        cases: list[tuple[dict[str, Any], int, str]] = [
            ({"completion_id": "none", "action": "approve"}, 404, "No completion none"),
            ({"completion_id": called.id, "action": "praise"}, 400, "`action`"),
            ({"completion_id": called.id, "action": "deny", "correction": " \x1b[31m "}, 400, "needs words"),
            ({"completion_id": called.id, "action": "deny", "correction": "x" * 3000}, 400, "2000 characters"),
            ({"completion_id": called.id, "action": "approve", "correction": "no"}, 400, "goes with the action `deny`"),
            ({"completion_id": called.id, "action": "edit"}, 400, "needs `call`"),
            ({"completion_id": called.id, "action": "edit", "call": same}, 400, "approve it instead"),
            ({"completion_id": called.id, "action": "edit", "call": {"name": "rm"}}, 400, "not one of the tools"),
            ({"completion_id": words.id, "action": "deny", "correction": "use write"}, 400, "made no tool call"),
            ({"completion_id": called.id, "action": "approve", "user": "bob"}, 404, "in the session bob"),
            ({"completion_id": called.id, "action": "approve", "mood": "good"}, 400, "`mood`"),
        ]
        for body, status, said in cases:
            answer = server.post("/feedback", body)
            assert answer.status_code == status and said in answer.json()["error"]["message"], (body, answer.text)
        body = {"completion_id": called.id, "action": "approve"}
        answer = server.client("ann").post("/feedback", cast_to=object, body=body)  # as docs/serve.md says
        assert isinstance(answer, dict) and answer["lesson"] is None
        assert server.feedback(called, "deny")["correction"] is None
    with Store(own.store_path) as store:
        assert store.list_corrections() == [] and store.list_lessons() == []


def test_a_correction_is_kept_when_the_server_ends_before_its_turn(own: Settings) -> None:
    with serving(ScriptedEngine([reply(CALL)], model_id="m"), own) as server:
        assert server.line is not None
        called = server.client("ann").chat.completions.create(model="m", messages=HELLO, tools=TOOLS)
        go = threading.Event()
        server.line.put("other", Job(lambda cancel: cancel.wait(20) or go.set()))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(server.feedback, called, "deny", correction="use write")
            while server.line.length < 2:
                time.sleep(0.01)
            server.line.end()
            assert answer.result(10)["lesson"]["outcome"] == "queued"
    with Store(own.store_path) as store:
        (lesson,) = store.list_lessons()
        assert (lesson.outcome, lesson.reason) == ("queued", "the server is ending")


def test_a_lesson_waits_while_another_session_teaches_in_the_same_scope(tiny: LocalEngine, own: Settings) -> None:
    session = Sessions().get("ann")
    said = tiny.encode_reply(Message("assistant", "", (CALL,)))
    completion = Completion((1,), tuple(said), (), tiny.decode(said))
    given = Given("c1", "ann", (Message("user", "edit it"),), completion, CALL, (), None)
    feedback = Feedback("c1", "deny", "use write")
    with Store(own.store_path) as store:
        desk = Desk(tiny, store, own)
        kept = desk.keep(session, given, feedback)
        with alone(own.home, session.scope, "A session"):
            judged = desk.judge(session, given, feedback, kept, threading.Event())
        assert judged.taught is not None and judged.taught.outcome == "queued"
        (waits,) = store.list_lessons()
        assert (waits.outcome, waits.reason, waits.scope) == (
            "queued", "another session teaches here now", "session:ann",
        )  # fmt: skip
        assert kept is not None and waits.correction_id == kept.id and session.unlearnt is not None


# -- at the start


def test_settings_that_many_sessions_cannot_share_and_ports_in_use_are_refused(own: Settings) -> None:
    for wrong in ({"adapter": "none"}, {"teacher": "frozen"}):
        with pytest.raises(UserError):
            require_shareable(own.replace(**wrong))
    with bound("127.0.0.1", 0) as taken, pytest.raises(UserError, match="Cannot listen"):
        bound("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(UserError, match="Cannot listen"):
        bound("192.0.2.1", 0)
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")] == [True] * 3 + [
        False
    ] * 2
