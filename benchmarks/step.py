"""What one step of a lesson costs, side by side, and how soon the retry begins.

`continualcode bench step` (`trl` beside it where TRL is installed). For two models (the bundled one with its position
limit raised, and a random Qwen3 of 16 million parameters) and two shapes (prompts of 301 and 1,000 tokens, completions
of 64, two different prompts a batch) all of these take the same tokens, one after the other, in the same process:

floor       one teacher forward, one student forward and backward on bare tensors; no optimiser
exact       `engine.learn`, step=exact
trl         TRL's SDPO trainer after generation: full logits, base as teacher, float32, no checkpointing
completion  `engine.learn`, step=completion, as `step_reach` says, with …
  cold        nothing kept: each prompt is read once without gradient
  sampled     the student's prompts kept from sampling; the teacher's are read
  shared      the same, adapter still fresh: what the teacher's prompts share with the student's is not read again
  kept        the teacher's prompts were sampled from too, as they are in a lesson

Seconds are of the CPU, medians over repeats with fresh tokens; ratios are of each repeat to its own floor. Peaks of
memory are of fresh processes, with prompts of 1,000 tokens and nothing kept. The cosine is between the gradients of
the completion step and the exact one: on these random tokens, and on what real lessons of the bundled model learn from.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.config import Settings, bundled

if TYPE_CHECKING:
    import torch

    from continualcode.engine.base import Example, Loss
    from continualcode.engine.local import LocalEngine
    from continualcode.learn.lesson import LessonInput

SHAPES = (301, 1000)
COMPLETION, CORRECTION, TAIL, ROWS = 64, 32, 8, 2  # tokens, and rows of a batch
REPEATS = 3
REACHES = (0, 32, 128)  # of step_reach, for the cosines on lessons
POSITIONS = 4096
RANK, ALPHA = 16, 32.0
PEAKS = ("floor", "exact", "trl", "completion")


@dataclass(frozen=True)
class Batch:
    """Prompts of the student, of the teacher (the correction put in before the tail), completions."""

    student: tuple[tuple[int, ...], ...]
    teacher: tuple[tuple[int, ...], ...]
    completions: tuple[tuple[int, ...], ...]

    def examples(self) -> list[Example]:
        from continualcode.engine.base import Example

        return [Example(s, c, t) for s, t, c in zip(self.student, self.teacher, self.completions, strict=True)]


def batch_of(prompt_tokens: int, vocabulary: int, seed: int) -> Batch:
    """Random tokens, no two prompts alike."""
    import torch

    draw = torch.Generator().manual_seed(seed)

    def ids(rows: int, length: int) -> list[list[int]]:
        return torch.randint(8, vocabulary, (rows, length), generator=draw).tolist()

    heads, tails = ids(ROWS, prompt_tokens - TAIL), ids(ROWS, TAIL)
    told = [[*h, *c, *t] for h, c, t in zip(heads, ids(ROWS, CORRECTION), tails, strict=True)]
    plain = [[*h, *t] for h, t in zip(heads, tails, strict=True)]
    return Batch(*(tuple(map(tuple, some)) for some in (plain, told, ids(ROWS, COMPLETION))))


# -- the models


def with_positions(folder: Path, out: Path, **changes: Any) -> Path:
    """The bundled model's folder with another config."""
    shutil.copytree(folder, out)
    config = json.loads((folder / "config.json").read_text()) | {"max_position_embeddings": POSITIONS} | changes
    (out / "config.json").write_text(json.dumps(config))
    return out


