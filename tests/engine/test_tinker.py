"""The engine at a Tinker service, without one: what it asks for and when, and what a user reads when a call fails.

`tinker_stand_in` takes the service's place behind the official client's own objects; a real server of the API is in
`test_tinker_server.py`."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch

from continualcode.config import Settings
from continualcode.engine import load_engine
from continualcode.engine.base import EngineError, Example, Message, SampleParams, ToolCall
from continualcode.engine.waiting import Stopped, heeding, wait
from continualcode.learn.fitting import BY_TOKENS, fitted
from continualcode.learn.losses import Distil, Imitate

tinker = pytest.importorskip("tinker", reason="the official client is not installed: pip install tinker==0.24.1")

from continualcode.engine.tinker import TinkerEngine  # noqa: E402

sys.path.append(str(Path(__file__).parent))
import conformance  # noqa: E402  # pyright: ignore[reportMissingImports]
from tinker_stand_in import StandIn  # noqa: E402  # pyright: ignore[reportMissingImports]

TOKEN = Distil(form="token", learning_rate=0.1)


@contextmanager
def health(status: int = 200, body: bytes = b'{"status":"ok"}', kind: str = "application/json", hang: bool = False) -> Iterator[str]:  # fmt: skip
    """A loopback server whose health page answers so; every other page never answers."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if hang or not self.path.endswith("/healthz"):
                over.wait()
                return
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            over.wait()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def well() -> Iterator[str]:
    with health() as url:
        yield url


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINKER_API_KEY", "tml-test")
    monkeypatch.delenv("TINKER_BASE_URL", raising=False)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    found = StandIn(300)
    monkeypatch.setattr(tinker, "ServiceClient", lambda **options: found)
    return found


@pytest.fixture
def engine(service: StandIn, well: str, tiny_model: Path) -> TinkerEngine:
    return TinkerEngine(well, tokenizer=str(tiny_model), rank=4, seconds=20)


def lesson(engine: TinkerEngine) -> Example:
    """Imitation: the stand-in sees one token back, so that a correction in the prompt changes nothing there."""
    return replace(conformance.lesson(engine), teacher_ids=None)


def logp(engine: TinkerEngine) -> torch.Tensor:
    return conformance.logprobs(engine, lesson(engine))


# -- what the engine does


SEES_ONE = "the stand-in sees one token back, so its teacher, who read more, says the same"
CANDIDATE = conformance.Candidate(
    "tinker",
    lambda folder: None,
    lacks={
        "conversations_are_read_back": "the toy's template shows no tools",
        "thoughts_are_not_kept": "the toy's template keeps what is written",
        "a_step_changes_only_the_adapter": SEES_ONE,
        "sessions_do_not_see_each_other": SEES_ONE,
        "adapters_travel_as_folders": "the stand-in hands out no archive; the real server does",
        "steps_teach": "a table's row is reached by its own token alone, so eight small steps are too few",
        "cancelling_stops_and_keeps_what_was_drawn": "a reply comes whole, so what was under way is not told",
    },
)


@pytest.mark.parametrize(("candidate", "check"), conformance.cases([CANDIDATE]))
def test_conformance(candidate: Any, check: Callable[..., None], engine: TinkerEngine, tmp_path: Path) -> None:
    check(engine, candidate, tmp_path)


def test_a_step_reaches_the_adapter_and_the_base_is_there_all_the_time(engine: TinkerEngine) -> None:
    base = logp(engine)
    report = engine.learn([lesson(engine)], TOKEN)
    assert report.applied and report.grad_norm > 0 and report.tokens == len(lesson(engine).completion_ids)
    taught = logp(engine)
    with engine.adapter_disabled():
        assert torch.equal(logp(engine), base)
    assert taught.mean() > base.mean() + 0.05
    (drawn,) = engine.sample([engine.encode([Message("user", "x")])], SampleParams(max_new_tokens=12, temperature=0.8))
    (score,) = engine.score([(drawn.prompt_ids, drawn.ids)])
    torch.testing.assert_close(torch.tensor(drawn.logprobs), score.logprobs_T)


def test_frozen_and_reference_answer_as_they_were_while_the_weights_move_on(engine: TinkerEngine) -> None:
    engine.learn([lesson(engine)], TOKEN)
    first = logp(engine)
    engine.mark_reference()
    for _ in range(2):
        engine.learn([lesson(engine)], TOKEN)
        with engine.as_teacher("frozen"):
            assert torch.equal(logp(engine), first)
    assert not torch.equal(logp(engine), first)


