"""UWSH's modes of every layer as a folder: found once from adapters, read by each task that trains between them.

    modes.json           the base model, rank, scale and target modules that go with it
    modes.safetensors    `MODULE.in` [D_in, K] and `MODULE.out` [D_out, K], orthonormal; the mean change as LoRA factors,
                         `MODULE.mean_a` [M, D_in] and `MODULE.mean_b` [D_out, M]; float32

A task is its cores, [K, K] a layer: ΔW = scale·(mean_b·mean_a + out·core·inᵀ). The mathematics is in `uwsh.py`.
Where we depart: the mean is kept by its strongest K directions, so that what is trained is an ordinary LoRA.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from continualcode.engine.adapter import new_folder
from continualcode.sleep.consolidated import ConsolidateError, Source
from continualcode.sleep.share import Factors
from continualcode.sleep.subspace import Keep, random_basis
from continualcode.sleep.uwsh import hosvd

DIRECTIONS = 16  # K: of a side, and of the mean


@dataclass(frozen=True)
class LayerModes:
    """A layer's directions, and the mean change as factors (of rank 0 where there is none)."""

    in_IK: Tensor
    out_OK: Tensor
    mean: Factors


@dataclass(frozen=True)
class SavedModes:
    """A folder that was read."""

    folder: Path
    scale: float
    targets: tuple[str, ...]
    layers: Mapping[str, LayerModes]

    @property
    def bytes(self) -> int:
        return (self.folder / "modes.safetensors").stat().st_size


def find_modes(sources: Sequence[Source], folder: Path) -> SavedModes:
    """The modes of some adapters of one kind, into a folder that is not there yet."""
    kind = sources[0].kind
    scale = kind.alpha / kind.rank

    def layer(module: str) -> LayerModes:
        def adapters() -> Iterable[Factors]:
            return (source.factors(module) for source in sources)

        found = hosvd(adapters, Keep(1.0, DIRECTIONS))
        left, values, right = torch.linalg.svd(found.mean_OI, full_matrices=False)
        root = values[:DIRECTIONS].sqrt()
        mean = (root[:, None] * right[:DIRECTIONS], left[:, :DIRECTIONS] * root)
        return LayerModes(found.inner.vectors_DK, found.outer.vectors_DK, mean)

    return _write(folder, kind.base, scale, kind.targets, kind.modules, layer)


def random_modes(like: SavedModes, folder: Path, seed: int) -> SavedModes:
    """As many directions, drawn at random, and no mean: the control."""
    base = json.loads((like.folder / "modes.json").read_text(encoding="utf-8"))["base"]
    number = {module: n for n, module in enumerate(like.layers)}

    def layer(module: str) -> LayerModes:
        known, at = like.layers[module], 2 * (seed * len(number) + number[module])
        inner, outer = (random_basis(*v.shape, seed=at + n) for n, v in enumerate((known.in_IK, known.out_OK)))
        return LayerModes(inner, outer, (known.mean[0][:0], known.mean[1][:, :0]))

    return _write(folder, base, like.scale, like.targets, like.layers, layer)


def _write(
    folder: Path, base: str, scale: float, targets: Sequence[str], modules: Iterable[str],
    layer: Callable[[str], LayerModes],
) -> SavedModes:  # fmt: skip
    layers = {module: layer(module) for module in modules}
    tensors: dict[str, Tensor] = {}
    for module, x in layers.items():
        named = {"in": x.in_IK, "out": x.out_OK, "mean_a": x.mean[0], "mean_b": x.mean[1]}
        tensors |= {f"{module}.{part}": t.float().contiguous() for part, t in named.items()}
    with new_folder(folder) as partial:
        save_file(tensors, str(partial / "modes.safetensors"))
        told = {"base": base, "scale": scale, "targets": list(targets)}
        (partial / "modes.json").write_text(json.dumps(told, indent=1))
    return SavedModes(folder, scale, tuple(targets), layers)


def read_modes(folder: Path, base_hash: str) -> SavedModes:
    """A folder of modes. Raises ConsolidateError when it is broken, or was made for another base model."""
    try:
        told: dict[str, Any] = json.loads((folder / "modes.json").read_text(encoding="utf-8"))
        tensors = load_file(str(folder / "modes.safetensors"))
        modules = [name.removesuffix(".in") for name in tensors if name.endswith(".in")]
        parts = {m: [tensors[f"{m}.{part}"] for part in ("in", "out", "mean_a", "mean_b")] for m in modules}
        layers = {m: LayerModes(inner, outer, (a, b)) for m, (inner, outer, a, b) in parts.items()}
        scale, targets, base = float(told["scale"]), tuple(told["targets"]), told["base"]
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ConsolidateError(f"The modes in {folder} are broken ({error}); make them anew.") from None
    if base != base_hash:
        raise ConsolidateError(f"The modes in {folder} were made for another base model; load that model, or others.")
    return SavedModes(folder, scale, targets, layers)


def write_cores(modes: SavedModes, factors: Callable[[str], Factors], file: Path) -> int:
    """What a task trained, as `MODULE` [K, K] float32: the cores of an adapter whose last K rows are its block. Returns
    the file's bytes."""
    cores: dict[str, Tensor] = {}
    for module, layer in modes.layers.items():
        k = layer.in_IK.shape[1]
        b_OK = factors(module)[1][:, -DIRECTIONS:][:, :k]
        cores[module] = (layer.out_OK.to(b_OK).T @ b_OK).contiguous()
    save_file(cores, str(file))
    return file.stat().st_size
