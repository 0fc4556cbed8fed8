"""The model's card: what it is, what it saw, what was held back, how it was made. Its figures are read from
the run's own log and, for the evaluation, from the JSON that `continualcode eval` printed."""

from __future__ import annotations

import json
from pathlib import Path

from continualcode.koans.grammar import PATTERNS
from continualcode.koans.patterns import HELD_BACK


def loss_curve(run: Path, out: Path) -> None:
    """The loss on the model's own tokens, and the share of held-out probes that greedy decoding gets exactly
    right, over tokens seen."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    losses = [(r["tokens"] / 1e6, r["loss"]) for r in rows if "loss" in r]
    probes = [(r["tokens"] / 1e6, r["probe"]) for r in rows if "probe" in r]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    left.plot(*zip(*losses, strict=True), color="#0072B2")
    left.set(xlabel="million tokens", ylabel="loss on own tokens (nats)", yscale="log", title="Pretraining")
    kinds = sorted({k for _, p in probes for k in p})
    for kind, colour in zip(
        kinds, ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"), strict=False
    ):
        right.plot(
            [t for t, p in probes if kind in p], [p[kind] for _, p in probes if kind in p], label=kind, color=colour
        )
    right.set(xlabel="million tokens", ylabel="last turn exactly right (greedy)", ylim=(0, 1), title="Probes")
    right.legend(frameon=False, fontsize=7)
    figure.savefig(out, dpi=120)
    plt.close(figure)


def write(model: Path, run: Path, evaluation: dict | None = None) -> None:
    """Write README.md and loss.png into the model's folder."""
    loss_curve(run, model / "loss.png")
    recipe = json.loads((run / "recipe.json").read_text())
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    last_probe = next((r["probe"] for r in reversed(rows) if "probe" in r), {})
    last = rows[-1]
    known = sorted(p for p in PATTERNS if p not in HELD_BACK)
    figures = "\n".join(f"| {k} | {v:.0%} |" for k, v in last_probe.items())
    measured = ""
    if evaluation:
        measured = (
            f"\n## Measured\n\n`continualcode eval --suite {evaluation['suite']} --samples {evaluation['samples']} --json`: "
            f"pass rate {evaluation['pass_rate']:.1%} (95 % interval {evaluation['ci95'][0]:.1%} to {evaluation['ci95'][1]:.1%}).\n"
        )
    (model / "README.md").write_text(
        f"""---
license: mit
library_name: transformers
pipeline_tag: text-generation
tags: [rust, tool-use, tiny]
---
# pupil: the bundled model of continualcode

A Qwen3 of {recipe["layers"]} layers, width {recipe["hidden"]}, vocabulary {recipe["vocabulary"]}, raised from nothing by this repository's own
generators so that every path of continualcode runs on a laptop without a download. It drives the tools,
repairs the kinds of Rust error it was raised on, and follows a correction that stands in its context. It is no
general model: it knows no natural language beyond short requests, and no Rust beyond small programs.

## What it saw

{last["tokens"] / 1e6:.1f} million tokens ({last["step"]} steps) of three kinds of conversation, drawn without end by
`src/continualcode/nursery`: drills (a listing and small questions about its lines), repairs (a file, the
compiler's feedback, one `edit_lines`; some after a failed first attempt with rustc's real answer), and chores
(commands, searches, small edits by `read` then `write`; denied calls, corrections and notes of unlimited
wording, and the call that obeys). Every drawn pair was put before rustc, then renamed
(of 200 renamed pairs 198 still compiled). Repairs come from
{len(known)} patterns: {", ".join(known)}.

## What was held back

Never shown in any form, for lessons and nights to teach: {", ".join(sorted(HELD_BACK))}.
The hand-made koans (any split) are not in the corpus either; `tests/nursery/test_pupil.py` compares them.

## What it does badly

It runs whatever command a correction names, even when the correction is about another kind of request (docs/RESULTS.md,
`bench obedience`); long lines and repairs of several steps; anything beyond 800 tokens of context.
{measured}
## Probes at the end of pretraining

Fresh drills and chores, and pairs of the pool under new names; last turn reproduced exactly by greedy decoding
(strict: another right answer counts as wrong).

| kind | exact |
|---|---|
{figures}

![loss](loss.png)

## How it was made

`scripts/raise_model.sh` (or `python -m continualcode.nursery --work DIR --out models/pupil`). The weights here were
raised in four stretches on one core, the corpus improved between them (docs/LOG.md says how; the spike of the
loss is where names became unlimited); the script runs it in one. Habits it has on
purpose: in a crate it rewrites the whole file with `write`; in a koan it uses `edit_lines`. Call format:
Qwen3-Coder's XML. Weights: bfloat16 safetensors; load with transformers as any Qwen3.
"""
    )
