"""The lean step against transformers and peft, and step=completion against the exact step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from continualcode.config import Settings, load_settings
from continualcode.engine.base import EngineError, Example, Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.engine.training import Snapshot
from continualcode.learn.losses import Distil, Prefer, Reinforce

LOSS = Distil(learning_rate=5e-3, grad_clip=1e9)
Engines = Callable[..., LocalEngine]


@pytest.fixture
def made(tiny_model: Path) -> Engines:
    """A tiny engine whose adapter has moved; `fresh=True`: one that changes nothing yet."""

    def make(step: Any = "exact", reach: int = 0, *, fresh: bool = False, **changes: Any) -> LocalEngine:
        engine = LocalEngine(tiny_model, rank=4, alpha=8, device="cpu", step=step, reach=reach, **changes)
        if not fresh:
            with torch.no_grad():
                draw = torch.Generator().manual_seed(2)
                for p in engine._adapter.parameters.values():
                    p.add_(torch.randn(p.shape, generator=draw) * 0.1)
        return engine

    return make


def ids(length: int, seed: int) -> tuple[int, ...]:
    return tuple(torch.randint(3, 250, (length,), generator=torch.Generator().manual_seed(seed)).tolist())


def lesson(prompt: int = 20) -> list[Example]:
    """Two taught examples (one as it was sampled) and an anchor, none of one length."""
    first, second, third = ids(prompt, 1), ids(max(1, prompt - 3), 2), ids(max(1, prompt // 2), 3)
    return [
        Example(first, ids(9, 4), (*first[:-1], 7, 8, 9, first[-1])),
        Example(second, ids(5, 5), (*second[:-1], 7, second[-1]), old_logprobs=(-1.0,) * 5, alpha=0.0),
        Example(third, ids(7, 6), anchor=True, weight=0.5),
    ]


def gradient(engine: LocalEngine, examples: Sequence[Example], loss: Distil = LOSS) -> tuple[float, Tensor]:
    """(loss, gradient) of a step that is then taken back: AdamW's first average is the gradient times 0.1."""
    before = engine.snapshot()
    engine.restore(replace(before, optimizer={}))
    report = engine.learn(examples, loss)
    moments = engine.snapshot().optimizer
    engine.restore(before)
    assert report.applied
    return report.loss, torch.cat([moments[name][0].flatten() for name in sorted(moments)]) / 0.1


def alike(a: tuple[float, Tensor], b: tuple[float, Tensor]) -> None:
    assert a[0] == pytest.approx(b[0], rel=1e-5, abs=1e-7)
    torch.testing.assert_close(a[1], b[1], atol=1e-5 * float(b[1].abs().max()), rtol=1e-3)


@pytest.mark.parametrize("state", ["fresh", "moved", "disabled"])
@pytest.mark.parametrize("targets", [("attention",), ("all",), ("mlp",), ("q_proj",)])
def test_states_and_gradient_are_those_of_transformers(made: Engines, state: str, targets: tuple[str, ...]) -> None:
    engine = made(fresh=state == "fresh", targets=targets)
    assert engine._lean is not None
    pairs = [(ids(20, 1), ids(9, 2)), (ids(1, 3), ids(4, 4)), (ids(13, 5), ids(1, 6)), (ids(3, 7), ())]
    found: list[tuple[Tensor, Tensor]] = []
    parameters = list(engine._adapter.parameters.values())
    for lean in (engine._lean, None):
        engine._lean = lean
        with engine.adapter_disabled() if state == "disabled" else nullcontext():
            states = engine._hidden(pairs)
        assert states.shape == (14, 64)
        if state == "disabled":
            found.append((states, torch.zeros(1)))
            continue
        weight = torch.randn(states.shape, generator=torch.Generator().manual_seed(8))
        grads = torch.autograd.grad((states * weight).sum(), parameters)
        found.append((states, torch.cat([g.flatten() for g in grads])))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)


def test_nothing_to_score_is_no_state(made: Engines) -> None:
    assert made().score([(ids(3, 1), ())])[0].logprobs_T.shape == (0,)


def test_an_adapter_with_dropout_takes_the_general_way_and_drops(made: Engines) -> None:
    assert len({gradient(made(dropout=0.5), lesson())[1].norm().item() for _ in range(3)}) > 1
    with pytest.raises(EngineError, match="use step=exact"):
        made("completion", dropout=0.5)


