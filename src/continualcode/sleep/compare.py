"""Methods side by side: the same patterns, programs, steps and batches, judged on the same tasks.

A cell is one method with one seed. `base`, `noop` and `hints` train nothing. The methods of a sequence learn the patterns
one after another, each stage from the weights before it, and are measured after every stage: that is the forgetting
curve. The routed ones have an adapter for each pattern, which answers the errors it was trained on (`agent/routes.py`);
`share_mean` averages them. Judged are `probes`, fresh programs of the compared patterns that nothing was trained on (they
have no tests: solved is what compiles with nothing taken away), and koans of the gate. The test split is never looked at,
unless it is asked for as a last column; it decides nothing.

    FOLDER/plan.json              what is compared; a folder belongs to one plan
    FOLDER/probes/PATTERN/        programs that are measured on
    FOLDER/adapters/PATTERN-SEED/ the farm: one LoRA a pattern
    FOLDER/cells/METHOD-SEED/     adapters and measurements of each stage; `cell.json` once it is whole

What is there is not made again. No method gets anchors; `replay` gets repairs of earlier patterns and of the train split's
other tasks, and KeepLoRA takes its known directions from the same ones.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.agent import routes as routing
from continualcode.agent.routes import Routes
from continualcode.engine import source as sources
from continualcode.engine.base import Engine
from continualcode.errors import UserError
from continualcode.evaluate import suite
from continualcode.evaluate.peak import peak_mb, reset_peak
from continualcode.koans.catalogue import Koan
from continualcode.sleep import consolidated, curate
from continualcode.sleep.dream import as_koan
from continualcode.sleep.farm import Plot, engine_of, farm, over_processes, pattern_data
from continualcode.sleep.methods import Learnt, make
from continualcode.sleep.modes import find_modes, random_modes, read_modes, write_cores
from continualcode.sleep.train import TrainingFailed, night_targets
from continualcode.store.lock import only_one
from continualcode.store.whole import write_whole

if TYPE_CHECKING:
    from continualcode.config import Settings

PROBE_SEED = 900_001  # far from the seeds of what is trained on
REPLAYED = 32  # of the train split's other tasks that replay and KeepLoRA see
SEQUENCES = ("lora", "replay", "olora", "keeplora", "dream")
ROUTED = ("lora_routed", "share_routed", "share_full", "uwsh", "random_basis")
SHARING = ("share_mean", "share_routed", "share_full", "uwsh", "random_basis")
FOLDED = ("uwsh", "random_basis")  # trained in the basis of other patterns alone
METHODS: Mapping[str, str] = {
    "base": "the model without an adapter",
    "noop": "a fresh adapter that was never trained",
    "hints": "no training: a past repair of the pattern in the request",
    "lora": "one LoRA, pattern after pattern",
    "replay": "the same, with repairs of other patterns in every batch",
    "olora": "a new block each pattern, its A orthogonal to the old ones",
    "keeplora": "a new block each pattern, reading only what nothing known is read from",
    "dream": "one LoRA, from draws judged by the compiler, no answers",
    "lora_routed": "a LoRA for each pattern, routed by the error",
    "share_mean": "Share: the mean of all coefficients, one adapter",
    "share_routed": "Share: each pattern's coefficients in a common basis, routed",
    "share_full": "Share: the coefficients trained further in the frozen basis, routed",
    "uwsh": "core coefficients alone, in the basis of other patterns' adapters, routed",
    "random_basis": "the same in a random basis of the same size",
}
KEPT = (
    "night_steps", "night_batch", "night_learning_rate", "night_variants", "night_replay", "lora_rank", "lora_alpha",
    "lora_targets", "samples", "max_attempts", "max_new_tokens", "temperature", "seed", "model_name",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What is compared. probes: fresh programs of each pattern; gate: at most so many gate koans of other patterns (those
    of the compared ones are always asked); test: whether the test split is reported; farm: a folder of adapters whose
    other patterns also feed the bases."""

    patterns: tuple[str, ...]
    probes: int
    gate: int
    test: bool
    settings: Settings
    farm: Path | None = None

    def json(self) -> dict[str, Any]:
        settings = {k: getattr(self.settings, k) for k in KEPT}
        told = {"patterns": list(self.patterns), "probes": self.probes, "gate": self.gate, "settings": settings}
        return {**told, "farm": str(self.farm) if self.farm else None}

    @property
    def name(self) -> str:
        """The folder's name: equal for the same comparison."""
        return hashlib.sha256(json.dumps(self.json(), sort_keys=True).encode()).hexdigest()[:12]


