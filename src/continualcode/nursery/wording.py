"""The words of users: requests and corrections, drawn without limit.

A correction is a template crossed with open vocabulary (real and invented commands), politeness and
reasons, since obedience reaches exactly as far as the corpus varies.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

REAL_COMMANDS = """poetry add|uv add|uv pip install|pdm add|conda install|pnpm add|yarn add|bun add|just test|just build|make test
make check|make build|make fmt|cargo nextest run|cargo xtask test|cargo xtask build|tox|nox -s tests|pytest -q|hatch run test|bazel test
bazel build|ninja|meson compile|npm run build|npm run lint|yarn test|pnpm test|ruff check|ruff format|black .|task build|task test|rg|ag|fd
ack|git grep|docker compose up|podman build|./gradlew build|mvn package|go test ./...|zig build|deno task start|rake spec|mix test|sbt test
hatch build|pixi add|pipx install|rye add|brew install|apk add|git switch|jj commit|hg push|sl push|earthly|dagger call test|mage|invoke test""".replace(
    "\n", "|"
).split("|")
FLAGS = """--release --verbose --quiet --all --workspace --locked --offline --frozen --dry-run --no-cache --all-features -v -q -k -j4 -p core
--lib --tests --fix --check --watch --color=never --keep-going --fast --strict --jobs=2 --no-run --profile dev --target wasm --depth 1""".split()
REASONS = """it is faster|the lock file breaks|our ci expects it|that is the rule here|the team agreed on it|the other one is gone
we moved last week|it keeps the diff small|reviewers hate noise|it keeps history clean|I said so before|the docs say so|it is safer
that one is deprecated|nothing else works here|it caches results|the server is slow|we share one config|this is a monorepo""".replace(
    "\n", "|"
).split("|")
_POLITE = [
    "",
    "",
    "",
    "",
    "",
    "please ",
    "no, ",
    "no. ",
    "wrong: ",
    "stop. ",
    "hey, ",
    "again: ",
    "sorry, ",
    "ugh, ",
    "next time ",
    "actually ",
    "nope, ",
]
_ONSET = "b c d f g h j k l m n p qu r s t v w x y z bl br ch cl cr dr fl fr gl gr kn ph pl pr sc sh sk sl sm sn sp st sw th tr tw wr zh".split()
_VOWEL = "a e i o u a e i o u ai au ea ee ie oa oo ou y".split()
_CODA = [
    "",
    "",
    "",
    "b",
    "ck",
    "d",
    "f",
    "g",
    "k",
    "l",
    "ll",
    "m",
    "mp",
    "n",
    "nd",
    "nk",
    "p",
    "r",
    "rk",
    "rt",
    "s",
    "st",
    "t",
    "x",
    "z",
]


def invented(r: random.Random) -> str:
    """A word nobody listed: pronounceable, or a few letters, or with digits or hyphens."""
    roll = r.random()
    if roll < 0.15:
        return "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(2, 6)))
    word = "".join(
        r.choice(_ONSET) + r.choice(_VOWEL) + (r.choice(_CODA) if r.random() < 0.5 else "")
        for _ in range(r.randint(1, 3))
    )
    if roll < 0.22:
        word += str(r.randint(1, 99))
    elif roll < 0.3:
        word += r.choice("-_.") + r.choice(_ONSET) + r.choice(_VOWEL)
    return word


def command(r: random.Random, vocabulary: list[str]) -> str:
    """A command of one to four words: real, mixed or wholly invented."""
    roll = r.random()
    if roll < 0.22:
        return r.choice(REAL_COMMANDS)
    words = [
        r.choice(vocabulary) if r.random() < 0.3 else invented(r)
        for _ in range(r.choices((1, 2, 3, 4), (30, 45, 18, 7))[0])
    ]
    if r.random() < 0.12:
        words[0] = "./" + r.choice(("scripts/", "bin/", "tools/", "ci/", "")) + words[0] + r.choice((".sh", "", ".py"))
    if r.random() < 0.15:
        words.insert(r.randint(1, len(words)), r.choice(FLAGS))
    return " ".join(words)


def reason(r: random.Random, vocabulary: list[str]) -> str:
    if r.random() < 0.5:
        return r.choice(REASONS)
    w = [r.choice(vocabulary) for _ in range(4)]
    return r.choice(
        (
            f"the {w[0]} needs the {w[1]}",
            f"{w[0]} and {w[1]} depend on it",
            f"we {w[2]} every {w[0]}",
            f"my {w[0]} has no {w[3]}",
        )
    )


def _quoted(r: random.Random, text: str) -> str:
    q = r.choice(("", "", "", "", "`", '"', "'"))
    return f"{q}{text}{q}"


def _finish(r: random.Random, sentence: str, vocabulary: list[str]) -> str:
    sentence = r.choice(_POLITE) + sentence
    if r.random() < 0.3:
        sentence += r.choice((" because ", ", ", "; ", " since ", ". ")) + reason(r, vocabulary)
    if r.random() < 0.25:
        sentence = sentence[0].upper() + sentence[1:]
    if r.random() < 0.25:
        sentence += r.choice((".", "!", " thanks", ", ok?", " please"))
    return sentence


@dataclass(frozen=True)
class Topic:
    """What a command chore is about: each of `abouts` completes «to …», each of `nouns` completes «for …».
    The words after the first are other ways to say it, separated by `|`."""

    abouts: str
    nouns: str

    def about(self, r: random.Random) -> str:
        return r.choice(self.abouts.split("|"))

    def noun(self, r: random.Random) -> str:
        return r.choice(self.nouns.split("|"))


def demand_command(r: random.Random, new: str, old: str, topic: Topic, vocabulary: list[str]) -> str:
    """A correction that asks for the command `new` in place of `old` for this kind of request."""
    n, o, about, noun = _quoted(r, new), old, topic.about(r), topic.noun(r)
    if r.random() < 0.45:
        return demand_about(r, new, topic, vocabulary)
    sentence = r.choice(
        (
            f"use {n}", f"use {n}", f"use {n}", f"use {n} instead", f"use {n}, not {o}", f"use {n} instead of {o}", f"run {n}", f"run {n} here",
            f"{n}, not {o}", f"not {o}: {n}", f"it is {n}", f"we use {n} here", f"we always use {n}", f"this project uses {n}",
            f"to {about} use {n}", f"to {about} run {n}", f"for {noun} we use {n}", f"for {noun} run {n}",
            f"{noun}: {n}", f"always {about} with {n}", f"{about} with {n}", f"never {o}, always {n}", f"don't use {o}, use {n}",
            f"the command is {n}", f"you should call {n}", f"I want {n}", f"prefer {n}", f"switch to {n}", f"replace {o} by {n}", f"{n} please",
            f"do it with {n}", f"our tool is {n}", f"try {n}", f"in this repo {n} is the way to {about}",
        )
    )  # fmt: skip
    return _finish(r, sentence, vocabulary)


def demand_flag(r: random.Random, flag: str, vocabulary: list[str]) -> str:
    """A correction that asks for one more flag at the end of the command."""
    f = _quoted(r, flag)
    return _finish(
        r,
        r.choice(
            (
                f"add {f}",
                f"with {f}",
                f"pass {f}",
                f"you forgot {f}",
                f"{f} is missing",
                f"add the flag {f}",
                f"always pass {f}",
            )
        ),
        vocabulary,
    )


def demand_about(r: random.Random, new: str, topic: Topic, vocabulary: list[str]) -> str:
    """A correction that says which kind of request it is about: it holds for that kind and changes no other."""
    n, about, noun = _quoted(r, new), topic.about(r), topic.noun(r)
    sentence = r.choice(
        (f"to {about} use {n}", f"to {about} run {n}", f"for {noun} we use {n}", f"for {noun} run {n}", f"for {noun} use {n}",
         f"{noun}: {n}", f"always {about} with {n}", f"{about} with {n}", f"{n} is how we {about}", f"{n} is for {noun}",
         f"use {n} to {about}", f"use {n} for {noun}", f"run {n} when you {about}", f"when I ask you to {about}, run {n}",
         f"in this repo {n} is the way to {about}", f"{noun} go through {n}", f"we {about} with {n}", f"if you {about}, use {n}",
         f"whenever you {about} call {n}", f"{n} does {noun} here", f"never {about} by hand, use {n}", f"as for {noun}, it is {n}")
    )  # fmt: skip
    return _finish(r, sentence, vocabulary)


other_topic = demand_about  # asked of another kind of request than the one at hand, it must change nothing


_TOOL_HEADS = (
    "use {t}", "use {t}", "use {t}", "use {t} instead", "use {t} here", "use {t}, not {o}", "use {t} instead of {o}", "call {t}", "always use {t}", "{t}, not {o}",
    "you should use {t}", "{t} please", "switch to {t}", "I want {t}", "do it with {t}", "prefer {t}", "we use {t} here", "{t} only", "make it {t}",
    "no {o}, use {t}", "never {o}, always {t}", "don't {o}, {t}", "change files with {t}", "edit files with {t}", "{t} is the right tool",
)  # fmt: skip
_TOOL_TAILS = {
    "edit_lines": ("", "", "", "", "", "; don't overwrite", "; don't overwrite", ", don't overwrite the file", "; never overwrite the file", ", do not rewrite the whole file", " and touch only what changes",
                   " for small changes", "; whole-file writes are noisy", ", not the whole file", " so the diff stays small", " and leave the rest alone"),
    "edit": ("", "", "", "; don't overwrite", ", replace only the text", " for small changes", " and leave the rest alone", "; no whole files", " with old and new text"),
    "write": ("", "", ", the whole file", " and give me the full file", "; I want to see all of it", ", rewrite it completely"),
}  # fmt: skip
_TOOL_IMPLIED = {
    "edit_lines": ("don't overwrite the file", "don't overwrite", "only change the lines that need it", "change just that line", "no whole-file writes", "edit only the lines you need",
                   "do not rewrite the file", "replace the line, not the file", "touch only the broken line"),
    "edit": ("replace only the text", "swap just the text", "search and replace, please"),
    "write": ("write the whole file", "give me the full file", "rewrite the file completely", "overwrite the file"),
}  # fmt: skip


def demand_tool(r: random.Random, new: str, old: str, vocabulary: list[str]) -> str:
    """A correction that asks for another file tool."""
    if r.random() < 0.25:
        sentence = r.choice(_TOOL_IMPLIED[new])
    else:
        t = _quoted(r, new)
        sentence = r.choice(_TOOL_HEADS).format(t=t, o=old) + r.choice(_TOOL_TAILS[new])
    return _finish(r, sentence, vocabulary)
