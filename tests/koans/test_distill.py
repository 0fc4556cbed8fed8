"""Distillation from a server on a real socket, judged by the real compiler."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continualcode.cli.app import run
from continualcode.config import Settings
from continualcode.koans import distill as room
from continualcode.koans import endpoint, export, variants
from continualcode.koans.catalogue import KoanError
from continualcode.koans.endpoint import EndpointError, Purse

sys.path.append(str(Path(__file__).parent))
from model_server import CUT, DROP, USAGE, ModelServer, serving  # noqa: E402  # pyright: ignore[reportMissingImports]

PATTERN = "tm_semicolon"
BUGGY = "pub fn area(w: u32, h: u32) -> u32 {\n    let s = w * h;\n    s;\n}\n"
FIXED = BUGGY.replace("    s;\n", "    s + 1\n")
TESTS = "#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn one_more() {\n        assert_eq!(area(3, 4), 13);\n    }\n}\n"
GOOD = {"buggy": BUGGY, "fixed": FIXED, "explanation": "A semicolon makes it a statement.", "tests": TESTS}


@pytest.fixture(scope="module")
def offers() -> list[dict]:
    """Good triples, all different."""
    return [
        {"buggy": v.buggy, "fixed": v.fixed, "explanation": "The semicolon throws the value away."}
        for v in variants.make(PATTERN, 12, 77)
    ]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("CONTINUALCODE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Settings(home=tmp_path / "home", jobs=1)


def go(server: ModelServer, path: Path, settings: Settings, count: int, purse: Purse | None = None, **options):
    teacher = endpoint.connect(options.pop("api", "openai"), "big", options.pop("base", None) or server.url)
    return room.distill(path, PATTERN, count, teacher, purse or Purse(), settings=settings, **options)


def test_what_holds_is_kept_and_what_fails_is_named(settings: Settings, tmp_path: Path, offers: list[dict]):
    wrong = [
        {**GOOD, "fixed": GOOD["fixed"].replace("+ 1", "+ 2")},  # its own tests say no
        {**offers[1], "buggy": offers[1]["fixed"] + "\npub fn f() {}\n", "fixed": offers[1]["fixed"] + "\npub fn g() {}\npub fn f() {}\n"},
        {**GOOD, "buggy": BUGGY.replace("w * h", "w * height")},
        {**offers[3], "fixed": offers[3]["buggy"] + "\n"},
        {**offers[4], "explanation": " "},
        {**GOOD, "fixed": FIXED.replace("area", "volume")},
        {"buggy": "pub fn f() -> u8 {\n    include!(\"/etc/passwd\");\n}\n", "fixed": "pub fn f() -> u8 {\n    include!(\"/etc/passwd\")\n}\n", "explanation": "x"},
        {"buggy": BUGGY, "fixed": FIXED.replace("s + 1", "return s + 1;"), "explanation": "clippy does not like it"},
    ]  # fmt: skip
    answers = [
        "I would rather talk about the weather.",
        "Here you are:\n```json\n" + json.dumps(wrong) + "\n```",
        json.dumps([GOOD, offers[0], {**offers[0], "explanation": "again"}]),
    ]
    seen: list[int] = []
    with serving(lambda n, request: answers[n]) as server:
        done = go(server, tmp_path / "t.jsonl", settings, 2, on_answer=lambda kept, rejected: seen.append(kept))
    assert done.kept == 2 and done.stopped == "" and done.answers == 3 and seen == [0, 0, 0, 2]
    assert done.rejected == {
        "unreadable": 1, "tests fail": 1, "buggy compiles": 1, "other error": 1, "no repair": 1,
        "no explanation": 1, "gutted": 1, "reaches outside": 1, "clippy": 1, "duplicate": 1,
    }  # fmt: skip
    pairs = list(export.read(done.path))
    assert [p.buggy for p in pairs] == [BUGGY, offers[0]["buggy"]]
    assert pairs[0].explanation == GOOD["explanation"] and pairs[0].tests == TESTS and pairs[0].feedback
    assert pairs[0].provenance.source == "big" and pairs[0].diagnostics[0]["code"] == "E0308"
    card = json.loads(export.card_path(done.path).read_text())
    assert card["dataset"] == done.dataset and card["sources"] == {"big": 2}
    assert done.purse.tokens == 3 * sum(USAGE)
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl.journal").read_text().splitlines()]
    details = {r["reason"]: r for line in lines for r in line.get("rejected", ())}
    assert "include" in details["reaches outside"]["detail"] and details["clippy"]["triple"]["buggy"] == BUGGY
    asked = server.requests[0]["messages"][1]["content"]
    assert "E0308" in asked and server.requests[0]["model"] == "big"
    assert asked != server.requests[1]["messages"][1]["content"], "other topics, another example"


def test_busy_servers_are_asked_again_when_they_say(settings: Settings, tmp_path: Path, offers: list[dict]):
    moments: list[float] = []
    days = [
        (429, {"retry-after": "1"}, {"error": {"message": "slow down"}}),
        (503, {"retry-after": formatdate(time.time() + 1, usegmt=True)}, {"error": {"message": "warming up"}}),
        (500, {"retry-after-ms": "10"}, "oh no"),
        json.dumps(offers[0]),
    ]

    def says(n, request):
        moments.append(time.monotonic())
        return days[n]

    remarks: list[str] = []
    with serving(says) as server:
        done = go(server, tmp_path / "t.jsonl", settings, 1, say=remarks.append)
    assert done.kept == 1 and done.purse.tokens == sum(USAGE), "a refusal costs nothing"
    assert moments[1] - moments[0] >= 1.0 and len(remarks) == 3 and "429" in remarks[0]


def test_lost_answers_are_tried_again_and_counted_at_their_worst(
    settings: Settings, tmp_path: Path, offers: list[dict], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(endpoint, "LONGEST_PAUSE", 0.01)
    days = [DROP, CUT, (200, {}, {"choices": 5}), (200, {}, "<html>"), json.dumps(offers[:1])]
    with serving(lambda n, request: days[n]) as server:
        done = go(server, tmp_path / "t.jsonl", settings, 1, answer_tokens=100)
        assert done.kept == 1 and len(server.requests) == 5
    assert done.purse.lost_out == 400 and done.purse.tokens_out == USAGE[1]
    again = Purse()
    with serving(lambda n, request: DROP) as server:  # nothing is left to do, so nothing is asked
        assert go(server, tmp_path / "t.jsonl", settings, 1, again).kept == 1 and not server.requests
    assert again.lost_out == 400, "what an earlier run lost counts in the next"


def test_endpoints_that_are_of_no_use(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endpoint, "LONGEST_PAUSE", 0.01)
    with serving(lambda n, r: (401, {}, {"error": {"message": "wrong key", "code": "invalid_api_key"}})) as server:
        done = go(server, tmp_path / "a.jsonl", settings, 1)
        assert done.stopped == "endpoint" and "wrong key" in done.why and len(server.requests) == 1
    quota = (429, {}, {"error": {"message": "no money", "code": "insufficient_quota"}})
    with serving(lambda n, r: quota) as server:
        assert "no money" in go(server, tmp_path / "b.jsonl", settings, 1).why and len(server.requests) == 1
    with serving(lambda n, r: (429, {"retry-after": "7200"}, {})) as server:
        assert "120 minutes" in go(server, tmp_path / "c.jsonl", settings, 1).why and len(server.requests) == 1
    with serving(lambda n, r: DROP) as server:
        done = go(server, tmp_path / "d.jsonl", settings, 1, answer_tokens=10)
        assert done.stopped == "endpoint" and len(server.requests) == endpoint.TRIES
        assert done.purse.lost_out == 10 * endpoint.TRIES
    gone = server.url
    done = go(server, tmp_path / "e.jsonl", settings, 1, base=gone)
    assert "cannot be reached" in done.why and done.purse.tokens == 0 and not done.path.exists()
    for wrong in ({"api": "nonsense"}, {"base_url": "localhost"}, {"base_url": gone, "key_name": "NO_SUCH_KEY"}, {}):
        with pytest.raises(EndpointError):
            endpoint.connect(**{"api": "openai", "model": "big", "base_url": None, **wrong})


def test_the_newer_name_of_the_limit(settings: Settings, tmp_path: Path, offers: list[dict]):
    def says(n, request):
        if "max_tokens" in request:
            return 400, {}, {"error": {"message": "Use 'max_completion_tokens' instead."}}
        return json.dumps(offers[n - 1])

    with serving(says) as server:
        assert go(server, tmp_path / "t.jsonl", settings, 2, per_answer=1, answer_tokens=99).kept == 2
    assert [r.get("max_completion_tokens") for r in server.requests] == [None, 99, 99]


def test_no_limit_is_ever_passed(settings: Settings, tmp_path: Path, offers: list[dict]):
    with serving(lambda n, request: json.dumps(offers[n])) as server:
        worst_in = endpoint.most_tokens_in(room.SYSTEM, room.prompt(PATTERN, 1, 2, 0))
        enough = (2 * USAGE[0] + worst_in + 200) * 2e-6 + (2 * USAGE[1] + 1000) * 8e-6
        purse = Purse(2.0, 8.0, max_cost=enough)
        done = go(server, tmp_path / "t.jsonl", settings, 9, purse, per_answer=1, answer_tokens=1000)
        assert done.stopped == "max_cost" and "--max-cost" in done.why
        assert done.kept == len(server.requests) == 3, (
            "after two the third still fits at its worst, the fourth does not"
        )
        assert purse.cost == pytest.approx(3 * (USAGE[0] * 2e-6 + USAGE[1] * 8e-6)) and purse.cost <= enough
        same = Purse(2.0, 8.0, max_cost=enough)
        again = go(server, tmp_path / "t.jsonl", settings, 9, same, per_answer=1, answer_tokens=1000)
        assert again.stopped == "max_cost" and len(server.requests) == 3, "the limit holds over all runs"
        tight = Purse(max_tokens=100)
        assert (
            go(server, tmp_path / "u.jsonl", settings, 9, tight).stopped == "max_tokens" and len(server.requests) == 3
        )


def test_usage_that_is_not_told_counts_at_most(settings: Settings, tmp_path: Path, offers: list[dict]):
    text = json.dumps(offers[0])
    bare = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    with serving(lambda n, request: (200, {}, bare)) as server:
        done = go(server, tmp_path / "t.jsonl", settings, 1)
    assert done.kept == 1 and done.purse.tokens_in > 1000 and done.purse.tokens_out == len(text.encode()) + 1


def test_it_gives_up_on_a_server_that_talks_nonsense(settings: Settings, tmp_path: Path):
    with serving(lambda n, request: "[{" * 9000 + '{"buggy": 3, "fixed": null}') as server:
        done = go(server, tmp_path / "t.jsonl", settings, 5)
    assert done.stopped == "gave_up" and done.answers == room.GIVE_UP == done.rejected["unreadable"]


def test_anthropic(settings: Settings, tmp_path: Path, offers: list[dict], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "not-a-key")
    days = [(529, {"retry-after": "0"}, {"type": "error", "error": {"type": "overloaded_error", "message": "full"}})]
    with serving(lambda n, request: days[n] if n < 1 else json.dumps({"pairs": offers[:2]})) as server:
        done = go(server, tmp_path / "t.jsonl", settings, 2, api="anthropic", base=server.url.removesuffix("/v1"))
    assert done.kept == 2 and done.purse.tokens == sum(USAGE) and set(server.paths) == {"/v1/messages"}
    assert server.requests[0]["system"] == room.SYSTEM and "not-a-key" in server.keys[0]


def test_a_killed_run_goes_on_without_paying_twice(settings: Settings, tmp_path: Path, offers: list[dict]):
    path = tmp_path / "t.jsonl"
    hang = 2

    def says(n, request):
        if n == hang:
            time.sleep(30)
        return json.dumps([offers[n - (n > hang)]])

    with serving(says) as server:
        words = ["distill", "--pattern", PATTERN, "--count", "4", "--model", "big", "--base-url", server.url,
                 "--per-answer", "1", "--answer-tokens", "100", "--out", str(path), "--json", "jobs=1"]  # fmt: skip
        program = subprocess.Popen(
            [sys.executable, "-m", "continualcode", *words], env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )  # fmt: skip
        waited = time.monotonic()
        while len(server.requests) <= hang and program.poll() is None and time.monotonic() - waited < 120:
            time.sleep(0.05)
        program.send_signal(signal.SIGKILL)
        program.wait()
        assert len(server.requests) == hang + 1 and len(list(export.read(path))) == 2
        journal = tmp_path / "t.jsonl.journal"
        with journal.open("a") as stream:
            stream.write('{"judged": 9, "kep')
        purse = Purse()
        done = go(server, path, settings, 4, purse, per_answer=1, answer_tokens=100)
        assert done.kept == 4 and done.stopped == "" and len(server.requests) == hang + 3
        assert [p.buggy for p in export.read(path)] == [o["buggy"] for o in offers[:4]]
        assert (purse.tokens_out, purse.lost_out) == (4 * USAGE[1], 100), "the one in the air counts at its worst"


def test_an_answer_that_was_paid_but_not_judged_is_judged_later(settings: Settings, tmp_path: Path, offers: list[dict]):
    path = tmp_path / "t.jsonl"
    with serving(lambda n, request: json.dumps(offers[n])) as server:
        assert go(server, path, settings, 1, per_answer=1).kept == 1
        journal = tmp_path / "t.jsonl.journal"
        lines = journal.read_text().splitlines(keepends=True)
        assert "judged" in lines[-1]
        journal.write_text("".join(lines[:-1]))
        assert go(server, path, settings, 1, per_answer=1).kept == 1 and len(server.requests) == 1
        assert go(server, path, settings, 2, per_answer=1).kept == 2, "a larger count goes on"
        with pytest.raises(KoanError, match="name another --out"):
            room.distill(
                path, "bc_missing_mut", 1, endpoint.connect("openai", "big", server.url), Purse(), settings=settings
            )
        journal.write_text("nonsense\n")
        with pytest.raises(KoanError, match="damaged"):
            go(server, path, settings, 2)


def test_the_command(settings: Settings, tmp_path: Path, offers: list[dict], capsys: pytest.CaptureFixture[str]):
    with serving(lambda n, request: "no" if n == 0 else json.dumps(offers[:2])) as server:
        words = ["distill", "--pattern", PATTERN, "--count", "2", "--model", "big", "--base-url", server.url,
                 "--out", str(tmp_path / "t.jsonl"), "--price-in", "1", "--price-out", "4", "--max-cost", "1", "--json"]  # fmt: skip
        assert run(words) == 0
        out, err = capsys.readouterr()
        answer = json.loads(out.splitlines()[-1])
        assert answer["kept"] == 2 and answer["rejected"] == {"unreadable": 1} and answer["stopped"] == ""
        assert answer["cost"] == pytest.approx(2 * (USAGE[0] + 4 * USAGE[1]) / 1e6) and "rejected (unreadable)" in err
        assert run([*words[:-5], "--max-cost", "1", "--json"]) == 2, "a limit in USD needs both prices"
        few = [*words[:-3], "--max-cost", "0.000001", "--out", str(tmp_path / "u.jsonl"), "--json"]
        assert run(few) == 1
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["stopped"] == "max_cost"
        assert run(["distill", "--pattern", "nonsense", "--model", "big", "--base-url", server.url]) == 2


def test_forms_of_answers():
    bare = json.dumps(GOOD)
    pretty = bare.replace("\\n", "\n")  # raw line breaks inside strings
    headed = f"# 1\n## Buggy\n```rust\n{BUGGY}```\n## Fixed\n```rust\n{FIXED}```\n**Tests**\n```rust\n{TESTS}```\n## Explanation\nA semicolon makes it a statement.\n"
    fenced = json.dumps({**GOOD, "buggy": f"```rust\n{BUGGY}```"})
    for text in (bare, f"Sure!\n```json\n[{bare}]\n```", pretty, f'{{"pairs": [{bare}]}}', headed, fenced):
        assert room.triples(text) == [room.Triple(BUGGY, FIXED, str(GOOD["explanation"]), TESTS)], text
    assert len(room.triples(headed + headed)) == 2
    assert room.triples('[{"buggy": "x"}]') == []


@given(st.text(alphabet=st.sampled_from('[]{}":,\\`#*\n bugyfixedtsrl0'), max_size=300))
def test_any_text_is_no_crash(text: str):
    assert isinstance(room.triples(text), list)
