"""`doctor`: what works on this machine, and what to install when something lacks.

Each check looks at the real thing (the toolchain is asked, the sandbox starts a process, the tokenizer is
loaded) and changes nothing. What is needed and lacks makes the exit code 1. With `--model` it tells of one model whether
it fits in the memory that is free, from its config.json alone (`engine/memory.py`).
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from continualcode.cli.output import Json, Overrides, emit, panel, settings_from
from continualcode.config import Settings, bundled
from continualcode.errors import UserError

GIGABYTE = 1_000_000_000
FORECAST_TOKENS = 4096  # of one sequence, when `context_length` is not set
REMEDIES: tuple[dict[str, Any], ...] = (
    {"gradient_checkpointing": True},
    {"dtype": "bfloat16", "gradient_checkpointing": True},
    {"quantization": "4bit"},
    {"quantization": "4bit", "gradient_checkpointing": True},
    {"quantization": "4bit", "gradient_checkpointing": True, "dtype": "bfloat16"},
)


@dataclass(frozen=True)
class Check:
    """One line of the answer. `needed` is False for what the program can do without; `todo` says what to
    do when it is not ok."""

    name: str
    ok: bool
    detail: str
    todo: str = ""
    needed: bool = True


def register(app: typer.Typer) -> None:
    @app.command("doctor", rich_help_panel=panel.SETUP)
    def doctor(
        overrides: Overrides = None,
        model: Annotated[
            str, typer.Option(help="Whether this model (name or folder) fits in memory; nothing else.")
        ] = "",
        quant: Annotated[str, typer.Option(help="With --model: none, 4bit or 8bit.")] = "",
        as_json: Json = False,
    ) -> None:
        """What works here (toolchain, sandbox, GPU, model, store), and what to install; with --model, whether a model fits.

        Example: continualcode doctor --model Qwen/Qwen2.5-Coder-1.5B-Instruct --quant 4bit
        """
        settings = settings_from(overrides, model_name=model or None, quantization=quant or None)
        checks = forecast(settings) if model or quant else examine(settings)
        well = all(check.ok or not check.needed for check in checks)
        emit({"ok": well, "checks": [asdict(check) for check in checks]}, as_json, "\n".join(map(_line, checks)))
        if not well:
            raise typer.Exit(1)


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which things are needed."""
    examinations: list[tuple[str, Callable[[Settings], list[Check]]]] = [
        ("python", _python),
        ("torch", _torch),
        ("rust", _rust),
        ("sandbox", _sandbox),
        ("model", _model),
        ("koans", _koans),
        ("store", _store),
        ("disk", _disk),
    ]
    checks: list[Check] = []
    for name, look in examinations:
        try:
            checks += look(settings)
        except UserError as error:
            checks.append(Check(name, False, "", str(error)))
        except ImportError as error:
            todo = "Install the program again: pip install continualcode."
            checks.append(Check(name, False, f"cannot be imported ({error})", todo))
    return checks


def forecast(settings: Settings) -> list[Check]:
    """Whether the settings' model fits in the free memory for sampling, a lesson and a night. Raises UserError."""
    from continualcode.engine import loading, memory
    from continualcode.engine.adapter import LoraShape
    from continualcode.engine.source import config_folder

    device = loading.choose_device(settings.device)
    model = memory.read(config_folder(settings.model_source))
    free = memory.free(device)
    tokens = min(settings.context_length or FORECAST_TOKENS, model.context_length)
    wanted = [t.strip() for t in settings.lora_targets.split(",") if t.strip()]

    def total(purpose: str, **changes: Any) -> memory.Needs:
        chosen = settings.replace(**changes)
        quantized = chosen.quantization != "none"
        layout = model.layout.packed() if quantized else model.layout
        targets = layout.targets(["all"] if purpose == "night" else wanted)
        return memory.needs(
            model,
            purpose,
            tokens=tokens,
            shape=LoraShape(chosen.lora_rank, chosen.lora_alpha, targets),
            dtype=loading.choose_dtype(chosen.dtype, device),
            quantization=chosen.quantization,
            device=device.type,
            completion=min(chosen.max_new_tokens, tokens),
            checkpointing=chosen.gradient_checkpointing,
        )

    def remedy(purpose: str) -> str:
        for changes in REMEDIES:
            if total(purpose, **changes).total <= memory.USABLE * free:
                words = " ".join(f"{key}={str(value).lower()}" for key, value in changes.items())
                return f"It fits with {words} ({memory.gigabytes(total(purpose, **changes).total)})."
        return "Take a smaller model, or a machine with more memory."

    what = f"{model.kind}, {model.parameters / 1e9:.2f} billion parameters, reads {model.context_length} tokens"
    checks = [Check("model", True, f"{settings.model_name}: {what}")]
    for purpose in memory.PURPOSES:
        need = total(purpose)
        parts = {
            "weights": need.weights,
            "adapter": need.adapter,
            "cache": need.cache,
            "pass": need.pass_ + need.logits,
        }
        shown = ", ".join(f"{name} {memory.gigabytes(number)}" for name, number in parts.items() if number)
        detail = f"about {memory.gigabytes(need.total)} of {memory.gigabytes(free)} free ({shown}; {tokens} tokens)"
        fits = need.total <= memory.USABLE * free
        checks.append(Check(purpose, fits, detail, "" if fits else remedy(purpose)))
    return checks