@pytest.mark.parametrize("teacher", ["base", "live", "frozen", "ema", "trust_region"])
def test_the_loss_is_that_of_the_exact_step(made: Engines, teacher: str) -> None:
    loss = replace(LOSS, teacher=teacher, reference_weight=0.1)
    exact, short = (gradient(made(step), lesson(), loss) for step in ("exact", "completion"))
    assert short[0] == pytest.approx(exact[0], rel=1e-5)
    assert float(torch.cosine_similarity(exact[1], short[1], 0)) < 0.999  # another gradient, or nothing was cut


def test_of_a_prompt_of_one_token_the_gradient_is_exact(made: Engines) -> None:
    told = [replace(e, teacher_ids=(5, 6, 7)) if e.teacher_ids else e for e in lesson(1)]
    alike(gradient(made("completion"), told), gradient(made(), told))


def test_with_enough_reach_the_gradient_is_exact(made: Engines) -> None:
    alike(gradient(made("completion", 19), lesson()), gradient(made(), lesson()))


@pytest.mark.parametrize("kind", ["pair", "reward"])
def test_pairs_and_rewards_too(made: Engines, kind: str) -> None:
    first = lesson()[0]
    if kind == "pair":
        loss, some = Prefer(grad_clip=1e9), [replace(first, teacher_ids=None, rejected_ids=ids(6, 9))]
    else:
        loss, some = Reinforce(grad_clip=1e9), [replace(first, advantage=0.5)]
    exact = gradient(made(), some, loss)
    alike(gradient(made("completion", 19), some, loss), exact)
    assert gradient(made("completion"), some, loss)[0] == pytest.approx(exact[0], rel=1e-5)


@pytest.mark.parametrize("reach", [0, 4])
def test_the_gradient_is_that_of_constant_keys_and_values(made: Engines, reach: int) -> None:
    from transformers import DynamicCache

    engine = made("completion", reach)
    prompt, reply = ids(20, 1), ids(9, 2)
    cut = len(prompt) - 1 - reach
    weight = torch.randn(9, 64, generator=torch.Generator().manual_seed(8))
    parameters = list(engine._adapter.parameters.values())
    cache = DynamicCache(config=engine.causal.config)
    with torch.no_grad():
        engine._backbone(input_ids=torch.tensor([prompt[:cut]]), past_key_values=cache, use_cache=True)
    rest = torch.tensor([[*prompt[cut:], *reply[:-1]]])
    theirs = engine._backbone(input_ids=rest, past_key_values=cache, use_cache=True).last_hidden_state[0, reach:]
    wanted = torch.autograd.grad((theirs * weight).sum(), parameters)
    ours = engine._completions([(prompt, reply), (ids(6, 3), ids(4, 4))])[:9]
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)
    for got, want in zip(torch.autograd.grad((ours * weight).sum(), parameters), wanted, strict=True):
        torch.testing.assert_close(got, want, atol=2e-5, rtol=1e-3)


