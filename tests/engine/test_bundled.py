"""The bundled model under the local engine: its template, its calls, its agreement with itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from continualcode.agent.prompts import repair_request
from continualcode.engine.base import Message, SampleParams, ToolCall
from continualcode.engine.local import LocalEngine
from continualcode.engine.qwen3 import fits


@pytest.fixture(scope="module")
def pupil(bundled_model: Path) -> LocalEngine:
    return LocalEngine(bundled_model, device="cpu", profile="compact")


def test_calls_go_there_and_back(pupil: LocalEngine) -> None:
    call = ToolCall("edit_lines", {"path": "src/a.rs", "start": 2, "end": 3, "text": "    let x = 1;\n"})
    ids = pupil.encode_reply(Message("assistant", "", (call,)))
    _, (found,), error = pupil.parse(pupil.decode(ids[:-1]))
    assert error is None and found.name == call.name
    assert found.arguments == {key: str(value) for key, value in call.arguments.items()}
    assert pupil.decode(ids[-1:]) == "<|im_end|>"


def test_what_it_samples_it_scores_alike(pupil: LocalEngine) -> None:
    assert fits(pupil.causal)
    prompt = pupil.encode([Message("user", repair_request("main.rs", "fn main() {\n    let x: i32 = 2\n}", "error"))])
    drawn = pupil.sample([prompt, prompt[:9]], SampleParams(max_new_tokens=24, temperature=0.8, seed=1))
    for completion, score in zip(drawn, pupil.score([(c.prompt_ids, c.ids) for c in drawn]), strict=True):
        torch.testing.assert_close(torch.tensor(completion.logprobs), score.logprobs_T, atol=1e-4, rtol=0)
