"""Phase 2 of Share in the engine: a LoRA that trains, but only within a frozen basis and a few directions beside it.

The engine trains A and B; nothing of it is changed. Each factor is kept in the set {basis·ε + a rest of rank ≤ F},
F being the temporary directions: gradients are projected onto the set's tangent before they are clipped and seen by
AdamW (so that a step goes downhill), and after each step the factor is put back to the nearest point of the set, by a
truncated SVD of what lies outside the basis (Eckart and Young). With F = 0 only coefficients train. What the engine
saves is an ordinary adapter with its temporary directions folded in, which is what `consolidated.merge` wants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from continualcode.engine.base import Example, LearnReport, Loss
from continualcode.engine.local import LocalEngine
from continualcode.sleep.consolidated import Consolidated, ConsolidateError
from continualcode.sleep.share import begin, factors

_PEFT = "base_model.model."


class Side:
    """The allowed set for one factor with D rows: `frame_DK` (orthonormal, frozen) and a rest of rank ≤ `extra`."""

    def __init__(self, frame_DK: Tensor, extra: int) -> None:
        self.frame_DK, self.extra = frame_DK, extra
        self.left_DF, self.right_RF = frame_DK[:, :0], frame_DK[:0, :0]

    def settle(self, factor_DR: Tensor) -> Tensor:
        """The nearest allowed factor; remembers where its rest lies."""
        held_DR = self.frame_DK @ (self.frame_DK.T @ factor_DR)
        left, values, right = torch.linalg.svd(factor_DR - held_DR, full_matrices=False)
        settled_DR = held_DR + (left[:, : self.extra] * values[: self.extra]) @ right[: self.extra]
        self.look(settled_DR)
        return settled_DR

    def look(self, factor_DR: Tensor) -> None:
        """Remember where the rest of an allowed factor lies: from the factor alone, so that a training that goes on from
        saved weights takes the very steps it would have taken."""
        factor_DR = factor_DR.contiguous()
        rest_DR = factor_DR - self.frame_DK @ (self.frame_DK.T @ factor_DR)
        left, _, right = torch.linalg.svd(rest_DR, full_matrices=False)
        self.left_DF, self.right_RF = left[:, : self.extra], right[: self.extra].T

    def tangent(self, gradient_DR: Tensor) -> Tensor:
        """The part of a gradient along which the factor that was looked at last may move."""
        held_DR = self.frame_DK @ (self.frame_DK.T @ gradient_DR)
        rest_DR = gradient_DR - held_DR
        away_DR = rest_DR - self.left_DF @ (self.left_DF.T @ rest_DR)
        return held_DR + rest_DR - (away_DR - (away_DR @ self.right_RF) @ self.right_RF.T)


@dataclass(frozen=True)
class Confined:
    """An engine whose adapter is confined; `learn` as the engine's own."""

    engine: LocalEngine
    sides: tuple[tuple[nn.Parameter, Side, bool], ...]  # the live weights, their set, whether they are A (Dᵀ)

    def learn(self, examples: Sequence[Example], loss: Loss) -> LearnReport:
        """One step of the engine, and back to the nearest allowed weights."""
        report = self.engine.learn(examples, loss)
        self.settle()
        return report

    @torch.no_grad()
    def look(self) -> None:
        """Begin from the live weights as they are, after allowed ones were restored."""
        for live, side, flipped in self.sides:
            side.look(live.T if flipped else live)

    @torch.no_grad()
    def settle(self) -> None:
        """Put the live weights where they may be."""
        for live, side, flipped in self.sides:
            settled_DR = side.settle(live.T if flipped else live)
            live.copy_(settled_DR.T if flipped else settled_DR)


@contextmanager
def confined(
    engine: LocalEngine, held: Consolidated, *, temporary: int, seed: int, known: str | None = None
) -> Iterator[Confined]:
    """A new adapter of the kind that `held` holds, confined for the time of a `with`: from small random coefficients,
    or from the adapter called `known` (`share-full`, with temporary=0). Afterwards the weights stay, free again.
    temporary: directions a side, at most a quarter of the smallest basis. Raises ConsolidateError, EngineError."""
    if held.kind.base != engine.model_hash:
        raise ConsolidateError(f"{held.folder} was made for another base model; load that model, or another folder.")
    layers = {module: held.layer(module) for module in held.kind.modules}
    fewest = min(min(x.inner.vectors_DK.shape[1], x.outer.vectors_DK.shape[1]) for x in layers.values())
    if fewest == 0:
        raise ConsolidateError(
            f"The adapters in {held.folder} changed nothing in some layer; there is no basis to train in."
        )
    if not 0 <= temporary <= fewest // 4:
        raise ConsolidateError(
            f"{temporary} temporary directions do not go with a basis of {fewest}; take 0 to {fewest // 4}."
        )
    starts = {module: held.coefficients(known, module) if known else None for module in layers}
    kind = held.kind
    engine.fresh_adapter(rank=kind.rank, alpha=kind.alpha, targets=kind.targets, seed=seed)
    live = {_PEFT + n.replace(".default.weight", ""): p for n, p in engine.causal.named_parameters() if ".lora_" in n}
    if {name.rpartition(".lora_")[0] for name in live} != layers.keys():
        raise ConsolidateError(f"{held.folder} sits on other layers than {engine.model_id} has.")
    sides: list[tuple[nn.Parameter, Side, bool]] = []
    for n, (module, layer) in enumerate(layers.items()):
        task = begin(layer, kind.rank, temporary=temporary, seed=seed + 2 * n, known=starts[module])
        for part, weights, basis in zip("AB", factors(layer, task), (layer.inner, layer.outer), strict=True):
            p = live[f"{module}.lora_{part}"]
            p.data.copy_(weights)
            sides.append((p, Side(basis.vectors_DK.to(p), temporary), part == "A"))
    inside = Confined(engine, tuple(sides))
    inside.settle()
    hooks = [p.register_hook(_along(side, flipped)) for p, side, flipped in sides]
    try:
        yield inside
    finally:
        for hook in hooks:
            hook.remove()


def _along(side: Side, flipped: bool):
    return lambda gradient: side.tangent(gradient.T).T if flipped else side.tangent(gradient)
