"""A tiny Qwen3 with random weights and the bundled model's kind of tokenizer, raised here on a few repairs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from continualcode.engine.local import LocalEngine

sys.path.append(str(Path(__file__).resolve().parent))  # for rote_engine


def make_small(folder: Path, hidden: int = 32, context: int = 1536) -> Path:
    """A two-layer model on disk; its tokenizer knows the call format."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    from continualcode.nursery import tokenizer as tokenizers

    words = "pub fn let mut i32 String Vec Fix src lib rs check error edited expected found cannot borrow as mutable "
    tokenizer = tokenizers.train([words * 3], 420)
    tokenizers.save(tokenizer, folder, context)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = Qwen3Config(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=hidden, intermediate_size=2 * hidden, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=1, head_dim=16, max_position_embeddings=context,
            initializer_range=0.1, tie_word_embeddings=True, bos_token_id=None,
            eos_token_id=tokenizer.token_to_id(tokenizers.END), pad_token_id=tokenizer.token_to_id(tokenizers.PAD),
        )  # fmt: skip
        Qwen3ForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_small(tmp_path_factory.mktemp("small"))


@pytest.fixture
def small_engine(small_model: Path) -> LocalEngine:
    return LocalEngine(small_model, rank=4, alpha=8, device="cpu", profile="compact")


@pytest.fixture
def few_koans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The catalogue narrowed to one koan of each of three patterns and each split; (pattern, split) → koan."""
    from few_koans import narrow

    return narrow(tmp_path / "koans", monkeypatch.setattr)


@pytest.fixture
def rote(few_koans):
    """A rote learner that has the answers of these koans, and knows nothing but E0384 from birth."""
    from rote_engine import Rote

    return Rote({k.buggy: k.solution for k in few_koans.values()}, born=["E0384"])
