"""`route`: which weights answer which error, said of the version in use."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from continualcode.agent import routes
from continualcode.cli.app import run
from continualcode.config import Settings
from continualcode.koans import catalogue
from continualcode.store import Store, now
from continualcode.store.records import AdapterRecord

KOAN = next(k for k in catalogue.load(split="train") if k.pattern == "bc_missing_mut")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict]:
    def say(*words: str) -> dict:
        assert run([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out.strip().splitlines()[-1])

    return say


def promoted(home: Path, key: str) -> str:
    """A version whose routes send `key` to the weights called night."""
    for name in ("default", "night"):
        (home / name).mkdir(parents=True)
        (home / name / "adapter_model.safetensors").write_text(name)
    routes.write(home / "adapters" / "v1", home / "default", None, [key], home / "night", "night")
    with Store(home / "store.db") as store:
        store.add_adapter(
            AdapterRecord("v1", None, "rote", "rote-1", "adapters/v1", "", "routes", "candidate", {}, [], now())
        )
        store.promote("v1", reasons=["a test"])
    return "v1"


def test_without_routes_everything_goes_to_what_is_in_use(say: Callable[..., dict]):
    told = say("route", "explain", KOAN.id)
    assert told["how"] == "default" and told["weights"] is None and told["key"].startswith("E0596:")
    assert say("route", "list") == {"version": None, "routes": {}}


def test_an_error_of_the_table_goes_to_its_weights_and_another_to_the_default(
    say: Callable[..., dict], home: Path, tmp_path: Path
):
    (key,) = routes.keys_of([(KOAN.buggy, KOAN.tests)], Settings(home=home))
    version = promoted(home, key)
    told = say("route", "explain", KOAN.id)
    assert (told["how"], told["weights"], told["like"]) == ("exact", f"{version}/night", key)
    assert say("route", "list")["routes"] == {key: "night"}
    (tmp_path / "other.rs").write_text("pub fn f() -> u32 {\n    1.5\n}\n")
    told = say("route", "explain", "other.rs")
    assert (told["how"], told["weights"]) == ("default", version) and told["key"].startswith("E0308:")


@pytest.mark.parametrize("task", ["nowhere.rs", "bc_999_nothing"])
def test_a_task_that_is_not_there_is_one_sentence(task: str, capsys: pytest.CaptureFixture[str]):
    assert run(["route", "explain", task]) == 2
    assert task in capsys.readouterr().err
