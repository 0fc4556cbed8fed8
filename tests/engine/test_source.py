"""What lies in a model folder is judged before anything is loaded; a hub that is down, silent or refuses is one
sentence within seconds."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from continualcode.engine import memory
from continualcode.engine.base import EngineError
from continualcode.engine.local import LocalEngine
from continualcode.engine.source import resolve

sys.path.append(str(Path(__file__).parent))
import toys  # noqa: E402  # pyright: ignore[reportMissingImports]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return toys.build("llama", tmp_path / "model")


def refused(folder: Path) -> str:
    with pytest.raises(EngineError) as found:
        LocalEngine(folder, device="cpu")
    assert "\n" not in str(found.value) and str(found.value).endswith(".")
    return str(found.value)


def test_a_truncated_checkpoint_is_found_before_it_is_loaded(folder: Path) -> None:
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    assert f"has {len(whole) - 100} bytes and should have {len(whole)}" in refused(folder)
    file.write_bytes(whole[:5])
    assert "does not begin as a safetensors file" in refused(folder)
    file.write_bytes(b"<html>not found</html>" * 9)
    assert "does not begin as a safetensors file" in refused(folder)


def test_a_missing_shard_and_a_broken_index_are_found(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-00002.safetensors"}}))
    assert "model-00002.safetensors is missing" in refused(folder)
    index.write_text("[1, 2")
    assert "model.safetensors.index.json cannot be read" in refused(folder)


def test_pickled_weights_are_refused(folder: Path) -> None:
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "pickled" in refused(folder)


def test_missing_weights_are_not_drawn_at_random(folder: Path) -> None:
    tensors = load_file(str(folder / "model.safetensors"))
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})
    assert "model.layers.1.mlp.up_proj.weight is missing" in refused(folder)


def test_a_configuration_nobody_knows_is_a_sentence(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "brainwave"}))
    assert "cannot be loaded" in refused(folder)


def test_a_model_larger_than_memory_is_refused_before_it_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free", lambda device: 300_000)
    text = refused(folder)
    assert "for its weights" in text and "are free" in text and "doctor --model" in text


ASK = """
import sys, time
from continualcode.engine import source
from continualcode.engine.base import EngineError
source.HUB_SECONDS = 1.0
for ask in (source.resolve, source.config_folder):
    try:
        ask("Qwen/Qwen2.5-Coder-1.5B-Instruct")
    except EngineError as error:
        print(error)
"""


@pytest.mark.parametrize("kind", ["down", "silent"])
def test_a_hub_that_cannot_be_reached_is_one_sentence_within_seconds(kind: str, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "silent":
            listener.listen(16)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
        environment |= {"no_proxy": "127.0.0.1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        began = time.process_time()
        done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=120)
        assert time.process_time() - began < 20
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 2 and all("hub cannot be reached" in line and "hf download" in line for line in lines)


def test_a_download_that_stopped_halfway_is_not_taken_for_the_model(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(EngineError, match="has no weights"):
        resolve(str(folder))
