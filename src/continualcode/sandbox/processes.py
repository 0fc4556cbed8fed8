"""Reading /proc: which processes belong to a sandbox, and what they hold. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """What a set of processes holds; `resident_mb` counts shared copies of forked memory once for each."""

    processes: int
    threads: int
    resident_mb: float


def usage(folders: Iterable[str]) -> Usage:
    """Reads `<folder>/status` of each process; those that have gone meanwhile are passed over."""
    processes = threads = kilobytes = 0
    for folder in folders:
        try:
            with open(f"{folder}/status", "rb") as file:
                status = file.read()
        except OSError:
            continue
        processes += 1
        for line in status.splitlines():
            if line.startswith((b"RssAnon:", b"RssShmem:")):
                kilobytes += int(line.split()[1])
            elif line.startswith(b"Threads:"):
                threads += int(line.split()[1])
    return Usage(processes, threads, kilobytes / 1024)


def proportional_mb(folders: Iterable[str]) -> float | None:
    """Memory with shared pages counted once, file pages left out; None where the kernel does not tell."""
    kilobytes = 0
    for folder in folders:
        try:
            with open(f"{folder}/smaps_rollup", "rb") as file:
                rollup = file.read()
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError:
            return None
        kilobytes += sum(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith((b"Pss_Anon:", b"Pss_Shmem:"))
        )
    return kilobytes / 1024


def group(pgid: int) -> list[str]:
    """Folders of the processes in a process group; those that have ended and wait to be reaped are left out."""
    return [f"/proc/{pid}" for pid, (_, pgrp) in _table().items() if pgrp == pgid]


def descendants(ancestor: int) -> list[str]:
    """Folders of a process and all that it started (in a process namespace orphans stay below its first)."""
    table = _table()
    members = {ancestor}
    grown = True
    while grown:
        more = {pid for pid, (parent, _) in table.items() if parent in members} - members
        members |= more
        grown = bool(more)
    return [f"/proc/{pid}" for pid in members]


def tasks_of(uid: int) -> int:
    """Threads that a user has now: what RLIMIT_NPROC counts."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    total += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return total


def _table() -> dict[int, tuple[int, int]]:
    """pid -> (parent, process group) of every living process."""
    table: dict[int, tuple[int, int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] not in (b"Z", b"X"):
                table[int(name)] = (int(fields[1]), int(fields[2]))
    return table


def written_bytes(places: Iterable[Path], since: float, folders: Iterable[str]) -> int:
    """Disk blocks of files in `places` changed since a time (seconds of the epoch), and of deleted files
    that the processes still hold open."""
    seen: dict[tuple[int, int], int] = {}
    for place in places:
        for root, _, names in os.walk(place):
            for name in names:
                try:
                    state = os.lstat(f"{root}/{name}")
                except OSError:
                    continue
                if state.st_ctime >= since:
                    seen[state.st_dev, state.st_ino] = state.st_blocks * 512
    for folder in folders:
        try:
            descriptors = os.listdir(f"{folder}/fd")
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                state = os.stat(f"{folder}/fd/{descriptor}")
            except OSError:
                continue
            if state.st_nlink == 0:
                seen[state.st_dev, state.st_ino] = state.st_blocks * 512
    return sum(seen.values())
