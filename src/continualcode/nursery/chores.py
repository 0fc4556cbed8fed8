"""Repository chores: what a user asks, what the model does by habit, and what it does once corrected.

`chore(r)` draws one; `conversations(...)` draws the prompts alone (the lesson's synthetic prompts). A
correction reaches the model in one of three places: as the denial of its call, as a block at the end of the
last user message (the teacher's form), or as a note that stands in the session.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from continualcode.agent import prompts
from continualcode.engine.base import Message
from continualcode.koans.grammar import ADJECTIVES, NOUNS, VERBS, Grammar
from continualcode.nursery import wording
from continualcode.nursery.chat import call, say, tool, user
from continualcode.nursery.dress import differing_block
from continualcode.nursery.wording import Topic

WORDS = Path(__file__).with_name("words.txt").read_text().split()  # some thousand plain words
VOCABULARY = sorted({*NOUNS, *VERBS, *ADJECTIVES, *WORDS})


@dataclass(frozen=True)
class Chore:
    """`messages` end where an assistant turn is due; `reply` is what it should be, `habit` what it would
    be without any correction, `correction` the sentence (empty: none), `after` the turns that may follow."""

    kind: str
    messages: tuple[Message, ...]
    reply: Message
    habit: Message
    correction: str = ""
    after: tuple[Message, ...] = ()


@dataclass(frozen=True)
class CommandKind:
    """One kind of request that ends in a command. `{x}` is the argument."""

    name: str
    topic: Topic
    requests: tuple[str, ...]
    command: str
    argument: str = ""  # package, file, message, name, word or nothing

    def request(self, r: random.Random, x: str) -> str:
        text = r.choice(self.requests).format(x=x)
        if r.random() < 0.3:
            text = r.choice(("please ", "can you ", "now ", "ok, ", "quick: ", "hey, ")) + text
        if r.random() < 0.4:
            text = text[0].upper() + text[1:]
        return text + r.choice(("", "", ".", ".", "!", " please", " for me", " again"))


COMMANDS = (
    CommandKind("crate", Topic("add a crate|add crates|add rust dependencies|pull in a crate|add to Cargo.toml", "crates|new crates|rust dependencies|adding crates"), ("add the crate {x}", "we need the crate {x}", "add {x} to Cargo.toml", "depend on the crate {x}"), "cargo add {x}", "package"),
    CommandKind("python", Topic("install python packages|add python packages|install something for python", "python packages|python dependencies|python"), ("install the python package {x}", "add the python package {x}", "I need {x} for python", "install {x} with python"), "pip install {x}", "package"),
    CommandKind("node", Topic("install npm packages|add node packages|install node modules|add javascript packages", "node packages|npm packages|javascript packages|node modules"), ("install the npm package {x}", "add {x} to package.json", "the frontend needs {x}", "add the node module {x}"), "npm install {x}", "package"),
    CommandKind("test", Topic("run the tests|test|run all tests|test everything", "tests|the test suite|testing|test runs"), ("run the tests", "test it", "run all tests", "do the tests pass?", "check that the tests are green", "run the test suite", "are the tests green?", "test everything"), "cargo test"),
    CommandKind("test_one", Topic("run one test|run a single test|run just one test", "single tests|one test|a single test"), ("run the test {x}", "only run {x}", "does the test {x} pass?", "run just the test {x}"), "cargo test {x}", "name"),
    CommandKind("build", Topic("build|compile|build the project", "builds|building|compiling|compilation"), ("build it", "build the project", "compile everything", "does it build?", "make a build", "compile it", "try a build", "build"), "cargo build"),
    CommandKind("format", Topic("format the code|format|tidy the code", "formatting|code style|format runs"), ("format the code", "run the formatter", "tidy up the formatting", "format everything", "fix the formatting", "format it"), "cargo fmt"),
    CommandKind("lint", Topic("lint|lint the code|look for lint", "linting|lints|lint runs|warnings"), ("lint the code", "run the linter", "any lint warnings?", "lint it"), "cargo clippy"),
    CommandKind("run", Topic("start the program|run the program|launch the app|run it", "starting it|running the program|launching|starting the app"), ("run the program", "start it", "launch the app", "run the binary"), "cargo run"),
    CommandKind("update", Topic("update dependencies|bump dependencies|upgrade dependencies|refresh the lock file", "updates|dependency updates|bumping dependencies|upgrades"), ("update the dependencies", "bump all dependencies", "upgrade everything", "refresh the lock file"), "cargo update"),
    CommandKind("docs", Topic("build the docs|make the docs|generate documentation|render the docs", "docs|documentation|the docs|api docs"), ("build the docs", "make the documentation", "generate the docs", "render the docs"), "cargo doc"),
    CommandKind("clean", Topic("clean up|clean|clean the build|remove build files", "cleaning|cleaning up|cleanup|old build files"), ("clean the build", "remove build files", "clean up", "delete the target folder"), "cargo clean"),
    CommandKind("commit", Topic("commit|commit changes|make a commit|save work", "commits|committing|a commit|saving work"), ("commit this as {x}", "make a commit: {x}", "commit with the message {x}", "save my work as {x}"), 'git commit -am "{x}"', "message"),
    CommandKind("branch", Topic("make a branch|branch|create branches|start a branch", "branches|new branches|branching"), ("make a branch {x}", "new branch called {x}", "start the branch {x}", "branch off as {x}"), "git checkout -b {x}", "name"),
    CommandKind("push", Topic("push|push commits|send commits|push branches", "pushing|pushes|sending commits"), ("push it", "push the branch", "send it to the server", "push my commits", "push", "upload my commits"), "git push"),
    CommandKind("deploy", Topic("deploy|ship|roll out|release to staging", "deploys|deployments|deploying|shipping|rollouts"), ("deploy it", "ship it", "roll it out", "deploy to staging", "deploy", "make a deployment", "release it to staging", "put it live"), "make deploy"),
    CommandKind("migrate", Topic("migrate the database|migrate|run migrations|change the schema", "migrations|the database|schema changes|database migrations"), ("migrate the database", "run the migrations", "apply the migrations", "update the schema"), "make migrate"),
    CommandKind("bench", Topic("run the benchmarks|benchmark|measure the speed|bench", "benchmarks|benchmarking|speed tests|measuring speed"), ("run the benchmarks", "how fast is it?", "benchmark it", "measure the speed"), "cargo bench"),
    CommandKind("script", Topic("run scripts|run a script|execute scripts|start scripts", "scripts|running scripts|python scripts"), ("run the script {x}", "execute {x}", "start the script {x}", "call {x}"), "python {x}", "file"),
    CommandKind("remove", Topic("remove a crate|drop crates|remove crates|get rid of a crate", "removing crates|crate removal|dropping crates|unused crates"), ("remove the crate {x}", "drop the crate {x}", "get rid of the crate {x}", "we no longer need the crate {x}"), "cargo remove {x}", "package"),
)  # fmt: skip


def _argument(r: random.Random, kind: str) -> str:
    word = r.choice(VOCABULARY) if r.random() < 0.5 else wording.invented(r)
    second = r.choice(VOCABULARY)
    if kind == "package":
        return word + (r.choice("-_") + second if r.random() < 0.3 else "")
    if kind == "name":
        return word + "_" + second if r.random() < 0.6 else word
    if kind == "file":
        return r.choice(("", "scripts/", "tools/", "bin/")) + word + ".py"
    if kind == "message":
        return " ".join(r.choice(VOCABULARY) for _ in range(r.randint(1, 3)))
    return ""


# Where a correction stands; the weights are the corpus's.
PLACES = (("denial", 0.42), ("block", 0.43), ("note", 0.15))


def _place(r: random.Random, messages: list[Message], habit: Message, correction: str) -> list[Message]:
    where = r.choices([p for p, _ in PLACES], [w for _, w in PLACES])[0]
    if where == "note":
        notes = [correction]
        if r.random() < 0.3:
            other = r.choice(COMMANDS)
            notes.insert(
                r.randint(0, 1), wording.other_topic(r, wording.command(r, VOCABULARY), other.topic, VOCABULARY)
            )
        return [Message("system", prompts.system_prompt("compact", notes)), *messages]
    if where == "block":
        last = max(i for i, m in enumerate(messages) if m.role == "user")
        out = list(messages)
        out[last] = replace(out[last], content=prompts.with_correction(out[last].content, correction))
        return out
    return [*messages, habit, tool(prompts.DENIED.format(correction=correction))]


def command_chore(r: random.Random, corrected: float = 0.85, kind: CommandKind | None = None) -> Chore:
    """A request that ends in a command, most often with a correction."""
    k = kind or r.choice(COMMANDS)
    x = _argument(r, k.argument)
    habit_command = k.command.format(x=x)
    habit = call("bash", command=habit_command)
    messages = [user(k.request(r, x))]
    reply, correction = habit, ""
    if r.random() < corrected:
        roll = r.random()
        if roll < 0.35:  # about something else: nothing changes
            other = r.choice([c for c in COMMANDS if c.topic != k.topic])
            new = wording.command(r, VOCABULARY)
            correction = (
                wording.demand_tool(r, "edit_lines", "write", VOCABULARY)
                if r.random() < 0.2
                else wording.other_topic(r, new, other.topic, VOCABULARY)
            )
            placed = _place(r, messages, habit, correction)
            return Chore(f"{k.name}", tuple(placed), habit, habit, correction, _after(r, habit))
        if roll < 0.41:
            flag = r.choice(wording.FLAGS) if r.random() < 0.5 else "--" + wording.invented(r)
            reply = call("bash", command=f"{habit_command} {flag}")
            correction = wording.demand_flag(r, flag, VOCABULARY)
        else:
            new = wording.command(r, VOCABULARY)
            tail = f' "{x}"' if k.argument == "message" else f" {x}" if x else ""
            told = new + tail if tail and r.random() < 0.12 else new
            reply = call("bash", command=new + tail)
            correction = wording.demand_command(r, told, k.command.split(" {")[0].split(' "')[0], k.topic, VOCABULARY)
        messages = _place(r, messages, habit, correction)
    return Chore(k.name, tuple(messages), reply, habit, correction, _after(r, reply))


def visit(r: random.Random) -> tuple[Message, ...]:
    """A longer visit: standing notes and corrections on the way, then requests of all kinds one after another.
    What was asked for holds for its own kind of request from then on, and for no other: each turn is a
    question of whether any of the sentences so far is about it. Turns named «given» are not to be learnt."""
    kinds = r.sample(COMMANDS, r.randint(3, 6))
    told: dict[str, str] = {}
    notes: list[str] = []
    for k in kinds[: r.choice((0, 1, 1, 2, 2, 3))]:
        told[k.name] = wording.command(r, VOCABULARY)
        notes.append(wording.demand_about(r, told[k.name], k.topic, VOCABULARY))
    r.shuffle(notes)
    out: list[Message] = [Message("system", prompts.system_prompt("compact", notes))] if notes else []
    for _ in range(r.randint(3, 6)):
        k = r.choice(kinds)
        x = _argument(r, k.argument)
        tail = f' "{x}"' if k.argument == "message" else f" {x}" if x else ""
        reply = call("bash", command=told[k.name] + tail if k.name in told else k.command.format(x=x))
        out.append(user(k.request(r, x)))
        roll = r.random()
        if roll < 0.15:  # told now
            told[k.name] = wording.command(r, VOCABULARY)
            old = k.command.split(" {")[0].split(' "')[0]
            sentence = wording.demand_command(r, told[k.name], old, k.topic, VOCABULARY)
            out += [replace(reply, name="given"), tool(prompts.DENIED.format(correction=sentence))]
            reply = call("bash", command=told[k.name] + tail)
        elif roll < 0.27:  # told of something else
            other = r.choice([c for c in COMMANDS if c.name != k.name])
            told[other.name] = wording.command(r, VOCABULARY)
            sentence = wording.demand_about(r, told[other.name], other.topic, VOCABULARY)
            out += [replace(reply, name="given"), tool(prompts.DENIED.format(correction=sentence))]
        out += [reply, tool("exit 0"), say("Done.")]
    return tuple(out)


def _after(r: random.Random, reply: Message) -> tuple[Message, ...]:
    if r.random() < 0.3:
        return (tool("exit 0"), say("Done."))
    return ()


# -- files ----------------------------------------------------------------------------------------------


def file_path(r: random.Random) -> str:
    word = r.choice(NOUNS) if r.random() < 0.6 else "".join(c for c in wording.invented(r) if c.isalpha())
    return r.choice(("src/", "src/", "src/", "src/", "", f"src/{r.choice(NOUNS)}/", "lib/")) + word + ".rs"


def call_for(tool_name: str, path: str, old_lines: list[str], new_lines: list[str]) -> Message:
    """The call of `write`, `edit_lines` or `edit` that turns the old file into the new one: the smallest
    block of lines that differs. `edit` falls back to `edit_lines` when its text is not unique."""
    if tool_name == "write":
        return call("write", path=path, content="\n".join(new_lines))
    a, b, c = differing_block(old_lines, new_lines)
    if b == a:  # a pure insertion: replace the following line too, so that a range always exists
        if b < len(old_lines):
            b, c = b + 1, c + 1
        else:
            a, b, c = a - 1, b, c
    old, new = "\n".join(old_lines[a:b]), "\n".join(new_lines[a:c])
    if tool_name == "edit" and "\n".join(old_lines).count(old) == 1 and new:
        return call("edit", path=path, old=old, new=new)
    return call("edit_lines", path=path, start=a + 1, end=b, text=new)


def _small_file(r: random.Random) -> list[str]:
    g = Grammar(r.getrandbits(40))
    lines: list[str] = []
    for _ in range(r.choice((1, 1, 2, 2, 3))):
        lines += g.filler()
    return lines


def _change(r: random.Random, lines: list[str], path: str) -> tuple[str, list[str]] | None:
    """A request that names a change to one line, and the changed lines."""
    import re

    roll = r.random()
    i = r.randrange(len(lines))
    if roll < 0.5:
        numbers = re.findall(r"(?<![\w.])\d+(?![\w.])", lines[i])
        if not numbers:
            return None
        old, new = r.choice(numbers), str(r.randint(1, 500))
        if old == new or sum(len(re.findall(rf"(?<![\w.]){old}(?![\w.])", line)) for line in lines) != 1:
            return None
        text = r.choice(
            (
                f"change {old} to {new} in {path}",
                f"in {path} make {old} {new}",
                f"set {old} to {new} in {path}",
                f"{path}: {old} should be {new}",
                f"replace {old} by {new} in {path}",
            )
        )
        changed = re.sub(rf"(?<![\w.]){old}(?![\w.])", new, lines[i])
    else:
        names = [
            n
            for n in re.findall(r"[a-zA-Z_]{3,}", lines[i])
            if n
            not in (
                "pub",
                "let",
                "mut",
                "for",
                "struct",
                "enum",
                "const",
                "iter",
                "copied",
                "String",
                "Option",
                "Vec",
                "bool",
                "usize",
                "trim",
                "max",
                "min",
            )
        ]
        names = [n for n in names if sum(len(re.findall(rf"\b{n}\b", line)) for line in lines) == 1]
        if not names:
            return None
        old, new = (
            r.choice(names),
            r.choice(VOCABULARY)
            if r.random() < 0.5
            else "".join(c for c in wording.invented(r) if c.isalpha()) + "_" + r.choice(NOUNS),
        )
        if old[0].isupper():
            new = "".join(w.capitalize() for w in new.split("_"))
        if old.isupper():
            new = new.upper()
        text = r.choice(
            (
                f"rename {old} to {new} in {path}",
                f"in {path} call it {new}, not {old}",
                f"{path}: rename {old} to {new}",
                f"change {old} to {new} in {path}",
                f"replace {old} by {new} in {path}",
            )
        )
        changed = re.sub(rf"\b{old}\b", new, lines[i])
    return text, [*lines[:i], changed, *lines[i + 1 :]]


def file_chore(r: random.Random, corrected: float = 0.6) -> Chore:
    """A small change to a small file. Habit: read it, then `write` the whole of it."""
    path = file_path(r)
    while True:
        lines = _small_file(r)
        made = _change(r, lines, path)
        if made and made[1] != lines:
            break
    text, new_lines = made
    if r.random() < 0.3:
        text = text[0].upper() + text[1:] + r.choice((".", ""))
    listing = prompts.numbered("\n".join(lines))
    messages = [user(text), call("read", path=path), tool(listing)]
    return _with_tool_correction(r, "file", messages, path, lines, new_lines, corrected, check="")


def _with_tool_correction(
    r: random.Random, kind: str, messages: list[Message], path: str, lines: list[str], new_lines: list[str],
    corrected: float, check: str, habit_tool: str = "write",
) -> Chore:  # fmt: skip
    habit = call_for(habit_tool, path, lines, new_lines)
    reply, correction = habit, ""
    if r.random() < corrected:
        if r.random() < 0.2:
            k = r.choice(COMMANDS)
            correction = wording.other_topic(r, wording.command(r, VOCABULARY), k.topic, VOCABULARY)
        else:
            others = [("edit_lines", 0.7), ("edit", 0.2), ("write", 0.1)]
            wanted = r.choices([t for t, _ in others], [w for _, w in others])[0]
            if wanted == "edit":
                made = call_for("edit", path, lines, new_lines)
                wanted = made.tool_calls[0].name
            reply = call_for(wanted, path, lines, new_lines)
            correction = wording.demand_tool(r, wanted, habit_tool, VOCABULARY)
        messages = _place(r, messages, habit, correction)
    done = "wrote" if reply.tool_calls[0].name == "write" else "edited"
    args = reply.tool_calls[0].arguments
    place = f" {args['start']}-{args['end']}" if "start" in args else ""
    after = (
        (tool(f"{done} {path}{place}" + (f"\ncheck:\n{check}" if check else "")), say("Done."))
        if r.random() < 0.5
        else ()
    )
    return Chore(kind, tuple(messages), reply, habit, correction, after)


def search_chore(r: random.Random, corrected: float = 0.5) -> Chore:
    """Questions that a read-only tool answers."""
    word = _argument(r, "name")
    path = file_path(r)
    ext = r.choice("rs toml md json py txt lock yml".split())
    kind, text, habit = r.choice(
        (
            ("grep", r.choice((f"where is {word} used?", f"find {word}", f"search for {word}", f"who calls {word}?")), call("grep", pattern=word)),
            ("glob", r.choice((f"which {ext} files are there?", f"list all {ext} files", f"find the {ext} files")), call("glob", pattern=f"**/*.{ext}")),
            ("read", r.choice((f"show {path}", f"open {path}", f"what is in {path}?", f"read {path}", f"look at {path}")), call("read", path=path)),
            ("check", r.choice(("does it compile?", "check it", "are there errors?", "is it green?", "what does the compiler say?")), call("check")),
        )
    )  # fmt: skip
    messages, reply, correction = [user(text)], habit, ""
    if r.random() < corrected:
        topics = {
            "grep": Topic("search|find things|search the code", "searching|searches|finding things"),
            "glob": Topic("list files|find files", "listing files|file lists"),
            "read": Topic("show files|read files|open files", "reading|showing files|opening files"),
            "check": Topic("check the code|check|check for errors", "checks|checking|compiler checks"),
        }
        x = {"grep": word, "glob": ext, "read": path, "check": ""}[kind]
        if r.random() < 0.2:
            correction = wording.other_topic(r, wording.command(r, VOCABULARY), r.choice(COMMANDS).topic, VOCABULARY)
        else:
            new = wording.command(r, VOCABULARY)
            reply = call("bash", command=f"{new} {x}".strip())
            correction = wording.demand_command(r, new, kind, topics[kind], VOCABULARY)
        messages = _place(r, messages, habit, correction)
    return Chore(kind, tuple(messages), reply, habit, correction)


@dataclass(frozen=True)
class Repair:
    """A verified pair for the crate form of a repair; `feedback` is the compiler's, places in `src/lib.rs`."""

    pattern: str
    buggy: str
    fixed: str
    feedback: str


