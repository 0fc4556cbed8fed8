"""What a hostile command may try, on every backend that works here: each attack is its own test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from continualcode.sandbox import Limits, Result, available, run

BACKENDS = [name for name in ("bubblewrap", "landlock") if available()[name]]
PYTHON = os.path.realpath(sys.executable)


@pytest.fixture(params=BACKENDS)
def mode(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def bash(script: str, workspace: Path, mode: str, **limits: float) -> Result:
    return run(["bash", "-c", script], workspace=workspace, mode=mode, limits=Limits(**limits))  # type: ignore[arg-type]


def python(script: str, workspace: Path, mode: str, **limits: float) -> Result:
    return run(
        [PYTHON, "-I", "-S", "-c", textwrap.dedent(script)], workspace=workspace, mode=mode,
        readable=[Path(sys.base_prefix)], limits=Limits(**limits),  # type: ignore[arg-type]
    )  # fmt: skip


def alive(marker: str) -> list[str]:
    """Processes on this machine with the marker on their command line."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in line:
                found.append(line.decode(errors="replace"))
    return found


def test_a_backend_is_tested() -> None:
    assert BACKENDS, available()["reasons"]


def test_reads_no_passwords_and_no_home(workspace: Path, mode: str) -> None:
    secret = Path.home() / f".continualcode-test-{os.getpid()}"
    secret.write_text("the key")
    try:
        result = bash(
            f"cat /etc/shadow; cat /etc/passwd; cat {secret}; ls {Path.home()}; cat ~/*; true", workspace, mode
        )
    finally:
        secret.unlink()
    assert result.stdout == b""


def test_reads_nothing_beside_the_workspace(workspace: Path, mode: str) -> None:
    (workspace.parent / "neighbour.txt").write_text("private")
    result = bash("cat ../neighbour.txt; ls ..; cat < ../neighbour.txt; cat ../*.txt", workspace, mode)
    assert b"private" not in result.stdout
    assert b"neighbour" not in result.stdout


def test_reads_no_environment_of_other_processes(workspace: Path, mode: str) -> None:
    result = bash("cat /proc/1/environ /proc/$PPID/environ /proc/[0-9]*/environ | tr '\\0' '\\n'", workspace, mode)
    names = {line.split(b"=")[0] for line in result.stdout.splitlines()}
    assert names <= {b"PATH", b"HOME", b"TMPDIR", b"LANG", b"TERM", b"PWD", b"SHLVL", b"_"}


def test_writes_nothing_outside(workspace: Path, mode: str) -> None:
    victim = workspace.parent / "victim.txt"
    victim.write_text("whole")
    before = victim.stat()
    script = f"""
    echo broken > {victim}; echo x >> {victim}; : > {victim}; truncate -s 0 {victim}; rm -f {victim}; mv {victim} .
    ln {victim} hard && echo broken > hard; chmod 777 {victim}; touch -t 200001010000 {victim}
    touch {workspace.parent}/new /usr/bin/new /etc/new /new; mkdir {workspace.parent}/folder
    """
    bash(script, workspace, mode)
    after = victim.stat()
    assert victim.read_text() == "whole"
    assert (after.st_mode, after.st_mtime) == (before.st_mode, before.st_mtime)
    assert sorted(p.name for p in workspace.parent.iterdir()) == ["victim.txt", "workspace"]
    assert not any(Path(p).exists() for p in ("/usr/bin/new", "/etc/new", "/new"))


def test_symlinks_lead_nowhere(workspace: Path, mode: str) -> None:
    outside = workspace.parent / "outside"
    outside.mkdir()
    (outside / "secret").write_text("private")
    (workspace / "planted").symlink_to(outside)
    result = bash(
        f"cat planted/secret; echo x > planted/new; ln -s {outside} own; cat own/secret; echo x > own/new; "
        "ln -s /etc/shadow s; cat s",
        workspace, mode,
    )  # fmt: skip
    assert result.stdout == b""
    assert sorted(p.name for p in outside.iterdir()) == ["secret"]