def _line(check: Check) -> str:
    mark = "ok  " if check.ok else "LACK" if check.needed else "–   "
    line = f"{mark} {check.name:<10} {check.detail}".rstrip()
    return f"{line}\n     → {check.todo}" if check.todo and not check.ok else line


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _python(settings: Settings) -> list[Check]:
    ok = sys.version_info >= (3, 11)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {_counted(cores or 1, 'core')}"
    return [Check("python", ok, detail, "Install Python 3.11 or newer.")]


def _torch(settings: Settings) -> list[Check]:
    import torch

    checks = [Check("torch", True, f"{torch.__version__}, {_counted(torch.get_num_threads(), 'thread')}")]
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / GIGABYTE
        checks.append(Check("gpu", True, f"{torch.cuda.get_device_name(0)}, {memory:.0f} GB", needed=False))
    else:
        wanted = settings.device.startswith("cuda")
        todo = "Install NVIDIA's driver and a CUDA build of torch, or use device=cpu."
        checks.append(Check("gpu", False, "none; the bundled model needs none", todo if wanted else "", wanted))
    return checks


def _rust(settings: Settings) -> list[Check]:
    from continualcode.rust import toolchain

    tools = toolchain.find()
    return [
        Check("rustc", True, f"{tools.version} ({tools.rustc})"),
        Check(
            "cargo", tools.cargo is not None, str(tools.cargo or "not found"), "Install cargo (`apt install cargo`)."
        ),
        Check(
            "clippy",
            tools.clippy_driver is not None,
            str(tools.clippy_driver or "not found; nights take no unlinted program"),
            "Install clippy (`rustup component add clippy`, or `apt install rust-clippy`).",
            needed=False,
        ),
    ]


def _sandbox(settings: Settings) -> list[Check]:
    from continualcode import sandbox

    found = sandbox.available()
    if settings.sandbox == "none":
        return [Check("sandbox", True, "none, as you chose: commands run unconfined")]
    reasons = "; ".join(f"{name}: {why}" for name, why in found["reasons"].items())
    chosen = found["chosen"] if settings.sandbox == "auto" else settings.sandbox if found[settings.sandbox] else None
    todo = "Install bubblewrap (`apt install bubblewrap`), or choose sandbox=none."
    detail = f"{chosen}{f' ({reasons})' if reasons else ''}" if chosen else reasons
    if chosen:
        detail += f"; processes are bounded: {found['processes'][chosen]}"
    return [Check("sandbox", chosen is not None, detail, todo)]


def _model(settings: Settings) -> list[Check]:
    from tokenizers import Tokenizer

    from continualcode.engine.source import is_hub_name, resolve

    source = settings.model_source
    if is_hub_name(source):
        return [Check("model", True, f"{source}: read from the model hub when it is first used")]
    folder = resolve(source)
    if not (folder / "tokenizer.json").is_file():
        raise UserError(f"{folder} has no tokenizer.json: give a whole model folder, or model_name=bundled.")
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    size = sum(f.stat().st_size for f in folder.glob("*.safetensors")) / 1e6
    return [Check("model", True, f"{settings.model_name} ({folder}, {size:.1f} MB, vocabulary {vocabulary})")]


def _koans(settings: Settings) -> list[Check]:
    from continualcode.koans import catalogue

    koans = catalogue.load()
    by_split = {split: sum(koan.split == split for koan in koans) for split in sorted({k.split for k in koans})}
    detail = f"{len(koans)} in {bundled('koans')} ({', '.join(f'{n} {split}' for split, n in by_split.items())})"
    return [Check("koans", bool(koans), detail, "Install the program again: its koans are missing.")]


def _store(settings: Settings) -> list[Check]:
    from continualcode.store import Store

    path = settings.store_path
    if not path.exists():
        return [Check("store", True, f"none yet; {path} is made when something is recorded")]
    with Store(path) as store:
        problems = store.problems()
        adapter = store.current()
        detail = f"{path}: {store.count('episodes')} episodes, {store.count('lessons')} lessons, "
        detail += f"adapter {adapter.version if adapter else 'none'}"
    todo = "Restore a copy, or `continualcode adapters rollback` when an adapter is damaged."
    return [Check("store", not problems, "; ".join(problems) or detail, todo)]


def _disk(settings: Settings) -> list[Check]:
    place = settings.home
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    writable = os.access(place, os.W_OK)
    detail = f"{free / GIGABYTE:.1f} GB free at {place}" + ("" if writable else ", which cannot be written")
    return [Check("disk", free > GIGABYTE and writable, detail, "Free at least 1 GB, or choose another home=.")]
