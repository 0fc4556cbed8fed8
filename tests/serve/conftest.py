"""A tiny model with random weights (`tests/engine/conftest.py` makes it), and the bundled one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from continualcode.config import Settings, bundled
from continualcode.engine.local import LocalEngine


def _make_tiny() -> Callable[..., Path]:
    place = Path(__file__).resolve().parents[1] / "engine" / "conftest.py"
    spec = importlib.util.spec_from_file_location("engine_conftest", place)
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_tiny


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def _tiny(tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    folder = _make_tiny()(tmp_path_factory.mktemp("tiny"))
    return LocalEngine(folder, rank=4, alpha=8, device="cpu", model_id="tiny")


@pytest.fixture
def tiny(_tiny: LocalEngine) -> LocalEngine:
    _tiny.load_adapter(None)
    return _tiny


@pytest.fixture(scope="session")
def pupil(tmp_path_factory: pytest.TempPathFactory) -> LocalEngine:
    if not (bundled("models") / "pupil" / "config.json").is_file():
        pytest.skip("the bundled model is not in this checkout")
    return LocalEngine.from_settings(Settings(home=tmp_path_factory.mktemp("pupil"), threads=1))


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", threads=1)
