"""Rows go in and come out equal; writes are whole; the file's errors are sentences."""

import dataclasses
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from continualcode.store import Store, StoreError, new_id, now
from continualcode.store.records import (
    CorrectionRecord,
    EpisodeRecord,
    EvaluationRecord,
    LessonRecord,
    NightRecord,
    RunRecord,
    ToolCallRecord,
)
from continualcode.store.schema import MIGRATIONS, VERSION


def episode(id: str = "ep_1", calls: int = 2, **changes) -> EpisodeRecord:
    made = EpisodeRecord(
        id=id, run_id="run_1", task_id="bc_001_x", family="borrow_checker", pattern="bc_x", split="train",
        prompt="Fix src/lib.rs.", outcome="solved", steps_to_green=2, attempts=2, signatures=["E0382:_"],
        first_code="fn a() {}", final_code="fn b() {}", diff="-a\n+b", model="pupil", adapter=None, seed=3,
        started="2026-11-20T10:00:00.000Z", seconds=1.25, repeat_error=True,
        tool_calls=[
            ToolCallRecord(i, "edit", {"old": "é", "n": [1, None]}, "ok", True, "denied", i == 1, "", [5, 6], [-0.1, -2.5])
            for i in range(calls)
        ],
        messages=[{"role": "user", "content": "hi"}],
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


def correction(id: str = "co_1", **changes) -> CorrectionRecord:
    return dataclasses.replace(
        CorrectionRecord(id, "deny", "use edit_lines", "global", "ep_1", "write", "", "2026-11-20T10:00:00Z"), **changes
    )


ROWS = (
    episode(),
    correction(),
    RunRecord("run_1", "eval", "running", {"seed": 1}, {}, "2026-11-20T10:00:00Z", None),
    LessonRecord("le_1", "co_1", "global", "use edit_lines", "took", "", 4, 1.5, 0.01, {"before": -3.0}, {"seed": 0},
                 "snapshots/a", "snapshots/b", "2026-11-20T10:00:00Z", [{"role": "user"}], "write", "edit_lines"),
    EvaluationRecord("ev_1", "run_1", "test", "pupil", None, 1, 0.5, {"n": 2}, "2026-11-20T10:00:00Z", None, 3, ["ep_1"]),
    NightRecord("ni_1", "gate", "2026-11-20T10:00:00Z", None, "", ["r"], "ad_1", None, "abc", {"k": [1]}),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "home" / "store.db") as store:
        yield store


def test_every_kind_comes_back_equal(store: Store):
    store.add(*ROWS)
    assert store.get_episode("ep_1") == ROWS[0]
    assert store.get_correction("co_1") == ROWS[1]
    assert store.get_run("run_1") == ROWS[2]
    assert store.get_lesson("le_1") == ROWS[3]
    assert store.get_evaluation("ev_1") == ROWS[4]
    assert store.get_night("ni_1") == ROWS[5]
    assert store.get_episode("nobody") is None


def test_runs_are_found_by_their_kind(store: Store):
    for id, kind in (("run_a", "eval"), ("run_b", "nights"), ("run_c", "demo")):
        store.add(RunRecord(id, kind, "done", {}, {}, "2026-11-20T10:00:00Z", None))
    assert [r.id for r in store.find("runs", kind="nights")] == ["run_b"]
    assert {r.id for r in store.find("runs", kind=["nights", "demo"])} == {"run_b", "run_c"}


def test_lists_filter_order_and_limit(store: Store):
    store.add_episodes(
        [episode(f"ep_{i}", started=f"2026-11-2{i}T00:00:00Z", family="a" if i % 2 else "b") for i in (3, 1, 2)]
    )
    assert [e.id for e in store.list_episodes()] == ["ep_1", "ep_2", "ep_3"]
    assert [e.id for e in store.list_episodes(newest=True, limit=2)] == ["ep_3", "ep_2"]
    assert [e.id for e in store.list_episodes(family="a", id=["ep_1", "ep_2"])] == ["ep_1"]
    assert len(store.list_episodes(adapter=None)) == 3 and store.count("episodes", family="b") == 1
    assert all(len(e.tool_calls) == 2 for e in store.list_episodes())


def test_adding_is_all_or_nothing(store: Store):
    store.add_episode(episode("ep_2"))
    with pytest.raises(StoreError, match="already one of the episodes called ep_2"):
        store.add(episode("ep_1"), correction(), episode("ep_2"))
    assert [e.id for e in store.list_episodes()] == ["ep_2"] and store.list_corrections() == []


def test_updates_change_only_what_may_change(store: Store):
    store.add(*ROWS)
    store.update_lesson("le_1", outcome="undone", proof={"after": 1.0})
    lesson = store.get_lesson("le_1")
    assert lesson and (lesson.outcome, lesson.proof, lesson.steps) == ("undone", {"after": 1.0}, 4)
    store.update_night("ni_1", stage="done", finished=now())
    assert [n.id for n in store.list_nights(stage="done")] == ["ni_1"]
    with pytest.raises(StoreError, match="no lesson called le_9"):
        store.update_lesson("le_9", outcome="undone")
    with pytest.raises(ValueError):
        store.update_lesson("le_1", id="le_2")


def test_text_that_is_not_unicode_is_kept_escaped(store: Store):
    store.add(episode(final_code="a\udcffb\x00", prompt="😀"))
    found = store.get_episode("ep_1")
    assert found and found.final_code == "a\\udcffb\x00" and found.prompt == "😀"


def test_ids_are_unique_and_sorted():
    ids = [new_id("ep") for _ in range(5000)]
    assert len(set(ids)) == 5000 and ids == sorted(ids)


def test_threads_write_at_the_same_time(store: Store):
    def write(n: int) -> None:
        for i in range(5):
            store.add_episode(episode(f"ep_{n}_{i}"))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert store.count("episodes") == 20 and store.problems() == []


# -- migrations and files that are no store ---------------------------------------------------------------


def old_store(path: Path, version: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as db:
        for number in range(1, version + 1):
            for statement in MIGRATIONS[number]:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {version}")
    db.close()


def test_a_version_1_store_is_migrated_with_its_rows(tmp_path: Path):
    path = tmp_path / "store.db"
    old_store(path, 1)
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO runs VALUES ('run_0', 'eval', 'done', '{\"seed\": 7}', '{}', '2026', NULL)")
    db.close()
    with Store(path) as store:
        run = store.get_run("run_0")
        assert run and run.settings == {"seed": 7}
        assert store.current() is None and store.problems() == []
        store.add(*(row for row in ROWS if not isinstance(row, RunRecord)))
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    db.close()


def test_a_newer_store_is_refused_and_left_alone(tmp_path: Path):
    path = tmp_path / "store.db"
    old_store(path, VERSION)
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer version of continualcode"):
        Store(path)
    assert path.read_bytes() == before


def test_files_that_are_no_store_are_refused(tmp_path: Path):
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError, match="not a store"):
        Store(garbage)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(StoreError, match="another program's database"):
        Store(other)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose another home="):
        Store(tmp_path / "file" / "store.db")


def test_a_full_disk_is_a_sentence_and_nothing_is_half_written(store: Store, monkeypatch: pytest.MonkeyPatch):
    store.add(correction())
    # SQLite's own limit on pages gives its real SQLITE_FULL
    with store._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 40")
    with pytest.raises(StoreError, match="is full; free some space"):
        store.add(correction("co_2"), episode("ep_big", final_code="x" * 1_000_000))
    assert [c.id for c in store.list_corrections()] == ["co_1"] and store.count("episodes") == 0
    assert store.problems() == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_exports_to_a_full_disk_are_sentences(store: Store, tmp_path: Path):
    store.add(*ROWS)
    target = tmp_path / "out.jsonl"
    beside = tmp_path / f".out.jsonl.{os.getpid()}.part"
    beside.symlink_to("/dev/full")
    with pytest.raises(StoreError, match="No space left"):
        store.export_jsonl("episodes", target)
    assert not target.exists()


# -- JSONL ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda r: type(r).__name__)
def test_jsonl_round_trips_every_kind(store: Store, tmp_path: Path, row):
    from continualcode.store.rows import KIND_OF

    kind = KIND_OF[type(row)].name
    store.add(row)
    path = tmp_path / "out" / f"{kind}.jsonl"
    assert store.export_jsonl(kind, path) == 1
    with Store(tmp_path / "other" / "store.db") as other:
        assert other.import_jsonl(kind, path) == 1
        assert other.find(kind) == [row]
        assert other.import_jsonl(kind, path) == 0  # again: nothing new
        again = tmp_path / "again.jsonl"
        other.export_jsonl(kind, again)
    assert again.read_bytes() == path.read_bytes()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSONABLE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def two_stores(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("two")
    with Store(folder / "a.db") as a, Store(folder / "b.db") as b:
        yield a, b


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=TEXT, seconds=st.floats(allow_nan=False, allow_infinity=False), result=JSONABLE,
    logprobs=st.lists(st.floats(allow_nan=False), max_size=3),
)  # fmt: skip
def test_any_values_survive_store_and_jsonl(two_stores: tuple[Store, Store], text, seconds, result, logprobs):
    a, b = two_stores
    call = ToolCallRecord(0, "t", {"r": result}, text, True, logprobs=logprobs)
    row = episode(new_id("ep"), prompt=text, seconds=seconds, tool_calls=[call])
    path = a.folder / f"{row.id}.jsonl"
    a.add(row)
    assert a.get_episode(row.id) == row
    assert a.export_jsonl("episodes", path, id=row.id) == 1
    assert b.import_jsonl("episodes", path) == 1
    assert b.get_episode(row.id) == row


@pytest.mark.parametrize(
    "broken, says",
    [
        ('{"id": ', "not JSON"),
        ("[1]", "must be a JSON object"),
        ('{"id": "co_9", "nonsense": 1}', "unknown field `nonsense`"),
        ('{"id": "co_9"}', "`kind`"),
        ('{"text": 5}', "`text`"),
        ('{"id": "co_1", "kind": "deny", "text": "else", "scope": "g", "episode_id": null, "wrong": "", "right": "", "created": ""}', "co_1 already"),
    ],
)  # fmt: skip
def test_a_broken_line_names_file_and_line_and_imports_nothing(store: Store, tmp_path: Path, broken: str, says: str):
    path = tmp_path / "in.jsonl"
    store.add(correction())
    store.export_jsonl("corrections", path)
    good = path.read_text().replace("co_1", "co_2")
    path.write_text(good + "\n" + broken + "\n")
    with pytest.raises(StoreError) as error:
        store.import_jsonl("corrections", path)
    assert f"{path}, line 3" in str(error.value) and says in str(error.value)
    assert [c.id for c in store.list_corrections()] == ["co_1"]


def test_a_file_that_is_not_text_or_not_there(store: Store, tmp_path: Path):
    (tmp_path / "latin").write_bytes(b'{"text": "\xe9"}\n')
    with pytest.raises(StoreError, match="not UTF-8"):
        store.import_jsonl("corrections", tmp_path / "latin")
    with pytest.raises(StoreError, match="Cannot read"):
        store.import_jsonl("corrections", tmp_path / "nothing")


def test_corrections_need_only_their_words(store: Store, tmp_path: Path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "use poetry"}\n\n{"wrong": "a", "right": "b"}\n{"text": "use poetry"}\n')
    assert store.import_jsonl("corrections", path) == 2
    assert store.import_jsonl("corrections", path) == 0
    assert {(c.kind, c.text, c.right) for c in store.list_corrections()} == {
        ("note", "use poetry", ""),
        ("pair", "", "b"),
    }
