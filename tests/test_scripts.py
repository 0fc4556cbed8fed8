"""The scripts: valid bash, runnable, and one clear sentence when the machine lacks Python."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = [*sorted((ROOT / "scripts").glob("*.sh")), ROOT / ".ci" / "run"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_scripts_are_valid_bash(script: Path):
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert script.name == "setup.sh" or os.access(script, os.X_OK)


def test_without_a_new_enough_python_there_is_one_sentence(tmp_path: Path):
    (tmp_path / "scripts").mkdir()
    for name in ("setup.sh", "lint.sh"):
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    old = tmp_path / "bin"
    old.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (old / name).write_text("#!/bin/sh\nexit 1\n")  # what `sys.exit(version < (3, 11))` does in an old one
        (old / name).chmod(0o755)
    environment = {"PATH": f"{old}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run([tmp_path / "scripts" / "lint.sh"], env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        "error: Python 3.11 or newer was not found: install it, or name it with PYTHON=/path/to/python3."
    ]
    assert not (tmp_path / ".venv").exists()
