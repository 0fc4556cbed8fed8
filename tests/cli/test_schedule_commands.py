"""`schedule` against programs called systemctl and crontab that keep what they are told, in a home of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from continualcode.cli.app import run
from continualcode.errors import UserError
from continualcode.sleep import schedule
from continualcode.sleep.schedule import When
from continualcode.store import Store
from continualcode.store.records import NightRecord

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$BORDER/asked"
[ -e "$BORDER/no-bus" ] && { echo "Failed to connect to bus" >&2; exit 1; }
case "$2" in
  enable) [ -e "$BORDER/no-enable" ] && { echo "Unit is masked." >&2; exit 1; }; touch "$BORDER/on" ;;
  disable) rm -f "$BORDER/on" ;;
  is-active) [ -e "$BORDER/on" ] && echo active || { echo inactive; exit 3; } ;;
  show) echo "Sat 2026-11-21 03:00:00 UTC" ;;
esac
exit 0
"""
CRONTAB = """#!/bin/sh
case "$1" in
  -l) cat "$BORDER/table" 2>/dev/null || { echo "no crontab for me" >&2; exit 1; } ;;
  -) [ -e "$BORDER/no-space" ] && { echo "disk is full" >&2; exit 1; }; cat > "$BORDER/table" ;;
esac
"""
OTHERS = "MAILTO=me\n0 5 * * * backup --all % done\n"


@pytest.fixture
def border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH on which the two programs are ours, and a home with everything in its name that needs quoting."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("crontab", CRONTAB)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("BORDER", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("CONTINUALCODE_HOME", str(home_of(tmp_path)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def home_of(border: Path) -> Path:
    return border / "my home's 100% $x"


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict, str]]:
    def call(*words: str) -> tuple[int, dict, str]:
        code = run([*words, "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out.strip().splitlines()[-1]), said.err

    return call


def files(border: Path) -> dict[str, str]:
    folders = (border / "config", home_of(border), border / "user")
    found = [p for folder in folders if folder.exists() for p in folder.rglob("*") if p.is_file()]
    return {str(p): p.read_text() for p in found}


def test_systemd_shows_writes_starts_and_removes(border: Path, call):
    code, planned, _ = call("schedule", "install", "--at", "4:30", "--dry-run", "night_minutes=7")
    assert (code, planned["kind"], planned["dry_run"]) == (0, "systemd", True) and files(border) == {}
    code, answer, said = call("schedule", "install", "--at", "4:30", "night_minutes=7")
    written = files(border)
    assert code == 0 and written == answer["files"]
    for text in written.values():
        assert all(line in said for line in text.splitlines()), "shown before it is written"
    name = answer["name"]
    timer = written[str(border / "config" / "systemd" / "user" / f"{name}.timer")]
    assert "OnCalendar=*-*-* 04:30:00\nPersistent=true\nOnStartupSec=2min\n" in timer
    service = written[str(border / "config" / "systemd" / "user" / f"{name}.service")]
    assert f'ExecStart=/bin/sh "{border}/my home\'s 100%% $$x/schedule/night.sh"' in service
    script = written[str(home_of(border) / "schedule" / "night.sh")]
    assert "sleep --json night_minutes=7" in script and "schedule due --at 04:30 --since" in script
    asked = (border / "asked").read_text().splitlines()
    assert asked[-3:] == [f"--user {c}" for c in ("daemon-reload", f"enable {name}.timer", f"restart {name}.timer")]

    _, shown, _ = call("schedule", "show")
    assert (
        shown["installed"]
        and shown["kinds"] == ["systemd"]
        and shown["active"] == "active"
        and "03:00" in shown["next"]
    )
    assert set(call("schedule", "remove")[1]["removed"]) == set(written) and files(border) == {}
    assert not (border / "on").exists() and call("schedule", "remove")[1]["removed"] == []
    assert call("schedule", "show")[1]["installed"] is False


def test_cron_where_systemd_does_not_work_and_other_lines_stay(border: Path, call):
    (border / "no-bus").touch()
    (border / "table").write_text(OTHERS)
    assert call("schedule", "install", "--dry-run")[1]["kind"] == "cron"
    assert (border / "table").read_text() == OTHERS and files(border) == {}
    _, answer, said = call("schedule", "install")
    table = (border / "table").read_text()
    assert table == OTHERS + answer["crontab"] and all(line in said for line in answer["crontab"].splitlines())
    assert "\n0 3 * * * /bin/sh " in table and "\n@reboot /bin/sh " in table and "100\\% " in table
    call("schedule", "install", "--idle", "30")
    table = (border / "table").read_text()
    assert table.count(": begin") == 1 and "\n*/10 * * * * /bin/sh " in table and "@reboot" not in table
    assert call("schedule", "show")[1]["kinds"] == ["cron"]
    assert "the block in your crontab" in call("schedule", "remove")[1]["removed"]
    assert (border / "table").read_text() == OTHERS and files(border) == {}


def test_two_homes_have_jobs_of_their_own(border: Path, call):
    (border / "no-bus").touch()
    other = f"home={border / 'other'}"
    call("schedule", "install")
    call("schedule", "install", other)
    assert (border / "table").read_text().count(": begin") == 2
    call("schedule", "remove")
    assert (border / "table").read_text().count(": begin") == 1 and call("schedule", "show", other)[1]["installed"]


def test_a_step_that_fails_leaves_everything_as_it_was(border: Path, call):
    (border / "no-enable").touch()
    code, answer, _ = call("schedule", "install")
    assert code == 2 and "Unit is masked" in answer["error"] and files(border) == {}
    (border / "no-enable").unlink()
    call("schedule", "install", "--at", "01:00")
    before = files(border)
    (border / "no-enable").touch()
    assert call("schedule", "install", "--at", "02:00")[0] == 2 and files(border) == before
    (border / "no-enable").unlink()
    call("schedule", "remove")
    (border / "no-bus").touch()
    (border / "table").write_text(OTHERS)
    (border / "no-space").touch()
    code, answer, _ = call("schedule", "install")
    assert (
        code == 2
        and "disk is full" in answer["error"]
        and files(border) == {}
        and (border / "table").read_text() == OTHERS
    )


def test_neither_works_is_one_sentence(border: Path, call):
    (border / "no-bus").touch()
    (border / "bin" / "crontab").write_text("#!/bin/sh\necho 'you are not allowed to use this program' >&2; exit 1\n")
    code, answer, said = call("schedule", "install")
    assert code == 2 and "Neither" in answer["error"] and "sleep --json" in answer["error"] and "Traceback" not in said
    assert files(border) == {}


@pytest.mark.parametrize(
    "words, says",
    [
        (["--at", "25:00"], "00:00 to 23:59"),
        (["--idle", "0"], "at least 1"),
        (["--at", "03:00", "--idle", "5"], "Choose one"),
        (["night_minuts=5"], "night_minutes"),
    ],
)
def test_bad_input_is_one_sentence(border: Path, call, words: list[str], says: str):
    code, answer, _ = call("schedule", "install", *words)
    assert code == 2 and says in answer["error"] and files(border) == {}


# -- when a night is due

NOON = datetime(2026, 11, 20, 12, 0).astimezone()


def night(name: str, started: datetime, stage: str = "done") -> NightRecord:
    moment = started.astimezone(tz=None).isoformat()
    return NightRecord(name, stage, moment, moment if stage == "done" else None, "refused", [], None, None, "", {})


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "store.db") as store:
        yield store


def test_due_once_after_its_hour_also_when_the_machine_was_off(store: Store, tmp_path: Path):
    def due(at: str, moment: datetime = NOON, since: datetime | None = None) -> bool:
        return schedule.due(tmp_path, store, When(at, None, since), moment)[0]

    assert due("03:00") and due("13:00"), "the hour of yesterday counts when nothing was slept since"
    assert not due("03:00", since=NOON - timedelta(hours=1)), "an hour before the installation does not"
    store.add_night(night("night_1", NOON - timedelta(hours=8)))  # at 04:00
    assert not due("03:00") and not due("13:00") and due("05:00")
    assert due("03:00", NOON + timedelta(hours=15)) and not due("03:00", NOON + timedelta(hours=14, minutes=59))
    assert schedule.due(tmp_path, None, When("03:00"), NOON) == (False, "nothing was recorded yet")


def test_a_night_that_was_cut_off_is_due_at_once_unless_one_runs(store: Store, tmp_path: Path):
    store.add_night(night("night_1", NOON - timedelta(minutes=5), stage="train"))
    assert schedule.due(tmp_path, store, When("03:00", None, NOON), NOON) == (True, "night night_1 was cut off")
    with FileLock(tmp_path / "night.lock"):
        assert schedule.due(tmp_path, store, When("03:00"), NOON) == (False, "a night is running")
    store.update_night("night_1", stage="abandoned")
    assert not schedule.due(tmp_path, store, When("03:00", None, NOON), NOON)[0]


def test_due_when_idle(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    terminal = tmp_path / "dev" / "pts" / "3"
    terminal.parent.mkdir(parents=True)
    terminal.touch()

    def due(typed: int) -> tuple[bool, str]:
        os.utime(terminal, (NOON.timestamp() - 60 * typed, 0))
        return schedule.due(tmp_path, store, When(None, 20), NOON, devices=tmp_path / "dev")

    assert due(45)[0] and due(5) == (False, "the machine was in use 5 minutes ago")
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 99.0, 0.0))
    assert "busy" in due(45)[1]
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
    store.add_night(night("night_1", NOON - timedelta(hours=5)))
    assert due(45) == (False, "a night was slept at 07:00")


