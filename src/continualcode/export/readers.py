"""The readers of exports that live in this process: peft and transformers, without any of our own engine."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from continualcode.export.reference import Compared, ExportError, Reference, compare


def by_peft(base: Path, adapter: Path, dtype: torch.dtype, reference: Reference) -> Compared:
    """Load the base with transformers and the adapter with peft, and compare. Raises ExportError."""
    from peft import PeftModel

    with warnings.catch_warnings():  # of transformers about itself
        warnings.simplefilter("ignore")
        model = PeftModel.from_pretrained(causal(base, dtype), str(adapter))
    require_template(adapter, reference)
    return compare("peft", reference, scored(model, reference.items))


def by_transformers(folder: Path, dtype: torch.dtype, reference: Reference) -> Compared:
    """Load a whole model folder with transformers alone, and compare. Raises ExportError."""
    require_template(folder, reference)
    return compare("transformers", reference, scored(causal(folder, dtype), reference.items))


def by_transformers_gguf(base: Path, file: Path, dtype: torch.dtype, reference: Reference) -> Compared:
    """Load a GGUF file's tensors with transformers' own reader, and compare. Raises ExportError. The configuration is
    the base's: transformers 5.23 does not read Qwen3's head size out of a GGUF file."""
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    config = AutoConfig.from_pretrained(str(base))
    model = AutoModelForCausalLM.from_pretrained(str(file.parent), gguf_file=file.name, config=config, dtype=dtype)
    return compare("transformers (GGUF)", reference, scored(model, reference.items))


@torch.no_grad()
def by_gguf_lora(base: Path, file: Path, dtype: torch.dtype, reference: Reference) -> Compared:
    """Read a LoRA's tensors back from its GGUF file, add them to the base as llama.cpp does, and compare. Raises
    ExportError."""
    from continualcode.export.gguf_files import read_adapter

    alpha, tensors = read_adapter(file)
    model = causal(base, dtype)
    for module in {name.rpartition(".lora_")[0] for name in tensors}:
        a, b = tensors[f"{module}.lora_A"], tensors[f"{module}.lora_B"]
        weight = model.get_submodule(module).weight
        weight.copy_(weight.float() + alpha / a.shape[0] * (b @ a))
    return compare("gguf (adapter read back)", reference, scored(model, reference.items))


def require_template(folder: Path, reference: Reference) -> None:
    """The folder's own tokenizer and chat template write the reference's prompts, id for id. Raises ExportError."""
    from transformers import AutoTokenizer

    from continualcode.engine.templates import Chat

    tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
    chat = Chat(tokenizer, str(folder))
    for messages, text, (prompt, _) in zip(reference.asked, reference.texts, reference.items, strict=True):
        written = chat.render(messages, None, True)
        if written != text or tuple(tokenizer(written, add_special_tokens=False)["input_ids"]) != prompt:
            raise ExportError("The export's chat template writes other prompts than the source's, so it was not kept.")


@torch.inference_mode()
def scored(model: Any, items: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[list[float]]:
    """Log-probabilities (nats) of each completion token by a plain forward pass of the model."""
    model.eval()
    found: list[list[float]] = []
    for prompt, completion in items:
        ids_1_L = torch.tensor([[*prompt, *completion]], device=model.device)
        logits_T_V = model(input_ids=ids_1_L, use_cache=False).logits[0, len(prompt) - 1 : -1].float()
        own = torch.tensor(list(completion), device=model.device)[:, None]
        found.append(logits_T_V.log_softmax(-1).gather(1, own)[:, 0].tolist())
    return found


def causal(folder: Path, dtype: torch.dtype) -> Any:
    """A model of transformers on the CPU, nothing of ours around it."""
    from continualcode.engine import loading

    return loading.load(folder, torch.device("cpu"), dtype, "none")[0]
