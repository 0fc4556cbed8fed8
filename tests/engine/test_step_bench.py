"""`bench step` compares like with like: all contenders reach one loss, and the floor the exact step's gradient."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from continualcode.cli.night import benchmark


def test_all_contenders_do_the_same_work(bundled_model: Path, tmp_path: Path) -> None:
    benchmark("step")
    step: Any = sys.modules["benchmarks.step"]
    folder = step.with_positions(bundled_model, tmp_path / "model")
    made = step.contenders(folder, tmp_path / "trl", 32)
    assert ("trl" in made) == (find_spec("trl") is not None)
    batch = step.batch_of(60, 2048, 3)
    losses: dict[str, float] = {}
    for name, contender in made.items():
        if hasattr(contender, "prepare"):
            contender.prepare(batch)
        losses[name] = contender(batch)
    fresh = losses.pop("shared")  # on other weights: a fresh adapter
    assert all(loss == pytest.approx(losses["exact"], rel=1e-4) for loss in losses.values()), losses
    assert fresh != pytest.approx(losses["exact"], rel=1e-2)
    moments = made["exact"].engine.snapshot().optimizer
    ours = torch.cat([moments[name][0].flatten() for name in sorted(moments)])
    grads = {f"base_model.model.{name}.weight": p.grad for name, p in made["floor"].lora.items()}
    floor = torch.cat([grads[name].flatten() for name in sorted(moments)])
    assert float(torch.cosine_similarity(ours.double(), floor.double(), 0)) == pytest.approx(1, abs=1e-5)
