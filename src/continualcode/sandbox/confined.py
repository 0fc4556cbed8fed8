"""`run`: one command, confined by the best backend this machine has."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from continualcode.sandbox import bubblewrap, landlock
from continualcode.sandbox.limits import Job, Limits, Result, SandboxError
from continualcode.sandbox.watch import Running, see_through

DEFAULT = Limits()
MODES = ("auto", "bubblewrap", "landlock", "none")
_SYSTEM_ROOTS = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr")
_BOUNDS = {
    "gate": "the kernel asks before each new process",
    "rlimit": "the kernel counts threads, the watcher processes",
    "watcher": "the watcher alone, which a crowd can slow down",
}
_KEYS = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".git-credentials", ".password-store")
_BASE_ENV = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
}


def run(
    argv: Sequence[str],
    *,
    workspace: Path,
    readable: Sequence[Path] = (),
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    limits: Limits = DEFAULT,
    mode: str = "auto",
    writable: Sequence[Path] = (),
) -> Result:
    """Runs `argv` with `workspace` as working directory and the one place to write, and waits for its end;
    no process of it is left on return.

    readable: further files and folders it may read (and run from), at their own paths; those that do not
    exist are passed over. writable: further folders to write. env: added to a minimal environment; nothing
    of this process's own environment is handed on. mode: `auto` takes bubblewrap, else Landlock; `none` runs
    it unconfined, with time, memory and output still watched.

    Raises SandboxError when no backend works or the workspace cannot be confined (`/`, a system folder, a
    home directory that holds keys).
    """
    if not argv:
        raise ValueError("argv is empty")
    backend = _backend(mode)
    root = Path(workspace).resolve()
    job = Job(
        argv=tuple(map(str, argv)),
        workspace=root,
        readable=tuple(p.resolve() for p in map(Path, readable) if os.path.exists(p)),
        writable=tuple(_place(Path(p).resolve()) for p in writable),
        hidden=_hidden(root, backend) if backend != "none" else (),
        env={**_BASE_ENV, **(env or {})},
        limits=limits,
        stdin=stdin is not None,
    )
    running: Running
    places = [_place(root), *job.writable]
    if backend == "bubblewrap":
        running = bubblewrap.start(job)
    elif backend == "landlock":
        running = group = landlock.start(job)
        places += [group.private] if group.private else []
    else:
        running = _unconfined(job)
    return see_through(running, stdin, limits, places)


def available() -> dict[str, Any]:
    """{"bubblewrap": bool, "landlock": bool, "chosen": what `auto` takes or None, "reasons": {name: why not},
    "processes": {name: what bounds its processes}}."""
    reasons = {name: why for name in ("bubblewrap", "landlock") if (why := _why_not(name))}
    works = [name for name in ("bubblewrap", "landlock") if name not in reasons]
    return {
        "bubblewrap": "bubblewrap" in works,
        "landlock": "landlock" in works,
        "chosen": works[0] if works else None,
        "reasons": reasons,
        "processes": {name: _BOUNDS[_probe(name)[1]] for name in works},
    }


def _why_not(name: str) -> str:
    return _probe(name)[0]


def _probe(name: str) -> tuple[str, str]:
    return bubblewrap.probe() if name == "bubblewrap" else landlock.probe()


def _backend(mode: str) -> str:
    mode = "bubblewrap" if mode == "bwrap" else mode
    if mode not in MODES:
        raise SandboxError(f"Unknown sandbox mode `{mode}`: use one of {', '.join(MODES)}.")
    if mode == "none":
        return mode
    reasons = {}
    for name in ("bubblewrap", "landlock") if mode == "auto" else (mode,):
        reasons[name] = _why_not(name)
        if not reasons[name]:
            return name
    why = "; ".join(f"{name}: {reason.rstrip('.')}" for name, reason in reasons.items())
    raise SandboxError(
        f"Commands cannot be confined here ({why}): install bubblewrap (`apt install bubblewrap`), "
        "or run them unconfined with `sandbox=none`."
    )


def _place(place: Path) -> Path:
    if not os.path.isdir(place):
        raise SandboxError(f"The workspace {place} is not a folder: create it or name another.")
    if place == Path("/") or any(place == Path(r) or Path(r) in place.parents for r in _SYSTEM_ROOTS):
        raise SandboxError(f"{place} is a system folder: work in a project folder of your own.")
    return place


def _hidden(workspace: Path, backend: str) -> tuple[Path, ...]:
    """Home directories inside the workspace, which a mount can hide; one that is the workspace cannot be."""
    homes = {Path(os.path.expanduser("~")).resolve()}
    try:
        homes.add(Path(pwd.getpwuid(os.getuid()).pw_dir).resolve())
    except KeyError:
        pass
    hidden = []
    for home in homes:
        keys = [name for name in _KEYS if os.path.exists(home / name)]
        if home == workspace and keys or (workspace in home.parents and keys and backend != "bubblewrap"):
            raise SandboxError(
                f"The workspace {workspace} holds your home directory with keys ({keys[0]}): work in a project folder."
            )
        if workspace in home.parents and os.path.isdir(home):
            hidden.append(home)
    return tuple(hidden)


def _unconfined(job: Job) -> landlock.Group:
    """The user's explicit choice: nothing but the watcher's limits."""
    try:
        process = subprocess.Popen(
            job.argv, cwd=job.workspace, env=dict(job.env), start_new_session=True,
            stdin=subprocess.PIPE if job.stdin else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise SandboxError(f"`{job.argv[0]}` cannot be run ({error.strerror}).") from error
    return landlock.Group(process)