def test_when_needs_exactly_one():
    for wrong in ((None, None), ("03:00", 5), ("3", None)):
        with pytest.raises(UserError):
            When(*wrong)


def small_model(folder: Path) -> Path:
    place = Path(__file__).resolve().parents[1] / "sleep" / "conftest.py"
    spec = importlib.util.spec_from_file_location("sleep_conftest", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.make_small(folder)


def test_the_job_itself_sleeps_when_a_night_is_due(border: Path, call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONTINUALCODE_PROFILE", "compact")
    (border / "pupil").mkdir()
    small_model(border / "pupil")
    call("schedule", "install", "--at", "00:00", "model_name=pupil")
    script, log = (home_of(border) / "schedule" / name for name in ("night.sh", "night.log"))
    bare = {
        "HOME": str(border / "user"),
        "BORDER": str(border),
        "PATH": "/usr/bin:/bin",
    }  # as systemd and cron start it
    done = subprocess.run(["sh", str(script)], env=bare, timeout=120)
    assert done.returncode == 0 and log.read_text() == "", "nothing was recorded: not due"
    with Store(home_of(border) / "store.db") as store:
        store.add_night(night("night_1", datetime.now().astimezone(), stage="train"))
    began = time.monotonic()
    done = subprocess.run(["sh", str(script)], env=bare, timeout=300)
    answer = json.loads(log.read_text().strip().splitlines()[-1])
    assert done.returncode == 0 and answer["decision"] == "nothing_to_learn", time.monotonic() - began
    with Store(home_of(border) / "store.db") as store:
        assert [n.stage for n in store.list_nights()] == ["abandoned", "done"]
        assert store.list_runs()[0].settings["model_name"] == str(border / "pupil")
