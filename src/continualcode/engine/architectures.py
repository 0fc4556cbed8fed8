"""What must be known of a causal LM of any architecture, found by looking at the model itself: where an adapter can
sit, how logits are made, how far it reads, which blocks can be checkpointed.

The linear layers of attention and MLP are told apart by where they stand; the vocabulary projection and the routers of
mixtures are left alone. The experts of a mixture are stacked tensors in transformers, not layers: they stay frozen
unless `experts` is asked for, since an adapter on them is as many adapters as there are experts, and the changed stack
is built in every forward pass. PEFT reads the names of a mixture's other MLP layers (shared experts, dense first layers)
as the experts' own; there they are named as parameters (`up_proj.weight`), which it takes as they are meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.utils.checkpoint
from torch import Tensor, nn

from continualcode.engine.base import EngineError

GROUPS = ("attention", "mlp", "all", "experts")
_ROUTERS = ("gate", "router", "shared_expert_gate")
_STACK = 3  # dimensions of a mixture's tensor of all experts: experts, out, in


@dataclass(frozen=True)
class Place:
    """Something an adapter can sit on. `path`: of the module that holds it; `target`: how a LoRA names it, a module's
    last name, or with a dot in it a parameter; sizes of one expert's matrix, and how many there are (1: no mixture)."""

    path: str
    target: str
    inputs: int
    outputs: int
    experts: int = 1


@dataclass(frozen=True)
class Layout:
    """All places of a model by group; made before an adapter is put in."""

    attention: tuple[Place, ...]
    mlp: tuple[Place, ...]
    experts: tuple[Place, ...]

    def targets(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """Names (sorted) that `wanted` means in this model: groups, or names of layers. Raises EngineError."""
        groups = {
            "attention": self.attention,
            "mlp": self.mlp,
            "all": (*self.attention, *self.mlp),
            "experts": self.experts,
        }
        present = {place.target for place in (*self.attention, *self.mlp, *self.experts)}
        plain = {name.removesuffix(".weight"): name for name in present}
        found: set[str] = set()
        for word in wanted:
            names = {place.target for place in groups[word]} if word in GROUPS else {plain.get(word, word)} & present
            if not names:
                shown = ", ".join(sorted(plain))
                raise EngineError(f"lora_targets={','.join(wanted)} fits no layer of this model; it has {shown}.")
            found |= names
        if not found:
            raise EngineError("lora_targets is empty; take attention, mlp or all.")
        return tuple(sorted(found))

    def packed(self) -> Layout:
        """The same of a quantised model: weights are packed, so that whole layers can be adapted, and no parameters."""
        return Layout(self.attention, tuple(p for p in self.mlp if "." not in p.target), ())

    def tensors(self, targets: Sequence[str], rank: int) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the tensors that a LoRA of these targets has in PEFT's format, without the prefix."""
        shapes: dict[str, tuple[int, ...]] = {}
        chosen = [place for place in (*self.attention, *self.mlp, *self.experts) if place.target in targets]
        for i, place in enumerate(chosen):
            # PEFT wraps a module once for each of its parameters: the last wrapper has the module's own name.
            depth = sum(later.path == place.path for later in chosen[i + 1 :])
            path = place.path + ".base_layer" * depth
            shapes[f"{path}.lora_A.weight"] = (rank * place.experts, place.inputs)
            shapes[f"{path}.lora_B.weight"] = (place.outputs, rank * place.experts)
        return shapes


def layout(causal: nn.Module) -> Layout:
    """Where an adapter can sit in this model, which has none yet."""
    modules = dict(causal.named_modules())
    head: Any = getattr(causal, "get_output_embeddings", lambda: None)()
    stacks = [place for path, module in modules.items() for place in _stacks(path, module)]
    attention: list[Place] = []
    mlp: list[Place] = []
    for path, module in modules.items():
        name = path.rpartition(".")[2]
        if module is head or not _linear(module) or name in _ROUTERS:
            continue
        sizes: Any = module
        inside = any("attn" in part or "attention" in part for part in path.split(".")[:-1])
        if inside:
            attention.append(Place(path, name, sizes.in_features, sizes.out_features))
        else:
            target = f"{name}.weight" if stacks else name
            mlp.append(Place(path, target, sizes.in_features, sizes.out_features))
    return Layout(tuple(attention), tuple(mlp), tuple(stacks))


def _linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or type(module).__name__ in ("Linear4bit", "Linear8bitLt")


def _stacks(path: str, module: nn.Module) -> list[Place]:
    """The stacked matrices of a mixture's experts: their rows are outputs, unless the module says otherwise."""
    if path.rpartition(".")[2] != "experts" or getattr(module, "is_transposed", False):
        return []
    return [
        Place(path, f"experts.{name}", inputs=p.shape[2], outputs=p.shape[1], experts=p.shape[0])
        for name, p in module.named_parameters(recurse=False)
        if p.dim() == _STACK
    ]


def head(causal: Any) -> tuple[Any, Callable[[Tensor], Tensor]]:
    """The model without its vocabulary projection, and the projection of last hidden states [..., d] to logits
    [..., V], with the scale and the soft cap that some families put on them."""
    config = causal.config.get_text_config()
    backbone, projection = getattr(causal, causal.base_model_prefix), causal.get_output_embeddings()
    scale = float(getattr(config, "logit_scale", None) or 1.0) / float(getattr(config, "logits_scaling", None) or 1.0)
    cap = getattr(config, "final_logit_softcapping", None)

    def project(states: Tensor) -> Tensor:
        logits = projection(states)
        if scale != 1.0:
            logits = logits * scale
        return torch.tanh(logits / cap) * cap if cap else logits

    return backbone, project


def context_length(config: Any) -> int:
    """Most tokens that a model reads. Where rotations change with the length of the whole (`longrope`, `dynamic`), the
    length up to which they do not: beyond it a token's log-probability would depend on what follows."""
    config = config.get_text_config()
    longest = int(getattr(config, "max_position_embeddings", 0) or 2048)
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") in ("longrope", "dynamic"):
        first = rope.get("original_max_position_embeddings") or getattr(config, "original_max_position_embeddings", 0)
        return int(first or longest)
    return longest


def blocks(causal: nn.Module) -> tuple[Any, ...]:
    """The blocks of a model that can be checkpointed: their inputs are kept, the rest is computed again. Raises
    EngineError when it has none."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    found = tuple(m for m in causal.modules() if isinstance(m, GradientCheckpointingLayer))
    if not found:
        raise EngineError("This model's blocks cannot be checkpointed; use gradient_checkpointing=false.")
    return found


@contextmanager
def checkpointing(blocks: Sequence[Any]) -> Iterator[None]:
    """Blocks checkpoint within a `with`. The switch of transformers is not used: it would drop the cache of sampling,
    and only the blocks are set to training, not what is in them, so that dropout stays off."""
    again = partial(torch.utils.checkpoint.checkpoint, use_reentrant=False)
    for block in blocks:
        block.gradient_checkpointing, block.training, block._gradient_checkpointing_func = True, True, again
    try:
        yield
    finally:
        for block in blocks:
            block.gradient_checkpointing = block.training = False
