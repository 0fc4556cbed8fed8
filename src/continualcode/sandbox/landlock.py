"""The fallback backend where bubblewrap cannot run: Landlock, seccomp and resource limits.

Without namespaces: files outside are unreadable and unwritable, sockets cannot be made, and the command
cannot leave its process group (setsid and setpgid do nothing), so that one signal to the group ends all of
it: the kernel delivers it to the whole group at once, and a fork that is under way fails. Births of processes
pass the gate (gate.py). What is weaker than under bubblewrap: names and sizes of files outside can be seen (Landlock does not
govern stat), a file of the same user outside can have its mode set to 0700, and a killed parent takes only
the first process with it.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from continualcode.sandbox import processes, seccomp
from continualcode.sandbox.bubblewrap import ETC, SYSTEM, kernel_limits
from continualcode.sandbox.gate import Gate, GateError, Spawned, spawn, step_back
from continualcode.sandbox.limits import Job, Limits
from continualcode.sandbox.watch import see_through

_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_SEEN = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/filesystems",
    "/proc/version",
    "/proc/sys/vm/overcommit_memory",
)
_SIGNAL_SCOPE = 6  # the Landlock ABI from which on signals to outside are refused


class Group:
    """A started command in its own session; its number names the process group."""

    def __init__(
        self, process: subprocess.Popen[bytes] | Spawned, private: Path | None = None, gate: Gate | None = None
    ) -> None:
        self.process, self.private, self.gate = process, private, gate
        if gate is not None:
            gate.members = self.members

    def members(self) -> Sequence[str]:
        return processes.group(self.process.pid)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> bool:
        if self.process.returncode is not None:  # reaped: the number may be another's
            return False
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def kill(self) -> None:
        deadline = time.monotonic() + 5.0
        while self._signal(signal.SIGKILL):
            if not self.members() or time.monotonic() > deadline:
                break
            time.sleep(0.002)  # a signal is sent at once and obeyed when its process is next on a processor
        if self.private is not None:
            shutil.rmtree(self.private, ignore_errors=True)


def start(job: Job, *, gated: bool | None = None) -> Group:
    """Starts the job, behind a gate when `gated` (by default where that works). /tmp is not its own here: HOME and TMPDIR name a private folder, removed at the end."""
    private = Path(tempfile.mkdtemp(prefix="continualcode-tmp-"))
    try:
        limits = kernel_limits(job.limits)
        if os.getuid() == 0:
            del limits[resource.RLIMIT_NPROC]
        else:
            limits[resource.RLIMIT_NPROC] += processes.tasks_of(os.getuid())
        elsewhere = {"HOME": str(private), "TMPDIR": str(private)}
        config = {
            "rlimits": list(limits.items()),
            "read": [*SYSTEM, *ETC, *_SEEN, *map(str, job.readable)],
            "write": [str(job.workspace), *map(str, job.writable), str(private)],
            "files": list(_DEVICES),
            "filter": seccomp.program(namespaces=False, scoped_signals=abi() >= _SIGNAL_SCOPE).hex(),
            "cwd": str(job.workspace),
            "argv": list(job.argv),
            "env": {k: elsewhere[k] if k in elsewhere and v == "/tmp" else v for k, v in job.env.items()},
        }
        script = Path(__file__).with_name("landlock_exec.py")
        process, gate = spawn(
            [sys.executable, "-I", "-S", str(script), json.dumps(config)], limits=job.limits, stdin=job.stdin,
            gated=probe()[1] == "gate" if gated is None else gated,
        )  # fmt: skip
    except BaseException:
        shutil.rmtree(private, ignore_errors=True)
        raise
    group = Group(process, private, gate)
    step_back(process.pid)
    return group


def abi() -> int:
    """The Landlock version of this kernel; 0 without."""
    import ctypes

    return max(0, int(ctypes.CDLL(None).syscall(444, None, 0, 1)))


@cache
def probe() -> tuple[str, str]:
    """(empty when this backend works here, else the reason; what bounds its processes: `gate`, or the kernel's
    `rlimit` for ordinary users, or the `watcher` alone)."""
    if not seccomp.supported():
        return "the system-call filter does not know this processor", ""
    if abi() < 1:
        return "the kernel has no Landlock", ""
    why = ""
    for gated in (True, False):
        try:
            with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
                job = Job(("/bin/true",), Path(folder), (), (), (), {"PATH": "/usr/bin:/bin"}, Limits(seconds=20))
                result = see_through(start(job, gated=gated), None, job.limits, [])
        except GateError:
            continue
        except OSError as error:
            why = str(error)
            continue
        if result.returncode == 0:
            return "", "gate" if gated else "rlimit" if os.getuid() else "watcher"
        why = result.stderr.decode(errors="replace").strip() or "it does not run"
    return why, ""
