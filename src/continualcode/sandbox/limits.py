"""What goes in and comes out of a sandboxed run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from continualcode.errors import UserError

Stopped = Literal["", "timeout", "memory", "output", "disk", "processes"]


class SandboxError(UserError):
    """No backend can run here, or the workspace is a place that cannot be confined."""


@dataclass(frozen=True)
class Limits:
    """Bounds of one command and everything it starts."""

    seconds: float = 20.0
    """Wall-clock time; processor time of each process is bounded by the same figure."""
    memory_mb: int = 2048
    """Memory of all its processes together, MiB."""
    processes: int = 128
    """Processes alive at once (threads: eight times as many). Where the kernel asks before each (see
    `available`), there are never more; else there may be for as long as the watcher takes to look."""
    output_bytes: int = 1_000_000
    """Standard output and standard error together; what came before the limit is kept."""
    file_mb: int = 256
    """Largest single file, MiB."""
    disk_mb: int = 512
    """Growth of everything it may write to, MiB; the private /tmp holds half of that. The workspace is watched:
    what a command can write between two looks comes on top."""


@dataclass(frozen=True)
class Result:
    """How a command ended. `returncode` is the shell's: 128 + n after signal n. `stopped` names the limit
    that ended it, else it is empty. Outputs hold what was printed up to the limit."""

    returncode: int
    stdout: bytes
    stderr: bytes
    stopped: Stopped
    seconds: float


@dataclass(frozen=True)
class Job:
    """One command as the backends see it; every path is absolute and exists."""

    argv: tuple[str, ...]
    workspace: Path
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    hidden: tuple[Path, ...]
    env: Mapping[str, str]
    limits: Limits
    stdin: bool = False
