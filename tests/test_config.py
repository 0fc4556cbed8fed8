"""Settings: who wins, what is refused, and in which words."""

from pathlib import Path

import pytest
import yaml

from continualcode.config import USERS_ALONE, Settings, SettingsError, bundled, from_mapping, load_settings, user_file
from continualcode.errors import UserError


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No settings of whoever runs the tests."""
    for name in __import__("os").environ:
        if name.startswith("CONTINUALCODE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


def write_user_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config" / "continualcode" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def project_file(tmp_path: Path, text: str) -> None:
    (tmp_path / ".continualcode").mkdir(exist_ok=True)
    (tmp_path / ".continualcode" / "config.toml").write_text(text)


def test_later_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_user_file(tmp_path, "lora_rank = 1\nseed = 1\nthreads = 1\nalpha = 0.25")
    project_file(tmp_path, "lora_rank = 2\nseed = 2\nthreads = 2")
    monkeypatch.setenv("CONTINUALCODE_LORA_RANK", "3")
    monkeypatch.setenv("CONTINUALCODE_SEED", "3")
    settings = load_settings(["lora_rank=4"])
    assert (settings.lora_rank, settings.seed, settings.threads, settings.alpha) == (4, 3, 2, 0.25)
    assert load_settings(["seed=5", "seed=6"]).seed == 6
    assert load_settings([], cwd=tmp_path / "elsewhere").threads == 1


def test_words_become_values():
    settings = load_settings(["enable_training=false", "learning_rate=1e-4", "model_name=a=b", "home=~/x", "allow="])
    assert (settings.enable_training, settings.learning_rate, settings.model_name) == (False, 1e-4, "a=b")
    assert settings.home == Path.home() / "x" and settings.allow == ""


@pytest.mark.parametrize(
    "word, says",
    [
        ("lora_rnk=3", "Unknown setting `lora_rnk` in the command line; did you mean `lora_rank`?"),
        ("lora_rank=many", "Setting `lora_rank` must be a whole number, not 'many'."),
        ("lora_rank=0", "Setting `lora_rank` must be greater than or equal to 1, not '0'."),
        ("lora_rank=2.5", "Setting `lora_rank` must be a whole number, not '2.5'."),
        ("alpha=1.5", "Setting `alpha` must be less than or equal to 1, not '1.5'."),
        ("temperature=nan", "Setting `temperature` must be a finite number, not 'nan'."),
        ("enable_training=perhaps", "Setting `enable_training` must be true or false, not 'perhaps'."),
        ("teacher=me", "Setting `teacher` must be one of 'base', 'live', 'frozen', 'ema' or 'trust_region', not 'me'."),
        ("device=gpu", "Setting `device` must be auto, cpu, mps, cuda or cuda:N, not 'gpu'."),
        ("home=", "Setting `home` must name a folder, not ''."),
        ("=3", "Unknown setting `` in the command line; see `continualcode settings`."),
        ("seed", "`seed` is not a setting; write key=value, for example lora_rank=64."),
    ],
)
def test_wrong_words_are_one_sentence(word: str, says: str):
    with pytest.raises(SettingsError) as error:
        load_settings([word])
    assert str(error.value) == says
    assert isinstance(error.value, UserError)


def test_wrong_files_and_environment_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONTINUALCODE_SED", "3")
    with pytest.raises(
        SettingsError, match="`CONTINUALCODE_SED` in the environment; did you mean `CONTINUALCODE_SEED`"
    ):
        load_settings()
    monkeypatch.delenv("CONTINUALCODE_SED")
    project_file(tmp_path, "seed = ")
    with pytest.raises(SettingsError, match=r"config.toml is not valid TOML"):
        load_settings()
    project_file(tmp_path, "[lora]\nrank = 3")
    with pytest.raises(SettingsError, match=r"Unknown setting `lora` in .*config.toml; did you mean `lora_"):
        load_settings()
    project_file(tmp_path, 'seed = "x"')
    with pytest.raises(SettingsError, match="`seed` must be a whole number"):
        load_settings()
    (tmp_path / ".continualcode" / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="Cannot read"):
        load_settings()


@pytest.mark.parametrize("key", sorted(USERS_ALONE))
def test_a_project_grants_itself_nothing(tmp_path: Path, key: str):
    assert key in Settings.model_fields
    project_file(tmp_path, f'seed = 1\n{key} = "all"')
    with pytest.raises(SettingsError, match=f"^A project may not set `{key}`.*{user_file()}") as error:
        load_settings()
    assert "\n" not in str(error.value)
    user_file_text = {"allow": "edit", "command_seconds": 5}.get(key)
    if user_file_text is not None:  # the same key is the user's to set
        project_file(tmp_path, "seed = 1")
        write_user_file(tmp_path, f"{key} = {user_file_text!r}")
        assert getattr(load_settings(), key) == user_file_text


def test_settings_are_frozen_and_replaced_with_checks():
    settings = Settings()
    with pytest.raises(Exception, match="frozen"):
        settings.seed = 3  # type: ignore[misc]
    assert settings.replace(seed=3).seed == 3 and settings.seed == 0
    with pytest.raises(SettingsError):
        settings.replace(sead=3)
    with pytest.raises(SettingsError):
        settings.replace(samples=0)


def test_what_is_saved_reads_back_equal(tmp_path: Path):
    settings = load_settings(["seed=7", "notes_file=ü.md", "home=somewhere"])
    settings.save(tmp_path / "deep" / "config.yaml")
    kept = yaml.safe_load((tmp_path / "deep" / "config.yaml").read_text())
    assert from_mapping(kept, "the file") == settings


def test_every_key_says_what_it_is():
    described = Settings.describe()
    assert {name for name, _, _ in described} == set(Settings.model_fields)
    assert all(len(words) > 5 for _, _, words in described)


def test_bundled_folders_are_found():
    assert (bundled("koans")).is_dir()
    assert Settings().model_source == str(bundled("models") / "pupil")
    assert Settings(model_name="some/model").model_source == "some/model"
