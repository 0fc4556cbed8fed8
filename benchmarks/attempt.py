"""How long does one attempt at a koan take? An 800-token prompt and 200 new tokens, and the same with what koans need.

`continualcode bench attempt`. Alone (one conversation) and as a batch of 8; greedy; where the model ends its turn sooner the
time is scaled to 200 tokens. Medians of five after one warm-up; ratios in one run, seconds for information.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from continualcode.config import Settings

PROMPT, NEW, REPEATS = 800, 200, 5


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.engine import load_engine
    from continualcode.engine.base import Message, SampleParams

    engine = load_engine(settings)
    text = "Fix src/lib.rs.\n" + "\n".join(f"{n}|let value_{n} = total + {n};" for n in range(1, 200))
    prompt = engine.encode([Message("user", text)])[: min(PROMPT, engine.context_length - NEW)]

    def seconds(batch: int, prompt_ids: list[int], new: int) -> float:
        taken = []
        for _ in range(REPEATS + 1):
            began = time.perf_counter()
            done = engine.sample([prompt_ids] * batch, SampleParams(max_new_tokens=new))
            taken.append((time.perf_counter() - began) * new / max(1, max(len(c.ids) for c in done)))
        return statistics.median(taken[1:])

    alone = seconds(1, prompt, NEW)
    say(f"one attempt: {alone:.2f} s")
    batch = seconds(8, prompt, NEW)
    say(f"eight at once: {batch:.2f} s")
    return {
        "prompt_tokens": len(prompt), "new_tokens": NEW, "attempt_s": round(alone, 2),
        "tokens_per_second": round(NEW / alone, 1), "batch_of_8_s": round(batch, 2), "batch_gain": round(8 * alone / batch, 2),
    }  # fmt: skip
