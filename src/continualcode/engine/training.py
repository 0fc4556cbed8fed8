"""One optimiser step on a LoRA: teachers, gradients, AdamW, the moving average, and their exact copies.

The vocabulary projection runs on completion positions only, in slices, so that logits of a whole batch never stand
in memory at once. Teachers whose weights do not change (`base`, the marked reference) are read once per sequence:
their last hidden states are kept, and only projected again.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from continualcode.engine.adapter import Adapter, LoraShape, save_tensors
from continualcode.engine.base import EngineError, Example, LearnReport, Loss

TEACHERS = ("base", "live", "frozen", "ema", "trust_region")
Pair = tuple[Sequence[int], Sequence[int]]  # prompt ids, completion ids


@dataclass(frozen=True)
class Snapshot:
    """Everything a step changes, copied."""

    shape: LoraShape
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, tuple[Tensor, Tensor, float]]  # exp_avg, exp_avg_sq, step
    ema: Mapping[str, Tensor] | None
    steps: int
    adapter_ref: str | None


class Trainer:
    """Holds what training needs beside the weights. `hidden(pairs)` gives the last hidden states at the
    completion positions of some sequences, one after the other [N, d]; `project` makes logits of them.
    `short`: the same states with a cheaper gradient, for steps that are not `mixed` (`step=completion`)."""

    def __init__(
        self,
        adapter: Adapter,
        hidden: Callable[[Sequence[Pair]], Tensor],
        project: Callable[[Tensor], Tensor],
        *,
        vocabulary: int,
        batch_tokens: int,
        short: Callable[[Sequence[Pair]], Tensor] | None = None,
    ) -> None:
        self.adapter, self._project = adapter, project
        self._exact, self._short = hidden, short
        self._hidden = hidden  # of the step under way
        self._slice = max(16, 2**26 // vocabulary)
        self._batch_tokens = batch_tokens
        self.steps = 0
        self.ema: dict[str, Tensor] | None = None
        self.reference: dict[str, Tensor] | None = None
        self.frozen: dict[str, Tensor] | None = None  # the weights at the session's start
        self._kept: dict[tuple[str, tuple[int, ...], tuple[int, ...]], Tensor] = {}
        self._optimizer: torch.optim.AdamW | None = None

    def mark_reference(self) -> None:
        """The weights now become the target of anchors, and the first ones of a session the `frozen` teacher."""
        self.reference = self.adapter.copy()
        if self.frozen is None:
            self.frozen = self.reference
        self._kept = {key: value for key, value in self._kept.items() if key[0] != "reference"}
        if sum(t.numel() for t in self._kept.values()) > 2**25:
            self._kept.clear()

    def begin_session(self) -> None:
        """Another adapter was loaded: what was kept of the one before is no reference any more."""
        self.reference = self.frozen = None
        self._kept = {key: value for key, value in self._kept.items() if key[0] == "base"}

    # -- teachers

    def as_teacher(self, kind: str) -> AbstractContextManager[None]:
        """The weights of a teacher, for the time of a `with`, to sample and score with; nothing is begun by it.
        A blend (`trust_region`) answers as its base; what has not begun yet is the model as it is."""
        if kind in ("base", "trust_region"):
            return self.adapter.disabled()
        tensors = {"frozen": self.frozen, "ema": self.ema}.get(kind)
        return nullcontext() if tensors is None else self.adapter.holding(tensors)

    def _as(self, kind: str) -> AbstractContextManager[None]:
        if kind == "base":
            return self.adapter.disabled()
        if kind == "reference":
            assert self.reference is not None
            return self.adapter.holding(self.reference)
        if kind == "frozen":
            if self.frozen is None:
                self.frozen = self.adapter.copy()
            return self.adapter.holding(self.frozen)
        if kind == "ema":
            assert self.ema is not None
            return self.adapter.holding(self.ema)
        return nullcontext()

    @torch.no_grad()
    def _read(self, kind: str, pairs: Sequence[Pair]) -> list[Tensor]:
        """Last hidden states [T, d] of each pair under a kind of teacher."""
        fixed = kind in ("base", "frozen", "reference")
        keys = [(kind, tuple(prompt), tuple(ids)) for prompt, ids in pairs]
        found: dict[int, Tensor] = {i: self._kept[key] for i, key in enumerate(keys) if fixed and key in self._kept}
        missing = [i for i in range(len(pairs)) if i not in found]
        if missing:
            with self._as(kind):
                states = self._hidden([pairs[i] for i in missing]).split([len(pairs[i][1]) for i in missing])
            for i, state in zip(missing, states, strict=True):
                found[i] = state.clone()
                if fixed:
                    self._kept[keys[i]] = found[i]
        return [found[i] for i in range(len(pairs))]

    def _targets(self, examples: Sequence[Example], loss: Loss) -> list[tuple[Tensor, Tensor | None] | None]:
        """Per example the teacher's hidden states, with a second set to blend with (trust region)."""
        result: list[tuple[Tensor, Tensor | None] | None] = [None] * len(examples)
        anchors = [i for i, e in enumerate(examples) if e.anchor]
        taught = [i for i, e in enumerate(examples) if not e.anchor and e.teacher_ids is not None]
        for i, state in zip(anchors, self._references([examples[i] for i in anchors]), strict=True):
            result[i] = (state, None)
        pairs = [(examples[i].teacher_ids or (), examples[i].completion_ids) for i in taught]
        if pairs:
            blend = loss.teacher == "trust_region"
            main = self._read("base" if blend else loss.teacher, pairs)
            other = self._read("live", pairs) if blend else [None] * len(pairs)
            for i, state, second in zip(taught, main, other, strict=True):
                result[i] = (state, second)
        return result

    def _references(self, examples: Sequence[Example]) -> list[Tensor]:
        """Hidden states of the marked reference on the student's own prompts."""
        if not examples:
            return []
        if self.reference is None:
            self.mark_reference()
        return self._read("reference", [(e.student_ids, e.completion_ids) for e in examples])

    def _teacher_logits(self, state: Tensor, second: Tensor | None, rate: float) -> Tensor:
        logits = self._project(state).float()
        if second is None:
            return logits
        live = self._project(second).float()
        return (1 - rate) * logits.log_softmax(-1) + rate * live.log_softmax(-1)

    # -- the step

    def learn(self, examples: Sequence[Example], loss: Loss) -> LearnReport:
        """One step; see `engine.base.Engine.learn`."""
        began = time.perf_counter()
        examples = [e for e in examples if len(e.completion_ids) > loss.mask_first and e.weight != 0]
        if loss.teacher not in TEACHERS:
            raise EngineError(f"No teacher `{loss.teacher}`; choose one of {', '.join(TEACHERS)}.")
        if not examples:
            return LearnReport(0.0, 0.0, False, time.perf_counter() - began, 0)
        if loss.teacher == "ema" and self.ema is None:  # begins as a copy of the student, never at zero
            self.ema = self.adapter.copy()
        self._hidden = self._exact if self._short is None or loss.mixed else self._short
        total_weight = sum(abs(e.weight) for e in examples)
        parameters = list(self.adapter.parameters.values())
        for p in parameters:
            p.grad = None
        sums = {"distil": 0.0, "anchor": 0.0, "imitate": 0.0}
        tokens = 0
        with self.adapter.training(), _mixed(parameters[0].device, loss.mixed):
            for batch in self._batches([e for e in examples if e.rejected_ids is None]):
                tokens += self._backward(batch, loss, total_weight, sums)
            for batch in self._batches([e for e in examples if e.rejected_ids is not None]):
                tokens += self._backward_pairs(batch, loss, total_weight, sums)
        value = sum(sums.values())
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, loss.grad_clip))
        applied = math.isfinite(value) and math.isfinite(norm)
        if applied:
            self._update(loss)
        for p in parameters:
            p.grad = None
        return LearnReport(value, norm, applied, time.perf_counter() - began, tokens, sums)

    def _batches(self, examples: Sequence[Example]) -> list[list[Example]]:
        """Examples of like length together, each batch within the token budget."""
        batches: list[list[Example]] = []
        for example in sorted(examples, key=lambda e: len(e.student_ids) + len(e.completion_ids)):
            width = len(example.student_ids) + len(example.completion_ids)
            if not batches or (len(batches[-1]) + 1) * width > self._batch_tokens:
                batches.append([])
            batches[-1].append(example)
        return batches

    def _backward(self, batch: Sequence[Example], loss: Loss, total_weight: float, sums: dict[str, float]) -> int:
        targets = self._targets(batch, loss)
        learnt = [e for e in batch if not e.anchor] if loss.reference_weight else []
        references = dict(zip(map(id, learnt), self._references(learnt), strict=True))
        states = self._hidden([(e.student_ids, e.completion_ids) for e in batch])
        leaf = states.detach().requires_grad_(True)
        carried, start = 0, 0
        for example, target in zip(batch, targets, strict=True):
            length = len(example.completion_ids)
            ids = torch.tensor(example.completion_ids, device=leaf.device)
            old = None if example.old_logprobs is None else torch.tensor(example.old_logprobs, device=leaf.device)
            scale = example.weight / ((length - loss.mask_first) * total_weight)
            for at in range(loss.mask_first, length, self._slice):
                part = slice(at, min(at + self._slice, length))
                student = self._project(leaf[start + part.start : start + part.stop])
                teacher = None
                if target is not None:
                    second = None if target[1] is None else target[1][part]
                    with torch.no_grad():
                        teacher = self._teacher_logits(target[0][part], second, loss.teacher_rate)
                if example.anchor:
                    assert teacher is not None
                    values, kind = loss.anchor(student, teacher), "anchor"
                else:
                    old_part = None if old is None else old[part]
                    kind = "imitate" if teacher is None else "distil"
                    if example.advantage is not None:
                        values = loss.reward(student, teacher, ids[part], old_part, example.advantage)
                        kind = "reward"
                    else:
                        values = loss.tokens(student, teacher, ids[part], old_part, example.alpha)
                    if id(example) in references:
                        with torch.no_grad():
                            held = self._project(references[id(example)][part])
                        values = values + loss.reference_weight * loss.reference(student, held)
                value = values.sum() * scale
                value.backward()
                sums[kind] = sums.get(kind, 0.0) + float(value.detach())
            carried += length - loss.mask_first
            start += length
        assert leaf.grad is not None
        states.backward(leaf.grad)
        return carried

    def _backward_pairs(self, batch: Sequence[Example], loss: Loss, total_weight: float, sums: dict[str, float]) -> int:
        """Preferred against rejected completions; both of a pair in one pass."""
        if self.reference is None:
            self.mark_reference()
        pairs = [(e.student_ids, ids) for e in batch for ids in (e.completion_ids, e.rejected_ids or ())]
        with torch.no_grad():
            held = [self._logprobs(s, ids) for s, (_, ids) in zip(self._read("reference", pairs), pairs, strict=True)]
        states = self._hidden(pairs)
        leaf = states.detach().requires_grad_(True)
        parts = leaf.split([len(ids) for _, ids in pairs])
        own = [self._logprobs(part, ids) for part, (_, ids) in zip(parts, pairs, strict=True)]
        cut = slice(loss.mask_first, None)
        for i, example in enumerate(batch):
            a, b = 2 * i, 2 * i + 1
            value = loss.pair(own[a][cut], own[b][cut], held[a][cut], held[b][cut]) * example.weight / total_weight
            value.backward()
            sums["pair"] = sums.get("pair", 0.0) + float(value.detach())
        assert leaf.grad is not None
        states.backward(leaf.grad)
        return sum(len(ids) - loss.mask_first for _, ids in pairs)

    def _logprobs(self, states_T: Tensor, ids: Sequence[int]) -> Tensor:
        """log-probability of each id [T], float32, the vocabulary projected in slices."""
        wanted = torch.tensor(list(ids), device=states_T.device)
        found = [
            self._project(states_T[at : at + self._slice]).float().log_softmax(-1)
            .gather(-1, wanted[at : at + self._slice, None])[:, 0]
            for at in range(0, len(wanted), self._slice)
        ]  # fmt: skip
        return torch.cat(found)

    def _update(self, loss: Loss) -> None:
        optimizer = self._adamw()
        for group in optimizer.param_groups:
            group["lr"], group["weight_decay"] = loss.learning_rate, loss.weight_decay
        optimizer.step()
        self.steps += 1
        if loss.teacher == "ema":
            with torch.no_grad():
                assert self.ema is not None
                for name, p in self.adapter.parameters.items():
                    self.ema[name].lerp_(p, loss.teacher_rate)

    def _adamw(self) -> torch.optim.AdamW:
        if self._optimizer is None:
            self._optimizer = torch.optim.AdamW(self.adapter.parameters.values(), betas=(0.9, 0.95), weight_decay=0.0)
        return self._optimizer

    # -- copies

    def snapshot(self, adapter_ref: str | None) -> Snapshot:
        """A copy of all state."""
        moments: dict[str, tuple[Tensor, Tensor, float]] = {}
        if self._optimizer is not None:
            for name, p in self.adapter.parameters.items():
                if state := self._optimizer.state.get(p):
                    moments[name] = (state["exp_avg"].clone(), state["exp_avg_sq"].clone(), float(state["step"]))
        ema = None if self.ema is None else {n: t.clone() for n, t in self.ema.items()}
        return Snapshot(self.adapter.shape, self.adapter.copy(), moments, ema, self.steps, adapter_ref)

    def restore(self, snapshot: Snapshot) -> None:
        """Back to a snapshot of an adapter of this shape, bit for bit."""
        self.adapter.put(snapshot.weights)
        self._optimizer = None
        if snapshot.optimizer:
            optimizer = self._adamw()
            for name, (average, square, step) in snapshot.optimizer.items():
                p = self.adapter.parameters[name]
                optimizer.state[p] = {
                    "step": torch.tensor(step, dtype=torch.float32),
                    "exp_avg": average.to(p.device, copy=True),
                    "exp_avg_sq": square.to(p.device, copy=True),
                }
        device = next(iter(self.adapter.parameters.values())).device
        self.ema = None if snapshot.ema is None else {n: t.to(device, copy=True) for n, t in snapshot.ema.items()}
        self.steps = snapshot.steps


