"""Many adapters as a basis and coefficients: what it costs beside the plain stacked SVD, and what adapters share.

`continualcode bench consolidate` writes 500 synthetic rank-16 adapters with Qwen3-8B's dimensions on ONE of its 36
layers, on the modules of `lora_targets`, into a temporary folder under `home` (float32; 0.9 GB for attention, 2.4 GB for
all), consolidates them, and takes them away again. In the same run one module's two stacks go through
`torch.linalg.svd` in memory, and through the streamed way; the smallest module is taken, since the plain SVD of a
12288-row stack takes many minutes. Synthetic means: 32 shared directions a side with falling strength, noise, and a
random start of A of its own for each adapter, as LoRA has it. Their figures say what it costs, not that adapters share anything.

`continualcode bench consolidate adapter=FOLDER` measures the real adapters in the subfolders of FOLDER: how well Share and
UWSH give them back, how well those that a basis has not seen, how much bases from disjoint halves agree; each beside
a random basis of the same size and the mean adapter. The no-op adapter's error is 1 in every row.

Peak memory is the highest resident size above what stood before the first adapter was read. Where the machine is busy
with other things, `cpu_seconds` is the figure to compare.
"""

from __future__ import annotations

import gc
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.config import Settings
from continualcode.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from continualcode.sleep.consolidated import Saved
    from continualcode.sleep.share import Factors
    from continualcode.sleep.subspace import Basis, Keep

