"""The default backend: bubblewrap. Own user, process, network, IPC and host-name namespaces.

Seen inside: /usr and its links, the few files of /etc that programs need to start, what the caller lists as
readable, the workspace (the one place to write besides a bounded /tmp). Root's powers are dropped, the
system-call filter of `seccomp` is on, and everything dies with the first process of the namespace.

Births of processes pass the gate (gate.py) where the kernel has one. Besides, RLIMIT_NPROC bounds an ordinary
user's command: bubblewrap waits (--block-fd) until the resource limits have been put on its child from
outside, so that it counts within the new user namespace only, and no process is ever unlimited. It holds the
waiting pipe's other end too, so that a caller killed just then leaves it waiting and not running.
"""

from __future__ import annotations

import json
import math
import os
import resource
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from continualcode.sandbox import processes, seccomp
from continualcode.sandbox.gate import Gate, GateError, Spawned, spawn, step_back
from continualcode.sandbox.limits import Job, Limits, SandboxError
from continualcode.sandbox.watch import see_through

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime")
_START_SECONDS = 20.0


class Bubble:
    """A started bubblewrap; `first` is the outer number of process 1 of its namespace."""

    def __init__(self, process: subprocess.Popen[bytes] | Spawned, first: int, gate: Gate | None) -> None:
        self.process, self.gate = process, gate
        self._first = first
        self._handle = os.pidfd_open(first)
        self._namespace = os.stat(f"/proc/{first}/ns/pid").st_ino

    def members(self) -> Sequence[str]:
        """Through the namespace's own /proc where that may be read (root, most kernels), else by parentage."""
        proc = f"/proc/{self._first}/root/proc"
        try:
            if os.stat(proc).st_dev == os.stat("/proc").st_dev:  # it has not moved into its own root yet
                return [f"/proc/{self._first}"]
            return [f"{proc}/{name}" for name in os.listdir(proc) if name.isdigit()]
        except OSError:
            return processes.descendants(self._first)

    def freeze(self) -> None:
        """Stops all but process 1, which only waits; again until no one new is found."""
        stopped: set[str] = {f"/proc/{self._first}"}
        for _ in range(5):
            if not (more := set(processes.descendants(self._first)) - stopped):
                break
            self._signal(more, signal.SIGSTOP)
            stopped |= more

    def thaw(self) -> None:
        self._signal(processes.descendants(self._first), signal.SIGCONT)

    def _signal(self, members: Iterable[str], number: int) -> None:
        for folder in members:
            try:
                handle = os.pidfd_open(int(folder.rpartition("/")[2]))
            except OSError:
                continue
            try:
                if os.stat(f"{folder}/ns/pid").st_ino == self._namespace:  # the number is still one of ours
                    signal.pidfd_send_signal(handle, number)
            except OSError:
                pass
            finally:
                os.close(handle)

    def kill(self) -> None:
        """Ends process 1: the kernel takes the whole namespace with it, and this waits until it has."""
        if self._handle < 0:
            return
        try:
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)
        except ProcessLookupError:
            pass
        select.select([self._handle], [], [], 5.0)  # readable when the whole namespace is gone
        os.close(self._handle)
        self._handle = -1
        self.process.kill()
        self.process.wait()
        try:  # bubblewrap leaves its first process to whoever adopts orphans: in a container that may be us
            os.waitpid(self._first, os.WNOHANG)
        except ChildProcessError:
            pass


def start(job: Job, *, gated: bool | None = None) -> Bubble:
    """Starts the job, behind a gate when `gated` (by default where that works); raises SandboxError when
    bubblewrap cannot build its namespaces."""
    info_read, info_write = os.pipe()
    block_read, block_write = os.pipe()
    filter_read, filter_write = os.pipe()
    opened = {info_read, info_write, block_read, block_write, filter_read, filter_write}

    def close(*descriptors: int) -> None:
        for descriptor in descriptors:
            opened.discard(descriptor)
            os.close(descriptor)

    process, gate = None, None
    try:
        handed_over = [info_write, block_read, block_write]  # it holds both ends: see above
        options = _arguments(job) + ["--info-fd", str(info_write), "--block-fd", str(block_read)]
        if seccomp.supported():
            os.write(filter_write, seccomp.program(namespaces=True))
            options += ["--seccomp", str(filter_read)]
            handed_over.append(filter_read)
        close(filter_write)
        # its environment is empty: it is process 1 inside, and its first one can be read there
        process, gate = spawn(
            [shutil.which("bwrap") or "/usr/bin/bwrap", *options, "--", *job.argv], limits=job.limits,
            stdin=job.stdin, keep=handed_over, gated=probe()[1] == "gate" if gated is None else gated,
        )  # fmt: skip
        close(info_write, block_read, filter_read)
        first = _first_process(info_read, process, gate)
        _limit(first, job.limits)
        step_back(process.pid, first)
        bubble = Bubble(process, first, gate)
        if gate is not None:
            gate.members = bubble.members
        os.write(block_write, b"x")
        return bubble
    except BaseException:
        if process is not None:
            process.kill()
            process.wait()
        if gate is not None:
            gate.close()
        raise
    finally:
        close(*list(opened))


