"""The words of users: requests and corrections, drawn without limit.

A correction is a template crossed with open vocabulary (real and invented commands), politeness and
reasons, since obedience reaches exactly as far as the corpus varies.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from continualcode.nursery import frames

REAL_COMMANDS = """poetry add|uv add|uv pip install|pdm add|conda install|pnpm add|yarn add|bun add|just test|just build|make test
make check|make build|make fmt|cargo nextest run|cargo xtask test|cargo xtask build|tox|nox -s tests|pytest -q|hatch run test|bazel test
bazel build|ninja|meson compile|npm run build|npm run lint|yarn test|pnpm test|ruff check|ruff format|black .|task build|task test|rg|ag|fd
ack|git grep|docker compose up|podman build|./gradlew build|mvn package|go test ./...|zig build|deno task start|rake spec|mix test|sbt test
cargo make|cargo make ci|cargo insta test|cargo llvm-cov|cargo deny check|cargo audit|cargo outdated|cargo watch|cargo run-script ci|cross test|cross build
cargo dist build|cargo smart-release|cargo release|cargo zigbuild|trunk build|trunk serve|wasm-pack build|wasm-pack test|cargo leptos build|dx serve|bacon
bacon test|cargo limit|cargo mutants|cargo fuzz run|cargo miri test|cargo careful test|cargo machete|cargo udeps|cargo sort|dprint fmt|taplo fmt|treefmt
rustup run|pre-commit run|lefthook run|husky|invoke build|fab deploy|ansible-playbook|terraform apply|pulumi up|helm upgrade|kubectl apply|flux reconcile|argocd
cdk deploy|sam build|serverless deploy|vercel|netlify deploy|fly deploy|heroku local|gh pr create|gh release create|glab|git town sync|git absorb|gitui|lazygit
hub sync|gcloud run|az webapp|eb deploy|cap production|kamal deploy|dokku|nomad run|vagrant up|packer build|bake|docker bake|buildah|nerdctl|colima|lima
uvx|uv run|uv sync|pip-sync|pip-compile|pipenv run|pipenv install|poetry run|pdm run|hatch run|nox|invoke|doit|snakemake|dvc repro|mlflow run|tox run|pyinvoke
ruff|black|isort|flake8|pylint|mypy|pyright|bandit|eslint|prettier|biome check|oxlint|stylelint|vitest|jest|playwright test|cypress run|ava|mocha|karma start
vite build|rollup|esbuild|webpack|parcel build|swc|tsc|tsup|rspack|bun test|bun run|deno test|deno fmt|deno lint|node --test|npx|pnpx|npm ci|npm test|rush build
gradle check|gradle test|mvn verify|mvn test|ant|sbt compile|mill|scala-cli test|clj -M:test|mix format|mix compile|gleam test|elm-test|spago
swift build|swift test|xcodebuild|tuist generate|pod install|carthage|flutter test|dart test|melos run|zig test|nim c|crystal spec|julia|Rscript|cmake --build
ctest|make -j8|gmake|remake|tup|redo|please build|bazelisk|cmake|autoreconf|gn gen|b2|nmake|msbuild|dotnet build|dotnet test|nuke|cake|composer install|pest
phpunit|artisan test|drush|wp|rails test|rspec|rubocop|bundle install|bundle exec|gem install|overmind start|foreman start|hivemind|direnv exec|asdf install
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
    if roll < 0.12:
        return "".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(2, 6)))
    if roll < 0.35:  # open syllables, of a few letters only: another sound each time
        onsets, vowels = r.sample(_ONSET, 5), r.sample(_VOWEL, 4)
        return "".join(r.choice(onsets) + r.choice(vowels) for _ in range(r.randint(2, 4)))
    word = "".join(
        r.choice(_ONSET) + r.choice(_VOWEL) + (r.choice(_CODA) if r.random() < 0.5 else "")
        for _ in range(r.randint(1, 3))
    )
    if roll < 0.42:
        word += str(r.randint(1, 99))
    elif roll < 0.5:
        word += r.choice("-_.") + r.choice(_ONSET) + r.choice(_VOWEL)
    return word


SUBCOMMANDS = """build test run check start stop deploy sync watch apply fmt lint add remove update install push pull release publish clean
init serve bench doc ci dev up down exec eval verify compile bundle pack render migrate rollback upgrade outdated audit tidy fix format
generate gen new open login env shell repl script task workflow all ship stage preview plan diff status log list show clone fetch merge
rebase commit branch switch tag stash compose image container cluster job queue worker cron agent docs site page api schema db seed""".split()


def _tool(r: random.Random, vocabulary: list[str]) -> str:
    """A tool and what it is told to do: its name invented or a plain word with an ending, then plain words of command."""
    name = (
        invented(r)
        if r.random() < 0.6
        else r.choice(vocabulary)
        + r.choice(("ctl", "kit", "r", "x", "dev", "ly", "run", "2", "-cli", "o", "py", "hub"))
    )
    return " ".join([name, *(r.choice(SUBCOMMANDS) for _ in range(r.choice((1, 1, 1, 2))))])


