"""Many lessons one after the other on the same weights: what is still obeyed at the end, and what is left of the rest.

`continualcode bench career` gives 16 preferences of 16 kinds of request (`corrections.HABITS` and `NEWS`, in turns), `EACH`
lessons each, one preference after the other; a lesson is given only where the model does otherwise, as a user would, and
each rehearses those before it. After each preference all that were given so far are asked on fresh prompts, and
prompts of kinds that no lesson is about. Last, reversals: A is taught, then B in its place. `python benchmarks/career.py
--lessons N` goes on with N further lessons on the same weights: a kind is drawn, and the user wants a new command there.

Every lesson is written down with the weights after it, under `home/bench/career-<key>/`; the same command goes on where it
was cut off. `curve.png` and `heatmap.png` are drawn there. Greedy, one seed.

obeyed: share of fresh prompts of a kind that begin with what was asked of it last; anchors: share of fresh prompts of other
kinds on which the habit is as before the first lesson.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from continualcode.config import Settings

if TYPE_CHECKING:
    from continualcode.engine.base import Engine, Message
    from continualcode.learn.proof import Habit
    from continualcode.learn.rehearsal import Earlier

VERSION = 1  # of what a row means; another number starts afresh
EACH = 5  # lessons of a preference
UNSEEN, ANCHORS = 6, 36  # prompts a preference, and of kinds that no lesson is about
AWAY = ("commit", "push", "clean", "script", "remove", "test_one")  # those kinds
FURTHER_EACH = 20  # further lessons between two measurements
REVERSALS = (
    ("test", "cargo nextest run", "make check"),
    ("build", "just build", "tilt ci"),
    ("deploy", "skaffold run", "fastlane beta"),
)
REVERSAL_LESSONS, REVERSAL_UNSEEN = 3, 12


@dataclass(frozen=True)
class Given:
    """One lesson of the career, as its row. `at`: which of the kind's prompts it was given on; `outcome`: `already` when
    the model did so by itself."""

    n: int
    kind: str
    want: str
    tool: bool
    at: int
    correction: str
    outcome: str
    denied: str = ""
    approved: str = ""
    steps: int = 0
    drift: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


@dataclass
class Career:
    """Weights, and what was said so far. `wants`: of each kind the newest preference."""

    engine: Engine
    settings: Settings
    folder: Path
    say: Callable[[str], None]
    rows: list[Given] = field(default_factory=list)
    measured: list[dict[str, Any]] = field(default_factory=list)
    taught: list[Earlier] = field(default_factory=list)
    wants: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bench = _corrections()
        self.engine.load_adapter(None)
        self.away = [c for kind in AWAY for c in self.bench.conversations(kind, ANCHORS // len(AWAY), 71_001)]
        self.before = self.bench.greedy(self.engine, self.away)
        self._resume()

    # -- what is on disk

    def _resume(self) -> None:
        """Read the rows; go on from the last lesson whose weights are there."""
        lines = _lines(self.folder / "rows.jsonl")
        last = max((r["n"] for r in lines if "kind" in r and (self.folder / f"state-{r['n']}").is_dir()), default=-1)
        for row in lines:
            if row.get("n", row.get("lessons", 0) - 1) > last:
                continue
            if "kind" in row:
                self._remember(Given(**row))
            else:
                self.measured.append(row)
        _rewrite(self.folder / "rows.jsonl", [r for r in lines if r.get("n", r.get("lessons", 0) - 1) <= last])
        if last >= 0:
            self.engine.load_state(self.folder / f"state-{last}")
            self.say(f"going on after lesson {last + 1}")

    def _remember(self, row: Given) -> None:
        from continualcode.learn.rehearsal import earlier

        self.rows.append(row)
        self.wants[row.kind] = self.bench.Preference("", row.kind, row.want, row.tool)
        if row.outcome in ("took", "partly"):
            item = earlier(self.engine, self.prompt(row.kind, row.at), row.correction, row.denied, row.approved)
            self.taught += [item] if item is not None else []

    def _keep(self, row: Given) -> None:
        """First the weights, then the row: a row without weights would be a lesson that nobody can go on from."""
        folder = self.folder / f"state-{row.n}"
        shutil.rmtree(folder, ignore_errors=True)
        self.engine.save_state(folder)
        _append(self.folder / "rows.jsonl", asdict(row))
        for old in self.folder.glob("state-*"):
            if int(old.name.partition("-")[2]) < row.n - 1:
                shutil.rmtree(old)

    # -- a lesson, a measurement

    def prompt(self, kind: str, at: int) -> Sequence[Message]:
        """The prompt that the `at`-th lesson of a kind is given on."""
        return self.bench.conversations(kind, 1, 60_000 + 7 * at)[0]

    def lesson(self, preference: Any) -> None:
        """One lesson, unless the model does so already."""
        from continualcode.engine.base import SampleParams
        from continualcode.learn.lesson import LessonInput, teach
        from continualcode.learn.pool import Pool
        from continualcode.learn.proof import habit

        n = len(self.rows)
        at = sum(r.kind == preference.kind for r in self.rows)
        messages = self.prompt(preference.kind, at)
        words = self.bench.WORDINGS[n % len(self.bench.WORDINGS)].format(n=preference.want)
        (denied,) = self.engine.sample(
            [self.engine.encode(messages)], SampleParams(max_new_tokens=self.settings.max_new_tokens)
        )
        row = Given(n, preference.kind, preference.want, preference.tool, at, words, "already")
        if not preference.obeyed(habit(denied.text)):
            wall, cpu = time.monotonic(), time.process_time()
            outcome = teach(
                self.engine,
                LessonInput(tuple(messages), denied, words),
                self.settings,
                Pool(lessons=tuple(self.taught)),
            )
            row = replace(
                row, outcome=outcome.verdict, denied=denied.text, approved=str(outcome.proof.get("teacher", "")),
                steps=outcome.steps, drift=round(outcome.drift, 4), seconds=round(time.monotonic() - wall, 2),
                cpu_seconds=round(time.process_time() - cpu, 2),
            )  # fmt: skip
        self._keep(row)
        self._remember(row)

    def measure(self) -> dict[str, Any]:
        """All that was asked for so far, and the anchors; written down."""
        asked = list(self.wants.values())
        prompts = [self.bench.conversations(p.kind, UNSEEN, 72_001) for p in asked]
        shown = self.bench.greedy(self.engine, [c for some in prompts for c in some])
        obeyed: dict[str, float] = {}
        for i, p in enumerate(asked):
            obeyed[p.kind] = _share(p.obeyed(h) for h in shown[i * UNSEEN : (i + 1) * UNSEEN])
        now: list[Habit | None] = self.bench.greedy(self.engine, self.away)
        kept = _share(a == b for a, b in zip(self.before, now, strict=True))
        row = {"lessons": len(self.rows), "obeyed": obeyed, "anchors": kept}
        _append(self.folder / "rows.jsonl", row)
        self.measured.append(row)
        newest = self.rows[-1]
        self.say(
            f"{len(self.rows):4} lessons, the last «{newest.correction}» {newest.outcome}: "
            f"{fmean(obeyed.values()):.0%} obeyed, {kept:.0%} of the rest as before"
        )
        return row


def run(settings: Settings, say: Callable[[str], None], further: int = 0) -> dict[str, Any]:
    """The career, the further lessons, the reversals; what was done before is read, not repeated."""
    from continualcode.engine import load_engine

    engine = load_engine(settings)
    bench = _corrections()
    key = bench.key(engine, settings)
    folder = settings.home / "bench" / f"career-{VERSION}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    career = Career(engine, settings, folder, say)
    plan = [p for pair in zip(bench.HABITS, bench.NEWS, strict=True) for p in pair]
    for i, preference in enumerate(plan):
        for n in range(i * EACH, (i + 1) * EACH):
            if n >= len(career.rows):
                career.lesson(preference)
        if not any(m["lessons"] == (i + 1) * EACH for m in career.measured):
            career.measure()
    first = len(plan) * EACH
    draw = random.Random(settings.seed + 1)
    for n in range(first, first + further):
        preference = _wish(draw, [p.kind for p in plan if not p.tool])  # drawn also when it is on disk
        if n >= len(career.rows):
            career.lesson(preference)
            if (n + 1 - first) % FURTHER_EACH == 0 or n + 1 == first + further:
                career.measure()
    pictures = draw_pictures(career, folder)
    end = next(m for m in career.measured if m["lessons"] == first)
    return {
        "model": engine.model_id, "model_hash": engine.model_hash, "folder": str(folder), "preferences": len(plan),
        "lessons": len(career.rows), **_summary(career.rows[:first], end),
        "further": _summary(career.rows[first:], career.measured[-1]) if len(career.rows) > first else None,
        "reversals": reversals(engine, settings, folder, say), "pictures": [str(p) for p in pictures],
    }  # fmt: skip


def _summary(rows: Sequence[Given], end: dict[str, Any]) -> dict[str, Any]:
    taken = [r for r in rows if r.outcome != "already"]
    outcomes = [r.outcome for r in rows]
    return {
        "obeyed_at_the_end": round(fmean(end["obeyed"].values()), 4),
        "preferences_kept": sum(v >= 0.5 for v in end["obeyed"].values()),
        "anchors": end["anchors"],
        "outcomes": {o: outcomes.count(o) for o in sorted(set(outcomes))},
        "cpu_seconds_per_lesson": round(median(r.cpu_seconds for r in taken), 2) if taken else None,
        "obeyed": end["obeyed"],
    }


def _wish(r: random.Random, kinds: Sequence[str]) -> Any:
    """A new command for a kind, of words as the nursery draws them."""
    from continualcode.nursery import wording
    from continualcode.nursery.chores import VOCABULARY

    return _corrections().Preference("further", r.choice(kinds), wording.command(r, VOCABULARY))


def reversals(engine: Engine, settings: Settings, folder: Path, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """A, up to three lessons, then B in its place, up to three: shares of fresh prompts that do A and B after each of
    B's lessons. Fresh weights each; those measured before are read."""
    from continualcode.engine.base import SampleParams
    from continualcode.learn.lesson import LessonInput, teach
    from continualcode.learn.pool import Pool
    from continualcode.learn.proof import habit
    from continualcode.learn.rehearsal import earlier

    bench = _corrections()
    found = {row["kind"]: row for row in _lines(folder / "reversals.jsonl")}
    for kind, *wanted in REVERSALS:
        if kind in found:
            continue
        engine.load_adapter(None)
        prompts = bench.conversations(kind, 2 * REVERSAL_LESSONS + REVERSAL_UNSEEN, 73_001)
        given, unseen = prompts[: 2 * REVERSAL_LESSONS], prompts[2 * REVERSAL_LESSONS :]
        a, b = (bench.Preference("", kind, want) for want in wanted)
        taught: list[Earlier] = []
        shares: list[dict[str, Any]] = []
        for i, messages in enumerate(given):
            p = a if i < REVERSAL_LESSONS else b
            params = SampleParams(max_new_tokens=settings.max_new_tokens)
            (denied,) = engine.sample([engine.encode(messages)], params)
            outcome = "already"
            if not p.obeyed(habit(denied.text)):
                item = LessonInput(tuple(messages), denied, bench.WORDINGS[i].format(n=p.want))
                ended = teach(engine, item, settings, Pool(lessons=tuple(taught)))
                outcome, right = ended.verdict, str(ended.proof.get("teacher", ""))
                known = earlier(engine, messages, item.correction, denied.text, right)
                taught += [known] if known is not None and outcome in ("took", "partly") else []
            shown = bench.greedy(engine, unseen)
            shares.append(
                {
                    "wants": p.want,
                    "outcome": outcome,
                    "a": _share(map(a.obeyed, shown)),
                    "b": _share(map(b.obeyed, shown)),
                }
            )
        row = {"kind": kind, "a": a.want, "b": b.want, "lessons": shares}
        _append(folder / "reversals.jsonl", row)
        found[kind] = row
        say(f"{kind}: {a.want} → {b.want}: " + ", ".join(f"{s['outcome']} {s['a']:.0%}/{s['b']:.0%}" for s in shares))
    engine.load_adapter(None)
    return [found[kind] for kind, *_ in REVERSALS]