def test_nothing_is_asked_of_the_training_side_before_the_first_step_nor_to_go_back(
    engine: TinkerEngine, service: StandIn
) -> None:
    logp(engine)
    engine.mark_reference()
    before = engine.snapshot()
    assert not service.calls.keys() & {"create", "save_state", "save_weights"}
    engine.learn([lesson(engine)], TOKEN)
    made = dict(service.calls)
    engine.restore(before)
    assert service.calls == made and service.calls["create"] == 1


def test_the_likeliest_tokens_are_told_where_the_service_tells_them(engine: TinkerEngine, service: StandIn) -> None:
    item = lesson(engine)
    (score,) = engine.score([(item.student_ids, item.completion_ids)], top_k=3)
    assert score.topk_ids_TK is not None and score.topk_ids_TK.shape == (len(item.completion_ids), 3)
    torch.testing.assert_close(score.logprobs_T, logp(engine))
    service.top_k = False
    assert engine.score([(item.student_ids, item.completion_ids)], top_k=3)[0].topk_ids_TK is None
    with pytest.raises(EngineError, match="no whole distributions"):
        engine.score([(item.student_ids, item.completion_ids)], top_k=-1)


@pytest.mark.parametrize("where", ["forward_backward", "optim_step", "save_weights"])
def test_a_step_that_breaks_off_leaves_no_trace_once_the_lesson_went_back(
    where: str, engine: TinkerEngine, service: StandIn
) -> None:
    engine.learn([lesson(engine)], TOKEN)
    before, was = engine.snapshot(), logp(engine)
    service.failing[where] = RuntimeError("the worker is gone")
    with pytest.raises(EngineError, match="the worker is gone") as error:
        engine.learn([lesson(engine)], TOKEN)
        logp(engine)
    assert "\n" not in str(error.value)
    service.failing.clear()
    engine.restore(before)
    assert torch.equal(logp(engine), was)
    engine.learn([lesson(engine)], TOKEN)
    once = logp(engine)
    engine.restore(before)
    engine.learn([lesson(engine)], TOKEN)
    assert torch.equal(logp(engine), once), "no gradient of the broken step was left behind"


def test_a_step_in_doubt_is_not_built_upon(engine: TinkerEngine, service: StandIn) -> None:
    engine.learn([lesson(engine)], TOKEN)
    logp(engine)
    service.failing["optim_step"] = RuntimeError("gone")
    with pytest.raises(EngineError):
        engine.learn([lesson(engine)], TOKEN)
    service.failing.clear()
    with pytest.raises(EngineError, match="in doubt"):
        engine.learn([lesson(engine)], TOKEN)


def test_a_gradient_that_is_not_finite_there_is_not_kept(engine: TinkerEngine, service: StandIn) -> None:
    engine.learn([lesson(engine)], TOKEN)
    engine.snapshot()
    was = logp(engine)
    service.finite = False
    assert not engine.learn([lesson(engine)], TOKEN).applied
    assert torch.equal(logp(engine), was)


def test_a_state_is_gone_on_from_in_another_session(
    engine: TinkerEngine, service: StandIn, well: str, tiny_model: Path, tmp_path: Path
) -> None:
    engine.save_state(tmp_path / "before")
    engine.learn([lesson(engine)], TOKEN)
    engine.save_state(tmp_path / "after")
    was = logp(engine)
    engine.learn([lesson(engine)], TOKEN)
    went_on = logp(engine)
    other = TinkerEngine(well, tokenizer=str(tiny_model), rank=4)
    other.load_state(tmp_path / "after")
    assert torch.equal(logp(other), was) and (tmp_path / "after" / "adapter_config.json").is_file()
    other.learn([lesson(other)], TOKEN)
    assert torch.equal(logp(other), went_on), "the optimiser came along"
    other.load_state(tmp_path / "before")
    with other.adapter_disabled():
        base = logp(other)
    assert torch.equal(logp(other), base)
    with pytest.raises(EngineError, match="not of toy at"):
        (tmp_path / "after" / "tinker.json").write_text(
            (tmp_path / "after" / "tinker.json").read_text().replace("toy", "big")
        )
        other.load_state(tmp_path / "after")


