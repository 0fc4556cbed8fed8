"""The nights by themselves: a job of the user's own scheduler that sleeps at an hour, or when the machine is idle.

What is written: one shell script in the home (`schedule/night.sh`), and what starts it: two systemd user units
where `systemctl --user` works, else a marked block of the user's crontab. `plan` says all of it before anything is
written, `install` writes it, `remove` takes it away and leaves everything else as it was. One job a home.

The script asks `continualcode schedule due` and then runs `continualcode sleep --json`. It is started at its hour
and whenever the machine comes up: a night that was cut off by a power loss is due at once, and so is an hour that
passed while the machine was off. `due` and `sleep` both respect the night's lock.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from continualcode.errors import UserError

if TYPE_CHECKING:
    from continualcode.store import Store
    from continualcode.store.records import NightRecord

KEPT = ("PATH", "XDG_CONFIG_HOME", "HF_HOME", "CARGO_HOME", "RUSTUP_HOME", "TMPDIR")
BETWEEN_IDLE_NIGHTS = timedelta(hours=12)
LOOK_EVERY = 10  # minutes, when waiting for an idle machine
BUSY_LOAD = 0.5  # of the cores, over five minutes


@dataclass(frozen=True)
class When:
    """At an hour (`03:00`, local time; counted from `since`), or once the machine was idle for so many minutes."""

    at: str | None = "03:00"
    idle: int | None = None
    since: datetime | None = None

    def __post_init__(self) -> None:
        if (self.at is None) == (self.idle is None):
            raise UserError("Choose one: --at HH:MM or --idle MINUTES.")
        if self.at is not None and not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", self.at):
            raise UserError(f"--at is an hour from 00:00 to 23:59, such as 03:00, not {self.at}.")
        if self.idle is not None and self.idle < 1:
            raise UserError(f"--idle is a number of minutes, at least 1, not {self.idle}.")

    @property
    def clock(self) -> tuple[int, int]:
        """Hour and minute of `at`."""
        assert self.at is not None
        hour, minute = self.at.split(":")
        return int(hour), int(minute)

    def words(self) -> list[str]:
        """As options of `schedule due`."""
        if self.idle is not None:
            return ["--idle", str(self.idle)]
        since = ["--since", self.since.isoformat(timespec="seconds")] if self.since else []
        return ["--at", "{:02}:{:02}".format(*self.clock), *since]

    def __str__(self) -> str:
        if self.idle is not None:
            return f"when the machine was idle for {self.idle} minutes"
        return "every day at {:02}:{:02}".format(*self.clock)


@dataclass(frozen=True)
class Plan:
    """All that an installation writes and runs. `crontab` is the block that is added (cron only)."""

    name: str
    kind: Literal["systemd", "cron"]
    when: When
    files: Mapping[Path, str]
    crontab: str = ""
    commands: Sequence[Sequence[str]] = field(default_factory=tuple)

    def text(self) -> str:
        """For reading: every file with its content, and every command, as they will be."""
        parts = [f"{path}:\n\n{_indented(content)}" for path, content in self.files.items()]
        if self.crontab:
            parts.append(f"added to your crontab, whose other lines stay as they are:\n\n{_indented(self.crontab)}")
        if self.commands:
            parts.append("then run:\n\n" + _indented("\n".join(shlex.join(c) for c in self.commands)))
        return "\n".join(parts)


@dataclass(frozen=True)
class Installed:
    """What is there of a home's job. `kinds` names what starts it; `active` and `next` are the scheduler's words."""

    name: str
    kinds: tuple[str, ...]
    files: Mapping[Path, str]
    crontab: str
    active: str
    next: str


def job_name(home: Path) -> str:
    """The job's name in the scheduler: one for each home."""
    return f"continualcode-sleep-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"


def plan(home: Path, when: When, words: Sequence[str]) -> Plan:
    """What to write for this home. `words`: settings of the nights. Raises UserError where neither systemd nor
    cron works for this user."""
    name = job_name(home)
    script = home / "schedule" / "night.sh"
    text = _script(home, when, words)
    if _systemd_works():
        units = {script: text, **_units(name, script, when)}
        timer = f"{name}.timer"
        commands = [["daemon-reload"], ["enable", timer], ["restart", timer]]
        return Plan(name, "systemd", when, units, commands=[["systemctl", "--user", *c] for c in commands])
    if _crontab() is not None:
        return Plan(name, "cron", when, {script: text}, crontab=_block(name, script, when))
    asked = shlex.join([sys.executable, "-m", "continualcode", "sleep", "--json", *words, f"home={home}"])
    raise UserError(
        "Neither `systemctl --user` nor `crontab` works here, so nothing can be scheduled; "
        f"let whatever starts jobs on this machine run: {asked}"
    )


