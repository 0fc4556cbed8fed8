"""Last hidden states of small Qwen3 models with a LoRA on a CPU, with gradient: whole sequences, or completions alone.

`whole` is exact: the numbers and the gradient of transformers and peft, with less work. The adapter's A matrices that
read the same input are one product, and the last layer asks, attends and projects on completion positions only.
`completions` reads prompts without gradient, or finds their keys and values in a cache, and lets the gradient go
through completion positions only. The loss is the same; the gradient lacks the part that goes through the prompt's
keys and values. With a prompt of one token nothing is lacking.
For the models of `qwen3.fits`; no dropout.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from continualcode.engine.prompt_cache import Prefix, PromptCache, digest
from continualcode.engine.qwen3 import turn

Pair = tuple[Sequence[int], Sequence[int]]  # prompt ids, completion ids
Weights = tuple[Tensor, tuple[Tensor, Tensor, float] | None]  # a layer's own, and what a LoRA puts on it: A, B, scale
LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class Qwen3States:
    """Holds references to the model's tensors, no copies; the adapter is read anew by every call."""

    def __init__(self, causal: Any, cache: PromptCache) -> None:
        config, model = causal.config, causal.model
        self.causal, self.cache = causal, cache
        self.eps, self.size = config.rms_norm_eps, config.head_dim
        self.heads, self.groups = config.num_attention_heads, config.num_key_value_heads
        self.inverse = model.rotary_emb.inv_freq.float()
        self.embedding, self.last_norm = model.embed_tokens.weight, model.norm.weight

    def whole(self, pairs: Sequence[Pair]) -> Tensor:
        """Last hidden states that predict each completion token, sequence after sequence [N, d]; exact."""
        return self._read(pairs, None)

    def completions(self, pairs: Sequence[Pair], reach: int = 0) -> Tensor:
        """As `whole`, but prompts are constants up to their last token and `reach` tokens before it."""
        weights = self._digest()
        return self._read(pairs, [self._prefix(weights, tuple(p[: max(0, len(p) - 1 - reach)])) for p, _ in pairs])

    def _read(self, pairs: Sequence[Pair], prefixes: Sequence[Prefix] | None) -> Tensor:
        """Read what follows the prefixes; rows are padded on the right, prefixes on the left."""
        if not any(ids for _, ids in pairs):
            return self.embedding.new_empty(0, self.embedding.shape[1])
        lengths = [p.length for p in prefixes] if prefixes else [0] * len(pairs)
        rows = [[*prompt, *ids][n:-1] for (prompt, ids), n in zip(pairs, lengths, strict=True)]
        ahead, width, before_B = max(lengths), max(map(len, rows)), torch.tensor(lengths)
        x = F.embedding(torch.tensor([row + [0] * (width - len(row)) for row in rows]), self.embedding)
        cos, sin = (t[:, None] for t in self._turns(before_B[:, None] + torch.arange(width)))
        at_B_T, real_B_T = _places([len(p) - 1 - n for (p, _), n in zip(pairs, lengths, strict=True)], pairs)
        each = torch.arange(len(pairs))[:, None]
        seen = _seen(before_B, torch.arange(width).expand(len(pairs), -1), width) if ahead else None
        layers = self._layers()
        for i, layer in enumerate(layers):
            h = F.rms_norm(x, x.shape[-1:], layer["norm_in"], self.eps)
            k, v = self._keys(layer, h, cos, sin)
            if ahead and prefixes:
                k = torch.cat([torch.stack([_padded(p.keys[i], ahead) for p in prefixes]), k], 2)
                v = torch.cat([torch.stack([_padded(p.values[i], ahead) for p in prefixes]), v], 2)
            if i + 1 < len(layers):
                found = self._attend(self._queries(layer, h, cos, sin), k, v, seen)
            else:  # from here on only what predicts the completion is asked for
                q = self._queries(layer, h[each, at_B_T], cos[each, 0, at_B_T][:, None], sin[each, 0, at_B_T][:, None])
                found, x = self._attend(q, k, v, _seen(before_B, at_B_T, width)), x[each, at_B_T]
            x = self._rest(layer, x, found)
        return F.rms_norm(x, x.shape[-1:], self.last_norm, self.eps)[real_B_T]

    @torch.no_grad()
    def _prefix(self, weights: bytes, ids: tuple[int, ...]) -> Prefix:
        """Keys and values of these tokens: those that were kept, and one forward pass over the rest."""
        held = self.cache.longest(weights, ids) if ids else None
        if held is not None and held.length == len(ids):
            return held
        start = held.length if held is not None else 0
        shape = (len(self.causal.model.layers), self.groups, len(ids), self.size)
        prefix = Prefix(torch.empty(shape), torch.empty(shape))
        if not ids:
            return prefix
        if held is not None:
            prefix.keys[:, :, :start], prefix.values[:, :, :start] = held.keys, held.values
        x = F.embedding(torch.tensor([ids[start:]]), self.embedding)
        cos, sin = self._turns(torch.arange(start, len(ids)))
        seen = torch.ones(len(ids) - start, len(ids), dtype=torch.bool).tril(start) if start else None
        layers = self._layers()
        for i, layer in enumerate(layers):
            h = F.rms_norm(x, x.shape[-1:], layer["norm_in"], self.eps)
            k, v = self._keys(layer, h, cos, sin)
            prefix.keys[i, :, start:], prefix.values[i, :, start:] = k[0], v[0]
            if i + 1 < len(layers):
                found = self._attend(
                    self._queries(layer, h, cos, sin), prefix.keys[None, i], prefix.values[None, i], seen
                )
                x = self._rest(layer, x, found)
        self.cache.put(weights, ids, prefix)
        return prefix

    @torch.inference_mode(False)  # what is made in inference mode could not be trained on
    def keep(self, ids_B_L: Tensor, mask_B_L: Tensor, keys: Tensor, values: Tensor) -> None:
        """Take over what a decoder read of left-padded prompts with the weights as they are now, copied:
        keys and values [layers, B, groups, L, head size]. More than the cache holds is left."""
        if 2 * keys.numel() * keys.element_size() > self.cache.most_bytes:
            return
        weights = self._digest()
        for row, real_L in enumerate(mask_B_L.bool()):
            prefix = Prefix(keys[:, row, :, real_L].clone(), values[:, row, :, real_L].clone())
            self.cache.put(weights, ids_B_L[row][real_L].tolist(), prefix)

    def _digest(self) -> bytes:
        """Which weights read now; one and the same for the base model and an adapter that changes nothing."""
        found = [w[1] for layer in self._layers() for name, w in layer.items() if name in LAYERS and w[1] is not None]
        if not any(bool(b.any()) for _, b, _ in found):
            return b""
        return digest(t for a, b, _ in found for t in (a, b))

    # -- the layers

    def _layers(self) -> list[dict[str, Any]]:
        """The tensors of each layer by name, with the adapter's as they are now."""
        out: list[dict[str, Any]] = []
        for layer in self.causal.model.layers:
            attention, mlp = layer.self_attn, layer.mlp
            tensors: dict[str, Any] = {
                "norm_in": layer.input_layernorm.weight,
                "norm_mid": layer.post_attention_layernorm.weight,
                "q_norm": attention.q_norm.weight,
                "k_norm": attention.k_norm.weight,
            }
            tensors |= {name: _weights(getattr(attention, name)) for name in LAYERS[:4]}
            tensors |= {name: _weights(getattr(mlp, name)) for name in LAYERS[4:]}
            out.append(tensors)
        return out

    def _turns(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines of positions [...] → [..., head size]."""
        angles = positions.float()[..., None] * self.inverse
        return torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)

    def _split(self, x: Tensor, heads: int) -> Tensor:
        return x.unflatten(-1, (heads, self.size)).transpose(1, 2)

    def _keys(self, layer: dict[str, Any], h: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor]:
        k, v = _linear(h, layer["k_proj"], layer["v_proj"])
        k = F.rms_norm(self._split(k, self.groups), (self.size,), layer["k_norm"], self.eps)
        return turn(k, cos, sin), self._split(v, self.groups)

    def _queries(self, layer: dict[str, Any], h: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        (q,) = _linear(h, layer["q_proj"])
        return turn(F.rms_norm(self._split(q, self.heads), (self.size,), layer["q_norm"], self.eps), cos, sin)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None) -> Tensor:
        """[B, heads, T, size] over [B, groups, S, size] → [B, T, heads·size]; without `seen` causal."""
        if self.groups != self.heads:
            k, v = (t.repeat_interleave(self.heads // self.groups, 1) for t in (k, v))
        found = F.scaled_dot_product_attention(q, k, v, attn_mask=seen, is_causal=seen is None)
        return found.transpose(1, 2).flatten(2)

    def _rest(self, layer: dict[str, Any], x: Tensor, found: Tensor) -> Tensor:
        """What follows attention in a layer."""
        x = x + _linear(found, layer["o_proj"])[0]
        h = F.rms_norm(x, x.shape[-1:], layer["norm_mid"], self.eps)
        gate, up = _linear(h, layer["gate_proj"], layer["up_proj"])
        return x + _linear(F.silu(gate) * up, layer["down_proj"])[0]


def _weights(module: Any) -> Weights:
    """A linear layer's own weight and the adapter on it, when it has one that is switched on."""
    if not hasattr(module, "lora_A"):
        return module.weight, None
    (name,) = module.active_adapters
    adapter = (module.lora_A[name].weight, module.lora_B[name].weight, float(module.scaling[name]))
    return module.base_layer.weight, None if module.disable_adapters else adapter


def _linear(x: Tensor, *layers: Weights) -> list[Tensor]:
    """What some layers make of the same input [B, T, d]; their A matrices are one product."""
    flat = x.reshape(-1, x.shape[-1])
    adapters = [adapter for _, adapter in layers if adapter is not None]
    down = F.linear(flat, torch.cat([a for a, _, _ in adapters])) if len(adapters) > 1 else None
    parts = iter(down.split([a.shape[0] for a, _, _ in adapters], -1) if down is not None else ())
    out: list[Tensor] = []
    for weight, adapter in layers:
        y = F.linear(flat, weight)
        if adapter is not None:
            a, b, scale = adapter
            y = torch.addmm(y, next(parts) if down is not None else F.linear(flat, a), b.t(), alpha=scale)
        out.append(y.view(*x.shape[:-1], -1))
    return out


def _places(first: Sequence[int], pairs: Sequence[Pair]) -> tuple[Tensor, Tensor]:
    """Where in each row the states stand that predict its completion [B, T] (the first at `first`), and which of
    these places are real; the others repeat the last one."""
    lengths = torch.tensor([len(ids) for _, ids in pairs])[:, None]
    steps = torch.arange(int(lengths.max()))
    return torch.tensor(first)[:, None] + torch.minimum(steps, (lengths - 1).clamp(min=0)), steps < lengths


def _seen(before_B: Tensor, at_B_T: Tensor, width: int) -> Tensor:
    """Which keys the places `at_B_T` of each row see [B, 1, T, longest prefix + width]: all of their prefix (which
    stands at the right of the longest), and of the row itself what is not after them."""
    ahead = int(before_B.max())
    prefix_B_S = torch.arange(ahead) >= ahead - before_B[:, None]
    own_B_T_S = torch.arange(width) <= at_B_T[..., None]
    return torch.cat([prefix_B_S[:, None].expand(-1, at_B_T.shape[1], -1), own_B_T_S], -1)[:, None]


def _padded(x: Tensor, length: int) -> Tensor:
    """[groups, P, size] → [groups, length, size], zeros first."""
    return F.pad(x, (0, 0, length - x.shape[1], 0))
