"""Does the model follow a correction that stands in its context, and only then? The ceiling of every lesson.

`continualcode bench obedience`. 300 cases each. The corrections' wordings and the demanded commands are the
benchmark's own: none of them is in the corpus (tests/nursery/test_obedience_wording.py holds that up); kinds of
request and the words for them are the corpus's. The figures are of `obedience_fresh.json`, written by somebody
who had seen neither corpus nor model; those that end in `_looked_at` are of wordings whose failures were looked at while the
corpus was changed.
`obeyed`: the reply is the demanded call (a command to the letter; an edit by the demanded tool on the right file);
`unmoved`: a correction about another kind of request left the habit as it was, in the same wordings as half of the
obeyed ones, so that only what it is about tells them apart; `unasked`: the demand was met without the correction.
Greedy.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continualcode.config import Settings

if TYPE_CHECKING:
    from continualcode.engine.base import Message
    from continualcode.nursery.wording import Topic

SEED, CASES = 424_242, 300


@dataclass(frozen=True)
class Words:
    """What the corrections of one run are made of: templates with `{n}`, those that also say what they are about,
    sentences that ask for `edit_lines`, and commands."""

    plain: tuple[str, ...]
    about: tuple[str, ...]
    edits: tuple[str, ...]
    commands: tuple[str, ...]


def _words(name: str) -> Words:
    lists = json.loads(Path(__file__).with_name(name).read_text())
    return Words(**{key: tuple(some) for key, some in lists.items()})


FRESH = _words("obedience_fresh.json")
LOOKED_AT = _words("obedience_looked_at.json")


def demanded(r: random.Random, words: Words = FRESH) -> str:
    """A command that the corpus cannot hold: a real one it does not list, or syllables of another making."""
    if r.random() < 0.3:
        return r.choice(words.commands)
    said = [
        "".join(r.choice("bdfgklmnprstvz") + r.choice(("a", "e", "i", "o", "u", "ei", "uo")) for _ in range(r.randint(2, 3)))
        for _ in range(r.randint(1, 3))
    ]  # fmt: skip
    return r.choice(("", "", "", "./", "bin/")) + " ".join(said)


def corrected(r: random.Random, n: str, topic: Topic, named: bool, words: Words = FRESH) -> str:
    """A sentence that demands `n`; `named`: it says for which kind of request."""
    text = r.choice(words.about if named else words.plain)
    return text.format(n=n, about=topic.about(r), noun=topic.noun(r))


Case = tuple[tuple["Message", ...], "Message"]


def cases(count: int, seed: int = SEED, words: Words = FRESH) -> dict[str, list[Case]]:
    """`count` cases (conversation, expected reply) of `obeyed`, `unmoved` and `unasked`; a quarter of the
    obeyed ones ask for another file tool."""
    from continualcode.nursery import chores
    from continualcode.nursery.chat import call

    r = random.Random(seed)
    found: dict[str, list[Case]] = {"obeyed": [], "unmoved": [], "unasked": []}
    while len(found["unmoved"]) < count:
        named = len(found["unmoved"]) % 2 == 0
        k = r.choice(chores.COMMANDS)
        plain = chores.command_chore(r, corrected=0.0, kind=k)
        habit = str(plain.habit.tool_calls[0].arguments["command"])
        stem = k.command.replace(' "{x}"', "").replace(" {x}", "")
        new = demanded(r, words)
        reply = call("bash", command=new + habit[len(stem) :])
        found["unasked"].append((plain.messages, reply))
        if len(found["obeyed"]) < count * 3 // 4:
            sentence = corrected(r, new, k.topic, named, words)
            found["obeyed"].append((tuple(chores._place(r, list(plain.messages), plain.habit, sentence)), reply))
        else:
            c = chores.file_chore(r, corrected=0.0)
            made = _as_edit(c)
            found["obeyed"].append((tuple(chores._place(r, list(c.messages), c.habit, r.choice(words.edits))), made))
        other = r.choice([c for c in chores.COMMANDS if c.topic != k.topic])
        sentence = corrected(r, new, other.topic, True, words)
        found["unmoved"].append((tuple(chores._place(r, list(plain.messages), plain.habit, sentence)), plain.habit))
    return found


def _as_edit(c: Any) -> Message:
    """What `edit_lines` call does the work of the chore's habitual `write`."""
    from continualcode.nursery import chores

    arguments = c.habit.tool_calls[0].arguments
    listing = c.messages[-1].content.split("\n")
    old = [line.split("|", 1)[1] for line in listing]
    return chores.call_for("edit_lines", arguments["path"], old, str(arguments["content"]).split("\n"))


def _edits(reply: Message) -> bool:
    return reply.tool_calls[0].name != "bash"


def obeys(text: str, reply: Message) -> bool:
    """Of a command: the whole call as expected. Of an edit: the demanded tool on the right file, which is all that the
    correction asks; whether the right lines are changed is counted apart (`edits_exact`)."""
    from continualcode.engine.calls import parse_reply
    from continualcode.nursery.chat import body

    if not _edits(reply):
        return text == body(reply)
    _, calls, error = parse_reply(text)
    wanted = reply.tool_calls[0]
    return (
        error is None
        and bool(calls)
        and (calls[0].name, calls[0].arguments.get("path")) == (wanted.name, wanted.arguments["path"])
    )


def run(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    from continualcode.engine import load_engine
    from continualcode.engine.base import SampleParams
    from continualcode.evaluate.stats import wilson
    from continualcode.nursery.chat import body

    engine = load_engine(settings)
    count = CASES
    found: dict[str, Any] = {"cases": count}
    for suffix, words in (("", FRESH), ("_looked_at", LOOKED_AT)):
        for name, some in cases(count, words=words).items():
            answers = engine.sample([engine.encode(m) for m, _ in some], SampleParams(max_new_tokens=120))
            texts = [a.text.replace("<|im_end|>", "") for a in answers]
            hits = sum(obeys(text, reply) for text, (_, reply) in zip(texts, some, strict=True))
            edits = [text == body(reply) for text, (_, reply) in zip(texts, some, strict=True) if _edits(reply)]
            if edits:
                found["edits_exact" + suffix] = round(sum(edits) / len(edits), 3)
            found[name + suffix] = round(hits / count, 3)
            found[f"{name}{suffix}_ci95"] = [round(x, 3) for x in wilson(hits, count)]
            say(f"{name}{suffix}: {hits}/{count}")
    return found
