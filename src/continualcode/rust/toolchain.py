"""Which rustc, cargo and clippy are here.

`find()` hands back the toolchain's own binaries, never rustup's proxies (a proxy costs 15 ms a call and
needs the home directory, which the sandbox hides). A toolchain that is missing or older than 1.63 is a
`ToolchainError`: one sentence that says what to install.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from continualcode.errors import UserError

OLDEST = (1, 63)


class ToolchainError(UserError):
    """No usable Rust toolchain; the message says what to install."""


@dataclass(frozen=True)
class Toolchain:
    """Real binaries and the folder they live in. `version` is like `1.95.0`; `identity` names the exact
    compiler (for cache keys). cargo and clippy_driver are None where they are not installed."""

    rustc: Path
    cargo: Path | None
    clippy_driver: Path | None
    sysroot: Path
    version: str
    identity: str

    @property
    def folders(self) -> tuple[Path, ...]:
        """What a sandbox must be able to read for these binaries to run."""
        return tuple(
            dict.fromkeys([self.sysroot, *(p.parent for p in (self.rustc, self.cargo, self.clippy_driver) if p)])
        )


def find() -> Toolchain:
    """The toolchain on the PATH (or in ~/.cargo/bin); looked up once for a PATH.

    Raises ToolchainError when there is none, when it does not run, or when it is older than 1.63.
    """
    return _find(os.environ.get("PATH", os.defpath), os.environ.get("RUSTUP_TOOLCHAIN", ""))


@lru_cache(maxsize=8)
def _find(path: str, _override: str) -> Toolchain:
    home_bin = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "bin"
    searched = f"{path}{os.pathsep}{home_bin}"
    entry = shutil.which("rustc", path=searched)
    if entry is None:
        raise ToolchainError(
            "No Rust compiler was found: install Rust 1.63 or newer with cargo "
            "(`apt install rustc cargo`, or https://rustup.rs with `--component clippy`) and put it on the PATH."
        )
    sysroot = Path(_ask(entry, "--print", "sysroot").strip())
    rustc = sysroot / "bin" / "rustc"
    if not rustc.is_file():
        rustc = Path(entry).resolve()
    identity = _ask(str(rustc), "-vV")
    found = re.search(r"^release: (\d+)\.(\d+)\.(\S+)", identity, re.M)
    if not found:
        raise ToolchainError(f"{rustc} does not say which version it is: reinstall Rust 1.63 or newer.")
    version = ".".join(found.groups())
    if (int(found[1]), int(found[2])) < OLDEST:
        raise ToolchainError(
            f"{rustc} is Rust {version}, and 1.63 or newer is needed: run `rustup update` or install a newer package."
        )
    return Toolchain(
        rustc=rustc,
        cargo=_beside(rustc, "cargo", searched),
        clippy_driver=_beside(rustc, "clippy-driver", searched),
        sysroot=sysroot,
        version=version,
        identity=identity.strip(),
    )


def _beside(rustc: Path, name: str, searched: str) -> Path | None:
    """`name` from rustc's own folder, else a real binary on the PATH (a rustup proxy for a component that
    is not installed would only fail later)."""
    own = rustc.parent / name
    if own.is_file():
        return own
    other = shutil.which(name, path=searched)
    if other is None or Path(other).resolve().name in ("rustup", "rustup-init"):
        return None
    return Path(other).resolve()


def _ask(binary: str, *arguments: str) -> str:
    try:
        done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        detail = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise ToolchainError(
            f"`{binary} {' '.join(arguments)}` does not run ({detail[0] if detail else 'no message'}): "
            "reinstall Rust 1.63 or newer, or run `rustup default stable`."
        ) from error
    return done.stdout
