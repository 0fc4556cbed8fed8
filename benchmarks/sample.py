"""How fast the bundled model answers: ours beside transformers' `generate` and llama.cpp, in one run.

`continualcode bench sample` (llama.cpp takes part where `scripts/peers.sh llama-cpp` was run). The prompts are repair
requests of the train split, the replies greedy and bounded, without a grammar, one thread each; every contender answers
the same prompts in turn, repeat after repeat. Rates are tokens per second of the CPU, the median over repeats, because
a machine that is busy otherwise takes its time from all of them. A reply's seconds hold all of it: the weights made
ready, the prompt read, the tokens drawn. `drawing`: the same without the seconds of a first token alone.

ours       `engine.sample`, one prompt a call
hf         `generate` of transformers, one prompt a call
batched    `engine.sample`, all prompts in one call, as evaluations do it
llamacpp   llama.cpp in a process of its own, weights float32 as ours; `llamacpp_bf16`: as the checkpoint has them
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.config import Settings

if TYPE_CHECKING:
    from continualcode.engine.local import LocalEngine

PROMPTS, BATCH, NEW_TOKENS, REPEATS = 8, 32, 64, 3
Drawn = tuple[list[list[int]], float]  # the replies' ids, CPU seconds


def prompts(engine: LocalEngine, count: int) -> list[list[int]]:
    """Repair requests of the train split as the model reads them, every family in turn."""
    from continualcode.agent.prompts import repair_request
    from continualcode.engine.base import Message
    from continualcode.koans import catalogue

    koans = sorted(catalogue.load(split="train"), key=lambda koan: (koan.id.split("_")[1], koan.id))[:count]
    asked = [repair_request("src/lib.rs", k.buggy, f"error[{k.expected_error}]") for k in koans]
    return [engine.encode([Message("user", text)]) for text in asked]


def ours(engine: LocalEngine, asked: Sequence[Sequence[int]], together: bool, most: int) -> Drawn:
    """Our own sampling, one by one or all at once."""
    from continualcode.engine.base import SampleParams

    groups = [list(asked)] if together else [[prompt] for prompt in asked]
    began = time.process_time()
    drawn = [c for group in groups for c in engine.sample(group, SampleParams(max_new_tokens=most))]
    return [list(c.ids) for c in drawn], time.process_time() - began


def transformers(causal: Any, engine: LocalEngine, asked: Sequence[Sequence[int]], most: int) -> Drawn:
    """transformers' generate on a model of its own."""
    import torch

    end, replies = engine.tokenizer.eos_token_id, list[list[int]]()
    began = time.process_time()
    for prompt in asked:
        ids = torch.tensor([list(prompt)])
        with torch.inference_mode():
            whole = causal.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=most, do_sample=False, eos_token_id=end,
                pad_token_id=engine.tokenizer.pad_token_id,
            )  # fmt: skip
        replies.append(whole[0, len(prompt) :].tolist())
    return replies, time.process_time() - began


def llama(file: Path, asked: Sequence[Sequence[int]], most: int) -> Drawn:
    """llama.cpp's own loop; its process counts its own CPU seconds."""
    from continualcode.export.llama import ask

    answer = ask({"model": str(file), "threads": 1, "greedy": [[list(prompt), most] for prompt in asked]})
    return answer["greedy"], sum(map(sum, answer["seconds"]))


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Rates, ratios, and how many of the replies are ours to the letter."""
    import torch

    from continualcode.engine.local import LocalEngine
    from continualcode.export import gguf_files, readers
    from continualcode.export.llama import interpreter

    torch.set_num_threads(1)
    engine = LocalEngine.from_settings(settings.replace(model_name="bundled", threads=1, device="cpu"))
    causal = readers.causal(engine.folder, torch.float32)
    single, many = prompts(engine, PROMPTS), prompts(engine, BATCH)
    runs: dict[str, Callable[[int], Drawn]] = {
        "ours": lambda most: ours(engine, single, False, most),
        "hf": lambda most: transformers(causal, engine, single, most),
        "batched": lambda most: ours(engine, many, True, most),
    }
    with tempfile.TemporaryDirectory() as temporary:
        if interpreter() is not None:
            for name, dtype in {"llamacpp": torch.float32, "llamacpp_bf16": torch.bfloat16}.items():
                file = Path(temporary) / f"{name}.gguf"
                template = str(engine.tokenizer.chat_template)
                gguf_files.write_model(readers.causal(engine.folder, dtype), engine.tokenizer, template, file, "pupil")
                runs[name] = lambda most, file=file: llama(file, single, most)
        else:
            say("llama.cpp is not here; scripts/peers.sh llama-cpp puts it beside the others.")
        rates: dict[str, list[float]] = {name: [] for name in runs}
        drawing: dict[str, list[float]] = {name: [] for name in runs}
        replies: dict[str, list[list[int]]] = {}
        for repeat in range(REPEATS + 1):  # the first warms up
            for name, draw in runs.items():
                replies[name], seconds = draw(NEW_TOKENS)
                first, reading = draw(1)
                if repeat:
                    tokens = sum(map(len, replies[name]))
                    rates[name].append(tokens / seconds)
                    drawing[name].append((tokens - len(first)) / (seconds - reading))
    answer: dict[str, Any] = {
        "prompts": PROMPTS, "batch": BATCH, "repeats": REPEATS, "load": os.getloadavg()[0],
        "prompt_tokens": round(statistics.mean(map(len, single))),
        "reply_tokens": round(statistics.mean(map(len, replies["ours"]))),
    }  # fmt: skip
    for kind, found in (("", rates), ("_drawing", drawing)):
        for name in ("ours", "hf", "batched", "llamacpp", "llamacpp_bf16"):
            answer[f"{name}{kind}_tps"] = round(statistics.median(found[name]), 1) if name in found else None
        for a, b in (("ours", "hf"), ("ours", "llamacpp"), ("ours", "llamacpp_bf16"), ("batched", "ours")):
            ratios = [x / y for x, y in zip(found[a], found[b], strict=True)] if b in found else []
            answer[f"{a}_over_{b}{kind}"] = round(statistics.median(ratios), 2) if ratios else None
    answer["alike"] = {
        name: sum(a == b for a, b in zip(replies["ours"], found, strict=False)) for name, found in replies.items()
    }
    for name, found in rates.items():
        say(
            f"  {name:13} {answer[f'{name}_tps']:8.1f} tokens a CPU second ({', '.join(f'{rate:.0f}' for rate in found)}), "
            f"drawing alone {answer[f'{name}_drawing_tps']:8.1f}; {answer['alike'][name]} of {PROMPTS} replies as ours"
        )
    for key in (k for k in answer if "_over_" in k and answer[k] is not None):
        say(f"  {key.replace('_', ' ')}: {answer[key]:.2f}")
    return answer
