"""A LoRA beside a frozen one: what was there before and a new block, in one ordinary adapter.

ΔW = s·(B_old·A_old + B_new·A_new) is the LoRA [A_old; A_new], [B_old, B_new] of rank R_old + r. The engine trains that
adapter and nothing of it is changed: gradients of the old rows (of A) and columns (of B) are zero before they are
clipped and seen by AdamW, and after each step everything that is held is put back to the bit. What is saved is an
ordinary adapter, the sum of all blocks, which is how O-LoRA answers. What the new block may do is said layer by layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from continualcode.engine.base import Example, LearnReport, Loss
from continualcode.engine.local import LocalEngine
from continualcode.sleep.share import Factors

_PEFT = "base_model.model."


@dataclass(frozen=True)
class Block:
    """How a layer's new block begins and may move. a_RI, b_OR: where it begins (None: as a fresh LoRA does, A random
    and B zero); a_moves: False holds A there; within_OK: orthonormal directions that the columns of B stay in."""

    a_RI: Tensor | None = None
    b_OR: Tensor | None = None
    a_moves: bool = True
    within_OK: Tensor | None = None


@dataclass
class _Layer:
    """A layer's live factors, with what is held of them: `old` rows, and the new block's rule."""

    a_RI: nn.Parameter
    b_OR: nn.Parameter
    old: int
    block: Block
    apart: float
    held_a: Tensor = field(init=False)
    held_b: Tensor = field(init=False)
    due: bool = False  # the penalty's gradient is added once a step, however many passes the step takes

    def hold(self) -> None:
        rows = self.a_RI if not self.block.a_moves else self.a_RI[: self.old]
        self.held_a, self.held_b = rows.detach().clone(), self.b_OR[:, : self.old].detach().clone()

    def gradient_a(self, gradient_RI: Tensor) -> Tensor:
        found = gradient_RI.clone()
        if self.apart and self.due and self.old:
            self.due = False
            found[self.old :] += self.apart * penalty_gradient(self.a_RI[: self.old], self.a_RI[self.old :])
        found[: len(self.held_a)] = 0
        return found

    def gradient_b(self, gradient_OR: Tensor) -> Tensor:
        found = gradient_OR.clone()
        found[:, : self.old] = 0
        return self._within(found)

    def settle(self) -> None:
        self.b_OR.copy_(self._within(self.b_OR))
        self.a_RI[: len(self.held_a)] = self.held_a
        self.b_OR[:, : self.old] = self.held_b

    def _within(self, columns_OR: Tensor) -> Tensor:
        """The new columns' part inside the allowed directions; the old ones as they are."""
        frame_OK = self.block.within_OK
        if frame_OK is None:
            return columns_OR
        frame_OK = frame_OK.to(columns_OR)
        return torch.cat([columns_OR[:, : self.old], frame_OK @ (frame_OK.T @ columns_OR[:, self.old :])], 1)

    @property
    def trainable(self) -> int:
        """Numbers that training can move."""
        new_RI = self.a_RI[self.old :].detach()
        rank = len(new_RI) if self.block.a_moves else int(new_RI.any(1).sum())
        out = len(self.b_OR) if self.block.within_OK is None else self.block.within_OK.shape[1]
        return rank * (out + (self.a_RI.shape[1] if self.block.a_moves else 0))


@dataclass(frozen=True)
class Beside:
    """An engine whose adapter has a new block beside what is held; `learn` as the engine's own."""

    engine: LocalEngine
    layers: tuple[_Layer, ...]

    def learn(self, examples: Sequence[Example], loss: Loss) -> LearnReport:
        """One step of the engine, and everything that is held back to the bit."""
        for layer in self.layers:
            layer.due = True
        report = self.engine.learn(examples, loss)
        self.settle()
        return report

    def look(self) -> None:
        """Begin from the live weights as they are: nothing is remembered of them."""

    @torch.no_grad()
    def settle(self) -> None:
        """Put back what is held."""
        for layer in self.layers:
            layer.settle()

    @property
    def trainable(self) -> int:
        """Numbers that training can move, over all layers."""
        return sum(layer.trainable for layer in self.layers)


def penalty(old_SI: Tensor, new_RI: Tensor) -> Tensor:
    """O-LoRA's Σ|A_old·A_newᵀ| (arXiv 2310.14152): zero where the new rows are orthogonal to the old ones."""
    return (old_SI @ new_RI.T).abs().sum()


def penalty_gradient(old_SI: Tensor, new_RI: Tensor) -> Tensor:
    """The gradient of `penalty` with respect to the new rows [R, I]."""
    return torch.sign(new_RI.detach() @ old_SI.detach().T) @ old_SI.detach()


def live(engine: LocalEngine) -> dict[str, tuple[nn.Parameter, nn.Parameter]]:
    """The factors A and B that the engine trains, by PEFT's name of their layer."""
    found: dict[str, dict[str, nn.Parameter]] = {}
    for name, p in engine.causal.named_parameters():
        for part in "AB":
            if name.endswith(f".lora_{part}.default.weight"):
                found.setdefault(_PEFT + name.removesuffix(f".lora_{part}.default.weight"), {})[part] = p
    return {module: (pair["A"], pair["B"]) for module, pair in found.items()}


@contextmanager
def beside(
    engine: LocalEngine,
    old: Mapping[str, Factors],
    *,
    rank: int,
    scale: float,
    targets: Sequence[str],
    seed: int,
    block: Callable[[str], Block] = lambda module: Block(),
    apart: float = 0.0,
) -> Iterator[Beside]:
    """A new block of `rank` beside the factors in `old` (by PEFT's name; empty: beside nothing), for the time of a
    `with`; the weights stay afterwards, free again. scale: s, the same for old and new; apart: λ of O-LoRA's penalty
    between the new rows of A and the old ones."""
    held = len(next(iter(old.values()))[0]) if old else 0
    engine.fresh_adapter(rank=held + rank, alpha=scale * (held + rank), targets=targets, seed=seed)
    layers: list[_Layer] = []
    with torch.no_grad():
        for module, (a_RI, b_OR) in live(engine).items():
            rule = block(module)
            if old:
                a_RI[:held], b_OR[:, :held] = old[module][0].to(a_RI), old[module][1].to(b_OR)
            if rule.a_RI is not None:
                a_RI[held:] = rule.a_RI.to(a_RI)
            if rule.b_OR is not None:
                b_OR[:, held:] = rule.b_OR.to(b_OR)
            layer = _Layer(a_RI, b_OR, held, rule, apart)
            layer.hold()
            layers.append(layer)
    hooks = [p.register_hook(g) for x in layers for p, g in ((x.a_RI, x.gradient_a), (x.b_OR, x.gradient_b))]
    try:
        yield Beside(engine, tuple(layers))
    finally:
        for hook in hooks:
            hook.remove()