Say = Callable[[str], None]


def compare(
    plan: Plan, methods: Sequence[str], seeds: int, folder: Path, *, processes: int = 1, say: Say = lambda text: None
) -> list[dict[str, Any]]:
    """The cells of these methods and of seeds 0 … seeds − 1 (added to the settings' own), methods first. Goes on with what
    `folder` holds. Raises UserError for an unknown method, or a folder that holds another comparison or is worked in."""
    for name in methods:
        if name not in METHODS:
            raise UserError(f"There is no method `{name}` to compare; choose from {', '.join(METHODS)}.")
        if name in SHARING and len(plan.patterns) < 2:
            raise UserError(f"{name} rests on what adapters share; compare two patterns or more.")
        if name in FOLDED and len(plan.patterns) < 4 and plan.farm is None:
            raise UserError(
                f"{name} needs adapters of two other patterns or more; compare four patterns, or give a folder of "
                "`adapters farm` with --farm."
            )
    model = sources.resolve(plan.settings.model_source)
    cache = plan.settings.home / "cache" / "model_hashes.json"
    _own(folder, {**plan.json(), "model": sources.weights_hash(model, cache)})
    with only_one(folder / "lock", f"Another process compares in {folder}; wait for it to end."):
        return _cells(plan, methods, seeds, folder, processes, say)


def _cells(
    plan: Plan, methods: Sequence[str], seeds: int, folder: Path, processes: int, say: Say
) -> list[dict[str, Any]]:
    """See `compare`: probes, adapters and bases first, since cells share them, then the cells. Where several processes work,
    each is alone."""
    if processes > 1:
        plan = replace(plan, settings=plan.settings.replace(jobs=1))
    first = plan.settings.seed
    wanted = [(m, first + s) for s in range(seeds) for m in dict.fromkeys(methods)]
    probes = [i for p in plan.patterns for i in _probe_items(folder, p, plan.probes)]
    say(f"{len(probes)} probes of {len(plan.patterns)} patterns")
    left = [(folder, plan, m, s) for m, s in wanted if not _is_whole(_cell(folder, m, s), plan)]
    needed = {s for *_, m, s in left if m in (*ROUTED, *SHARING)}
    plots = [Plot(p, s) for s in sorted(needed) for p in plan.patterns]
    for plot in plots:
        pattern_data(plot, folder / "adapters", plan.settings, unlike=probes)
    grown = farm(plots, folder / "adapters", plan.settings, processes=processes, done=lambda g: say(f"{g.name}: {g.seconds:.0f} s"))  # fmt: skip
    if failed := next((g for g in grown if g.error), None):
        raise UserError(f"No adapter for {failed.name}: {failed.error}; leave that pattern out.")
    for seed in sorted(needed):
        if any(m in SHARING and s == seed for *_, m, s in left):
            _bases(folder, plan, seed)
    for name in over_processes(_run_alone, left, processes):
        say(name)
    return [json.loads(_cell(folder, m, s).read_text(encoding="utf-8")) for m, s in wanted]


def _own(folder: Path, told: dict[str, Any]) -> None:
    file = folder / "plan.json"
    if file.is_file():
        if json.loads(file.read_text(encoding="utf-8")) != told:
            raise UserError(f"{folder} holds another comparison; give another folder, or the settings it began with.")
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(file, json.dumps(told, indent=1))


def _cell(folder: Path, method: str, seed: int) -> Path:
    return folder / "cells" / f"{method}-{seed}" / "cell.json"


def _is_whole(cell: Path, plan: Plan) -> bool:
    """Whether a cell is there, with the test split where it is asked for."""
    return cell.is_file() and (not plan.test or json.loads(cell.read_text(encoding="utf-8"))["test"] is not None)


def _probe_items(folder: Path, pattern: str, count: int) -> list[curate.Item]:
    place = folder / "probes" / pattern
    if not (place / "card.json").is_file():
        curate.save(curate.fresh(pattern, count, PROBE_SEED), place)
    return list(curate.load(place).items)


