"""Many saved adapters as one folder: a shared basis once, and small coefficients for each adapter by name.

    consolidated.json                what it is: base model, shape, settings, and for each layer what its basis explains
    basis/MODULE.safetensors         `in` [D_in, K_in] and `out` [D_out, K_out], float32, orthonormal columns
    coefficients/NAME.safetensors    `MODULE.in` [K_in, r] and `MODULE.out` [K_out, r], float32, every module

MODULE is PEFT's name of a layer without `.lora_A.weight`; ΔW = (alpha/r)·(out·ε_out)(in·ε_in)ᵀ. Adapters are read
layer by layer from their files, again and again, so that memory does not grow with their number. What is rebuilt is an
ordinary PEFT folder. The mathematics is in `share.py`; the folder is written whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from continualcode.engine.adapter import is_plain, new_folder
from continualcode.errors import UserError
from continualcode.sleep.share import Coefficients, Factors, Layer, find_layer, project, rebuild
from continualcode.sleep.subspace import Basis, Keep

FORMAT = 1
_GROUP = 64  # adapters whose coefficients are in memory together while they are written
_DTYPES = {"F64": torch.float64, "F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


class ConsolidateError(UserError):
    """Adapters that do not go together, or a folder that is not what it should be."""


@dataclass(frozen=True)
class Kind:
    """What adapters must have in common. base: the hash of their base model's weights, or its name where an adapter
    that came from elsewhere has no hash; modules: (D_in, D_out) by PEFT name."""

    base: str
    rank: int
    alpha: float
    targets: tuple[str, ...]
    modules: Mapping[str, tuple[int, int]]

    def difference(self, other: Kind) -> str | None:
        """What sets them apart, first what a user would look for first."""
        if self.base != other.base:
            return f"their base models differ ({_short(self.base)} and {_short(other.base)})"
        for name in ("rank", "alpha", "targets"):
            if getattr(self, name) != getattr(other, name):
                mine, theirs = (",".join(v) if name == "targets" else v for v in (getattr(self, name), getattr(other, name)))  # fmt: skip
                return f"their {'target modules' if name == 'targets' else name + 's'} differ ({mine} and {theirs})"
        if self.modules != other.modules:
            return "they sit on different layers"
        return None


@dataclass(frozen=True)
class Saved:
    """An adapter in a PEFT folder, of which only the header was read."""

    folder: Path
    kind: Kind
    bytes: int
    config: Mapping[str, Any]
    base: Mapping[str, str]
    dtype: str

    @property
    def name(self) -> str:
        return self.folder.name

    def factors(self, module: str) -> Factors:
        """A [r, D_in] and B [D_out, r] of a layer, from disk, as they were saved. Raises ConsolidateError when they
        are not finite: one such adapter would spoil the basis of all."""
        with _opened(self.folder / "adapter_model.safetensors") as file:
            a_RD, b_DR = file.get_tensor(f"{module}.lora_A.weight"), file.get_tensor(f"{module}.lora_B.weight")
        if not (a_RD.isfinite().all() and b_DR.isfinite().all()):
            raise ConsolidateError(f"The adapter at {self.folder} holds numbers that are not finite; leave it out.")
        return a_RD, b_DR


@dataclass(frozen=True)
class Rebuilt:
    """An adapter that a consolidated folder holds: what phase 3 takes for the past."""

    held: Consolidated
    name: str
    bytes: int

    @property
    def kind(self) -> Kind:
        return self.held.kind

    @property
    def config(self) -> Mapping[str, Any]:
        return self.held.note["peft"]

    @property
    def base(self) -> Mapping[str, str]:
        return self.held.note["base"]

    @property
    def dtype(self) -> str:
        return self.held.note["dtype"]

    def factors(self, module: str) -> Factors:
        return rebuild(self.held.layer(module), self.held.coefficients(self.name, module))


@dataclass(frozen=True)
class Size:
    """Bytes on disk: the adapters as they came, the basis, all coefficients."""

    adapters: int
    basis: int
    coefficients: int

    @property
    def ratio(self) -> float:
        """How many times smaller than the adapters, the basis counted."""
        return self.adapters / (self.basis + self.coefficients)

    @property
    def ratio_without_basis(self) -> float:
        """The same for the coefficients alone: what one more adapter costs, not what the folder does."""
        return self.adapters / self.coefficients


@dataclass(frozen=True)
class Consolidated:
    """A consolidated folder that was read: `note` is its consolidated.json."""

    folder: Path
    note: Mapping[str, Any]

    @cached_property
    def kind(self) -> Kind:
        shape = self.note["shape"]
        modules = {name: (layer["d_in"], layer["d_out"]) for name, layer in self.note["layers"].items()}
        return Kind(self.note["base_key"], shape["rank"], shape["alpha"], tuple(shape["targets"]), modules)

    @property
    def names(self) -> tuple[str, ...]:
        """The adapters it holds."""
        return tuple(self.note["adapters"])

    @property
    def keep(self) -> Keep:
        """The settings it was made with."""
        return Keep(**self.note["keep"])

    def layer(self, module: str) -> Layer:
        """A layer's subspace, from disk."""
        told = self.note["layers"][module]
        with _opened(self.folder / "basis" / f"{module}.safetensors") as file:
            inner, outer = file.get_tensor("in"), file.get_tensor("out")
        return Layer(
            *(
                Basis(vectors, torch.tensor(told[side]["variances"], dtype=torch.float64), told[side]["total"])
                for vectors, side in ((inner, "in"), (outer, "out"))
            )
        )

    def coefficients(self, name: str, module: str) -> Coefficients:
        """An adapter's coefficients in a layer, from disk."""
        with _opened(self._file(name)) as file:
            return Coefficients(file.get_tensor(f"{module}.in"), file.get_tensor(f"{module}.out"))

    def adapters(self) -> list[Rebuilt]:
        """Everything it holds, as it would be rebuilt."""
        return [Rebuilt(self, name, size) for name, size in self.note["adapters"].items()]

    def size(self) -> Size:
        """What is saved, with the basis and without it."""
        basis, small = (
            sum(f.stat().st_size for f in (self.folder / part).iterdir()) for part in ("basis", "coefficients")
        )
        return Size(sum(self.note["adapters"].values()), basis, small)

    def reconstruct(self, name: str, folder: Path) -> Path:
        """Write an adapter as an ordinary PEFT folder, which must not be there yet. Raises ConsolidateError for an
        unknown name, EngineError when it cannot be written."""
        self._file(name)
        dtype = _DTYPES[self.note["dtype"]]
        tensors: dict[str, Tensor] = {}
        for module in self.kind.modules:
            a_RD, b_DR = rebuild(self.layer(module), self.coefficients(name, module))
            tensors[f"{module}.lora_A.weight"] = a_RD.to(dtype).contiguous()
            tensors[f"{module}.lora_B.weight"] = b_DR.to(dtype).contiguous()
        with new_folder(folder) as partial:
            (partial / "adapter_config.json").write_text(json.dumps(self.note["peft"], indent=2))
            save_file(tensors, str(partial / "adapter_model.safetensors"), metadata={"format": "pt"})
            if self.note["base"]:
                shape = {**self.note["shape"], "dropout": float(self.note["peft"].get("lora_dropout") or 0.0)}
                told = {"base": self.note["base"], "shape": shape}
                (partial / "continualcode.json").write_text(json.dumps(told, indent=1))
        return folder

    def _file(self, name: str) -> Path:
        if name not in self.note["adapters"]:
            raise ConsolidateError(f"{self.folder} holds no adapter {name}; it has {_some(self.names)}.")
        return self.folder / "coefficients" / f"{name}.safetensors"


