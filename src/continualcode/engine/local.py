"""The engine in this process: a transformers causal LM, a peft LoRA, sampling and training on the same weights.

Any architecture of transformers: where an adapter sits is found by `architectures`, how conversations are written by
`templates`. Nothing is reloaded between a step and the retry. The LoRA is float32, whatever the weights are.
Not here: what a correction is, which prompts to learn on, when to stop (see `learn`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from continualcode.engine import adapter as adapters
from continualcode.engine import architectures, loading, memory
from continualcode.engine import source as sources
from continualcode.engine.adapter import Adapter, LoraShape
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
from continualcode.engine.grammar import Automaton, CallGrammar, Vocabulary
from continualcode.engine.prompt_cache import PromptCache
from continualcode.engine.qwen3 import Qwen3Decoder
from continualcode.engine.qwen3 import fits as qwen3_fits
from continualcode.engine.qwen3_states import Qwen3States
from continualcode.engine.sampling import Decoder, Row, TransformersDecoder, draw
from continualcode.engine.templates import Chat
from continualcode.engine.training import TEACHERS, Pair, Snapshot, Trainer, load_snapshot, save_snapshot

if TYPE_CHECKING:
    from continualcode.config import Settings

SMALL = 50_000_000  # parameters; below it one thread is as good as several, and far better on a busy machine


class LocalEngine:
    """See `engine.base.Engine`. `model` is a folder or a hub name; `hash_cache` a file that remembers hashes
    of weights; `batch_tokens` bounds the padded tokens of one forward pass; `step`, `reach` and `checkpointing`: see
    the settings `step`, `step_reach` and `gradient_checkpointing`."""

    def __init__(
        self,
        model: str | Path,
        *,
        rank: int = 16,
        alpha: float = 32.0,
        targets: Sequence[str] = ("attention",),
        dropout: float = 0.0,
        seed: int = 0,
        device: str = "auto",
        dtype: str = "auto",
        quantization: str = "none",
        context_length: int = 0,
        profile: str = "auto",
        model_id: str | None = None,
        hash_cache: Path | None = None,
        batch_tokens: int = 16_384,
        step: Literal["exact", "completion"] = "exact",
        reach: int = 0,
        checkpointing: bool = False,
    ) -> None:
        self.model_id = model_id or str(model)
        self.folder = sources.resolve(str(model))
        self._hash: str | None = None
        self._vocabulary: Vocabulary | None = None
        self._automata: dict[CallGrammar, Automaton] = {}
        self._hash_cache, self._batch_tokens = hash_cache, batch_tokens
        self.device = loading.choose_device(device)
        chosen = loading.choose_dtype(dtype, self.device)
        memory.require_room(self.folder, self.device, chosen, quantization)
        self.causal, self.tokenizer = loading.load(self.folder, self.device, chosen, quantization)
        self.chat = Chat(self.tokenizer, self.model_id)
        longest = architectures.context_length(self.causal.config)
        self.context_length = min(context_length, longest) if context_length else longest
        raised_on = getattr(self.causal.config, "continualcode_profile", "full")
        self.profile: Literal["compact", "full"] = (
            "compact" if (raised_on if profile == "auto" else profile) == "compact" else "full"
        )
        self.capabilities = Capabilities(trains=True, full_distributions=True, teacher_kinds=TEACHERS, hot_swap=True)
        self.adapter_ref: str | None = None
        self._stop_ids = self._find_stop_ids()
        self._pad_id = self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else min(self._stop_ids)
        self._backbone, self._head = self._find_head()
        self._step, self._reach = step, reach
        self._lean = Qwen3States(self.causal, PromptCache()) if qwen3_fits(self.causal) and not checkpointing else None
        self._blocks = architectures.blocks(self.causal) if checkpointing else ()
        layout = architectures.layout(self.causal)
        self._layout = layout if quantization == "none" else layout.packed()
        self._default = LoraShape(rank, alpha, self._layout.targets(targets), dropout)
        self._seed = seed
        self._wrap(self._default, seed)

    @classmethod
    def from_settings(cls, settings: Settings) -> LocalEngine:
        """The engine that the settings describe, with a fresh adapter. Raises EngineError."""
        if settings.threads:
            torch.set_num_threads(settings.threads)
        bundled = settings.model_name == "bundled"
        folder = sources.resolve(settings.model_source)
        engine = cls(
            folder,
            rank=settings.lora_rank,
            alpha=settings.lora_alpha,
            targets=[t.strip() for t in settings.lora_targets.split(",") if t.strip()],
            dropout=settings.lora_dropout,
            seed=settings.seed,
            device=settings.device,
            dtype=settings.dtype,
            quantization=settings.quantization,
            context_length=settings.context_length,
            profile="compact" if bundled and settings.profile == "auto" else settings.profile,
            model_id=settings.model_name,
            hash_cache=settings.home / "cache" / "model_hashes.json",
            step=settings.step,
            reach=settings.step_reach,
            checkpointing=settings.gradient_checkpointing,
            batch_tokens=memory.pass_tokens(
                folder,
                loading.choose_device(settings.device),
                dtype=settings.dtype,
                quantization=settings.quantization,
                rank=settings.lora_rank,
                checkpointing=settings.gradient_checkpointing,
            ),
        )
        if not settings.threads and engine.device.type == "cpu" and engine.causal.num_parameters() < SMALL:
            torch.set_num_threads(1)
        return engine

    @property
    def model_hash(self) -> str:
        """sha256 over the base model's safetensors; read on first use."""
        if self._hash is None:
            self._hash = sources.weights_hash(self.folder, self._hash_cache)
        return self._hash

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
        own = self.tokenizer.eos_token_id
        return ids[: ends[-1] + 1] if ends else [*ids, own if own in self._stop_ids else min(self._stop_ids)]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special tokens included."""
        return self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)

    def parse(self, text: str) -> tuple[str, tuple[ToolCall, ...], str | None]:
        """(free text, calls, error for the model) of a completion's text."""
        return self.chat.parse(text)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    # -- sampling

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        params: SampleParams | Sequence[SampleParams],
        *,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Completion]:
        """See `engine.base.Engine.sample`."""
        shared = isinstance(params, SampleParams)
        each = [params] * len(prompts) if isinstance(params, SampleParams) else list(params)
        rows: list[Row] = []
        for i, (prompt, p) in enumerate(zip(prompts, each, strict=True)):
            room = self.context_length - len(prompt)
            if room <= 0 or not prompt:
                raise EngineError(
                    f"The prompt has {len(prompt)} tokens and the model reads {self.context_length}; start a new session or show less."
                )
            rows.append(Row(i, prompt, p, i if shared else 0, min(p.max_new_tokens, room)))
        stream = _Stream(self, on_text) if on_text else None
        decoder = self._decoder()
        for batch in self._like_lengths(rows):
            draw(
                decoder,
                batch,
                stop_ids=self._stop_ids,
                pad_id=self._pad_id,
                device=self.device,
                on_row=stream,
                cancelled=cancelled,
                automaton=self._automaton if self.chat.constrained else None,
            )
        return [Completion(tuple(r.prompt), tuple(r.ids), tuple(r.logprobs), self._text(r.ids), r.stop) for r in rows]

    def _automaton(self, grammar: CallGrammar) -> Automaton:
        """A grammar over this model's tokens; masks that were computed once are kept."""
        if self._vocabulary is None:
            ids = list(range(len(self.tokenizer)))
            special = frozenset(getattr(self.tokenizer, "all_special_ids", ()) or ()) | {self._pad_id}
            texts = self.tokenizer.batch_decode([[i] for i in ids], clean_up_tokenization_spaces=False)
            size = int(self.causal.get_output_embeddings().weight.shape[0])
            self._vocabulary = Vocabulary(texts[:size], self._stop_ids, special - self._stop_ids, size)
        if grammar not in self._automata:
            self._automata[grammar] = Automaton(grammar, self._vocabulary, self.device)
        return self._automata[grammar]

    @torch.inference_mode()
    def _decoder(self) -> Decoder:
        """What reads and predicts, with the weights as they are now."""
        if self._lean is None:
            return TransformersDecoder(self.causal)
        return Qwen3Decoder(self.causal, self._lean.keep if self._step == "completion" else None)

    def _like_lengths(self, rows: Sequence[Row]) -> list[list[Row]]:
        batches: list[list[Row]] = []
        for row in sorted(rows, key=lambda r: len(r.prompt) + r.limit):
            width = len(row.prompt) + row.limit
            if not batches or (len(batches[-1]) + 1) * width > 2 * self._batch_tokens:
                batches.append([])
            batches[-1].append(row)
        return batches

    def _text(self, ids: Sequence[int]) -> str:
        return self.decode(ids[:-1] if ids and ids[-1] in self._stop_ids else ids)

    # -- scoring

    @torch.inference_mode()
    def score(self, items: Sequence[tuple[Sequence[int], Sequence[int]]], *, top_k: int = 0) -> list[Scores]:
        """log-probabilities of completions after prompts; `top_k` > 0 the likeliest, −1 whole rows. On the CPU."""
        result: list[Scores | None] = [None] * len(items)
        order = sorted(range(len(items)), key=lambda i: len(items[i][0]) + len(items[i][1]))
        batch: list[int] = []
        for n, i in enumerate(order):
            batch.append(i)
            width = len(items[order[n + 1]][0]) + len(items[order[n + 1]][1]) if n + 1 < len(order) else 0
            if n + 1 == len(order) or (len(batch) + 1) * width > self._batch_tokens:
                states = self._hidden([items[j] for j in batch]).split([len(items[j][1]) for j in batch])
                for j, state in zip(batch, states, strict=True):
                    result[j] = self._score(state, items[j][1], top_k)
                batch = []
        return [scores for scores in result if scores is not None]

    def _score(self, state_T: Tensor, ids: Sequence[int], top_k: int) -> Scores:
        logp = self._project(state_T).float().log_softmax(-1)
        own = logp.gather(1, torch.tensor(list(ids), dtype=torch.long, device=logp.device)[:, None])[:, 0].cpu()
        if top_k < 0:
            return Scores(own, full_logprobs_TV=logp.cpu())
        if top_k == 0:
            return Scores(own)
        best = logp.topk(min(top_k, logp.shape[1]), dim=-1)
        return Scores(own, topk_ids_TK=best.indices.cpu(), topk_logprobs_TK=best.values.cpu())

    def _hidden(self, pairs: Sequence[Pair]) -> Tensor:
        """Last hidden states that predict each completion token, sequence after sequence [N, d]; right-padded."""
        self._require_room(pairs)
        if self._lean is not None and not self._adapter.shape.dropout and not torch.is_autocast_enabled("cpu"):
            return self._lean.whole(pairs)
        widths = [len(prompt) + len(ids) - 1 for prompt, ids in pairs]
        longest = max(widths)
        rows = [
            [*prompt, *ids][:w] + [self._pad_id] * (longest - w) for (prompt, ids), w in zip(pairs, widths, strict=True)
        ]
        ids_B_L = torch.tensor(rows, device=self.device)
        # Padding stands on the right, so causal attention never sees it: no mask is needed, and none is built.
        with architectures.checkpointing(self._blocks if torch.is_grad_enabled() else ()):
            states = self._backbone(input_ids=ids_B_L, use_cache=False).last_hidden_state
        at = [
            b * longest + t
            for b, (prompt, ids) in enumerate(pairs)
            for t in range(len(prompt) - 1, len(prompt) + len(ids) - 1)
        ]
        return states.reshape(-1, states.shape[-1])[torch.tensor(at, dtype=torch.long, device=states.device)]

    def _completions(self, pairs: Sequence[Pair]) -> Tensor:
        """As `_hidden`, the gradient through completion positions alone."""
        assert self._lean is not None
        self._require_room(pairs)
        return self._lean.completions(pairs, self._reach)

    def _require_room(self, pairs: Sequence[Pair]) -> None:
        longest = max(len(prompt) + len(ids) for prompt, ids in pairs)
        if longest > self.context_length:
            raise EngineError(f"A sequence of {longest} tokens is longer than the model reads ({self.context_length}).")
        if any(not prompt for prompt, _ in pairs):
            raise EngineError("A prompt must have at least one token.")

    def _project(self, states: Tensor) -> Tensor:
        return self._head(states)

    # -- learning

    def learn(self, examples: Sequence[Example], loss: Loss) -> LearnReport:
        """See `engine.base.Engine.learn`."""
        return self._trainer.learn(examples, loss)

    def mark_reference(self) -> None:
        """See `engine.base.Engine.mark_reference`."""
        self._trainer.mark_reference()

    def snapshot(self) -> Snapshot:
        """A copy of adapter, optimiser, EMA and counters."""
        return self._trainer.snapshot(self.adapter_ref)

    def restore(self, snapshot: Snapshot) -> None:
        """Back to a snapshot, bit for bit."""
        if snapshot.shape != self._adapter.shape:
            self._wrap(snapshot.shape, self._seed)
        self._trainer.restore(snapshot)
        self.adapter_ref = snapshot.adapter_ref

    def save_state(self, folder: Path) -> None:
        """The snapshot as a folder (safetensors and JSON), written whole or not at all."""
        with adapters.new_folder(folder) as partial:
            self._adapter.save(partial, self._base())
            save_snapshot(self.snapshot(), partial)

    def load_state(self, folder: Path) -> None:
        """Back to a folder that `save_state` wrote, bit for bit."""
        shape, weights = adapters.read(folder, self.model_hash)
        snapshot = load_snapshot(folder, shape, weights)
        self._require_fit(folder, shape, weights)
        self.restore(snapshot)

    def adapter_disabled(self) -> AbstractContextManager[None]:
        """The base model alone, for the time of a `with`."""
        return self._adapter.disabled()

    def as_teacher(self, kind: str) -> AbstractContextManager[None]:
        """A teacher's weights (one of `capabilities.teacher_kinds`), for the time of a `with`."""
        return self._trainer.as_teacher(kind)

    def save_adapter(self, folder: Path) -> None:
        """The adapter in PEFT format, into a folder that is not there yet."""
        with adapters.new_folder(folder) as partial:
            self._adapter.save(partial, self._base())

    def load_adapter(self, folder: Path | None) -> None:
        """Swap in a saved adapter, or with None a fresh one; the optimiser starts afresh, the base stays."""
        if folder is None:
            self._wrap(self._default, self._seed)
            return
        shape, weights = adapters.read(folder, self.model_hash)
        self._require_fit(folder, shape, weights)
        if shape != self._adapter.shape:
            self._wrap(shape, self._seed)
        self._trainer.restore(Snapshot(shape, weights, {}, None, 0, None))
        self._trainer.begin_session()
        self.adapter_ref = folder.name

    def fresh_adapter(self, *, rank: int, alpha: float, targets: Sequence[str], seed: int) -> None:
        """A new adapter that changes nothing yet; what the old one held is gone."""
        self._wrap(LoraShape(rank, alpha, self._layout.targets(targets), self._default.dropout), seed)

    def _require_fit(self, folder: Path, shape: LoraShape, weights: Mapping[str, Tensor]) -> None:
        """Refuse an adapter before anything is touched, when its tensors do not fit this base."""
        tensors = self._layout.tensors(shape.targets, shape.rank)
        wanted = {f"base_model.model.{name}": size for name, size in tensors.items()}
        if not wanted or {n: tuple(t.shape) for n, t in weights.items()} != wanted:
            raise EngineError(
                f"The adapter at {folder} does not fit {self.model_id}: it was made for another base model."
            )

    def _wrap(self, shape: LoraShape, seed: int) -> None:
        if self._step == "completion" and (self._lean is None or shape.dropout):
            raise EngineError(
                "step=completion is for small dense Qwen3 models in float32 on a CPU and adapters without dropout; "
                "use step=exact."
            )
        if shape.dropout and any("." in target for target in shape.targets):
            raise EngineError("lora_dropout does not work on the experts and MLPs of a mixture; use lora_dropout=0.")
        if hasattr(self, "_adapter"):
            self._adapter.remove()
        self._adapter = Adapter(self.causal, shape, seed)
        self._trainer = Trainer(
            self._adapter,
            self._hidden,
            self._project,
            vocabulary=int(self.causal.get_output_embeddings().weight.shape[0]),
            batch_tokens=self._batch_tokens,
            short=self._completions if self._step == "completion" else None,
        )
        self.adapter_ref = None

    def _base(self) -> dict[str, str]:
        return {"model": self.model_id, "hash": self.model_hash}

    # -- what the model is

    def _find_stop_ids(self) -> frozenset[int]:
        ids: set[int] = set()
        for owner in (self.causal.generation_config, self.causal.config, self.tokenizer):
            value = getattr(owner, "eos_token_id", None)
            ids |= set(value) if isinstance(value, (list, tuple)) else {value} if value is not None else set()
        vocabulary = self.tokenizer.get_vocab()
        ids |= {vocabulary[t] for t in ("<|im_end|>", "<|eot_id|>", "<end_of_turn>") if t in vocabulary}
        if not ids:
            raise EngineError(
                f"{self.model_id} names no end-of-turn token (eos_token); set one in its generation_config.json."
            )
        return frozenset(ids)

    @torch.no_grad()
    def _find_head(self) -> tuple[Any, Callable[[Tensor], Tensor]]:
        """The model without its vocabulary projection, and the projection with what some families do to logits
        afterwards; tried once against the whole model, so that an architecture that does more is refused."""
        backbone, project = architectures.head(self.causal)
        ids = torch.tensor([[min(self._stop_ids), 0, 1]], device=self.device)
        whole = self.causal(input_ids=ids, use_cache=False).logits.float()
        parts = project(backbone(input_ids=ids, use_cache=False).last_hidden_state).float()
        near = 1e-3 if self.causal.dtype == torch.float32 else 0.05
        if not torch.allclose(whole, parts, atol=near * float(whole.abs().max().clamp(min=1)), rtol=near):
            raise EngineError(
                f"{self.model_id} ({self.causal.config.model_type}) makes its logits in a way that this program does "
                "not know, so it cannot be taught; choose another model."
            )
        return backbone, project


class _Stream:
    """Hands on the text of rows as it grows; half a character waits for the rest of it."""

    def __init__(self, engine: LocalEngine, on_text: Callable[[int, str], None]) -> None:
        self._engine, self._on_text = engine, on_text
        self._sent: dict[int, int] = {}

    def __call__(self, row: Row) -> None:
        text = self._engine._text(row.ids)
        sent = self._sent.get(row.index, 0)
        if len(text) > sent and not text.endswith("\ufffd"):
            self._sent[row.index] = len(text)
            self._on_text(row.index, text[sent:])
