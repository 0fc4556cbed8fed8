"""Confines itself, then becomes the command. Run as a script, `python -I -S landlock_exec.py CONFIG`, by
`landlock.py`; it knows nothing of the package and needs no library.

CONFIG is JSON: rlimits [[resource, value]…], read [path…] (and execute), write [path…], files [path…] (device
files, read and write), filter (hex of a seccomp program), cwd, argv, env. Exits with 125 and a sentence when
it cannot confine itself: then nothing was run.
"""

import ctypes
import json
import os
import resource
import struct
import sys

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_READ = 1 | 4 | 8  # execute, read file, read folder
_DEVICE = 2 | 4
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_PDEATHSIG, _PR_CAPBSET_DROP = 38, 22, 1, 24
_CAPABILITY_VERSION_3 = 0x20080522


def _check(code: int, what: str) -> int:
    if code < 0:
        raise OSError(ctypes.get_errno(), what)
    return code


def confine(config: dict) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    abi = _check(libc.syscall(_CREATE, None, 0, 1), "Landlock is not in this kernel")
    governed = (1 << 13) - 1
    for since, bit in ((2, 13), (3, 14), (5, 15)):  # refer, truncate, ioctl on devices
        governed |= (1 << bit) if abi >= since else 0
    tcp = 3 if abi >= 4 else 0
    scoped = 3 if abi >= 6 else 0  # abstract sockets, signals
    rules = struct.pack("QQQ", governed, tcp, scoped)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = _check(libc.syscall(_CREATE, rules, len(rules), 0), "landlock_create_ruleset")
    for paths, rights in (
        (config["read"], _READ),
        (config["write"], governed & ~(1 << 15)),
        (config["files"], _DEVICE),
    ):
        for path in paths:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except FileNotFoundError:
                continue
            if not os.path.isdir(path):
                rights_here = rights & (1 | 2 | 4 | 1 << 14 | 1 << 15)
            else:
                rights_here = rights
            rule = struct.pack("=Qi", rights_here & governed, place)
            _check(libc.syscall(_ADD, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
            os.close(place)
    for name, value in config["rlimits"]:
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))
    os.umask(0o077)
    os.chdir(config["cwd"])
    _check(libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl")
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to ordinary users, who have none
    header, none = struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24)
    _check(libc.capset(header, none), "capset")
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _check(libc.syscall(_RESTRICT, ruleset, 0), "landlock_restrict_self")
    code = bytes.fromhex(config["filter"])
    instructions = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("HP", len(code) // 8, ctypes.addressof(instructions))
    _check(libc.prctl(_PR_SET_SECCOMP, 2, filters, 0, 0), "seccomp")


def main() -> None:
    config = json.loads(sys.argv[1])
    try:
        confine(config)
    except OSError as error:
        print(f"cannot confine: {error.strerror} ({error.filename or error.errno})", file=sys.stderr)
        sys.exit(125)
    name, environment = config["argv"][0], config["env"]
    # by hand: os.execvpe imports a module, which can no longer be read by now
    folders = [""] if "/" in name else environment.get("PATH", "/usr/bin:/bin").split(":")
    for folder in folders:
        try:
            os.execve(os.path.join(folder, name), config["argv"], environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            print(f"{name}: {error.strerror}", file=sys.stderr)
            sys.exit(126)
    print(f"{name}: command not found", file=sys.stderr)
    sys.exit(127)


main()
