"""Each architecture at toy size: the real configuration class with small numbers, random weights, a small tokenizer
trained here, and a chat template in the manner of its family. What is scarce in real models is within reach here:
windows of 16 tokens, four experts, a scaled rotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "{% for c in m.tool_calls or [] %}\n<tool_call>\n"
    '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\n</tool_call>{% endfor %}'
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TOOLS_BEFORE = "{% if tools %}<|im_start|>system\nTools:\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
HERMES = TOOLS_BEFORE + CHATML
THINKING = HERMES.replace(
    "<|im_start|>assistant\n{% endif %}",
    "<|im_start|>assistant\n{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}{% endif %}",
)
LLAMA = (
    "{{ bos_token }}{% for m in messages %}<|start|>{{ 'ipython' if m.role == 'tool' else m.role }}<|end_header|>\n\n"
    "{% if loop.first and tools %}{% for t in tools %}{{ t | tojson }}\n{% endfor %}{% endif %}"
    "{% if m.tool_calls %}{% set f = m.tool_calls[0].function %}"
    '<|python_tag|>{"name": "{{ f.name }}", "parameters": {{ f.arguments | tojson }}}'
    "{% else %}{{ m.content }}{% endif %}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant<|end_header|>\n\n{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% set ns = namespace(last='', asked=0) %}"
    "{% for m in messages %}{% if m.role == 'user' %}{% set ns.asked = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}"
    "{% if m.role == ns.last and m.role == 'user' %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "{% set ns.last = m.role %}"
    "{% if m.role == 'system' %}[SYSTEM]{{ m.content }}"
    "{% elif m.role == 'user' %}{% if tools and loop.index0 == ns.asked %}[TOOLS]{{ tools | tojson }}{% endif %}[INST]{{ m.content }}[/INST]"
    "{% elif m.role == 'tool' %}{% if m.tool_call_id | length != 9 %}{{ raise_exception('ids have nine letters') }}{% endif %}"
    "[RESULT]{{ m.content }}[/RESULT]"
    "{% elif m.tool_calls %}[TOOL_CALLS][{% for c in m.tool_calls %}"
    '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}, "id": "{{ c.id }}"}'
    "{% endfor %}]{{ eos_token }}{% else %}{{ m.content }}{{ eos_token }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}"
    "<|start|>{{ 'model' if m.role == 'assistant' else m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>model\n{% endif %}"
)
PHI = (
    "{% for m in messages %}{% if m.role in ('system', 'user', 'assistant') %}<|{{ m.role }}|>\n{{ m.content }}<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
DEEPSEEK = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'tool' %}<｜tool▁output▁begin｜>{{ m.content }}<｜tool▁output▁end｜>"
    "{% elif m.tool_calls %}<｜Assistant｜><｜tool▁calls▁begin｜>{% for c in m.tool_calls %}"
    "{{ '<｜tool▁call▁begin｜>function<｜tool▁sep｜>' + c.function.name + '\n```json\n' + c.function.arguments + '\n```<｜tool▁call▁end｜>' }}"
    "{% endfor %}<｜tool▁calls▁end｜>{{ eos_token }}{% elif m.role == 'assistant' %}<｜Assistant｜>{{ m.content }}{{ eos_token }}"
    "{% else %}<｜User｜>{{ m.content }}{% endif %}{% endfor %}{% if add_generation_prompt %}<｜Assistant｜>{% endif %}"
)


@dataclass(frozen=True)
class Toy:
    """One architecture: configuration class by name, what its numbers are, and its template (None: it has none)."""

    config: str
    template: str | None
    numbers: Mapping[str, Any] = field(default_factory=dict)
    mixture: bool = False


TOYS = {
    "qwen2": Toy("Qwen2Config", HERMES),
    "qwen3": Toy("Qwen3Config", THINKING, {"head_dim": 16}),
    "qwen3_moe": Toy(
        "Qwen3MoeConfig",
        THINKING,
        {"head_dim": 16, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 48, "mlp_only_layers": [0]},
        mixture=True,
    ),
    "llama": Toy("LlamaConfig", LLAMA),
    "gemma2": Toy("Gemma2Config", GEMMA, {"head_dim": 16, "sliding_window": 16, "query_pre_attn_scalar": 16}),
    "gemma3": Toy(
        "Gemma3TextConfig",
        GEMMA,
        {"head_dim": 16, "sliding_window": 16, "query_pre_attn_scalar": 16, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "phi3": Toy("Phi3Config", PHI, {"sliding_window": 16}),
    "deepseek_coder": Toy(
        "LlamaConfig", None, {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1e5}}
    ),
    "deepseek_v2": Toy(
        "DeepseekV2Config",
        DEEPSEEK,
        {
            "moe_intermediate_size": 48, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_shared_experts": 1,
            "first_k_dense_replace": 1, "q_lora_rank": None, "kv_lora_rank": 16, "qk_nope_head_dim": 16,
            "qk_rope_head_dim": 8, "v_head_dim": 16, "n_group": 1, "topk_group": 1, "num_key_value_heads": 4,
        },
        mixture=True,
    ),
    "mistral": Toy("MistralConfig", MISTRAL, {"sliding_window": 16}),
    "mixtral": Toy("MixtralConfig", MISTRAL, {"num_local_experts": 4, "num_experts_per_tok": 2}, mixture=True),
}  # fmt: skip


@cache
def small_tokenizer() -> Any:
    """A byte-level BPE trained on a few lines: 400 tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    lines = ["fn main() { let mut x = 1; }", "edit the file and check it again", '{"name": "read", "arguments": {}}']
    tokenizer.train_from_iterator(lines * 20, trainer)
    return tokenizer


def build(name: str, folder: Path, *, seed: int = 0, **numbers: Any) -> Path:
    """A toy on disk, as a model folder; `numbers` change its configuration."""
    import transformers
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    toy = TOYS[name]
    copy = Tokenizer.from_str(small_tokenizer().to_str())
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=copy, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|python_tag|>", "[TOOL_CALLS]"],
    )  # fmt: skip
    if toy.template:
        tokenizer.chat_template = toy.template
    ids = {
        name: tokenizer.convert_tokens_to_ids(f"<{token}>")
        for name, token in (("bos", "s"), ("eos", "/s"), ("pad", "pad"))
    }
    plain: dict[str, Any] = {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 1024,
        "initializer_range": 0.15, "bos_token_id": ids["bos"], "eos_token_id": ids["eos"], "pad_token_id": ids["pad"],
    }  # fmt: skip
    config = getattr(transformers, toy.config)(**{**plain, **toy.numbers, **numbers})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
