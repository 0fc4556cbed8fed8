"""The morning report over a real store: its figures are those of the store, its pages are safe and whole."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from continualcode.cli.app import run
from continualcode.errors import UserError
from continualcode.evaluate import suite
from continualcode.evaluate.stats import rate_interval
from continualcode.report import morning, pages
from continualcode.report.forgetting import forgetting
from continualcode.store import Store, now
from continualcode.store.records import AdapterRecord, EpisodeRecord, LessonRecord, NightRecord, ToolCallRecord

NASTY = "<script>alert(1)</script> `|` ```"
TASKS = {"train": ("t_1", "t_2", "t_3"), "gate": ("g_1", "g_2", "g_3"), "test": ("x_1", "x_2")}


def attempt(task: str, solved: bool, split: str, adapter: str | None) -> EpisodeRecord:
    said = f"edited src/lib.rs 1-1\ncheck:\nerror[E0382]: borrow of moved value {NASTY}"
    call = ToolCallRecord(
        0, "edit_lines", {}, said, True, "auto", solved, "" if solved else "E0382:borrow of moved value"
    )
    return EpisodeRecord(
        "", "run_1", task, "borrow_checker", f"bc_{task[-1]}", split, f"Fix src/lib.rs.\n1|x\ncheck:\nerror[E0308]: {NASTY}",
        "solved" if solved else "failed", 1 if solved else None, 1, [] if solved else ["E0382:borrow of moved value"],
        "a", "b", "", "pupil", adapter, 0, now(), 1.0, [call],
    )  # fmt: skip


def measure(
    store: Store, split: str, adapter: str | None, outcomes: str, *, night: str | None = None, cycle: int | None = None
) -> None:
    """`outcomes`: for each task its samples, `1` solved and `0` not, tasks apart by blanks."""
    rows = [
        attempt(t, s == "1", split, adapter)
        for t, samples in zip(TASKS[split], outcomes.split(), strict=True)
        for s in samples
    ]
    samples = len(outcomes.split()[0])
    found = suite.Evaluation(split, "pupil", adapter, samples, 0, "f", tuple(rows), 1.0)
    suite.record(store, found, run_id="run_1", night=night, cycle=cycle)


def adapter(store: Store, version: str, parent: str | None, gate: dict) -> None:
    folder = store.folder / "adapters" / version
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(version.encode())
    store.add_adapter(
        AdapterRecord(version, parent, "pupil", "h", f"adapters/{version}", "d", "night", "candidate", {"gate": gate}, [], now())
    )  # fmt: skip


def slept(
    store: Store, name: str, candidate: str, parent: str | None, decision: str, reasons: list[str], gate: dict
) -> None:
    card = {
        "hash": "c0ffee", "episodes": 3, "corrections": 1, "items": 30, "uses": {"train": 20, "replay": 10},
        "sources": {"koan": 2, "variant": 18, "replay": 10}, "patterns": {"bc_1": 20},
        "rejected": {"correction: repair not clean": 1, "duplicate": 0},
    }  # fmt: skip
    training = {"steps": 9, "examples": 20, "seconds": 8.0, "stopped": "steps", "first_loss": 1.0, "last_loss": 0.5, "delta": 2.0}  # fmt: skip
    details = {"card": card, "training": training, "gate": gate}
    store.add_night(NightRecord(name, "done", now(), now(), decision, reasons, candidate, parent, "c0ffee", details))


@pytest.fixture
def store(tmp_path: Path):
    """Two nights: one promoted, one refused for a regression."""
    with Store(tmp_path / "home" / "store.db") as store:
        measure(store, "train", None, "0 0 1", cycle=0)
        measure(store, "gate", None, "11 00 10", cycle=0)
        measure(store, "test", None, "0 1", cycle=0)
        lesson = LessonRecord(
            "le_1", "co_1", "global", NASTY, "refused", "not finite", 1, 1.0, 0.1, {}, {}, "", "", now()
        )
        store.add(lesson)
        gate = {"before": 0.5, "after": 2 / 3, "retention": 1.0, "regressed": [], "drift": 0.01, "max_drift": 0.5}
        gate["outcomes"] = {"g_1": [[True, True], [True, True]], "g_2": [[False, False], [True, True]], "g_3": [[True, False], [False, False]]}  # fmt: skip
        adapter(store, "ad_1", None, gate)
        measure(store, "gate", "ad_1", "11 11 00", night="night_1")
        store.promote("ad_1", reasons=["gate 0.500 → 0.667"])
        slept(store, "night_1", "ad_1", None, "promoted", ["gate 0.500 → 0.667"], gate)
        measure(store, "train", "ad_1", "1 0 1", night="night_1", cycle=1)
        measure(store, "test", "ad_1", "1 1", night="night_1", cycle=1)
        gate = {
            "before": 2 / 3,
            "after": 1 / 3,
            "retention": 0.5,
            "regressed": ["g_2"],
            "drift": 0.02,
            "max_drift": 0.5,
        }
        adapter(store, "ad_2", "ad_1", gate)
        measure(store, "gate", "ad_2", "11 00 00", night="night_2")
        store.update_adapter("ad_2", status="refused")
        slept(store, "night_2", "ad_2", "ad_1", "refused", ["1 task regressed: g_2", NASTY], gate)
        measure(store, "train", "ad_1", "1 0 1", night="night_2", cycle=2)
        yield store


def test_the_figures_are_those_of_the_store(store: Store):
    found = morning.morning(store, "night_1")
    train, gate, test = found.changes
    assert train.before and train.after and (train.before.rate.value, train.after.rate.value) == (1 / 3, 2 / 3)
    assert train.before.rate.interval == rate_interval({"t_1": [False], "t_2": [False], "t_3": [True]})
    assert train.before.repeats.value == pytest.approx(2 / 3), "before anything failed, every error counts as a repeat"
    assert train.difference and train.difference.value == pytest.approx(1 / 3) and train.remark == ""
    assert gate.before and gate.after and gate.p_gain == 0.75 and gate.after.rate.n == 6
    assert test.after and test.after.rate.value == 1.0
    assert [(t.task, t.change) for t in found.gate] == [("g_3", "less often"), ("g_2", "gained"), ("g_1", "same")]
    assert [(p.pattern, p.before, p.after) for p in found.patterns] == [("bc_1", (0, 1), (1, 1))]
    assert [(w.pattern, w.failed, w.n, w.task) for w in found.weaknesses] == [("bc_2", 1, 1, "t_2")]
    assert [r.id for r in found.unlearnt] == ["le_1"] and found.in_use == "ad_1"


def test_a_refused_night_says_whose_figures_it_shows(store: Store):
    found = morning.morning(store, "last")
    train, gate, test = found.changes
    assert found.night.id == "night_2" and found.tasks(morning.REGRESSED) == ["g_2"]
    assert train.remark == "the weights stayed as they were" and train.difference is None
    assert gate.remark == "the candidate, which was refused" and gate.p_gain == 1.0
    assert test.after is None and "not measured again" in test.remark
    assert "The gate" not in found.gate_remark and found.gate_remark, "said that the night kept no outcomes"
    store.promote("ad_2", reasons=["I say so"], forced=True)
    forced = morning.morning(store, "night_2")
    assert forced.forced and "by hand" in pages.headline(forced)


def test_forgetting_is_every_adapter_on_every_gate_task(store: Store):
    found = forgetting(store, "pupil")
    assert found.tasks == ("g_1", "g_2", "g_3")
    assert [(r.name, r.status, round(r.rate, 2), r.forgotten) for r in found.rows] == [
        ("without an adapter", "base", 0.5, ()), ("ad_1", "promoted", 0.67, ()), ("ad_2", "refused", 0.33, ("g_2",)),
    ]  # fmt: skip
    assert forgetting(store, "another").rows == ()


class Page(HTMLParser):
    """Collects tags and addresses, and checks that what is opened is closed."""

    void = frozenset({"meta", "img", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href") and v]
        if tag not in self.void and tag not in ("tr", "td", "th", "li", "p"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("tr", "td", "th", "li", "p"):
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", ["night_1", "night_2"])
def test_pages_are_whole_and_escape_what_others_wrote(store: Store, tmp_path: Path, name: str):
    written = pages.write(morning.morning(store, name), tmp_path / "deep" / "report.md")
    page = Page()
    page.feed(written.html.read_text())
    assert page.open == [] and "script" not in page.tags and "link" not in page.tags
    assert page.addresses and all(a.startswith("data:image/png;base64,") for a in page.addresses)
    assert NASTY in page.text and "default-src 'none'" in written.html.read_text()
    text = written.markdown.read_text()
    assert {p.name for p in written.pictures} == set(re.findall(r"\]\((report-[a-z-]+\.png)\)", text))
    assert all(p.read_bytes()[:4] == b"\x89PNG" for p in written.pictures)
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", text)
    assert "<script>" not in outside and "<script>" in text and "````" in text, "inside a fence it may stand as it is"
    for heading in ("What was learnt", "What was refused", "Before and after", "Forgetting", "What to correct next"):
        assert heading in page.text and f"## {heading}" in text
    assert "1 × correction: repair not clean" in text.replace("\\", "")


def test_odd_nights_have_a_report_too(tmp_path: Path):
    with Store(tmp_path / "store.db") as store:
        with pytest.raises(UserError, match="No night was slept yet"):
            morning.morning(store)
        store.add_night(
            NightRecord("night_a", "done", now(), now(), "nothing_to_learn", ["no failure"], None, None, "", {})
        )
        store.add_night(NightRecord("night_b", "train", now(), None, "", [], None, None, "", {}))
        store.add_night(NightRecord("night_c", "abandoned", now(), now(), "", [], None, None, "", {}))
        for name in ("night_a", "night_b", "last"):
            found = morning.morning(store, name)
            page = Page()
            page.feed(pages.as_html(found, pages.pictures(found)))
            assert page.open == [] and pages.headline(found) in page.text
            assert pages.headline(found) in pages.as_markdown(found, {})
        assert morning.find_night(store, "last").id == "night_b" and "cut off" in pages.headline(found)
        with pytest.raises(UserError, match="3 nights begin with night"):
            morning.find_night(store, "night")
        with pytest.raises(UserError, match=r"\.md or \.html"):
            pages.write(found, tmp_path / "x.pdf")
        (tmp_path / "file").write_text("")
        with pytest.raises(UserError, match="cannot be written"):
            pages.write(found, tmp_path / "file" / "x.md")


def test_report_and_plot_as_commands(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CONTINUALCODE_HOME", str(store.folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    assert run(["report", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (answer["night"], answer["decision"], answer["regressed"]) == ("night_2", "refused", ["g_2"])
    assert Path(answer["html"]).is_file() and Path(answer["markdown"]).parent == store.folder / "reports"
    assert run(["report", "--night", "night_1", "--out", "mine.html"]) == 0
    assert "Promoted" in capsys.readouterr().out and (tmp_path / "mine.md").is_file()
    for figure in ("forgetting", "before-after"):
        assert (
            run(["plot", "--figure", figure, "--out", f"{figure}.svg"]) == 0 and (tmp_path / f"{figure}.svg").is_file()
        )
    for words in (
        ["report", "--night", "nobody"],
        ["report", "--out", "x.pdf"],
        ["plot", "--figure", "cat"],
        ["report", "home=empty"],
    ):
        assert run(words) == 2
        assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "empty").exists(), "looking makes no store"
