"""Is a koan's verdict by rustc cargo's, and what does it cost? Every koan, buggy and solution, with clippy.

`continualcode bench verdicts`. Both ways run in the sandbox, without the cache of verdicts, one after the other
on the same task; prints how many differ and the ratio of their times.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from continualcode.config import Settings


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.koans import catalogue
    from continualcode.rust.check import check
    from continualcode.rust.compare import compare_with_cargo
    from continualcode.rust.crate import check_crate

    koans = catalogue.load()
    differences = []
    for i, koan in enumerate(koans):
        differences += compare_with_cargo([koan], mode=settings.sandbox)
        if i % 10 == 9:
            say(f"{i + 1}/{len(koans)} koans, {len(differences)} differences")
    timed = koans[:: max(1, len(koans) // 20)]
    by_rustc = by_cargo = 0.0
    with tempfile.TemporaryDirectory(prefix="continualcode-") as folder:
        crate = Path(folder) / "koan"
        (crate / "src").mkdir(parents=True)
        (crate / "Cargo.toml").write_text('[package]\nname = "koan"\nversion = "0.1.0"\nedition = "2021"\n')
        for koan in timed:
            (crate / "src" / "lib.rs").write_text(koan.solution + "\n" + koan.tests)
            began = time.perf_counter()
            check(koan.solution, koan.tests, clippy=True, mode=settings.sandbox)
            middle = time.perf_counter()
            check_crate(crate, clippy=True, target_dir=Path(folder) / "target", mode=settings.sandbox)
            by_rustc += middle - began
            by_cargo += time.perf_counter() - middle
    return {
        "koans": len(koans),
        "programs": 2 * len(koans),
        "differences": [{"id": d.id, "which": d.which} for d in differences],
        "rustc_s": round(by_rustc / len(timed), 3),
        "cargo_s": round(by_cargo / len(timed), 3),
        "cargo_over_rustc": round(by_cargo / by_rustc, 2),
    }
