"""The model's card: what it is, what it saw, what was held back, how it was made, what it can do.

Its figures are read from the run's own log and from the JSON that `continualcode eval` and `bench` printed:

    python -m continualcode.nursery.card --model models/pupil --run WORK/run --measured DIR

where DIR holds `eval.json`, `obedience.json`, `diagnostics.json`, `attempt.json` (those that are there are shown).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from continualcode.koans.grammar import PATTERNS
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import programs


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
        kinds,
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999", "#8C564B"),
        strict=False,
    ):
        right.plot(
            [t for t, p in probes if kind in p], [p[kind] for _, p in probes if kind in p], label=kind, color=colour
        )
    right.set(xlabel="million tokens", ylabel="last turn exactly right (greedy)", ylim=(0, 1), title="Probes")
    right.legend(frameon=False, fontsize=7)
    figure.savefig(out, dpi=120)
    plt.close(figure)


def _interval(bounds: list[float]) -> str:
    return f"[{100 * bounds[0]:.1f}, {100 * bounds[1]:.1f}]"


def measurements(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of what was measured: name of a file without `.json` → what the command printed."""
    rows: list[str] = []
    if e := found.get("eval"):
        command = f"`continualcode eval --suite {e['suite']} --samples {e['samples']} --json`"
        for name, g in (("all", e), ("known patterns", e["known"]), ("held-back patterns", e["held_back"])):
            rows.append(
                f"| {command} | {name}: solved | {g['passed']}/{g['n']} = {100 * g['pass_rate']:.1f} % {_interval(g['ci95'])} |"
            )
        rows.append(f"| | tool calls well-formed | {100 * e['well_formed_rate']:.1f} % |")
        rows.append(f"| | seconds for all | {e['seconds']:.0f} |")
    if o := found.get("obedience"):
        for name, words in (
            ("obeyed", "a correction in its context is obeyed"),
            ("unmoved", "one about something else changes nothing"),
            ("unasked", "without the correction the demand is met"),
        ):
            rows.append(
                f"| `continualcode bench obedience` | {words} | {100 * o[name]:.1f} % {_interval(o[name + '_ci95'])} |"
            )
    if d := found.get("diagnostics"):
        rows.append(
            f"| `continualcode bench diagnostics` | second attempt solves, with and without rustc's words "
            f"| {100 * d['with_diagnostics']:.1f} % and {100 * d['without']:.1f} %: {d['gain_points']} points {d['gain_ci95']} |"
        )
    if t := found.get("attempt"):
        rows.append(
            f"| `continualcode bench attempt` | {t['prompt_tokens']} tokens read, {t['new_tokens']} written | {t['attempt_s']} s |"
        )
    if not rows:
        return ""
    return "\n## Measured\n\n| command | what | figure |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def write(model: Path, run: Path, measured_with: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Write README.md and loss.png into the model's folder."""
    loss_curve(run, model / "loss.png")
    recipe = json.loads((run / "recipe.json").read_text())
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    last_probe = next((r["probe"] for r in reversed(rows) if "probe" in r), {})
    last = rows[-1]
    before = float(recipe.get("start_tokens", 0))
    seen = before + last["tokens"]
    (model / "raised.json").write_text(json.dumps({"tokens": seen}) + "\n")
    stretches = (
        f" (the last {last['tokens'] / 1e6:.1f} million from the weights of a pupil before it)" if before else ""
    )
    earlier = "\n![loss of the stretch before](loss_before.png)\n" if (model / "loss_before.png").exists() else ""
    known = sorted(p for p in PATTERNS if p not in HELD_BACK)
    figures = "\n".join(f"| {k} | {v:.0%} |" for k, v in last_probe.items())
    measured = measurements(measured_with or {})
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

{seen / 1e6:.1f} million tokens{stretches} of three kinds of conversation, drawn without end by
`src/continualcode/nursery`: drills (a listing and small questions about its lines), repairs (a file, the
compiler's feedback, one `edit_lines`; some after a failed first attempt, some of two bugs, with rustc's real
answer in between), and chores (commands, searches, small edits by `read` then `write`; denied calls, corrections
and notes of unlimited wording, the call that obeys, longer visits in which each correction holds for its own kind
of request). Every drawn pair was put before rustc, then renamed (`tests/nursery/test_renaming.py` puts renamed
pairs before rustc again). Some repairs are of bugs put into people's programs: the repaired koans of the train
split's known patterns and {len(programs.read())} programs written for this (`nursery/programs.jsonl`, with bugs of their own; `nursery/mutants.py`); the others come from {len(known)} patterns: {", ".join(known)}.

## What was held back

No program of these patterns and no repair of theirs was in the corpus, for lessons and nights to teach (608 mutants that the
stretch before the last drew from showed the *error* of `lt_struct_missing` with another repair, docs/LOG.md): {", ".join(sorted(HELD_BACK))}.
No koan of the gate or test split is in the corpus either; `tests/nursery/test_pupil.py` compares them.

## What it does badly

Corrections worded as none of its corpus, and corrections about another kind of request (`bench obedience`); long lines
and repairs of several steps; anything beyond {recipe["context"]} tokens of context; words for kinds of
request that it never saw (`bench obedience` varies wording and commands, not these).
{measured}
## Probes at the end of pretraining

Fresh drills and chores, and pairs of the pool under new names; last turn reproduced exactly by greedy decoding
(strict: another right answer counts as wrong).

| kind | exact |
|---|---|
{figures}

![loss](loss.png)
{earlier}
## How it was made

`scripts/raise_model.sh` (or `python -m continualcode.nursery --work DIR --out models/pupil`). The weights here were
raised in stretches on one core, each with a better corpus (docs/LOG.md says how; `--from` goes on from a model); the
script runs the last corpus in one. Habits it has on
purpose: in a crate it rewrites the whole file with `write`; in a koan it uses `edit_lines`. Call format:
Qwen3-Coder's XML. Weights: bfloat16 safetensors; load with transformers as any Qwen3.
"""
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="continualcode.nursery.card", description="Write a model's card.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--measured", type=Path, help="folder of JSON files printed by eval and bench")
    args = parser.parse_args()
    files = sorted(args.measured.glob("*.json")) if args.measured else []
    write(args.model, args.run, {f.stem: json.loads(f.read_text().splitlines()[-1]) for f in files})
