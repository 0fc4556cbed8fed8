"""The lean decoder against transformers: logits with padding, with and without an adapter, rows dropped."""

from __future__ import annotations

import pytest
import torch

from continualcode.engine.base import Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.engine.qwen3 import Qwen3Decoder, fits
from continualcode.engine.sampling import TransformersDecoder


@pytest.mark.parametrize("state", ["fresh", "trained", "disabled"])
def test_logits_are_those_of_transformers(engine: LocalEngine, state: str) -> None:
    if state != "fresh":
        with torch.no_grad():
            for p in engine._adapter.parameters.values():
                p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(2)) * 0.1)
    assert fits(engine.causal)
    prompts = [engine.encode([Message("user", text)]) for text in ("a", "a longer one", "mid")]
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    after = torch.tensor([[5, 6, 7], [8, 9, 10], [11, 12, 13]])

    def run(decoder: Qwen3Decoder | TransformersDecoder) -> list[torch.Tensor]:
        out = [decoder.prefill(ids, mask, 8), decoder.step(after[0])]
        decoder.keep(torch.tensor([0, 2]))
        return [*out, decoder.step(after[1][:2]), decoder.step(after[2][:2])]

    with torch.inference_mode():
        if state == "disabled":
            with engine.adapter_disabled():
                pairs = zip(run(Qwen3Decoder(engine.causal)), run(TransformersDecoder(engine.causal)), strict=True)
        else:
            pairs = zip(run(Qwen3Decoder(engine.causal)), run(TransformersDecoder(engine.causal)), strict=True)
    for lean, general in pairs:
        torch.testing.assert_close(lean, general, atol=2e-5, rtol=1e-4)


def test_training_is_seen_at_once(engine: LocalEngine) -> None:
    prompt = engine.encode([Message("user", "x")])
    (first,) = engine.sample([prompt], SampleParams(max_new_tokens=4))
    with torch.no_grad():
        for p in engine._adapter.parameters.values():
            p.add_(0.3)
    (second,) = engine.sample([prompt], SampleParams(max_new_tokens=4))
    assert first.logprobs != second.logprobs
    with engine.adapter_disabled():
        (third,) = engine.sample([prompt], SampleParams(max_new_tokens=4))
    assert third == first
