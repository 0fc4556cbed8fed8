"""A lean decoder for small Qwen3 models on a CPU: the same numbers as transformers, without its overhead a token.

For a model of a few million parameters nearly all of a decoding step is Python around tiny tensors. Here the adapter
is folded into copies of the projections (q, k, v in one matrix; gate and up in one), rotary tables are made once, and
the key/value cache is preallocated. A decoder is made for each call of `sample`; copies are made anew when a tensor of
the adapter has changed, so that a training step in between is always seen. A lone sequence is decoded by
`qwen3_kernel`, where rustc is there to compile it and torch has one thread.
Only dense Qwen3 without sliding windows, biases or scaled rotations, in float32; all else takes the general decoder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor

from continualcode.engine import qwen3_kernel

MOST_PARAMETERS = 100_000_000  # beyond, copies cost more than overhead saves


@dataclass(frozen=True)
class _Layer:
    norm_in: Tensor
    qkv: Tensor
    q_norm: Tensor
    k_norm: Tensor
    out: Tensor
    norm_mid: Tensor
    gate_up: Tensor
    down: Tensor


def fits(causal: Any) -> bool:
    """Whether this decoder can stand in for the model."""
    config = causal.config
    rope = getattr(config, "rope_parameters", None) or {}
    return (
        config.model_type == "qwen3"
        and causal.device.type == "cpu"
        and causal.dtype == torch.float32
        and not config.attention_bias
        and config.hidden_act == "silu"
        and rope.get("rope_type", "default") == "default"
        and all(kind == "full_attention" for kind in config.layer_types)
        and sum(p.numel() for p in causal.parameters()) <= MOST_PARAMETERS
    )


def _folded(module: Any) -> Tensor:
    """A linear layer's weight with its adapter, when it has one that is switched on."""
    if not hasattr(module, "lora_A"):
        return module.weight
    weight = module.base_layer.weight
    if module.disable_adapters or module.merged:
        return weight
    for name in module.active_adapters:
        weight = weight + module.scaling[name] * (module.lora_B[name].weight @ module.lora_A[name].weight)
    return weight


def _layer(layer: Any) -> _Layer:
    """Copies with the adapter folded in, and the norms themselves."""
    attention, mlp = layer.self_attn, layer.mlp
    return _Layer(
        norm_in=layer.input_layernorm.weight,
        qkv=torch.cat([_folded(attention.q_proj), _folded(attention.k_proj), _folded(attention.v_proj)]),
        q_norm=attention.q_norm.weight,
        k_norm=attention.k_norm.weight,
        out=_folded(attention.o_proj),
        norm_mid=layer.post_attention_layernorm.weight,
        gate_up=torch.cat([_folded(mlp.gate_proj), _folded(mlp.up_proj)]),
        down=_folded(mlp.down_proj),
    )


@dataclass(frozen=True)
class _Made:
    """Folded layers, and what they were made of: the base's tensors by place and version, the LoRA's by content."""

    base: list[tuple[int, int]]
    scales: list[float | None]  # of a layer's adapters; None: it has none that is switched on
    lora: list[Tensor]
    layers: list[_Layer]


_made: WeakKeyDictionary[Any, _Made] = WeakKeyDictionary()


def _layers(causal: Any) -> list[_Layer]:
    """A model's layers with the adapter folded in, as they are now. Content is compared, because weights are swapped in
    under the same name (`Adapter.holding`), which no version counter shows."""
    base: list[tuple[int, int]] = []
    scales: list[float | None] = []
    lora: list[Tensor] = []
    for layer in causal.model.layers:
        for module in (*layer.self_attn.children(), *layer.mlp.children()):
            weight = getattr(getattr(module, "base_layer", module), "weight", None)
            if weight is not None:
                base.append((weight.data_ptr(), weight._version))
            if hasattr(module, "lora_A") and not module.disable_adapters and not module.merged:
                for name in module.active_adapters:
                    scales.append(float(module.scaling[name]))
                    lora += [module.lora_A[name].weight.detach(), module.lora_B[name].weight.detach()]
            else:
                scales.append(None)
    held = _made.get(causal)
    if (
        held is None
        or (held.base, held.scales) != (base, scales)
        or not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(held.lora, lora, strict=True))
    ):
        layers = [_layer(layer) for layer in causal.model.layers]
        held = _made[causal] = _Made(base, scales, [t.clone() for t in lora], layers)
    return held.layers


