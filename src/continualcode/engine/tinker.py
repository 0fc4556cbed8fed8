"""The engine at a Tinker service: the weights are there, the lesson is here.

Sampling, log-probabilities of given tokens, and steps of a LoRA by `importance_sampling` (`tinker_data` makes any loss of
the tokens' own log-probabilities into one). Whole distributions and a moving average are not offered, and `capabilities`
says so. Weights are named by what is saved of them: a `Version` never changes, the training run holds one at a time, and
going back is loading. So a restore asks nobody, and cannot fail when the service does; the next call that needs the
weights loads them.

A sampler is made of what the training run holds at that moment and used for nothing else: a server may keep the newest
weights alone (skyrl does). A step that broke off half-way leaves a run in doubt; it is left, and another one begun from
what was saved. Not here: the line to the service (`tinker_service`), a folder's contents (`tinker_files`).
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from continualcode.engine import tinker_files
from continualcode.engine.adapter import LoraShape
from continualcode.engine.base import (
    Capabilities,
    Completion,
    EngineError,
    Example,
    LearnReport,
    Loss,
    Message,
    SampleParams,
    Scores,
    ToolCall,
)
from continualcode.engine.templates import Chat
from continualcode.engine.tinker_data import Read, Row, step
from continualcode.engine.tinker_service import Service
from continualcode.engine.waiting import Stopped

if TYPE_CHECKING:
    from continualcode.config import Settings

ALPHA = 32.0  # of every LoRA there; the service takes no other
UNKNOWN_CONTEXT = 32_768  # tokens; of a service that does not say how much its model reads
A_DAY = 86_400  # seconds that a state is kept which nobody asked to keep
ENDS = ("<|im_end|>", "<|eot_id|>", "<end_of_turn>")
PARTS: Mapping[str, tuple[bool, bool]] = {"attention": (True, False), "mlp": (False, True), "all": (True, True)}

Pair = tuple[Sequence[int], Sequence[int]]  # prompt ids, completion ids


@dataclass(eq=False)
class Version:
    """Weights that were reached once. `path`: where the service keeps them with the optimiser, `lasting` without end;
    None: nowhere but in the training run. `fresh`: a LoRA that changes nothing yet."""

    shape: LoraShape
    path: str | None = None
    lasting: bool = False
    fresh: bool = False
    optimizer: bool = True


@dataclass(frozen=True)
class Snapshot:
    """A version and the name it was loaded by."""

    version: Version
    adapter_ref: str | None
    steps: int


class TinkerEngine:
    """See `engine.base.Engine`. `model`: of the service, its only one when empty; `tokenizer`: a folder or hub name, the
    model's own when empty; `seconds`: the longest that one call may take. Raises EngineError."""

    capabilities = Capabilities(
        trains=True, full_distributions=False, teacher_kinds=("base", "live", "frozen"), hot_swap=True
    )

    def __init__(
        self,
        base_url: str = "",
        model: str = "",
        *,
        tokenizer: str = "",
        rank: int = 16,
        targets: Sequence[str] = ("attention",),
        seed: int = 0,
        context_length: int = 0,
        profile: str = "auto",
        seconds: float = 600.0,
    ) -> None:
        self._default = _shape(rank, targets)
        self._service = Service(base_url, seconds=seconds)
        self._types = self._service.tinker.types
        listed = self._service.models()
        self.model_id = self._chosen(model, listed)
        self.tokenizer = tinker_files.tokenizer(tokenizer or self.model_id)
        self.chat = Chat(self.tokenizer, self.model_id)
        longest = listed[self.model_id].get("max_context_length") or tinker_files.context_length(
            tokenizer or self.model_id, UNKNOWN_CONTEXT
        )
        self.context_length = min(context_length, longest) if context_length else longest
        raised_on = tinker_files.profile(tokenizer or self.model_id) if profile == "auto" else profile
        self.profile: Literal["compact", "full"] = "compact" if raised_on == "compact" else "full"
        self._stop_ids = self._find_stop_ids()
        self._seed, self._asks_top_k = seed, True
        self._bare = False  # whether the adapter is put aside
        self._as: Version | None = None  # whose weights sample and score, when not those of now
        self._run: Any = None  # the training run
        self._holds: Version | None = None  # what it holds; None: in doubt
        self._second: tuple[LoraShape, Any] | None = None  # a run that only ever holds a reference, to sample from
        self._samplers: dict[str, tuple[Version | None, Any]] = {}  # of `base`, of the run and of the second one
        self.adapter_ref: str | None = None
        self._steps = 0
        self._begin(self._default)

    @classmethod
    def from_settings(cls, settings: Settings) -> TinkerEngine:
        """The service and the model that the settings name. Raises EngineError."""
        return cls(
            settings.base_url,
            "" if settings.model_name == "bundled" else settings.model_name,
            tokenizer=settings.tokenizer,
            rank=settings.lora_rank,
            targets=[t.strip() for t in settings.lora_targets.split(",") if t.strip()],
            seed=settings.seed,
            context_length=settings.context_length,
            profile=settings.profile,
            seconds=settings.request_seconds,
        )

    @property
    def model_hash(self) -> str:
        """The weights are not here: the address and the model's name stand for their hash."""
        return f"{self._service.base_url} {self.model_id}"

    @property
    def cancelled(self) -> Callable[[], bool]:
        """Who may stop a call (`waiting.heeding`)."""
        return self._service.cancelled

    @cancelled.setter
    def cancelled(self, asked: Callable[[], bool]) -> None:
        self._service.cancelled = asked

    def _chosen(self, model: str, listed: Mapping[str, Any]) -> str:
        shown = ", ".join(list(listed)[:8]) + (", …" if len(listed) > 8 else "")
        if not model and len(listed) == 1:
            return next(iter(listed))
        if not model or model not in listed:
            what = f"has no model {model}" if model else "has several models; name one with model_name=…"
            raise EngineError(f"The Tinker server at {self._service.base_url} {what}; it has: {shown or 'none'}.")
        return model

    # -- text and ids

    def encode(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        generation_prompt: bool = True,
    ) -> list[int]:
        """Prompt ids through the model's chat template. Raises EngineError when the template refuses."""
        return self._ids(self.chat.render(messages, tools, generation_prompt))

    def encode_reply(self, message: Message) -> list[int]:
        """Ids of an assistant message as sampled: what the template adds to a prompt for it, up to its end."""
        ids = self._ids(self.chat.reply(message))
        ends = [i for i, token in enumerate(ids) if token in self._stop_ids]
        return ids[: ends[-1] + 1] if ends else [*ids, self._stop_ids[0]]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special tokens included."""
        return self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)

    def parse(self, text: str) -> tuple[str, tuple[ToolCall, ...], str | None]:
        """(free text, calls, error for the model) of a completion's text."""
        return self.chat.parse(text)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _find_stop_ids(self) -> list[int]:
        vocabulary = self.tokenizer.get_vocab()
        own = self.tokenizer.eos_token_id
        ids = [*([own] if own is not None else []), *(vocabulary[t] for t in ENDS if t in vocabulary)]
        if not ids:
            raise EngineError(f"The tokenizer of {self.model_id} names no end-of-turn token (eos_token); name another.")
        return list(dict.fromkeys(ids))

    # -- sampling and scoring

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        params: SampleParams | Sequence[SampleParams],
        *,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Completion]:
        """See `engine.base.Engine.sample`; all prompts are asked at once. Text comes whole, not as it grows; what was
        under way when it was cancelled is not told. How far a seed makes a draw repeatable is the service's affair."""
        shared = isinstance(params, SampleParams)
        each = [params] * len(prompts) if isinstance(params, SampleParams) else list(params)
        asked: list[tuple[Any, Any]] = []
        for i, (prompt, p) in enumerate(zip(prompts, each, strict=True)):
            self._require_room(prompt, ())
            wanted = self._types.SamplingParams(
                max_tokens=min(p.max_new_tokens, self.context_length - len(prompt)),
                seed=(p.seed * 1_000_003 + (i if shared else 0)) & 0x7FFF_FFFF,
                temperature=p.temperature,
                top_p=p.top_p,
                stop=self._stop_ids,
            )
            asked.append((self._types.ModelInput.from_ints(list(prompt)), wanted))
        if not asked:
            return []
        before = self.cancelled
        if cancelled is not None:
            self.cancelled = cancelled
        try:
            sampler = self._sampler()
            found = self._service.ask(
                lambda: [sampler.sample(prompt=p, num_samples=1, sampling_params=s) for p, s in asked], "to sample"
            )
        except Stopped:
            if cancelled is None:
                raise
            return [Completion(tuple(prompt), (), (), "", "cancelled") for prompt in prompts]
        finally:
            self.cancelled = before
        completions = [self._completion(p, answer.sequences[0]) for p, answer in zip(prompts, found, strict=True)]
        for i, completion in enumerate(completions):
            if on_text is not None and completion.text:
                on_text(i, completion.text)
        return completions

    def _completion(self, prompt: Sequence[int], sequence: Any) -> Completion:
        ids = tuple(int(i) for i in sequence.tokens)
        logprobs = tuple(float(x) for x in sequence.logprobs or ())
        ended = bool(ids) and ids[-1] in self._stop_ids
        text = self.decode(ids[:-1] if ended else ids)
        return Completion(tuple(prompt), ids, logprobs, text, "end" if ended else "length")

    def score(self, items: Sequence[tuple[Sequence[int], Sequence[int]]], *, top_k: int = 0) -> list[Scores]:
        """log-probabilities of completions after prompts; with `top_k` > 0 the likeliest tokens where the service gives
        them. Raises EngineError for whole rows (−1), which none gives."""
        if top_k < 0:
            raise EngineError("A Tinker service gives no whole distributions; use loss=token.")
        for prompt, ids in items:
            self._require_room(prompt, ids)
        if not items:
            return []
        sampler = self._sampler()
        inputs = [self._types.ModelInput.from_ints([*prompt, *ids]) for prompt, ids in items]
        if top_k == 0 or not self._asks_top_k:
            found = self._service.ask(lambda: [sampler.compute_logprobs(p) for p in inputs], "to score")
            return [Scores(_last(row, len(ids))) for row, (_, ids) in zip(found, items, strict=True)]
        one = self._types.SamplingParams(max_tokens=1)
        answers = self._service.ask(
            lambda: [
                sampler.sample(p, 1, one, include_prompt_logprobs=True, topk_prompt_logprobs=top_k) for p in inputs
            ],
            "to score",
        )
        self._asks_top_k = all(answer.topk_prompt_logprobs is not None for answer in answers)
        return [_scores(answer, len(ids), top_k) for answer, (_, ids) in zip(answers, items, strict=True)]

    def _require_room(self, prompt: Sequence[int], ids: Sequence[int]) -> None:
        if not prompt:
            raise EngineError("A prompt must have at least one token.")
        if len(prompt) + max(1, len(ids)) > self.context_length:
            raise EngineError(
                f"A sequence of {len(prompt) + len(ids)} tokens is longer than the model reads ({self.context_length}); "
                "start a new session or show less."
            )

    # -- learning

    def learn(self, examples: Sequence[Example], loss: Loss) -> LearnReport:
        """See `engine.base.Engine.learn`. The gradient's norm is the service's word; not a number where it says none."""
        began = time.perf_counter()
        examples = [e for e in examples if len(e.completion_ids) > loss.mask_first and e.weight != 0]
        if loss.teacher not in self.capabilities.teacher_kinds:
            raise EngineError(
                f"A Tinker service has no teacher `{loss.teacher}`; choose one of {', '.join(self.capabilities.teacher_kinds)}."
            )
        if not examples:
            return LearnReport(0.0, 0.0, False, time.perf_counter() - began, 0)
        asked = step(examples, self._read(examples, loss), loss)
        if not asked.finite:
            return LearnReport(asked.loss, math.nan, False, time.perf_counter() - began, asked.tokens, asked.parts)
        norm = self._take(asked.rows, loss)
        applied = not math.isinf(norm)
        return LearnReport(asked.loss, norm, applied, time.perf_counter() - began, asked.tokens, asked.parts)

    def _take(self, rows: Sequence[Row], loss: Loss) -> float:
        """One step of the training run; its gradient's norm, nan where none is told, inf when it was not finite and the
        weights are those from before."""
        before, run, data = self._now, self._training(), self._data(rows)
        adam = self._types.AdamParams(
            learning_rate=loss.learning_rate,
            beta1=0.9,
            beta2=0.95,
            weight_decay=loss.weight_decay,
            grad_clip_norm=loss.grad_clip,
        )
        self._holds = None  # in doubt until both have come back
        _, answer = self._service.ask(
            lambda: [run.forward_backward(data, "importance_sampling"), run.optim_step(adam)], "to take a step"
        )
        told = (answer.metrics or {}).items()
        norm = next((float(value) for name, value in told if name.rpartition("/")[2].startswith("grad_norm")), math.nan)
        if any(name.rpartition("/")[2].startswith("grad_norm") and not math.isfinite(value) for name, value in told):
            if before.path is None and not before.fresh:
                raise EngineError(
                    "A gradient at the Tinker service was not finite; take the lesson back, or go on from an older adapter."
                )
            return math.inf
        self._now = self._holds = Version(before.shape)
        self._steps += 1
        return norm

    def _data(self, rows: Sequence[Row]) -> list[Any]:
        """Rows as the service takes them. A server of one's own may take the mean over a sequence where the maker's takes
        the sum: there all are made as long as the longest, with tokens that carry nothing, so that both are the same."""
        longest = max(len(row.prompt) + len(row.ids) for row in rows)
        data = []
        for row in rows:
            room = 0 if self._service.hosted else longest - len(row.prompt) - len(row.ids)
            tokens = [*row.prompt, *row.ids, *([self._stop_ids[0]] * room)]
            before, after = [0.0] * (len(row.prompt) - 1), [0.0] * room
            inputs = {
                "target_tokens": tokens[1:],
                "logprobs": [*before, *row.logprobs.tolist(), *after],
                "advantages": [*before, *row.advantages.tolist(), *after],
            }
            data.append(
                self._types.Datum(model_input=self._types.ModelInput.from_ints(tokens[:-1]), loss_fn_inputs=inputs)
            )
        return data

    def _read(self, examples: Sequence[Example], loss: Loss) -> list[Read]:
        """What each example needs, asked of each kind of weights in one go."""
        n = range(len(examples))
        own: list[Pair] = [(e.student_ids, e.completion_ids) for e in examples]
        pairs = [i for i in n if examples[i].rejected_ids is not None]
        taught = [i for i in n if examples[i].teacher_ids is not None and not examples[i].anchor and i not in pairs]
        held = [i for i in n if examples[i].anchor or i in pairs or loss.reference_weight]
        rejected: dict[int, Pair] = {i: (examples[i].student_ids, examples[i].rejected_ids or ()) for i in pairs}
        student = self._asked(None, {**{("own", i): own[i] for i in n}, **{("no", i): rejected[i] for i in pairs}})
        told: dict[tuple[str, int], Pair] = {
            ("own", i): (examples[i].teacher_ids or (), examples[i].completion_ids) for i in taught
        }
        teacher = self._asked(loss.teacher, told)
        kept: dict[tuple[str, int], Pair] = {("own", i): own[i] for i in held} | {("no", i): rejected[i] for i in pairs}
        reference = self._asked("reference", kept)
        return [
            Read(
                student["own", i],
                teacher.get(("own", i)),
                reference.get(("own", i)),
                student.get(("no", i)),
                reference.get(("no", i)),
            )
            for i in n
        ]

    def _asked(self, kind: str | None, pairs: Mapping[tuple[str, int], Pair]) -> dict[tuple[str, int], Tensor]:
        """log-probabilities [T] of some pairs under a kind of weights (None: those of now)."""
        if not pairs:
            return {}
        if kind == "reference" and self._reference is None:
            self.mark_reference()
        with self.as_teacher(kind or "live"):
            found = self.score(list(pairs.values()))
        return {key: scores.logprobs_T for key, scores in zip(pairs, found, strict=True)}

    def mark_reference(self) -> None:
        """Keep the weights of now as the target of anchors; the first ones of a session are also the `frozen` teacher."""
        self._keep()
        self._reference = self._now
        if self._frozen is None:
            self._frozen = self._now

    # -- weights

    def snapshot(self) -> Snapshot:
        """The weights of now, kept at the service for a day."""
        self._keep()
        return Snapshot(self._now, self.adapter_ref, self._steps)

    def restore(self, snapshot: Snapshot) -> None:
        """Back to a snapshot. Asks nobody: the weights are loaded when they are next needed."""
        self._now, self.adapter_ref, self._steps = snapshot.version, snapshot.adapter_ref, snapshot.steps

    def save_state(self, folder: Path) -> None:
        """A folder that names the state at the service, where it is kept without end."""
        self._keep(lasting=True)
        tinker_files.write_state(folder, self._described())

    def load_state(self, folder: Path) -> None:
        """Back to a folder that `save_state` wrote, optimiser included."""
        self._load(folder, optimizer=True)

    def save_adapter(self, folder: Path) -> None:
        """The adapter in PEFT format, fetched from the service, into a folder that is not there yet."""
        self._keep(lasting=True)
        run = self._training()
        name = f"adapter-{uuid.uuid4().hex[:12]}"
        saved = self._service.ask(lambda: run.save_weights_for_sampler(name), "to save the adapter")
        path, client = tinker_files.of_sampler(saved.path), self._service.client
        found = self._service.ask(
            lambda: client.create_rest_client().get_checkpoint_archive_url_from_tinker_path(path), "to name the adapter"
        )
        archive = self._service.ask(lambda: tinker_files.fetch(found.url, self._service.seconds), "to send the adapter")
        tinker_files.write_adapter(folder, archive, self._described())

    def load_adapter(self, folder: Path | None) -> None:
        """Swap in an adapter that was saved from this service, or with None a fresh one; the optimiser starts afresh."""
        if folder is None:
            self._begin(self._default)
        else:
            self._load(folder, optimizer=False)
            self.adapter_ref = folder.name

    def fresh_adapter(self, *, rank: int, alpha: float, targets: Sequence[str], seed: int) -> None:
        """A new adapter that changes nothing yet. The service scales every LoRA by 32 / rank, whatever `alpha` says."""
        shape = _shape(rank, targets)
        self._seed = seed
        self._begin(shape)

    @contextmanager
    def adapter_disabled(self) -> Iterator[None]:
        """The base model alone, for the time of a `with`."""
        before, self._bare = self._bare, True
        try:
            yield
        finally:
            self._bare = before

    @contextmanager
    def as_teacher(self, kind: str) -> Iterator[None]:
        """A teacher's weights (or the `reference`'s) to sample and score with, for the time of a `with`."""
        if kind == "base":
            with self.adapter_disabled():
                yield
            return
        before = self._as
        self._as = {"frozen": self._frozen, "reference": self._reference}.get(kind)
        try:
            yield
        finally:
            self._as = before

    def _begin(self, shape: LoraShape) -> None:
        """A fresh adapter; a training run is made when the first step needs one."""
        blank = getattr(self, "_blank", None)
        if blank is None or (blank[0], blank[1]) != (shape, self._seed):
            self._blank = (shape, self._seed, Version(shape, fresh=True))
        self._now = self._blank[2]
        self._reference: Version | None = None
        self._frozen: Version | None = None
        self.adapter_ref, self._steps = None, 0

    def _load(self, folder: Path, *, optimizer: bool) -> None:
        state = tinker_files.read_state(folder, self._service.base_url, self.model_id)
        self._keep()  # to come back to, should the other not be there
        before = self._now
        shape = LoraShape(state.rank, ALPHA, state.targets)
        if state.path is None:
            self._begin(shape)
        else:
            self._now = Version(shape, state.path, lasting=True, optimizer=optimizer)
            try:
                self._training()
            except EngineError:
                self._now = before
                raise
        if not optimizer:
            self._reference = self._frozen = None
        self._steps = state.steps if optimizer else 0
        self.adapter_ref = state.adapter_ref if optimizer else folder.name

    def _described(self) -> tinker_files.State:
        now = self._now
        path = None if now.fresh else now.path
        return tinker_files.State(
            self._service.base_url,
            self.model_id,
            path,
            now.shape.rank,
            now.shape.targets,
            self._steps,
            self.adapter_ref,
        )

    def _keep(self, lasting: bool = False) -> None:
        """Have the service keep the weights of now. A fresh adapter needs no keeping."""
        now = self._now
        if now.fresh or (now.path is not None and (now.lasting or not lasting)):
            return
        now.path, now.lasting = self._saved(self._training(), None if lasting else A_DAY), lasting

    def _saved(self, run: Any, seconds: int | None) -> str:
        name = f"state-{uuid.uuid4().hex[:12]}"
        return self._service.ask(lambda: run.save_state(name, ttl_seconds=seconds), "to save its state").path

    def _training(self) -> Any:
        """The training run, holding the weights of now."""
        now, held = self._now, self._holds
        if held is now:
            return self._run
        self._holds = None  # in doubt until the service has said that it is done
        if now.fresh and now.path is None:
            attention, mlp = _parts(now.shape)
            self._run = self._service.ask(
                lambda: self._service.client.create_lora_training_client(
                    base_model=self.model_id, rank=now.shape.rank, seed=self._seed,
                    train_attn=attention, train_mlp=mlp, train_unembed=False,
                ),
                "to begin a training run",
            )  # fmt: skip
            now.path, now.lasting = self._saved(self._run, None), True  # to come back to, with the same numbers
        elif now.path is None:
            raise EngineError(
                "The last step at the Tinker service broke off, so its weights are in doubt; go back first."
            )
        elif held is not None and held.shape == now.shape:
            self._loaded(self._run, now)
        else:
            self._run = self._run_from(now)
        self._holds = now
        return self._run

    def _loaded(self, run: Any, version: Version) -> None:
        load = run.load_state_with_optimizer if version.optimizer else run.load_state
        self._service.ask(lambda: load(version.path), "to load its state")

    def _run_from(self, version: Version) -> Any:
        client = self._service.client
        make = (
            client.create_training_client_from_state_with_optimizer
            if version.optimizer
            else client.create_training_client_from_state
        )
        return self._service.ask(lambda: make(version.path), "to load its state")

    def _sampler(self) -> Any:
        """A client that samples with the weights that are asked for now."""
        version = self._as or self._now
        if self._bare or version.fresh:
            if "base" not in self._samplers:
                made = self._service.ask(
                    lambda: self._service.client.create_sampling_client(base_model=self.model_id), "to sample"
                )
                self._samplers["base"] = (None, made)
            return self._samplers["base"][1]
        name = "run" if version is self._now else "second"
        if self._samplers.get(name, (None,))[0] is not version or (name == "run" and self._holds is not version):
            run = self._training() if name == "run" else self._holding(version)
            self._samplers[name] = (version, self._service.ask(run.save_weights_and_get_sampling_client, "to sample"))
        return self._samplers[name][1]

    def _holding(self, version: Version) -> Any:
        """The second run, with the weights of a version that is not the one of now."""
        second, self._second = self._second, None
        if second is None or second[0] != version.shape:
            second = (version.shape, self._run_from(version))
        else:
            self._loaded(second[1], version)
        self._second = second
        return second[1]


