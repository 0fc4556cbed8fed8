"""A rollout through a version's routes: tasks with the same weights run as one batch, group after group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
