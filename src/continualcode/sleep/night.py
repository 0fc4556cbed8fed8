"""One night: curate → train → gate → promote or refuse. Staged and resumable.

The night's row in the store says which stage it is in, and moves on only when what the stage made is whole
on disk (`home/nights/<id>/`, `home/adapters/<version>/`). `current` moves in one place, `store.promote`,
one transaction: a kill at any point leaves it as it was. The next `sleep` takes an unfinished night up where
it stopped if nothing it rests on has changed (the same base model, method and current adapter), else
abandons it and starts anew. One lock per home keeps two nights apart; it dies with its process.

A candidate that may not answer everything may still answer what it was trained on: when the gate refuses it for all, it
asks again for a version in which the candidate answers the errors of its own training set, and the weights before
it all others (`agent/routes.py`). No task is run again for that: a draw depends on its task and its weights alone.
An error under which a gate task would be lost stays with the weights before, and the gate is asked about the others.
The next night begins from the newest of these weights, and asks for routes alone: what it began from was refused for
everything. An error that routes answer already goes to a candidate only where it repairs more of the night's held-out programs.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.agent import routes as routing
from continualcode.engine.base import Engine
from continualcode.errors import UserError
from continualcode.evaluate import suite
from continualcode.evaluate.metrics import compare
from continualcode.sleep import budget, curate, gate
from continualcode.sleep.anchors import anchor_examples, drift_from_base, repair_anchors
from continualcode.sleep.gate import Outcomes
from continualcode.sleep.methods import METHODS, train_night
from continualcode.sleep.soften import SHARES, exact_repairs, soften
from continualcode.sleep.train import TrainingFailed
from continualcode.store import Store, StoreError, new_id, now
from continualcode.store.lock import only_one
from continualcode.store.records import AdapterRecord, CorrectionRecord, EpisodeRecord, NightRecord
from continualcode.store.space import full_disk_said

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.koans.catalogue import Koan

MAX_HELD_OUT = 48
GONE_ON = 0.3  # of the learning rate, when a night goes on from routed weights
ROUTES_ALONE = "begun from routed weights, which were refused for everything: asked about as routes alone"
REDRAW_SEED = 1_000_003  # far from the seeds of the first draws
Say = Callable[[str], None]
Step = Callable[[str, int, int, str], None]  # stage, done, of, note


def _quiet(*_: object) -> None:
    pass


@dataclass(frozen=True)
class NightResult:
    """A finished night and what `sleep --json` prints of it."""

    night: NightRecord
    seconds: float

    @property
    def promoted(self) -> bool:
        return self.night.decision == "promoted"

    def json(self) -> dict[str, Any]:
        details = self.night.details
        return {
            "night": self.night.id,
            "episodes": details.get("episodes", 0),
            "curated": details.get("curated", 0),
            "candidates": [self.night.candidate] if self.night.candidate else [],
            "decision": self.night.decision,
            "reasons": self.night.reasons,
            "promoted": self.night.version if self.promoted else None,
            "seconds": round(self.seconds, 2),
            "dataset": self.night.dataset_hash,
            "training": details.get("training"),
            "softened": details.get("softened"),
            "gate": details.get("gate"),
        }


def night_lock(home: Path) -> AbstractContextManager[None]:
    """At most one night in a home. Raises UserError when another holds it."""
    return only_one(
        home / "night.lock", f"Another night is running in {home}; wait for it to end, or use another home."
    )


def sleep(
    engine: Engine, store: Store, settings: Settings, *, say: Say = _quiet, step: Step = _quiet, run_id: str = ""
) -> NightResult:
    """Sleep one night, or finish the one that was cut off. Afterwards the engine holds what is current."""
    if settings.night_method not in METHODS:
        raise UserError(f"night_method={settings.night_method} is not known; choose one of {', '.join(METHODS)}.")
    if not engine.capabilities.trains:
        raise UserError(f"The engine of {engine.model_id} cannot train; sleep needs a local model.")
    began = time.monotonic()
    with full_disk_said(settings.home, "sleep again: the night goes on where it stopped"), night_lock(settings.home):
        night = _Night(engine, store, settings, say, step, run_id)
        try:
            record = night.run()
        finally:
            night.load_current()
    return NightResult(record, time.monotonic() - began)


def load_current(engine: Engine, store: Store) -> AdapterRecord | None:
    """Put the store's current adapter (or none) into the engine, also where it is there by name: training moves weights and
    leaves the name. Raises UserError for one of another base, or whose files are not what was recorded."""
    current = store.current()
    if current is None:
        engine.load_adapter(None)
        return None
    if current.base_hash != engine.model_hash:
        raise UserError(
            f"The current adapter {current.version} belongs to {current.base_model}, not to {engine.model_id}; "
            "load that model, or use another home."
        )
    store.check_files(current)
    engine.load_adapter(store.adapter_folder(current))
    return current


def unread(store: Store, engine: Engine) -> tuple[list[EpisodeRecord], list[CorrectionRecord]]:
    """Train-split episodes of this model, and corrections, that no finished night has read. A night that
    ended in an error counts as not having read. Corrections are told apart one by one: those that were imported
    have ids that say nothing of when they came."""
    finished = [n for n in store.list_nights(stage="done") if n.decision != "error"]
    last_episode = max((n.details.get("last_episode", "") for n in finished), default="")
    read = {name for n in finished for name in n.details.get("corrections_read", ())}
    episodes = [e for e in store.list_episodes(split="train", model=engine.model_id) if e.id > last_episode]
    corrections = [c for c in store.list_corrections() if c.id not in read]
    return episodes, corrections


def _keys(items: Sequence[curate.Item], settings: Settings) -> list[str]:
    """The key of each program's first error."""
    return routing.keys_of([(item.buggy, "") for item in items], settings)


