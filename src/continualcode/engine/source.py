"""Where a model's files are and what they are: a folder on disk or a name on the hub, safetensors only.

Weights in pickle files are refused: loading one runs whatever it holds. No code of a model's repository runs. Files that
are cut short or missing are found here, before anything is loaded. The hub is asked once, with a time limit, before a
download: its own client tries again for minutes where nobody answers.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from continualcode.engine.base import EngineError

_FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
HUB_SECONDS = 8.0


def resolve(source: str) -> Path:
    """The folder that holds `source`. Raises EngineError when there is none or it is not a safe model."""
    folder = _from_hub(source) if is_hub_name(source) else _on_disk(source)
    if not any(folder.glob("*.safetensors")):
        pickles = [f.name for pattern in _PICKLES for f in folder.glob(pattern)]
        if pickles:
            raise EngineError(
                f"{source} has only pickled weights ({pickles[0]}), which can run code; convert them to safetensors."
            )
        raise EngineError(f"{source} has no weights: no *.safetensors file lies in it.")
    if flaw := _flaw(folder):
        raise EngineError(f"The model at {folder} is not whole: {flaw}; download or copy it again.")
    return folder


def config_folder(source: str) -> Path:
    """A folder that holds the config.json of `source`, whether its weights are here or not; from the hub only that
    file is fetched. Raises EngineError."""
    if not is_hub_name(source):
        return _on_disk(source)
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(source, "config.json", local_files_only=True)).parent
    except Exception:  # not in the local cache
        _ask_hub(source)
    try:
        return Path(hf_hub_download(source, "config.json", etag_timeout=HUB_SECONDS)).parent
    except Exception as error:
        raise _unreachable(source, error) from None


def is_hub_name(source: str) -> bool:
    """Whether this is a name like `Qwen/Qwen3-0.6B` and nothing on disk."""
    return source.count("/") == 1 and not source.startswith((".", "/", "~")) and not Path(source).exists()


def _on_disk(source: str) -> Path:
    folder = Path(source).expanduser()
    if not folder.exists():
        raise EngineError(
            f"No model at {source}: give a folder, a hub name like Qwen/Qwen3-0.6B, or model_name=bundled."
        )
    if not folder.is_dir() or not (folder / "config.json").is_file():
        raise EngineError(f"{source} is not a model folder: it needs config.json, a tokenizer and *.safetensors.")
    return folder


def _flaw(folder: Path) -> str:
    """What is missing or cut short among a folder's weights; empty when nothing is."""
    index = folder / "model.safetensors.index.json"
    names = {f.name for f in folder.glob("*.safetensors")}
    if index.is_file():
        try:
            wanted = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return f"{index.name} cannot be read"
        if lacking := sorted(wanted - names):
            return f"{lacking[0]} is missing"
    for name in sorted(names):
        file = folder / name
        size = file.stat().st_size
        try:
            with file.open("rb") as stream:
                length = int.from_bytes(stream.read(8), "little")
                header = json.loads(stream.read(min(length, size)))
            end = max((entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"), default=0)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
            return f"{name} does not begin as a safetensors file"
        if size != 8 + length + end:
            return f"{name} has {size} bytes and should have {8 + length + end}"
    return ""


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=_FILES, local_files_only=True))
        if any(folder.glob("*.safetensors")) and not _flaw(folder):
            return folder
    except Exception:  # not in the local cache
        pass
    files = {f.rfilename: f.size or 0 for f in _ask_hub(name).siblings or ()}
    weights = {f: size for f, size in files.items() if f.endswith(".safetensors")}
    if not weights:
        raise EngineError(f"The hub has no *.safetensors of {name}; choose a model that has.")
    from huggingface_hub.constants import HF_HUB_CACHE

    place = next(p for p in (Path(HF_HUB_CACHE), *Path(HF_HUB_CACHE).parents) if p.exists())
    if sum(weights.values()) > shutil.disk_usage(place).free:
        raise EngineError(
            f"{name} has {sum(weights.values()) / 1e9:.1f} GB and {place} less room; free some, or set HF_HOME."
        )
    try:
        return Path(snapshot_download(name, allow_patterns=_FILES, etag_timeout=HUB_SECONDS))
    except Exception as error:
        raise _unreachable(name, error) from None


def _ask_hub(name: str) -> Any:
    """What the hub says of a model, asked once. Raises EngineError when it has none or does not answer in time."""
    from huggingface_hub import HfApi

    try:
        return HfApi().model_info(name, timeout=HUB_SECONDS, files_metadata=True)
    except Exception as error:
        raise _unreachable(name, error) from None


def _unreachable(name: str, error: Exception) -> EngineError:
    kind = type(error).__name__
    if kind in ("RepositoryNotFoundError", "GatedRepoError", "HFValidationError"):
        return EngineError(f"The hub has no model {name} that you may read ({kind}); check the name or log in.")
    return EngineError(
        f"The model hub cannot be reached for {name} ({kind}); fetch it where there is a network (`hf download {name}`) and give "
        "its folder as model_name, or take model_name=bundled."
    )


def weights_hash(folder: Path, cache: Path | None = None) -> str:
    """sha256 (hex) over the folder's safetensors files in name order. `cache` is a JSON file that keeps
    hashes by path, size and time, since large models take long to read."""
    files = sorted(folder.glob("*.safetensors"))
    key = json.dumps([[str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns] for f in files])
    known: dict[str, str] = {}
    if cache is not None and cache.is_file():
        try:
            known = json.loads(cache.read_text())
        except (json.JSONDecodeError, UnicodeDecodeError):
            known = {}
        if key in known:
            return known[key]
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 22):
                digest.update(block)
    if cache is not None:
        known[key] = digest.hexdigest()
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(known))
    return digest.hexdigest()
