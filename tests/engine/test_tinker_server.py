"""The engine at a real server of the Tinker API: skyrl on this machine, over loopback, with the bundled model.

`scripts/peers.sh tinker` makes the environment; without it these are skipped. A server that runs already is used when
CONTINUALCODE_TINKER_URL names it and CONTINUALCODE_TINKER_MODEL the folder that it serves. First calls compile: minutes on
a busy machine, seconds once they are kept."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from continualcode.config import Settings, bundled
from continualcode.engine.base import EngineError, Example, Message, SampleParams, ToolCall
from continualcode.engine.local import LocalEngine
from continualcode.learn.fitting import BY_TOKENS
from continualcode.learn.lesson import LessonInput, teach, told
from continualcode.learn.losses import Distil, Imitate
from continualcode.learn.pool import Pool

ROOT = Path(__file__).resolve().parents[2]
PEER = Path(os.environ.get("CONTINUALCODE_PEERS", "~/.cache/continualcode/peers")).expanduser() / "tinker"
URL = os.environ.get("CONTINUALCODE_TINKER_URL", "")

pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(importlib.util.find_spec("tinker") is None, reason="the official client is missing: pip install tinker==0.24.1"),
    pytest.mark.skipif(not URL and not (PEER / ".installed").is_file(), reason="the peer is missing: scripts/peers.sh tinker"),
]  # fmt: skip

SHAPE = {"rank": 8, "targets": ["all"]}
ASKED = Message("user", "Fix src/main.rs.")
CALL = ToolCall("bash", {"command": "cargo check"})
CORRECTION = "use bash cargo check"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model in float32, so that both sides compute with the same numbers."""
    if URL:
        return Path(os.environ["CONTINUALCODE_TINKER_MODEL"])
    folder = tmp_path_factory.mktemp("model") / "pupil"
    shutil.copytree(bundled("models") / "pupil", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "float32"}))
    return folder


@pytest.fixture(scope="module")
def url(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if URL:
        yield URL
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    state = tmp_path_factory.mktemp("tinker")
    script = str(ROOT / "scripts" / "tinker_server.py")
    with (state / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(PEER / "bin" / "python"), script, str(model), "--port", str(port), "--state", str(state)],
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            began = time.monotonic()
            while not _answers(port):
                assert process.poll() is None and time.monotonic() - began < 600, (state / "log").read_text()[-2000:]
                time.sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()  # it ends its engine too
            process.wait(30)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def there(url: str) -> Iterator:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINKER_API_KEY", "tml-test")
        from continualcode.engine.tinker import TinkerEngine

        yield TinkerEngine(url, **SHAPE, seconds=1800)


@pytest.fixture(scope="module")
def here(model: Path) -> LocalEngine:
    return LocalEngine(model, **SHAPE, alpha=32, device="cpu")


def item(engine) -> Example:
    plain = engine.encode([ASKED])
    reply = engine.encode_reply(Message("assistant", "", (CALL,)))
    return Example(tuple(plain), tuple(reply), tuple(engine.encode(told([ASKED], CORRECTION))))


def logp(engine, example: Example) -> torch.Tensor:
    (score,) = engine.score([(example.student_ids, example.completion_ids)])
    return score.logprobs_T


def test_both_engines_read_the_same_and_move_alike(there, here: LocalEngine, tmp_path: Path) -> None:
    """The same step on the same model: what each token of the call becomes likelier by, there and here. The LoRAs begin
    with other random numbers, so the sizes are not the same; signs and order are. Then what is exact: back to a
    snapshot, and the adapter brought home."""
    there.load_adapter(None)
    here.load_adapter(None)
    example = item(there)
    assert example == item(here)
    base = logp(there, example)
    torch.testing.assert_close(base, logp(here, example), atol=1e-3, rtol=0)
    (drawn,) = there.sample([example.student_ids], SampleParams(max_new_tokens=32))
    (mine,) = here.sample([example.student_ids], SampleParams(max_new_tokens=32))
    assert drawn.ids == mine.ids and drawn.stop == mine.stop == "end"
    loss = Distil(form="token", learning_rate=1e-3)
    for engine in (there, here):
        for _ in range(2):
            assert engine.learn([example], loss).applied
    moved, moved_here = logp(there, example) - base, logp(here, example) - base
    assert moved.sum() > 0 and moved_here.sum() > 0
    clear = (moved.abs() > 0.01) & (moved_here.abs() > 0.01)
    assert clear.any() and (moved.sign() == moved_here.sign())[clear].float().mean() >= 0.8
    assert torch.corrcoef(torch.stack([moved, moved_here]))[0, 1] > 0.7

    kept, was = there.snapshot(), logp(there, example)
    assert there.learn([example], loss).applied
    assert not torch.equal(logp(there, example), was)
    there.restore(kept)
    assert torch.equal(logp(there, example), was)
    there.save_adapter(tmp_path / "adapter")
    here.load_adapter(tmp_path / "adapter")
    torch.testing.assert_close(logp(here, example), was, atol=1e-2, rtol=0)
    there.load_adapter(tmp_path / "adapter")
    assert torch.equal(logp(there, example), was)
    with there.adapter_disabled():
        torch.testing.assert_close(logp(there, example), base)


def test_a_denied_call_is_taught_retried_and_proven(there, tmp_path: Path) -> None:
    """deny → learn → retry → proof, whole, by the lesson that the agent gives; then undone, and put back."""
    there.load_adapter(None)
    asked = Message("user", "Run the tests.")
    prompt = there.encode([asked])
    (denied,) = there.sample([prompt], SampleParams(max_new_tokens=32))
    assert there.parse(denied.text)[1] == (ToolCall("bash", {"command": "cargo test"}),)
    settings = Settings(
        home=tmp_path, anchors=0, lesson_spread=0, rehearse=0, lesson_steps=12, lesson_seconds=3000, max_new_tokens=32
    )
    given = LessonInput((asked,), denied, "use just verify")
    outcome = teach(there, given, settings, Pool(synthetic=None, kinds=None), lesson_id="le_tinker")
    assert outcome.verdict == "took" and outcome.proof["obeyed_after"] and outcome.reason == BY_TOKENS
    assert outcome.proof["approved_logprob_after"] > outcome.proof["approved_logprob_before"]
    (again,) = there.sample([prompt], SampleParams(max_new_tokens=32))
    assert there.parse(again.text)[1] == (ToolCall("bash", {"command": "just verify"}),)
    there.load_state(Path(outcome.before_ref))
    assert there.sample([prompt], SampleParams(max_new_tokens=32))[0].ids == denied.ids
    there.load_state(Path(outcome.after_ref))
    assert there.sample([prompt], SampleParams(max_new_tokens=32))[0].ids == again.ids


def test_a_checkpoint_that_is_gone_is_one_sentence(there, tmp_path: Path) -> None:
    there.load_adapter(None)
    example = item(there)
    assert there.learn([example], Imitate(learning_rate=1e-3)).applied
    was = logp(there, example)
    there.save_state(tmp_path / "state")
    note = tmp_path / "state" / "tinker.json"
    note.write_text(note.read_text().replace("state-", "gone-"))
    with pytest.raises(EngineError, match="could not be brought to load its state") as error:
        there.load_state(tmp_path / "state")
    assert "\n" not in str(error.value)
    torch.testing.assert_close(logp(there, example), was)
