"""How long does one attempt at a koan take? An 800-token prompt and 200 new tokens, and the same with what koans need.

`continualcode bench attempt`. Alone (one conversation) and as a batch of 8. Tokens are drawn at a temperature so high
that a turn goes on to its full length (the work a token is the same); draws that end sooner are left out. Medians
of five after one warm-up; seconds are of this machine.
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

    def seconds(batch: int) -> float:
        taken: list[float] = []
        seed = 0
        while len(taken) < REPEATS + 1:
            seed += 1
            params = [SampleParams(NEW, temperature=100.0, seed=seed * 100 + i) for i in range(batch)]
            began = time.perf_counter()
            done = engine.sample([prompt] * batch, params)
            if max(len(c.ids) for c in done) == NEW:
                taken.append(time.perf_counter() - began)
        return statistics.median(taken[1:])

    alone = seconds(1)
    say(f"one attempt: {alone:.2f} s")
    batch = seconds(8)
    say(f"eight at once: {batch:.2f} s")
    return {
        "prompt_tokens": len(prompt), "new_tokens": NEW, "attempt_s": round(alone, 2),
        "tokens_per_second": round(NEW / alone, 1), "batch_of_8_s": round(batch, 2), "batch_gain": round(8 * alone / batch, 2),
    }  # fmt: skip
