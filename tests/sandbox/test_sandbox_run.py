"""The ordinary life of `run`: results, inputs, places, and refusals in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from continualcode.errors import UserError
from continualcode.sandbox import Limits, OutsideWorkspace, SandboxError, available, confined, inside, run

MODES = [name for name in ("bubblewrap", "landlock") if available()[name]] + ["none"]


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


def test_result(tmp_path: Path, mode: str) -> None:
    result = run(["bash", "-c", "echo out; echo err >&2; pwd > here; exit 3"], workspace=tmp_path, mode=mode)
    assert (result.returncode, result.stdout, result.stderr, result.stopped) == (3, b"out\n", b"err\n", "")
    assert (tmp_path / "here").read_text().strip() == str(tmp_path)
    assert 0 < result.seconds < 10


def test_signals_are_told_as_the_shell_tells_them(tmp_path: Path, mode: str) -> None:
    assert run(["bash", "-c", "kill -TERM $$"], workspace=tmp_path, mode=mode).returncode == 143


def test_large_input_and_output_pass_through(tmp_path: Path, mode: str) -> None:
    data = bytes(range(256)) * 2000
    result = run(["cat"], workspace=tmp_path, mode=mode, stdin=data)
    assert result.stdout == data
    assert run(["true"], workspace=tmp_path, mode=mode, stdin=data).returncode == 0
    assert run(["cat"], workspace=tmp_path, mode=mode).stdout == b""


def test_readable_and_writable_places(tmp_path: Path, mode: str) -> None:
    for name in ("work", "lib", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "lib" / "data").write_text("read me")
    result = run(
        ["bash", "-c", f"cat {tmp_path}/lib/data; echo x > {tmp_path}/out/made; echo x > {tmp_path}/lib/data"],
        workspace=tmp_path / "work", readable=[tmp_path / "lib", tmp_path / "missing"], writable=[tmp_path / "out"], mode=mode,
    )  # fmt: skip
    assert result.stdout == b"read me"
    assert (tmp_path / "out" / "made").exists()
    if mode != "none":
        assert (tmp_path / "lib" / "data").read_text() == "read me"


def test_a_workspace_within_a_readable_folder_stays_writable(tmp_path: Path, mode: str) -> None:
    (tmp_path / "work").mkdir()
    run(["touch", "made"], workspace=tmp_path / "work", readable=[tmp_path], mode=mode)
    assert (tmp_path / "work" / "made").exists()


def test_a_home_with_keys_inside_the_workspace_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("the key")
    monkeypatch.setenv("HOME", str(home))
    if "bubblewrap" in MODES:
        assert run(["bash", "-c", f"cat {home}/.ssh/id"], workspace=tmp_path, mode="bubblewrap").stdout == b""
    if "landlock" in MODES:
        with pytest.raises(SandboxError):
            run(["true"], workspace=tmp_path, mode="landlock")
    with pytest.raises(SandboxError, match="keys"):
        run(["true"], workspace=home)


def test_unknown_command(tmp_path: Path) -> None:
    for mode in MODES[:-1]:
        result = run(["no-such-command"], workspace=tmp_path, mode=mode)
        assert result.returncode != 0
        assert b"no-such-command" in result.stderr
    with pytest.raises(SandboxError, match="no-such-command"):
        run(["no-such-command"], workspace=tmp_path, mode="none")


@pytest.mark.parametrize("place", ["/", "/usr", "/etc", "/nowhere-at-all"])
def test_refuses_places_that_cannot_be_confined(place: str) -> None:
    with pytest.raises(SandboxError) as caught:
        run(["true"], workspace=Path(place))
    assert isinstance(caught.value, UserError)
    assert "\n" not in str(caught.value)


def test_refuses_in_one_sentence_when_nothing_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "_probe", lambda name: (f"{name} is not here", ""))
    assert available() == {
        "bubblewrap": False, "landlock": False, "chosen": None,
        "reasons": {"bubblewrap": "bubblewrap is not here", "landlock": "landlock is not here"},
        "processes": {},
    }  # fmt: skip
    with pytest.raises(SandboxError, match=r"install bubblewrap .* `sandbox=none`") as caught:
        run(["true"], workspace=tmp_path)
    assert "\n" not in str(caught.value)
    assert run(["true"], workspace=tmp_path, mode="none").returncode == 0
    with pytest.raises(SandboxError, match="mode"):
        run(["true"], workspace=tmp_path, mode="jail")


def test_falls_back_to_landlock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if "landlock" not in MODES:
        pytest.skip("no Landlock in this kernel")
    real = confined._probe
    monkeypatch.setattr(confined, "_probe", lambda name: ("not here", "") if name == "bubblewrap" else real(name))
    assert available()["chosen"] == "landlock"
    assert run(["cat", "/etc/shadow"], workspace=tmp_path, limits=Limits(seconds=5)).stdout == b""


def test_leaves_no_descriptor_and_no_folder_behind(tmp_path: Path, mode: str) -> None:
    import os
    import tempfile

    run(["true"], workspace=tmp_path, mode=mode)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        run(["bash", "-c", "echo x"], workspace=tmp_path, mode=mode)
        run(["yes"], workspace=tmp_path, mode=mode, limits=Limits(output_bytes=1000))
    assert len(os.listdir("/proc/self/fd")) == before
    mine = [
        p
        for p in Path(tempfile.gettempdir()).glob("continualcode-tmp-*")
        if p.stat().st_ctime > tmp_path.stat().st_ctime
    ]
    assert mine == []


# -- file tools' paths


def test_inside_resolves(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    assert inside(tmp_path, "src/../src/new.rs") == tmp_path.resolve() / "src" / "new.rs"
    assert inside(tmp_path, tmp_path / "a") == tmp_path.resolve() / "a"
    assert inside(tmp_path, ".") == tmp_path.resolve()


@pytest.mark.parametrize(
    "path", ["..", "../x", "src/../../x", "/etc/passwd", "/", "a\0b", "link/x", "link", "loop/x", "~/../../x"]
)
def test_inside_refuses(tmp_path: Path, path: str) -> None:
    work = tmp_path / "work"
    (work / "src").mkdir(parents=True)
    (work / "link").symlink_to(tmp_path)
    (work / "loop").symlink_to(work / "loop")
    with pytest.raises(OutsideWorkspace) as caught:
        inside(work, path)
    assert "\n" not in str(caught.value)


def test_inside_refuses_a_sibling_with_the_same_beginning(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    with pytest.raises(OutsideWorkspace):
        inside(tmp_path / "work", "../work-private/x")
