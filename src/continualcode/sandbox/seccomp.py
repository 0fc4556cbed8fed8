"""System-call filters as raw BPF, so that no library is needed: x86-64 and aarch64.

`program(...)` gives the bytes of a `struct sock_filter[]`. What is always refused: other namespaces and
mounts, tracing and reading other processes, kernel keys, BPF, io_uring (it opens sockets past any filter),
memory that no limit counts (memfd, System V segments), set-user-id bits. `gate` is the filter that asks before
every new process (see gate.py). The fallback without namespaces
also refuses sockets, leaving the process group, path-wise changes of file modes, owners and times (Landlock
does not govern them), and, where Landlock cannot scope them, signals to others.
"""

from __future__ import annotations

import errno
import platform
import struct

_ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "arm64": (1, 0xC00000B7)}
_NUMBERS = {  # name: (x86-64, aarch64); None where the architecture has no such call
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430), "fsmount": (432, 432),
    "mount_setattr": (442, 442), "chroot": (161, 51), "clone": (56, 220), "clone3": (435, 435),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "kexec_load": (246, 104),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "mknod": (133, None),
    "mknodat": (259, 33), "chown": (92, None), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "removexattr": (197, 14), "lremovexattr": (198, 15),
    "setxattrat": (463, 463), "removexattrat": (466, 466), "truncate": (76, 45),
    "socket": (41, 198), "setsid": (112, 157), "setpgid": (109, 154),
    "fork": (57, None), "vfork": (58, None), "seccomp": (317, 277),
    "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_send_signal": (424, 424),
}  # fmt: skip
_ALWAYS = """ptrace process_vm_readv process_vm_writev pidfd_getfd unshare setns mount umount2 pivot_root open_tree
move_mount fsopen fsmount mount_setattr chroot io_uring_setup io_uring_enter io_uring_register keyctl add_key
request_key bpf perf_event_open userfaultfd kexec_load init_module finit_module delete_module open_by_handle_at
fanotify_init memfd_create memfd_secret shmget msgget semget mq_open""".split()
_PATHWISE = """chown lchown fchownat utime utimes futimesat setxattr lsetxattr removexattr lremovexattr setxattrat
removexattrat fchmodat2 truncate""".split()
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_SET_ID = 0o6000
PRIVATE_MODE = 0o700  # the one mode a path may be changed to without namespaces: linkers need it

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO, _NOTIFY = 0x7FFF0000, 0x80000000, 0x00050000, 0x7FC00000


def supported() -> bool:
    """Whether the filter knows this machine's architecture."""
    return platform.machine() in _ARCHES


def program(*, namespaces: bool, scoped_signals: bool = True) -> bytes:
    """The filter for this machine. `namespaces`: the command has its own (bubblewrap); without them sockets,
    sessions and path-wise metadata are refused too, and signals unless Landlock scopes them."""
    column, audit = _ARCHES[platform.machine()]
    out: list[tuple[int, int, int, int]] = []

    def refuse(name: str, code: int = errno.EPERM) -> None:
        if (number := _NUMBERS[name][column]) is not None:
            out.extend([(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | code)])

    def refuse_if(name: str, argument: int, test: int, value: int, *, unless: bool = False) -> None:
        """Refuses the call when the low half of `argument` passes `test` (or, with `unless`, when not)."""
        if (number := _NUMBERS[name][column]) is None:
            return
        out.append((_EQUAL, 0, 4, number))
        out.append((_LOAD, 0, 0, 16 + 8 * argument))
        out.append((test, 1, 0, value) if unless else (test, 0, 1, value))
        out.append((_RETURN, 0, 0, _ERRNO | errno.EPERM))
        out.append((_RETURN, 0, 0, _ALLOW))

    out += _head(column, audit)
    for name in _ALWAYS:
        refuse(name)
    refuse("clone3", errno.ENOSYS)  # its flags lie in memory, out of a filter's sight; libc falls back to clone
    refuse_if("clone", 0, _ANY_BIT, _NEW_NAMESPACES)
    if namespaces:
        for name, argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("fchmodat2", 2)):
            refuse_if(name, argument, _ANY_BIT, _SET_ID)
    else:
        for name in _PATHWISE:
            refuse(name)
        refuse_if("chmod", 1, _EQUAL, PRIVATE_MODE, unless=True)
        refuse_if("fchmodat", 2, _EQUAL, PRIVATE_MODE, unless=True)
        refuse_if("fchmod", 1, _ANY_BIT, _SET_ID)
        refuse_if("utimensat", 1, _EQUAL, 0, unless=True)  # by descriptor only
        refuse("socket")
        refuse("setsid", 0)  # "done": the group stays whole, so that one signal ends it
        refuse("setpgid", 0)
        if not scoped_signals:
            for name in ("kill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"):
                refuse(name)
            refuse_if("tgkill", 2, _EQUAL, 6, unless=True)  # abort()
    out.append((_RETURN, 0, 0, _ALLOW))
    return _bytes(out)


def gate() -> bytes:
    """The filter that asks its listener before every new process or thread, and allows everything else."""
    column, audit = _ARCHES[platform.machine()]
    out = _head(column, audit)
    for name in ("fork", "vfork", "clone", "clone3"):
        if (number := _NUMBERS[name][column]) is not None:
            out += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOTIFY)]
    return _bytes([*out, (_RETURN, 0, 0, _ALLOW)])


def is_clone(number: int) -> bool:
    """Whether a system call is `clone`, whose first argument holds the flags."""
    return number == _NUMBERS["clone"][_ARCHES[platform.machine()][0]]


def call() -> int:
    """The number of the system call that installs a filter, where `supported`."""
    number = _NUMBERS["seccomp"][_ARCHES[platform.machine()][0]]
    assert number is not None
    return number


def _head(column: int, audit: int) -> list[tuple[int, int, int, int]]:
    """Ends whoever calls by another door: another architecture's numbers, or x32's."""
    out = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, audit), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    return out + [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)] if column == 0 else out


def _bytes(instructions: list[tuple[int, int, int, int]]) -> bytes:
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in instructions)
