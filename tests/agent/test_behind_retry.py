"""A lesson that goes on behind its retry: begun once the retry is drawn, ended before the engine is used again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from continualcode.agent.loop import Decision, Denied, Loop, Taught
from continualcode.agent.scripted import reply
from continualcode.agent.teaching import Pending

sys.path.insert(0, str(Path(__file__).parent))
from test_agent_loop import LINES, WRITE, make  # noqa: E402  # pyright: ignore[reportMissingImports]


def listening(loop: Loop, finish: Callable[[], Taught]) -> list[str]:
    """Replace the teacher by one whose rest is `finish`; the order of draws and of the rest's ends is written down."""
    seen: list[str] = []
    draw = loop.session.engine.sample

    def sample(*args, **how):  # noqa: ANN002, ANN003, ANN202
        seen.append("draw")
        return draw(*args, **how)

    def rest() -> Taught:
        seen.append("rest begins")
        taught = finish()
        seen.append("rest ends")
        return taught

    loop.session.engine.sample = sample
    loop.teach = lambda denied, cancel: Pending(2, rest)
    return seen


def test_the_retry_is_drawn_first_and_nothing_is_drawn_before_the_lesson_has_ended(tmp_path: Path) -> None:
    decisions = [Decision("teach", "use edit_lines"), Decision("approve")]
    loop, user, _ = make(tmp_path, [reply(WRITE), reply(LINES), "Done."], decisions, [])
    seen = listening(loop, lambda: Taught("took", "lesson took", "le_1"))
    asked: list[list[str]] = []
    ask = user.asks
    user.asks = lambda call, preview: (asked.append(list(user.lines)), ask(call, preview))[1]
    assert loop.request("change it").end == "done"
    assert seen == ["draw", "draw", "rest begins", "rest ends", "draw"]
    assert asked == [[], []] and user.lines == ["lesson took"] and loop.outcome.lessons == ["le_1"]


def test_a_lesson_that_did_not_take_still_waits_for_the_approved_retry(tmp_path: Path) -> None:
    decisions = [Decision("teach", "be precise"), Decision("approve")]
    loop, user, _ = make(tmp_path, [reply(WRITE), reply(LINES), "Done."], decisions, [])
    given: list[Denied] = []
    outcomes = [Pending(2, lambda: Taught("did_not_take", "did not")), Taught("took", "lesson took", "le_2")]
    loop.teach = lambda denied, cancel: (given.append(denied), outcomes.pop(0))[1]
    loop.request("change it")
    assert [d.right for d in given] == [None, LINES] and user.lines == ["did not", "lesson took"]


@pytest.mark.parametrize("last", ["stop", "deny"])
def test_a_request_that_ends_at_the_retry_waits_for_its_lesson(tmp_path: Path, last: str) -> None:
    decisions = [Decision("teach", "use edit_lines"), *[Decision(last)] * 3]  # pyright: ignore[reportArgumentType]
    loop, user, _ = make(tmp_path, [reply(WRITE), *[reply(LINES)] * 4], decisions, [])
    seen = listening(loop, lambda: Taught("took", "lesson took", "le_1"))
    loop.request("change it")
    assert seen[:4] == ["draw", "draw", "rest begins", "rest ends"] and user.lines == ["lesson took"]


def test_a_failure_behind_the_retry_is_not_swallowed(tmp_path: Path) -> None:
    loop, _, _ = make(tmp_path, [reply(WRITE), reply(LINES)], [Decision("teach", "no"), Decision("approve")], [])

    def fail() -> Taught:
        raise RuntimeError("power cut")

    listening(loop, fail)
    with pytest.raises(RuntimeError, match="power cut"):
        loop.request("change it")
    assert loop._pending is None