def install(planned: Plan) -> None:
    """Write and start what was planned. When a step fails everything is put back and a UserError says why."""
    before = {path: path.read_text(encoding="utf-8") if path.is_file() else None for path in planned.files}
    table = _crontab()
    try:
        for path, content in planned.files.items():
            _write(path, content)
        if planned.kind == "cron" or (table and _own(table, planned.name)):
            _write_crontab(_without(table or "", planned.name) + planned.crontab)
        for command in planned.commands:
            _must(command)
    except (OSError, UserError) as error:
        for path, content in before.items():
            _write(path, content) if content is not None else path.unlink(missing_ok=True)
        if table is not None and _crontab() != table:
            _write_crontab(table)
        if planned.kind == "systemd":
            _run(["systemctl", "--user", "daemon-reload"])
        raise UserError(f"Nothing was scheduled: {error}") from None


def installed(home: Path) -> Installed:
    """What there is of this home's job; `kinds` is empty when there is none."""
    name = job_name(home)
    units = [_unit_folder() / f"{name}.{suffix}" for suffix in ("service", "timer")]
    files = {p: p.read_text(encoding="utf-8") for p in (home / "schedule" / "night.sh", *units) if p.is_file()}
    block = _own(_crontab() or "", name)
    kinds = (("systemd",) if units[1] in files else ()) + (("cron",) if block else ())
    active = following = ""
    if "systemd" in kinds:
        active = _run(["systemctl", "--user", "is-active", f"{name}.timer"])[1].strip() or "unknown"
        asked = ["systemctl", "--user", "show", f"{name}.timer", "--property=NextElapseUSecRealtime", "--value"]
        following = _run(asked)[1].strip()
    return Installed(name, kinds, files, block, active, following)


def remove(home: Path) -> list[str]:
    """Take this home's job away; returns what went, empty when there was none. Safe to call again."""
    found = installed(home)
    gone: list[str] = []
    if any(p.suffix in (".service", ".timer") for p in found.files):
        _run(["systemctl", "--user", "disable", "--now", f"{found.name}.timer"])
    for path in found.files:
        path.unlink(missing_ok=True)
        gone.append(str(path))
    (_unit_folder() / "timers.target.wants" / f"{found.name}.timer").unlink(missing_ok=True)
    if "systemd" in found.kinds:
        _run(["systemctl", "--user", "daemon-reload"])
    if found.crontab:
        _write_crontab(_without(_crontab() or "", found.name))
        gone.append("the block in your crontab")
    return gone


# -- is a night due?


def due(
    home: Path, store: Store | None, when: When, moment: datetime, *, devices: Path = Path("/dev")
) -> tuple[bool, str]:
    """Whether a night is to begin at `moment` (with its zone), and why (not). store: None when nothing was ever
    recorded."""
    if store is None:
        return False, "nothing was recorded yet"
    if _running(home):
        return False, "a night is running"
    nights = store.list_nights()
    if cut := [n for n in nights if n.stage not in ("done", "abandoned")]:
        return True, f"night {cut[-1].id} was cut off"
    if when.idle is not None:
        return _due_when_idle(store, when.idle, nights, moment, devices)
    hour, minute = when.clock
    last = moment.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if last > moment:
        last -= timedelta(days=1)
    if when.since and last < when.since:
        return False, f"it is not yet {hour:02}:{minute:02}"
    if any(_moment(n.started) >= last for n in nights):
        return False, f"a night was slept since {last:%H:%M on %d %B}"
    return True, f"no night was slept since {last:%H:%M on %d %B}"


def _due_when_idle(
    store: Store, minutes: int, nights: Sequence[NightRecord], moment: datetime, devices: Path
) -> tuple[bool, str]:
    recent = [n for n in nights if moment - _moment(n.started) < BETWEEN_IDLE_NIGHTS]
    if recent:
        return False, f"a night was slept at {_moment(recent[-1].started).astimezone(moment.tzinfo):%H:%M}"
    load, cores = os.getloadavg()[1], os.cpu_count() or 1
    if load > BUSY_LOAD * cores:
        return False, f"the machine is busy (load {load:.1f} on {cores} cores)"
    touched = [*_keystrokes(devices)]
    touched += [_moment(e.started).timestamp() for e in store.find("episodes", newest=True, limit=1)]
    idle = (moment.timestamp() - max(touched)) / 60 if touched else float("inf")
    if idle < minutes:
        return False, f"the machine was in use {idle:.0f} minutes ago"
    return True, f"the machine has been idle for at least {minutes} minutes"


def _keystrokes(devices: Path) -> list[float]:
    """When something was last typed into each of this user's terminals (the kernel keeps it as access time)."""
    found: list[float] = []
    for path in (*devices.glob("pts/[0-9]*"), *devices.glob("tty[0-9]*")):
        try:
            status = path.stat()
        except OSError:
            continue
        if status.st_uid == os.getuid():
            found.append(status.st_atime)
    return found


