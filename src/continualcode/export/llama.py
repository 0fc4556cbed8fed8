"""llama.cpp as a reader: a process in the environment that `scripts/peers.sh llama-cpp` made, asked with JSON.

Token ids are handed over directly, so that weights are compared and not tokenizers. Keys and values are float32 there,
as they are here.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from continualcode.export.reference import Compared, ExportError, Reference, compare

SECONDS = 600


def interpreter() -> Path | None:
    """The Python of the environment that has llama-cpp-python, None when it was not made."""
    peers = os.environ.get("CONTINUALCODE_PEERS") or str(Path.home() / ".cache" / "continualcode" / "peers")
    folder = Path(peers) / "llama-cpp"
    python = folder / "bin" / "python"
    return python if (folder / ".installed").is_file() and python.exists() else None


def ask(job: Mapping[str, Any]) -> dict[str, Any]:
    """Let `llama_peer.py` do a job there; see its docstring. Raises ExportError when it fails or takes too long."""
    python = interpreter()
    if python is None:
        raise ExportError("llama.cpp is not here; scripts/peers.sh llama-cpp makes its environment.")
    script = Path(__file__).with_name("llama_peer.py")
    try:
        done = subprocess.run(
            [str(python), "-I", str(script)], input=json.dumps(job), capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise ExportError(f"llama.cpp did not answer within {SECONDS} seconds; the export was not kept.") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise ExportError(f"llama.cpp cannot read the export: {said[-1] if said else 'it ended without a word'}.")
    return json.loads(done.stdout.splitlines()[-1])


def by_llama(model: Path, lora: Path | None, reference: Reference) -> Compared:
    """Load a GGUF model, with a LoRA on it if one is given, and compare. Raises ExportError."""
    job = {"model": str(model), "lora": str(lora) if lora else None, "score": reference.items}
    return compare("llama.cpp", reference, ask(job)["logprobs"])
