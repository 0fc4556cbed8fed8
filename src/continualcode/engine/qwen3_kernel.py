"""One decoding step in machine code: `qwen3_step.rs`, compiled here by the rustc that checks the tasks.

Torch spends more time calling than computing on a model of a few million parameters, and reads float32 where the
weights were bfloat16. The step in Rust does neither. A LoRA stays beside its matrix, unrounded. Compiled once a machine, into the
user's cache; where there is no compiler, torch decodes as before.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn.functional import pad

TILE = 64  # rows, as in qwen3_step.rs
SECONDS = 120  # for the compiler


class _Matrix(ctypes.Structure):
    _fields_ = [
        ("weight", ctypes.c_void_p),
        ("rows", ctypes.c_uint64),
        ("cols", ctypes.c_uint64),
        ("a", ctypes.c_void_p),
        ("b", ctypes.c_void_p),
        ("rank", ctypes.c_uint64),
    ]


_NORMS = ("norm_in", "norm_mid", "q_norm", "k_norm")
_MATRICES = ("q", "k", "v", "o", "gate", "up", "down")


class _Layer(ctypes.Structure):
    _fields_ = [*((name, ctypes.c_void_p) for name in _NORMS), *((name, _Matrix) for name in _MATRICES)]


class _Model(ctypes.Structure):
    _fields_ = [
        ("layers", ctypes.POINTER(_Layer)),
        *((name, ctypes.c_uint64) for name in ("count", "width", "heads", "groups", "size", "narrow")),
        ("eps", ctypes.c_double),
        ("embedding", ctypes.c_void_p),
        ("last_norm", ctypes.c_void_p),
        ("head", _Matrix),
    ]


@lru_cache(maxsize=1)
def library() -> Any:
    """The compiled step, None where it cannot be compiled. Rust before 1.63 or none at all, a read-only home: torch."""
    from continualcode.rust.toolchain import ToolchainError, find

    source = Path(__file__).with_name("qwen3_step.rs")
    try:
        rustc = find()
        machine = f"{rustc.identity}\n{platform.machine()}\n{_processor()}"
        name = hashlib.sha256(source.read_bytes() + machine.encode()).hexdigest()[:24]
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "continualcode" / "kernels"
        file = cache / f"{name}.so"
        if not file.is_file():
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache) as partial:
                made = Path(partial) / file.name
                options = ["--edition", "2021", "--crate-type", "cdylib", "-C", "opt-level=3", "-C", "panic=abort"]
                subprocess.run(
                    [str(rustc.rustc), *options, "-C", "target-cpu=native", "-o", str(made), str(source)],
                    check=True, capture_output=True, timeout=SECONDS,
                )  # fmt: skip
                made.replace(file)
        step = ctypes.CDLL(str(file)).qwen3_step
    except (ToolchainError, OSError, subprocess.SubprocessError, AttributeError):
        return None
    step.restype = None
    step.argtypes = [
        ctypes.POINTER(_Model), ctypes.c_uint64, *[ctypes.c_void_p] * 4, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_void_p,
    ]  # fmt: skip
    return step


def _processor() -> str:
    """What the processor can do: code for another one must not run here."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return "\n".join(dict.fromkeys(x for x in lines if x.startswith(("model name", "flags", "Features"))))