def _run_alone(work: tuple[Path, Plan, str, int]) -> str:
    folder, plan, method, seed = work
    began = time.monotonic()
    cell = _Cell(engine_of(plan.settings), folder, plan, method, seed).run()
    rate = cell["probes"]["pass_rate"]
    return f"{method}, seed {seed}: {rate:.0%} of the probes in {time.monotonic() - began:.0f} s"


# -- bases


def _bases(folder: Path, plan: Plan, seed: int) -> None:
    """What the routed methods of a seed rest on: a Share basis of all its adapters, and modes of two folds of patterns,
    so that no pattern is trained between modes that its own adapter helped to find."""
    own = [consolidated.open_saved(folder / "adapters" / Plot(p, seed).name) for p in plan.patterns]
    others = []
    if plan.farm is not None:
        others = [s for s in consolidated.find(plan.farm) if s.name.rsplit("-", 1)[0] not in plan.patterns]
        if len(others) < 2:
            raise UserError(f"{plan.farm} has fewer than two adapters of other patterns; grow more of them.")
    bases = folder / "bases"
    if not (bases / f"shared-{seed}" / "consolidated.json").is_file():
        consolidated.consolidate([*own, *others], bases / f"shared-{seed}")
    for fold in (0, 1) if others or len(own) > 3 else ():
        if not (bases / f"modes-{seed}-{fold}" / "modes.json").is_file():
            find_modes(others or own[1 - fold :: 2], bases / f"modes-{seed}-{fold}")
        if not (bases / f"random-{seed}-{fold}" / "modes.json").is_file():
            like = read_modes(bases / f"modes-{seed}-{fold}", own[0].kind.base)
            random_modes(like, bases / f"random-{seed}-{fold}", 2 * seed + fold)


# -- one cell


