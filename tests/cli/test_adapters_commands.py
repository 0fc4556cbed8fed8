"""`adapters show`, `promote --force` and `rollback` over a night's adapters of a real (tiny) model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from continualcode.cli.app import run
from continualcode.engine.local import LocalEngine
from continualcode.sleep.gate import decide
from continualcode.sleep.night import load_current
from continualcode.store import Store, now
from continualcode.store.hashing import folder_hash
from continualcode.store.records import AdapterRecord, NightRecord


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict]]:
    def call(*words: str) -> tuple[int, dict]:
        code = run([*words, "--json"])
        return code, json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return call


def made(store: Store, version: str, engine: LocalEngine | None = None, seed: int = 0, **changes) -> AdapterRecord:
    """A version in the store; with an engine, a LoRA whose weights are drawn from `seed`."""
    folder = store.folder / "adapters" / version
    if engine is None:
        folder.mkdir(parents=True)
        (folder / "adapter_model.safetensors").write_bytes(version.encode())
    else:
        engine.fresh_adapter(rank=4, alpha=8, targets=["all"], seed=seed)
        engine.save_adapter(folder)
        torch.manual_seed(seed)
        file = folder / "adapter_model.safetensors"
        save_file({n: 0.2 * torch.randn_like(t) for n, t in load_file(file).items()}, file)
    base = engine.model_hash if engine else "h"
    fields = {"parent": None, "status": "candidate", "metrics": {}, "reasons": [], **changes}
    record = AdapterRecord(
        version=version, base_model="pupil", base_hash=base, path=f"adapters/{version}", data_hash="d", kind="night",
        created=now(), **fields,
    )  # fmt: skip
    store.add_adapter(record)
    return record


def refused(store: Store) -> None:
    """ad_2, which its night's gate refused, with the decision that the gate's rule gives."""
    before = {"g_1": [True, True], "g_2": [True, True], "g_3": [False, False]}
    after = {"g_1": [True, True], "g_2": [False, False], "g_3": [False, True]}
    decision = decide(before, after, drift=0.01, max_drift=0.5)
    assert not decision.promote
    numbers = json.loads(json.dumps(dict(decision.numbers)))
    made(store, "ad_2", metrics={"gate": numbers}, status="refused", reasons=list(decision.reasons))
    night = NightRecord(
        "night_2", "done", now(), now(), "refused", list(decision.reasons), "ad_2", None, "d", {"gate": numbers}
    )
    store.add_night(night)


def test_show_prints_the_decision_its_reasons_and_every_task(home: Path, call, capsys: pytest.CaptureFixture[str]):
    with Store(home / "store.db") as store:
        refused(store)
        made(store, "ad_1")
    code, answer = call("adapters", "show", "ad_2")
    gate = answer["gate"]
    assert (code, gate["night"], gate["decision"]) == (0, "night_2", "refused") and "g_2" in gate["reasons"][0]
    assert [(t["task"], t["change"]) for t in gate["tasks"]] == [
        ("g_2", "regressed"),
        ("g_3", "gained"),
        ("g_1", "same"),
    ]
    assert gate["tasks"][0]["before"] == [True, True] and gate["numbers"]["regressed"] == ["g_2"]
    assert run(["adapters", "show", "ad_2"]) == 0
    text = capsys.readouterr().out
    for words in ("gate: refused (night_2)", "regressed   g_2  2 of 2 → 0 of 2", "gained      g_3  0 of 2 → 1 of 2", "1 of 3 tasks as before"):  # fmt: skip
        assert words in text
    assert run(["adapters", "show", "ad_1"]) == 0 and "gate: not asked" in capsys.readouterr().out


def test_force_is_recorded_beside_the_gates_refusal(home: Path, call, capsys: pytest.CaptureFixture[str]):
    with Store(home / "store.db") as store:
        refused(store)
    code, answer = call("adapters", "promote", "ad_2")
    assert code == 2 and "g_2" in answer["error"] and "--force" in answer["error"]
    assert call("adapters", "promote", "ad_2", "--force")[1] == {"current": "ad_2", "scope": "global", "forced": True}
    answer = call("adapters", "show", "ad_2")[1]
    assert answer["forced"] and answer["is_current"] and answer["gate"]["decision"] == "refused"
    assert [(m["action"], m["forced"]) for m in answer["moves"]] == [("promote", True)]
    assert "against the gate's refusal" in answer["moves"][0]["reasons"][0] and "g_2" in answer["gate"]["reasons"][0]
    assert run(["adapters", "show", "ad_2"]) == 0
    text = capsys.readouterr().out
    assert "in use, forced" in text and "promote, forced" in text and "gate: refused" in text
    assert call("adapters", "rollback")[1]["current"] is None
    with Store(home / "store.db") as store:
        kept = store.get_adapter("ad_2")
        assert kept and kept.forced, "the record of it stays"


def test_rollback_gives_back_the_very_weights(home: Path, model: Path, call):
    engine = LocalEngine(model, rank=4, alpha=8, device="cpu", profile="compact")
    asked = [([5, 6, 7, 8], [9, 10, 11, 12])]

    def answers(store: Store) -> tuple[str | None, torch.Tensor, torch.Tensor]:
        current = load_current(engine, store)
        scores = engine.score(asked, top_k=-1)[0]
        assert scores.full_logprobs_TV is not None
        return (current.version if current else None), scores.logprobs_T.clone(), scores.full_logprobs_TV.clone()

    with Store(home / "store.db") as store:
        for seed, version in enumerate(("ad_1", "ad_2", "ad_3")):
            made(store, version, engine, seed)
        folders = {v: folder_hash(home / "adapters" / v) for v in ("ad_1", "ad_2", "ad_3")}
        seen = [answers(store)]
    for version in folders:
        assert call("adapters", "promote", version)[0] == 0
        with Store(home / "store.db") as store:
            seen.append(answers(store))
    assert len({tuple(logprobs.tolist()) for _, logprobs, _ in seen}) == 4, "each answers otherwise"
    for before in reversed(seen[:-1]):
        assert call("adapters", "rollback")[1]["current"] == before[0]
        with Store(home / "store.db") as store:
            name, logprobs, top = answers(store)
        assert name == before[0] and torch.equal(logprobs, before[1]) and torch.equal(top, before[2])
    assert {v: folder_hash(home / "adapters" / v) for v in folders} == folders, "no file was touched"
    assert call("adapters", "rollback")[0] == 2
