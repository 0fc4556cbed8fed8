"""The engine's contract: who holds weights, and what may be asked of them.

Everything above (agent, learn, sleep, evaluate) talks to this Protocol only. An engine says in
`capabilities` what it can do; a method that needs more says so before it starts. Sampled token ids are
kept as sampled and scored as sampled, never re-rendered from text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from continualcode.errors import UserError

if TYPE_CHECKING:
    import torch

    from continualcode.engine.grammar import CallGrammar


class EngineError(UserError):
    """A sentence the user can act on (missing model, adapter of another base, ...)."""


@dataclass(frozen=True)
class ToolCall:
    """One tool call: the tool's name and its arguments as plain JSON values."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation. `name` is the tool's name when role is `tool`."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    name: str | None = None


@dataclass(frozen=True)
class SampleParams:
    """How to draw a completion. `temperature=0` is greedy; `seed` makes a draw repeatable; `grammar` keeps tool
    calls well-formed (an engine that cannot mask passes it over)."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    grammar: CallGrammar | None = None


@dataclass(frozen=True)
class Completion:
    """What was sampled: ids (end-of-turn id included when it was drawn), the log-probability of each id
    under the *untempered* model (nats), the text, and why it stopped."""

    prompt_ids: tuple[int, ...]
    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    text: str
    stop: Literal["end", "length", "cancelled"] = "end"


@dataclass(frozen=True)
class Scores:
    """log-probabilities of given ids: `logprobs_T` float32 [T]; with distributions asked for, also
    `topk_ids_TK`, `topk_logprobs_TK` (top_k > 0) or `full_logprobs_TV` (top_k == -1)."""

    logprobs_T: torch.Tensor
    topk_ids_TK: torch.Tensor | None = None
    topk_logprobs_TK: torch.Tensor | None = None
    full_logprobs_TV: torch.Tensor | None = None


@dataclass(frozen=True)
class Capabilities:
    """What an engine offers."""

    trains: bool
    full_distributions: bool
    teacher_kinds: tuple[str, ...]
    hot_swap: bool


@dataclass(frozen=True)
class Example:
    """One item to learn from.

    student_ids: prompt of the student; completion_ids: tokens to learn on (scored as they are);
    teacher_ids: prompt of the teacher (correction in context) for distillation losses, None for SFT;
    weight: multiplies this example's mean loss; anchor: True when the target is the model before the
    lesson on the same prompt (the marked reference), not the teacher prompt, by forward KL;
    old_logprobs: log-probabilities of completion_ids when they were sampled (off-policy weight);
    alpha: this example's own divergence, in place of the loss's; advantage: completion_ids are a rollout, so much
    better than its siblings (the loss's `reward`); rejected_ids: completion_ids are preferred to these (`pair`).
    """

    student_ids: tuple[int, ...]
    completion_ids: tuple[int, ...]
    teacher_ids: tuple[int, ...] | None = None
    weight: float = 1.0
    anchor: bool = False
    old_logprobs: tuple[float, ...] | None = None
    alpha: float | None = None
    advantage: float | None = None
    rejected_ids: tuple[int, ...] | None = None


class Loss(Protocol):
    """What `learn` minimises. `learn.losses.Distil` and its kin are such.

    teacher: whose distribution is the target (one of the engine's teacher kinds; `base`: adapter off,
    `live`: the weights now, `frozen`: those at the session's start, `ema`, `trust_region`); teacher_rate: EMA rate
    or share of the live model in the blend; mask_first: completion tokens at the start without loss;
    learning_rate, weight_decay, grad_clip: of the AdamW step; reference_weight: of `reference`, which is added
    on the tokens that are learnt (no anchors, no pairs); mixed: bfloat16 matrices on a CPU that has units for them.
    """

    @property
    def teacher(self) -> str: ...
    @property
    def teacher_rate(self) -> float: ...
    @property
    def mask_first(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def grad_clip(self) -> float: ...
    @property
    def reference_weight(self) -> float: ...
    @property
    def mixed(self) -> bool: ...

    def tokens(
        self,
        student_logits_NV: torch.Tensor,
        teacher_logits_NV: torch.Tensor | None,
        ids_N: torch.Tensor,
        old_logprobs_N: torch.Tensor | None,
        alpha: float | None,
    ) -> torch.Tensor:
        """Loss of each token [N], float32, with gradient to the student only. No teacher: imitation."""
        ...

    def anchor(self, student_logits_NV: torch.Tensor, reference_logits_NV: torch.Tensor) -> torch.Tensor:
        """Loss [N] that holds the student where the reference was."""
        ...

    def reference(self, student_logits_NV: torch.Tensor, reference_logits_NV: torch.Tensor) -> torch.Tensor:
        """Price [N] of going from the marked reference on the tokens that are learnt."""
        ...

    def reward(
        self,
        student_logits_NV: torch.Tensor,
        teacher_logits_NV: torch.Tensor | None,
        ids_N: torch.Tensor,
        old_logprobs_N: torch.Tensor | None,
        advantage: float,
    ) -> torch.Tensor:
        """Loss [N] of a rollout with an advantage."""
        ...

    def pair(
        self,
        chosen_N: torch.Tensor,
        rejected_M: torch.Tensor,
        chosen_reference_N: torch.Tensor,
        rejected_reference_M: torch.Tensor,
    ) -> torch.Tensor:
        """Loss (scalar) of the tokens' log-probabilities of a preferred and a rejected completion."""
        ...


@dataclass(frozen=True)
class LearnReport:
    """One optimiser step: loss, gradient norm before clipping, whether it was applied (False when a
    non-finite value was met), seconds, tokens that carried loss."""

    loss: float
    grad_norm: float
    applied: bool
    seconds: float
    tokens: int
    extra: Mapping[str, float] = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """See the module docstring. `model_id` names the base model (name or path) and `model_hash` its
    weights; `adapter_ref` names what adapter version is loaded (None: none, fresh zero adapter)."""

    model_id: str
    adapter_ref: str | None
    capabilities: Capabilities
    profile: Literal["compact", "full"]  # which prompt set the model was raised on (agent/prompts.py)
    context_length: int

    @property
    def model_hash(self) -> str:
        """sha256 (hex) of the base model's weights."""
        ...

    def encode(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Mapping[str, Any]] | None = None,
        generation_prompt: bool = True,
    ) -> list[int]: ...

    def encode_reply(self, message: Message) -> list[int]:
        """Ids of an assistant message as the model itself would have produced it, end-of-turn included."""
        ...

    def decode(self, ids: Sequence[int]) -> str: ...

    def parse(self, text: str) -> tuple[str, tuple[ToolCall, ...], str | None]:
        """(free text, tool calls, error): what a completion says. error is a sentence for the model when
        a call is malformed."""
        ...

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        params: SampleParams | Sequence[SampleParams],
        *,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Completion]:
        """One completion a prompt. A draw depends on its seed only, never on its neighbours: with one
        SampleParams for all, prompt i draws with seed (seed, i); with one each, with (seed, 0)."""
        ...

    def score(self, items: Sequence[tuple[Sequence[int], Sequence[int]]], *, top_k: int = 0) -> list[Scores]: ...

    def learn(self, examples: Sequence[Example], loss: Loss) -> LearnReport:
        """One optimiser step on the adapter. Nothing changes when a loss or gradient is not finite."""
        ...

    def mark_reference(self) -> None:
        """Keep a copy of the adapter as it is now: the target of anchors and of a loss's `reference`. The first
        one since the adapter was loaded is also the `frozen` teacher."""
        ...

    def snapshot(self) -> Any:
        """Everything a step changes (adapter, optimiser, EMA, counters), copied. Bit-exact restore."""
        ...

    def restore(self, snapshot: Any) -> None: ...

    def save_state(self, folder: Path) -> None:
        """Write what `snapshot` holds to a folder (adapter in PEFT format, the rest beside it)."""
        ...

    def load_state(self, folder: Path) -> None:
        """Back to a folder that `save_state` wrote, bit for bit."""
        ...

    def adapter_disabled(self) -> AbstractContextManager[None]: ...

    def save_adapter(self, folder: Path) -> None:
        """Write the adapter in PEFT format (adapter_config.json, adapter_model.safetensors)."""
        ...

    def load_adapter(self, folder: Path | None) -> None:
        """Swap in an adapter (None: back to a fresh zero adapter); the optimiser starts afresh."""
        ...

    def fresh_adapter(self, *, rank: int, alpha: float, targets: Sequence[str], seed: int) -> None: ...
