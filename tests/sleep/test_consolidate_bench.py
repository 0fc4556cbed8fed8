"""`bench consolidate` at small sizes: what it says of synthetic adapters and of those in a folder is measured."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from continualcode.config import Settings
from continualcode.errors import UserError

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import consolidate  # noqa: E402  # pyright: ignore[reportMissingImports]

SMALL = consolidate.Sizes(
    adapters=16, layers=1, hidden=48, queries=48, keys=16, mlp=96, shared=4, modules=("q_proj", "k_proj", "down_proj"), rank=4
)  # fmt: skip


def test_the_streamed_way_finds_what_the_plain_svd_finds_and_leaves_nothing_behind(tmp_path: Path):
    found = consolidate.synthetic(SMALL, tmp_path / "home", lambda line: None)
    assert len(found["k"]) == 3 and found["one_module"]["module"].endswith("k_proj")
    assert max(found["one_module"]["largest_angle"].values()) < 1e-3
    assert found["one_module"]["plain"]["cpu_seconds"] > 0 and found["streamed"]["seconds"] > 0
    assert found["bytes"]["adapters"] >= SMALL.bytes and 1 < found["ratio"] < found["ratio_without_basis"]
    assert 0 < found["relative_error"] < 1
    assert list((tmp_path / "home").iterdir()) == []


def test_adapters_that_share_directions_are_told_from_chance(tmp_path: Path):
    consolidate.write(SMALL, tmp_path / "adapters")
    settings = Settings(home=tmp_path / "home").replace(adapter=str(tmp_path / "adapters"))
    found = consolidate.run(settings, lambda line: None)
    assert found["adapters"] == 16 and len(found["share"]) == 6
    out = found["stability"]["out"]
    assert out["overlap"] > 2 * out["random_overlap"] and out["distance"] < out["random_distance"]
    for row in found["share"]:
        assert row["error"] <= row["error_unseen"] + 0.05 and row["error_unseen"] < row["error_random"]
    assert found["uwsh"]["error_seen"] < found["uwsh"]["error_unseen_random"]


def test_bad_input_is_a_sentence(tmp_path: Path):
    consolidate.write(replace(SMALL, adapters=3), tmp_path / "few")
    settings = Settings(home=tmp_path / "home")
    for changed, said in (
        ({"adapter": str(tmp_path / "nowhere")}, "There is no folder"),
        ({"adapter": str(tmp_path / "few")}, "four or more"),
        ({"lora_targets": "nose"}, "no module nose"),
    ):
        with pytest.raises(UserError, match=said):
            consolidate.run(settings.replace(**changed), lambda line: None)
