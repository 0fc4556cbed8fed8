"""The gate sees a deliberately bad candidate for what it is: the bundled model trained on shuffled answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from continualcode.config import Settings, bundled
from continualcode.engine import load_engine
from continualcode.koans import catalogue, variants
from continualcode.sleep import curate, night
from continualcode.store import Store, now
from continualcode.store.records import NightRecord

KNOWN = ("bc_missing_mut", "bc_assign_twice")


@pytest.mark.slow
def test_a_candidate_trained_on_garbage_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if not (bundled("models") / "pupil" / "config.json").is_file():
        pytest.skip("the bundled model is not in this checkout")
    monkeypatch.setattr("continualcode.sleep.anchors.HELD", 2)
    monkeypatch.setattr("continualcode.sleep.anchors.WATCHED", 4)
    gate = [k for k in catalogue.load(split="gate") if k.pattern in KNOWN]
    monkeypatch.setattr("continualcode.evaluate.suite.select", lambda *a, **k: gate)
    settings = Settings(home=tmp_path).replace(
        threads=1,
        max_attempts=1,
        max_new_tokens=96,
        night_steps=8,
        night_batch=4,
        night_learning_rate=2e-2,
        night_replay=0.0,
    )
    engine = load_engine(settings)
    made = [v for pattern in KNOWN for v in variants.make(pattern, 6, seed=5)]
    items = tuple(
        curate.Item("variant", "held_out" if n % 4 == 3 else "train", v.pattern, "", v.buggy, v.fixed, v.feedback)
        for n, v in enumerate(made)
    )
    garbage = curate.shuffled_answers(curate.Dataset(items, {}))
    curate.save(garbage, tmp_path / "nights" / "night_bad")
    details = {"model": engine.model_hash, "method": "replay", "index": 0}
    with Store(settings.store_path) as store:
        # the night is taken up where curating ended, with this dataset in its folder
        store.add_night(NightRecord("night_bad", "train", now(), None, "", [], None, None, garbage.hash, details))
        result = night.sleep(engine, store, settings).json()
        assert result["night"] == "night_bad" and result["decision"] == "refused", result
        assert result["training"]["delta"] > 0, "it was trained"
        numbers = result["gate"]
        assert numbers["after"] < numbers["before"] and numbers["regressed"], (
            "refused for the harm, not for want of a gain"
        )
        assert numbers["held_out"]["after"] < numbers["held_out"]["before"]
        assert store.current() is None and engine.adapter_ref is None
        assert [a.status for a in store.list_adapters()] == ["refused"]
