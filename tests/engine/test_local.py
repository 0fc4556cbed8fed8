"""The local engine: sampling, scoring and their agreement; text and ids."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from continualcode.config import Settings
from continualcode.engine.base import EngineError, Message, SampleParams, ToolCall
from continualcode.engine.local import LocalEngine

PROMPTS = ["one", "a longer request, of more words", "x"]


def encoded(engine: LocalEngine) -> list[list[int]]:
    return [engine.encode([Message("user", p)]) for p in PROMPTS]


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_sampled_logprobs_are_scored_logprobs(engine: LocalEngine, temperature: float) -> None:
    drawn = engine.sample(encoded(engine), SampleParams(max_new_tokens=20, temperature=temperature, top_p=0.9, seed=3))
    scores = engine.score([(c.prompt_ids, c.ids) for c in drawn])
    for completion, score in zip(drawn, scores, strict=True):
        torch.testing.assert_close(torch.tensor(completion.logprobs), score.logprobs_T, atol=1e-4, rtol=0)


def test_scores_are_those_of_the_whole_model(engine: LocalEngine) -> None:
    prompt, reply = encoded(engine)[1], engine.encode_reply(Message("assistant", "reply"))
    whole = engine.causal(torch.tensor([prompt + reply])).logits[0].log_softmax(-1)[len(prompt) - 1 : -1]
    (score,) = engine.score([(prompt, reply)], top_k=-1)
    assert score.full_logprobs_TV is not None
    torch.testing.assert_close(score.full_logprobs_TV, whole, atol=1e-5, rtol=1e-5)
    (top,) = engine.score([(prompt, reply)], top_k=5)
    assert top.topk_ids_TK is not None and torch.equal(top.topk_ids_TK, whole.topk(5).indices)


def test_a_draw_depends_on_its_seed_only(engine: LocalEngine) -> None:
    prompts = encoded(engine)
    warm = SampleParams(max_new_tokens=24, temperature=1.0, seed=5)
    together = engine.sample(prompts, [warm] * 3)
    alone = [engine.sample([p], [warm])[0] for p in prompts]
    backwards = engine.sample(prompts[::-1], [warm] * 3)[::-1]
    assert [c.ids for c in together] == [c.ids for c in alone] == [c.ids for c in backwards]
    same = engine.sample([prompts[0]] * 4, warm)
    assert len({c.ids for c in same}) > 1
    assert [c.ids for c in same] == [c.ids for c in engine.sample([prompts[0]] * 4, warm)]


def test_greedy_is_argmax(engine: LocalEngine) -> None:
    prompt = encoded(engine)[0]
    (greedy,) = engine.sample([prompt], SampleParams(max_new_tokens=8))
    ids = list(prompt)
    for token in greedy.ids:
        assert int(engine.causal(torch.tensor([ids])).logits[0, -1].argmax()) == token
        ids.append(token)


def test_samples_follow_the_distribution(engine: LocalEngine) -> None:
    prompt = encoded(engine)[0]
    (score,) = engine.score([(prompt, [0])], top_k=-1)
    assert score.full_logprobs_TV is not None
    expected = score.full_logprobs_TV[0].exp()
    drawn = engine.sample([prompt] * 600, SampleParams(max_new_tokens=1, temperature=1.0, seed=1))
    counts = torch.bincount(torch.tensor([c.ids[0] for c in drawn]), minlength=len(expected)) / 600
    assert float((counts - expected).abs().max()) < 0.08
    nucleus = engine.sample([prompt] * 200, SampleParams(max_new_tokens=1, temperature=1.0, top_p=0.5, seed=1))
    order = expected.sort(descending=True)
    kept = set(order.indices[: int((order.values.cumsum(0) < 0.5).sum()) + 1].tolist())
    assert {c.ids[0] for c in nucleus} <= kept


def test_streaming_joins_to_the_text_and_cancelling_stops(engine: LocalEngine) -> None:
    parts: dict[int, str] = {}

    def on_text(i: int, piece: str) -> None:
        parts[i] = parts.get(i, "") + piece

    params = SampleParams(max_new_tokens=30, temperature=1.0, seed=2)
    whole = engine.sample(encoded(engine), params, on_text=on_text)
    for i, completion in enumerate(whole):
        assert completion.text.startswith(parts.get(i, "")) and len(completion.text) - len(parts.get(i, "")) <= 4
    looks = iter([False, False, False])
    (cut,) = engine.sample([encoded(engine)[0]], params, cancelled=lambda: next(looks, True))
    assert cut.stop == "cancelled" and len(cut.ids) == 3


def test_a_reply_has_the_ids_the_conversation_gives_it(engine: LocalEngine) -> None:
    ask = Message("user", "fix it")
    reply = Message("assistant", "", (ToolCall("bash", {"command": "ls -l | head\n"}),))
    whole = engine.encode([ask, reply], generation_prompt=False)
    prompt, ids = engine.encode([ask]), engine.encode_reply(reply)
    assert whole[: len(prompt) + len(ids)] == prompt + ids
    assert ids[-1] == engine.tokenizer.eos_token_id
    assert engine.parse(engine.decode(ids[:-1])) == ("", reply.tool_calls, None)


def test_too_long_a_prompt_is_one_sentence(engine: LocalEngine) -> None:
    with pytest.raises(EngineError, match="start a new session"):
        engine.sample([[1] * 600], SampleParams())
    (full,) = engine.sample([[1] * 510], SampleParams(max_new_tokens=50))
    assert len(full.ids) <= 2


def test_a_small_model_takes_one_thread_unless_told(tiny_model: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, model_name=str(tiny_model), device="cpu", lora_rank=4)
    try:
        for threads, used in ((3, 3), (0, 1)):
            LocalEngine.from_settings(settings.replace(threads=threads))
            assert torch.get_num_threads() == used
    finally:
        torch.set_num_threads(1)
