"""The bundled model in llama.cpp: base, base with a LoRA, merged; its words are ours, and so is its tokenizer, nearly.

Needs the peer llama-cpp (scripts/peers.sh llama-cpp)."""

from __future__ import annotations

from pathlib import Path

import pytest

from continualcode.agent.prompts import repair_request
from continualcode.config import Settings
from continualcode.engine.base import Message, SampleParams
from continualcode.engine.local import LocalEngine
from continualcode.export import llama, write
from continualcode.koans import catalogue

pytestmark = [
    pytest.mark.peer,
    pytest.mark.slow,
    pytest.mark.skipif(llama.interpreter() is None, reason="scripts/peers.sh llama-cpp makes what this needs"),
]
NEW_TOKENS = 48


@pytest.fixture(scope="module")
def exported(version: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> write.Exported:
    return write.export("ad_1", version, "gguf", tmp_path_factory.mktemp("gguf") / "out", settings)


def requests(engine: LocalEngine) -> list[str]:
    """A repair request for every koan of the train split, as the chat template writes it."""
    asked = [repair_request("src/lib.rs", k.buggy, f"error[{k.expected_error}]") for k in catalogue.load(split="train")]
    return [engine.chat.render([Message("user", text)], None, True) for text in asked]


def same(engine: LocalEngine, texts: list[str], job: dict) -> float:
    """The share of prompts that llama.cpp answers greedily with our own tokens."""
    prompts = [engine._ids(text) for text in texts]
    ours = engine.sample(prompts, SampleParams(max_new_tokens=NEW_TOKENS))
    theirs = llama.ask({**job, "greedy": [[p, NEW_TOKENS] for p in prompts]})["greedy"]
    return sum(list(c.ids) == ids for c, ids in zip(ours, theirs, strict=True)) / len(prompts)


def test_log_probabilities_agree(exported: write.Exported) -> None:
    assert [(p.path, p.readers[0].reader) for p in exported.parts] == [
        ("adapter.gguf", "llama.cpp"),
        ("merged.gguf", "llama.cpp"),
    ]
    assert all(p.readers[0].tokens > 100 and p.readers[0].worst < 2e-3 for p in exported.parts)


def test_greedy_answers_of_the_base_are_ours(exported: write.Exported, engine: LocalEngine) -> None:
    engine.load_adapter(None)
    share = same(engine, requests(engine), {"model": str(exported.path / "base.gguf")})
    assert share >= 0.95


@pytest.mark.parametrize("form", ["base and LoRA", "merged"])
def test_greedy_answers_with_the_adapter_are_ours(
    form: str, exported: write.Exported, engine: LocalEngine, version: Path
) -> None:
    engine.load_adapter(version)
    texts = requests(engine)[::4]
    files = {
        "base and LoRA": {"model": exported.path / "base.gguf", "lora": exported.path / "adapter.gguf"},
        "merged": {"model": exported.path / "merged.gguf"},
    }
    assert same(engine, texts, {k: str(v) for k, v in files[form].items()}) >= 0.95


def test_its_own_tokenizer_reads_most_prompts_as_ours_does(exported: write.Exported, engine: LocalEngine) -> None:
    texts = requests(engine)
    theirs = llama.ask({"model": str(exported.path / "base.gguf"), "texts": texts})["ids"]
    alike = sum(engine._ids(text) == ids for text, ids in zip(texts, theirs, strict=True)) / len(texts)
    assert alike >= 0.85
    for text, ids in zip(texts, theirs, strict=True):  # also where it splits otherwise, nothing is lost
        assert engine.decode(ids) == text
