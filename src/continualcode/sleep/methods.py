"""The night's training methods behind one interface: the same dataset, steps and batch, another rule for the weights.

    lora      goes on with the adapter as it is (`naive` is its older name)
    replay    the same, with repairs of other patterns and anchors in every batch
    olora     a new block beside the frozen old ones, its A pushed to be orthogonal to theirs (arXiv 2310.14152)
    keeplora  a new block whose frozen A reads only directions that nothing known is read from (`keep.py`)
    dream     no answers: draws judged by the compiler, self-distilled (`dream.py`)
    share     coefficients in the basis of other adapters, and a few temporary directions (`confined.py`); merged by `consolidated.merge`
    uwsh      core coefficients alone between the bases of other adapters, their mean added (`modes.py`)

The first five go on from the weights before the night; with `olora` and `keeplora` the adapter's rank grows by a block each
time. `share` and `uwsh` make an adapter of its own, which is routed to the errors it was trained on. Each is trained by `train` (dream by `learn.auto`): cross-entropy on completion
tokens alone, early stop on the held-out slice, non-zero gradients and a change of weights asserted.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from continualcode.engine.base import Engine, Example
from continualcode.errors import UserError
from continualcode.sleep.curate import Dataset
from continualcode.sleep.train import Learner, Trained, TrainingFailed, examples, night_targets, start_from, train

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.engine.local import LocalEngine
    from continualcode.sleep.blocks import Beside
    from continualcode.sleep.confined import Confined
    from continualcode.sleep.modes import SavedModes
    from continualcode.sleep.share import Factors

APART = 0.5  # λ of O-LoRA's penalty
TEMPORARY = 4  # directions a side that share trains beside its basis, at most a quarter of it


@dataclass(frozen=True)
class Method:
    """`about`: what it is, in a line; `basis`: whether it trains inside what other adapters have in common."""

    name: str
    about: str
    basis: bool = False


METHODS = {
    m.name: m
    for m in (
        Method("lora", "a LoRA on the failures, nothing else"),
        Method("naive", "the older name of lora"),
        Method("replay", "a LoRA on the failures, with replay and anchors"),
        Method("olora", "a new block, its A orthogonal to the old ones"),
        Method("keeplora", "a new block that reads only what nothing known is read from"),
        Method("dream", "draws judged by the compiler, no answers"),
        Method("share", "coefficients in a shared basis, and a few directions beside it", basis=True),
        Method("uwsh", "core coefficients in a shared basis, its mean added", basis=True),
    )
}


@dataclass(frozen=True)
class Learnt:
    """What a method did. trainable: numbers that its training could move."""

    trained: Trained
    trainable: int


def method(name: str) -> Method:
    """A method by its name. Raises UserError."""
    if name not in METHODS:
        raise UserError(f"There is no night method `{name}`; choose one of {', '.join(METHODS)}.")
    return METHODS[name]


def train_night(engine: Engine, dataset: Dataset, folder: Path, **how: Any) -> Trained:
    """`sleep.train.train`, with its arguments and its result, by the method that `settings.night_method` names."""
    return learn(engine, dataset, folder, **how).trained


def learn(
    engine: Engine,
    dataset: Dataset,
    folder: Path,
    *,
    settings: Settings,
    parent: Path | None,
    anchors: Sequence[Example] = (),
    basis: Path | None = None,
    known: str | None = None,
    progress: Callable[[int, int, float], None] | None = None,
    check_every: int = 20,
) -> Learnt:
    """Train by `settings.night_method`, and leave the best weights in the engine. folder: checkpoints, `start` and `end`
    (a training that was cut off goes on); basis: a consolidated folder (or one of modes), by default that of
    `settings.night_basis`; known: the adapter in it that `share` goes on from, its coefficients alone (share-full).
    Raises UserError for a method that is not there or lacks its basis, TrainingFailed when there is no candidate."""
    chosen = method(settings.night_method)
    folder.mkdir(parents=True, exist_ok=True)
    shared: dict[str, Any] = {"settings": settings, "parent": parent, "progress": progress, "check_every": check_every}
    if chosen.name == "dream":
        from continualcode.sleep.dream import dream

        return Learnt(dream(engine, dataset, folder, **shared), _numbers(folder / "end"))
    if chosen.name in ("lora", "naive", "replay"):
        return Learnt(train(engine, dataset, folder, anchors=anchors, **shared), _numbers(folder / "end"))
    local = _local(engine, chosen.name)
    given = basis or (Path(settings.night_basis).expanduser() if settings.night_basis else None)
    if chosen.basis and given is None:
        raise UserError(
            f"night_method={chosen.name} trains inside a basis: set night_basis to a consolidated folder "
            "(`continualcode adapters farm` makes the adapters for one)."
        )
    with ExitStack() as stack:
        found: list[Beside | Confined] = []

        def begin() -> Learner:
            found.append(_begin(local, dataset, folder, stack, settings, parent, given, known))
            return found[0]

        trained = train(local, dataset, folder, begin=begin, **shared)
        return Learnt(trained, _moved(found[0]))


def make(engine: Engine, dataset: Dataset, out: Path, work: Path, *, settings: Settings, **how: Any) -> Learnt:
    """`learn`, and the adapter as a folder at `out` (new) with its card: `card.json` says by which method, of which data,
    with which seed and settings it was made, and what came of it. work: for checkpoints, gone afterwards."""
    from continualcode.store.whole import write_whole

    learnt = learn(engine, dataset, work, settings=settings, **how)
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    engine.save_adapter(part)
    kept = ("lora_rank", "lora_alpha", "night_steps", "night_batch", "night_learning_rate", "night_replay")
    card = {
        "method": settings.night_method, "base_model": engine.model_id, "base_hash": engine.model_hash,
        "data": dataset.card, "seed": settings.seed, "settings": {k: getattr(settings, k) for k in kept},
        "trainable": learnt.trainable, "trained": learnt.trained.json(),
    }  # fmt: skip
    write_whole(part / "card.json", json.dumps(card, indent=1) + "\n")
    part.rename(out)
    shutil.rmtree(work, ignore_errors=True)
    return learnt


def _begin(
    engine: LocalEngine, dataset: Dataset, folder: Path, stack: ExitStack, settings: Settings, parent: Path | None,
    basis: Path | None, known: str | None,
) -> Beside | Confined:  # fmt: skip
    """Put the adapter that a method trains into the engine, and what takes its steps."""
    from continualcode.sleep import consolidated
    from continualcode.sleep.blocks import Block, beside
    from continualcode.sleep.confined import confined
    from continualcode.sleep.modes import DIRECTIONS

    name = settings.night_method
    if name in ("olora", "keeplora"):
        old, scale, targets = _old(engine, settings, parent)
        place: dict[str, Any] = {
            "rank": settings.lora_rank,
            "scale": scale,
            "targets": targets,
            "seed": settings.seed,
        }
        if name == "olora":
            return stack.enter_context(beside(engine, old, apart=APART, **place))
        from continualcode.sleep import keep

        start_from(engine, settings, parent)
        new, old_ones = (examples(engine, dataset.use(use)) for use in ("train", "replay"))
        try:
            a_of = keep.rows(engine, new, old_ones, settings.lora_rank)
        except ValueError as error:
            raise TrainingFailed(f"keeplora cannot begin: {error}") from None
        return stack.enter_context(beside(engine, old, block=lambda m: Block(a_of[m], a_moves=False), **place))
    assert basis is not None
    if name == "share":
        held = consolidated.read(basis, engine.model_hash)
        fewest = min(min(x[side]["k"] for side in ("in", "out")) for x in held.note["layers"].values())
        temporary = 0 if known else min(TEMPORARY, fewest // 4)
        return stack.enter_context(confined(engine, held, temporary=temporary, seed=settings.seed, known=known))
    modes = _modes(engine, basis, folder)
    mean = {m: x.mean for m, x in modes.layers.items()} if len(next(iter(modes.layers.values())).mean[0]) else {}
    place = {"rank": DIRECTIONS, "scale": modes.scale, "targets": modes.targets, "seed": settings.seed}

    def block(module: str) -> Block:
        layer = modes.layers[module]
        a_RI = torch.zeros(DIRECTIONS, len(layer.in_IK))
        a_RI[: layer.in_IK.shape[1]] = layer.in_IK.T
        return Block(a_RI, a_moves=False, within_OK=layer.out_OK)

    return stack.enter_context(beside(engine, mean, block=block, **place))


def _modes(engine: LocalEngine, basis: Path, folder: Path) -> SavedModes:
    """The modes in `basis`, or those of the adapters in a consolidated folder."""
    from continualcode.sleep import consolidated
    from continualcode.sleep.modes import find_modes, read_modes

    if (basis / "modes.json").is_file():
        return read_modes(basis, engine.model_hash)
    held = consolidated.read(basis, engine.model_hash)
    if not (folder / "modes" / "modes.json").is_file():
        find_modes(held.adapters(), folder / "modes")
    return read_modes(folder / "modes", engine.model_hash)


def _old(
    engine: LocalEngine, settings: Settings, parent: Path | None
) -> tuple[dict[str, Factors], float, Sequence[str]]:
    """The factors of the adapter before by PEFT's name, its scale and its target modules."""
    if parent is None:
        return {}, settings.lora_alpha / settings.lora_rank, night_targets(settings)
    from continualcode.engine.adapter import read

    shape, tensors = read(parent, engine.model_hash)
    modules = [n.removesuffix(".lora_A.weight") for n in tensors if n.endswith(".lora_A.weight")]
    old = {m: (tensors[f"{m}.lora_A.weight"], tensors[f"{m}.lora_B.weight"]) for m in modules}
    return old, shape.alpha / shape.rank, shape.targets


def _local(engine: Engine, name: str) -> LocalEngine:
    from continualcode.engine.local import LocalEngine

    if not isinstance(engine, LocalEngine):
        raise UserError(f"night_method={name} needs a model in this process; {engine.model_id} is elsewhere.")
    return engine


def _numbers(adapter: Path) -> int:
    """How many numbers a saved adapter holds."""
    import math

    from safetensors import safe_open

    with safe_open(str(adapter / "adapter_model.safetensors"), framework="pt") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())


def _moved(learner: Beside | Confined) -> int:
    """How many numbers a confined training could move: coefficients, and temporary directions with theirs."""
    from continualcode.sleep.blocks import Beside

    if isinstance(learner, Beside):
        return learner.trainable
    total = 0
    for live, side, flipped in learner.sides:
        dimension, rank = (live.shape[1], live.shape[0]) if flipped else live.shape
        total += side.frame_DK.shape[1] * rank + side.extra * (dimension + rank)
    return total