def test_what_was_sampled_from_is_not_read_again_and_reads_the_same(made: Engines) -> None:
    engine, lean = made("completion"), made("completion")._lean
    assert engine._lean is not None and lean is not None
    prompts = [ids(20, 1), ids(11, 2), ids(1, 3)]
    engine.sample(prompts, SampleParams(max_new_tokens=3))
    weights = engine._lean._digest()
    for prompt in prompts:
        kept = engine._lean.cache.longest(weights, prompt)
        assert kept is not None and kept.length == len(prompt)
        fresh = lean._prefix(weights, prompt)
        torch.testing.assert_close(kept.keys, fresh.keys, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(kept.values, fresh.values, atol=2e-5, rtol=1e-4)
    held = len(engine._lean.cache)
    alike(gradient(engine, lesson()[:1]), gradient(made("completion"), lesson()[:1]))
    assert len(engine._lean.cache) == held + 1  # the teacher's prompt, which the base model had not read


def test_a_fresh_adapters_prompts_serve_the_base_teacher(made: Engines) -> None:
    engine = made("completion", fresh=True)
    assert engine._lean is not None
    with engine.adapter_disabled():
        base = engine._lean._digest()
    assert engine._lean._digest() == base
    assert made("completion")._lean._digest() != base  # pyright: ignore[reportOptionalMemberAccess]
    alike(gradient(engine, lesson(1)), gradient(made(fresh=True), lesson(1)))


def test_weights_that_moved_are_read_anew(made: Engines) -> None:
    exact, short = made(), made("completion")
    some, live = lesson()[:2], replace(LOSS, teacher="live")
    for _ in range(4):
        short.sample([e.student_ids for e in some], SampleParams(max_new_tokens=2))
        short.learn(some, live)
        exact.restore(short.snapshot())
        assert gradient(short, some, live)[0] == pytest.approx(gradient(exact, some, live)[0], rel=1e-5)


def test_going_back_is_bit_exact_and_so_is_the_step_again(made: Engines, tmp_path: Path) -> None:
    def state(s: Snapshot) -> list[Tensor]:
        moments = [t for name in sorted(s.optimizer) for t in s.optimizer[name][:2]]
        return [*(s.weights[name] for name in sorted(s.weights)), *moments]

    engine = made("completion")
    engine.learn(lesson(), LOSS)
    kept = engine.snapshot()
    engine.save_state(tmp_path / "state")
    engine.learn(lesson(), LOSS)
    after = engine.snapshot()
    for back in (lambda: engine.restore(kept), lambda: engine.load_state(tmp_path / "state")):
        back()
        assert all(torch.equal(a, b) for a, b in zip(state(kept), state(engine.snapshot()), strict=True))
        engine.learn(lesson(), LOSS)
        assert all(torch.equal(a, b) for a, b in zip(state(after), state(engine.snapshot()), strict=True))


def test_nights_are_exact_whatever_the_setting(made: Engines) -> None:
    mixed = replace(LOSS, mixed=True)
    exact, short = (gradient(made(step), lesson(), mixed) for step in ("exact", "completion"))
    assert exact[0] == short[0] and torch.equal(exact[1], short[1])


def test_models_that_it_is_not_for_are_refused_in_one_sentence(made: Engines, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="use step=exact"):
        made("completion", dtype="bfloat16")
    dropping = made(fresh=True, dropout=0.1)
    dropping.save_adapter(tmp_path / "dropping")
    engine = made("completion")
    before = engine.snapshot()
    with pytest.raises(EngineError, match="use step=exact"):
        engine.load_adapter(tmp_path / "dropping")
    assert all(torch.equal(t, before.weights[name]) for name, t in engine.snapshot().weights.items())


def test_the_settings_reach_the_engine(tiny_model: Path, tmp_path: Path) -> None:
    words = [f"model_name={tiny_model}", f"home={tmp_path}", "step=completion", "step_reach=5", "device=cpu"]
    engine = LocalEngine.from_settings(load_settings(words, cwd=tmp_path))
    assert (engine._step, engine._reach) == ("completion", 5)
    assert Settings().step == "exact"


def test_on_the_bundled_model_most_of_the_gradient_is_there(bundled_model: Path) -> None:
    """A repair's request, some 200 tokens of it: `bench step` measures it on whole lessons."""
    from continualcode.agent import prompts

    code = "fn main() {\n" + "".join(f"    let value_{i} = {i};\n" for i in range(12)) + "}\n"
    request = prompts.repair_request("src/main.rs", code, "")
    texts = (request, prompts.with_correction(request, "use edit_lines; don't overwrite"))
    engines = [LocalEngine(bundled_model, device="cpu", step="exact", profile="compact")]
    engines += [LocalEngine(bundled_model, device="cpu", step="completion", reach=r) for r in (0, 32, 400)]
    plain, told = (tuple(engines[0].encode([Message("user", text)])) for text in texts)
    (answer,) = engines[0].sample([told], SampleParams(max_new_tokens=48))
    assert len(plain) > 100
    found = [gradient(engine, [Example(plain, answer.ids, told)]) for engine in engines]
    assert all(f[0] == pytest.approx(found[0][0], rel=1e-4) for f in found[1:])
    none, some, all_ = (float(torch.cosine_similarity(found[0][1], f[1], 0)) for f in found[1:])
    assert none > 0.3 and some > 0.6 and all_ > 0.9999
