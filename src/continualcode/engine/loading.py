"""From a model folder to a frozen causal LM in memory: the device, the type of the weights, quantisation.

Everything that can be wrong with a folder is one sentence (`EngineError`): transformers raises a dozen kinds of error
for it, and is silent where weights are missing (it draws random ones).
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

import torch

from continualcode.engine.base import EngineError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def choose_device(wanted: str) -> torch.device:
    """`auto` is a GPU where there is one. Raises EngineError for one that is not there."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(wanted)
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(device.type, True):
        raise EngineError(f"device={wanted} is not available here; use device=cpu.")
    return device


def choose_dtype(wanted: str, device: torch.device) -> torch.dtype:
    """`auto`: float32 on a CPU (exact, and as fast); on a GPU bfloat16, or float16 where it has no units for that."""
    if wanted != "auto":
        return DTYPES[wanted]
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def load(folder: Path, device: torch.device, dtype: torch.dtype, quantization: str) -> tuple[Any, Any]:
    """(model, tokenizer) of a folder that `source.resolve` accepted; frozen, in eval mode, on the device. Raises
    EngineError."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options: dict[str, Any] = {"dtype": dtype}
    if quantization != "none":
        options |= _quantized(device, dtype, quantization)
    keep_quiet()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                str(folder), use_safetensors=True, trust_remote_code=False, output_loading_info=True, **options
            )
    except (torch.OutOfMemoryError, MemoryError):
        raise EngineError(
            f"The model at {folder} does not fit in memory; see `continualcode doctor --model {folder}`."
        ) from None
    except Exception as error:  # transformers raises a dozen kinds for a broken folder
        raise EngineError(f"The model at {folder} cannot be loaded: {_first_line(error)}") from None
    causal, found = loaded
    lacking = sorted(found["missing_keys"]) or sorted(map(str, found.get("mismatched_keys") or ()))
    if lacking:
        raise EngineError(
            f"The weights at {folder} are not those of its config.json: {lacking[0]} is missing or of another shape"
            f"{f' (and {len(lacking) - 1} more)' if len(lacking) > 1 else ''}; download the model again."
        )
    if quantization == "none":
        causal = causal.to(device)
    causal.eval()
    for module in causal.modules():
        # bitsandbytes would repack weights for CPUs with bfloat16 units at the first forward pass, and then no gradient
        # goes through them.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    for p in causal.parameters():
        p.requires_grad_(False)
    return causal, tokenizer


def _quantized(device: torch.device, dtype: torch.dtype, quantization: str) -> dict[str, Any]:
    """4 bit is NF4; what is computed with it has the type of the other weights."""
    if device.type not in ("cuda", "cpu"):
        raise EngineError(f"quantization={quantization} needs a CUDA GPU or a CPU; use quantization=none.")
    try:
        import bitsandbytes  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise EngineError("quantization needs the package bitsandbytes; install continualcode[gpu].") from None
    from transformers import BitsAndBytesConfig

    four = quantization == "4bit"
    config = BitsAndBytesConfig(
        load_in_4bit=four, load_in_8bit=not four, bnb_4bit_compute_dtype=dtype, bnb_4bit_quant_type="nf4"
    )
    return {"quantization_config": config, "device_map": {"": device}}


def keep_quiet() -> None:
    """No progress bars and no advice of the libraries on the terminal."""
    from transformers.utils import logging as theirs

    theirs.disable_progress_bar()
    theirs.set_verbosity_error()
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
