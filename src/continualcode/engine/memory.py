"""How much memory a model will want, told from its config.json alone, before anything is loaded.

The model is built without memory (torch's `meta` device), which gives its exact layers and parameters. b: bytes of a
value (4, 2); all sizes in bytes:

    weights       b for each parameter; quantised linear layers 1/2 + 4/64 (4bit: a float32 scale for 64 values) or
                  1 (8bit); embeddings, norms, the vocabulary projection and the experts of a mixture are not quantised
    cache         b × tokens × (widths of keys and values over all layers; a sliding layer keeps its window)
    reading       b × tokens × 2 × (outputs of the widest block's linear layers): what a forward pass holds at once
    activations   training: b × tokens × (outputs of all blocks' linear layers) × 1.5, or × 2 with a LoRA on the MLP, since
                  much is kept twice (as it is, and rotated, normalised or gated); in half precision also the float32 copies
                  that norms and the LoRA make of their inputs; 8 × heads × tokens² for each sequence and block where
                  attention is not fused. Checkpointed: b × tokens × hidden for each block, and one block 4 times
    logits        4 × positions × vocabulary × 8 (student, teacher, their log-softmax, the divergence, gradients);
                  positions: of a completion, at most one slice (`training.Trainer`). Sampling: 5 copies of one row
    adapter       4 × its parameters × 9 (weights, gradient, Adam's two moments, reference, and the four of a snapshot)
    program       what Python, torch and transformers hold by themselves

On a CPU activations and logits count twice: the C library keeps what was freed, in pieces. Small Qwen3 on a CPU
(`qwen3.fits`) are sampled with a second copy of their linear layers. Experts that are adapted are built anew in every
pass: once more the stack of each layer. The figures are estimates: tests hold them to within a factor of two of what was
measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from continualcode.engine import architectures, loading
from continualcode.engine.adapter import LoraShape
from continualcode.engine.base import EngineError

PURPOSES = ("sampling", "lesson", "night")
AGAIN = 4  # of a checkpointed block: kept, computed again, and the gradients of both
READING = 2  # copies of a block's outputs in a forward pass
HEAP = {"cpu": 2.0}  # what the C library holds for each byte that is in use
LOGIT_COPIES = 8
ADAPTER_COPIES = 9
PROGRAM = {"cpu": 600_000_000, "cuda": 800_000_000}
QUANTIZED = {"4bit": 0.5 + 4 / 64, "8bit": 1.0}
USABLE = 0.9  # of the memory that is free
LEAST_TOKENS, MOST_TOKENS = 512, 16_384  # of one training pass
SMALL_FILES = 100_000_000  # bytes of weights on disk
GROUPS = (  # limit, use and statistics of a control group, of both versions
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)
LEAN_PARAMETERS = 100_000_000  # see engine/qwen3.py


@dataclass(frozen=True)
class Model:
    """What a configuration says. `linear`: parameters in linear layers that quantisation packs; `other`: the rest.
    `widths`: for each block the summed outputs of the linear layers that a token goes through. `cached`: keys and values
    of a token for each layer, with the window that the layer keeps (0: all). `scores`: heads of all blocks when attention
    is not fused, else 0."""

    kind: str
    layout: architectures.Layout
    linear: int
    other: int
    hidden: int
    vocabulary: int
    widths: tuple[int, ...]
    cached: tuple[tuple[int, int], ...]
    context_length: int
    scores: int

    @property
    def parameters(self) -> int:
        return self.linear + self.other

    def weights(self, size: int, quantization: str) -> int:
        """Bytes of the base model; `size`: of one value that is not quantised."""
        return int(self.linear * QUANTIZED.get(quantization, size) + self.other * size)


@dataclass(frozen=True)
class Needs:
    """Bytes for one purpose. `cache`: keys and values; `pass_`: what a forward or training pass holds besides."""

    weights: int
    adapter: int
    cache: int
    pass_: int
    logits: int
    program: int

    @property
    def total(self) -> int:
        return self.weights + self.adapter + self.cache + self.pass_ + self.logits + self.program


def read(folder: Path) -> Model:
    """The model of a folder that holds config.json. Raises EngineError when transformers does not know it."""
    from transformers import AutoConfig, AutoModelForCausalLM

    loading.keep_quiet()
    try:
        config: Any = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
        with torch.device("meta"):
            causal: Any = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    except Exception as error:  # transformers raises a dozen kinds for a config.json that it cannot use
        said = " ".join(str(error).split()) or type(error).__name__
        raise EngineError(f"{folder / 'config.json'} describes no model that can be loaded: {said[:300]}") from None
    return describe(causal)


def describe(causal: Any) -> Model:
    """What must be known of a causal LM, which may be on the `meta` device; without an adapter."""
    config = causal.config.get_text_config()
    layout = architectures.layout(causal)
    places = (*layout.attention, *layout.mlp)
    linear = sum(place.inputs * place.outputs for place in places)
    total = sum(p.numel() for p in causal.parameters())
    used = int(getattr(config, "num_experts_per_tok", None) or getattr(config, "moe_top_k", None) or 1)
    blocks = int(config.num_hidden_layers)
    widths = [0] * blocks
    for place in (*places, *layout.experts):
        index = next((int(part) for part in place.path.split(".") if part.isdigit()), 0)
        if index < blocks:
            widths[index] += place.outputs * (used if place.experts > 1 else 1)
    return Model(
        kind=str(config.model_type),
        layout=layout,
        linear=linear,
        other=total - linear,
        hidden=int(config.hidden_size),
        vocabulary=int(config.vocab_size),
        widths=tuple(widths),
        cached=_cached(config, blocks),
        context_length=architectures.context_length(config),
        scores=blocks * int(config.num_attention_heads) if causal.config._attn_implementation == "eager" else 0,
    )


def _cached(config: Any, blocks: int) -> tuple[tuple[int, int], ...]:
    """Keys and values of one token in each layer, and how many tokens the layer keeps (0: all)."""
    heads = int(config.num_attention_heads)
    groups = int(getattr(config, "num_key_value_heads", None) or heads)
    if latent := getattr(config, "kv_lora_rank", None):  # what all heads' keys and values are made of
        width = int(latent) + int(config.qk_rope_head_dim)
    else:
        width = 2 * groups * int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    window = int(getattr(config, "sliding_window", None) or 0)
    kinds = getattr(config, "layer_types", None) or ["sliding_attention" if window else "full_attention"] * blocks
    return tuple((width, window if kind == "sliding_attention" else 0) for kind in kinds)


def adapter_parameters(model: Model, shape: LoraShape) -> int:
    """Parameters of a LoRA of this shape on this model."""
    return sum(a * b for a, b in model.layout.tensors(shape.targets, shape.rank).values())


def needs(
    model: Model,
    purpose: str,
    *,
    tokens: int,
    shape: LoraShape,
    dtype: torch.dtype = torch.float32,
    quantization: str = "none",
    device: str = "cpu",
    sequences: int = 1,
    completion: int = 256,
    checkpointing: bool = False,
) -> Needs:
    """Bytes that a purpose (one of `PURPOSES`) takes with `sequences` of `tokens` tokens at once, of which `completion`
    are drawn or learnt. A lesson and a night differ in `shape` only: a night's LoRA sits on all linear layers."""
    size = dtype.itemsize
    weights, program = model.weights(size, quantization), PROGRAM.get(device, PROGRAM["cpu"])
    lora = adapter_parameters(model, shape)
    row = 4 * model.vocabulary
    if purpose == "sampling":
        kept = sum(width * min(tokens, window or tokens) for width, window in model.cached)
        lean = model.kind == "qwen3" and device == "cpu" and size == 4 and quantization == "none"
        if lean and model.parameters <= LEAN_PARAMETERS:
            weights += model.linear * size
        reading = READING * size * tokens * sequences * max(model.widths, default=0)
        return Needs(weights, 4 * lora, kept * sequences * size, reading, 5 * row * sequences, program)
    positions = min(completion, max(16, 2**26 // model.vocabulary))
    heap = HEAP.get(device, 1.0)
    each = per_token(model, size, shape, checkpointing) + 8 * model.scores * tokens
    return Needs(
        weights,
        4 * ADAPTER_COPIES * lora,
        0,
        int(heap * tokens * sequences * each) + _rebuilt(model, size, shape),
        int(heap * LOGIT_COPIES * row * positions),
        program,
    )


def per_token(model: Model, size: int, shape: LoraShape, checkpointing: bool) -> int:
    """Bytes that a training pass keeps of each token, but for what grows with the square of the length."""
    blocks = max(1, len(model.widths))
    targets = [p for p in (*model.layout.attention, *model.layout.mlp) if p.target in shape.targets]
    wide = any(p.target in shape.targets for p in (*model.layout.mlp, *model.layout.experts))
    kept = int((2.0 if wide else 1.5) * size * sum(model.widths))
    if size < 4:
        kept += 4 * (sum(p.inputs for p in targets) + 2 * model.hidden * blocks)
    return min(kept, blocks * model.hidden * size + AGAIN * kept // blocks) if checkpointing else kept


def _rebuilt(model: Model, size: int, shape: LoraShape) -> int:
    """Experts with an adapter: their changed stacks, kept for the gradient."""
    adapted = [p for p in model.layout.experts if p.target in shape.targets]
    return size * sum(p.inputs * p.outputs * p.experts for p in adapted)


def pass_tokens(
    folder: Path, device: torch.device, *, dtype: str, quantization: str, rank: int, checkpointing: bool
) -> int:
    """Tokens of one training pass for which there is room, before the model of a folder is loaded: what is free now less
    what a night on all linear layers takes besides. Between `LEAST_TOKENS` (a longer sequence is still taken, alone) and
    `MOST_TOKENS`, which every model below `SMALL_FILES` gets."""
    if sum(f.stat().st_size for f in folder.glob("*.safetensors")) < SMALL_FILES:
        return MOST_TOKENS
    model, chosen = read(folder), loading.choose_dtype(dtype, device)
    layout = model.layout if quantization == "none" else model.layout.packed()
    shape = LoraShape(rank, rank, layout.targets(["all"]))
    fixed = needs(model, "night", tokens=0, shape=shape, dtype=chosen, quantization=quantization, device=device.type)
    each = HEAP.get(device.type, 1.0) * per_token(model, chosen.itemsize, shape, checkpointing)
    return int(min(MOST_TOKENS, max(LEAST_TOKENS, (USABLE * free(device) - fixed.total) / each)))


def free(device: torch.device) -> int:
    """Bytes that can be had now on a device; on a CPU what the system and the control group leave."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    import psutil

    return min(int(psutil.virtual_memory().available), *map(_group_left, GROUPS))


def _group_left(files: tuple[str, str, str]) -> int:
    """What a control group's limit leaves, its file cache counted as free; a very large number without a limit."""
    limit, used, stat = map(Path, files)
    try:
        lines = dict(line.split(maxsplit=1) for line in stat.read_text().splitlines())
        cache = sum(int(lines.get(f"total_{key}", lines.get(key, 0))) for key in ("inactive_file", "active_file"))
        return int(limit.read_text()) - int(used.read_text()) + cache
    except (OSError, ValueError):  # no such group, or `max`
        return 2**62


def require_room(folder: Path, device: torch.device, dtype: torch.dtype, quantization: str) -> None:
    """Refuse a model whose weights alone are larger than the memory that is free. Raises EngineError."""
    files: Sequence[Path] = list(folder.glob("*.safetensors"))
    left = free(device)
    if 4 * sum(f.stat().st_size for f in files) < left:  # no type makes it larger than that
        return
    model = read(folder)
    wanted = model.weights(dtype.itemsize, quantization)
    if wanted > left:
        smaller = model.weights(2, "4bit")
        hint = "take a smaller model" if smaller > left else f"quantization=4bit needs {gigabytes(smaller)}"
        raise EngineError(
            f"The model at {folder} needs {gigabytes(wanted)} for its weights and {gigabytes(left)} are free; {hint} "
            f"(`continualcode doctor --model {folder}` shows more)."
        )


def gigabytes(number: int) -> str:
    """Bytes as text: `1.2 GB`, or `34 MB` below a tenth of one."""
    return f"{number / 1e9:.1f} GB" if number >= 10**8 else f"{number / 1e6:.0f} MB"