def draw_pictures(career: Career, folder: Path) -> list[Path]:
    """The curve (obeyed and anchors over lessons) and the heatmap (kinds over lessons)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    from continualcode.report.plots import save

    at = [m["lessons"] for m in career.measured]
    figure, axis = pyplot.subplots(figsize=(7.5, 3.6), layout="constrained")
    for values, label, colour in (
        (
            [100 * fmean(m["obeyed"].values()) for m in career.measured],
            "preferences so far, obeyed on fresh prompts",
            "#0072B2",
        ),
        ([100 * m["anchors"] for m in career.measured], "other kinds: habit as before the first lesson", "#D55E00"),
    ):
        axis.plot(at, values, marker="o", linewidth=2, label=label, color=colour)
    axis.set(ylim=(0, 103), xlabel="lessons", ylabel="%")
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="y", alpha=0.25, linewidth=0.6)
    axis.legend(loc="lower left", fontsize=8, frameon=False)
    axis.set_title("Preferences one after the other on the same weights", fontsize=11, loc="left")
    save(figure, folder / "curve.png")

    kinds = list(dict.fromkeys(k for m in career.measured for k in m["obeyed"]))
    shares = [[m["obeyed"].get(k, float("nan")) for m in career.measured] for k in kinds]
    last = {r.kind: r.want for r in career.rows}
    figure, axis = pyplot.subplots(figsize=(2.8 + 0.36 * len(at), 1.4 + 0.26 * len(kinds)), layout="constrained")
    shades = pyplot.get_cmap("cividis").with_extremes(bad="#EEEEEE")
    image = axis.imshow(shares, cmap=shades, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    axis.set_xticks(range(len(at)), [str(n) for n in at], fontsize=7)
    axis.set_yticks(range(len(kinds)), [f"{k}: {last[k]}" for k in kinds], fontsize=7)
    axis.set_xlabel("lessons", fontsize=8)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axis, ticks=[0, 0.5, 1], fraction=0.03, pad=0.02)
    bar.ax.set_yticklabels(["0 %", "50 %", "100 %"], fontsize=7)
    axis.set_title("Obeyed on fresh prompts", fontsize=9, loc="left")
    save(figure, folder / "heatmap.png")
    return [folder / "curve.png", folder / "heatmap.png"]


def _corrections() -> Any:
    if "benchmarks.corrections" not in sys.modules:
        from continualcode.cli.night import benchmark

        benchmark("corrections")
    return sys.modules["benchmarks.corrections"]


def _share(flags: Any) -> float:
    found = list(flags)
    return round(sum(found) / max(1, len(found)), 4)


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a file; one that was cut off by a kill is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1] if line]


def _append(path: Path, row: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")


def _rewrite(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    from continualcode.config import load_settings

    parser = argparse.ArgumentParser(description="The career with further lessons.")
    parser.add_argument("--lessons", type=int, default=0, help="further lessons after the 16 preferences")
    parser.add_argument("overrides", nargs="*", help="key=value")
    words = parser.parse_args()
    print(json.dumps(run(load_settings(words.overrides), lambda line: print(line, file=sys.stderr), words.lessons)))
