"""Runs: every command that measures or changes something writes `home/runs/<id>/config.yaml` (argv, all
settings, seeds, versions, hashes of model and data) and a row in the store; `rerun` repeats it.

`with recorded_run("eval", settings) as run:` gives `run.id`, `run.folder` (pictures, logs), `run.store`
(open while the run lasts) and `run.summary` (a dict to fill). The row ends as `done`, `failed` or
`interrupted`; a run that was killed stays `running`.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.config import Settings, bundled

if TYPE_CHECKING:
    from continualcode.store import Store

# what the program was called with, without its name; app.main fills it
argv: list[str] = []
_VERSIONED = ("continualcode", "torch", "transformers", "peft", "tokenizers", "numpy")


@dataclass
class Run:
    """One recorded run; see the module docstring."""

    id: str
    kind: str
    folder: Path
    store: Store
    summary: dict[str, Any] = field(default_factory=dict)


@contextmanager
def recorded_run(
    kind: str, settings: Settings, *, run_id: str | None = None, data: Sequence[Path] = ()
) -> Iterator[Run]:
    """Record a run while the block lasts. `data`: files and folders it reads besides the koans (a suite's
    JSONL), hashed into its configuration. A `run_id` that is taken is a UserError."""
    from continualcode.store import Store, new_id, now
    from continualcode.store.records import RunRecord

    with Store(settings.store_path) as store:
        run = Run(run_id or new_id("run"), kind, Path(), store)
        run.folder = settings.home / "runs" / run.id
        store.add_run(RunRecord(run.id, kind, "running", settings.as_dict(), {}, now(), None))
        write_configuration(run, settings, data)
        status = "failed"
        try:
            yield run
            status = "done"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            store.update_run(run.id, status=status, summary=run.summary, finished=now())


def write_configuration(run: Run, settings: Settings, data: Sequence[Path] = ()) -> None:
    """Write `config.yaml` of a run."""
    import yaml

    from continualcode.store.hashing import folder_hash

    koans = bundled("koans")
    content = {
        "run": run.id,
        "kind": run.kind,
        "argv": list(argv),
        "cwd": os.getcwd(),
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seed": settings.seed,
        "settings": settings.as_dict(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _VERSIONED}},
        "machine": {"system": platform.platform(), "cpus": os.cpu_count()},
        "model": {"source": settings.model_source, "hash": model_hash(settings)},
        "data": {
            "koans": folder_hash(koans) if koans.exists() else "",
            **{str(path): folder_hash(path) for path in data},
        },
    }
    run.folder.mkdir(parents=True, exist_ok=True)
    path = run.folder / "config.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def model_hash(settings: Settings) -> str:
    """Hash of the weights of a model folder, as the engine names it; empty for one that is not on disk."""
    from continualcode.engine.source import weights_hash

    folder = Path(settings.model_source).expanduser()
    return weights_hash(folder, settings.home / "cache" / "model_hashes.json") if folder.is_dir() else ""


def version(name: str) -> str:
    """A package's installed version, or an empty string; imports nothing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def program() -> str:
    """The name that this program was called by."""
    name = Path(sys.argv[0]).name
    return name if name in ("continualcode", "sleepy-coder") else "continualcode"