def _running(home: Path) -> bool:
    from filelock import FileLock, Timeout

    if not (home / "night.lock").exists():
        return False
    lock = FileLock(home / "night.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# -- what is written


def _script(home: Path, when: When, words: Sequence[str]) -> str:
    kept = [f"export {name}={shlex.quote(os.environ[name])}" for name in KEPT if os.environ.get(name)]
    program = [sys.executable, "-m", "continualcode"]
    asked = shlex.join([*program, "schedule", "due", *when.words(), f"home={home}"])
    night = shlex.join([*program, "sleep", "--json", *words, f"home={home}"])
    log = shlex.quote(str(home / "schedule" / "night.log"))
    return "\n".join(
        [
            "#!/bin/sh",
            "# Written by `continualcode schedule install`; `continualcode schedule remove` takes it away.",
            f"cd {shlex.quote(str(home))} || exit 1",
            *kept,
            f"{asked} >/dev/null 2>>{log} || exit 0",
            f"exec nice -n 10 {night} >>{log} 2>&1",
            "",
        ]
    )


def _units(name: str, script: Path, when: When) -> dict[Path, str]:
    if when.idle is None:
        hours = "OnCalendar=*-*-* {:02}:{:02}:00".format(*when.clock)
        starts = [hours, "Persistent=true", "OnStartupSec=2min"]
    else:
        starts = [f"OnCalendar=*:0/{LOOK_EVERY}"]
    service = [
        "[Unit]", "Description=continualcode: sleep one night", "",
        "[Service]", "Type=oneshot", f"ExecStart=/bin/sh {_systemd_quoted(str(script))}", "IOSchedulingClass=idle",
    ]  # fmt: skip
    timer = [
        "[Unit]", f"Description=continualcode: sleep {when}", "",
        "[Timer]", *starts, f"Unit={name}.service", "",
        "[Install]", "WantedBy=timers.target",
    ]  # fmt: skip
    folder = _unit_folder()
    lines = {folder / f"{name}.service": service, folder / f"{name}.timer": timer}
    return {path: "\n".join(content) + "\n" for path, content in lines.items()}


def _systemd_quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$").replace("%", "%%")
    return f'"{escaped}"'


def _unit_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "systemd" / "user"


def _marks(name: str) -> tuple[str, str]:
    return f"# {name}: begin (`continualcode schedule remove` takes this out)", f"# {name}: end"


def _block(name: str, script: Path, when: When) -> str:
    begin, end = _marks(name)
    if "\n" in str(script):
        raise UserError("The home's name holds a line break, which a crontab cannot; choose another home.")
    command = f"/bin/sh {shlex.quote(str(script))}".replace("%", "\\%")
    if when.idle is None:
        hour, minute = when.clock
        lines = [f"{minute} {hour} * * * {command}", f"@reboot {command}"]
    else:
        lines = [f"*/{LOOK_EVERY} * * * * {command}"]
    return "\n".join([begin, *lines, end, ""])


def _own(table: str, name: str) -> str:
    """This job's block of a crontab, or an empty text."""
    begin, end = map(re.escape, _marks(name))
    found = re.search(rf"^{begin}\n(?:.*\n)*?{end}\n?", table, re.MULTILINE)
    return found.group(0) if found else ""


def _without(table: str, name: str) -> str:
    """A crontab without this job's block, with a line end after its last line."""
    rest = table.replace(_own(table, name), "", 1) if _own(table, name) else table
    return rest if not rest or rest.endswith("\n") else rest + "\n"


# -- the border


def _run(command: Sequence[str], given: str | None = None) -> tuple[int, str, str]:
    """(exit code, output, errors); 127 when there is no such program."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=30)
    except (FileNotFoundError, PermissionError):
        return 127, "", f"{command[0]} cannot be run"
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]} did not answer within 30 seconds"
    return done.returncode, done.stdout, done.stderr


def _must(command: Sequence[str], given: str | None = None) -> None:
    code, _, errors = _run(command, given)
    if code:
        raise UserError(f"`{shlex.join(command)}` failed: {' '.join(errors.split()) or f'exit code {code}'}")


def _systemd_works() -> bool:
    return _run(["systemctl", "--user", "show-environment"])[0] == 0


def _crontab() -> str | None:
    """The user's crontab (empty when there is none yet), or None where crontab does not work."""
    code, out, errors = _run(["crontab", "-l"])
    if code == 0:
        return out
    return "" if "no crontab" in errors.lower() else None


def _write_crontab(table: str) -> None:
    _must(["crontab", "-"], table)


def _write(path: Path, content: str) -> None:
    """Write a file whole, through one beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(content, encoding="utf-8")
    part.replace(path)


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.rstrip("\n").split("\n"))
