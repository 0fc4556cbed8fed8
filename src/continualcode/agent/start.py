"""How a day begins: the engine with its adapter, the repository's notes."""

from __future__ import annotations

from pathlib import Path

from continualcode.agent.files import FileProblem, load
from continualcode.config import Settings
from continualcode.engine.base import Engine
from continualcode.errors import UserError
from continualcode.sandbox.paths import OutsideWorkspace, inside
from continualcode.store import Store

SCRIPTED = "scripted:"


def open_engine(settings: Settings, store: Store) -> Engine:
    """The engine that the settings name, with the adapter they name: `current` (of the store), `none`, a
    version, or a folder. Raises UserError or EngineError: one sentence."""
    if settings.model_name.startswith(SCRIPTED):
        from continualcode.agent.scripted import ScriptedEngine

        return ScriptedEngine.load(Path(settings.model_name[len(SCRIPTED) :]))
    folder = _adapter_folder(settings, store)
    from continualcode.engine import load_engine

    engine = load_engine(settings)
    if folder is not None and (engine.capabilities.hot_swap or settings.adapter != "current"):
        engine.load_adapter(folder)
    return engine


def _adapter_folder(settings: Settings, store: Store) -> Path | None:
    name = settings.adapter
    if name == "none":
        return None
    if name == "current":
        record = store.current()
        return store.adapter_folder(record) if record else None
    record = store.get_adapter(name)
    if record is not None:
        return store.adapter_folder(record)
    if Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    raise UserError(
        f"There is no adapter {name}, neither a version nor a folder; `continualcode adapters list` shows them."
    )


def repository_notes(workspace: Path, name: str, context_length: int) -> tuple[str, str]:
    """(text of AGENTS.md or what `name` says, a remark when it was cut or cannot be read). At most an eighth
    of the model's context, taken as four characters a token."""
    if not name:
        return "", ""
    try:
        path = inside(workspace, name)
    except OutsideWorkspace:
        return "", f"{name} leads out of this folder: its notes are not used"
    if not path.is_file():
        return "", ""
    try:
        text = load(path, name).text.strip()
    except FileProblem as error:
        return "", f"{error}: its notes are not used"
    most = context_length // 8 * 4
    if len(text) <= most:
        return text, ""
    return text[:most].rsplit("\n", 1)[0] + "\n[cut]", f"{name} is long: the model is shown its first {most} characters"
