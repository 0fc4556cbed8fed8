"""A wheel built from the repository works alone: koans, model and demo travel inside it."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from continualcode.koans import catalogue

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the wheel's content, installed by pip without its dependencies."""
    if not (ROOT / "pyproject.toml").exists():
        pytest.skip("these tests run from a checkout")
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(folder / "site"),
    ]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    return folder


def call(installed: Path, *words: str, cwd: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(installed / "site"), "CONTINUALCODE_HOME": str(installed / "home")}
    command = [sys.executable, "-P", *words]
    return subprocess.run(
        command, cwd=cwd or installed, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_koans_are_listed_from_inside_the_wheel(installed: Path):
    where = call(installed, "-c", "from continualcode import config; print(config.bundled('koans'))").strip()
    assert Path(where) == installed / "site" / "continualcode" / "data" / "koans"
    answer = json.loads(call(installed, "-m", "continualcode", "list", "--json").splitlines()[-1])
    assert answer["n"] == len(catalogue.load()) > 0
    shown = json.loads(call(installed, "-m", "continualcode", "show", answer["koans"][0]["id"], "--json"))
    assert "fn " in shown["buggy"] and "mod tests" in shown["tests"]


def test_the_model_the_demo_and_both_names_are_inside(installed: Path):
    (wheel,) = (installed / "dist").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("koans", "models", "demo"):
        here = {
            p.relative_to(ROOT).as_posix() for p in (ROOT / name).rglob("*") if p.is_file() and "target" not in p.parts
        }
        assert {f"continualcode/data/{path}" for path in here} <= set(names)
    assert len(names) == len(set(names))
    assert not [n for n in names if n.startswith(("tests/", "src/", "scripts/")) or "__pycache__" in n]
    entry_points = next(n for n in names if n.endswith("entry_points.txt"))
    text = zipfile.ZipFile(wheel).read(entry_points).decode()
    assert "continualcode = " in text and "sleepy-coder = " in text
    assert any(n.endswith("licenses/LICENSE") for n in names)
