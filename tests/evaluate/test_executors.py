"""Whoever does the work, the results are the same; processes are really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from continualcode.errors import UserError
from continualcode.evaluate import executors
from continualcode.evaluate.executors import ROUNDS, Forked, InProcess, WorkerFailed

EVERYONE = [InProcess(), Forked(3)]
OTHERS = EVERYONE[1:]


@pytest.mark.parametrize("executor", EVERYONE)
def test_results_are_in_the_items_order_and_every_item_is_told_of(executor: Any):
    def work(state: int, item: int, tell: Any) -> int:
        tell(0.5)
        time.sleep(0.02 * (4 - item))  # the last item is ready first
        return state + item

    told: list[tuple[int, float]] = []
    found = executor.map(work, 10, range(5), lambda i, share: told.append((i, share)))
    assert found == [10, 11, 12, 13, 14]
    assert sorted(i for i, share in told if share == 1.0) == [0, 1, 2, 3, 4]
    assert executor.map(work, 10, []) == []


@pytest.mark.parametrize("executor", OTHERS)
def test_what_a_killed_worker_did_is_done_again(executor: Any, tmp_path: Path):
    def work(state: int, item: int, tell: Any) -> int:
        mark = tmp_path / f"{item}"
        if item == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return state * item

    assert executor.map(work, 3, range(4)) == [0, 3, 6, 9]
    assert (tmp_path / "1").exists()


@pytest.mark.parametrize("executor", OTHERS)
def test_a_worker_that_is_killed_each_time_is_one_sentence(executor: Any, tmp_path: Path):
    def work(state: int, item: int, tell: Any) -> None:
        with (tmp_path / "times").open("a") as out:
            out.write("x")
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(WorkerFailed, match=f"ended {ROUNDS} times without its result"):
        executor.map(work, 0, [1])
    assert (tmp_path / "times").read_text() == "x" * ROUNDS


@pytest.mark.parametrize("executor", OTHERS)
def test_an_exception_inside_is_one_sentence_with_its_trace_as_a_note(executor: Any):
    def fails(state: int, item: int, tell: Any) -> int:
        if item == 2:
            raise ValueError("no sampling today\nand more")
        return item

    def refuses(state: int, item: int, tell: Any) -> int:
        raise UserError("This model cannot do it.")

    with pytest.raises(WorkerFailed, match="failed: ValueError: no sampling today\n") as said:
        executor.map(fails, 0, range(4))
    assert "in fails" in "".join(said.value.__notes__)
    assert str(said.value).count("\n") == 0
    with pytest.raises(WorkerFailed, match="^This model cannot do it.\n"):
        executor.map(refuses, 0, range(4))


INTERRUPTED = """
import os, signal, time
from continualcode.evaluate.executors import Forked
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
def work(state, item, tell):
    os.write(1, b"%d\\n" % os.getpid())  # in one piece
    time.sleep(600)
Forked(3).map(work, None, range(3))
"""


def test_ctrl_c_stops_all_workers():
    source = str(Path(executors.__file__).parents[2])
    first = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip
    assert first.stdout is not None
    pids = [int(first.stdout.readline()) for _ in range(3)]
    time.sleep(1)  # past the forks themselves, where Python may pass an interrupt over
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=30)
    assert first.returncode not in (0, None) and "KeyboardInterrupt" in said
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
