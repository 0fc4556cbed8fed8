"""Where adapters sit in each architecture; PEFT itself reads what we save; checkpointing changes memory alone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from continualcode.engine import architectures
from continualcode.engine.base import EngineError, Example
from continualcode.engine.local import LocalEngine
from continualcode.learn.losses import Imitate

sys.path.append(str(Path(__file__).parent))
import toys  # noqa: E402  # pyright: ignore[reportMissingImports]

ATTENTION = {"q_proj", "k_proj", "v_proj", "o_proj"}
MLP = {"gate_proj", "up_proj", "down_proj"}
WANTED: dict[str, tuple[set[str], set[str]]] = {
    "qwen2": (ATTENTION, MLP),
    "gemma3": (ATTENTION, MLP),
    "phi3": ({"qkv_proj", "o_proj"}, {"gate_up_proj", "down_proj"}),
    "qwen3_moe": (ATTENTION, {f"{name}.weight" for name in MLP}),  # of the first, dense layer
    "mixtral": (ATTENTION, set()),
    "deepseek_v2": (
        {"q_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"},
        {f"{name}.weight" for name in MLP},  # shared experts, and the first, dense layer
    ),
}
EXPERTS = {"experts.gate_up_proj", "experts.down_proj"}
ITEM = Example((5, 6, 7, 8), (9, 10, 11))


def on_meta(name: str) -> Any:
    import transformers
    from transformers import AutoModelForCausalLM

    toy = toys.TOYS[name]
    plain = {
        "vocab_size": 300, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(getattr(transformers, toy.config)(**{**plain, **toy.numbers}))


@pytest.mark.parametrize("name", WANTED)
def test_adapters_sit_on_the_linear_layers_of_attention_and_mlp(name: str) -> None:
    layout = architectures.layout(on_meta(name))
    attention, mlp = WANTED[name]
    assert set(layout.targets(["attention"])) == attention
    assert set(layout.targets(["all"])) == attention | mlp
    if mlp:
        assert set(layout.targets(["mlp"])) == mlp
    else:
        with pytest.raises(EngineError, match="fits no layer"):
            layout.targets(["mlp"])
    if toys.TOYS[name].mixture:
        assert set(layout.targets(["experts"])) == EXPERTS
        assert set(layout.packed().targets(["all"])) == attention
    else:
        with pytest.raises(EngineError, match="fits no layer"):
            layout.targets(["experts"])
    assert layout.targets(["o_proj"]) == ("o_proj",)
    with pytest.raises(EngineError, match="it has .*o_proj"):
        layout.targets(["lm_head"])


@pytest.mark.parametrize("name", ["phi3", "deepseek_v2"])
def test_peft_itself_reads_what_is_saved_and_gives_the_same_logits(name: str, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = toys.build(name, tmp_path / "model")
    wanted = ["all", "experts"] if toys.TOYS[name].mixture else ["all"]
    engine = LocalEngine(folder, rank=4, alpha=8, targets=wanted, device="cpu")
    for _ in range(2):
        assert engine.learn([ITEM], Imitate(learning_rate=1e-2)).applied
    engine.save_adapter(tmp_path / "adapter")
    theirs = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), str(tmp_path / "adapter")).eval()
    ids = torch.tensor([[*ITEM.student_ids, *ITEM.completion_ids]])
    with torch.no_grad():
        torch.testing.assert_close(theirs(ids).logits, engine.causal(ids).logits, atol=1e-5, rtol=1e-5)


def test_another_architectures_adapter_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    phi = LocalEngine(toys.build("phi3", tmp_path / "phi"), rank=4, alpha=8, device="cpu")
    qwen = LocalEngine(toys.build("qwen2", tmp_path / "qwen"), rank=4, alpha=8, device="cpu")
    phi.save_adapter(tmp_path / "adapter")
    for note in (True, False):  # by the base's hash, and without it by the tensors
        if not note:
            (tmp_path / "adapter" / "continualcode.json").unlink()
        with pytest.raises(EngineError, match="another base model"):
            qwen.load_adapter(tmp_path / "adapter")
    assert qwen.learn([ITEM], Imitate()).applied


def test_dropout_on_experts_is_refused_and_the_adapter_stays(tmp_path: Path) -> None:
    engine = LocalEngine(toys.build("mixtral", tmp_path / "model"), rank=4, alpha=8, dropout=0.1, device="cpu")
    with pytest.raises(EngineError, match="lora_dropout"):
        engine.fresh_adapter(rank=4, alpha=8, targets=["experts"], seed=0)
    assert engine.learn([ITEM], Imitate()).applied


def test_checkpointing_gives_the_same_step(tmp_path: Path) -> None:
    folder = toys.build("llama", tmp_path / "model")
    results = []
    for checkpointing in (False, True):
        engine = LocalEngine(folder, rank=4, alpha=8, targets=["all"], device="cpu", checkpointing=checkpointing)
        reports = [engine.learn([ITEM], Imitate(learning_rate=1e-2)) for _ in range(2)]
        results.append((engine._adapter.copy(), [r.grad_norm for r in reports]))
        calls = [m.training for m in engine.causal.modules()]
        assert not any(calls)  # nothing stays in training mode
    assert results[0][1] == pytest.approx(results[1][1], rel=1e-5)
    for name, tensor in results[0][0].items():
        torch.testing.assert_close(tensor, results[1][0][name], atol=1e-6, rtol=1e-5)


def test_a_context_ends_where_rotations_begin_to_depend_on_the_length() -> None:
    from transformers import LlamaConfig, Phi3Config

    assert architectures.context_length(LlamaConfig(max_position_embeddings=512)) == 512
    numbers: dict[str, Any] = {"short_factor": [1.0] * 8, "long_factor": [2.0] * 8, "rope_theta": 1e4}
    config = Phi3Config(
        hidden_size=64, num_attention_heads=4, max_position_embeddings=131072, original_max_position_embeddings=4096,
        rope_parameters={"rope_type": "longrope", **numbers},
    )  # fmt: skip
    assert architectures.context_length(config) == 4096


def test_a_model_that_does_something_else_to_its_logits_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = toys.build("llama", tmp_path / "model")
    true = architectures.head

    def other(causal: Any) -> Any:
        backbone, project = true(causal)
        return backbone, lambda states: 1.1 * project(states)

    monkeypatch.setattr(architectures, "head", other)
    with pytest.raises(EngineError, match="makes its logits"):
        LocalEngine(folder, device="cpu")
