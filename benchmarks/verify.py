"""How fast are variants made and verified, against one `cargo check` a program in the same run?

`continualcode bench verify`. An example is a pair: the buggy side shows its error, the fixed side none, both
through batches of one rustc run, and clippy over the fixed ones. Seconds are of the CPU (this process and its
children), so that the figure is for one core whatever else the machine does.
"""

from __future__ import annotations

import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from continualcode.config import Settings

PER_PATTERN, CARGO_PROGRAMS = 40, 30


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.koans import patterns, variants
    from continualcode.koans.grammar import PATTERNS
    from continualcode.rust import toolchain

    assert patterns.HELD_BACK <= PATTERNS.keys()
    wall, began = time.perf_counter(), cpu_seconds()
    made = [v for p in sorted(PATTERNS) for v in variants.make(p, PER_PATTERN, settings.seed + 500_000)]
    ours, wall = cpu_seconds() - began, time.perf_counter() - wall
    say(f"{len(made)} examples verified")
    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        crate = Path(folder)
        (crate / "src").mkdir()
        (crate / "Cargo.toml").write_text('[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n')
        cargo = [str(toolchain.find().cargo), "check", "--quiet", "--offline"]
        began = cpu_seconds()
        for variant in made[:: max(1, len(made) // CARGO_PROGRAMS)][:CARGO_PROGRAMS]:
            (crate / "src" / "lib.rs").write_text(variant.fixed)
            subprocess.run(cargo, cwd=crate, check=False, capture_output=True)
        theirs = cpu_seconds() - began
    rate, cargo_rate = len(made) / ours, CARGO_PROGRAMS / theirs
    return {
        "examples": len(made),
        "patterns": len(PATTERNS),
        "examples_per_second_per_core": round(rate, 1),
        "cargo_check_per_second_per_core": round(cargo_rate, 1),
        "programs_over_cargo": round(2 * rate / cargo_rate, 1),
        "wall_s": round(wall, 1),
    }


def cpu_seconds() -> float:
    """User and system seconds of this process and its finished children."""
    return sum(
        u.ru_utime + u.ru_stime
        for u in (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
