"""A tiny Qwen3 with random weights, on disk with its tokenizer and chat template; and the bundled model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from continualcode.config import bundled
from continualcode.engine.local import LocalEngine

TEMPLATE = """{%- for m in messages -%}
<|im_start|>{{ m.role }}
{{ m.content if m.content else '' }}
{%- for c in m.tool_calls or [] %}<tool_call>
<function={{ c.function.name }}>
{% for k, v in c.function.arguments.items() %}<parameter={{ k }}>
{{ v }}
</parameter>
{% endfor %}</function>
</tool_call>{% endfor %}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif -%}"""


def make_tiny(folder: Path, *, seed: int = 0, hidden: int = 64) -> Path:
    """A two-layer Qwen3 over bytes, with random weights large enough that its answers are not flat."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    specials = ["<|pad|>", "<|im_start|>", "<|im_end|>"]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>")
    fast.add_special_tokens({"additional_special_tokens": specials[1:2]})
    fast.chat_template = TEMPLATE
    ids: Any = fast.convert_tokens_to_ids(["<|im_end|>", "<|pad|>"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        config = Qwen3Config(
            vocab_size=len(fast), hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, head_dim=16, max_position_embeddings=512,
            initializer_range=0.15, tie_word_embeddings=True,
            eos_token_id=ids[0], pad_token_id=ids[1], bos_token_id=None,
        )  # fmt: skip
        model = Qwen3ForCausalLM(config)
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny tensors gain nothing from threads, and on a busy machine lose much."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_factory() -> Callable[..., Path]:
    return make_tiny


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def _tiny_engine(tiny_model: Path) -> LocalEngine:
    return LocalEngine(tiny_model, rank=4, alpha=8, device="cpu")


@pytest.fixture
def engine(_tiny_engine: LocalEngine) -> LocalEngine:
    """The tiny engine with a fresh adapter."""
    _tiny_engine.load_adapter(None)
    return _tiny_engine


@pytest.fixture(scope="session")
def bundled_model() -> Path:
    folder = bundled("models") / "pupil"
    if not (folder / "config.json").is_file():
        pytest.skip("the bundled model is not in this checkout")
    json.loads((folder / "config.json").read_text())
    return folder
