"""Does the model use what the compiler says? Second attempts with rustc's words in the context, and without.

`continualcode bench diagnostics`. Hand-made koans of the gate split whose pattern the model knows (test
is left alone, and from train's the model was raised). Each conversation holds the request and a first attempt that failed (a plausible wrong repair, put
before rustc); `with_diagnostics` shows both of rustc's answers, `without` the same conversation with them taken out.
Solved: the koan's tests pass after one more call, drawn three times at the temperature of retries. Paired by task.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from continualcode.config import Settings

SEED, ATTEMPTS, SAMPLES = 90_210, 4, 3


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.agent import prompts, retries
    from continualcode.engine import load_engine
    from continualcode.engine.base import Message, SampleParams
    from continualcode.evaluate.stats import bootstrap
    from continualcode.koans import catalogue
    from continualcode.koans.patterns import HELD_BACK
    from continualcode.nursery.chat import call
    from continualcode.nursery.dress import differing_block
    from continualcode.nursery.pool import _tamper
    from continualcode.rust.batch import diagnose_batch
    from continualcode.rust.check import Item, check_many
    from continualcode.rust.diagnostics import render_compact
    from continualcode.sleep.examples import applied

    path = "src/lib.rs"
    koans = [k for k in catalogue.load() if k.split == "gate" and k.pattern not in HELD_BACK]
    r = random.Random(SEED)
    tried: list[tuple[Any, str, int, int]] = []
    for koan in koans:
        old, new = koan.buggy.rstrip("\n").split("\n"), koan.solution.rstrip("\n").split("\n")
        a, b, _ = differing_block(old, new)
        for _ in range(ATTEMPTS):
            at = r.randrange(a, b) if b > a else min(a, len(old) - 1)
            wrong = [*old[:at], _tamper(r, old[at]), *old[at + 1 :]]
            tried.append((koan, "\n".join(wrong) + "\n", at, at + 1))
    before = {k.id: found for k, found in zip(koans, diagnose_batch([k.buggy for k in koans]), strict=True)}
    after = diagnose_batch([wrong for _, wrong, _, _ in tried])
    cases = [(t, found) for t, found in zip(tried, after, strict=True) if any(d.is_error for d in found)]
    say(f"{len(cases)} failed first attempts on {len({t[0].id for t, _ in cases})} koans")

    engine = load_engine(settings)

    def conversation(case: Any, shown: bool) -> list[int]:
        (koan, wrong, a, b), found = case
        first = render_compact(before[koan.id], path) if shown else ""
        second = render_compact(found, path) if shown else ""
        text = "\n".join(wrong.rstrip("\n").split("\n")[a:b])
        attempt = call("edit_lines", path=path, start=a + 1, end=b, text=text)
        done = prompts.AFTER_EDIT.format(done=f"edited {path} {a + 1}-{b}", feedback=second)
        return engine.encode([
            Message("user", prompts.repair_request(path, koan.buggy, first)), attempt, Message("tool", done)
        ])  # fmt: skip

    solved: dict[bool, list[float]] = {}
    for shown in (True, False):
        asked = [conversation(c, shown) for c in cases for _ in range(SAMPLES)]
        params = [
            SampleParams(max_new_tokens=160, temperature=retries.TEMPERATURE, seed=SEED + i) for i in range(len(asked))
        ]
        owners = [c for c in cases for _ in range(SAMPLES)]
        programs: list[str | None] = []
        for start in range(0, len(asked), settings.eval_batch):
            part = slice(start, start + settings.eval_batch)
            for answer, ((_, wrong, _, _), _) in zip(
                engine.sample(asked[part], params[part]), owners[part], strict=True
            ):
                _, calls, error = engine.parse(answer.text)
                programs.append(applied(wrong, calls[0]) if calls and error is None else None)
        items = [Item(p or c[0][0].buggy, c[0][0].tests) for p, c in zip(programs, owners, strict=True)]
        verdicts = check_many(items, workers=settings.jobs or 2, settings=settings)
        by_case = [sum(v.solved for v in verdicts[i : i + SAMPLES]) / SAMPLES for i in range(0, len(verdicts), SAMPLES)]
        solved[shown] = by_case
        say(f"{'with' if shown else 'without'} diagnostics: {sum(by_case) / len(by_case):.3f}")
    gains: dict[str, list[float]] = {}
    for ((koan, *_), _), x, y in zip(cases, solved[True], solved[False], strict=True):
        gains.setdefault(koan.id, []).append(x - y)
    low, high = bootstrap(gains, seed=SEED) or (0.0, 0.0)
    mean = (sum(solved[True]) - sum(solved[False])) / len(cases)
    return {
        "koans": len({t[0].id for t, _ in cases}), "cases": len(cases), "samples": SAMPLES,
        "with_diagnostics": round(sum(solved[True]) / len(cases), 3),
        "without": round(sum(solved[False]) / len(cases), 3),
        "gain_points": round(100 * mean, 1), "gain_ci95": [round(100 * low, 1), round(100 * high, 1)],
    }  # fmt: skip
