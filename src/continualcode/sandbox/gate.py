"""A gate before every new process: the kernel holds each fork until the command's watcher has counted it.

A filter with a listener (seccomp user notification, Linux 5.5) is put on one short-lived thread of this
program, which then starts the command; the command and all its children inherit it. Their fork, vfork, clone
and clone3 wait in the kernel until `Gate.answer` lets them pass. So a watcher that gets no processor time
makes a fork bomb wait, where a watcher that only looks would let it through. It binds root as well, whom
RLIMIT_NPROC does not.

What it does not do: it does not look at what a call points to, and it never refuses; who would pass the limit
waits until the watcher ends everything.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import signal
import struct
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from continualcode.sandbox import processes, seccomp
from continualcode.sandbox.limits import Limits

_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, _SEND
_REQUEST = struct.Struct("=QIIiIQ6Q")  # id, pid, flags; nr, arch, instruction pointer, arguments
_ANSWER = struct.Struct("=QqiI")  # id, value, error, flags
_CONTINUE = 1
_CLONE_THREAD = 0x10000
_SET_MODE_FILTER, _NEW_LISTENER, _WAIT_KILLABLE = 1, 1 << 3, 1 << 5
_PR_SET_NO_NEW_PRIVS = 38
_SETSIGDEF, _SETSIGMASK, _SETSID = 0x04, 0x08, 0x80
_THREADS = 8  # threads for each process that the limit allows
NICE = 1  # how far a command stands behind its watcher; at 5 a compiler took 2.6 times as long beside other work


class GateError(OSError):
    """The kernel gives no listener here (too old, or this program is itself behind such a gate)."""


@dataclass(frozen=True)
class _Waiting:
    id: int
    thread: bool
    pid: int


class Gate:
    """The watcher's side. `members` gives the /proc folders of the command, once it can be looked at."""

    def __init__(self, listener: int, limits: Limits, released: threading.Event) -> None:
        self.listener = listener
        self.members: Callable[[], Sequence[str]] = tuple
        self._most = limits.processes
        self._processes, self._tasks = max(4, limits.processes), _THREADS * max(4, limits.processes)
        self._held: list[_Waiting] = []
        self._passing: dict[int, int] = {}  # who was let pass and may still be in the call -> its user time then
        self._released = released  # lets go of the thread that is the command's parent

    @property
    def holds(self) -> bool:
        """Whether someone waits for an answer that `settle` owes."""
        return bool(self._held)

    def answer(self) -> bool:
        """Takes one request; False when the command has as many processes as it may and wants more."""
        request = bytearray(_REQUEST.size)
        try:
            fcntl.ioctl(self.listener, _RECEIVE, request)
        except OSError:  # whoever asked has been killed meanwhile
            return True
        fields = _REQUEST.unpack(request)
        one = _Waiting(fields[0], seccomp.is_clone(fields[3]) and bool(fields[6] & _CLONE_THREAD), fields[1])
        self._passing.pop(one.pid, None)  # it asks again: the call before is over
        if not self._held and self._tasks > 0 and (one.thread or self._processes > 0):
            self._let_pass(one)
            return True
        self._held.append(one)
        return self.settle()

    def settle(self) -> bool:
        """Counts anew, and answers those who wait as far as there is room; False when there is none.

        A birth that was allowed but cannot be seen yet counts, so that a crowd in the making does not pass
        unseen; as long as only these fill the room, the others wait.
        """
        coming = self._on_the_way()  # first: who is through by now has a child that the next line sees
        seen = processes.usage(self.members())
        wanted = any(not one.thread for one in self._held)
        if (wanted and seen.processes >= self._most) or seen.threads >= _THREADS * self._most:
            return False
        self._processes = self._most - seen.processes - coming
        self._tasks = _THREADS * self._most - seen.threads - coming
        while self._held and self._tasks > 0 and (self._held[0].thread or self._processes > 0):
            self._let_pass(self._held.pop(0))
        return True

    def close(self) -> None:
        """The command has ended. Whoever still waited would get ENOSYS."""
        self._released.set()
        if self.listener >= 0:
            os.close(self.listener)
            self.listener = -1

    def _let_pass(self, one: _Waiting) -> None:
        try:
            fcntl.ioctl(self.listener, _SEND, _ANSWER.pack(one.id, 0, 0, _CONTINUE))
        except OSError:
            return
        self._tasks -= 1
        self._processes -= 0 if one.thread else 1
        self._passing[one.pid] = -1
        if len(self._passing) > 4096:
            self._on_the_way()

    def _on_the_way(self) -> int:
        """How many may still be in the call that they were let into: running (or in an uninterruptible wait),
        and not seen to have spent time in user mode since (two ticks: the kernel divides a tick by estimate)."""
        for pid, before in list(self._passing.items()):
            try:
                with open(f"/proc/{pid}/task/{pid}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                del self._passing[pid]
                continue
            ticks = int(fields[11])
            if fields[0] not in (b"R", b"D") or 0 <= before <= ticks - 2:
                del self._passing[pid]
            elif before < 0:
                self._passing[pid] = ticks
        return len(self._passing)


class Spawned:
    """A started program: the few things of a Popen that are needed, for one that this thread did not start."""

    def __init__(self, pid: int, stdin: IO[bytes] | None, stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.pid, self.stdin, self.stdout, self.stderr = pid, stdin, stdout, stderr
        self.returncode: int | None = None

    def wait(self) -> int:
        """Waits for its end; -n after signal n."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def kill(self) -> None:
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own


def spawn(
    argv: Sequence[str], *, limits: Limits, stdin: bool, keep: Sequence[int] = (), gated: bool = True
) -> tuple[Spawned | subprocess.Popen[bytes], Gate | None]:
    """Starts a program in a session of its own, with an empty environment, its output on pipes, behind a gate
    when `gated`. argv[0] is an absolute path; keep: descriptors that it inherits.

    The program's parent is a thread that lives until `Gate.close`, so that a wish to die with its parent
    means this program. Raises GateError when there can be no gate, OSError when the program cannot start.
    """
    if not gated:
        process = subprocess.Popen(
            argv, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, pass_fds=keep, env={}, start_new_session=True,
        )  # fmt: skip
        return process, None
    told_read, told_write = os.pipe()
    inner, outer = _pipes(stdin)
    news: list[int | OSError] = []  # the listener, then the program's number; or what went wrong instead
    released = threading.Event()

    def parent() -> None:
        try:
            news.append(_listen())
            os.write(told_write, b"l")
            news.append(_posix_spawn(argv, inner, keep))
        except OSError as error:
            news.append(error)
        finally:
            for descriptor in (*inner, told_write):
                os.close(descriptor)
        released.wait()

    gate = None
    try:
        threading.Thread(target=parent, daemon=True, name="sandbox-parent").start()
        os.read(told_read, 1)
        if isinstance(listener := news[0], OSError):
            raise listener
        gate = Gate(listener, limits, released)
        while told_read not in (ready := select.select([told_read, listener], [], [])[0]):
            if listener in ready:
                gate.answer()
        if isinstance(started := news[1], OSError):
            raise started
    except BaseException:
        released.set()
        if gate is not None:
            gate.close()
        for descriptor in outer:
            os.close(descriptor)
        raise
    finally:
        os.close(told_read)
    fed = os.fdopen(outer[2], "wb", 0) if stdin else None
    return Spawned(started, fed, os.fdopen(outer[0], "rb", 0), os.fdopen(outer[1], "rb", 0)), gate


def step_back(process: int, first: int | None = None) -> None:
    """Puts a started command (`process` leads its session, `first` is whoever becomes it) behind its watcher:
    as threads, and as a session where the kernel shares processors between sessions."""
    number = process if first is None else first
    os.setpriority(os.PRIO_PROCESS, number, min(19, os.getpriority(os.PRIO_PROCESS, number) + NICE))
    try:
        with open(f"/proc/{process}/autogroup", "w") as file:
            file.write(str(NICE))
    except OSError:  # not in this kernel; or an ordinary user, who may do so ten times a second
        pass


def _pipes(stdin: bool) -> tuple[list[int], list[int]]:
    """([its standard input, output, error], [our ends of output, error and, when asked for, input])."""
    out_read, out_write = os.pipe()
    error_read, error_write = os.pipe()
    if not stdin:
        return [os.open(os.devnull, os.O_RDONLY), out_write, error_write], [out_read, error_read]
    in_read, in_write = os.pipe()
    return [in_read, out_write, error_write], [out_read, error_read, in_write]


def _listen() -> int:
    """Puts the filter on the calling thread, for good, and gives the listener's descriptor."""
    if not seccomp.supported():
        raise GateError(errno.ENOSYS, "the system-call filter does not know this processor")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    code = seccomp.gate()
    instructions = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("HP", len(code) // 8, ctypes.addressof(instructions))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):
            listener = libc.syscall(seccomp.call(), _SET_MODE_FILTER, flags, filters)
            if listener >= 0:
                return listener
    code = ctypes.get_errno()
    raise GateError(code, os.strerror(code))


def _posix_spawn(argv: Sequence[str], standard: Sequence[int], keep: Sequence[int]) -> int:
    """posix_spawn through ctypes, which lets go of the interpreter's lock meanwhile: os.posix_spawn and
    subprocess keep it, and the thread that must answer the gate could not run."""
    libc = ctypes.CDLL(None, use_errno=True)
    actions, attributes = ctypes.create_string_buffer(1024), ctypes.create_string_buffer(1024)
    default, mask = ctypes.create_string_buffer(256), ctypes.create_string_buffer(256)
    libc.posix_spawn_file_actions_init(actions)
    libc.posix_spawnattr_init(attributes)
    try:
        for target, descriptor in enumerate(standard):
            libc.posix_spawn_file_actions_adddup2(actions, descriptor, target)
        for descriptor in keep:
            libc.posix_spawn_file_actions_adddup2(actions, descriptor, descriptor)  # clears close-on-exec
        for name in os.listdir("/proc/self/fd"):
            if int(name) > 2 and int(name) not in keep and _inheritable(int(name)):
                libc.posix_spawn_file_actions_addclose(actions, int(name))
        libc.sigemptyset(mask)
        libc.sigemptyset(default)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them
            libc.sigaddset(default, number)
        libc.posix_spawnattr_setsigdefault(attributes, default)
        libc.posix_spawnattr_setsigmask(attributes, mask)
        libc.posix_spawnattr_setflags(attributes, ctypes.c_short(_SETSIGDEF | _SETSIGMASK | _SETSID))
        words = (ctypes.c_char_p * (len(argv) + 1))(*map(os.fsencode, argv), None)
        environment = (ctypes.c_char_p * 1)(None)
        pid = ctypes.c_int()
        code = libc.posix_spawn(ctypes.byref(pid), os.fsencode(argv[0]), actions, attributes, words, environment)
        if code:
            raise OSError(code, os.strerror(code), argv[0])
        return pid.value
    finally:
        libc.posix_spawn_file_actions_destroy(actions)
        libc.posix_spawnattr_destroy(attributes)


def _inheritable(descriptor: int) -> bool:
    try:
        return os.get_inheritable(descriptor)
    except OSError:
        return False
