"""A real loop of nights, reported: what the pages say is what the night decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from rote_engine import Rote

from continualcode.config import Settings
from continualcode.evaluate.metrics import compare
from continualcode.report import morning, pages
from continualcode.sleep import cycle
from continualcode.store import Store


def test_a_nights_report_says_what_the_gate_weighed(rote: Rote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("continualcode.sleep.anchors.HELD", 2)
    monkeypatch.setattr("continualcode.sleep.anchors.WATCHED", 2)
    settings = Settings(home=tmp_path / "home").replace(
        max_attempts=1, night_steps=4, night_variants=4, night_batch=4, gate_samples=1
    )
    with Store(settings.store_path) as store:
        rows = cycle.nights(rote, store, settings, cycles=1)
        found = morning.morning(store)
        current = store.current()
    assert found.night.decision == "promoted" and current and found.in_use == current.version
    outcomes = found.numbers["outcomes"]
    paired = compare({t: b for t, (b, _) in outcomes.items()}, {t: a for t, (_, a) in outcomes.items()})
    assert (paired.before, paired.after) == (found.numbers["before"], found.numbers["after"])
    assert sorted(found.tasks(morning.GAINED)) == sorted(found.numbers["gained"]) and found.gate_remark == ""
    rates = {c.suite.split()[0]: c for c in found.changes}
    for split in ("train", "gate", "test"):
        change = rates[split]
        assert change.before and change.before.rate.value == pytest.approx(rows[0][split])
        assert change.after and change.after.rate.value == pytest.approx(rows[1][split])
    assert current.metrics["gate"]["outcomes"] == outcomes and [r.version for r in found.forgetting.rows] == [
        None,
        current.version,
    ]
    text = pages.as_markdown(found, {})
    assert all(reason.split(" (")[0] in text.replace("\\", "") for reason in found.night.reasons)
