from __future__ import annotations

import os
from pathlib import Path

import pytest

from continualcode.errors import UserError
from continualcode.rust import toolchain


def test_finds_real_binaries() -> None:
    tools = toolchain.find()
    assert tools.rustc.is_file()
    assert tools.rustc.resolve().name != "rustup"
    assert tuple(map(int, tools.version.split(".")[:2])) >= toolchain.OLDEST
    assert "release:" in tools.identity
    assert toolchain.find() is tools


def fake(folder: Path, script: str) -> None:
    (folder / "rustc").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "rustc").chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    toolchain._find.cache_clear()
    return tmp_path / "bin"


def test_missing(bare: Path) -> None:
    with pytest.raises(toolchain.ToolchainError, match="install Rust 1.63 or newer") as caught:
        toolchain.find()
    assert isinstance(caught.value, UserError)
    assert "\n" not in str(caught.value)


def test_too_old(bare: Path) -> None:
    fake(bare, 'if [ "$1" = --print ]; then echo /nowhere; else echo "rustc 1.48.0"; echo "release: 1.48.0"; fi')
    with pytest.raises(toolchain.ToolchainError, match=r"1\.48\.0, and 1\.63 or newer"):
        toolchain.find()


def test_broken(bare: Path) -> None:
    fake(bare, "echo 'no default toolchain configured' >&2; exit 1")
    with pytest.raises(toolchain.ToolchainError, match="no default toolchain") as caught:
        toolchain.find()
    assert "\n" not in str(caught.value)


def test_a_proxy_for_a_missing_component_is_none(bare: Path) -> None:
    fake(bare, f'if [ "$1" = --print ]; then echo {bare.parent}; else echo "release: 1.70.0"; fi')
    (bare / "rustup").write_text("#!/bin/sh\nexit 1\n")
    (bare / "rustup").chmod(0o755)
    os.symlink("rustup", bare / "cargo")
    tools = toolchain.find()
    assert (tools.rustc, tools.clippy_driver, tools.version) == (bare / "rustc", None, "1.70.0")
