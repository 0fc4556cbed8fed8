"""What do masks that keep tool calls well-formed cost while sampling? `continualcode bench constrained`.

The first call of koans of the train split, greedy, without and with the grammar in turn, several times in one run.
Seconds are of the CPU, for each token drawn. Well-formed rates: `continualcode eval --suite train constrained=false`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from continualcode.config import Settings

KOANS, TOKENS, ROUNDS, BATCHES = 32, 96, 3, (1, 8, 32)


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.agent.calls import schemas
    from continualcode.agent.prompts import repair_request
    from continualcode.engine import load_engine
    from continualcode.engine.base import Message, SampleParams
    from continualcode.engine.grammar import CallGrammar
    from continualcode.koans import catalogue
    from continualcode.rust.batch import PATH, diagnose_batch
    from continualcode.rust.diagnostics import render_compact

    engine = load_engine(settings)
    koans = catalogue.load("train")[:KOANS]
    said = [render_compact(found, PATH) for found in diagnose_batch([k.buggy for k in koans])]
    asked = [repair_request(PATH, koan.buggy, feedback) for koan, feedback in zip(koans, said, strict=True)]
    prompts = [engine.encode([Message("user", request)]) for request in asked]
    grammar = CallGrammar.of_schemas(schemas(), lands=True)

    def drawn(held: CallGrammar | None, batch: int) -> tuple[int, float]:
        began, tokens = time.process_time(), 0
        for start in range(0, len(prompts), batch):
            done = engine.sample(prompts[start : start + batch], SampleParams(TOKENS, grammar=held))
            tokens += sum(len(completion.ids) for completion in done)
        return tokens, time.process_time() - began

    first = drawn(grammar, BATCHES[-1])[1]
    answer: dict[str, Any] = {"koans": len(koans), "first_use_s": round(first - drawn(grammar, BATCHES[-1])[1], 2)}
    for batch in BATCHES:
        rates: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(ROUNDS):
            for on in rates:
                tokens, seconds = drawn(grammar if on else None, batch)
                rates[on].append(seconds / tokens)
        off, on = (sum(rates[key]) / ROUNDS for key in (False, True))
        answer[f"batch_{batch}"] = {"free_ms": round(1e3 * off, 3), "held_ms": round(1e3 * on, 3), "ratio": round(on / off, 3)}  # fmt: skip
        say(f"batch {batch}: {on / off:.3f} times the seconds a token")
    return answer
