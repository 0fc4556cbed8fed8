"""Pretraining the bundled model: a Qwen3 of a few million parameters on the corpus's endless documents.

Documents of like length are batched and padded to one of eight lengths, so that each is compiled once; a token
of the model's own turns weighs 1 in the loss, a token of its context `context_weight`. Hidden matrices are
stepped by Muon, the rest by AdamW; the learning rate follows wall-clock or token progress, decaying
linearly to zero, so that a run of any length ends well. Checkpoints hold everything; a killed run resumes.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from transformers import Qwen3Config, Qwen3ForCausalLM

from continualcode.nursery import corpus
from continualcode.nursery import tokenizer as tok
from continualcode.nursery.chat import segments
from continualcode.nursery.corpus import Document

LENGTHS = (128, 192, 256, 320, 384, 448, 576, 768, 1024)  # the only sequence lengths there are: one compilation each


@dataclass
class Recipe:
    """Everything that decides the result, besides the pool."""

    hidden: int = 256
    layers: int = 6
    heads: int = 4
    feed_forward: int = 768
    vocabulary: int = 2048
    context: int = 1024
    batch_tokens: int = 4096
    learning_rate: float = 4e-3
    embedding_rate: float = 3e-3
    warmup_steps: int = 60
    context_weight: float = 0.15
    total_tokens: float = 30e6
    seed: int = 0
    shares: str = "drill=0.16,repair=0.53,chore=0.31"
    early_shares: str = "drill=0.6,repair=0.2,chore=0.2"
    early_tokens: float = 1.5e6
    start: str = ""  # a folder with a model to go on from; empty: from nothing
    start_tokens: float = 0.0  # what that model saw (its raised.json)


def shares(text: str) -> dict[str, float]:
    return {k: float(v) for k, v in (part.split("=") for part in text.split(","))}


def encode(tokenizer: Tokenizer, doc: Document, context_weight: float) -> tuple[list[int], list[float]]:
    """ids [T] and loss weights [T] (the weight of predicting that id)."""
    ids: list[int] = []
    weights: list[float] = []
    given = iter([m.name == "given" for m in doc.messages if m.role == "assistant"])
    for text, own in segments(doc.messages):
        piece = tokenizer.encode(text, add_special_tokens=False).ids
        ids += piece
        weights += [1.0 if own and not next(given) else 0.0 if own else context_weight] * len(piece)
    return ids, weights


def batches(
    tokenizer: Tokenizer, docs: Iterator[Document], recipe: Recipe
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """(ids_B_T, weights_B_T), padded with 0 to one of `LENGTHS`, about `batch_tokens` in each."""
    waiting: dict[int, list[tuple[list[int], list[float]]]] = defaultdict(list)
    for doc in docs:
        ids, weights = encode(tokenizer, doc, recipe.context_weight)
        if len(ids) > LENGTHS[-1]:
            continue
        length = next(n for n in LENGTHS if n >= len(ids))
        waiting[length].append((ids, weights))
        if len(waiting[length]) == max(1, recipe.batch_tokens // length):
            rows = waiting.pop(length)
            ids_B_T = torch.zeros(len(rows), length, dtype=torch.long)
            weights_B_T = torch.zeros(len(rows), length)
            for i, (a, w) in enumerate(rows):
                ids_B_T[i, : len(a)] = torch.tensor(a)
                weights_B_T[i, : len(w)] = torch.tensor(w)
            yield ids_B_T, weights_B_T


def build(recipe: Recipe) -> Qwen3ForCausalLM:
    """The model at birth."""
    torch.manual_seed(recipe.seed)
    config = Qwen3Config(
        vocab_size=recipe.vocabulary, hidden_size=recipe.hidden, num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads, num_key_value_heads=recipe.heads, head_dim=recipe.hidden // recipe.heads,
        intermediate_size=recipe.feed_forward, max_position_embeddings=recipe.context, tie_word_embeddings=True,
        pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    config._attn_implementation = "eager"  # compiled, it beats the fused kernel at these sizes on a CPU
    return Qwen3ForCausalLM(config)


def losses(
    model: Qwen3ForCausalLM, ids_B_T: torch.Tensor, weights_B_T: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """(weighted mean cross-entropy, plain mean over the model's own tokens), in nats. Compiled by `Trainer`:
    with eager attention and few fixed shapes that doubles the tokens a second on one core."""
    with torch.autocast(ids_B_T.device.type, torch.bfloat16):
        hidden = model.model(input_ids=ids_B_T, use_cache=False).last_hidden_state
        logits = model.lm_head(hidden[:, :-1])
    nll = F.cross_entropy(logits.float().flatten(0, 1), ids_B_T[:, 1:].flatten(), reduction="none")
    w = weights_B_T[:, 1:].flatten()
    own = (w == 1.0).float()
    return (nll * w).sum() / w.sum(), (nll.detach() * own).sum() / own.sum().clamp(min=1.0)


def probe(model: Qwen3ForCausalLM, tokenizer: Tokenizer, docs: list[Document]) -> dict[str, float]:
    """Share of documents, by kind, whose last turn would be sampled exactly by greedy decoding (all of its
    tokens are the arg-max under the right prefix)."""
    hits: dict[str, list[int]] = defaultdict(list)
    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
        for doc in docs:
            messages = doc.messages
            while messages[-1].role != "assistant" or messages[-1].content == "Done.":
                messages = messages[:-1]
            parts = segments(messages)
            prompt = tokenizer.encode("".join(t for t, _ in parts[:-2]), add_special_tokens=False).ids
            reply = tokenizer.encode(parts[-2][0], add_special_tokens=False).ids
            logits = model(
                input_ids=torch.tensor([prompt + reply], device=device), logits_to_keep=len(reply) + 1
            ).logits[0, :-1]
            hits[doc.kind].append(int((logits.argmax(-1).cpu() == torch.tensor(reply)).all()))
    model.train()
    return {k: sum(v) / len(v) for k, v in sorted(hits.items())}


class Trainer:
    """One run, in one folder: `checkpoint.pt`-free (safetensors for weights, torch for optimisers), `log.jsonl`."""

    def __init__(self, folder: Path, pool: Path, recipe: Recipe, device: str = "cpu") -> None:
        self.folder, self.pool, self.recipe, self.device = folder, pool, recipe, device
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.model = build(recipe)
        state = folder / "state.pt"
        if recipe.start and not state.exists():
            grown = Qwen3ForCausalLM.from_pretrained(recipe.start, dtype=torch.float32)
            self.model.load_state_dict(grown.state_dict())
        self.model.to(torch.device(device))  # pyright: ignore[reportArgumentType]
        hidden = [p for n, p in self.model.named_parameters() if p.ndim == 2 and "embed" not in n]
        rest = [p for n, p in self.model.named_parameters() if not (p.ndim == 2 and "embed" not in n)]
        self.muon = torch.optim.Muon(
            hidden,
            lr=recipe.learning_rate,
            weight_decay=0.01,
            momentum=0.95,
            adjust_lr_fn="match_rms_adamw",
            ns_steps=4,
        )
        self.adam = torch.optim.AdamW(rest, lr=recipe.embedding_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
        torch._dynamo.config.cache_size_limit = 2 * len(LENGTHS)
        self.losses = torch.compile(losses, dynamic=False)
        self.tokens, self.step, self.seconds = 0, 0, 0.0
        if state.exists():
            saved = torch.load(state, map_location=device, weights_only=True)
            self.model.load_state_dict(saved["model"])
            self.muon.load_state_dict(saved["muon"])
            self.adam.load_state_dict(saved["adam"])
            self.tokens, self.step, self.seconds = saved["tokens"], saved["step"], saved["seconds"]

    def rate(self) -> float:
        """Warm-up, flat, then linear decay over the last 60 % of the tokens."""
        done = min(1.0, self.tokens / self.recipe.total_tokens)
        return min(1.0, (self.step + 1) / self.recipe.warmup_steps) * min(1.0, max(0.02, (1 - done) / 0.6))

    def save(self) -> None:
        part = self.folder / "state.part"
        torch.save(
            {"model": self.model.state_dict(), "muon": self.muon.state_dict(), "adam": self.adam.state_dict(),
             "tokens": self.tokens, "step": self.step, "seconds": self.seconds}, part,
        )  # fmt: skip
        part.rename(self.folder / "state.pt")

    def export(self, folder: Path) -> None:
        """The model as transformers loads it: bfloat16 safetensors, config, generation config, tokenizer."""
        folder.mkdir(parents=True, exist_ok=True)
        copy = build(self.recipe)
        copy.config.continualcode_profile = "compact"  # which prompts it was raised on (agent/prompts.py)
        copy.load_state_dict({k: v.cpu() for k, v in self.model.state_dict().items()})
        copy.to(dtype=torch.bfloat16).save_pretrained(folder)  # pyright: ignore[reportCallIssue]
        tok.save(self.tokenizer, folder, self.recipe.context)

    def run(self, *, probe_every: int = 200, save_every: int = 100) -> None:
        early = corpus.documents(self.recipe.seed + 17 + self.step, self.pool, shares(self.recipe.early_shares))
        late = corpus.documents(self.recipe.seed + 31 + self.step, self.pool, shares(self.recipe.shares))

        def mixed() -> Iterator[Document]:
            while True:
                yield next(early if self.tokens < self.recipe.early_tokens else late)

        held = corpus.documents(self.recipe.seed + 999_983, self.pool, {"drill": 0.15, "repair": 0.5, "chore": 0.35})
        probes = [next(held) for _ in range(160)]
        recent: list[float] = []
        started = time.time() - self.seconds
        for ids_B_T, weights_B_T in batches(self.tokenizer, mixed(), self.recipe):
            if self.tokens >= self.recipe.total_tokens:
                break
            rate = self.rate()
            for group in self.muon.param_groups:
                group["lr"] = self.recipe.learning_rate * rate
            for group in self.adam.param_groups:
                group["lr"] = self.recipe.embedding_rate * rate
            loss, own = self.losses(self.model, ids_B_T.to(self.device), weights_B_T.to(self.device))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.muon.step()
            self.adam.step()
            self.muon.zero_grad()
            self.adam.zero_grad()
            self.tokens += ids_B_T.numel()
            self.step += 1
            self.seconds = time.time() - started
            recent.append(float(own))
            if self.step % 20 == 0:
                self.log(loss=round(sum(recent) / len(recent), 4), rate=round(rate, 3))
                recent.clear()
            if self.step % probe_every == 0:
                self.log(probe={k: round(v, 3) for k, v in probe(self.model, self.tokenizer, probes).items()})
            if self.step % save_every == 0:
                self.save()
        self.save()
        self.log(probe={k: round(v, 3) for k, v in probe(self.model, self.tokenizer, probes).items()}, done=True)

    def log(self, **values: object) -> None:
        row = {"step": self.step, "tokens": self.tokens, "seconds": round(self.seconds), **values}
        with (self.folder / "log.jsonl").open("a") as f:
            f.write(json.dumps(row) + "\n")


def make_tokenizer(folder: Path, pool: Path, recipe: Recipe, documents: int = 12_000) -> None:
    """Train the tokenizer on the corpus itself and write tokenizer.json into the run's folder."""
    docs = corpus.documents(recipe.seed + 5, pool, {"drill": 0.1, "repair": 0.5, "chore": 0.4})
    texts = ("".join(t for t, _ in segments(next(docs).messages)) for _ in range(documents))
    folder.mkdir(parents=True, exist_ok=True)
    texts = itertools.chain(texts, [tok.RUST_WORDS] * 300)
    tok.train(texts, recipe.vocabulary).save(str(folder / "tokenizer.json"))
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))


def main(folder: Path, pool: Path, *, threads: int = 0, device: str = "cpu", **changes: object) -> None:
    """Raise (or resume raising) a model in `folder` from the pool in `pool`."""
    if threads:
        torch.set_num_threads(threads)
    random.seed(0)
    saved = folder / "recipe.json"
    recipe = Recipe(**{**(json.loads(saved.read_text()) if saved.exists() else {}), **changes})  # type: ignore[arg-type]
    if not (folder / "tokenizer.json").exists():
        if recipe.start:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(recipe.start) / "tokenizer.json", folder)
            raised = Path(recipe.start) / "raised.json"
            if raised.exists():
                recipe.start_tokens = float(json.loads(raised.read_text())["tokens"])
        else:
            make_tokenizer(folder, pool, recipe)
    saved.write_text(json.dumps(asdict(recipe), indent=1))
    trainer = Trainer(folder, pool, recipe, device)
    trainer.run()
    trainer.export(folder / "model")