def test_opens_no_tcp_connection(workspace: Path, mode: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        result = bash(f"exec 3<>/dev/tcp/127.0.0.1/{port} && echo connected", workspace, mode)
        with pytest.raises(TimeoutError):
            server.accept()
    assert b"connected" not in result.stdout


def test_sends_no_datagram(workspace: Path, mode: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.3)
        port = receiver.getsockname()[1]
        python(
            f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
            workspace, mode,
        )  # fmt: skip
        with pytest.raises(TimeoutError):
            receiver.recv(10)


@pytest.mark.parametrize("address", ["path", "abstract"])
def test_reaches_no_unix_socket(workspace: Path, mode: str, address: str) -> None:
    name = str(workspace.parent / "s") if address == "path" else f"\0continualcode-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        server.settimeout(0.2)
        result = python(
            f"import socket; s = socket.socket(socket.AF_UNIX); s.connect({name!r}); print('connected')",
            workspace,
            mode,
        )
        with pytest.raises(TimeoutError):
            server.accept()
    assert b"connected" not in result.stdout


def test_fork_bomb_ends(workspace: Path, mode: str) -> None:
    started = time.monotonic()
    result = bash(
        f": continualcode-bomb-{os.getpid()}; bomb() {{ bomb | bomb & }}; bomb; sleep 60",
        workspace,
        mode,
        seconds=15,
        processes=40,
    )
    assert result.stopped == "processes"
    assert time.monotonic() - started < 10
    assert alive(f"continualcode-bomb-{os.getpid()}") == []


def test_thread_bomb_ends(workspace: Path, mode: str) -> None:
    script = """
        import threading, time
        try:
            while True:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        except RuntimeError:
            print("refused", flush=True)
            time.sleep(0.2)
    """
    result = python(script, workspace, mode, seconds=15, processes=8)
    assert result.stopped == "processes" or b"refused" in result.stdout


def test_one_endless_file_ends(workspace: Path, mode: str) -> None:
    result = bash("head -c 2G /dev/zero > big", workspace, mode, file_mb=8, disk_mb=64)
    assert result.stopped == "disk" or result.returncode != 0
    assert (workspace / "big").stat().st_size <= 8 * 1_048_576


def test_many_files_do_not_fill_the_disk(workspace: Path, mode: str) -> None:
    result = bash(
        "i=0; while :; do i=$((i+1)); head -c 4M /dev/zero > f$i; done",
        workspace,
        mode,
        seconds=30,
        file_mb=8,
        disk_mb=48,
    )
    assert result.stopped == "disk"
    assert sum(p.stat().st_size for p in workspace.iterdir()) < 400 * 1_048_576


def test_deleted_files_do_not_fill_the_disk(workspace: Path, mode: str) -> None:
    script = """
        import os
        held = []
        for i in range(500):
            held.append(os.open(f"f{i}", os.O_CREAT | os.O_WRONLY)); os.unlink(f"f{i}")
            os.write(held[-1], bytes(4 << 20))
    """
    assert python(script, workspace, mode, seconds=30, file_mb=8, disk_mb=48).stopped == "disk"


def test_tmp_is_bounded_and_not_the_machines(workspace: Path, mode: str) -> None:
    name = f"continualcode-mark-{os.getpid()}"
    script = (
        f'touch /tmp/{name}; cd "$TMPDIR"; for i in $(seq 200); do head -c 4M /dev/zero > f$i || exit 7; done; echo all'
    )
    result = bash(script, workspace, mode, seconds=30, file_mb=8, disk_mb=48)
    assert not Path("/tmp", name).exists()
    assert result.stopped == "disk" or result.returncode == 7
    assert b"all" not in result.stdout


@pytest.mark.parametrize(
    "daemon",
    [
        "setsid sleep {n} &",
        "(setsid sleep {n} > /dev/null 2>&1 < /dev/null &) &",
        "nohup sleep {n} & disown",
        "sleep {n}",
    ],
)
def test_nothing_outlives_the_limit(workspace: Path, mode: str, daemon: str) -> None:
    number = f"98{os.getpid()}"
    started = time.monotonic()
    result = bash(daemon.format(n=number) + "\nsleep 60", workspace, mode, seconds=0.7)
    assert result.stopped == "timeout"
    assert time.monotonic() - started < 5
    assert alive(f"sleep\0{number}") == []


def test_daemons_end_with_the_command(workspace: Path, mode: str) -> None:
    """The command ends at once; a double-forked daemon that holds the pipes must neither live nor be waited for."""
    script = """
        import os, sys, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execvp("sleep", ["sleep", sys.argv[1]])
            os._exit(0)
        print("done", flush=True)
    """
    number = f"97{os.getpid()}"
    started = time.monotonic()
    result = run(
        [PYTHON, "-I", "-S", "-c", textwrap.dedent(script), number], workspace=workspace, mode=mode,
        readable=[Path(sys.base_prefix)], limits=Limits(seconds=10),
    )  # fmt: skip
    assert (result.returncode, result.stdout, result.stopped) == (0, b"done\n", "")
    assert time.monotonic() - started < 4
    assert alive(f"sleep\0{number}") == []


def test_ignoring_signals_does_not_help(workspace: Path, mode: str) -> None:
    result = bash("trap '' TERM INT HUP QUIT XCPU; while :; do :; done", workspace, mode, seconds=0.5)
    assert result.stopped == "timeout"


def test_one_process_eating_memory_ends(workspace: Path, mode: str) -> None:
    result = python("held = []\nwhile True: held.append(bytearray(1 << 22))", workspace, mode, memory_mb=200)
    assert result.stopped == "memory"


def test_many_processes_eating_memory_end(workspace: Path, mode: str) -> None:
    script = """
        import os, time
        for _ in range(8):
            if os.fork() == 0:
                held = bytearray(os.urandom(1 << 16) * (60 << 4)); time.sleep(30)
        time.sleep(30)
    """
    assert python(script, workspace, mode, memory_mb=200, seconds=20).stopped == "memory"


def test_shared_memory_counts(workspace: Path, mode: str) -> None:
    script = """
        import mmap, os, time
        held = []
        while True:
            m = mmap.mmap(-1, 1 << 24); m.write(bytes(1 << 24)); held.append(m)
    """
    result = python(script, workspace, mode, memory_mb=200, seconds=20)
    assert result.stopped == "memory"


def test_megabytes_of_output_end(workspace: Path, mode: str) -> None:
    result = bash("yes | head -c 1000000000; yes >&2", workspace, mode, output_bytes=300_000)
    assert result.stopped == "output"
    assert len(result.stdout) + len(result.stderr) == 300_000


def test_environment_is_clean(workspace: Path, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "hunter2")
    result = run(["env"], workspace=workspace, mode=mode, env={"GIVEN": "yes"})
    names = {line.split(b"=")[0] for line in result.stdout.splitlines()}
    assert names <= {b"PATH", b"HOME", b"TMPDIR", b"LANG", b"TERM", b"GIVEN", b"PWD"}
    assert b"hunter2" not in result.stdout


def test_kills_nothing_outside(workspace: Path, mode: str) -> None:
    pid = os.fork()
    if pid == 0:
        time.sleep(30)
        os._exit(0)
    try:
        bash(f"kill -9 {pid}; kill -9 {os.getpid()}", workspace, mode, seconds=5)
        assert os.waitpid(pid, os.WNOHANG) == (0, 0)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("call", ["unshare(0x10000000)", "unshare(0x40000000)", "ptrace(16, 1, 0, 0)"])
def test_gains_no_namespace_and_no_trace(workspace: Path, mode: str, call: str) -> None:
    script = f"import ctypes; print(ctypes.CDLL(None, use_errno=True).{call}, ctypes.get_errno())"
    result = run([PYTHON, "-I", "-c", script], workspace=workspace, mode=mode, readable=[Path(sys.base_prefix)])
    assert result.stdout.startswith(b"-1"), result


def test_root_loses_its_powers(workspace: Path, mode: str) -> None:
    result = python(
        """
        import os
        for attempt in (lambda: os.mknod("disk", 0o60600, os.makedev(8, 0)), lambda: os.chroot("."), lambda: os.setuid(1)):
            try:
                attempt(); print("allowed")
            except OSError:
                print("refused")
        """,
        workspace, mode,
    )  # fmt: skip
    assert result.stdout == b"refused\n" * 3


def test_makes_no_set_user_id_file(workspace: Path, mode: str) -> None:
    bash("cp /bin/true t; chmod 4755 t; chmod u+s t; cp --preserve=mode /usr/bin/passwd p", workspace, mode)
    assert all(p.stat().st_mode & 0o6000 == 0 for p in workspace.iterdir())


def test_dies_with_its_parent(workspace: Path, mode: str) -> None:
    """kill -9 of the program that runs it: the command must not go on unwatched."""
    number = f"95{os.getpid()}"
    script = f"""
        import sys
        sys.path[:0] = {sys.path!r}
        from pathlib import Path
        from continualcode.sandbox import run
        run(["sleep", "{number}"], workspace=Path({str(workspace)!r}), mode={mode!r})
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)])

    def sleeping() -> bool:
        return any(line.startswith("sleep") for line in alive(f"sleep\0{number}"))

    deadline = time.monotonic() + 60
    while not sleeping() and parent.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sleeping()
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while sleeping() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not sleeping()
    assert alive(f"sleep\0{number}") == []