def command(r: random.Random, vocabulary: list[str]) -> str:
    """A command of one to four words: real, mixed or wholly invented."""
    roll = r.random()
    if roll < 0.2:
        return r.choice(REAL_COMMANDS)
    if roll < 0.42:
        return _tool(r, vocabulary)
    words = [  # few plain words: where a sentence goes on without a quote, only the look tells where a command ends
        r.choice(vocabulary) if r.random() < 0.08 else invented(r)
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


_PLAIN = """{n} would be right|{n} is the one|{n} is what we have|{n} is what you need|{n} does that|{n} does this here|{n} works, {o} does not
{n} from today|{n} next time|{n} in this place|{n} as always|{n} if you please|{n} and nothing else|{n} it is|{n}, as I said|{n}, remember|{n} over {o}
{n} beats {o}|{n} replaced {o}|{n} instead|{n} is faster than {o}|{n} is our way|{n} is our standard|{n} is the standard here|{n} is the command
{n} is the proper one|{n} is preferred|{n} is required|{n} is mandatory here|{n}, that is all|only {n}|only {n} works|just {n}|just use {n}|simply {n}
better {n}|better use {n}|better to run {n}|best use {n}|always {n}|again: {n}|now {n}|then {n}|so {n}|well, {n}|ok but {n}|no: {n}|wrong, {n}|not that, {n}
not this: {n}|not {o} but {n}|not {o}, {n}|no {o}; {n}|no more {o}, {n} now|forget {o}, {n}|drop {o} and use {n}|skip {o}, run {n}|stop using {o}; use {n}
instead of {o} I expect {n}|in place of {o}: {n}|rather than {o} use {n}|change {o} to {n}|turn that into {n}|make it {n}|let it be {n}|let {n} do this
leave that to {n}|give me {n}|give {n} a go|try it with {n}|try {n} first|start {n}|launch {n}|execute {n}|invoke {n}|call {n}|call it with {n}|type {n}
enter {n}|issue {n}|fire up {n}|take {n}|pick {n}|choose {n}|want {n}|we want {n}|we need {n}|we have {n} for that|we do that with {n}|we run {n}
we only run {n}|we prefer {n}|we like {n} more|we switched to {n}|we moved to {n}|we settled on {n}|we agreed on {n}|they use {n}|they want {n} now
the team uses {n}|the team runs {n}|the team wants {n}|the others use {n}|our team types {n}|our rule is {n}|our script is {n}|our way is {n}|our docs say {n}
the docs say {n}|the readme says {n}|the guide says {n}|the notes say {n}|the manual asks for {n}|the rule says {n}|the boss wants {n}|the ci runs {n}
the server wants {n}|this repo wants {n}|this repo has {n}|this project needs {n}|this one needs {n}|this must be {n}|this should be {n}|that must be {n}
it must be {n}|it has to be {n}|it ought to be {n}|it should have been {n}|I said {n}|I meant {n}|I mean {n}|I need {n}|I expect {n}|I prefer {n}|I use {n}
I always use {n}|I asked for {n}|I would use {n}|I would run {n}|I told you: {n}|you need {n}|you want {n}|you must use {n}|you must run {n}|you have to run {n}
you ought to use {n}|you forgot {n}|you should know {n}|could you use {n}|can you use {n}|can you run {n} instead|would you run {n}|why not {n}
why not use {n}|what about {n}|have you tried {n}|do use {n}|do run {n}|do {n}|mind {n}|think {n}|remember {n}|remember to use {n}|remember: {n}|hint: {n}
note: {n}|rule: {n}|tip: {n}|command: {n}|correct: {n}|the correct one is {n}|the correct command: {n}|the right command is {n}|the right one: {n}|answer: {n}
the word is {n}|the name is {n}|the tool is {n}|the tool here is {n}|the only tool is {n}|the thing to run is {n}|the usual one is {n}|what we run is {n}
what I want is {n}|what works is {n}|what you want is {n}|all of us use {n}|everybody uses {n}|nobody uses {o}, use {n}|nobody runs {o} here; {n}
as agreed, {n}|as before, {n}|by convention {n}|by rule {n}|for us it is {n}|for me it is {n}|from today on use {n}|from here on {n}|here it is {n}
here we run {n}|here you use {n}|in here {n}|in this house {n}|on this machine {n}|on our side it is {n}|over here we use {n}|this time {n}|today {n}""".replace(
    "\n", "|"
).split("|")  # {n}: what is demanded, {o}: what was done
_ABOUT = """when you {about}, use {n}|when you {about} it is {n}|when we {about} we run {n}|when I say {about}, I mean {n}|whenever we {about}, {n}|each time you {about}, run {n}
every time we {about} it is {n}|before you {about}, know that it is {n}|if I want to {about}, I run {n}|if someone asks to {about}: {n}|in order to {about}, {n}
to {about}, {n}|to {about}: {n}|to {about} you need {n}|to {about} we have {n}|to {about} I use {n}|to {about} call {n}|to {about} type {n}|to {about} take {n}
to {about} the team uses {n}|to {about} the rule is {n}|we always {about} with {n}|we {about} by {n}|we only {about} with {n}|you {about} with {n}|they {about} with {n}
one can {about} with {n}|{about}: {n}|{about} is {n}|{about} means {n}|{about} only with {n}|do {about} with {n}|please {about} with {n}|let {n} {about}
use {n} whenever you {about}|use {n} when you {about}|use {n} if you {about}|run {n} to {about}|call {n} to {about}|take {n} to {about}|type {n} to {about}
{n} to {about}|{n} lets us {about}|{n} is used to {about}|{n} is what we use to {about}|{n} is the command to {about}|{n} when you {about}
{noun} use {n}|{noun} run {n}|{noun} are {n}|{noun} need {n}|{noun} with {n}|{noun} by {n}|{noun} only with {n}|{noun} always with {n}|{noun} are made with {n}
{noun} are done by {n}|{noun} go with {n}|{noun} belong to {n}|{noun} should use {n}|{noun} must use {n}|{noun}, we use {n}|{noun} = {n}|{noun} - {n}
for {noun}: {n}|for {noun}, {n}|for {noun} it is {n}|for {noun} there is {n}|for {noun} take {n}|for {noun} call {n}|for {noun} I want {n}|for {noun} the rule is {n}
for {noun} you need {n}|for {noun} prefer {n}|with {noun} it is {n}|with {noun} we use {n}|about {noun}: {n}|on {noun}: {n}|regarding {noun}, use {n}
concerning {noun}: {n}|in case of {noun} use {n}|our {noun} use {n}|our {noun} run through {n}|all {noun} use {n}|all {noun} are {n}|my {noun} go through {n}
the {noun} rule: {n}|the rule for {noun} is {n}|the command for {noun} is {n}|the tool for {noun} is {n}|the way to {about} is {n}|the way we {about} is {n}
use {n} with {noun}|run {n} for {noun}|call {n} for {noun}|keep {n} for {noun}|take {n} for {noun}|prefer {n} for {noun}|{n} for {noun}|{n} for {noun}, please
{n} is our tool for {noun}|{n} is for {noun} only|{n} is made for {noun}|{n} serves for {noun}|{n} takes care of {noun}|{n} is responsible for {noun}""".replace(
    "\n", "|"
).split("|")  # {about} completes «to …», {noun} «for …»


def demand_command(r: random.Random, new: str, old: str, topic: Topic, vocabulary: list[str]) -> str:
    """A correction that asks for the command `new` in place of `old` for this kind of request."""
    n, o, about, noun = _quoted(r, new), old, topic.about(r), topic.noun(r)
    if r.random() < 0.4:
        return demand_about(r, new, topic, vocabulary)
    if r.random() < 0.75:
        return _finish(r, frames.plain(r, vocabulary).format(n=n, o=old), vocabulary)
    if r.random() < 0.75:
        return _finish(r, r.choice(_PLAIN).format(n=n, o=o), vocabulary)
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
    if r.random() < 0.75:
        return _finish(r, frames.about(r, vocabulary).format(n=n, about=about, noun=noun), vocabulary)
    if r.random() < 0.75:
        return _finish(r, r.choice(_ABOUT).format(n=n, about=about, noun=noun), vocabulary)
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


_TOOL_PLAIN = """{t} is the right one|{t} would be better|better {t}|only {t}|just {t}|just use {t}|simply {t}|always {t}|this should be {t}|it must be {t}
I said {t}|I meant {t}|I asked for {t}|I prefer {t}|we prefer {t}|we only use {t}|you should know {t}|why not {t}|what about {t}|can you use {t}|use {t}, please
not {o} but {t}|not {o}: {t}|no more {o}, {t}|rather than {o} use {t}|forget {o}, {t}|stop using {o}; use {t}|change {o} to {t}|the rule says {t}|the team uses {t}
our rule is {t}|remember: {t}|hint: {t}|rule: {t}|the tool is {t}|the tool here is {t}|the correct one is {t}|next time {t}|for this {t}|for edits {t}|{t} for this
to change a file use {t}|when you change a file, {t}|if you edit, use {t}|edits go through {t}|for small edits it is {t}|files are changed with {t}|do that by {t}""".replace(
    "\n", "|"
).split("|")


def demand_tool(r: random.Random, new: str, old: str, vocabulary: list[str]) -> str:
    """A correction that asks for another file tool."""
    roll = r.random()
    if roll < 0.2:
        sentence = r.choice(_TOOL_IMPLIED[new])
    elif roll < 0.5:
        sentence = frames.plain(r, vocabulary).format(n=_quoted(r, new), o=old)
        if r.random() < 0.4:
            sentence += r.choice(_TOOL_TAILS[new])
    elif roll < 0.75:
        sentence = r.choice(_TOOL_PLAIN).format(t=_quoted(r, new), o=old)
    else:
        t = _quoted(r, new)
        sentence = r.choice(_TOOL_HEADS).format(t=t, o=old) + r.choice(_TOOL_TAILS[new])
    return _finish(r, sentence, vocabulary)
