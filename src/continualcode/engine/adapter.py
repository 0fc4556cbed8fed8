"""The LoRA on a frozen base: made, swapped in place, saved and read in PEFT format.

Only this file touches peft. A fresh adapter is an exact no-op (B = 0). Tensors are kept by their PEFT names
(`base_model.model.….lora_A.weight`). Beside PEFT's two files lies `continualcode.json` with the hash of the base
model it belongs to; an adapter of another base is refused.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from continualcode.engine.base import EngineError

_NOT_PLAIN = ("use_dora", "use_rslora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out")


@dataclass(frozen=True)
class LoraShape:
    """What an adapter looks like: rank r, scale alpha / r, names of the modules it sits on (with a dot: of parameters;
    see `architectures`)."""

    rank: int
    alpha: float
    targets: tuple[str, ...]
    dropout: float = 0.0


class Adapter:
    """A LoRA inside `causal` (a transformers causal LM, changed in place). `parameters` maps PEFT names to
    the live float parameters, in a fixed order."""

    def __init__(self, causal: nn.Module, shape: LoraShape, seed: int) -> None:
        from peft import LoraConfig, get_peft_model

        self.causal, self.shape = causal, shape
        parameters = [name for name in shape.targets if "." in name]
        config = LoraConfig(
            r=shape.rank,
            lora_alpha=shape.alpha,  # pyright: ignore[reportArgumentType]
            target_modules=[name for name in shape.targets if "." not in name],
            target_parameters=parameters or None,
            lora_dropout=shape.dropout,
            bias="none",
            task_type="CAUSAL_LM",
        )
        devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
        with torch.random.fork_rng(devices=devices), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(seed)
            self._peft: Any = get_peft_model(causal, config)  # pyright: ignore[reportArgumentType]
        self._peft.eval()
        self.parameters: dict[str, nn.Parameter] = {
            name.replace(".default.", "."): p for name, p in self._peft.named_parameters() if p.requires_grad
        }

    def remove(self) -> nn.Module:
        """Take the LoRA out; the base model as it was."""
        self.causal = self._peft.unload()
        return self.causal

    @contextmanager
    def disabled(self) -> Iterator[None]:
        """The base model alone, for the time of a `with`."""
        with self._peft.disable_adapter():
            yield

    @contextmanager
    def holding(self, tensors: Mapping[str, torch.Tensor]) -> Iterator[None]:
        """Other weights in the adapter for the time of a `with`; only pointers move."""
        mine = {name: p.data for name, p in self.parameters.items()}
        try:
            for name, p in self.parameters.items():
                p.data = tensors[name]
            yield
        finally:
            for name, p in self.parameters.items():
                p.data = mine[name]

    @contextmanager
    def training(self) -> Iterator[None]:
        """Dropout on, when the adapter has any."""
        layers = [m for m in self._peft.modules() if isinstance(m, nn.Dropout)] if self.shape.dropout else []
        for layer in layers:
            layer.train()
        try:
            yield
        finally:
            for layer in layers:
                layer.eval()

    def copy(self) -> dict[str, torch.Tensor]:
        """The weights now, as a copy."""
        return {name: p.detach().clone() for name, p in self.parameters.items()}

    @torch.no_grad()
    def put(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Overwrite the weights in place."""
        for name, p in self.parameters.items():
            p.copy_(tensors[name])

    def fits(self, tensors: Mapping[str, torch.Tensor]) -> bool:
        """Whether these are weights of this adapter: the same names and shapes."""
        return tensors.keys() == self.parameters.keys() and all(
            t.shape == self.parameters[name].shape for name, t in tensors.items()
        )

    def save(self, folder: Path, base: Mapping[str, str]) -> None:
        """adapter_config.json, adapter_model.safetensors and continualcode.json into an existing folder."""
        config = self._peft.peft_config["default"]
        inference, config.inference_mode = config.inference_mode, True
        config.save_pretrained(str(folder))
        config.inference_mode = inference
        save_tensors({n: p.detach() for n, p in self.parameters.items()}, folder / "adapter_model.safetensors")
        (folder / "continualcode.json").write_text(
            json.dumps({"base": dict(base), "shape": asdict(self.shape)}, indent=1)
        )


def read(folder: Path, base_hash: str) -> tuple[LoraShape, dict[str, torch.Tensor]]:
    """Shape and tensors (CPU) of a saved adapter. Raises EngineError when it is missing, broken, not a plain
    LoRA, pickled, or made for a base with another hash."""
    config_file, weights = folder / "adapter_config.json", folder / "adapter_model.safetensors"
    if not config_file.is_file():
        raise EngineError(f"No adapter at {folder}: adapter_config.json is missing.")
    if not weights.is_file():
        raise EngineError(f"The adapter at {folder} has no adapter_model.safetensors; pickled adapters are not read.")
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
        tensors = load_file(str(weights))
        note = folder / "continualcode.json"
        made_for = json.loads(note.read_text(encoding="utf-8"))["base"]["hash"] if note.is_file() else base_hash
        targets = [*config["target_modules"], *(config.get("target_parameters") or ())]
        rank, alpha = int(config["r"]), float(config["lora_alpha"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EngineError(f"The adapter at {folder} is broken ({error}); take another version.") from None
    if made_for != base_hash:
        raise EngineError(
            f"The adapter at {folder} was made for another base model; load that model, or another adapter."
        )
    if not is_plain(config):
        raise EngineError(
            f"The adapter at {folder} is not a plain LoRA; export it as one (no bias, DoRA or rank patterns)."
        )
    return LoraShape(rank, alpha, tuple(sorted(targets)), float(config.get("lora_dropout", 0.0))), tensors


def is_plain(config: Mapping[str, Any]) -> bool:
    """Whether a PEFT configuration is of a LoRA as we know it: modules by name, no bias, DoRA or rank patterns."""
    plain = config.get("peft_type") == "LORA" and config.get("bias", "none") == "none"
    return plain and isinstance(config.get("target_modules"), list) and not any(config.get(key) for key in _NOT_PLAIN)


def save_tensors(tensors: Mapping[str, torch.Tensor], file: Path) -> None:
    """Tensors by name as safetensors, contiguous and on the CPU."""
    save_file({name: t.cpu().contiguous() for name, t in tensors.items()}, str(file))


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder that appears whole or not at all. Raises EngineError when it is there already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise EngineError(f"{folder} is already there, and adapters are never overwritten; give a new name.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}"
    partial.mkdir()
    try:
        yield partial
        os.replace(partial, folder)
    except OSError as error:
        raise EngineError(
            f"Cannot write {folder}: {error.strerror or error}; free some space or choose another home."
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
