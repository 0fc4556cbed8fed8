"""Export on the real generators and the real compiler: small, but whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from continualcode.cli.app import run
from continualcode.koans import catalogue, export, patterns, variants
from continualcode.koans.catalogue import KoanError
from continualcode.koans.grammar import PATTERNS
from continualcode.rust.batch import verify_batch
from continualcode.store.hashing import file_hash

TWO = ("bc_missing_mut", "tm_semicolon")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_pairs_are_sound_different_and_named_by_their_content(tmp_path: Path):
    done = export.export(tmp_path / "a.jsonl", TWO, 12, seed=3)
    pairs = list(export.read(done.path))
    assert done.pairs == len(pairs) == 12 and not (tmp_path / "a.jsonl.part").exists()
    assert all(check.sound for check in verify_batch([(p.buggy, p.fixed) for p in pairs]))
    assert len({variants.shape(p.buggy) for p in pairs}) == 12
    assert [p.provenance.pattern for p in pairs] == [TWO[0]] * 6 + [TWO[1]] * 6
    for pair in pairs:
        drawn = variants.draw(pair.provenance.pattern, pair.provenance.seed)
        assert (pair.buggy, pair.fixed) == (drawn.buggy, drawn.fixed), "the provenance draws it again"
        assert pair.diagnostics[0]["code"] == PATTERNS[pair.provenance.pattern].error and pair.feedback
    card = json.loads(export.card_path(done.path).read_text())
    assert card["dataset"] == done.dataset == f"ds_{file_hash(done.path)[:16]}" and card["by_pattern"] == {
        p: 6 for p in TWO
    }
    again = export.export(tmp_path / "b.jsonl", TWO, 12, seed=3, workers=2)
    assert again.dataset == done.dataset
    assert export.export(tmp_path / "c.jsonl", TWO, 12, seed=4).dataset != done.dataset


def test_a_cut_off_export_goes_on_and_comes_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(export, "BLOCK", 5)
    whole = export.export(tmp_path / "whole.jsonl", TWO, 14)

    def stop(pairs: int, name: str) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "cut.jsonl"
    with pytest.raises(KeyboardInterrupt):
        export.export(path, TWO, 14, on_block=stop)
    part = tmp_path / "cut.jsonl.part"
    assert not path.exists() and len(part.read_text().splitlines()) == 2, "the plan and one block"
    with part.open("a") as stream:
        stream.write('{"pattern": "bc_missing')  # killed in the middle of a line
    made: list[str] = []
    plain = export._block
    monkeypatch.setattr(export, "_block", lambda *a: made.append(a[0]) or plain(*a))
    assert export.export(path, TWO, 14).dataset == whole.dataset
    assert len(made) == sum(len(export._blocks(7)) for _ in TWO) - 1, "the kept block is not made again"
    assert not part.exists()
    with pytest.raises(KeyboardInterrupt):
        export.export(path, TWO, 14, on_block=stop)
    with pytest.raises(KoanError, match="other arguments"):
        export.export(path, TWO, 15)
    part.write_text("nonsense\n")
    with pytest.raises(KoanError, match="damaged"):
        export.export(path, TWO, 14)


def test_a_pattern_that_runs_dry_leaves_its_share_to_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plain = variants.make
    monkeypatch.setattr(variants, "make", lambda p, n, seed: plain(p, n, seed)[: 2 if p == TWO[0] and seed == 0 else n])
    monkeypatch.setattr(export, "_block", dry(export._block))
    done = export.export(tmp_path / "a.jsonl", TWO, 12)
    assert done.card["by_pattern"] == {TWO[0]: 2, TWO[1]: 10} and done.card["exhausted"] == [TWO[0]]
    short = export.export(tmp_path / "b.jsonl", TWO[:1], 12)
    assert short.pairs == 2


def dry(block):
    """The same, but a pattern gives nothing after its first block."""
    return lambda name, count, seed, n: block(name, count, seed, n) if n == 0 or name != TWO[0] else []


def test_what_is_like_a_koan_of_gate_or_test_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first, second = variants.make(TWO[0], 2, 0)
    koan = catalogue.Koan("bc_999_x", "borrow_checker", TWO[0], "", "", "gate", first.buggy, first.fixed, "")
    renamed = first.buggy.replace("let ", "let  ")
    pair = export.TrainingPair(renamed, (), "", first.fixed, export.Provenance(TWO[0], "borrow_checker", 0, "1.95.0"))
    other = export.TrainingPair(second.buggy, (), "", second.fixed, pair.provenance)
    assert export.leaking([other, pair], [koan]) == {1: "bc_999_x"}
    monkeypatch.setattr(catalogue, "load", lambda: [koan])
    done = export.export(tmp_path / "a.jsonl", TWO[:1], 4)
    assert done.pairs == 4 and done.card["dropped"]["leaks"] >= 1
    assert first.buggy not in {p.buggy for p in export.read(done.path)}


def test_which_patterns():
    held = set(patterns.HELD_BACK)
    assert set(export.chosen("all")) == set(PATTERNS) and set(export.chosen("held_back")) == held
    assert not held & set(export.chosen("known"))
    assert export.chosen("tm_semicolon, bc_missing_mut") == list(TWO)
    for wrong in ("", "tm_semicolon,nonsense"):
        with pytest.raises(KoanError):
            export.chosen(wrong)


def test_the_command(home: Path, capsys: pytest.CaptureFixture[str]):
    out = home / "made" / "pairs.jsonl"
    words = ["export", "--pattern", "tm_semicolon", "--count", "3", "--out", str(out), "--json"]
    assert run(words) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["pairs"] == 3 and answer["dataset"].startswith("ds_") and Path(answer["card"]).is_file()
    assert run(["export", "--pattern", "nonsense", "--out", str(out)]) == 2
    (home / "file").write_text("")
    assert run(["export", "--pattern", "tm_semicolon", "--count", "3", "--out", str(home / "file" / "x")]) == 2
    bad = home / "bad.jsonl"
    bad.write_text('{"buggy": 1}\n')
    with pytest.raises(KoanError, match="line 1"):
        list(export.read(bad))
