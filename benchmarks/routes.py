"""Does an error's key lead to what repairs it? Keys of fresh variants are the table, koans of train and gate the questions.

`continualcode bench routes`. An answer is right when most variants with the key that decided are of the koan's own pattern.
Beside it the signature alone (code and message), and what similarity adds for keys that the table does not hold, from
each threshold on: how many of them are decided, and how many of those rightly. Last, what a night needs: a table of the
held-back patterns alone, and how many koans of those and of known patterns it answers (`1.0` is the exact keys alone).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from continualcode.config import Settings

if TYPE_CHECKING:
    from continualcode.agent.routes import Routes

PER_PATTERN, SEED = 40, 5_000_000
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.agent import routes
    from continualcode.koans import catalogue, patterns
    from continualcode.koans.grammar import PATTERNS, Grammar
    from continualcode.rust.batch import diagnose_batch
    from continualcode.rust.diagnostics import signature

    assert patterns.HELD_BACK <= PATTERNS.keys()
    by_key: dict[str, Counter[str]] = defaultdict(Counter)
    by_signature: dict[str, Counter[str]] = defaultdict(Counter)
    for name in sorted(PATTERNS):
        programs = [PATTERNS[name].make(Grammar(SEED + settings.seed + i)).buggy for i in range(PER_PATTERN)]
        for found in diagnose_batch(programs):
            by_key[routes.key(found)][name] += 1
            by_signature[signature(found)][name] += 1
    koans = [k for k in catalogue.load() if k.split in ("train", "gate")]
    asked = diagnose_batch([k.buggy for k in koans])

    def right(table: Mapping[str, Counter[str]], key: str, pattern: str) -> bool:
        return key in table and table[key].most_common(1)[0][0] == pattern

    exact = [
        (routes.key(f) in by_key, right(by_key, routes.key(f), k.pattern)) for k, f in zip(koans, asked, strict=True)
    ]
    near: list[tuple[float, bool]] = []
    for koan, found in zip(koans, asked, strict=True):
        key = routes.key(found)
        if key not in by_key:
            like = max(by_key, key=lambda known: routes.similarity(known, key))
            near.append((routes.similarity(like, key), right(by_key, like, koan.pattern)))
    table = routes.Routes(settings.home, {k: "night" for k, names in by_key.items() if set(names) & patterns.HELD_BACK})
    own: dict[str, list[int]] = {}
    for t in (*THRESHOLDS, 1.0):
        answered = [nearest(table, routes.key(f)) >= t for f in asked]
        held = [a for k, a in zip(koans, answered, strict=True) if k.pattern in patterns.HELD_BACK]
        own[str(t)] = [sum(held), len(held), sum(answered) - sum(held), len(koans) - len(held)]
    result: dict[str, Any] = {
        "koans": len(koans),
        "keys": len(by_key),
        "signatures": len(by_signature),
        "right_by_signature": sum(right(by_signature, signature(f), k.pattern) for k, f in zip(koans, asked, strict=True)),
        "exact": sum(there for there, _ in exact),
        "exact_right": sum(ok for _, ok in exact),
        "similar": {str(t): [sum(s >= t for s, _ in near), sum(ok for s, ok in near if s >= t)] for t in THRESHOLDS},
        "held_back_table": own,
        "threshold": routes.THRESHOLD,
    }  # fmt: skip
    say(
        f"{len(koans)} koans: {result['right_by_signature']} right by signature, {result['exact_right']} of {result['exact']} by key"
    )
    for t, (decided, ok) in result["similar"].items():
        say(f"similarity from {t}: {ok} of {decided} right, of {len(near)} whose key is new")
    for t, (held, all_held, known, all_known) in own.items():
        say(f"table of held-back patterns, from {t}: {held} of {all_held} of theirs, {known} of {all_known} of others")
    return result


def nearest(routes: Routes, key: str) -> float:
    """Similarity of the table's nearest entry."""
    from continualcode.agent.routes import similarity

    return max(similarity(known, key) for known in routes.table)
