"""The line in front of the engine: one at a time, each session in its turn, cut off at the end."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from continualcode.serve.errors import ServeError
from continualcode.serve.line import MOST_WAITING, Job, Line


def held(line: Line) -> tuple[Job, threading.Event]:
    """A job under way that waits until it is let go, or cut off."""
    begun, go = threading.Event(), threading.Event()

    def work(cancel: threading.Event) -> str:
        begun.set()
        while not go.wait(0.01):
            if cancel.is_set():
                return "cut off"
        return "done"

    job = line.put("first", Job(work))
    assert begun.wait(5)
    return job, go


def test_a_busy_session_does_not_keep_the_others_out() -> None:
    line, order = Line(), []
    job, go = held(line)
    jobs = [line.put("busy", Job(lambda _, n=n: order.append(f"busy {n}"))) for n in range(3)]
    jobs += [line.put(who, Job(lambda _, who=who: order.append(who))) for who in ("other", "third")]
    assert line.length == 6
    go.set()
    for each in jobs:
        each.future.result(5)
    assert order == ["busy 0", "other", "third", "busy 1", "busy 2"]
    line.end()
    line.join()


def test_what_goes_wrong_reaches_who_asked_and_the_line_goes_on() -> None:
    line = Line()

    def broken(_: threading.Event) -> Any:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        line.put("a", Job(broken)).future.result(5)
    assert line.put("a", Job(lambda _: 3)).future.result(5) == 3
    line.end()
    line.join()


def test_at_the_end_work_is_cut_off_and_what_waits_gets_its_other_answer() -> None:
    line = Line()
    job, _ = held(line)
    plain, with_other = line.put("b", Job(lambda _: "x")), line.put("c", Job(lambda _: "x", lambda: "kept"))
    line.end()
    line.join()
    assert job.future.result(1) == "cut off" and with_other.future.result(1) == "kept"
    with pytest.raises(ServeError, match="is ending"):
        plain.future.result(1)
    with pytest.raises(ServeError, match="is ending"):
        line.put("d", Job(lambda _: "x"))


def test_a_line_that_is_too_long_takes_no_more() -> None:
    line = Line()
    _, go = held(line)
    for n in range(MOST_WAITING - 1):
        line.put(str(n % 7), Job(lambda _: None))
    with pytest.raises(ServeError) as error:
        line.put("late", Job(lambda _: None))
    assert error.value.status == 429
    go.set()
    line.end()
    line.join()
