"""A tiny model that obeys corrections, raised within seconds: what a lesson needs, and nothing else.

Requests of two kinds (`install X`, `test X`) with a default command each; a correction in the last user message
names another command. All words are single tokens and all of them were seen, so two layers suffice.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from continualcode.agent.prompts import with_correction
from continualcode.config import Settings
from continualcode.engine.base import Message
from continualcode.engine.local import LocalEngine
from continualcode.learn.pool import Pool

THINGS = [f"t{i}" for i in range(24)]
HABITS = {"install": "pip install", "test": "cargo test"}
COMMANDS = [f"{a} {b}" for a, b in itertools.product(("poetry", "uv", "make", "conda"), ("add", "run", "get"))]
OPEN, CLOSE = "<tool_call>\n<function=bash>\n<parameter=command>\n", "\n</parameter>\n</function>\n</tool_call>"
TEMPLATE = """{%- for m in messages -%}<|im_start|>{{ m.role + '\\n' }}{{ m.content or '' }}
{%- for c in m.tool_calls or [] %}<tool_call>
<function={{ c.function.name }}>
{% for k, v in c.function.arguments.items() %}<parameter={{ k }}>
{{ v }}
</parameter>
{% endfor %}</function>
</tool_call>{% endfor %}<|im_end|>{{ '\\n' }}{%- endfor -%}
{%- if add_generation_prompt %}<|im_start|>{{ 'assistant\\n' }}{% endif -%}"""


def request(kind: str, thing: str, correction: str = "") -> list[Message]:
    text = f"{kind} {thing}"
    return [Message("user", with_correction(text, correction) if correction else text)]


def synthetic(count: int, seed: int) -> Sequence[list[Message]]:
    r = random.Random(seed)
    return [request(r.choice(list(HABITS)), r.choice(THINGS)) for _ in range(count)]


def raise_model(folder: Path, steps: int) -> None:
    import torch
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    words = {" ", "\n", "\n\n", "user", "assistant", "system", "Correction:", "use", "no", "exit", *THINGS, *HABITS}
    words |= {w for c in [*COMMANDS, *HABITS.values()] for w in c.split()}
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<unk>", *sorted(words)])}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r" |\n+"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_tokens([AddedToken(OPEN, normalized=False), AddedToken(CLOSE, normalized=False)])
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|pad|>")
    fast.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    fast.chat_template = TEMPLATE
    ids: Any = fast.convert_tokens_to_ids(["<|im_end|>", "<|pad|>"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = Qwen3Config(
            vocab_size=len(fast), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, head_dim=16, max_position_embeddings=128, tie_word_embeddings=True,
            eos_token_id=ids[0], pad_token_id=ids[1], bos_token_id=None, initializer_range=0.08,
        )  # fmt: skip
        model = Qwen3ForCausalLM(config)
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.0)
        r = random.Random(0)
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = 3e-3 * min(1.0, (steps - step) / (0.5 * steps))
            rows, labels = [], []
            for _ in range(32):
                kind, thing = r.choice(list(HABITS)), r.choice(THINGS)
                told = r.choice(COMMANDS) if r.random() < 0.7 else ""
                text = request(kind, thing, f"use {told}" if told else "")[0].content
                prompt = fast(f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n")["input_ids"]
                reply = fast(f"{OPEN}{told or HABITS[kind]} {thing}{CLOSE}<|im_end|>")["input_ids"]
                rows.append(prompt + reply)
                labels.append([-100] * len(prompt) + reply)
            width = max(map(len, rows))
            ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
            target = torch.tensor([row + [-100] * (width - len(row)) for row in labels])
            model(input_ids=ids, labels=target).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    model.save_pretrained(folder)
    fast.save_pretrained(folder)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny tensors gain nothing from threads, and on a busy machine lose much."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def _obedient(_one_thread: None, tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    folder = tmp_path_factory.mktemp("obedient")
    raise_model(folder, 250)
    return LocalEngine(folder, device="cpu", profile="compact")


@pytest.fixture
def engine(_obedient: LocalEngine) -> LocalEngine:
    """The obedient engine with a fresh adapter."""
    _obedient.load_adapter(None)
    return _obedient


@pytest.fixture
def pool() -> Pool:
    return Pool(synthetic=synthetic)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", lesson_spread=6, anchors=6, proof_prompts=3, max_new_tokens=24)
