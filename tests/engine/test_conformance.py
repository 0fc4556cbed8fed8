"""Every engine passes the conformance suite or declares what it lacks: the bundled model, each architecture at toy size
and the ways in which weights can be held. To add an engine, add a `Candidate`."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from continualcode.config import bundled
from continualcode.engine.local import LocalEngine

sys.path.append(str(Path(__file__).parent))
import conformance  # noqa: E402  # pyright: ignore[reportMissingImports]
import toys  # noqa: E402  # pyright: ignore[reportMissingImports]


@cache
def toy_folder(name: str) -> Path:
    folder = Path(_ROOM.name) / name
    return toys.build(name, folder)


_ROOM = TemporaryDirectory(prefix="continualcode-toys-")


def toy(name: str, label: str = "", tolerance: float = 1e-4, lacks: Any = None, **options: Any) -> Any:
    """A candidate of a toy architecture, its LoRA on all linear layers."""
    settings: dict[str, Any] = {"rank": 4, "alpha": 8, "targets": ["all"], "device": "cpu", **options}
    return conformance.Candidate(
        f"{name}{label}", lambda folder: LocalEngine(toy_folder(name), **settings), tolerance, lacks or {}
    )


def pupil(folder: Path) -> LocalEngine:
    return LocalEngine(bundled("models") / "pupil", rank=4, alpha=8, device="cpu")


BATCHED = {"a_draw_depends_on_its_seed_only": "in a batch sums are rounded otherwise, in bfloat16 visibly"}
CANDIDATES = [
    conformance.Candidate(
        "bundled",
        pupil,
        lacks={"conversations_are_read_back": "was raised without tools in its prompts, and on values that are text"},
    ),
    *(toy(name) for name in toys.TOYS),
    *(toy(name, "-experts", targets=["all", "experts"]) for name, t in toys.TOYS.items() if t.mixture),
    toy("qwen3", "-checkpointing", checkpointing=True),
    toy("gemma2", "-checkpointing", checkpointing=True),
    toy("llama", "-bfloat16", tolerance=0.2, lacks=BATCHED, dtype="bfloat16"),
]
if importlib.util.find_spec("bitsandbytes"):
    CANDIDATES += [toy("llama", "-4bit", quantization="4bit"), toy("mixtral", "-4bit", quantization="4bit")]


@cache
def engine_of(candidate: Any) -> Any:
    return candidate.make(Path(_ROOM.name))


@pytest.mark.parametrize(("candidate", "check"), conformance.cases(CANDIDATES))
def test_conformance(candidate: Any, check: Any, tmp_path: Path) -> None:
    engine = engine_of(candidate)
    engine.load_adapter(None)
    check(engine, candidate, tmp_path)