class Qwen3Decoder:
    """See `sampling.Decoder`. `on_prompts` is shown the prompts once they are read: ids and mask [B, L],
    keys and values [layers, B, groups, L, head size], valid for the time of the call."""

    def __init__(self, causal: Any, on_prompts: Callable[[Tensor, Tensor, Tensor, Tensor], None] | None = None) -> None:
        self.on_prompts = on_prompts
        config, model = causal.config, causal.model
        self.eps, self.size = config.rms_norm_eps, config.head_dim
        self.heads, self.groups = config.num_attention_heads, config.num_key_value_heads
        self.embedding, self.last_norm, self.head = model.embed_tokens.weight, model.norm.weight, causal.lm_head.weight
        self.inverse = model.rotary_emb.inv_freq.float()
        self.layers = _layers(causal)
        self.kernel = qwen3_kernel.of(causal) if torch.get_num_threads() == 1 else None

    def prefill(self, ids_B_L: Tensor, mask_B_L: Tensor, new_tokens: int) -> Tensor:
        """See `sampling.Decoder`."""
        rows, length = ids_B_L.shape
        shape = (len(self.layers), rows, self.groups, length + new_tokens, self.size)
        self.keys, self.values = torch.empty(shape), torch.empty(shape)
        self.length = 0
        angles = torch.arange(length + new_tokens).float()[:, None] * self.inverse
        self.cos, self.sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
        padding = mask_B_L == 0
        self.padded = bool(padding.any())
        self.blocked = F.pad(padding, (0, new_tokens))
        positions = (mask_B_L.cumsum(1) - 1).clamp(min=0)
        self.position = positions[:, -1] + 1
        mask = None
        if self.padded:
            causal = torch.ones(length, length, dtype=torch.bool).tril()
            mask = (causal & ~padding[:, None, :] | torch.eye(length, dtype=torch.bool))[:, None]
        logits = self._forward(ids_B_L, self.cos[positions][:, None], self.sin[positions][:, None], mask)
        if self.on_prompts is not None:
            self.on_prompts(ids_B_L, mask_B_L, self.keys[..., :length, :], self.values[..., :length, :])
        return logits

    def step(self, ids_B: Tensor) -> Tensor:
        """See `sampling.Decoder`."""
        if self.kernel is not None and len(ids_B) == 1 and not self.padded:
            at, self.length = self.length, self.length + 1
            return self.kernel(int(ids_B[0]), self.cos[at], self.sin[at], self.keys, self.values, at)
        cos, sin = self.cos[self.position][:, None, None], self.sin[self.position][:, None, None]
        mask = ~self.blocked[:, None, None, : self.length + 1] if self.padded else None
        self.position = self.position + 1
        return self._forward(ids_B[:, None], cos, sin, mask)

    def keep(self, rows: Tensor) -> None:
        """See `sampling.Decoder`."""
        used = self.length
        keys, values = self.keys[:, rows], self.values[:, rows]
        self.keys, self.values, self.length = keys, values, used
        self.blocked, self.position = self.blocked[rows], self.position[rows]

    def _forward(self, ids: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None) -> Tensor:
        rows, new = ids.shape
        end = self.length + new
        q_heads, kv_heads, size, eps = self.heads, self.groups, self.size, self.eps
        x = F.embedding(ids, self.embedding)
        for i, layer in enumerate(self.layers):
            h = F.rms_norm(x, x.shape[-1:], layer.norm_in, eps)
            mixed = F.linear(h, layer.qkv).view(rows, new, q_heads + 2 * kv_heads, size).transpose(1, 2)
            k = turn(F.rms_norm(mixed[:, q_heads : q_heads + kv_heads], (size,), layer.k_norm, eps), cos, sin)
            keys, values = self.keys[i], self.values[i]
            keys[:, :, self.length : end] = k
            values[:, :, self.length : end] = mixed[:, q_heads + kv_heads :]
            q = mixed[:, :q_heads]
            if i + 1 == len(self.layers) and new > 1:  # from here on only the next token is asked for
                q, x, cos, sin = q[:, :, -1:], x[:, -1:], cos[..., -1:, :], sin[..., -1:, :]
                mask = mask[..., -1:, :] if mask is not None else None
            found = F.scaled_dot_product_attention(
                turn(F.rms_norm(q, (size,), layer.q_norm, eps), cos, sin), keys[:, :, :end], values[:, :, :end],
                attn_mask=mask, is_causal=mask is None and q.shape[2] > 1, enable_gqa=True,
            )  # fmt: skip
            x = x + F.linear(found.transpose(1, 2).flatten(2), layer.out)
            h = F.rms_norm(x, x.shape[-1:], layer.norm_mid, eps)
            gate, up = F.linear(h, layer.gate_up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        self.length = end
        return F.linear(F.rms_norm(x[:, -1], x.shape[-1:], self.last_norm, eps), self.head)


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position: halves swapped, the second negated."""
    half = x.shape[-1] // 2
    return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin
