"""Sentences of correction, composed: who says it × how × of what × what follows, some millions of them.

A list of wordings, however long, teaches a small model the list: in words of another list it obeyed one time of five.
Here every part is drawn by itself, now and then a word of the frame is any word at all, and what is demanded is the
one thing that stays recognisable: it looks like a command. `{n}` is what is demanded, `{o}` what was done,
`{about}` completes «to …», `{noun}` «for …». Beside the composed ones stand sentences that people wrote (`sentences.txt`):
composed alone, words that stand next to a command in real sentences («… handles docs», «trying …») were taken for a part of it.
The obedience benchmark's wordings are kept out (a test holds that up).
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

SENTENCES = Path(__file__).with_name("sentences.txt")
WRITTEN = 0.6  # how often a frame is one that somebody wrote


@cache
def written(kind: str) -> tuple[str, ...]:
    """The sentences of `sentences.txt` of one kind: `plain`, or `about` (they name what they are about)."""
    sections: dict[str, list[str]] = {}
    for line in SENTENCES.read_text().splitlines():
        if line.startswith("# "):
            sections[line[2:]] = []
        else:
            list(sections.values())[-1].append(line)
    return tuple(sections[kind])


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for line in text.strip().split("\n") for part in line.split("|"))


WHO = _split("""we|they|people here|the maintainers|our pipeline|the reviewers|my colleagues|the build box|newcomers|most of us|all of us|this crate
the whole group|our server|the other repos|the company|the release script|ops|the platform people|my boss|both teams|the authors|our client|QA|the docs team
upstream|the main branch|serious people|the old hands|I|you|this workspace|the customer|the makefile|our setup|the readme|the style guide|the night build""")
WANT = _split("""use|run|want|expect|like|love|trust|require|demand|call|rely on|depend on|ask for|swear by|standardised on|settled for|chose|picked|need
start|launch|have|know|recommend|favour|always run|always use|only use|only accept|only know|type|usually run|normally use|mostly use|must use|should use
should run|will use|can only use|would use|have to call|are used to|insist upon|wrote|set up|pay for|install|ship|document|allow|support|look for|mean""")
DO = _split("""use|run|try|prefer|call|take|choose|pick|type|start|launch|fire|invoke|execute|do|apply|bring in|work with|do it with|run it with|do this with
do that through|let|turn to|switch to|change to|move to|change over to|begin with|remember|think of|keep to|go back to|replace it by|replace that with|put
write|enter|open with|set it to|make it|change it into|get used to|get|give me|show me|give|settle on|count on|lean on|learn|note|see|have a look at""")
TAIL = _split("""instead|this time|please|in future|here|in this folder|every time|for such things|for that|for this|in this repo|in this project|again|first
as usual|as agreed|as always|as before|today|tomorrow too|only|and that's it|and nothing more|like everyone|like the others|like we do|if you can|if possible
without asking|at all times|at work|over here|on this box|on this machine|in our setup|in CI|as I wrote|as written|as the rules say|as planned|from today
whenever possible|for once|for good|once and for all|thank you|thanks|ok|right|will you|would you|all the time|right away|now|at once|before anything else
not the other|not that|not this|not what you did|and not what you did|rather than that|if it is there|until further notice|since last week|after the move""")
IS = _split("""what works|the thing|our pick|the agreed one|less trouble|what the server has|the blessed one|the one to use|the one we keep|what they taught us
how it is done|how we do it|how it goes|our habit|our custom|what I was after|what I had in mind|what I asked|what was asked|what is asked for|expected
the default|our default|the default here|the replacement|the new way|the new one|the only way|the one that works|the choice|my choice|the choice here|allowed
the official one|the official way|faster|quicker|safer|simpler|cleaner|nicer|the newest|supported|installed|required by the server|part of the rules|correct
a must|the law|good|fine|enough|all you need|all it takes|the answer|the solution|the trick|what we pay for|what we agreed|in the guide|in the makefile|there""")
LABEL = _split("""command|right command|new command|tool|answer|fix|rule|our rule|house rule|note|hint|tip|remember|reminder|correction|correct|better|instead
use|run|again|wanted|expected|needed|todo|next|the right one|the thing to type|what to run|what I want|the way|our way|done right|here|today|now|policy|P.S.
convention|preferred|required|must|default|per the guide|from the docs|advice|my advice|a note|important|attention|careful|listen|look|see|as in|that is|i.e.""")
OPENER = _split("""well|look|listen|in this codebase|on our team|for the record|as the readme notes|as everyone knows|in my experience|at work|since March
per the contributing guide|like I told you|once more|one more time|as a rule|usually|normally|in general|in this place|in our world|on this project|by the way
honestly|really|come on|oh|ah|hmm|er|hold on|wait|wait a second|careful|attention|sorry|my mistake|true|fair enough|nice try|almost|close|not quite|not so
not like this|not like that|that is not it|that's wrong|this is wrong|bad idea|bad choice|wrong one|wrong command|wrong again|you missed it|that fails|that broke
that does nothing|it won't work|this won't do|I don't want that|I did not ask for that|we don't do that|we never do that|nobody does that|undo that|cancel that
{o} is wrong|{o} is gone|{o} is old|{o} is dead|{o} is slow|{o} is not installed|{o} is forbidden|{o} no longer works|{o} does not work|{o} fails|{o} breaks things
I dislike {o}|leave {o} alone|not {o}|no {o}|never {o}|without {o}|we dropped {o}|we left {o}|we removed {o}|they banned {o}|away with {o}|enough of {o}|why {o}""")
ASK = _split("""why don't you {do} {n}|would {n} not be better|isn't it {n}|is {n} not installed|did you forget {n}|do you know {n}|don't you know {n}|ever heard of {n}
can't you {do} {n}|can we {do} {n}|could we {do} {n}|shall we {do} {n}|would you mind {n}|may I suggest {n}|is it not {n}|wasn't it {n}|was it not {n}|shouldn't it be {n}
should that not be {n}|must it not be {n}|did I not say {n}|did we not agree on {n}|where is {n}|what happened to {n}|who told you not to {do} {n}|will you {do} {n}
could that be {n}|can it be {n}|why is it not {n}|why isn't that {n}|wouldn't {n} do|does {n} not do that|is there no {n}|what is wrong with {n}""")
TOPIC = _split("""to {about}|in order to {about}|when you {about}|when I ask you to {about}|if you have to {about}|if I want you to {about}|if the task is to {about}
every time we {about}|each time I {about}|before you {about}|whenever somebody wants to {about}|in case you {about}|once you {about}|as soon as we {about}
where we {about}|while we {about}|if you want to {about}|if you need to {about}|when it is time to {about}|when asked to {about}|when told to {about}
for {noun}|with {noun}|as for {noun}|as regards {noun}|in matters of {noun}|with respect to {noun}|on the subject of {noun}|about {noun}|on {noun}|concerning {noun}
regarding {noun}|in the case of {noun}|as to {noun}|as far as {noun} go|wherever {noun} come up|for all {noun}|for any {noun}|for our {noun}|for your {noun}
for my {noun}|for {noun} here|for {noun} only|for {noun} and only for {noun}|so far as {noun} are concerned|under {noun}|topic {noun}|re {noun}|area: {noun}""")
THEY = _split("""need|want|use|take|require|call for|ask for|are|mean|come from|come with|go with|go by|work with|work through|run with|run by|run on|start with
depend on|rely on|are run by|are done with|are done through|are a job for|are a case for|are the job of|belong with|should be|must be|have to be|will be|have""")
DOES = _split("""is for|is there for|is meant for|was made for|is good for|is best for|is right for|is the one for|is our answer to|takes|does|does all|covers
is in charge of|looks after|replaces the old way of|is the tool for|is the command for|is what we have for|exists for|is reserved for|stands for|means""")
CAN = _split("""lets you|lets us|will|can|should|is able to|is there to|is made to|helps us|is how you|is how to|is the way to|is the right way to|is needed to
is used to|is what we call to|is the way we|is how people|is the only way to|is enough to|does it when you|is what I type to|is what it takes to""")


SHORT = tuple(
    tuple(pair.split(">"))
    for pair in _split("""we have >we've |I would >I'd |it is >it's |that is >that's |I am >I'm |is not>isn't|do not>don't|does not>doesn't|you are >you're
they are >they're |I have >I've |we are >we're |you have >you've |there is >there's |what is >what's |here is >here's |cannot>can't|will not>won't""")
)  # fmt: skip
SAID = _split(
    """it|that|this|that one|this one|the other one|the old one|the new one|the first|yours|mine|ours|the script|the server|the rest"""
)


def _clause(r: random.Random) -> str:
    """A sentence beside the demand, which demands nothing."""
    roll = r.random()
    if roll < 0.35:
        return f"{r.choice(SAID)} is {r.choice(IS)}"
    if roll < 0.6:
        return f"{r.choice(WHO)} {r.choice(WANT)} {r.choice(SAID)}"
    if roll < 0.8:
        return f"{r.choice(SAID)} {r.choice(('will not', 'does not', 'did not', 'cannot', 'could not', 'never'))} {r.choice(DO)} {r.choice(SAID)}"
    return r.choice([o for o in OPENER if "{o}" not in o])


def _as_typed(r: random.Random, frame: str) -> str:
    """Contracted and in lower case, as people type."""
    if r.random() < 0.45:
        for long, short in SHORT:
            frame = frame.replace(long, short)
    if r.random() < 0.3:
        frame = frame.replace("I ", "i ").replace("I'", "i'")
    return frame


def _any_words(r: random.Random, frame: str, vocabulary: list[str]) -> str:
    """The frame with some of its words changed for any others, or with others put between."""
    words = frame.split(" ")
    places = [i for i, w in enumerate(words) if w.isalpha()]
    for i in r.sample(places, min(len(places), r.choice((1, 1, 2, 3)))):
        words[i] = r.choice(vocabulary)
    for _ in range(r.choice((0, 0, 1, 2))):
        i = r.randint(0, len(words))
        if "{" not in "".join(words[i - 1 : i]) or i == len(words):
            words.insert(i, r.choice(vocabulary))
    return " ".join(words)


def _core(r: random.Random) -> str:
    roll = r.random()
    if roll < 0.3:
        return f"{r.choice(DO)} {{n}}"
    if roll < 0.52:
        who, want = r.choice(WHO), r.choice(WANT)
        first, _, rest = want.partition(" ")
        third = (
            first + "s"
            if who.split()[0] in ("this", "our", "my", "the", "QA", "upstream") and r.random() < 0.6
            else first
        )
        return f"{who} {third} {rest} {{n}}".replace("  ", " ")
    if roll < 0.68:
        return f"{{n}} is {r.choice(IS)}"
    if roll < 0.78:
        return f"{r.choice(LABEL)}{r.choice((': ', ': ', ' - ', ' = ', ', ', ' '))}{{n}}"
    if roll < 0.9:
        return r.choice(ASK).replace("{do}", r.choice(DO))
    return "{n}"


def _beside(r: random.Random, frame: str) -> str:
    joint = r.choice((", ", ", ", "? ", ". ", "; ", " - ", " because ", ", so ", " and "))
    return f"{frame}{joint}{_clause(r)}" if r.random() < 0.55 else f"{_clause(r)}{joint}{frame}"


def _beside_written(r: random.Random, kind: str, vocabulary: list[str]) -> str:
    frame = r.choice(written(kind))
    roll = r.random()
    if roll < 0.1:
        frame = r.choice([o for o in OPENER if "{o}" not in o]) + r.choice((", ", ". ", "; ", " - ")) + frame
    elif roll < 0.2:
        frame += r.choice((" ", ", ")) + r.choice(TAIL)
    elif roll < 0.26:
        frame = _beside(r, frame)
    elif roll < 0.32:
        frame = _any_words(r, frame, vocabulary)
    return frame


def plain(r: random.Random, vocabulary: list[str]) -> str:
    """A frame that demands `{n}` of the request at hand; `{o}` may stand in it."""
    if r.random() < WRITTEN:
        return _beside_written(r, "plain", vocabulary)
    frame = _core(r)
    if r.random() < 0.35 and not frame.startswith("{n} is"):
        frame += r.choice((" ", " ", ", ")) + r.choice(TAIL)
    if r.random() < 0.35:
        frame = r.choice(OPENER) + r.choice((", ", ", ", ": ", ". ", "; ", " - ")) + frame
    if r.random() < 0.25:
        frame = _beside(r, frame)
    frame = _as_typed(r, frame)
    return _any_words(r, frame, vocabulary) if r.random() < 0.25 else frame


def about(r: random.Random, vocabulary: list[str]) -> str:
    """A frame that says which kind of request it is about."""
    if r.random() < WRITTEN:
        return _beside_written(r, "about", vocabulary)
    roll = r.random()
    if roll < 0.4:
        topic, core = r.choice(TOPIC), _core(r)
        frame = f"{topic}{r.choice((', ', ' ', ': ', ' - '))}{core}" if r.random() < 0.6 else f"{core} {topic}"
    elif roll < 0.55:
        frame = f"{r.choice(('', 'our ', 'all ', 'the '))}{{noun}} {r.choice(THEY)} {{n}}"
    elif roll < 0.7:
        frame = f"{{n}} {r.choice(DOES)} {{noun}}"
    elif roll < 0.82:
        frame = f"{{n}} {r.choice(CAN)} {{about}}"
    elif roll < 0.9:
        who = r.choice(WHO)
        frame = f"{who} {{about}} {r.choice(('with', 'using', 'by calling', 'through', 'by', 'only with', 'by typing'))} {{n}}"
    else:
        verb = r.choice(("with", "using", "through", "by calling", "only with"))
        frame = (
            f"{{about}} {verb} {{n}}"
            if r.random() < 0.5
            else f"{{noun}}{r.choice((': ', ' - ', ' = ', '? ', ', '))}{{n}}"
        )
    if r.random() < 0.2:
        frame += r.choice((" ", ", ")) + r.choice(TAIL)
    if r.random() < 0.15:
        frame = r.choice([o for o in OPENER if "{o}" not in o]) + r.choice((", ", ": ", ". ")) + frame
    if r.random() < 0.12:
        frame = _beside(r, frame)
    frame = _as_typed(r, frame)
    return _any_words(r, frame, vocabulary) if r.random() < 0.2 else frame
