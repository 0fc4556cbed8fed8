"""Steps, teachers, snapshots and adapters of the local engine."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from continualcode.engine.base import EngineError, Example, Message
from continualcode.engine.local import LocalEngine
from continualcode.learn.losses import Distil, Imitate, Prefer, Reinforce

LOSS = Distil(learning_rate=5e-3)


def example(engine: LocalEngine, **changes: object) -> Example:
    plain, told = (engine.encode([Message("user", text)]) for text in ("do it", "do it\n\nCorrection: use xyz"))
    reply = engine.encode_reply(Message("assistant", "xyz now"))
    return replace(Example(tuple(plain), tuple(reply), tuple(told)), **changes)


def imitation(engine: LocalEngine) -> Example:
    return example(engine, teacher_ids=None)


def rows(engine: LocalEngine, item: Example, teacher: bool = False) -> torch.Tensor:
    prompt = item.teacher_ids if teacher else item.student_ids
    (score,) = engine.score([(prompt or (), item.completion_ids)], top_k=-1)
    assert score.full_logprobs_TV is not None
    return score.full_logprobs_TV


def test_a_fresh_adapter_changes_nothing(engine: LocalEngine) -> None:
    item = example(engine)
    with engine.adapter_disabled():
        base = rows(engine, item)
    assert torch.equal(rows(engine, item), base)


@pytest.mark.parametrize("teacher", ["base", "live", "frozen", "ema", "trust_region"])
@pytest.mark.parametrize("form", ["distribution", "top_k", "token"])
def test_steps_bring_the_student_to_its_teacher(engine: LocalEngine, teacher: str, form: str) -> None:
    item = example(engine)
    before = (
        (rows(engine, item, teacher=True).exp() * (rows(engine, item, teacher=True) - rows(engine, item)))
        .sum(-1)
        .mean()
    )
    loss = replace(LOSS, teacher=teacher, form=form, alpha=0.5, teacher_rate=0.1)
    target = rows(engine, item, teacher=True)
    for _ in range(12 if form != "token" else 3):
        report = engine.learn([item], loss)
        assert report.applied and report.grad_norm > 0 and report.tokens == len(item.completion_ids)
    if form != "token" and teacher in ("base", "frozen"):
        after = (target.exp() * (target - rows(engine, item))).sum(-1).mean()
        assert after < 0.5 * before


def test_imitation_raises_the_given_tokens_and_leaves_the_base_alone(engine: LocalEngine) -> None:
    item = imitation(engine)
    base = {n: p.clone() for n, p in engine.causal.named_parameters() if "lora_" not in n}
    first = rows(engine, item).gather(1, torch.tensor(item.completion_ids)[:, None]).mean()
    for _ in range(8):
        engine.learn([item], Imitate(learning_rate=1e-2))
    assert rows(engine, item).gather(1, torch.tensor(item.completion_ids)[:, None]).mean() > first + 1
    assert all(torch.equal(p, base[n]) for n, p in engine.causal.named_parameters() if "lora_" not in n)


def test_anchors_hold_other_prompts(engine: LocalEngine) -> None:
    item = imitation(engine)
    held = Example(
        tuple(engine.encode([Message("user", "something else")])), item.completion_ids, anchor=True, weight=4.0
    )
    drift = []
    for with_anchor in (False, True):
        engine.load_adapter(None)
        engine.mark_reference()
        before = rows(engine, held)
        for _ in range(8):
            engine.learn([item, held] if with_anchor else [item], Imitate(learning_rate=1e-2))
        drift.append(float((before.exp() * (before - rows(engine, held))).sum(-1).mean()))
    assert drift[1] < 0.5 * drift[0]


def test_a_pair_brings_the_preferred_and_takes_the_other_exactly_as_its_gradient_says(engine: LocalEngine) -> None:
    other = tuple(engine.encode_reply(Message("assistant", "abc then")))
    item = replace(imitation(engine), rejected_ids=other)
    loss = Prefer(learning_rate=5e-3, beta=0.1, grad_clip=1e9)

    def sums() -> list[float]:
        return [
            float(s.logprobs_T.sum())
            for s in engine.score([(item.student_ids, i) for i in (item.completion_ids, other)])
        ]

    before = sums()
    report = engine.learn([item], loss)
    assert report.loss == pytest.approx(0.6931, abs=1e-4)  # log 2: nothing has moved yet
    for _ in range(8):
        report = engine.learn([item], loss)
    after = sums()
    margin = (after[0] - before[0]) - (after[1] - before[1])
    assert margin > 1 and report.loss < 0.69 and report.extra["pair"] == pytest.approx(report.loss)
    assert engine.learn([item], loss).loss == pytest.approx(math.log1p(math.exp(-0.1 * margin)), rel=1e-3)


def test_rewards_raise_what_was_good_and_lower_what_was_not(engine: LocalEngine) -> None:
    good = replace(imitation(engine), advantage=0.5)
    bad = replace(good, completion_ids=tuple(engine.encode_reply(Message("assistant", "abc then"))), advantage=-0.5)
    pairs = [(e.student_ids, e.completion_ids) for e in (good, bad)]
    before = [float(s.logprobs_T.sum()) for s in engine.score(pairs)]
    for _ in range(4):
        assert engine.learn([good, bad], Reinforce(learning_rate=5e-3)).applied
    after = [float(s.logprobs_T.sum()) for s in engine.score(pairs)]
    assert after[0] > before[0] and after[1] < before[1]


def test_the_price_of_leaving_the_reference_holds_the_student_back(engine: LocalEngine) -> None:
    item = imitation(engine)
    moved = []
    for weight in (0.0, 5.0):
        engine.load_adapter(None)
        engine.mark_reference()
        before = rows(engine, item)
        for _ in range(8):
            engine.learn([item], Imitate(learning_rate=1e-2, reference_weight=weight))
        moved.append(float((before.exp() * (before - rows(engine, item))).sum(-1).mean()))
    assert moved[1] < 0.5 * moved[0]


def test_each_teacher_is_the_weights_of_its_time(engine: LocalEngine, tmp_path: Path) -> None:
    item = imitation(engine)

    def seen(kind: str) -> torch.Tensor:
        with engine.as_teacher(kind):
            return rows(engine, item)

    fresh = rows(engine, item)
    assert all(torch.equal(seen(k), fresh) for k in engine.capabilities.teacher_kinds)
    engine.learn([item], Imitate(learning_rate=1e-2))
    begun = rows(engine, item)
    engine.save_adapter(tmp_path / "begun")
    engine.load_adapter(tmp_path / "begun")  # a session begins here
    engine.mark_reference()
    loss = Distil(teacher="ema", teacher_rate=0.25, learning_rate=1e-2)
    born = engine.snapshot().weights
    engine.learn([example(engine)], loss)
    first = engine.snapshot()
    for name, tensor in (first.ema or {}).items():  # a copy of the student at birth, then a quarter of the way
        torch.testing.assert_close(tensor, born[name].lerp(first.weights[name], 0.25))
    engine.mark_reference()  # a second lesson: the session's start stays where it was
    engine.learn([example(engine)], loss)
    assert torch.equal(seen("frozen"), begun) and torch.equal(seen("base"), fresh)
    assert torch.equal(seen("trust_region"), fresh) and torch.equal(seen("live"), rows(engine, item))
    with torch.no_grad():
        assert not torch.equal(seen("ema"), rows(engine, item)) and not torch.equal(seen("ema"), begun)
    engine.load_adapter(None)
    assert torch.equal(seen("frozen"), fresh)


def test_small_batches_give_the_gradient_of_one(tiny_model: Path) -> None:
    norms = []
    for budget in (16_384, 40):
        engine = LocalEngine(tiny_model, rank=4, alpha=8, device="cpu", batch_tokens=budget)
        items = [example(engine), imitation(engine), example(engine, anchor=True, weight=0.5)]
        norms.append(engine.learn(items, Distil(grad_clip=1e9)).grad_norm)
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)


def test_a_step_that_is_not_finite_changes_nothing(engine: LocalEngine) -> None:
    item = example(engine)
    engine.learn([item], LOSS)
    before = engine.snapshot()
    report = engine.learn([replace(item, weight=float("nan")), imitation(engine)], LOSS)
    assert not report.applied
    same(before, engine.snapshot())


def same(a, b) -> None:  # noqa: ANN001
    assert a.steps == b.steps and a.shape == b.shape and a.adapter_ref == b.adapter_ref
    for name in a.weights:
        assert torch.equal(a.weights[name], b.weights[name])
    assert a.optimizer.keys() == b.optimizer.keys()
    for name, (average, square, step) in a.optimizer.items():
        assert (
            torch.equal(average, b.optimizer[name][0])
            and torch.equal(square, b.optimizer[name][1])
            and step == b.optimizer[name][2]
        )
    assert (a.ema is None) == (b.ema is None)
    for name in a.ema or {}:
        assert torch.equal(a.ema[name], b.ema[name])


@pytest.mark.parametrize("through_disk", [False, True])
def test_going_back_and_stepping_again_is_bit_exact(engine: LocalEngine, tmp_path: Path, through_disk: bool) -> None:
    loss = replace(LOSS, teacher="ema")
    item = example(engine)
    engine.learn([item], loss)
    kept = engine.snapshot()
    engine.save_state(tmp_path / "state")
    engine.learn([item], loss)
    first = engine.snapshot()
    if through_disk:
        engine.fresh_adapter(rank=2, alpha=2, targets=["all"], seed=9)
        engine.load_state(tmp_path / "state")
    else:
        engine.restore(kept)
    same(kept, engine.snapshot())
    engine.learn([item], loss)
    same(first, engine.snapshot())


def test_adapters_travel_in_peft_format(engine: LocalEngine, tiny_model: Path, tmp_path: Path) -> None:
    item = imitation(engine)
    engine.learn([item], Imitate(learning_rate=1e-2))
    after = rows(engine, item)
    engine.save_adapter(tmp_path / "v1")
    engine.fresh_adapter(rank=2, alpha=4, targets=["mlp"], seed=1)
    assert not torch.equal(rows(engine, item), after)
    engine.load_adapter(tmp_path / "v1")
    assert engine.adapter_ref == "v1" and torch.equal(rows(engine, item), after)
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny_model), str(tmp_path / "v1"))
    ids = [*item.student_ids, *item.completion_ids]
    logits = plain(torch.tensor([ids])).logits[0, len(item.student_ids) - 1 : -1].log_softmax(-1)
    torch.testing.assert_close(logits, after, atol=1e-5, rtol=1e-5)
    engine.fresh_adapter(rank=2, alpha=4, targets=["all"], seed=1)
    assert len(engine.snapshot().weights) == 2 * 7 * 2
    with pytest.raises(EngineError, match="never overwritten"):
        engine.save_adapter(tmp_path / "v1")


def test_what_does_not_belong_is_refused_and_nothing_moves(
    engine: LocalEngine, tiny_factory: Callable[..., Path], tmp_path: Path
) -> None:
    engine.learn([imitation(engine)], LOSS)
    before = engine.snapshot()
    other = LocalEngine(tiny_factory(tmp_path / "other", seed=1, hidden=32), rank=4, alpha=8, device="cpu")
    other.save_adapter(tmp_path / "foreign")
    engine.save_adapter(tmp_path / "broken")
    (tmp_path / "broken" / "adapter_model.safetensors").write_bytes(b"not tensors")
    engine.save_adapter(tmp_path / "cut")
    file = tmp_path / "cut" / "adapter_model.safetensors"
    save_file(dict(list(load_file(file).items())[1:]), file)
    other.save_adapter(tmp_path / "unnamed")
    (tmp_path / "unnamed" / "continualcode.json").unlink()
    engine.save_adapter(tmp_path / "dora")
    config = json.loads((tmp_path / "dora" / "adapter_config.json").read_text())
    (tmp_path / "dora" / "adapter_config.json").write_text(json.dumps(config | {"use_dora": True}))
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "adapter_config.json").write_text("{}")
    (tmp_path / "pickled" / "adapter_model.bin").write_bytes(b"")
    for name, words in {
        "foreign": "another base", "broken": "broken", "cut": "does not fit", "unnamed": "does not fit",
        "dora": "plain LoRA", "pickled": "pickled", "nowhere": "No adapter",
    }.items():  # fmt: skip
        with pytest.raises(EngineError, match=words):
            engine.load_adapter(tmp_path / name)
    same(before, engine.snapshot())


def test_models_that_cannot_be_are_one_sentence(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text((tiny_model / "config.json").read_text())
    (pickled / "pytorch_model.bin").write_bytes(b"")
    cut = tmp_path / "cut"
    cut.mkdir()
    for file in tiny_model.iterdir():
        (cut / file.name).write_bytes(file.read_bytes()[: 1000 if file.suffix == ".safetensors" else None])
    for folder, words in {
        tmp_path / "nowhere": "No model at", tmp_path / "empty": "not a model folder",
        pickled: "pickled", cut: "is not whole",
    }.items():  # fmt: skip
        with pytest.raises(EngineError, match=words):
            LocalEngine(folder)
    with pytest.raises(EngineError, match="fits no layer"):
        LocalEngine(tiny_model, targets=["nonesuch"])
    with pytest.raises(EngineError, match="not available"):
        LocalEngine(tiny_model, device="cuda:0" if not torch.cuda.is_available() else "mps")


def test_the_hash_is_of_the_weights_and_remembered(tiny_model: Path, tmp_path: Path) -> None:
    import hashlib

    cache = tmp_path / "cache" / "hashes.json"
    expected = hashlib.sha256((tiny_model / "model.safetensors").read_bytes()).hexdigest()
    for _ in range(2):
        assert LocalEngine(tiny_model, hash_cache=cache).model_hash == expected
    assert expected in cache.read_text()
