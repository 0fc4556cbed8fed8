"""KeepLoRA: a new task may read only what nothing known is read from (arXiv 2601.19659).

For each layer a frame U of input directions is kept: the principal ones of the base weights, and those of the layer's
inputs on what must stay. The new task's gradient G is projected, G⊥ = G − G·U·Uᵀ; the block's A is the r strongest
input directions of G⊥ and is frozen; B alone trains.

Where we depart: in the paper B begins at the matching singular values and vectors, and its start is taken off the base
weights, so that nothing changes at first. With A frozen only the difference of B and its start acts on anything, so B
begins at zero here, and the base stays as it is. The paper keeps past tasks as directions; here they are found anew,
from the examples that the dataset brings of them, and are not learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from continualcode.engine.base import Example
from continualcode.engine.local import LocalEngine
from continualcode.learn.losses import Imitate
from continualcode.sleep.blocks import live
from continualcode.sleep.subspace import Keep, leading

WEIGHTS = 0.7  # share of the base weights' sum of squares that the frame holds
FEATURES = 0.95  # the same of the inputs' part outside of it
ROOM = 0.5  # of the input dimensions stay free, whatever the shares say
SEEN = 16  # examples that gradient and inputs are taken from
_PEFT = "base_model.model."


def frame(weight_OI: Tensor, inputs_II: Tensor | None) -> Tensor:
    """Input directions that a new task leaves alone [I, K], orthonormal, float64. weight_OI: the base weight; inputs_II:
    Σ x·xᵀ of the layer's inputs on what must stay, None for nothing."""
    weight_OI = weight_OI.double()
    dimension = weight_OI.shape[1]
    most = max(1, int(dimension * (1 - ROOM)))
    u_IK = leading(weight_OI.T @ weight_OI, Keep(WEIGHTS, most)).vectors_DK
    room = most - u_IK.shape[1]
    if inputs_II is None or room < 1:
        return u_IK
    apart_II = torch.eye(dimension, dtype=torch.float64) - u_IK @ u_IK.T
    more = leading(apart_II @ inputs_II.double() @ apart_II, Keep(FEATURES, room)).vectors_DK
    return torch.linalg.qr(torch.cat([u_IK, more], 1))[0] if more.shape[1] else u_IK


def directions(gradient_OI: Tensor, frame_IK: Tensor, rank: int) -> Tensor:
    """A's rows [r, I]: the strongest input directions of the gradient's part outside of the frame, orthonormal. Fewer
    than r where the gradient has no more; the others are zero and stay so."""
    outside_OI = gradient_OI.double() - (gradient_OI.double() @ frame_IK) @ frame_IK.T
    _, values, rows_NI = torch.linalg.svd(outside_OI, full_matrices=False)
    real = values > 1e-7 * max(float(gradient_OI.norm()), 1e-30)
    found_RI = torch.zeros(rank, gradient_OI.shape[1], dtype=torch.float64)
    chosen_NI = rows_NI[real][:rank]
    found_RI[: len(chosen_NI)] = chosen_NI
    return found_RI


def gradients(engine: LocalEngine, examples: Sequence[Example]) -> dict[str, Tensor]:
    """The loss's gradient with respect to each adapted base weight [O, I], by PEFT's name, with the adapter that the
    engine holds; nothing is moved. Raises ValueError for weights that are not plain numbers (quantised)."""
    weights = _weights(engine)
    if not all(w.is_floating_point() for w in weights.values()):
        raise ValueError("the base weights are quantised, and their gradient cannot be taken")
    before = engine.snapshot()
    for w in weights.values():
        w.requires_grad_(True)
    try:
        engine.learn(examples[:SEEN], Imitate(learning_rate=0.0))
        return {module: w.grad.detach().double() for module, w in weights.items() if w.grad is not None}
    finally:
        for w in weights.values():
            w.requires_grad_(False)
            w.grad = None
        engine.restore(before)


@torch.no_grad()
def inputs(engine: LocalEngine, examples: Sequence[Example]) -> dict[str, Tensor]:
    """Σ x·xᵀ [I, I] of what each adapted layer reads on prompts and completions, by PEFT's name, float64."""
    sums: dict[str, Tensor] = {}
    modules = dict(engine.causal.named_modules())

    def add(module: str):
        def hook(_: object, given: tuple[Tensor, ...]) -> None:
            x_NI = given[0].reshape(-1, given[0].shape[-1]).double()
            sums[module] = sums.get(module, 0) + x_NI.T @ x_NI

        return hook

    hooks = [modules[m.removeprefix(_PEFT)].register_forward_pre_hook(add(m)) for m in live(engine)]
    try:
        for example in examples[:SEEN]:
            ids_BT = torch.tensor([[*example.student_ids, *example.completion_ids]], device=engine.device)
            engine.causal(input_ids=ids_BT, use_cache=False)
    finally:
        for hook in hooks:
            hook.remove()
    return sums


def rows(engine: LocalEngine, new: Sequence[Example], old: Sequence[Example], rank: int) -> dict[str, Tensor]:
    """A of the new block for each layer [r, I], with the adapter that the engine holds. new: examples of the new task;
    old: of what must stay."""
    known = inputs(engine, old) if old else {}
    weights = _weights(engine)
    found = gradients(engine, new)
    return {m: directions(g, frame(weights[m], known.get(m)), rank) for m, g in found.items()}


def _weights(engine: LocalEngine) -> dict[str, torch.nn.Parameter]:
    """The base weights under the adapter, by PEFT's name of their layer."""
    modules = dict(engine.causal.named_modules())
    return {m: modules[m.removeprefix(_PEFT)].base_layer.weight for m in live(engine)}  # pyright: ignore
