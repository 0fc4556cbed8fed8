"""Does the model follow a correction that stands in its context, and only then? The ceiling of every lesson.

`continualcode bench obedience`. Fresh draws of the nursery's chores (seeds that pretraining never used; wordings
from the same grammar, commands and names mostly invented anew): `obeyed`, the reply is the demanded call; `unmoved`,
a correction about another kind of request left the habit as it was; `unasked`, the same demand was met without
any correction. Greedy.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from continualcode.config import Settings

SEED, CASES = 424_242, 150


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.engine import load_engine
    from continualcode.engine.base import Message, SampleParams
    from continualcode.evaluate.stats import wilson
    from continualcode.nursery import chores
    from continualcode.nursery.chat import body

    engine = load_engine(settings)
    r = random.Random(SEED)
    asked: dict[str, list[tuple[tuple[Message, ...], Message]]] = {"obeyed": [], "unmoved": [], "unasked": []}
    while min(len(v) for v in asked.values()) < CASES:
        c = chores.command_chore(r, corrected=1.0)
        asked["unmoved" if c.reply == c.habit else "obeyed"].append((c.messages, c.reply))
        if c.reply != c.habit:
            user = next(m for m in c.messages if m.role == "user")
            plain = Message("user", user.content.split("\n\nCorrection: ")[0])
            asked["unasked"].append(((plain,), c.reply))
    found: dict[str, Any] = {"cases": CASES}
    for name, cases in asked.items():
        cases = cases[:CASES]
        answers = engine.sample([engine.encode(m) for m, _ in cases], SampleParams(max_new_tokens=64))
        hits = sum(
            a.text.replace("<|im_end|>", "") == body(reply) for a, (_, reply) in zip(answers, cases, strict=True)
        )
        found[name] = round(hits / CASES, 3)
        found[f"{name}_ci95"] = [round(x, 3) for x in wilson(hits, CASES)]
        say(f"{name}: {hits}/{CASES}")
    return found
