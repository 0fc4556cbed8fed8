"""An open server of the Tinker API on this machine (skyrl, JAX on the CPU), with one model: for tests and for trying.

Run by the peer's own interpreter, which `scripts/peers.sh tinker` makes:
    ~/.cache/continualcode/peers/tinker/bin/python scripts/tinker_server.py models/pupil --port 8123 --state /tmp/state
Then TINKER_API_KEY=tml-any continualcode engine=tinker base_url=http://127.0.0.1:8123.

What skyrl 0.3.0 needs to run like this: on Python 3.11 the TypedDict of typing_extensions, in the API's process and in the
engine's; the engine started by this interpreter (skyrl starts it through `uv run`); loopback alone (its default is all
interfaces). Batches of one size and kept compilations, since on a CPU compiling costs more than computing.
"""

from __future__ import annotations

import argparse
import os
import sys
import typing
from pathlib import Path

import typing_extensions

typing.TypedDict = typing_extensions.TypedDict

SAMPLES, EXAMPLES = 8, 4  # sequences in one batch of sampling and of training
ADAPTERS, RANK = 32, 32  # training runs at once, and the largest rank
KEPT = Path(os.environ.get("CONTINUALCODE_PEERS", "~/.cache/continualcode/peers")).expanduser() / "tinker-compiled"


def serve(model: str, port: int, state: Path) -> None:
    """The API, which starts the engine beside it. Returns when it is stopped."""
    import uvicorn
    from skyrl.tinker import api
    from skyrl.tinker.config import EngineConfig, config_to_argv

    state.mkdir(parents=True, exist_ok=True)
    api.app.state.engine_config = EngineConfig(
        base_model=model,
        backend="jax",
        backend_config={
            "max_lora_adapters": ADAPTERS,
            "max_lora_rank": RANK,
            "sample_max_num_sequences": SAMPLES,
            "train_micro_batch_size": EXAMPLES,
        },
        checkpoints_base=str(state / "checkpoints"),
        database_url=f"sqlite:///{state / 'tinker.db'}",
        session_timeout_sec=3600,
    )
    api._build_uv_run_cmd_engine = lambda _, config: [sys.executable, __file__, "engine", *config_to_argv(config)]
    uvicorn.run(api.app, host="127.0.0.1", port=port, log_level="warning")


def engine() -> None:
    """The process that computes; its arguments are skyrl's own."""
    from skyrl.tinker.engine import main

    main()


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(KEPT))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    if sys.argv[1:2] == ["engine"]:
        del sys.argv[1]
        engine()
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("model", help="a folder or a hub name; clients name the model with the same word")
        parser.add_argument("--port", type=int, default=8123)
        parser.add_argument("--state", type=Path, required=True, help="folder of checkpoints and of its database")
        given = parser.parse_args()
        serve(given.model, given.port, given.state)