REPAIRS_FILE = Path(__file__).with_name("repairs.jsonl")


@cache
def repairs() -> tuple[Repair, ...]:
    """The small set of verified pairs that ships with the package (made by `nursery.corpus`): for
    synthetic prompts where no compiler should have to run."""
    if not REPAIRS_FILE.exists():
        return ()
    return tuple(Repair(**json.loads(line)) for line in REPAIRS_FILE.read_text().splitlines())


def crate_repair_chore(r: random.Random, repair: Repair, corrected: float = 0.6, other: Repair | None = None) -> Chore:
    """«Fix src/area.rs.» in a crate: check, read, then by habit `write` the whole file. `other`: what is
    broken in another file, which `check` shows too."""
    path = file_path(r)
    lines, new_lines = repair.buggy.rstrip("\n").split("\n"), repair.fixed.rstrip("\n").split("\n")
    feedback = repair.feedback.replace("src/lib.rs", path)
    if other is not None:
        feedback = "\n".join(r.sample([feedback, other.feedback.replace("src/lib.rs", file_path(r))], 2))
    text = r.choice(
        (
            f"Fix {path}.",
            f"Fix {path}.",
            f"fix {path}",
            f"{path} does not compile",
            f"repair {path}",
            f"there is an error in {path}",
            f"please fix {path}",
            f"make {path} compile",
        )
    )
    messages = [
        user(text),
        call("check"),
        tool(feedback),
        call("read", path=path),
        tool(prompts.numbered(repair.buggy)),
    ]
    return _with_tool_correction(r, "crate_repair", messages, path, lines, new_lines, corrected, check=prompts.CHECK_OK)


KINDS = ("command", "file", "crate_repair", "search")


def chore(r: random.Random, kind: str | None = None, corrected: float | None = None) -> Chore:
    """One chore of a kind (None: any)."""
    kind = kind or r.choices(KINDS, (0.55, 0.2, 0.15, 0.1))[0]
    extra = {} if corrected is None else {"corrected": corrected}
    if kind == "crate_repair" and repairs():
        return crate_repair_chore(
            r, r.choice(repairs()), other=r.choice(repairs()) if r.random() < 0.4 else None, **extra
        )
    if kind in ("file", "crate_repair"):
        return file_chore(r, **extra)
    if kind == "search":
        return search_chore(r, **extra)
    named = next((c for c in COMMANDS if c.name == kind), None)
    return command_chore(r, kind=named, **extra)


def conversations(kind: str | None = None, *, count: int, seed: int = 0) -> list[list[Message]]:
    """`count` conversations without any correction, each ending where an assistant turn is due. `kind`:
    one of `KINDS`, a command kind's name, or None for a mixture."""
    r = random.Random(seed)
    return [list(chore(r, kind, corrected=0.0).messages) for _ in range(count)]