def larger(folder: Path, out: Path) -> Path:
    """A random Qwen3 of 16 million parameters with the bundled tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.utils import logging

    sizes = {"hidden_size": 384, "intermediate_size": 1152, "num_hidden_layers": 8, "num_attention_heads": 6}
    layers = {"num_key_value_heads": 6, "layer_types": ["full_attention"] * 8}
    with_positions(folder, out, **sizes, **layers)
    logging.disable_progress_bar()
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(out), dtype=torch.float32).save_pretrained(out)
    return out


def adapter_tensors(engine: LocalEngine, scale: float) -> dict[str, torch.Tensor]:
    """Weights of an adapter that has moved: the fresh A, a random B."""
    import torch

    draw = torch.Generator().manual_seed(5)
    return {
        name: t if "lora_A" in name else torch.randn(t.shape, generator=draw) * scale
        for name, t in sorted(engine.snapshot().weights.items())
    }


# -- the contenders: each makes one step of a batch and gives its loss


class Floor:
    """Bare tensors: nothing but the two forward passes and the one backward, the loss on completion positions."""

    def __init__(self, folder: Path, adapter: Mapping[str, torch.Tensor]) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        causal: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.config = causal.config
        self.weights = {name: p.detach() for name, p in causal.state_dict().items()}
        self.inverse = causal.model.rotary_emb.inv_freq
        self.lora = {
            name.removeprefix("base_model.model.").removesuffix(".weight"): t.clone().requires_grad_(True)
            for name, t in adapter.items()
        }

    def linear(self, x: torch.Tensor, name: str, adapted: bool) -> torch.Tensor:
        from torch.nn.functional import linear

        y = linear(x, self.weights[f"{name}.weight"])
        if not adapted or f"{name}.lora_A" not in self.lora:
            return y
        return y + linear(linear(x, self.lora[f"{name}.lora_A"]), self.lora[f"{name}.lora_B"]) * (ALPHA / RANK)

    def logits(self, rows: Sequence[Sequence[int]], adapted: bool) -> torch.Tensor:
        """[B·T, V] at the completion positions of rows of one length."""
        import torch
        import torch.nn.functional as F

        from continualcode.engine.qwen3 import turn

        c, w = self.config, self.weights
        ids = torch.tensor(rows)[:, :-1]
        angles = torch.arange(ids.shape[1]).float()[:, None] * self.inverse
        cos, sin = torch.cat([angles.cos()] * 2, -1), torch.cat([angles.sin()] * 2, -1)
        x = F.embedding(ids, w["model.embed_tokens.weight"])
        for i in range(c.num_hidden_layers):
            at = f"model.layers.{i}"

            def norm(x: torch.Tensor, name: str, at: str = at) -> torch.Tensor:
                return F.rms_norm(x, x.shape[-1:], w[f"{at}.{name}.weight"], c.rms_norm_eps)

            def heads(h: torch.Tensor, name: str, at: str = at) -> torch.Tensor:
                return self.linear(h, f"{at}.self_attn.{name}", adapted).unflatten(-1, (-1, c.head_dim)).transpose(1, 2)

            h = norm(x, "input_layernorm")
            q = turn(norm(heads(h, "q_proj"), "self_attn.q_norm"), cos, sin)
            k = turn(norm(heads(h, "k_proj"), "self_attn.k_norm"), cos, sin)
            found = F.scaled_dot_product_attention(q, k, heads(h, "v_proj"), is_causal=True)
            x = x + self.linear(found.transpose(1, 2).flatten(2), f"{at}.self_attn.o_proj", adapted)
            h = norm(x, "post_attention_layernorm")
            gate, up = (self.linear(h, f"{at}.mlp.{n}_proj", adapted) for n in ("gate", "up"))
            x = x + self.linear(F.silu(gate) * up, f"{at}.mlp.down_proj", adapted)
        x = F.rms_norm(x[:, -COMPLETION:], x.shape[-1:], w["model.norm.weight"], c.rms_norm_eps)
        return F.linear(x.flatten(0, 1), w["lm_head.weight"])

    def __call__(self, batch: Batch) -> float:
        import torch

        from continualcode.learn.losses import divergence, log_probs

        for p in self.lora.values():
            p.grad = None
        with torch.no_grad():
            told = log_probs(
                self.logits([[*p, *c] for p, c in zip(batch.teacher, batch.completions, strict=True)], False)
            )
        plain = log_probs(self.logits([[*p, *c] for p, c in zip(batch.student, batch.completions, strict=True)], True))
        value = divergence(plain, told, 0.5).mean()
        value.backward()
        return float(value.detach())


class Ours:
    """`engine.learn` with the default loss of a lesson. `kept`: prompts that are sampled from, before the clock runs,
    so that the engine keeps what it read of them: of the `student`, of the `teacher`."""

    def __init__(self, folder: Path, mode: str, adapter: Mapping[str, torch.Tensor] | None, reach: int) -> None:
        from continualcode.engine.local import LocalEngine

        step: Any = mode
        self.engine = LocalEngine(folder, rank=RANK, alpha=ALPHA, device="cpu", step=step, reach=reach)
        start = self.engine.snapshot()
        self.start = start if adapter is None else replace(start, weights=adapter)
        self.kept: tuple[str, ...] = ()

    def prepare(self, batch: Batch) -> None:
        from continualcode.engine.base import SampleParams

        self.engine.restore(self.start)
        if "student" in self.kept:
            self.engine.sample(batch.student, SampleParams(max_new_tokens=1))
        if "teacher" in self.kept:
            with self.engine.adapter_disabled():
                self.engine.sample(batch.teacher, SampleParams(max_new_tokens=1))

    def __call__(self, batch: Batch) -> float:
        from continualcode.learn.losses import Distil

        return self.engine.learn(batch.examples(), Distil()).loss


class Trl:
    """TRL's SDPO trainer: its loss, backward, clipping and AdamW step on a batch that was generated already."""

    def __init__(self, folder: Path, adapter: Mapping[str, torch.Tensor], out: Path) -> None:
        with warnings.catch_warnings():  # of TRL about itself, and of names that transformers will drop
            warnings.simplefilter("ignore")
            self.trainer = self._trainer(folder, out)
        self.trainer._prepare_inputs = lambda inputs: inputs  # a batch that was generated already
        self.trainer.current_gradient_accumulation_steps = 1
        self.trainer.create_optimizer_and_scheduler(num_training_steps=1000)
        self.model, self.adapter = self.trainer.model, adapter

    def _trainer(self, folder: Path, out: Path) -> Any:
        import torch
        from datasets import Dataset
        from peft import LoraConfig
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from trl.experimental.sdpo import SDPOConfig, SDPOTrainer

        args = SDPOConfig(
            output_dir=str(out), per_device_train_batch_size=ROWS, num_generations=ROWS, learning_rate=3e-3,
            use_cpu=True, bf16=False, gradient_checkpointing=False, report_to=[], max_grad_norm=1.0,
            distillation_mode="full_logits", distillation_alpha=0.5, teacher_model_kind="base", distillation_weight=1.0,
            distillation_topk=None, include_environment_feedback=True, disable_dropout=True,
        )  # fmt: skip
        targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
        return SDPOTrainer(
            model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
            reward_funcs=lambda **kw: [0.0] * len(kw["prompts"]),
            args=args,
            train_dataset=Dataset.from_list([{"prompt": "a", "privileged_context": "b"}] * ROWS),
            processing_class=AutoTokenizer.from_pretrained(folder, padding_side="left"),
            peft_config=LoraConfig(r=RANK, lora_alpha=int(ALPHA), target_modules=targets, task_type="CAUSAL_LM"),
        )

    def prepare(self, batch: Batch) -> None:
        import torch

        named = {n.replace(".default.", "."): p for n, p in self.model.named_parameters() if p.requires_grad}
        assert named.keys() == self.adapter.keys()
        with torch.no_grad():
            for name, p in named.items():
                p.copy_(self.adapter[name])

    def __call__(self, batch: Batch) -> float:
        import torch

        prompts, completions = torch.tensor(batch.student), torch.tensor(batch.completions)
        teacher = torch.cat([torch.tensor(batch.teacher), completions], 1)
        inputs = {
            "prompt_ids": prompts, "prompt_mask": torch.ones_like(prompts), "completion_ids": completions,
            "completion_mask": torch.ones_like(completions), "teacher_input_ids": teacher,
            "teacher_attention_mask": torch.ones_like(teacher), "self_distillation_mask": torch.ones(ROWS),
        }  # fmt: skip
        value = self.trainer.training_step(self.model, inputs, None)
        torch.nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], 1.0)
        self.trainer.optimizer.step()
        self.trainer.optimizer.zero_grad()
        return float(value)