def _arguments(job: Job) -> list[str]:
    limits = job.limits
    room = str(max(1, limits.disk_mb // 2) * 1_048_576)
    arguments = [
        "--unshare-all", "--die-with-parent", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL",
        "--hostname", "sandbox", "--clearenv",
    ]  # fmt: skip
    for name, value in job.env.items():
        arguments += ["--setenv", name, value]
    for folder in SYSTEM:
        if os.path.islink(folder):
            arguments += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            arguments += ["--ro-bind", folder, folder]
    for place in ETC:
        arguments += ["--ro-bind-try", place, place]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--size", room, "--tmpfs", "/tmp"]
    arguments += ["--size", room, "--tmpfs", "/dev/shm"]
    mounts = [(p, ["--ro-bind", str(p), str(p)]) for p in job.readable]
    mounts += [(p, ["--bind", str(p), str(p)]) for p in (*job.writable, job.workspace)]
    mounts += [(p, ["--tmpfs", str(p), "--remount-ro", str(p)]) for p in job.hidden]
    for _, mount in sorted(mounts, key=lambda m: len(m[0].parts)):  # what lies deeper comes later, and stays
        arguments += mount
    return arguments + ["--remount-ro", "/", "--chdir", str(job.workspace)]


def _first_process(info: int, process: subprocess.Popen[bytes] | Spawned, gate: Gate | None) -> int:
    said = b""
    sources = [info] if gate is None else [info, gate.listener]
    deadline = time.monotonic() + _START_SECONDS
    while ready := select.select(sources, [], [], max(0.0, deadline - time.monotonic()))[0]:
        if gate is not None and gate.listener in ready:
            gate.answer()
        if info not in ready:
            continue
        chunk = os.read(info, 4096)
        said += chunk
        if not chunk:
            break
        try:
            return int(json.loads(said)["child-pid"])
        except json.JSONDecodeError:
            continue
    process.kill()
    assert process.stderr is not None
    reason = process.stderr.read().decode(errors="replace").strip().splitlines()
    raise SandboxError(f"bubblewrap did not start ({reason[-1] if reason else 'no message'}).")


def _limit(pid: int, limits: Limits) -> None:
    for name, value in kernel_limits(limits).items():
        wanted = min(value, resource.prlimit(pid, name)[1] % (1 << 64))
        resource.prlimit(pid, name, (wanted, wanted))


def kernel_limits(limits: Limits) -> dict[int, int]:
    """What the kernel bounds in each process. Memory stands above the watched limit of the whole tree, so
    that the watcher gets to say why; RLIMIT_NPROC counts threads too, and does not bind root."""
    memory = limits.memory_mb * 1_048_576
    return {
        resource.RLIMIT_CPU: math.ceil(limits.seconds) + 1,
        resource.RLIMIT_DATA: memory + memory // 2,
        resource.RLIMIT_AS: 4 * memory + (4 << 30),
        resource.RLIMIT_FSIZE: limits.file_mb * 1_048_576,
        resource.RLIMIT_NPROC: 8 * limits.processes,
        resource.RLIMIT_NOFILE: 1024,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 8 << 20,
    }


@cache
def probe() -> tuple[str, str]:
    """(empty when bubblewrap runs here, else the reason; what bounds its processes: `gate`, or the kernel's
    `rlimit` for ordinary users, or the `watcher` alone)."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed", ""
    why = ""
    for gated in (True, False):
        try:
            with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
                job = Job(("/bin/true",), Path(folder), (), (), (), {}, Limits(seconds=20))
                result = see_through(start(job, gated=gated), None, job.limits, [])
        except GateError:
            continue
        except (SandboxError, OSError) as error:
            why = str(error)
            continue
        if result.returncode == 0:
            return "", "gate" if gated else "rlimit" if os.getuid() else "watcher"
        why = result.stderr.decode(errors="replace").strip() or "it does not run"
    return why, ""
