"""What a running vLLM needs beside PEFT folders: the calls that load a version under a name of its own.

vLLM serves adapters by name and keeps what it loaded, so each version gets a new name, and the one before is unloaded
after the new one answers. The server must run with `--enable-lora` and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SCRIPT = '''"""Load these adapters into a running vLLM: python load.py http://127.0.0.1:8000 [--unload NAME …]

The server must have been started with --enable-lora --max-lora-rank {rank} and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True,
and must see this folder. VLLM_API_KEY is sent when it is set. Old names are unloaded once the new ones are there.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent


def post(server, path, body):
    headers = {{"Content-Type": "application/json"}}
    if os.environ.get("VLLM_API_KEY"):
        headers["Authorization"] = "Bearer " + os.environ["VLLM_API_KEY"]
    request = urllib.request.Request(server.rstrip("/") + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            print(body["lora_name"], path, answer.status)
    except urllib.error.HTTPError as error:
        sys.exit("%s: vLLM answered %d: %s" % (body["lora_name"], error.code, error.read().decode(errors="replace")))
    except OSError as error:
        sys.exit("%s: vLLM does not answer at %s (%s)" % (body["lora_name"], server, error))


def main(words):
    if not words or words[0].startswith("-") or words[1:2] not in ([], ["--unload"]):
        sys.exit(__doc__.splitlines()[0])
    for call in json.loads((HERE / "calls.json").read_text())["load"]:
        post(words[0], call["path"], {{**call["body"], "lora_path": str(HERE / call["body"]["lora_path"])}})
    for name in words[2:]:
        post(words[0], "/v1/unload_lora_adapter", {{"lora_name": name}})


main(sys.argv[1:])
'''


def write_calls(folder: Path, names: Sequence[str], rank: int) -> None:
    """`calls.json` and `load.py` beside PEFT folders that are called `names`; `rank`: of the largest adapter."""
    calls: list[dict[str, Any]] = [
        {"path": "/v1/load_lora_adapter", "body": {"lora_name": name, "lora_path": name}} for name in names
    ]
    (folder / "calls.json").write_text(json.dumps({"load": calls}, indent=1) + "\n", encoding="utf-8")
    (folder / "load.py").write_text(SCRIPT.format(rank=rank), encoding="utf-8")
