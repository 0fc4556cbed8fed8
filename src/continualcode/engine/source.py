"""Where a model's files are and what they are: a folder on disk or a name on the hub, safetensors only.

Weights in pickle files are refused: loading one runs whatever it holds. No code of a model's repository runs.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from continualcode.engine.base import EngineError

_FILES = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]


def resolve(source: str) -> Path:
    """The folder that holds `source`. Raises EngineError when there is none or it is not a safe model."""
    path = Path(source).expanduser()
    if path.exists() or source.startswith((".", "/", "~")) or source.count("/") != 1:
        folder = path
        if not folder.exists():
            raise EngineError(
                f"No model at {source}: give a folder, a hub name like Qwen/Qwen3-0.6B, or model_name=bundled."
            )
    else:
        folder = _from_hub(source)
    if not folder.is_dir() or not (folder / "config.json").is_file():
        raise EngineError(f"{source} is not a model folder: it needs config.json, a tokenizer and *.safetensors.")
    if not any(folder.glob("*.safetensors")):
        pickles = [f.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for f in folder.glob(pattern)]
        if pickles:
            raise EngineError(
                f"{source} has only pickled weights ({pickles[0]}), which can run code; convert them to safetensors."
            )
        raise EngineError(f"{source} has no weights: no *.safetensors file lies in it.")
    return folder


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=_FILES, local_files_only=True))
    except Exception:  # not in the local cache, or only half of it: ask the hub
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=_FILES, etag_timeout=10))
    except Exception as error:
        kind = type(error).__name__
        if kind in ("RepositoryNotFoundError", "GatedRepoError", "HFValidationError"):
            raise EngineError(
                f"The hub has no model {name} that you may read ({kind}); check the name or log in."
            ) from None
        raise EngineError(
            f"The model hub cannot be reached for {name} ({kind}); give a local folder or model_name=bundled."
        ) from None


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