def _shape(rank: int, targets: Sequence[str]) -> LoraShape:
    """Raises EngineError for parts of a model that the service has no word for."""
    if not targets or any(t not in PARTS for t in targets):
        raise EngineError(
            "A Tinker service trains lora_targets=attention, mlp or all (both); single modules it does not."
        )
    return LoraShape(rank, ALPHA, tuple(targets))


def _parts(shape: LoraShape) -> tuple[bool, bool]:
    """(attention, MLP) that a LoRA sits on."""
    return any(PARTS[t][0] for t in shape.targets), any(PARTS[t][1] for t in shape.targets)


def _last(row: Sequence[float | None], count: int) -> Tensor:
    """The last `count` of a prompt's log-probabilities [T] float32; one that is missing is not a number. Some servers
    leave the first token's place out, so they are counted from the end."""
    return torch.tensor([math.nan if x is None else float(x) for x in list(row)[len(row) - count :]])


def _scores(answer: Any, count: int, top_k: int) -> Scores:
    own = _last(answer.prompt_logprobs, count)
    best = answer.topk_prompt_logprobs
    if best is None:
        return Scores(own)
    rows = [(row or [])[:top_k] for row in best[len(best) - count :]]
    if any(len(row) < top_k for row in rows):
        return Scores(own)
    ids = torch.tensor([[int(token) for token, _ in row] for row in rows])
    return Scores(own, topk_ids_TK=ids, topk_logprobs_TK=torch.tensor([[float(p) for _, p in row] for row in rows]))
