"""GGUF files without llama.cpp: what is written is what is read back, and the merges find our pieces in whole lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from continualcode.agent.prompts import repair_request
from continualcode.engine.local import LocalEngine
from continualcode.export import gguf_files, gguf_tokenizer
from continualcode.export.reference import ExportError
from continualcode.koans import catalogue


def test_over_whole_lines_the_merges_find_nearly_all_of_our_pieces(engine: LocalEngine) -> None:
    from tokenizers import Regex, Tokenizer, pre_tokenizers

    described = json.loads(engine.tokenizer.backend_tokenizer.to_str())
    merges = [(a, b) for a, b in described["model"]["merges"]]
    texts = [repair_request("src/lib.rs", k.buggy, f"error[{k.expected_error}]") for k in catalogue.load(split="train")]

    def alike(ordered: list[tuple[str, str]]) -> float:
        changed = {**described, "model": {**described["model"], "merges": [list(m) for m in ordered]}}
        lines = Tokenizer.from_str(json.dumps(changed))
        bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        whole = pre_tokenizers.Split(Regex(r"[^\n]+|[\n]+"), "isolated")
        lines.pre_tokenizer = pre_tokenizers.Sequence([whole, bytes_])  # pyright: ignore[reportAttributeAccessIssue]
        return sum(lines.encode(t).ids == engine._ids(t) for t in texts) / len(texts)

    assert alike(merges) < 0.5, "as they were learnt they find other pieces"
    assert alike(gguf_tokenizer.for_whole_lines(merges, described["model"]["vocab"])) >= 0.85


def test_every_id_has_its_text(engine: LocalEngine) -> None:
    words = gguf_tokenizer.of(engine.tokenizer, 2050)
    assert len(words.tokens) == len(words.kinds) == 2050 and words.pre == "sarvam-moe"
    assert len(set(words.tokens)) == 2050
    assert words.kinds[2048:] == (gguf_tokenizer.UNUSED,) * 2
    for i in range(2048):
        if words.kinds[i] == gguf_tokenizer.NORMAL and "\ufffd" not in engine.decode([i]):
            assert words.tokens[i].replace(gguf_tokenizer.SPACE, " ") == engine.decode([i])
    assert sum(kind == gguf_tokenizer.BYTE for kind in words.kinds) == 128
    assert words.tokens[engine.tokenizer.eos_token_id] == "<|im_end|>"
    assert words.kinds[engine.tokenizer.eos_token_id] == gguf_tokenizer.CONTROL


def test_an_adapter_comes_back_as_it_was(tmp_path: Path) -> None:
    draw = torch.Generator().manual_seed(1)
    name = "base_model.model.model.layers.3.mlp.down_proj.lora_{}.weight"
    a, b = torch.randn(4, 96, generator=draw), torch.randn(32, 4, generator=draw)
    gguf_files.write_adapter({name.format("A"): a, name.format("B"): b}, 8.0, tmp_path / "a.gguf", "mine")
    alpha, tensors = gguf_files.read_adapter(tmp_path / "a.gguf")
    assert alpha == 8.0 and tensors.keys() == {f"model.layers.3.mlp.down_proj.lora_{f}" for f in "AB"}
    assert torch.equal(tensors["model.layers.3.mlp.down_proj.lora_A"], a)
    assert torch.equal(tensors["model.layers.3.mlp.down_proj.lora_B"], b)
    with pytest.raises(ExportError, match="no tensor for model.layers.0.mlp.experts"):
        stray = {"base_model.model.model.layers.0.mlp.experts.lora_A.weight": a}
        gguf_files.write_adapter(stray, 8.0, tmp_path / "b.gguf", "mine")


def test_other_shapes_are_refused() -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
    )
    with pytest.raises(ExportError, match="this is llama"):
        gguf_files.require(LlamaForCausalLM(config))
