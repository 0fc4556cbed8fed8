"""GGUF files of models with Qwen3's shape: the whole model with its tokenizer and chat template, and a LoRA alone.

Names and keys are llama.cpp's (architecture `qwen3`). Matrices keep the type of the weights, norms are float32 as
llama.cpp wants them. A LoRA's factors are written as peft has them; llama.cpp scales by alpha / rank like peft.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from continualcode.export import gguf_tokenizer
from continualcode.export.reference import ExportError

_LAYER = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_WHOLE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def require(causal: Any) -> None:
    """Raises ExportError when the gguf package is missing or the model is none that these files can hold."""
    try:
        import gguf  # noqa: F401
    except ImportError:
        raise ExportError("GGUF files need the package gguf: pip install gguf==0.19.0.") from None
    config = causal.config
    rope = getattr(config, "rope_parameters", None) or {}
    if config.model_type != "qwen3" or config.attention_bias or rope.get("rope_type", "default") != "default":
        raise ExportError(
            f"GGUF is written for Qwen3's shape, and this is {config.model_type}; use --format merged and llama.cpp's "
            "convert_hf_to_gguf.py."
        )


def write_model(causal: Any, tokenizer: Any, template: str, file: Path, name: str) -> None:
    """The whole model as one GGUF file: weights, tokenizer, chat template."""
    import gguf

    config = causal.config
    words = gguf_tokenizer.of(tokenizer, config.vocab_size)
    writer = gguf.GGUFWriter(str(file), "qwen3")
    writer.add_name(name)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_file_type(_file_type(causal.dtype))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(words.pre)
    writer.add_token_list(list(words.tokens))
    writer.add_token_types(list(words.kinds))
    writer.add_token_merges(list(words.merges))
    writer.add_eos_token_id(tokenizer.eos_token_id)
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)
    tied = config.tie_word_embeddings
    for own, tensor in causal.state_dict().items():
        if tied and own == "lm_head.weight":
            continue
        module = own.removesuffix(".weight")
        _add(writer, f"{_called(module)}.weight", tensor, causal.dtype)
    _finish(writer)


def write_adapter(tensors: Mapping[str, torch.Tensor], alpha: float, file: Path, name: str) -> None:
    """A LoRA (tensors by peft's names) as a GGUF file of its own, float32. Raises ExportError for one that sits where
    llama.cpp has no tensor of its own."""
    import gguf

    writer = gguf.GGUFWriter(str(file), "qwen3")
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for own, tensor in sorted(tensors.items()):
        module, _, factor = own.removeprefix("base_model.model.").removesuffix(".weight").rpartition(".lora_")
        if factor not in ("A", "B"):
            raise ExportError(f"llama.cpp has no place for the adapter's tensor {own}; use --format merged.")
        _add(writer, f"{_called(module)}.weight.lora_{factor.lower()}", tensor, torch.float32)
    _finish(writer)


def read_adapter(file: Path) -> tuple[float, dict[str, torch.Tensor]]:
    """alpha and the factors of a LoRA that `write_adapter` wrote, by module and `.lora_A` or `.lora_B`."""
    from gguf import GGUFReader

    reader = GGUFReader(str(file))
    modules = {name: own for own, name in _LAYER.items()}
    found: dict[str, torch.Tensor] = {}
    for tensor in reader.tensors:
        _, layer, rest = tensor.name.split(".", 2)
        called, factor = rest.split(".weight.lora_")
        found[f"model.layers.{layer}.{modules[called]}.lora_{factor.upper()}"] = torch.tensor(tensor.data)
    return float(reader.fields["adapter.lora.alpha"].contents()), found


def _called(module: str) -> str:
    """llama.cpp's name of a module."""
    if module in _WHOLE:
        return _WHOLE[module]
    layers, _, rest = module.removeprefix("model.layers.").partition(".")
    if rest not in _LAYER:
        raise ExportError(f"llama.cpp's qwen3 has no tensor for {module}; use --format merged.")
    return f"blk.{layers}.{_LAYER[rest]}"


def _add(writer: Any, name: str, tensor: torch.Tensor, dtype: torch.dtype) -> None:
    import gguf

    plain = tensor.detach().cpu().contiguous()
    if plain.dim() == 1 or dtype == torch.float32:
        writer.add_tensor(name, plain.float().numpy())
    elif dtype == torch.float16:
        writer.add_tensor(name, plain.half().numpy())
    else:
        data = plain.bfloat16().view(torch.uint8).numpy()
        writer.add_tensor(name, data, raw_shape=data.shape, raw_dtype=gguf.GGMLQuantizationType.BF16)


def _file_type(dtype: torch.dtype) -> int:
    import gguf

    kinds = gguf.LlamaFileType
    return {torch.float32: kinds.ALL_F32, torch.float16: kinds.MOSTLY_F16}.get(dtype, kinds.MOSTLY_BF16)


def _finish(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