def test_an_adapter_made_elsewhere_and_single_modules_are_refused(engine: TinkerEngine, tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(EngineError, match="takes no weights from outside"):
        engine.load_adapter(tmp_path)
    with pytest.raises(EngineError, match="single modules it does not"):
        engine.fresh_adapter(rank=4, alpha=8, targets=["q_proj"], seed=0)


def test_a_lesson_without_whole_distributions_is_learnt_by_tokens_and_says_so(engine: TinkerEngine) -> None:
    settings, said = fitted(Settings(), engine.capabilities)
    assert settings.loss == "token" and said == BY_TOKENS
    assert fitted(Settings(preset="classic"), engine.capabilities)[0].loss == "classic"
    with pytest.raises(EngineError, match="no teacher `ema`"):
        engine.learn([lesson(engine)], Distil(form="token", teacher="ema"))


# -- what goes wrong


def test_a_server_that_is_down_is_said_within_seconds() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(EngineError, match="Nobody answers at .* is the Tinker server running"):
        TinkerEngine(url)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"hang": True}, "does not answer within"),
        ({"body": b"<html>nginx</html>", "kind": "text/html"}, "is not a Tinker server"),
        ({"status": 404}, "is not a Tinker server"),
        ({"status": 401}, "refuses the key .* TINKER_API_KEY"),
        ({"status": 503}, "answers 503"),
    ],
    ids=["hangs", "web page", "other server", "key", "not well"],
)
def test_a_server_that_is_none_is_said_when_the_session_begins(page: dict[str, Any], said: str) -> None:
    with health(**page) as url, pytest.raises(EngineError, match=said) as error:
        TinkerEngine(url)
    assert "\n" not in str(error.value)


def test_a_real_client_whose_server_hangs_is_given_up_and_stopped(well: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official client, unpatched, at a server whose health page alone answers."""
    with pytest.raises(EngineError, match=r"took longer than 1 s .* request_seconds"):
        TinkerEngine(well, seconds=1)


def test_a_lesson_that_hangs_is_stopped_by_the_user_and_the_weights_are_as_before(
    engine: TinkerEngine, service: StandIn
) -> None:
    from continualcode.agent import worker

    engine.learn([lesson(engine)], TOKEN)
    before, was = engine.snapshot(), logp(engine)
    service.hanging.add("forward_backward")
    cancel, clock = threading.Event(), []

    def work() -> None:
        with heeding(engine, cancel.is_set):
            try:
                engine.learn([lesson(engine)], TOKEN)
            finally:
                engine.restore(before)

    def tick(seconds: float) -> None:
        clock.append(seconds)
        if seconds > 0.5:
            cancel.set()

    with pytest.raises(Stopped, match="stopped by you"):
        worker.run(work, cancel, tick)
    assert len(clock) > 2 and clock[-1] < 10
    service.hanging.clear()
    assert torch.equal(logp(engine), was)


def test_a_reply_that_hangs_is_cancelled(engine: TinkerEngine, service: StandIn) -> None:
    service.hanging.add("sample")
    stop = time.monotonic() + 0.3
    (reply,) = engine.sample([[5, 6]], SampleParams(), cancelled=lambda: time.monotonic() > stop)
    assert reply.stop == "cancelled" and reply.ids == ()


def test_a_server_that_dies_in_a_long_call_is_noticed() -> None:
    def dead() -> None:
        raise EngineError("Nobody answers.")

    with pytest.raises(EngineError, match="Nobody answers"):
        wait(threading.Event().wait, cancelled=lambda: False, seconds=60, late="late", alive=dead, every=0.1)


def test_keys_models_and_addresses_are_said(
    engine: TinkerEngine, well: str, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EngineError, match="has no model big; it has: toy"):
        TinkerEngine(well, "big")
    with pytest.raises(EngineError, match="tokenizer of .*nowhere cannot be had.*tokenizer=…"):
        TinkerEngine(well, tokenizer=str(tiny_model / "nowhere"))
    with pytest.raises(EngineError, match="must begin with http"):
        TinkerEngine("localhost:8000")
    monkeypatch.setenv("TINKER_API_KEY", "sk-other")
    with pytest.raises(EngineError, match="begin with `tml-`"):
        TinkerEngine(well)
    monkeypatch.delenv("TINKER_API_KEY")
    with pytest.raises(EngineError, match="Put your key into TINKER_API_KEY"):
        TinkerEngine()


def test_settings_name_the_service(service: StandIn, well: str, tiny_model: Path, tmp_path: Path) -> None:
    made = load_engine(Settings(home=tmp_path, engine="tinker", base_url=well, tokenizer=str(tiny_model)))
    assert made.model_id == "toy" and made.capabilities.trains and not made.capabilities.full_distributions
    assert made.model_hash == f"{well} toy" and made.context_length == 1024 and made.profile == "full"
    written = made.encode_reply(Message("assistant", "", (ToolCall("read", {"path": "a.rs"}),)))
    assert made.parse(made.decode(written[:-1]))[1] == (ToolCall("read", {"path": "a.rs"}),)
    assert made.learn([Example((5,), (6, 7))], Imitate()).applied