Source = Saved | Rebuilt


def find(folder: Path) -> list[Saved]:
    """The adapters in the folders below `folder`, by name. Raises ConsolidateError when there is none, or one of
    them is broken or not a plain LoRA."""
    if not folder.is_dir():
        raise ConsolidateError(f"There is no folder {folder}; give one that holds saved adapters.")
    found = sorted(f.parent for f in folder.glob("*/adapter_config.json"))
    if not found:
        raise ConsolidateError(f"No adapter lies in {folder}; give a folder whose subfolders are saved adapters.")
    first: Saved | None = None
    saved: list[Saved] = []
    for each in found:
        saved.append(open_saved(each, like=first))
        first = first or saved[0]
    return saved


def open_saved(folder: Path, like: Saved | None = None) -> Saved:
    """A saved adapter's header. like: one whose description is shared in memory where it is the same."""
    weights = folder / "adapter_model.safetensors"
    if not weights.is_file():
        raise ConsolidateError(
            f"The adapter at {folder} has no adapter_model.safetensors; pickled adapters are not read."
        )
    try:
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        note = folder / "continualcode.json"
        base = json.loads(note.read_text(encoding="utf-8"))["base"] if note.is_file() else {}
        with safe_open(str(weights), framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
            dtype = file.get_slice(next(iter(shapes))).get_dtype()
        modules = {
            name.removesuffix(".lora_A.weight"): (
                shape[1],
                shapes[name.replace(".lora_A.weight", ".lora_B.weight")][0],
            )
            for name, shape in shapes.items()
            if name.endswith(".lora_A.weight")
        }
        base_key = base["hash"] if base else f"name:{config.get('base_model_name_or_path')}"
        targets = config["target_modules"]
        kind = Kind(base_key, int(config["r"]), float(config["lora_alpha"]), tuple(sorted(targets)), modules)
    except (OSError, ValueError, KeyError, IndexError, TypeError, StopIteration, SafetensorError) as error:
        raise ConsolidateError(f"The adapter at {folder} is broken ({error}); leave it out.") from None
    expected = {f"{m}.lora_A.weight": (kind.rank, d_in) for m, (d_in, _) in modules.items()}
    expected |= {f"{m}.lora_B.weight": (d_out, kind.rank) for m, (_, d_out) in modules.items()}
    if not is_plain(config) or shapes != expected or dtype not in _DTYPES:
        raise ConsolidateError(
            f"The adapter at {folder} is not a plain LoRA; export it as one (no bias, DoRA or rank patterns)."
        )
    if like is not None and like.kind == kind:
        kind, config, base = like.kind, like.config, like.base
    return Saved(folder, kind, weights.stat().st_size, config, base, dtype)


def consolidate(
    sources: Sequence[Source],
    folder: Path,
    keep: Keep = Keep(),  # noqa: B008 (frozen)
    *,
    dtype: torch.dtype | None = None,
    progress: Callable[[str, int, int], None] = lambda stage, done, of: None,
) -> Consolidated:
    """Phase 1 into a folder that is not there yet. progress: (stage, done, of). Raises ConsolidateError when the
    adapters do not go together, EngineError when the folder cannot be written."""
    _require_alike(sources)
    first = sources[0]
    layers: dict[str, Any] = {}
    with new_folder(folder) as partial:
        (partial / "basis").mkdir()
        (partial / "coefficients").mkdir()
        for n, module in enumerate(first.kind.modules):
            layer = find_layer(lambda m=module: (s.factors(m) for s in sources), len(sources), keep, dtype)
            layers[module] = _write_layer(layer, module, first.kind.modules[module], partial)
            progress("basis", n + 1, len(first.kind.modules))
        note = {
            "format": FORMAT,
            "base": dict(first.base),
            "base_key": first.kind.base,
            "shape": {"rank": first.kind.rank, "alpha": first.kind.alpha, "targets": list(first.kind.targets)},
            "dtype": first.dtype,
            "keep": asdict(keep),
            "adapters": {s.name: s.bytes for s in sources},
            "layers": layers,
            "peft": dict(first.config),
        }
        done = Consolidated(partial, note)
        for at in range(0, len(sources), _GROUP):
            _write_coefficients(done, sources[at : at + _GROUP])
            progress("coefficients", min(at + _GROUP, len(sources)), len(sources))
        (partial / "consolidated.json").write_text(json.dumps(note, indent=1))
    return Consolidated(folder, note)


def merge(
    held: Consolidated, new: Iterable[Source], folder: Path, keep: Keep | None = None, **options: Any
) -> Consolidated:
    """Phase 3 into a new folder: what is held is rebuilt, the new beside it, a basis of all, all in that basis. The
    new are whole adapters, what they learnt in temporary directions folded in. keep: as before, unless given."""
    return consolidate([*held.adapters(), *new], folder, keep or held.keep, **options)


def read(folder: Path, base_hash: str | None = None) -> Consolidated:
    """A consolidated folder, checked. base_hash: of the model it is to be used with. Raises ConsolidateError when
    it is missing, broken, or was made for another base model."""
    file = folder / "consolidated.json"
    if not file.is_file():
        raise ConsolidateError(f"{folder} is no consolidated folder: consolidated.json is missing.")
    try:
        found = Consolidated(folder, json.loads(file.read_text(encoding="utf-8")))
        if found.note["format"] != FORMAT:
            raise ConsolidateError(
                f"{folder} was written in format {found.note['format']}, and this program reads {FORMAT}; make it anew."
            )
        _require_whole(found)
    except ConsolidateError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        raise ConsolidateError(f"The consolidated folder {folder} is broken ({error}); make it anew.") from None
    if base_hash is not None and found.kind.base != base_hash:
        raise ConsolidateError(
            f"{folder} was made for another base model ({_short(found.kind.base)}); load that model, or another folder."
        )
    return found


def _require_alike(sources: Sequence[Source]) -> None:
    if not sources:
        raise ConsolidateError("There is no adapter to consolidate.")
    if len(sources) == 1:
        raise ConsolidateError(f"{sources[0].name} is one adapter only; what is shared needs two or more.")
    names = [s.name for s in sources]
    if twice := next((n for i, n in enumerate(names) if n in names[:i]), None):
        raise ConsolidateError(f"Two adapters are called {twice}; rename one of the folders.")
    for other in sources[1:]:
        if different := sources[0].kind.difference(other.kind):
            raise ConsolidateError(
                f"{sources[0].name} and {other.name} cannot be consolidated: {different}; leave one of them out."
            )


def _write_layer(layer: Layer, module: str, dimensions: tuple[int, int], partial: Path) -> dict[str, Any]:
    """A layer's basis as a file; what the note says of it."""
    sides = {"in": layer.inner, "out": layer.outer}
    tensors = {side: basis.vectors_DK.float().contiguous() for side, basis in sides.items()}
    save_file(tensors, str(partial / "basis" / f"{module}.safetensors"))
    told: dict[str, Any] = {"d_in": dimensions[0], "d_out": dimensions[1]}
    for side, basis in sides.items():
        told[side] = {
            "k": basis.vectors_DK.shape[1],
            "explained": basis.explained,
            "variances": basis.variances_K.tolist(),
            "total": basis.total,
        }
    return told


def _write_coefficients(done: Consolidated, group: Sequence[Source]) -> None:
    """The coefficients of some adapters, each layer's basis read once for all of them."""
    tensors: dict[str, dict[str, Tensor]] = {s.name: {} for s in group}
    for module in done.kind.modules:
        layer = done.layer(module)
        for source in group:
            found = project(layer, source.factors(module))
            tensors[source.name][f"{module}.in"] = found.in_KR.contiguous()
            tensors[source.name][f"{module}.out"] = found.out_KR.contiguous()
    for name, held in tensors.items():
        save_file(held, str(done.folder / "coefficients" / f"{name}.safetensors"))


def _require_whole(found: Consolidated) -> None:
    """That every file is there and has the shapes that the note says; headers only."""
    rank, layers = found.kind.rank, found.note["layers"]
    if not found.names or not layers:
        raise ValueError("it holds nothing")
    if any(Path(name).name != name for name in (*found.names, *layers)):
        raise ValueError("a name leads out of the folder")
    for module, told in layers.items():
        wanted = {side: (told[f"d_{side}"], told[side]["k"]) for side in ("in", "out")}
        _require_shapes(found.folder / "basis" / f"{module}.safetensors", wanted)
    wanted = {f"{m}.{side}": (told[side]["k"], rank) for m, told in layers.items() for side in ("in", "out")}
    for name in found.names:
        _require_shapes(found.folder / "coefficients" / f"{name}.safetensors", wanted)


def _require_shapes(file: Path, wanted: Mapping[str, tuple[int, int]]) -> None:
    with _opened(file) as opened:
        shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}
    if shapes != wanted:
        raise ValueError(f"{file.name} does not have the ranks and layers that consolidated.json says")


def _opened(file: Path) -> Any:
    return safe_open(str(file), framework="pt")


def _short(base: str) -> str:
    return base.removeprefix("name:") if base.startswith("name:") else base[:12]


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
