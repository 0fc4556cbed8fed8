"""A tiny model on disk, made once for the commands that need one (`tests/sleep/conftest.py` makes it)."""

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Path(__file__).resolve().parents[1] / "sleep" / "conftest.py"
    spec = importlib.util.spec_from_file_location("sleep_conftest", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_small(tmp_path_factory.mktemp("model"))
