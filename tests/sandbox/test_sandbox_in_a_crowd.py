"""The bounds on processes and disk hold beside a machine full of other work.

Each attack runs while two busy loops a processor want to run too. The bombs bound themselves (a few hundred
processes, a few hundred MiB), so that a sandbox that fails here does no harm.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from continualcode.sandbox import Limits, Result, available, bubblewrap, landlock, run
from continualcode.sandbox.limits import Job
from continualcode.sandbox.watch import see_through

BACKENDS = [name for name in ("bubblewrap", "landlock") if available()[name]]
PYTHON = os.path.realpath(sys.executable)
MIB = 1_048_576

# whoever has made a process writes one byte, and all live on: the file's size is how many were alive at once
BOMB = """
    import os, sys, time
    births = os.open("births", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    end = time.time() + 12
    while time.time() < end:
        if os.fstat(births).st_size >= 150:
            time.sleep(1)
        elif os.fork():
            os.write(births, b"x")
        elif os.fstat(births).st_size >= 300:
            os._exit(0)
        elif "apart" in sys.argv:
            os.setsid()
"""
FILL = """
    import os, sys, time
    for _ in range(24):
        if os.fork() == 0:
            break
    if "apart" in sys.argv:
        os.setsid()
    block = bytes(1 << 20)
    file = os.open(str(os.getpid()), os.O_CREAT | os.O_WRONLY)
    for _ in range(16):
        os.write(file, block)
    time.sleep(12)
"""


@pytest.fixture(scope="module", autouse=True)
def crowd() -> Iterator[None]:
    """Busy loops at normal priority, each in a session of its own, for the time of this file's tests."""
    cores = len(os.sched_getaffinity(0))
    busy = "import time\nend = time.time() + 60\nwhile time.time() < end: sum(range(9999))"
    loops = [
        subprocess.Popen([sys.executable, "-I", "-S", "-c", busy], start_new_session=True) for _ in range(2 * cores)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()


@pytest.fixture(params=BACKENDS)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def attack(script: str, marks: list[str], workspace: Path, mode: str, limits: Limits) -> Result:
    return run(
        [PYTHON, "-I", "-S", "-c", textwrap.dedent(script), *marks],
        workspace=workspace, mode=mode, readable=[Path(sys.base_prefix)], limits=limits,
    )  # fmt: skip


def alive(mark: str) -> list[int]:
    """Processes of this machine, ended ones that wait to be reaped left out, with the mark on their command line."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark.encode() in Path(f"/proc/{entry}/cmdline").read_bytes():
                found.append(int(entry))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("where", ["together", "apart"])
def test_a_fork_bomb_stays_within_its_bound(workspace: Path, mode: str, where: str) -> None:
    mark = f"crowd-bomb-{os.getpid()}-{where}"
    started = time.monotonic()
    result = attack(BOMB, [where, mark], workspace, mode, Limits(seconds=12, processes=64))
    assert result.stopped == "processes"
    assert alive(mark) == []
    assert time.monotonic() - started < 10
    assert 8 < (workspace / "births").stat().st_size <= 64


@pytest.mark.parametrize("where", ["together", "apart"])
def test_the_disk_is_not_filled(workspace: Path, mode: str, where: str) -> None:
    mark = f"crowd-fill-{os.getpid()}-{where}"
    result = attack(FILL, [where, mark], workspace, mode, Limits(seconds=12, processes=64, disk_mb=64, file_mb=16))
    written = sum(p.stat().st_blocks * 512 for p in workspace.iterdir())
    assert result.stopped == "disk"
    assert alive(mark) == []
    assert 32 * MIB < written < 2 * 64 * MIB


def test_the_kernel_asks_before_each_process() -> None:
    """Where the kernel can, it is what bounds processes."""
    if tuple(map(int, os.uname().release.split(".")[:2])) < (5, 19):
        pytest.skip("the kernel is too old")
    assert all("kernel asks" in bound for bound in available()["processes"].values())


def test_without_a_gate_the_watcher_still_ends_a_bomb(workspace: Path, mode: str) -> None:
    """On an older kernel, or behind another such gate: later, and still all of it."""
    mark = f"crowd-ungated-{os.getpid()}"
    backend = {"bubblewrap": bubblewrap, "landlock": landlock}[mode]
    bomb = ("bash", "-c", f": {mark}; for i in $(seq 150); do sleep 9 & done; wait")
    job = Job(bomb, workspace, (), (), (), {"PATH": "/usr/bin:/bin"}, Limits(seconds=12, processes=32))
    running = backend.start(job, gated=False)
    assert running.gate is None
    assert see_through(running, None, job.limits, [workspace]).stopped == "processes"
    assert alive(mark) == []
