"""Keys and values of prompts that were read, found again by the weights that read them and by their tokens.

An entry serves every prompt that begins like it, up to where they part: attention looks back only, so what stands
before a token never depends on what follows. Weights are known by a digest of their content, so that nothing has to be
told when they change. Bounded in bytes; what was not used for longest goes first.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

MOST_BYTES = 2**28


@dataclass(frozen=True)
class Prefix:
    """Keys (rotated) and values of a prompt's tokens in every layer, each [layers, groups, P, head size], float32,
    without gradient."""

    keys: Tensor
    values: Tensor

    @property
    def length(self) -> int:
        return self.keys.shape[2]

    @property
    def bytes(self) -> int:
        return 2 * self.keys.numel() * self.keys.element_size()

    def first(self, length: int) -> Prefix:
        """The first so many tokens (views)."""
        return Prefix(self.keys[:, :, :length], self.values[:, :, :length])


class PromptCache:
    """Prefixes by weights and ids; `most_bytes` bounds what is held."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._held: OrderedDict[tuple[bytes, bytes], tuple[np.ndarray, Prefix]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def put(self, weights: bytes, ids: Sequence[int], prefix: Prefix) -> None:
        """Keep the prefix of all of `ids`. One that is larger than the bound by itself is not kept."""
        key = (weights, _array(ids).tobytes())
        if prefix.bytes > self.most_bytes:
            return
        if key in self._held:
            self.bytes -= self._held.pop(key)[1].bytes
        self._held[key] = (_array(ids), prefix)
        self.bytes += prefix.bytes
        while self.bytes > self.most_bytes:
            self.bytes -= self._held.popitem(last=False)[1][1].bytes

    def longest(self, weights: bytes, ids: Sequence[int]) -> Prefix | None:
        """The longest beginning of `ids` that these weights have read; None when not even the first token was."""
        wanted, best, length = _array(ids), None, 0
        for key, (held, _) in self._held.items():
            if key[0] != weights:
                continue
            n = min(len(held), len(wanted))
            parts = np.flatnonzero(held[:n] != wanted[:n])
            alike = int(parts[0]) if len(parts) else n
            if alike > length:
                best, length = key, alike
        if best is None:
            return None
        self._held.move_to_end(best)
        return self._held[best][1].first(length)


def digest(tensors: Iterable[Tensor]) -> bytes:
    """16 bytes that are equal when the tensors' contents are (CPU, float32)."""
    found = hashlib.blake2b(digest_size=16)
    for tensor in tensors:
        found.update(tensor.detach().contiguous().view(torch.uint8).numpy().data)
    return found.digest()


def _array(ids: Sequence[int]) -> np.ndarray:
    return np.asarray(ids, dtype=np.int64)
