"""The default backend: bubblewrap. Own user, process, network, IPC and host-name namespaces.

Seen inside: /usr and its links, the few files of /etc that programs need to start, what the caller lists as
readable, the workspace (the one place to write besides a bounded /tmp). Root's powers are dropped, the
system-call filter of `seccomp` is on, and everything dies with the first process of the namespace.

bubblewrap waits (--block-fd) until the resource limits have been put on its child from outside: so
RLIMIT_NPROC counts within the new user namespace only, and no process is ever unlimited. It holds the
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
from collections.abc import Sequence
from pathlib import Path

from continualcode.sandbox import processes, seccomp
from continualcode.sandbox.limits import Job, Limits, SandboxError

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
ETC = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime")
_START_SECONDS = 20.0


class Bubble:
    """A started bubblewrap; `first` is the outer number of process 1 of its namespace."""

    def __init__(self, process: subprocess.Popen[bytes], first: int) -> None:
        self.process = process
        self._first = first
        self._handle = os.pidfd_open(first)

    def members(self) -> Sequence[str]:
        """Through the namespace's own /proc where that may be read (root, most kernels), else by parentage."""
        proc = f"/proc/{self._first}/root/proc"
        try:
            if os.stat(proc).st_dev == os.stat("/proc").st_dev:  # it has not moved into its own root yet
                return [f"/proc/{self._first}"]
            return [f"{proc}/{name}" for name in os.listdir(proc) if name.isdigit()]
        except OSError:
            return processes.descendants(self._first)

    def kill(self) -> None:
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


def start(job: Job) -> Bubble:
    """Starts the job; raises SandboxError when bubblewrap cannot build its namespaces."""
    info_read, info_write = os.pipe()
    block_read, block_write = os.pipe()
    filter_read, filter_write = os.pipe()
    opened = {info_read, info_write, block_read, block_write, filter_read, filter_write}

    def close(*descriptors: int) -> None:
        for descriptor in descriptors:
            opened.discard(descriptor)
            os.close(descriptor)

    process = None
    try:
        handed_over = [info_write, block_read, block_write]  # it holds both ends: see above
        options = _arguments(job) + ["--info-fd", str(info_write), "--block-fd", str(block_read)]
        if seccomp.supported():
            os.write(filter_write, seccomp.program(namespaces=True))
            options += ["--seccomp", str(filter_read)]
            handed_over.append(filter_read)
        close(filter_write)
        process = subprocess.Popen(
            [shutil.which("bwrap") or "bwrap", *options, "--", *job.argv],
            stdin=subprocess.PIPE if job.stdin else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            pass_fds=handed_over, env={},  # it is process 1 inside: its first environment can be read there
        )  # fmt: skip
        close(info_write, block_read, filter_read)
        first = _first_process(info_read, process)
        _limit(first, job.limits)
        bubble = Bubble(process, first)
        os.write(block_write, b"x")
        return bubble
    except BaseException:
        if process is not None:
            process.kill()
            process.communicate()
        raise
    finally:
        close(*list(opened))


def _arguments(job: Job) -> list[str]:
    limits = job.limits
    room = str(max(1, limits.disk_mb // 2) * 1_048_576)
    arguments = [
        "--unshare-all", "--die-with-parent", "--new-session", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL",
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


def _first_process(info: int, process: subprocess.Popen[bytes]) -> int:
    said = b""
    while select.select([info], [], [], _START_SECONDS)[0]:
        chunk = os.read(info, 4096)
        said += chunk
        if not chunk:
            break
        try:
            return int(json.loads(said)["child-pid"])
        except json.JSONDecodeError:
            continue
    process.kill()
    _, stderr = process.communicate()
    reason = stderr.decode(errors="replace").strip().splitlines()
    raise SandboxError(f"bubblewrap did not start ({reason[-1] if reason else 'no message'}).")


def _limit(pid: int, limits: Limits) -> None:
    for name, value in kernel_limits(limits).items():
        wanted = min(value, resource.prlimit(pid, name)[1] % (1 << 64))
        resource.prlimit(pid, name, (wanted, wanted))


def kernel_limits(limits: Limits) -> dict[int, int]:
    """What the kernel bounds in each process. Memory stands above the watched limit of the whole tree, so
    that the watcher gets to say why; RLIMIT_NPROC does not bind root, whom the watcher bounds."""
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


def why_not() -> str:
    """Empty when bubblewrap runs here, else the reason."""
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    try:
        with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
            bubble = start(Job(("/bin/true",), Path(folder), (), (), (), {}, Limits(seconds=10)))
            _, stderr = bubble.process.communicate(timeout=20)
            bubble.kill()
    except (SandboxError, OSError, subprocess.SubprocessError) as error:
        return str(error)
    return "" if bubble.process.returncode == 0 else stderr.decode(errors="replace").strip() or "it does not run"