class Kernel:
    """The step over a model's weights and its LoRA as they are now. Holds every buffer that the step reads."""

    def __init__(self, causal: Any, step: Any) -> None:
        config, model = causal.config, causal.model
        self._step, self._held = step, list[Tensor]()
        packed = _pack(causal)
        layers = (_Layer * len(model.layers))()
        for layer, own in zip(layers, model.layers, strict=True):
            attention = own.self_attn
            norms = (own.input_layernorm, own.post_attention_layernorm, attention.q_norm, attention.k_norm)
            for name, norm in zip(_NORMS, norms, strict=True):
                setattr(layer, name, self._pointer(norm.weight))
            for name, module in zip(_MATRICES, _linears(own), strict=True):
                setattr(layer, name, self._matrix(packed, module))
        self._layers = layers
        self._model = _Model(
            layers=layers, count=len(layers), width=config.hidden_size, heads=config.num_attention_heads,
            groups=config.num_key_value_heads, size=config.head_dim, narrow=int(packed.narrow), eps=config.rms_norm_eps,
            embedding=self._pointer(model.embed_tokens.weight), last_norm=self._pointer(model.norm.weight),
            head=self._matrix(packed, causal.lm_head),
        )  # fmt: skip
        self.vocabulary = int(causal.lm_head.weight.shape[0])

    def __call__(self, token: int, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, at: int) -> Tensor:
        """Logits [1, V] behind a token at place `at`; cos and sin [size] of its position; keys and values
        [layers, 1, groups, room, size], filled up to `at`, get its own. All float32 and contiguous."""
        logits = torch.empty(1, self.vocabulary)
        self._step(
            self._model, token, cos.data_ptr(), sin.data_ptr(), keys.data_ptr(), values.data_ptr(), at, keys.shape[3],
            logits.data_ptr(),
        )  # fmt: skip
        return logits

    def _pointer(self, tensor: Tensor) -> int:
        self._held.append(tensor.detach().contiguous())
        return self._held[-1].data_ptr()

    def _matrix(self, packed: _Packed, module: Any) -> _Matrix:
        weight = packed.weights[id(_own(module))]
        rows, cols = _own(module).shape
        matrix = _Matrix(weight=self._pointer(weight), rows=rows, cols=cols)
        if hasattr(module, "lora_A") and not module.disable_adapters and not module.merged and module.active_adapters:
            names = module.active_adapters
            a = torch.cat([module.lora_A[n].weight for n in names])
            b = torch.cat([module.scaling[n] * module.lora_B[n].weight for n in names], 1)
            if b.any():
                matrix.a, matrix.b, matrix.rank = self._pointer(a), self._pointer(b.t()), a.shape[0]
        return matrix


def of(causal: Any) -> Kernel | None:
    """The step over a model that `qwen3.fits`, None where it cannot be compiled."""
    step = library()
    return Kernel(causal, step) if step is not None else None


class _Packed:
    """A model's matrices, bfloat16 if all of them are without loss (`narrow`), by the id of their tensors."""

    def __init__(self, tensors: list[Tensor]) -> None:
        self.known = [(t.data_ptr(), t._version) for t in tensors]
        self.narrow = all(torch.equal(t.bfloat16().float(), t) for t in tensors)
        self.weights = {id(t): _tiled(t.detach().bfloat16() if self.narrow else t.detach()) for t in tensors}


def _tiled(weight: Tensor) -> Tensor:
    """[rows, cols] → [tiles, cols, TILE], rows padded with zeros."""
    return pad(weight, (0, 0, 0, -len(weight) % TILE)).unflatten(0, (-1, TILE)).transpose(1, 2).contiguous()


_models: WeakKeyDictionary[Any, _Packed] = WeakKeyDictionary()


def _pack(causal: Any) -> _Packed:
    """Made once a model, and anew when its own weights were changed."""
    tensors = list(dict.fromkeys([*(_own(m) for layer in causal.model.layers for m in _linears(layer)), causal.lm_head.weight]))  # fmt: skip
    packed = _models.get(causal)
    if packed is None or packed.known != [(t.data_ptr(), t._version) for t in tensors]:
        packed = _models[causal] = _Packed(tensors)
    return packed


def _own(module: Any) -> Tensor:
    """A linear layer's own weight, under its adapter when it has one."""
    return getattr(module, "base_layer", module).weight


def _linears(layer: Any) -> Iterator[Any]:
    """The modules of _MATRICES."""
    attention, mlp = layer.self_attn, layer.mlp
    yield from (attention.q_proj, attention.k_proj, attention.v_proj, attention.o_proj)
    yield from (mlp.gate_proj, mlp.up_proj, mlp.down_proj)