Splits = Sequence[tuple[list[int], list[int]]]
SPLITS = 4  # draws of disjoint halves
VARIANCES = (0.6, 0.9, 0.95)
ATTENTION, MLP = ("q_proj", "k_proj", "v_proj", "o_proj"), ("gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Sizes:
    """What the synthetic adapters look like; the default is Qwen3-8B's with one layer of 36."""

    adapters: int = 500
    layers: int = 1
    hidden: int = 4096
    queries: int = 4096
    keys: int = 1024
    mlp: int = 12288
    shared: int = 32
    modules: tuple[str, ...] = ATTENTION
    rank: int = 16
    seed: int = 0

    def dimensions(self) -> dict[str, tuple[int, int]]:
        """(D_in, D_out) by PEFT name."""
        each = {
            "q_proj": (self.hidden, self.queries), "k_proj": (self.hidden, self.keys), "v_proj": (self.hidden, self.keys),
            "o_proj": (self.queries, self.hidden), "gate_proj": (self.hidden, self.mlp),
            "up_proj": (self.hidden, self.mlp), "down_proj": (self.mlp, self.hidden),
        }  # fmt: skip
        part = {m: "self_attn" if m in ATTENTION else "mlp" for m in each}
        return {
            f"base_model.model.model.layers.{n}.{part[m]}.{m}": each[m]
            for n in range(self.layers)
            for m in self.modules
        }

    @property
    def bytes(self) -> int:
        return 4 * self.rank * self.adapters * sum(a + b for a, b in self.dimensions().values())


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    import torch

    torch.set_num_threads(settings.threads or 1)
    if settings.adapter not in ("current", "none"):
        return real(Path(settings.adapter), settings.seed, say)
    names = [t.strip() for t in settings.lora_targets.split(",") if t.strip()]
    modules = {m for t in names for m in {"attention": ATTENTION, "mlp": MLP, "all": ATTENTION + MLP}.get(t, (t,))}
    if unknown := modules - set(ATTENTION + MLP):
        raise UserError(f"Qwen3 has no module {sorted(unknown)[0]}; it has {', '.join(ATTENTION + MLP)}.")
    chosen = tuple(m for m in ATTENTION + MLP if m in modules)
    return synthetic(replace(Sizes(), modules=chosen, rank=settings.lora_rank, seed=settings.seed), settings.home, say)


def synthetic(sizes: Sizes, home: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Write, consolidate, compare, and take away again. Raises UserError where the disk has no room."""
    from continualcode.sleep.consolidated import consolidate, find
    from continualcode.sleep.share import delta_error, rebuild

    home.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(home).free < 2 * sizes.bytes:
        raise UserError(
            f"The synthetic adapters take {sizes.bytes / 1e9:.1f} GB; give a home= with twice as much free."
        )
    with tempfile.TemporaryDirectory(prefix="consolidate-", dir=home) as name:
        folder = Path(name)
        seconds = -time.perf_counter()
        write(sizes, folder / "adapters")
        seconds += time.perf_counter()
        say(f"{sizes.adapters} adapters written, {sizes.bytes / 1e9:.2f} GB, in {seconds:.0f} s")
        saved = find(folder / "adapters")
        made, streamed = measured(lambda: consolidate(saved, folder / "shared"))
        size = made.size()
        say(f"streamed, {len(sizes.dimensions())} modules: {streamed}")
        gap = whole = 0.0
        some = saved[:: max(1, len(saved) // 20)]
        for module in made.kind.modules:
            layer = made.layer(module)
            for source in some:
                found = rebuild(layer, made.coefficients(source.name, module))
                errors = delta_error(source.factors(module), found)
                gap, whole = gap + errors[0], whole + errors[1]
        module = min(sizes.dimensions(), key=lambda m: sum(sizes.dimensions()[m]))
        beside = against(saved, module, say)
        told = made.note["layers"]
        return {
            "sizes": asdict(sizes), "layers_of_36": sizes.layers,
            "streamed": streamed, "cpu_seconds_per_layer": round(streamed["cpu_seconds"] / sizes.layers, 1),
            "k": {m: (x["in"]["k"], x["out"]["k"]) for m, x in told.items()},
            "explained": {m: (round(x["in"]["explained"], 3), round(x["out"]["explained"], 3)) for m, x in told.items()},
            "relative_error": round((gap / whole) ** 0.5, 4),
            "bytes": asdict(size), "ratio": round(size.ratio, 1),
            "ratio_without_basis": round(size.ratio_without_basis, 1), "one_module": beside,
        }  # fmt: skip


def write(sizes: Sizes, folder: Path) -> None:
    """The synthetic adapters as PEFT folders."""
    import torch
    from peft import LoraConfig
    from safetensors.torch import save_file

    dice = torch.Generator().manual_seed(sizes.seed)
    falling = 0.9 ** torch.arange(sizes.shared)
    shared = {
        m: (torch.randn(sizes.shared, a, generator=dice) / a**0.5, torch.randn(b, sizes.shared, generator=dice))
        for m, (a, b) in sizes.dimensions().items()
    }
    base = {"model": "synthetic", "hash": hashlib.sha256(repr(sizes).encode()).hexdigest()}
    config = LoraConfig(
        r=sizes.rank, lora_alpha=2 * sizes.rank, target_modules=list(sizes.modules), inference_mode=True
    )
    for n in range(sizes.adapters):
        place = folder / f"adapter-{n:04}"
        place.mkdir(parents=True)
        config.save_pretrained(str(place))
        tensors: dict[str, Tensor] = {}
        for m, (a, b) in sizes.dimensions().items():
            right, left = shared[m]
            start = (torch.rand(sizes.rank, a, generator=dice) * 2 - 1) / a**0.5  # as LoRA's A begins
            tensors[f"{m}.lora_A.weight"] = (
                start + torch.randn(sizes.rank, sizes.shared, generator=dice) * falling @ right
            )
            signal = left * falling @ torch.randn(sizes.shared, sizes.rank, generator=dice)
            tensors[f"{m}.lora_B.weight"] = 0.01 * (signal + 0.3 * torch.randn(b, sizes.rank, generator=dice))
        save_file(tensors, str(place / "adapter_model.safetensors"), metadata={"format": "pt"})
        (place / "continualcode.json").write_text(json.dumps({"base": base}))


def against(saved: Sequence[Saved], module: str, say: Callable[[str], None]) -> dict[str, Any]:
    """One module's stacks through the plain SVD and the streamed way: time, memory, and how far apart they come out."""
    import torch

    from continualcode.sleep.share import find_layer
    from continualcode.sleep.subspace import Keep, principal_angles

    def stacked() -> list[Tensor]:
        found: list[Tensor] = []
        for side in (0, 1):
            stack = torch.cat([s.factors(module)[0].T if side == 0 else s.factors(module)[1] for s in saved], 1)
            stack -= stack.mean(1, keepdim=True)
            found.append(torch.linalg.svd(stack, full_matrices=False)[0][:, : Keep().cap].clone())
        return found

    layer, streamed = measured(lambda: find_layer(lambda: (s.factors(module) for s in saved), len(saved), Keep()))
    say(f"streamed, {module}: {streamed}")
    vectors, plain = measured(stacked)
    say(f"plain SVD, {module}: {plain}")
    angles: list[list[float]] = []
    for left, basis in zip(vectors, (layer.inner, layer.outer), strict=True):
        k = basis.vectors_DK.shape[1]
        angles.append(principal_angles(left[:, :k], basis.vectors_DK).tolist())
    return {
        "module": module, "streamed": streamed, "plain": plain,
        "seconds_ratio": round(plain["seconds"] / streamed["seconds"], 2),
        "cpu_ratio": round(plain["cpu_seconds"] / streamed["cpu_seconds"], 2),
        "peak_ratio": round(plain["peak_mb"] / max(1, streamed["peak_mb"]), 2),
        "largest_angle": {"in": angles[0][-1], "out": angles[1][-1]},
    }  # fmt: skip


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """What a piece of work gives, its seconds (wall and CPU), and its peak of resident memory above the start, MB."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    before, wall, cpu = memory("VmRSS"), time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return result, {"seconds": round(wall, 2), "cpu_seconds": round(cpu, 2), "peak_mb": round(memory("VmHWM") - before)}


def memory(field: str) -> float:
    """A field of /proc/self/status, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) * 1024 / 1e6


def real(folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """What the adapters below a folder share; means over all layers."""
    from continualcode.sleep.consolidated import find
    from continualcode.sleep.uwsh import halves

    saved = find(folder)
    if len(saved) < 4:
        raise UserError(f"{folder} holds {len(saved)} adapters; to compare disjoint halves it takes four or more.")
    split = [halves(len(saved), seed + n) for n in range(SPLITS)]
    rows = [share_row(saved, variance, mean, split, seed, say) for variance in VARIANCES for mean in (False, True)]
    agreed: dict[str, list[dict[str, float]]] = {"in": [], "out": []}
    modes: list[dict[str, float]] = []
    for module in saved[0].kind.modules:
        pairs = [s.factors(module) for s in saved]
        for one, other in split:
            for side, part in (("in", [a.T for a, _ in pairs]), ("out", [b for _, b in pairs])):
                agreed[side].append(agreement([part[i] for i in one], [part[i] for i in other], seed))
            modes += [modes_row(pairs, one, other, seed), modes_row(pairs, other, one, seed)]
    result = {
        "folder": str(folder), "adapters": len(saved), "modules": len(saved[0].kind.modules),
        "rank": saved[0].kind.rank, "share": rows,
        "stability": {side: means(found) for side, found in agreed.items()}, "uwsh": means(modes),
    }  # fmt: skip
    say(json.dumps({k: result[k] for k in ("stability", "uwsh")}))
    return result


def share_row(
    saved: Sequence[Saved], variance: float, mean: bool, split: Splits, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Share at one setting: directions, variance, errors, bytes."""
    from continualcode.sleep.consolidated import consolidate
    from continualcode.sleep.subspace import Keep

    keep = Keep(variance, mean=mean)
    with tempfile.TemporaryDirectory(prefix="consolidate-") as name:
        made = consolidate(saved, Path(name) / "shared", keep)
        size = made.size()
    sides = [{f"{k}_{side}": x[side][k] for side in ("in", "out") for k in ("k", "explained")} for x in made.note["layers"].values()]  # fmt: skip
    ratios = {"ratio": round(size.ratio, 2), "ratio_without_basis": round(size.ratio_without_basis, 2)}
    row = {"variance": variance, "with_mean": mean, **means(sides), **ratios, **given_back(saved, keep, split, seed)}
    say(json.dumps(row))
    return row


def modes_row(pairs: Sequence[Factors], known: list[int], fresh: list[int], seed: int) -> dict[str, float]:
    """UWSH of a layer from some adapters, and its errors on them and on others, beside random directions and the mean."""
    from continualcode.sleep.subspace import Keep
    from continualcode.sleep.uwsh import Modes, chosen, errors, hosvd

    found = hosvd(chosen(pairs, known), Keep(0.9))
    blind = Modes(found.mean_OI, random_like(found.outer, seed), random_like(found.inner, seed + 1))
    unseen = errors(found, chosen(pairs, fresh))
    return {
        "k_out": found.outer.vectors_DK.shape[1], "k_in": found.inner.vectors_DK.shape[1],
        "error_seen": errors(found, chosen(pairs, known))["core"], "error_unseen": unseen["core"],
        "error_unseen_random": errors(blind, chosen(pairs, fresh))["core"], "error_unseen_mean": unseen["mean"],
    }  # fmt: skip


def given_back(saved: Sequence[Saved], keep: Keep, split: Splits, seed: int) -> dict[str, float]:
    """Relative errors of ΔW over all layers: of adapters that the basis was made of (`error`), of the other half
    (`error_unseen`), the same in random bases of the same sizes, and of the mean adapter in their place."""
    import torch

    from continualcode.sleep.share import Layer, delta_error, find_layer, project, rebuild

    sums: dict[str, list[float]] = {k: [0.0, 0.0] for k in ("error", "error_unseen", "error_random", "error_mean")}

    def add(key: str, one: Factors, other: Factors) -> None:
        gap, whole = delta_error(one, other)
        sums[key][0] += gap
        sums[key][1] += whole

    for module in saved[0].kind.modules:
        pairs = [s.factors(module) for s in saved]
        layer = find_layer(lambda p=pairs: p, len(pairs), keep)
        for pair in pairs:
            add("error", pair, rebuild(layer, project(layer, pair)))
        for one, other in split:
            for known, fresh in ((one, other), (other, one)):
                layer = find_layer(lambda p=pairs, k=known: [p[i] for i in k], len(known), keep)
                blind = Layer(random_like(layer.inner, seed), random_like(layer.outer, seed + 1))
                # the mean of the products B·A, which is not the product of the means
                mean = (
                    torch.cat([pairs[i][0] for i in known]) / len(known),
                    torch.cat([pairs[i][1] for i in known], 1),
                )
                for i in fresh:
                    add("error_unseen", pairs[i], rebuild(layer, project(layer, pairs[i])))
                    add("error_random", pairs[i], rebuild(blind, project(blind, pairs[i])))
                    add("error_mean", pairs[i], mean)
    return {key: round((gap / whole) ** 0.5, 4) for key, (gap, whole) in sums.items()}


def agreement(one: Sequence[Tensor], other: Sequence[Tensor], seed: int) -> dict[str, float]:
    """Bases of two stacks with the same number of directions (0.9 of the variance, at most 16), and random ones."""
    from continualcode.sleep.subspace import Keep, principal, random_basis
    from continualcode.sleep.uwsh import stability

    def directions(some: Sequence[Tensor]) -> Tensor:
        return principal(lambda: some, len(some[0]), sum(s.shape[1] for s in some), Keep(0.9, 16)).vectors_DK

    u, v = directions(one), directions(other)
    found = stability(u, v)
    control = stability(random_basis(len(u), found.k, seed), random_basis(len(u), found.k, seed + 1))
    return asdict(found) | {"random_overlap": control.overlap, "random_distance": control.distance}


def random_like(basis: Basis, seed: int) -> Basis:
    """As many directions in the same space, drawn at random."""
    from continualcode.sleep.subspace import random_basis

    dimension, k = basis.vectors_DK.shape
    return replace(basis, vectors_DK=random_basis(dimension, k, seed))


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure."""
    return {key: round(sum(row[key] for row in rows) / len(rows), 4) for key in rows[0]}
