"""What of a Tinker service lies on this machine: a model's tokenizer, and folders that name a state or hold an adapter.

A state stays at the service; its folder has `tinker.json` with the address, the model and the path there, and an
`adapter_config.json` that says what it is. An adapter's folder has the weights as well, in PEFT format as the service sends
them: an archive, of which two plain files are taken and nothing else is believed.
"""

from __future__ import annotations

import io
import json
import tarfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from continualcode.engine import adapter as adapters
from continualcode.engine.base import EngineError

NOTE, CONFIG, WEIGHTS = "tinker.json", "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True)
class State:
    """Where weights are: the service and its model, the `path` of the saved state (None: a fresh LoRA, which changes
    nothing), the LoRA's rank and targets, steps taken, and the adapter's name."""

    base_url: str
    model: str
    path: str | None
    rank: int
    targets: tuple[str, ...]
    steps: int
    adapter_ref: str | None


def tokenizer(source: str) -> Any:
    """The tokenizer of a model, from a folder or the hub. Raises EngineError: one sentence."""
    from transformers import AutoTokenizer

    from continualcode.engine.loading import keep_quiet

    keep_quiet()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return AutoTokenizer.from_pretrained(source, trust_remote_code=False)
    except Exception as error:  # transformers raises a dozen kinds, and the hub's client its own
        raise EngineError(
            f"The tokenizer of {source} cannot be had ({type(error).__name__}); name its folder with tokenizer=…."
        ) from None


def profile(source: str) -> str:
    """Which prompt set a model was raised on, when its folder says so; else `full`."""
    return str(_config(source).get("continualcode_profile", "full"))


def context_length(source: str, unknown: int) -> int:
    """Tokens that a model reads, when its folder says so; else `unknown`."""
    told = _config(source).get("max_position_embeddings")
    return told if isinstance(told, int) and told > 0 else unknown


def _config(source: str) -> dict[str, Any]:
    try:
        found = json.loads((Path(source).expanduser() / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_state(folder: Path, state: State) -> None:
    """A folder that names a state, whole or not at all."""
    with adapters.new_folder(folder) as partial:
        (partial / NOTE).write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
        (partial / CONFIG).write_text(json.dumps(_peft(state, list(state.targets)), indent=1), encoding="utf-8")


def read_state(folder: Path, base_url: str, model: str) -> State:
    """What a folder names. Raises EngineError when it is no such folder, or of another service or model."""
    if not (folder / CONFIG).is_file():
        raise EngineError(f"No adapter at {folder}: {CONFIG} is missing.")
    if not (folder / NOTE).is_file():
        raise EngineError(
            f"The adapter at {folder} was not made at a Tinker service, which takes no weights from outside; use engine=local."
        )
    try:
        told = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        path, ref = told["path"], told["adapter_ref"]
        state = State(
            str(told["base_url"]), str(told["model"]), None if path is None else str(path), int(told["rank"]),
            tuple(str(t) for t in told["targets"]), int(told["steps"]), None if ref is None else str(ref),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(f"{folder / NOTE} is broken ({type(error).__name__}); take another version.") from None
    if (state.base_url, state.model) != (base_url, model):
        raise EngineError(
            f"The adapter at {folder} is of {state.model} at {state.base_url}, not of {model} at {base_url}."
        )
    return state


def of_sampler(path: str) -> str:
    """A path of sampler weights as the client wants it; skyrl leaves the word in the middle out."""
    run, _, name = path.rpartition("/")
    return path if run.endswith("/sampler_weights") else f"{run}/sampler_weights/{name}"


def fetch(url: str, seconds: float) -> bytes:
    """What lies at a link that the service handed out."""
    import httpx

    answer = httpx.get(url, timeout=seconds, follow_redirects=True)
    answer.raise_for_status()
    return answer.content


def write_adapter(folder: Path, archive: bytes, state: State) -> None:
    """The adapter that a service sent (a tar), in PEFT format, with the state it belongs to. Raises EngineError when it is
    not one."""
    found = _unpacked(archive)
    try:
        config = json.loads(found[CONFIG])
        names = _modules(found[WEIGHTS])
    except (KeyError, ValueError, TypeError):
        raise EngineError(
            f"What the Tinker service sent is not an adapter ({', '.join(found) or 'nothing'})."
        ) from None
    if not config.get("target_modules"):  # skyrl leaves it out
        config["target_modules"] = names
    with adapters.new_folder(folder) as partial:
        (partial / WEIGHTS).write_bytes(found[WEIGHTS])
        (partial / CONFIG).write_text(json.dumps({**_peft(state, names), **config}, indent=1), encoding="utf-8")
        (partial / NOTE).write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")


def _unpacked(archive: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                name = Path(member.name).name
                stream = tar.extractfile(member) if member.isfile() and name in (CONFIG, WEIGHTS) else None
                if stream is not None:
                    found[name] = stream.read()
    except (tarfile.TarError, OSError, EOFError):
        raise EngineError("What the Tinker service sent is not an archive; ask again.") from None
    return found


def _modules(weights: bytes) -> list[str]:
    """The last names of the modules that a LoRA's tensors sit on (`…self_attn.q_proj.lora_A.weight`)."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        names = load(weights).keys()
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    return sorted({name.split(".lora_")[0].rpartition(".")[2] for name in names if ".lora_" in name})


def _peft(state: State, modules: list[str]) -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": state.model,
        "r": state.rank,
        "lora_alpha": 32.0,
        "target_modules": modules,
        "bias": "none",
    }
