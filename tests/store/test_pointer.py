"""The pointer to the current adapter: promotion, rollback, damaged files, and a kill between any two writes."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from continualcode.store import Store, StoreError
from continualcode.store.records import AdapterRecord


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "store.db") as store:
        yield store


def add(store: Store, version: str, **changes) -> AdapterRecord:
    folder = store.folder / "adapters" / version
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(version.encode() * 10)
    (folder / "adapter_config.json").write_text("{}")
    record = AdapterRecord(
        version=version, parent=None, base_model="pupil", base_hash="b", path=f"adapters/{version}", data_hash="d",
        kind="night", status="candidate", metrics={}, reasons=[], created=f"2026-{version}", **changes,
    )  # fmt: skip
    store.add_adapter(record)
    return record


def names(store: Store, scope: str = "global") -> str | None:
    current = store.current(scope)
    return current.version if current else None


def status(store: Store) -> dict[str, str]:
    return {a.version: a.status for a in store.list_adapters()}


def test_promote_and_roll_back_step_by_step(store: Store):
    for version in "abcd":
        add(store, version)
    assert store.current() is None
    for version in "abc":
        store.promote(version, reasons=[f"{version} is better"])
        assert names(store) == version
    assert status(store) == {"a": "retired", "b": "retired", "c": "promoted", "d": "candidate"}
    assert store.reachable() == {"a", "b", "c"}
    back = store.rollback(reasons=["worse in use"])
    assert back and (back.version, back.status) == ("b", "promoted") and names(store) == "b"
    store.promote("d", reasons=["now d"])  # grows from b: c is no longer on the way back
    assert store.reachable() == {"a", "b", "d"}
    assert [getattr(store.rollback(), "version", None) for _ in range(3)] == ["b", "a", None]
    assert store.current() is None and set(status(store).values()) == {"retired"}
    with pytest.raises(StoreError, match="nothing to roll back"):
        store.rollback()
    assert [(m.action, m.version) for m in store.moves()] == [
        ("promote", "a"), ("promote", "b"), ("promote", "c"), ("rollback", "b"), ("promote", "d"), ("rollback", "b"),
        ("rollback", "a"), ("rollback", None),
    ]  # fmt: skip
    store.promote("a", reasons=[])  # and forward again from the base model
    assert names(store) == "a" and store.problems() == []


def test_scopes_have_pointers_of_their_own(store: Store):
    add(store, "a")
    add(store, "b", scope="project")
    store.promote("a", reasons=[])
    store.promote("b", reasons=[])
    assert (names(store), names(store, "project")) == ("a", "b")
    store.rollback("project")
    assert (names(store), names(store, "project")) == ("a", None)


def test_what_may_not_be_promoted(store: Store):
    for version in "abcd":
        add(store, version)
    store.promote("a", reasons=[])
    with pytest.raises(StoreError, match="a is the current adapter already"):
        store.promote("a", reasons=[])
    with pytest.raises(StoreError, match="no adapter nobody"):
        store.promote("nobody", reasons=[])
    for path in (store.folder / "adapters" / "b").iterdir():
        path.unlink()
    (store.folder / "adapters" / "b").rmdir()
    with pytest.raises(StoreError, match="folder of adapter b is missing"):
        store.promote("b", reasons=[])
    (store.folder / "adapters" / "c" / "adapter_model.safetensors").write_bytes(b"torn")
    with pytest.raises(StoreError, match="files of adapter c are not what was recorded"):
        store.promote("c", reasons=[])
    store.update_adapter("d", status="refused", reasons=["bc_001 fails now"])
    with pytest.raises(StoreError, match="bc_001 fails now"):
        store.promote("d", reasons=[])
    assert names(store) == "a" and len(store.moves()) == 1
    forced = store.promote("d", reasons=["I say so"], forced=True)
    assert forced.forced and names(store) == "d"
    with pytest.raises(ValueError):
        store.update_adapter("d", files_hash="other")


def test_rollback_to_damaged_files_is_refused(store: Store):
    add(store, "a")
    add(store, "b")
    store.promote("a", reasons=[])
    store.promote("b", reasons=[])
    (store.folder / "adapters" / "a" / "adapter_config.json").write_text("{ }")
    with pytest.raises(StoreError, match="Cannot go back: The files of adapter a"):
        store.rollback()
    assert names(store) == "b" and store.problems() == []
    (store.folder / "adapters" / "b" / "adapter_config.json").unlink()
    assert any("adapter b" in line for line in store.problems())


KILLED_AT_STATEMENT = textwrap.dedent("""
    import os, signal, sys
    from pathlib import Path
    from sqlalchemy import Engine, event
    from continualcode.store import Store
    store, at, seen = Store(Path(sys.argv[1])), int(sys.argv[2]), 0
    def die(connection, cursor, statement, *rest):
        global seen
        if statement.split()[0] in ("INSERT", "UPDATE", "DELETE"):
            seen += 1
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Engine, "after_cursor_execute", die)
    store.promote("b", reasons=["better"]) if sys.argv[3] == "promote" else store.rollback()
    print("survived")
""")


def killed(store: Store, at: int, action: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", KILLED_AT_STATEMENT, str(store.path), str(at), action], capture_output=True, text=True
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_a_kill_after_any_statement_leaves_everything_as_it_was(store: Store, action: str):
    add(store, "a")
    add(store, "b")
    store.promote("a", reasons=[])
    if action == "rollback":
        store.promote("b", reasons=[])
    here, statuses, moves = names(store), status(store), store.moves()
    at = 1
    while killed(store, at, action):
        assert (names(store), status(store), store.moves()) == (here, statuses, moves)
        assert store.problems() == []
        at += 1
    assert at >= 4  # the move, the pointer and both statuses were each cut off once
    assert names(store) == {"promote": "b", "rollback": "a"}[action]


def test_kills_at_random_moments_leave_a_valid_pointer(store: Store, tmp_path: Path):
    for version in "abc":
        add(store, version)
    script = (
        "import sys, itertools\nfrom continualcode.store import Store\ns = Store(sys.argv[1])\nprint('go', flush=True)\n"
        "for v in itertools.cycle('abc'):\n"
        "    c = s.current()\n"
        "    s.rollback() if c and c.version == v else s.promote(v, reasons=['loop'])\n"
    )
    draw = random.Random(0)
    for _ in range(4):
        child = subprocess.Popen([sys.executable, "-c", script, str(store.path)], stdout=subprocess.PIPE)
        assert child.stdout and child.stdout.readline() == b"go\n"
        time.sleep(draw.uniform(0.01, 0.15))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        promoted = [v for v, s in status(store).items() if s == "promoted"]
        assert promoted == ([names(store)] if names(store) else [])
        assert store.problems() == []
    assert len(store.moves()) > 0
