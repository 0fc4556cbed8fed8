"""The decoding step in machine code against torch's: logits, caches, adapters, and what a reply's tokens are worth."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from continualcode.engine import qwen3, qwen3_kernel
from continualcode.engine.base import Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.rust.toolchain import find


@pytest.fixture(autouse=True)
def _compiled() -> Iterator[None]:
    find()  # every machine that checks koans can compile it
    assert qwen3_kernel.library() is not None
    yield


def move(engine: LocalEngine, scale: float) -> None:
    with torch.no_grad():
        for p in engine._adapter.parameters.values():
            p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(2)) * scale)


@pytest.mark.parametrize("narrow", [True, False])
@pytest.mark.parametrize("state", ["fresh", "trained", "disabled"])
def test_steps_are_those_of_torch(engine: LocalEngine, state: str, narrow: bool) -> None:
    kept = [p.clone() for p in engine.causal.parameters()]
    try:
        if narrow:  # weights as a bfloat16 checkpoint has them
            with torch.no_grad():
                for p in engine.causal.parameters():
                    p.copy_(p.bfloat16().float())
        if state != "fresh":
            move(engine, 0.1)
        ids = torch.tensor([engine.encode([Message("user", "a longer one")])])
        with torch.inference_mode():
            if state == "disabled":
                with engine.adapter_disabled():
                    fast, slow = qwen3.Qwen3Decoder(engine.causal), qwen3.Qwen3Decoder(engine.causal)
            else:
                fast, slow = qwen3.Qwen3Decoder(engine.causal), qwen3.Qwen3Decoder(engine.causal)
            assert fast.kernel is not None and bool(fast.kernel._model.narrow) == narrow
            slow.kernel = None
            fast.prefill(ids, torch.ones_like(ids), 8)
            slow.prefill(ids, torch.ones_like(ids), 8)
            for token in (5, 77, 130, 9):
                after = torch.tensor([token])
                torch.testing.assert_close(fast.step(after), slow.step(after), atol=3e-5, rtol=1e-4)
            used = slow.length
            torch.testing.assert_close(fast.keys[..., :used, :], slow.keys[..., :used, :], atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(fast.values[..., :used, :], slow.values[..., :used, :], atol=1e-5, rtol=1e-4)
    finally:
        with torch.no_grad():
            for p, value in zip(engine.causal.parameters(), kept, strict=True):
                p.copy_(value)


def test_sampled_logprobs_are_the_scored_ones(engine: LocalEngine) -> None:
    move(engine, 0.1)
    prompt = engine.encode([Message("user", "which way?")])
    (drawn,) = engine.sample([prompt], SampleParams(max_new_tokens=24, temperature=1.0, seed=4))
    (scores,) = engine.score([(prompt, drawn.ids)])
    torch.testing.assert_close(torch.tensor(drawn.logprobs), scores.logprobs_T, atol=5e-5, rtol=1e-4)


def test_a_reply_does_not_depend_on_its_neighbours(engine: LocalEngine) -> None:
    prompts = [engine.encode([Message("user", text)]) for text in ("one", "another, longer")]
    each = [SampleParams(max_new_tokens=16, temperature=0.7, seed=s) for s in (1, 2)]
    together = engine.sample(prompts, each)
    alone = [engine.sample([p], [params])[0] for p, params in zip(prompts, each, strict=True)]
    assert [c.ids for c in together] == [c.ids for c in alone]


def test_weights_that_come_back_under_the_same_name_are_seen(engine: LocalEngine) -> None:
    prompt = engine.encode([Message("user", "x")])
    params = SampleParams(max_new_tokens=4)
    other = {name: torch.randn(p.shape) * 0.2 for name, p in engine._adapter.parameters.items()}
    with engine._adapter.holding(other):
        (first,) = engine.sample([prompt], params)
    for tensor in other.values():
        tensor.mul_(-1.5)
    with engine._adapter.holding(other):
        (second,) = engine.sample([prompt], params)
    assert first.logprobs != second.logprobs


def test_without_a_compiler_torch_decodes(engine: LocalEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = engine.encode([Message("user", "x")])
    (fast,) = engine.sample([prompt], SampleParams(max_new_tokens=12))
    monkeypatch.setattr(qwen3_kernel, "library", lambda: None)
    (slow,) = engine.sample([prompt], SampleParams(max_new_tokens=12))
    assert fast.ids == slow.ids
    torch.testing.assert_close(torch.tensor(fast.logprobs), torch.tensor(slow.logprobs), atol=5e-5, rtol=1e-4)
