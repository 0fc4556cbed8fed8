"""The most memory that this process has held: what comparisons and benchmarks print beside the seconds."""

from __future__ import annotations

from pathlib import Path


def reset_peak() -> None:
    """Linux counts the peak of memory anew from here; elsewhere it stays that of the process's whole life."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def peak_mb() -> int:
    """Highest resident memory since the last reset, MiB; of the process's whole life where that cannot be reset."""
    try:
        line = next(x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