class _Cell:
    """One method with one seed; see the module docstring."""

    def __init__(self, engine: Engine, folder: Path, plan: Plan, method: str, seed: int) -> None:
        self.engine, self.folder, self.plan, self.method, self.seed = engine, folder, plan, method, seed
        self.settings = plan.settings.replace(seed=seed)
        self.place = folder / "cells" / f"{method}-{seed}"
        self.place.mkdir(parents=True, exist_ok=True)
        items = [i for p in plan.patterns for i in _probe_items(folder, p, plan.probes)]
        self.probes = [as_koan(i, f"probe_{i.pattern}_{n:04d}") for n, i in enumerate(items)]
        self.probe_items = items
        self.learnt: list[Learnt] = []
        self.stages: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.weights: list[Path] = []  # what lies on disk of the method, without a basis
        self.basis: list[Path] = []

    def run(self) -> dict[str, Any]:
        reset_peak()
        routes, hints = None, None
        if self.method in ("base", "noop", "hints"):
            self.engine.load_adapter(None)
            if self.method == "noop":
                how = self.settings
                self.engine.fresh_adapter(rank=how.lora_rank, alpha=how.lora_alpha, targets=night_targets(how), seed=how.seed)  # fmt: skip
            hints = self._hints() if self.method == "hints" else None
        elif self.method in SEQUENCES:
            self._sequence()
        elif self.method == "share_mean":
            self._mean()
        else:
            routes = self._routed()
        began = time.monotonic()
        last = self.stages[-1].pop("probes") if self.stages else None
        found = {
            "probes": last or self._measure(self.probes, routes, hints),
            "gate": self._measure(self._gate_tasks(), routes, hints),
            "test": self._measure(suite.select("test"), routes, hints) if self.plan.test else None,
        }
        told = {
            "method": self.method, "seed": self.seed, **found, "stages": self.stages, "errors": self.errors,
            "trainable": self.learnt[-1].trainable if self.learnt else 0,
            "steps": sum(x.trained.steps for x in self.learnt),
            "bytes": sum(f.stat().st_size for f in self.weights),
            "bytes_with_basis": sum(f.stat().st_size for f in (*self.weights, *self.basis)),
            "seconds_training": round(sum(x.trained.seconds for x in self.learnt), 2),
            "seconds_measuring": round(time.monotonic() - began, 2),
            "peak_mb": max(peak_mb(), *(stage["peak_mb"] for stage in self.stages), 0),
        }  # fmt: skip
        write_whole(self.place / "cell.json", json.dumps(told))
        return told

    # -- what is measured

    def _measure(self, koans: Sequence[Koan], routes: Routes | None, hints: Mapping[str, str] | None) -> dict[str, Any]:
        found = suite.evaluate(
            self.engine, koans, suite="compare", settings=self.settings, hints=hints, routes=routes
        ).json()
        kept = ("n", "passed", "pass_rate", "ci95", "by_task", "by_family", "by_pattern", "held_back", "known")
        return {k: found[k] for k in kept}

    def _gate_tasks(self) -> list[Koan]:
        from continualcode.sleep.cycle import spread

        koans = suite.select("gate")
        mine = [k for k in koans if k.pattern in self.plan.patterns]
        return [*mine, *spread([k for k in koans if k.pattern not in self.plan.patterns], self.plan.gate)]

    def _hints(self) -> dict[str, str]:
        """A past repair of the train split by pattern, for each task that is not that one."""
        from continualcode.sleep.cycle import past_repair

        asked = [*self.probes, *self._gate_tasks(), *(suite.select("test") if self.plan.test else [])]
        return {k.id: hint for k in asked if (hint := past_repair(k)) is not None}

    # -- one after another

    def _sequence(self) -> None:
        """Learn the patterns in order; afterwards the engine holds what came of the last."""
        parent: Path | None = None
        for n, pattern in enumerate(self.plan.patterns):
            out, file = self.place / f"{n:02d}-{pattern}", self.place / f"stage-{n:02d}.json"
            if not (out / "card.json").is_file():
                self._stage(n, out, parent)
            if (out / "card.json").is_file():
                parent = out
                self.learnt.append(_told(out))
            self.engine.load_adapter(parent)
            if not file.is_file():
                now = self._measure(self.probes, None, None)
                rates = {p: now["by_pattern"][p]["pass_rate"] for p in self.plan.patterns if p in now["by_pattern"]}
                told = {"pattern": pattern, "rates": rates, "peak_mb": peak_mb(), "probes": now}
                write_whole(file, json.dumps(told))
            self.stages.append(json.loads(file.read_text(encoding="utf-8")))
            if n + 1 < len(self.plan.patterns):
                del self.stages[-1]["probes"]
        if parent is not None:
            self.weights.append(parent / "adapter_model.safetensors")

    def _stage(self, n: int, out: Path, parent: Path | None) -> None:
        data = self._stage_data(n)
        how = self.settings.replace(night_method=self.method)
        try:
            make(
                self.engine, data, out, self.place / f"work-{n:02d}", settings=how, parent=parent,
                check_every=max(1, how.night_steps // 3),
            )  # fmt: skip
        except TrainingFailed as error:
            shutil.rmtree(self.place / f"work-{n:02d}", ignore_errors=True)
            self.errors.append(f"{self.plan.patterns[n]}: {error}")

    def _stage_data(self, n: int) -> curate.Dataset:
        """A pattern's programs, and for the methods that look at them, as replay those of the patterns before it and tasks
        of the train split's others."""
        mine = self._data(self.plan.patterns[n])
        if self.method not in ("replay", "keeplora"):
            return mine
        earlier = [i for p in self.plan.patterns[:n] for i in self._data(p).use("train")]
        others = sorted({k.pattern for k in suite.select("train")} - set(self.plan.patterns))
        again = [*earlier, *curate.known_repairs(others, REPLAYED, self.settings)]
        random.Random(f"{self.seed}/{n}").shuffle(again)
        items = (*mine.items, *(replace(i, use="replay") for i in again))
        return curate.Dataset(items, {**mine.card, "hash": curate.content_hash(items)})

    def _data(self, pattern: str) -> curate.Dataset:
        return pattern_data(Plot(pattern, self.seed), self.folder / "adapters", self.settings, unlike=self.probe_items)

    # -- side by side

    def _routed(self) -> Routes:
        """An adapter for each pattern, and the table that leads its errors to it."""
        table: dict[str, str] = {}
        made: dict[str, Path] = {}
        for n, pattern in enumerate(self.plan.patterns):
            try:
                made[pattern] = self._adapter(n, pattern)
            except TrainingFailed as error:
                self.errors.append(f"{pattern}: {error}")
                continue
            table |= dict.fromkeys(self._keys(pattern), pattern)
        routed, part, how = self.place / "routed", self.place / ".routed", self.settings
        if not routed.is_dir():
            shutil.rmtree(part, ignore_errors=True)
            self.engine.fresh_adapter(
                rank=how.lora_rank, alpha=how.lora_alpha, targets=night_targets(how), seed=how.seed
            )
            self.engine.save_adapter(part)  # what answers every other error
            for pattern, adapter in made.items():
                shutil.copytree(adapter, part / "routes" / pattern)
            part.rename(routed)
        return Routes(routed, table)

    def _keys(self, pattern: str) -> list[str]:
        from continualcode.rust.batch import diagnose_batch

        found = diagnose_batch([i.buggy for i in self._data(pattern).use("train")])
        return sorted({key for diagnostics in found if (key := routing.key(diagnostics))})

    def _adapter(self, n: int, pattern: str) -> Path:
        """The folder of a pattern's adapter by this method; counts what it costs."""
        name = Plot(pattern, self.seed).name
        alone, bases = self.folder / "adapters" / name, self.folder / "bases"
        if self.method == "lora_routed":
            self.weights.append(alone / "adapter_model.safetensors")
            self.learnt.append(_told(alone))
            return alone
        out = self.place / "made" / pattern
        if self.method in ("share_routed", "share_full"):
            held = consolidated.read(bases / f"shared-{self.seed}", self.engine.model_hash)
            self.weights.append(held.folder / "coefficients" / f"{name}.safetensors")
            if not self.basis:
                self.basis = sorted((held.folder / "basis").iterdir())
            self.learnt.append(_told(alone))
            if self.method == "share_routed":
                return out if out.is_dir() else held.reconstruct(name, out)
            self._train_in(held.folder, "share", pattern, out, known=name)
            self.learnt.append(_told(out))
            return out
        fold = n % 2
        basis = bases / f"{'modes' if self.method == 'uwsh' else 'random'}-{self.seed}-{fold}"
        self._train_in(basis, "uwsh", pattern, out)
        self.learnt.append(_told(out))
        cores = self.place / "cores" / f"{pattern}.safetensors"
        cores.parent.mkdir(exist_ok=True)
        write_cores(read_modes(basis, self.engine.model_hash), consolidated.open_saved(out).factors, cores)
        self.weights.append(cores)
        if (file := basis / "modes.safetensors") not in self.basis:
            self.basis.append(file)
        return out

    def _train_in(self, basis: Path, name: str, pattern: str, out: Path, known: str | None = None) -> None:
        if (out / "card.json").is_file():
            return
        out.parent.mkdir(parents=True, exist_ok=True)
        how = self.settings.replace(night_method=name)
        make(
            self.engine, self._data(pattern), out, self.place / "work", settings=how, parent=None, basis=basis, known=known,
            check_every=max(1, how.night_steps // 3),
        )  # fmt: skip

    def _mean(self) -> None:
        """The adapter of the mean coefficients; the engine holds it. Rebuilding is linear in each factor's coefficients,
        so that it is the mean of the rebuilt factors (which is not the mean of their products)."""
        held = consolidated.read(self.folder / "bases" / f"shared-{self.seed}", self.engine.model_hash)
        names = [Plot(p, self.seed).name for p in self.plan.patterns]
        made = [self.place / "made" / name for name in names]
        for name, folder in zip(names, made, strict=True):
            if not folder.is_dir():
                held.reconstruct(name, folder)
        self.engine.load_adapter(mean_adapter(made, self.place / "mean"))
        self.learnt += [_told(self.folder / "adapters" / name) for name in names]
        self.weights.append(held.folder / "coefficients" / f"{names[0]}.safetensors")
        self.basis = sorted((held.folder / "basis").iterdir())


def mean_adapter(folders: Sequence[Path], out: Path) -> Path:
    """An adapter at `out` (made anew) whose factors are the means of those of other adapters of one kind."""
    from safetensors.torch import load_file, save_file

    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(folders[0], out)
    sums = load_file(str(folders[0] / "adapter_model.safetensors"))
    for folder in folders[1:]:
        for name, tensor in load_file(str(folder / "adapter_model.safetensors")).items():
            sums[name] = sums[name] + tensor
    mean = {name: (t / len(folders)).contiguous() for name, t in sums.items()}
    save_file(mean, str(out / "adapter_model.safetensors"), metadata={"format": "pt"})
    return out


def _told(folder: Path) -> Learnt:
    """What an adapter's card says of its training."""
    from continualcode.sleep.train import Trained

    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return Learnt(Trained(**card["trained"]), card["trainable"])
