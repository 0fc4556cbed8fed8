"""Versions of the bundled model to export: one with a moved LoRA on every matrix, one with a route besides."""

from __future__ import annotations

from pathlib import Path

import pytest

from continualcode.agent import routes
from continualcode.config import Settings, bundled
from continualcode.engine.local import LocalEngine


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    if not (bundled("models") / "pupil" / "config.json").is_file():
        pytest.skip("the bundled model is not in this checkout")
    return Settings(home=tmp_path_factory.mktemp("home"), threads=1)


@pytest.fixture(scope="session")
def engine(settings: Settings) -> LocalEngine:
    return LocalEngine.from_settings(settings)


def moved(engine: LocalEngine, folder: Path, seed: int) -> Path:
    """An adapter whose weights were drawn, large enough that answers change."""
    import torch

    engine.fresh_adapter(rank=8, alpha=16, targets=["all"], seed=seed)
    draw = torch.Generator().manual_seed(seed)
    snapshot = engine.snapshot()
    for name, tensor in snapshot.weights.items():
        if "lora_B" in name:
            tensor.copy_(torch.randn(tensor.shape, generator=draw) * 0.01)
    engine.restore(snapshot)
    engine.save_adapter(folder)
    return folder


@pytest.fixture(scope="session")
def version(engine: LocalEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return moved(engine, tmp_path_factory.mktemp("adapters") / "ad_1", 3)


@pytest.fixture(scope="session")
def routed(engine: LocalEngine, version: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    other = moved(engine, tmp_path_factory.mktemp("adapters") / "ad_2", 4)
    folder = tmp_path_factory.mktemp("routed") / "ad_3"
    routes.write(folder, version, None, ["E0308:mismatched types"], other, "mismatch")
    return folder