@cache
def _has_matrix_units() -> bool:
    """Whether this CPU multiplies bfloat16 matrices faster than float32 ones (AMX)."""
    return bool(getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)())


def _mixed(device: torch.device, wanted: bool) -> AbstractContextManager[object]:
    if not wanted or device.type != "cpu" or not _has_matrix_units():
        return nullcontext()
    return torch.autocast("cpu", torch.bfloat16)


def save_snapshot(snapshot: Snapshot, folder: Path) -> None:
    """Optimiser, EMA and counters beside a saved adapter: `training.json`, `training.safetensors`."""
    tensors: dict[str, Tensor] = {}
    for name, (average, square, _) in snapshot.optimizer.items():
        tensors[f"exp_avg.{name}"], tensors[f"exp_avg_sq.{name}"] = average, square
    tensors |= {f"ema.{name}": t for name, t in (snapshot.ema or {}).items()}
    save_tensors(tensors, folder / "training.safetensors")
    counters = {
        "steps": snapshot.steps,
        "adapter_ref": snapshot.adapter_ref,
        "ema": snapshot.ema is not None,
        "optimizer": {name: step for name, (_, _, step) in snapshot.optimizer.items()},
    }
    (folder / "training.json").write_text(json.dumps(counters), encoding="utf-8")


def load_snapshot(folder: Path, shape: LoraShape, weights: Mapping[str, Tensor]) -> Snapshot:
    """What `save_snapshot` wrote, around an adapter that was read. Raises EngineError when it is broken."""
    try:
        counters = json.loads((folder / "training.json").read_text(encoding="utf-8"))
        tensors = load_file(str(folder / "training.safetensors"))
        optimizer = {
            name: (tensors[f"exp_avg.{name}"], tensors[f"exp_avg_sq.{name}"], float(step))
            for name, step in counters["optimizer"].items()
        }
        ema = {name: tensors[f"ema.{name}"] for name in weights} if counters["ema"] else None
        return Snapshot(shape, weights, optimizer, ema, int(counters["steps"]), counters["adapter_ref"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise EngineError(f"The saved training state at {folder} is broken ({error}).") from None
