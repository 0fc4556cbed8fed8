"""A stand-in for the paid Tinker service, in this process: the client's own objects (`tinker.types`) go in and come out,
what lies between is a table of logits and AdamW in float64. It takes the sum over tokens, as the service is documented to.
What a real server does is tested against one (`test_tinker_server.py`); this shows what the engine does with it, and what
when a call fails."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import torch


class Weights:
    """Logits of the next token by the last one [V, V]: those of the base and what the adapter adds, with its moments."""

    def __init__(self, base: torch.Tensor) -> None:
        self.base, self.added = base, torch.zeros_like(base)
        self.first, self.second, self.steps = torch.zeros_like(base), torch.zeros_like(base), 0

    def copy(self, optimizer: bool = True) -> Weights:
        new = Weights(self.base)
        new.added = self.added.clone()
        if optimizer:
            new.first, new.second, new.steps = self.first.clone(), self.second.clone(), self.steps
        return new

    def logprobs(self) -> torch.Tensor:
        return (self.base + self.added).log_softmax(-1)


def done(value: Any) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


class Sampler:
    """Weights that never change."""

    def __init__(self, service: StandIn, weights: Weights) -> None:
        self._service, self._logp = service, weights.logprobs()

    def compute_logprobs(self, prompt: Any) -> Future[Any]:
        ids = prompt.to_ints()
        self._service.called("compute_logprobs")
        return done([None, *(float(self._logp[a, b]) for a, b in zip(ids, ids[1:], strict=False))])

    def sample(self, prompt: Any, num_samples: int, sampling_params: Any, **wanted: Any) -> Future[Any]:
        self._service.called("sample")
        last, ids, logprobs = prompt.to_ints()[-1], [], []
        generator = torch.Generator().manual_seed(sampling_params.seed or 0)
        for _ in range(sampling_params.max_tokens):
            row = self._logp[last]
            if sampling_params.temperature == 0:
                token = int(row.argmax())
            else:
                token = int(torch.multinomial((row / sampling_params.temperature).softmax(-1), 1, generator=generator))
            ids.append(token)
            logprobs.append(float(row[token]))
            last = token
            if token in (sampling_params.stop or ()):
                break
        answer = SimpleNamespace(sequences=[SimpleNamespace(tokens=ids, logprobs=logprobs)], topk_prompt_logprobs=None)
        if wanted.get("include_prompt_logprobs"):
            answer.prompt_logprobs = self.compute_logprobs(prompt).result()
        k = wanted.get("topk_prompt_logprobs", 0)
        if k and self._service.top_k:
            best = [self._logp[i].topk(k) for i in prompt.to_ints()[:-1]]
            answer.topk_prompt_logprobs = [
                None,
                *(list(zip(b.indices.tolist(), b.values.tolist(), strict=True)) for b in best),
            ]
        return done(answer)


class Run:
    """A training run."""

    def __init__(self, service: StandIn, weights: Weights) -> None:
        self._service, self._weights = service, weights
        self._gradient = torch.zeros_like(weights.base)

    def forward_backward(self, data: list[Any], loss_fn: str) -> Future[Any]:
        assert loss_fn == "importance_sampling"
        added = self._weights.added.clone().requires_grad_(True)
        logp = (self._weights.base + added).log_softmax(-1)
        loss = torch.zeros((), dtype=torch.float64)
        for datum in data:
            inputs = datum.model_input.to_ints()
            target, old, advantages = (
                torch.tensor(datum.loss_fn_inputs[k].tolist()) for k in ("target_tokens", "logprobs", "advantages")
            )
            assert len(inputs) == len(target) == len(old) == len(advantages)
            loss = loss - ((logp[inputs, target] - old).exp() * advantages).sum()
        self._gradient += torch.autograd.grad(loss, added)[0]
        self._service.called("forward_backward")
        return done(SimpleNamespace(metrics={"loss:sum": float(loss.detach())}))

    def optim_step(self, adam: Any) -> Future[Any]:
        self._service.called("optim_step")
        w, gradient = self._weights, self._gradient
        self._gradient = torch.zeros_like(gradient)
        norm = float(gradient.norm())
        if adam.grad_clip_norm and norm > adam.grad_clip_norm:
            gradient = gradient * (adam.grad_clip_norm / norm)
        w.steps += 1
        w.first = adam.beta1 * w.first + (1 - adam.beta1) * gradient
        w.second = adam.beta2 * w.second + (1 - adam.beta2) * gradient**2
        first, second = w.first / (1 - adam.beta1**w.steps), w.second / (1 - adam.beta2**w.steps)
        w.added = w.added - adam.learning_rate * first / (second.sqrt() + adam.eps)
        return done(SimpleNamespace(metrics={"optim/grad_norm": norm if self._service.finite else float("nan")}))

    def save_state(self, name: str, ttl_seconds: int | None = None) -> Future[Any]:
        self._service.called("save_state")
        path = f"tinker://run/weights/{name}"
        self._service.states[path] = self._weights.copy()
        return done(SimpleNamespace(path=path))

    def load_state(self, path: str, optimizer: bool = False) -> Future[Any]:
        self._service.called("load_state")
        self._weights = self._service.states[path].copy(optimizer)
        return done(None)

    def load_state_with_optimizer(self, path: str) -> Future[Any]:
        return self.load_state(path, optimizer=True)

    def save_weights_and_get_sampling_client(self) -> Sampler:
        self._service.called("save_weights")
        return Sampler(self._service, self._weights.copy())


class StandIn:
    """The client (`tinker.ServiceClient`). `calls`: how often each was made; `failing`: calls that raise instead;
    `hanging`: calls that never come back; `top_k`: whether the likeliest tokens are told."""

    def __init__(self, vocabulary: int) -> None:
        generator = torch.Generator().manual_seed(1)
        self._base = 2.0 * torch.randn(vocabulary, vocabulary, dtype=torch.float64, generator=generator)
        self.states: dict[str, Weights] = {}
        self.calls: dict[str, int] = {}
        self.failing: dict[str, Exception] = {}
        self.hanging: set[str] = set()
        self.top_k = self.finite = True

    def called(self, name: str) -> None:
        self.calls[name] = self.calls.get(name, 0) + 1
        if name in self.failing:
            raise self.failing[name]
        if name in self.hanging:
            threading.Event().wait()

    def get_server_capabilities(self) -> Any:
        return SimpleNamespace(supported_models=[SimpleNamespace(model_name="toy", max_context_length=1024)])

    def create_lora_training_client(self, **shape: Any) -> Run:
        self.called("create")
        return Run(self, Weights(self._base))

    def create_training_client_from_state(self, path: str) -> Run:
        self.called("create_from")
        return Run(self, self.states[path].copy(optimizer=False))

    def create_training_client_from_state_with_optimizer(self, path: str) -> Run:
        self.called("create_from")
        return Run(self, self.states[path].copy())

    def create_sampling_client(self, base_model: str) -> Sampler:
        return Sampler(self, Weights(self._base))
