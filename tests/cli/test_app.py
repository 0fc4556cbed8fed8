"""The command line as a whole: settings anywhere, exit codes, one JSON line, nothing heavy on the way."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from continualcode.cli import app as program
from continualcode.cli import output
from continualcode.cli.app import run, split_settings
from continualcode.errors import UserError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def last_json(text: str) -> dict:
    return json.loads(text.strip().splitlines()[-1])


def test_words_before_the_command_are_settings():
    assert split_settings(["seed=3", "eval", "--suite", "a=b", "seed=4"]) == (
        ["seed=3"],
        ["eval", "--suite", "a=b", "seed=4"],
    )
    assert split_settings(["-p", "x=1", "--json", "seed=3"]) == (["seed=3"], ["-p", "x=1", "--json"])
    assert split_settings(["--resume", "a=b", "teacher=ema"]) == (["teacher=ema"], ["--resume", "a=b"])
    assert split_settings(["--allow", "edit:a=b", "seed=3"]) == (["seed=3"], ["--allow", "edit:a=b"])
    assert split_settings([]) == ([], [])


def test_settings_stand_before_and_after_a_command(capsys: pytest.CaptureFixture[str]):
    assert run(["seed=3", "alpha=0.1", "settings", "alpha=0.2", "--json", "lora_rank=4"]) == 0
    answer = last_json(capsys.readouterr().out)
    assert (answer["seed"], answer["alpha"], answer["lora_rank"]) == (3, 0.2, 4)
    assert run(["settings", "--json"]) == 0  # nothing is left over from the run before
    assert last_json(capsys.readouterr().out)["seed"] == 0


@pytest.mark.parametrize("width", [40, 60, 80, 120, 160])
def test_settings_fit_the_terminal(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(["settings", "seed=3", "home=/h"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split()[1:4] for line in lines if line.startswith("*")] == [["home", "=", "/h"], ["seed", "=", "3"]]
    assert {line.split()[0] for line in lines if line[2:3].strip() and " = " in line} >= {"teacher", "notes_file"}
    assert run(["settings", "--changed", "seed=3", "--json"]) == 0
    assert last_json(capsys.readouterr().out) | {"home": ""} == {"home": "", "seed": 3}


@pytest.mark.parametrize(
    "words, says",
    [
        (["settings", "sed=3"], "did you mean `seed`"),
        (["sed=3"], "did you mean `seed`"),
        (["settings", "seed"], "is not a setting"),
        (["nonsense"], "No such command"),
        (["settings", "--nonsense"], "No such option"),
        (["settings", "--resume"], "No such option"),
        (["--resume", "x", "settings"], "do not go with the command"),
        (["adapters"], ""),
    ],
)
def test_wrong_usage_is_one_line_and_two(words: list[str], says: str, capsys: pytest.CaptureFixture[str]):
    assert run(words) == 2
    error = capsys.readouterr().err
    if says:
        assert error.startswith("error: ") and error.count("\n") == 1 and says in error


def test_with_json_the_error_is_the_last_line(capsys: pytest.CaptureFixture[str]):
    assert run(["episodes", "show", "nobody", "--json"]) == 2
    out = capsys.readouterr()
    assert last_json(out.out) == {"error": "There is no episode nobody; `continualcode episodes list` shows them."}
    assert out.out.count("\n") == 1


def test_without_a_terminal_the_agent_asks_for_a_request():
    done = subprocess.run(
        [sys.executable, "-m", "continualcode"], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2 and "-p" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch):
    """Adds a command for one test."""
    program.register_all()
    kept = list(program.app.registered_commands)

    def add(body):
        program.app.command("tried")(body)

    yield add
    program.app.registered_commands[:] = kept


def test_how_commands_end(command, capsys: pytest.CaptureFixture[str]):
    ends: list[BaseException | None] = [None]

    def tried(as_json: output.Json = False) -> None:
        if ends[0]:
            raise ends[0]

    command(tried)
    assert run(["tried"]) == 0
    for end, code in ((typer.Exit(1), 1), (UserError("two\nlines"), 2), (KeyboardInterrupt(), 130)):
        ends[0] = end
        assert run(["tried", "--json"]) == code
    assert "error: two lines\n" in capsys.readouterr().err
    ends[0] = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        run(["tried"])


def test_emit_writes_one_plain_json_line(capsys: pytest.CaptureFixture[str]):
    import numpy as np

    output.emit({"a": float("nan"), "b": Path("x"), "c": (1, {2}), "d": np.float32(0.5), "e": "é\n"}, True)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"a": None, "b": "x", "c": [1, [2]], "d": 0.5, "e": "é\n"}
    with pytest.raises(TypeError):
        output.emit({"a": object()}, True)


def test_progress_stays_on_standard_error(capsys: pytest.CaptureFixture[str]):
    with output.progress("measuring", total=2) as step:
        step(1, "one [x]")
        step()
    assert capsys.readouterr().out == ""


def test_both_names_and_the_version():
    folder = Path(sys.executable).parent
    for name in ("continualcode", "sleepy-coder"):
        if not (folder / name).exists():
            pytest.skip("the program is not installed beside this interpreter")
        done = subprocess.run([folder / name, "--version"], capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, "0.1.0\n")
    done = subprocess.run([folder / "sleepy-coder", "--help"], capture_output=True, text=True, env=os.environ)
    assert "Usage: sleepy-coder" in done.stdout


def commands(app: typer.Typer, path: tuple[str, ...] = ()):
    """Every command of the program as (path, command)."""
    root = typer.main.get_command(app)

    def walk(command, path):
        children = getattr(command, "commands", None)
        if children is None:
            yield path, command
        for name, child in (children or {}).items():
            yield from walk(child, (*path, name))

    yield from walk(root, path)


def test_every_command_has_help_json_and_settings(capsys: pytest.CaptureFixture[str]):
    program.register_all()
    found = dict(commands(program.app))
    assert {("lessons", "list"), ("adapters", "rollback"), ("doctor",), ("rerun",)} <= found.keys()
    for path, made in found.items():
        names = {option for parameter in made.params for option in parameter.opts}
        assert "--json" in names, path
        assert made.help, path
        assert any(p.name == "overrides" for p in made.params), path
    for path in [(), *found]:
        assert run([*path, "--help"]) == 0
    assert "continualcode eval" in capsys.readouterr().out


def test_listing_is_quick_and_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "continualcode", "list", "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-500:]
    imported = set(re.findall(r"\|\s+([\w.]+)$", done.stderr, re.M))
    for heavy in ("torch", "transformers", "peft", "matplotlib", "numpy", "sqlalchemy", "prompt_toolkit"):
        assert heavy not in imported, f"{heavy} is imported by `list`"
