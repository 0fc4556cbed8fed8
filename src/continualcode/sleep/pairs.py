"""Pairs (wrong, right) of Rust that a user gives: what a night will make of them, said when they are given.

`curate` asks the same of each pair at night and passes over what does not hold: the right side compiles and is
clippy clean, the wrong side does not compile, the two differ. Here each objection is a sentence. A pair that is
a task by which nights are judged (the gate and test splits) is turned away: learning it would blind the gate.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from continualcode.errors import UserError
from continualcode.sleep.curate import as_file, squeezed
from continualcode.sleep.examples import same_program
from continualcode.store.records import CorrectionRecord

if TYPE_CHECKING:
    from continualcode.config import Settings
    from continualcode.rust.verdict import Verdict
    from continualcode.store import Store

KINDS = ("deny", "edit", "note", "pair")
MAX_WEIGHT = 100.0


def read_file(path: Path) -> list[CorrectionRecord]:
    """The corrections of a JSONL file. Raises UserError, naming the line, for what is none: broken JSON, an
    unknown field or kind, a pair with one side, a note without words, a weight out of (0, 100]."""
    from continualcode.store import jsonl

    found: list[CorrectionRecord] = []
    for number, record, _ in jsonl.read("corrections", path):
        if why := malformed(record):
            raise UserError(f"{path}, line {number}: {why}; nothing was imported.")
        found.append(record)
    return found


def malformed(record: CorrectionRecord) -> str:
    """What is wrong with a correction's form, or an empty text."""
    if record.kind not in KINDS:
        return f"`kind` is one of {', '.join(KINDS)}, not {record.kind}"
    if record.kind == "pair" and not (record.wrong.strip() and record.right.strip()):
        return "a pair needs both `wrong` and `right`"
    if record.kind == "note" and not record.text.strip():
        return "give `text`, or both `wrong` and `right`"
    if not (math.isfinite(record.weight) and 0 < record.weight <= MAX_WEIGHT):
        return f"`weight` is more than 0 and at most {MAX_WEIGHT:g}, not {record.weight:g}"
    return ""


def refuse_judging_tasks(records: Sequence[CorrectionRecord]) -> None:
    """Raises UserError when a pair holds a task of the gate or test split, or a near copy of one."""
    from continualcode.koans import catalogue, leaks

    pairs = [r for r in records if r.kind == "pair"]
    judging = {k.id: k for split in ("gate", "test") for k in catalogue.load(split=split)}
    near = leaks.corpus_leaks((text for r in pairs for text in (r.wrong, r.right)), list(judging.values()))
    if near:
        koan = judging[near[0].koan]
        pair = pairs[int(near[0].other.split(":")[1]) // 2]
        words = " ".join(pair.wrong.split())
        raise UserError(
            f"The pair that begins `{words[:50]}` is the task {koan.id} of the {koan.split} split or nearly so, and "
            "nights are judged by that: leave it out. Nothing was kept."
        )


def objections(records: Sequence[CorrectionRecord], settings: Settings) -> list[str]:
    """For each correction why no night can learn from it, or an empty text (also for what is no pair). Each
    pair goes through rustc three times and clippy once, in the sandbox; verdicts are remembered."""
    from continualcode.rust import check

    pairs = [r for r in records if r.kind == "pair"]
    wanted = [check.Item(as_file(r.right), clippy=True) for r in pairs] + [check.Item(as_file(r.wrong)) for r in pairs]
    verdicts = check.check_many(wanted, workers=settings.jobs or os.cpu_count() or 1, settings=settings)
    found = {
        id(r): _objection(r, right, wrong)
        for r, right, wrong in zip(pairs, verdicts[: len(pairs)], verdicts[len(pairs) :], strict=True)
    }
    return [found.get(id(r), "") for r in records]


def _objection(pair: CorrectionRecord, right: Verdict, wrong: Verdict) -> str:
    if same_program(as_file(pair.wrong), as_file(pair.right)):
        return "its two sides are the same program"
    if not right.compiles:
        return f"its right side does not compile as a Rust file of its own ({_first_line(right)})"
    if right.clippy_clean is False:
        said = next((d.message.splitlines()[0] for d in right.diagnostics if d.message), "")
        return f"its right side compiles, but clippy objects ({said})"
    if wrong.compiles:
        return "its wrong side compiles too, so the compiler shows no error to learn from"
    return ""


def _first_line(verdict: Verdict) -> str:
    return verdict.feedback("src/lib.rs").split("\n")[0]


def contradictions(records: Iterable[CorrectionRecord], store: Store) -> dict[str, list[str]]:
    """For each pair's id the other pairs, given now or kept, that repair the same wrong program differently."""
    given = {r.id: r for r in records if r.kind == "pair"}
    by_wrong: dict[str, dict[str, str]] = {}
    everything: Mapping[str, CorrectionRecord] = {r.id: r for r in store.list_corrections(kind="pair")} | given
    for record in everything.values():
        by_wrong.setdefault(squeezed(record.wrong), {})[record.id] = squeezed(record.right)
    found = {
        name: [other for other, right in by_wrong[squeezed(r.wrong)].items() if right != squeezed(r.right)]
        for name, r in given.items()
    }
    return {name: others for name, others in found.items() if others}