def contenders(folder: Path, out: Path, reach: int, only: str = "") -> dict[str, Any]:
    """By name, all on the same weights (`shared`: on a fresh adapter). `only`: one of PEAKS."""
    from continualcode.engine.local import LocalEngine

    adapter = adapter_tensors(LocalEngine(folder, rank=RANK, alpha=ALPHA, device="cpu"), 0.01)
    made: dict[str, Any] = {}
    if only in ("", "floor"):
        made["floor"] = Floor(folder, adapter)
    if only in ("", "exact"):
        made["exact"] = Ours(folder, "exact", adapter, 0)
    if only in ("", "trl") and find_spec("trl") is not None:
        made["trl"] = Trl(folder, adapter, out)
    if only in ("", "completion"):
        for name, kept in {
            "cold": (), "sampled": ("student",), "shared": ("student",), "kept": ("student", "teacher")
        }.items():  # fmt: skip
            made[name] = Ours(folder, "completion", None if name == "shared" else adapter, reach)
            made[name].kept = kept
            if only:
                return {"completion": made[name]}
    return made


# -- what is measured


def race(folder: Path, out: Path, reach: int, vocabulary: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Every contender on every shape: CPU seconds, ratios to the floor and to TRL, losses, the gradient's cosine."""
    from continualcode.learn.losses import Distil

    rows: list[dict[str, Any]] = []
    made = contenders(folder, out, reach)
    for tokens in SHAPES:
        seconds: dict[str, list[float]] = {name: [] for name in made}
        losses: dict[str, float] = {}
        for repeat in range(REPEATS + 1):  # the first warms up
            batch = batch_of(tokens, vocabulary, 1000 * tokens + repeat)
            for name, step in made.items():
                if hasattr(step, "prepare"):
                    step.prepare(batch)
                began = time.process_time()
                losses[name] = step(batch)
                if repeat:
                    seconds[name].append(time.process_time() - began)
        examples = batch_of(tokens, vocabulary, 7).examples()
        row: dict[str, Any] = {
            "prompt_tokens": tokens,
            "cpu_seconds": {n: round(statistics.median(s), 4) for n, s in seconds.items()},
            "to_floor": ratios(seconds, "floor"),
            "to_trl": ratios(seconds, "trl"),
            "losses": losses,
            "cosine": cosine(made["exact"].engine, made["cold"].engine, made["exact"].start, examples, Distil()),
        }
        rows.append(row)
        for name in made:
            against = f"{row['to_trl'][name]:6.2f} of TRL" if row["to_trl"] else ""
            say(
                f"  {tokens:5} + {COMPLETION}  {name:8} {row['cpu_seconds'][name]:7.3f} CPU s "
                f"{row['to_floor'][name]:6.2f} of the floor {against}  loss {losses[name]:.6f}"
            )
        say(f"  {tokens:5} + {COMPLETION}  cosine of the completion's gradient with the exact one: {row['cosine']:.3f}")
    return rows


def ratios(seconds: Mapping[str, Sequence[float]], to: str) -> dict[str, float]:
    """Median over repeats of each contender's seconds over those of `to` in the same repeat; empty without it."""
    if to not in seconds:
        return {}
    return {
        n: round(statistics.median(a / b for a, b in zip(s, seconds[to], strict=True)), 3) for n, s in seconds.items()
    }


def cosine(exact: LocalEngine, short: LocalEngine, start: Any, examples: Sequence[Example], loss: Loss) -> float:
    """Between the gradients of two engines from the same weights. AdamW's first average after one step from nothing
    is the (clipped) gradient up to a factor."""
    import torch

    flat: list[torch.Tensor] = []
    for engine in (exact, short):
        engine.restore(replace(start, optimizer={}))
        engine.learn(examples, loss)
        moments = engine.snapshot().optimizer
        flat.append(torch.cat([moments[name][0].flatten() for name in sorted(moments)]).double())
    return round(float(torch.cosine_similarity(flat[0], flat[1], 0)), 4)


def peak(name: str, folder: Path, tokens: int, out: Path, reach: int, vocabulary: int) -> dict[str, float] | None:
    """MiB of a fresh process at its most during one step, and above what it held before; None without it."""
    words = [sys.executable, __file__, name, str(folder), str(tokens), str(out), str(reach), str(vocabulary)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    if done.returncode:
        raise RuntimeError(f"the process that measures {name} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def memory(field: str) -> float:
    """VmRSS or VmHWM of this process, MiB."""
    line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(field))
    return int(line.split()[1]) / 1024


def one_step(name: str, folder: Path, tokens: int, out: Path, reach: int, vocabulary: int) -> dict[str, float] | None:
    """In the fresh process: one step on short prompts, then the one that is measured."""
    import torch

    torch.set_num_threads(1)
    made = contenders(folder, out, reach, only=name)
    if not made:
        return None
    step = made[name]
    for batch in (batch_of(TAIL + 8, vocabulary, 1), batch_of(tokens, vocabulary, 2)):
        if hasattr(step, "prepare"):
            step.prepare(batch)
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts at what is held now
        before = memory("VmRSS")
        step(batch)
    return {"peak_mib": round(memory("VmHWM"), 1), "above_mib": round(memory("VmHWM") - before, 1)}


def retries(settings: Settings, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """From the end of a correction to the first token of the retry on the bundled model, and to the end of the lesson
    that goes on behind it; and the gradient's cosine on what lessons learn from."""
    from continualcode.cli.night import benchmark
    from continualcode.learn.lesson import LessonInput
    from continualcode.nursery.chores import conversations

    benchmark("lesson")
    lesson: Any = sys.modules["benchmarks.lesson"]
    exact, short = (pupil(settings, mode, settings.step_reach) for mode in ("exact", "completion"))
    rows: list[dict[str, Any]] = []
    for case in lesson.CASES[:2]:
        exact.load_adapter(None)
        if case.demo:
            messages = lesson.demo_prompt(exact, settings)
        else:
            messages = conversations(case.kind, count=1, seed=lesson.FRESH_SEED - 1)[0]
        item = LessonInput(tuple(messages), lesson.greedy(exact, [messages])[0], case.correction)
        for mode, engine in (("exact", exact), ("completion", short)):
            row = {"correction": case.correction, "step": mode, **to_retry(engine, item, settings)}
            rows.append(row)
            say(
                f"  {case.correction!r:34} step={mode:10} retry after {row['seconds']:.2f} s ({row['cpu_seconds']:.2f} CPU: "
                f"look {row['look_seconds']:.2f}, {row['first_steps']} first steps {row['first_seconds']:.2f}, its first "
                f"token {row['token_seconds']:.2f}); behind it {row['steps']} steps, {row['behind_cpu_seconds']:.2f} CPU s: "
                f"{row['verdict']}"
            )
        rows.append({"correction": case.correction, "cosines": on_lesson(exact, item, settings)})
        shown = ", ".join(f"{value:.3f} (reach {reach})" for reach, value in rows[-1]["cosines"].items())
        say(f"  {case.correction!r:34} cosine of the first step's gradient with the exact one: {shown}")
    return rows


def pupil(settings: Settings, mode: Any, reach: int) -> LocalEngine:
    """The bundled model with a fresh adapter."""
    from continualcode.engine.local import LocalEngine

    return LocalEngine.from_settings(settings.replace(model_name="bundled", step=mode, step_reach=reach, threads=1))


def to_retry(engine: LocalEngine, item: LessonInput, settings: Settings) -> dict[str, Any]:
    """One lesson on a fresh adapter, begun, the retry's first token, and finished: seconds of the wall and of the CPU.
    The retry answers what a session shows it: the denied call, and the correction as its result."""
    from continualcode.agent import prompts
    from continualcode.engine.base import Message, SampleParams
    from continualcode.learn.lesson import begin

    engine.load_adapter(None)
    calls = engine.parse(engine.decode(item.denied_ids))[1]
    denial = Message("tool", prompts.DENIED.format(correction=item.correction), name=calls[0].name if calls else None)
    retry = engine.encode([*item.messages, Message("assistant", "", calls), denial])
    wall, cpu = time.perf_counter(), time.process_time()
    with listening(engine) as learnt:
        begun = begin(engine, item, settings)
    ready = time.process_time()
    engine.sample([retry], SampleParams(max_new_tokens=1))
    there, seconds = time.process_time(), time.perf_counter() - wall
    outcome = begun.finish()
    looked = learnt[0].began if learnt else ready
    return {
        "first_steps": begun.first_steps,
        "turned": begun.turned,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(there - cpu, 2),
        "look_seconds": round(looked - cpu, 2),
        "first_seconds": round(ready - looked, 2),
        "token_seconds": round(there - ready, 2),
        "steps": outcome.steps,
        "verdict": outcome.verdict,
        "behind_cpu_seconds": round(time.process_time() - there, 2),
    }


def on_lesson(exact: LocalEngine, item: LessonInput, settings: Settings) -> dict[int, float]:
    """Cosines between the gradients of a real lesson's first step, by reach."""
    from continualcode.learn.lesson import teach

    exact.load_adapter(None)
    start = exact.snapshot()
    with listening(exact) as learnt:
        teach(exact, item, settings, steps=1)
    if not learnt:  # the lesson was refused
        return {}
    first = learnt[0]
    return {
        reach: cosine(exact, pupil(settings, "completion", reach), start, first.examples, first.loss)
        for reach in sorted({*REACHES, settings.step_reach})
    }


@dataclass(frozen=True)
class Learnt:
    """One call of `learn`: what it was given, when it began and how long it took (CPU seconds)."""

    examples: tuple[Example, ...]
    loss: Loss
    began: float
    seconds: float


@contextmanager
def listening(engine: LocalEngine) -> Iterator[list[Learnt]]:
    """For the time of a `with`, the engine's steps are written down."""
    real, found = engine.learn, list[Learnt]()

    def learn(examples: Sequence[Example], loss: Loss) -> Any:
        began = time.process_time()
        report = real(examples, loss)
        found.append(Learnt(tuple(examples), loss, began, time.process_time() - began))
        return report

    engine.learn = learn
    try:
        yield found
    finally:
        del engine.learn


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """The race on both models, the peaks of memory, the seconds to the retry."""
    import torch

    torch.set_num_threads(1)
    reach = settings.step_reach
    answer: dict[str, Any] = {"reach": reach, "repeats": REPEATS, "load": os.getloadavg()[0], "models": {}}
    with tempfile.TemporaryDirectory() as temporary:
        here = Path(temporary)
        pupil = bundled("models") / "pupil"
        for name, make in {"bundled": with_positions, "random, 16 million": larger}.items():
            folder = make(pupil, here / name.split(",")[0])
            vocabulary = json.loads((folder / "config.json").read_text())["vocab_size"]
            say(f"{name}:")
            rows = race(folder, here / "trl", reach, vocabulary, say)
            longest = max(SHAPES)
            peaks = {c: peak(c, folder, longest, here / "trl", reach, vocabulary) for c in PEAKS}
            for c, held in peaks.items():
                if held is not None:
                    say(
                        f"  {longest:5} + {COMPLETION}  {c:10} peak {held['peak_mib']:7.0f} MiB, "
                        f"{held['above_mib']:6.0f} of it in the step"
                    )
            answer["models"][name] = {"shapes": rows, "memory": peaks}
    if find_spec("trl") is None:
        say("TRL is not installed; pip install trl==1.16.0 puts its step beside the others.")
    say("from the end of the correction to the first token of the retry, bundled model:")
    answer["retries"] = retries(settings, say)
    return answer


if __name__ == "__main__":
    which, at, length, out_folder, reach_, vocabulary_ = sys.argv[1:]
    print(json.dumps(one_step(which, Path(at), int(length), Path(out_folder), int(reach_), int(vocabulary_))))
