"""`doctor --model`: whether a model fits, from its config.json alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.cli.app import run
from continualcode.engine import memory


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def seven_billion(folder: Path) -> Path:
    """Qwen2.5-Coder-7B's configuration, and no weights."""
    config = {
        "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944,
        "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064,
        "max_position_embeddings": 32768, "tie_word_embeddings": False,
    }  # fmt: skip
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:
    code = run(["doctor", *words, "--json"])
    return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_a_model_is_judged_before_it_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = seven_billion(tmp_path / "seven")
    monkeypatch.setattr(memory, "free", lambda device: 16_000_000_000)
    code, found = answer(capsys, "--model", str(folder), "device=cpu")
    checks = {check["name"]: check for check in found["checks"]}
    assert list(checks) == ["model", "sampling", "lesson", "night"] and code == 1
    assert "7.62 billion" in checks["model"]["detail"] and "30.5 GB" in checks["sampling"]["detail"]
    assert not checks["sampling"]["ok"] and "quantization=4bit" in checks["sampling"]["todo"]
    code, found = answer(capsys, "--model", str(folder), "--quant", "4bit", "device=cpu", "context_length=1024")
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["sampling"]["ok"] and not checks["night"]["ok"]
    assert "gradient_checkpointing=true" in checks["night"]["todo"]
    monkeypatch.setattr(memory, "free", lambda device: 10**12)
    assert answer(capsys, "--model", str(folder), "device=cpu")[0] == 0


def test_bad_names_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--model", "/nowhere/at/all"]) == 2
    assert run(["doctor", "--model", "bundled", "--quant", "3bit"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2 and "No model at" in lines[0] and "quantization" in lines[1]