def _answered_by(version: str, routed: routing.Routes, keys: Mapping[str, str]) -> set[str]:
    """Which tasks `version` answers; keys: task → the key of its first error."""
    return {task for task, key in keys.items() if routed.choose(key).adapter == version}


def _routed(before: Outcomes, after: Outcomes, names: set[str]) -> Outcomes:
    """Outcomes when `names` are answered by the candidate and all others by the weights before."""
    return {t: after[t] if t in names else before[t] for t in before}


class _Night:
    """One night's stages; see the module docstring."""

    def __init__(self, engine: Engine, store: Store, settings: Settings, say: Say, step: Step, run_id: str) -> None:
        self.engine, self.store, self.settings = engine, store, settings
        self.deadline = budget.Deadline(settings.night_minutes * 60)
        self.say, self.step, self.run_id = say, self.deadline.step(step), run_id
        self.night = self._open()
        self.folder = settings.home / "nights" / self.night.id
        self.folder.mkdir(parents=True, exist_ok=True)

    def run(self) -> NightRecord:
        stages = {"curate": self._curate, "train": self._train, "gate": self._gate}
        try:
            while self.night.stage in stages:
                self.deadline.begin()
                stages[self.night.stage]()
        except budget.OutOfTime as reason:
            self.say(f"{self.night.stage}: {reason}")
            return replace(self.night, decision="out_of_time", reasons=[str(reason)])
        shutil.rmtree(self.folder / "train", ignore_errors=True)  # checkpoints are of no use any more
        return self.night

    # -- which night

    def _open(self) -> NightRecord:
        current = self.store.current()
        mine = {"model": self.engine.model_hash, "method": self.settings.night_method}
        unfinished = [n for n in self.store.list_nights() if n.stage not in ("done", "abandoned")]
        parent = current.version if current else None
        found: NightRecord | None = None
        for night in unfinished:
            same = {k: night.details.get(k) for k in mine} == mine
            moved = night.version is not None and parent in (
                night.candidate,
                night.version,
            )  # killed just after its promotion
            if found is None and same and (night.parent == parent or moved):
                found = night
            else:
                self.store.update_night(night.id, stage="abandoned", finished=now())
                self.say(f"night {night.id} was cut off and no longer fits; it is abandoned")
        if found is not None:
            self.say(f"going on with night {found.id}, which was cut off while it did: {found.stage}")
            return found
        details = {**mine, "index": len(self.store.list_nights())}
        night = NightRecord(new_id("night"), "curate", now(), None, "", [], None, parent, "", details)
        self.store.add_night(night)
        return night

    def _move(self, stage: str, details: dict[str, Any] | None = None, **fields: Any) -> None:
        """Write down that the stage before is whole."""
        merged = {**self.night.details, **(details or {})}
        self.store.update_night(self.night.id, stage=stage, details=merged, **fields)
        found = self.store.get_night(self.night.id)
        assert found is not None
        self.night = found

    def _finish(self, decision: str, reasons: Sequence[str], details: dict[str, Any] | None = None) -> None:
        self._move("done", details, decision=decision, reasons=list(reasons), finished=now())

    @property
    def _seeded(self) -> Settings:
        """The settings with this night's own seed: another night draws other variants and batches."""
        return self.settings.replace(seed=self.settings.seed + 1000 * (self.night.details["index"] + 1))

    # -- curate

    def _curate(self) -> None:
        episodes, corrections = unread(self.store, self.engine)
        self.say(f"curate: {len(episodes)} episodes, {len(corrections)} corrections")
        dataset = curate.curate(episodes, corrections, settings=self.settings, seed=self._seeded.seed, say=self.say)
        read = {
            "episodes": len(episodes),
            "curated": len(dataset.use("train")),
            "card": dataset.card,
            "last_episode": max((e.id for e in episodes), default=""),
            "corrections_read": [c.id for c in corrections],
        }
        if not dataset.use("train"):
            self._finish("nothing_to_learn", ["no failure of the day can be learnt from"], read)
            return
        curate.save(dataset, self.folder)
        self._move("train", read, dataset_hash=dataset.hash)

    # -- train

    def _train(self) -> None:
        dataset = curate.load(self.folder)
        begin, route = self._beginning()
        self.say(f"train: {len(dataset.use('train'))} repairs, {len(dataset.use('replay'))} of replay")
        work = self.folder / "train"
        work.mkdir(exist_ok=True)
        self.load_current()  # anchors are what the weights before the night answer
        self._measure("gate before")  # the gate needs it, and it tells how fast this machine samples
        held = anchor_examples(self.engine, self._seeded.seed)
        held += repair_anchors(self.engine, dataset.use("replay"))
        plan = self._plan(dataset)
        try:
            trained = train_night(
                self.engine, dataset, work, settings=self._paced(plan, begun=route is not None),
                parent=begin, anchors=held,
                progress=lambda n, of, loss: self.step("train", n, of, f"loss {loss:.3f}"),
            )  # fmt: skip
        except TrainingFailed as error:
            self._finish("error", [f"training failed: {error}"])
            return
        told: dict[str, Any] = {"training": trained.json(), "from_route": route}
        if self.settings.night_method not in ("naive", "lora") and plan.softens:
            say = self.deadline.say(self.say)
            told["softened"] = soften(self.engine, dataset, work, settings=self._seeded, say=say).json()
        version = self.night.candidate or new_id("ad")
        self._move("train", told, candidate=version)
        home = self.settings.home / "adapters" / version
        if self.store.get_adapter(version) is None:
            for left in (home, *home.parent.glob(f".{version}.*")):  # half written by a night that was cut off
                shutil.rmtree(left, ignore_errors=True)
            self.engine.save_adapter(home)
            self._keep(version, "night", dataset.hash, {"training": trained.json()})
        self._move("gate")

    def _paced(self, plan: budget.Plan, *, begun: bool) -> Settings:
        """The night's settings for training: its time, and a lower rate where it goes on from weights that a night trained
        already (at the full rate their loss, small as it is, sprang up in the middle)."""
        rate = self.settings.night_learning_rate * (GONE_ON if begun else 1.0)
        return self._seeded.replace(night_minutes=plan.training / 60, night_learning_rate=rate)

    def _plan(self, dataset: curate.Dataset) -> budget.Plan:
        """What of the night's time each part gets."""
        retained, held_out = len(dataset.use("retained")), len(dataset.use("held_out"))
        softens = self.settings.night_method not in ("naive", "lora")
        work = budget.Work(
            gate=len(suite.select("gate")) * self.settings.gate_samples, redraws=self.settings.gate_redraws,
            held_out=min(held_out, MAX_HELD_OUT), softening=(len(SHARES) + 1) * (retained + held_out) if softens else 0, calls=self.settings.max_attempts,
        )  # fmt: skip
        found = budget.plan(self.deadline.left, budget.pace(self.store, self.engine.model_id), work)
        self.say(
            f"plan: {found.training:.0f} s for training, {found.softening:.0f} s for softening, {found.gate:.0f} s for the gate"
        )
        return found

    def _beginning(self) -> tuple[Path | None, str | None]:
        """The adapter that the night trains on from, and its name among the current version's routes: the newest of
        them where there are any, else the version itself, else nothing."""
        parent = self.store.get_adapter(self.night.parent) if self.night.parent else None
        if parent is None:
            return None, None
        found = routing.read(self.store.adapter_folder(parent))
        if not found.table:
            return found.folder, None
        newest = max(found.table.values())  # ids begin with their time
        return found.folder / "routes" / newest, newest

    def _keep(self, version: str, kind: str, data_hash: str, metrics: dict[str, Any]) -> None:
        """Write down a version whose files are whole on disk."""
        self.store.add_adapter(
            AdapterRecord(
                version=version,
                parent=self.night.parent,
                base_model=self.engine.model_id,
                base_hash=self.engine.model_hash,
                path=f"adapters/{version}",
                data_hash=data_hash,
                kind=kind,
                status="candidate",
                metrics=metrics,
                reasons=[],
                created=now(),
            )  # fmt: skip
        )

    # -- gate

    def _gate(self) -> None:
        assert self.night.candidate is not None
        candidate = self.store.get_adapter(self.night.candidate)
        assert candidate is not None
        current = self.store.current()
        if current is not None and current.version in (
            candidate.version,
            self.night.version,
        ):  # killed between promotion and this row
            if current.version != candidate.version:
                self._refuse(candidate, current.reasons)
            self._finish("promoted", current.reasons)
            return
        if candidate.status == "refused":  # killed between refusal and this row
            self._finish("refused", candidate.reasons)
            return
        try:
            self.store.check_files(candidate)
        except StoreError as error:  # what it learnt from stays unread: the next night learns it again
            self._finish("error", [str(error)])
            return
        dataset = curate.load(self.folder)
        held_out = dataset.use("held_out")[:MAX_HELD_OUT]
        self.load_current()
        before = self._measure("gate before")
        slice_before = self._routed_repairs(held_out)
        self.engine.load_adapter(self.store.adapter_folder(candidate))
        slice_after = exact_repairs(self.engine, held_out, self.settings)
        slices = slice_before, slice_after
        if self.night.details.get("from_route"):
            self._ask_for_routes(candidate, dataset, (), before, before, slices)
            return
        after = self._measure("gate after")
        drift = drift_from_base(self.engine)
        passed, passes = self._drawn_again(before, after, candidate)
        decision = gate.decide(
            passed, passes, drift=drift, max_drift=self.settings.gate_max_drift,
            max_regressions=self.settings.gate_max_regressions, held_out_before=slice_before, held_out_after=slice_after,
        )  # fmt: skip
        for reason in decision.reasons:
            self.say(f"gate: {reason}")
        numbers = {"gate": dict(decision.numbers)}
        self.store.update_adapter(candidate.version, metrics={**candidate.metrics, **numbers})
        self._move("gate", numbers)
        if decision.promote:
            self.store.promote(candidate.version, reasons=list(decision.reasons))
            self._finish("promoted", decision.reasons)
            return
        self._ask_for_routes(candidate, dataset, decision.reasons, passed, passes, slices)

    def _ask_for_routes(
        self, candidate: AdapterRecord, dataset: curate.Dataset, against: Sequence[str], before: Outcomes, after: Outcomes,
        slices: tuple[Sequence[bool], Sequence[bool]],
    ) -> None:  # fmt: skip
        """Ask the gate about a candidate as the weights for the errors that it was trained on. against: why it was
        refused for everything; empty: that was not asked, and `after` is what the candidate's own tasks are to be measured for.
        slices: before and after on the held-out programs."""
        self.load_current()
        drift = drift_from_base(self.engine)  # of the weights that go on answering everything else
        slice_before, slice_after = slices
        keys = _keys(dataset.use("held_out")[:MAX_HELD_OUT], self.settings)
        routed = self._as_routes(candidate, dataset, keys, slices)
        koans = suite.select("gate")
        told_apart = routing.keys_of([(k.buggy, k.tests) for k in koans], self.settings)
        gate_keys = {koan.id: key for koan, key in zip(koans, told_apart, strict=True)}
        names = _answered_by(candidate.version, routed, gate_keys)
        if not against:
            self.engine.load_adapter(self.store.adapter_folder(candidate))
            after = {**before, **self._measure("gate after", [k for k in koans if k.id in names])}
            before, after = self._drawn_again(before, after, candidate)
        kept: list[str] = []
        lost = compare(before, _routed(before, after, names)).regressed
        if lost:
            left = {routed.choose(gate_keys[task]).like for task in lost}
            kept.append(f"{len(left)} errors under which a gate task was lost stay with the weights before")
            self.say(f"gate: {kept[-1]}: {', '.join(sorted(left))}")
            routed = routing.Routes(routed.folder, self._without(routed, left, candidate))
            names = _answered_by(candidate.version, routed, gate_keys)
        own = [routed.choose(k).adapter == candidate.version for k in keys]
        decision = gate.decide(
            before, _routed(before, after, names), drift=drift,
            max_drift=self.settings.gate_max_drift, max_regressions=self.settings.gate_max_regressions,
            held_out_before=slice_before,
            held_out_after=[a if its else b for a, b, its in zip(slice_after, slice_before, own, strict=True)],
        )  # fmt: skip
        routes_said = [f"routed ({len(names)} gate tasks): {reason}" for reason in decision.reasons]
        for reason in routes_said:
            self.say(f"gate: {reason}")
        reasons = [*against, *kept, *routes_said]
        told = {"gate": dict(decision.numbers)} if decision.promote or not against else None
        if decision.promote:
            self._promote_routes(candidate, routed, reasons, told or {})
        self._refuse(candidate, against or (ROUTES_ALONE,))
        self._finish("promoted" if decision.promote else "refused", reasons, told)

    def _without(self, routed: routing.Routes, left: set[str], candidate: AdapterRecord) -> dict[str, str]:
        """The table without the candidate's claim to these keys: they go back to what answered them, if anything did."""
        current = self.store.current()
        earlier = routing.read(self.store.adapter_folder(current)).table if current else {}
        kept = {k: a for k, a in routed.table.items() if k not in left or a != candidate.version}
        return {**kept, **{k: earlier[k] for k in left if k in earlier}}

    def _refuse(self, candidate: AdapterRecord, reasons: Sequence[str]) -> None:
        self.store.update_adapter(candidate.version, status="refused", reasons=list(reasons))

    def _as_routes(
        self, candidate: AdapterRecord, dataset: curate.Dataset, keys: Sequence[str],
        slices: tuple[Sequence[bool], Sequence[bool]],
    ) -> routing.Routes:  # fmt: skip
        """What the current version's routes would be with the candidate for the errors that it was trained on; not on
        disk yet. One that other weights answer already changes hands where the candidate repairs more of the held-out programs
        with it (`keys`, `slices`: theirs)."""
        current = self.store.current()
        earlier = routing.read(self.store.adapter_folder(current)) if current else routing.Routes(self.folder)
        taken: dict[str, str] = {}
        for key in filter(None, dict.fromkeys(_keys(dataset.use("train"), self.settings))):
            known = earlier.choose(key)
            places = [n for n, k in enumerate(keys) if (c := earlier.choose(k)).adapter and c.like == known.like]
            gained = sum(slices[1][n] for n in places) - sum(slices[0][n] for n in places)
            if known.adapter is None or gained > 0:
                taken[key] = candidate.version
                if known.how == "similar":  # else the older weights would stay with the nearest key
                    taken[known.like] = candidate.version
        return routing.Routes(self.folder, {**earlier.table, **taken})

    def _routed_repairs(self, items: Sequence[curate.Item]) -> list[bool]:
        """Which items the current version repairs exactly, each with the weights that its error leads to."""
        current = self.store.current()
        routes = routing.read(self.store.adapter_folder(current)) if current else None
        if routes is None or not routes.table:
            return exact_repairs(self.engine, items, self.settings)
        groups: dict[Path, list[int]] = {}
        for n, key in enumerate(_keys(items, self.settings)):
            groups.setdefault(routes.weights(routes.choose(key)), []).append(n)
        found: dict[int, bool] = {}
        for weights, places in groups.items():
            self.engine.load_adapter(weights)
            found |= zip(places, exact_repairs(self.engine, [items[n] for n in places], self.settings), strict=True)
        return [found[n] for n in range(len(items))]

    def _promote_routes(
        self, candidate: AdapterRecord, routed: routing.Routes, reasons: Sequence[str], metrics: dict[str, Any]
    ) -> None:
        """Make a version of the routes and promote it. The night's row names it first, so that a night that is cut off
        here knows its own."""
        left = self.night.details.get("routed")
        if left and self.store.get_adapter(left) is None:  # half written when the night was cut off
            shutil.rmtree(self.settings.home / "adapters" / left, ignore_errors=True)
        version = new_id("ad")
        self._move("gate", {"routed": version})
        current = self.store.current()
        if current is not None:
            default, earlier = self.store.adapter_folder(current), routing.read(self.store.adapter_folder(current))
        else:
            default, earlier = self.folder / "nothing_learnt", None
            shutil.rmtree(default, ignore_errors=True)
            shape = self.settings
            self.engine.fresh_adapter(rank=shape.lora_rank, alpha=shape.lora_alpha, targets=["all"], seed=shape.seed)
            self.engine.save_adapter(default)
        keys = [k for k, adapter in routed.table.items() if adapter == candidate.version]
        routing.write(
            self.settings.home / "adapters" / version, default, earlier, keys,
            self.store.adapter_folder(candidate), candidate.version,
        )  # fmt: skip
        self._keep(version, "routes", candidate.data_hash, {**candidate.metrics, **metrics})
        self.store.promote(version, reasons=list(reasons))

    def _drawn_again(self, before: Outcomes, after: Outcomes, candidate: AdapterRecord) -> tuple[Outcomes, Outcomes]:
        """The outcomes with those of every task that came out differently, better or worse, replaced by
        `gate_redraws` fresh draws on both sides. To judge a task by the draws that made it stand out would count
        luck as a change: a task that passes half of the time «loses» a third of that by chance alone."""
        names = gate.changed(before, after)
        if not names or not self.settings.gate_redraws:
            return before, after
        koans = [k for k in suite.select("gate") if k.id in names]
        settings = self.settings.replace(seed=self.settings.seed + REDRAW_SEED)

        def fresh(outcomes: Outcomes) -> Outcomes:
            found = suite.measured(
                self.engine, self.store, koans, suite="gate, drawn again", settings=settings,
                samples=settings.gate_redraws, run_id=self.run_id, night=self.night.id,
            )  # fmt: skip
            return {**outcomes, **{t: found["by_task"][t] for t in names}}

        self.engine.load_adapter(self.store.adapter_folder(candidate))
        after = fresh(after)
        self.load_current()
        before = fresh(before)
        for t in names:
            self.say(
                f"{t} drawn again: passed {sum(before[t])} of {len(before[t])} before, {sum(after[t])} of {len(after[t])} after"
            )
        return before, after

    def _measure(self, title: str, some: Sequence[Koan] | None = None) -> Outcomes:
        """Outcomes of the gate's tasks (or of some of them) with the weights in the engine; draws that are in the store
        are not made again."""
        if some is not None and not some:
            return {}
        koans, name = (suite.select("gate"), "gate") if some is None else (some, "gate, routed tasks")
        result = suite.measured(
            self.engine, self.store, koans, suite=name, settings=self.settings, samples=self.settings.gate_samples,
            run_id=self.run_id, night=self.night.id, progress=lambda n, of: self.step(title, n, of, ""),
        )  # fmt: skip
        return result["by_task"]

    def load_current(self) -> None:
        load_current(self.engine, self.store)
