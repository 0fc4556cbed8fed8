"""A rollout through a version's routes: tasks with the same weights run as one batch, group after group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.agent import routes as routing
from continualcode.agent.routes import Routes
from continualcode.engine.base import Engine
from continualcode.evaluate.workers import rollout_on_all_cores
from continualcode.store.records import EpisodeRecord

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan
    from continualcode.store import Store


def routes_in_use(engine: Engine, store: Store) -> Routes | None:
    """The routes of the version that the engine holds; None when it holds no version of the store, or one without
    routes."""
    record = store.get_adapter(engine.adapter_ref) if engine.adapter_ref else None
    found = routing.read(store.adapter_folder(record)) if record else None
    return found if found is not None and found.table else None


def weights_of(
    engine: Engine, store: Store, koans: Sequence[Koan], routes: Routes | None, settings: Settings
) -> list[str | None]:
    """A name for the weights that answer each koan: a hash of the adapter's tensors, so that equal weights in another
    version's folder have the same; "" where an adapter changes nothing. None: the engine holds weights that no
    version of the store has, so nothing is known of them."""
    if routes is not None:
        places = {i: folder for folder, some in routing.by_weights(routes, koans, settings).items() for i in some}
        return [_tensors(places[i]) for i in range(len(koans))]
    if engine.adapter_ref is None:
        return [""] * len(koans)
    record = store.get_adapter(engine.adapter_ref)
    return [None if record is None else _tensors(store.adapter_folder(record))] * len(koans)


def _tensors(folder: Path) -> str | None:
    """sha256 (16 hex digits) of an adapter's tensors; "" when every B is zero, which adds nothing to any layer; None
    for a folder of another making."""
    file = folder / "adapter_model.safetensors"
    if not file.is_file():
        return None
    stat = file.stat()
    return _hashed(str(file), stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _hashed(file: str, _changed: int, _size: int) -> str:
    import hashlib

    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        if not any(opened.get_tensor(n).any() for n in opened.keys() if "lora_A" not in n):  # noqa: SIM118 - no mapping
            return ""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16]


def routed_rollout(
    engine: Engine, koans: Sequence[Koan], *, routes: Routes | None, settings: Settings, samples: int = 1,
    progress: Callable[[int, int], None] | None = None, **how: Any,
) -> list[EpisodeRecord]:  # fmt: skip
    """`rollout`, each task with the weights that `routes` has for its first error; without routes, with those that the
    engine holds. Afterwards the engine holds the default weights, also after an error. Since a draw's seed follows from
    the task alone, a task comes out as it would have with its weights for all."""
    if routes is None:
        return rollout_on_all_cores(engine, koans, settings=settings, samples=samples, progress=progress, **how)
    found: dict[int, list[EpisodeRecord]] = {}
    total = len(koans) * samples
    try:
        for weights, places in routing.by_weights(routes, koans, settings).items():
            if not places:
                continue
            before = len(found) * samples
            routing.load(engine, weights, routes)
            episodes = rollout_on_all_cores(
                engine, [koans[i] for i in places], settings=settings, samples=samples,
                progress=(lambda n, _, before=before: progress(before + n, total)) if progress else None, **how,
            )  # fmt: skip
            found |= {place: episodes[n * samples : (n + 1) * samples] for n, place in enumerate(places)}
    finally:
        routing.load(engine, routes.folder, routes)
    return [episode for place in range(len(koans)) for episode in found[place]]
