"""Settings: one flat, typed set of keys for the whole program.

Order, later wins: user file (`~/.config/continualcode/config.toml`) < project file
(`.continualcode/config.toml` in the working directory) < environment (`CONTINUALCODE_<KEY>`) <
`key=value` on the command line. An unknown key or a wrong value is a `SettingsError`: one sentence.
A project file comes with whatever repository was cloned, so it may not set the keys of `USERS_ALONE`.
Also here: where the data that travels with the program lies (`bundled`).
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from continualcode.errors import UserError

ENVIRONMENT_PREFIX = "CONTINUALCODE_"
NO_SETTINGS = frozenset({"CONTINUALCODE_PEERS"})  # where scripts/peers.sh puts its environments
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]

# What a project file may not set: rights and confinement, whose weights are loaded and where state lies, the
# limits of what a command, a request, a lesson or a night may do, and the gate before the user's weights.
USERS_ALONE = frozenset(
    """
    home model_name tokenizer engine base_url key_name request_seconds adapter enable_training allow sandbox executor jobs max_turns retries
    command_seconds command_memory_mb command_processes command_output_bytes command_disk_mb
    drift_budget lesson_seconds night_basis night_minutes night_steps gate_samples gate_redraws gate_max_drift gate_max_regressions
    """.split()
)


# What `preset` stands for: values of keys that nobody set.
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "classic": {
        "loss": "classic", "teacher": "live", "learning_rate": 1e-3, "lesson_steps": 1, "lesson_spread": 0, "anchors": 0,
        "ratio_floor": 0.5, "reference_weight": 0.04,
    },
}  # fmt: skip


class SettingsError(UserError):
    """An unknown key or a wrong value, in one sentence."""


def bundled(name: str) -> Path:
    """The folder `koans`, `models` or `demo`: inside the installed package, or in the checkout."""
    inside = Path(__file__).parent / "data" / name
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / name


class Settings(BaseModel):
    """Every key of the program; frozen, so that what a run wrote down is what it ran with."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True)

    # -- where things live
    home: Path = Path("~/.local/share/continualcode")
    """Folder of all state: store.db, runs/, adapters/, snapshots/, cache/."""

    # -- the model
    model_name: str = "bundled"
    """`bundled` (the small model that ships with the program), a folder, or a Hugging Face name; with engine=openai or tinker a model of the server (its only one when nothing is named)."""
    engine: Literal["local", "openai", "tinker"] = "local"
    """Who holds the weights: this process; an OpenAI-compatible server, which samples and does not learn; or a Tinker service, which does both (the key is in TINKER_API_KEY)."""
    base_url: str = ""
    """The server's address, with engine=openai mostly with /v1 at its end; empty is OPENAI_BASE_URL or TINKER_BASE_URL, else the maker's own."""
    key_name: str = "OPENAI_API_KEY"
    """engine=openai: the environment variable that holds the key; a server of your own may want none."""
    request_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 120.0
    """engine=openai: seconds without a word from the server after which it is asked again; engine=tinker: the longest that one call may take."""
    tokenizer: str = ""
    """engine=tinker: folder or hub name of the model's tokenizer; empty is the model's own name."""
    adapter: str = "current"
    """Adapter version to start from: `current` (what the store points to), `none`, a version, or a folder."""
    device: str = "auto"
    """`auto` (a GPU when there is one), `cpu`, `cuda`, `cuda:1`, `mps`."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """Weights' type; `auto` is float32 on a CPU, and on a GPU bfloat16, or float16 where it has no units for that."""
    quantization: Literal["none", "4bit", "8bit"] = "none"
    """Load the base weights quantised, on a GPU or a CPU (needs the extra `gpu`)."""
    gradient_checkpointing: bool = False
    """Keep only each block's input in a training step and compute the rest again: less memory, more time."""
    threads: Count = 0
    """CPU threads for tensors; 0 is one for a model under 50 million parameters (several only wait for each other when the machine is busy), else all."""
    seed: Count = 0
    """Seed of every random draw."""
    context_length: Count = 0
    """Longest prompt plus completion, tokens; 0 is the model's own."""
    profile: Literal["auto", "compact", "full"] = "auto"
    """Prompt set: `compact` is what the bundled model was raised on, `full` explains the tools."""

    # -- sampling
    max_new_tokens: Positive = 256
    """Longest completion, tokens."""
    temperature: Amount = 0.0
    """0 is greedy."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Nucleus sampling: keep the most likely tokens that hold this much probability."""
    constrained: bool = True
    """Draw only tokens that keep a tool call well-formed; what is learnt and scored does not change."""

    # -- the adapter
    lora_rank: Positive = 16
    """Rank r of the adapter."""
    lora_alpha: Annotated[float, Field(gt=0)] = 32.0
    """The update is scaled by lora_alpha / lora_rank."""
    lora_targets: str = "attention"
    """`attention`, `mlp`, `all` (both), `experts` (of a mixture; frozen otherwise), or module names, with commas between."""
    lora_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of adapter inputs dropped while training."""

    # -- the lesson
    enable_training: bool = True
    """false: corrections stay in the conversation, the weights stay as they are."""
    preset: Literal["default", "classic"] = "default"
    """`classic` is sampled-token policy gradient on the denied call alone, one step: it sets loss, teacher, learning_rate, lesson_steps, lesson_spread, anchors, ratio_floor and reference_weight, each where you set nothing else."""
    teacher: Literal["base", "live", "frozen", "ema", "trust_region"] = "base"
    """Who reads the correction: the model without adapter, as it is, as it was when the session began, its moving average, or a blend of base and live."""
    teacher_rate: Share = 0.02
    """ema: share taken from the student after each step; trust_region: share of the live model in the blend."""
    loss: Literal["distribution", "token", "sft", "classic", "sdft", "gkd", "dpo", "grpo", "hybrid"] = "distribution"
    """Full-vocabulary divergence; its sampled-token form; imitation of the teacher's call (`sft`); for comparison the sampled-token form on the denied call alone (`classic`), divergence on the student's own rollouts (`sdft`) or on a mixture (`gkd`), the corrected call over the denied one (`dpo`), rollouts with a reward (`grpo`), and reward with divergence (`hybrid`)."""
    alpha: Share = 0.5
    """Divergence: 0 is KL(teacher‖student), 1 is KL(student‖teacher), between is Jensen-Shannon."""
    top_k: Count = 0
    """Compare the student's K most likely tokens and a tail instead of the whole vocabulary; 0 is all."""
    ratio_clip: Annotated[float, Field(gt=0)] = 2.0
    """Upper bound of the off-policy weight of a token."""
    ratio_floor: Amount = 0.0
    """Lower bound of the off-policy weight of a token."""
    centre: bool = False
    """Sampled-token form: take the sequence's mean off the advantages."""
    reference_weight: Amount = 0.0
    """Weight of KL to the weights before the lesson, on the tokens that are learnt."""
    rollouts: Annotated[int, Field(ge=2)] = 4
    """Completions that `grpo` and `hybrid` draw of each prompt in a step."""
    rollout_temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """Temperature of a lesson's rollouts."""
    reward_share: Share = 0.5
    """`hybrid`: weight of the reward; the rest is self-distillation."""
    on_policy: Share = 0.5
    """`gkd`: share of examples that are the student's own rollouts."""
    dpo_beta: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.1
    """`dpo`: how strongly it holds to the weights before the lesson."""
    mask_first: Count = 0
    """Completion tokens at the start that carry no loss."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    """AdamW step size of a lesson."""
    weight_decay: Amount = 0.0
    """AdamW weight decay."""
    grad_clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest gradient norm of a step."""
    step: Literal["exact", "completion"] = "exact"
    """A lesson's gradient: `exact`, or through completion positions alone with the prompt's keys and values held constant (cheaper on long prompts; small dense Qwen3 on a CPU). Nights are always exact."""
    step_reach: Count = 32
    """step=completion: prompt tokens before the completion that the gradient goes through as well."""
    lesson_steps: Positive = 12
    """Most optimiser steps of one lesson; it stops earlier when the proof passes."""
    lesson_spread: Count = 12
    """Other prompts of the same kind that the correction is put into, so that the lesson generalises."""
    lesson_seconds: Annotated[float, Field(gt=0)] = 300.0
    """Most seconds that one lesson may take; far above what it needs, so that a busy machine cuts none short."""
    retry_weight: Amount = 1.0
    """Weight of the approved retry against the denied call."""
    anchors: Count = 8
    """Unrelated prompts a step whose answers are held where they were."""
    anchor_weight: Amount = 1.0
    """Weight of the anchors' KL in the loss."""
    drift_budget: Annotated[float, Field(gt=0)] = 0.15
    """Most drift on anchor prompts, nats a token; beyond it training stops by itself and the weights go back."""
    proof_prompts: Positive = 4
    """Other prompts on which the proof looks whether the lesson holds."""
    rehearse: Count = 4
    """Prompts of earlier lessons a step whose answers are held, or taught again where they were forgotten."""
    save_every: Count = 10
    """Write the adapter every so many lessons; 0 only at the end."""

    # -- auto-training
    auto_tasks: Positive = 8
    """Tasks in one step of `train auto`."""
    auto_teacher: Literal["base", "live", "frozen", "ema", "trust_region"] = "ema"
    """`train auto`: who reads the feedback and a sibling's success (see `teacher`)."""
    auto_learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    """AdamW step size of `train auto`."""

    # -- tasks and measuring
    max_attempts: Positive = 5
    """Tool calls that a task may take."""
    samples: Positive = 1
    """Attempts at each task of a suite, with different seeds."""
    eval_batch: Positive = 32
    """Sessions sampled together while a suite is measured."""
    seeds: Positive = 1
    """Seeds over which a benchmark of lessons repeats itself."""
    preferences: Count = 0
    """Preferences that `bench corrections` teaches, half habits and half news; 0 is all."""
    methods: str = ""
    """Methods that `bench corrections` compares, with commas between; empty is all."""
    lessons_each: Positive = 8
    """Lessons that `bench corrections` gives for each preference."""
    suite: str = "test"
    """Suite that `eval` measures: `train`, `gate`, `test`, `held_back`, or a JSONL file."""

    # -- the agent
    allow: str = ""
    """Rules of what runs without asking, with commas between: a tool (`edit`), or `bash:cargo *`; `all` is everything."""
    retries: Count = 3
    """Times that a denied call is tried again before the agent gives the turn back."""
    max_turns: Positive = 30
    """Tool calls that one request may take."""
    notes_file: str = "AGENTS.md"
    """Repository file whose text is put into the system prompt; empty for none."""

    # -- running code
    sandbox: Literal["auto", "bubblewrap", "landlock", "none"] = "auto"
    """What confines commands; `none` is your explicit choice to run them unconfined."""
    command_seconds: Annotated[float, Field(gt=0)] = 20.0
    """Time limit of one command, seconds."""
    command_memory_mb: Annotated[int, Field(ge=16)] = 2048
    """Memory limit of one command, MiB."""
    command_processes: Positive = 128
    """Processes that one command may have."""
    command_output_bytes: Positive = 1_000_000
    """Output kept of one command, bytes."""
    command_disk_mb: Positive = 512
    """Disk that one command may fill, MiB."""
    executor: Literal["process", "ray"] = "process"
    """Who runs rollouts side by side: `process` is forked copies of this process; `ray` is not built yet, and is refused."""
    jobs: Count = 0
    """Programs checked at once, and workers of a rollout; 0 is one for each core."""
    cache: bool = True
    """Keep verdicts of programs that were checked before."""

    # -- the night
    night_method: str = "replay"
    """How a night trains: `replay` (a LoRA on the day's failures with replay of what passed), `lora` (without replay), `olora`, `keeplora`, `dream` (no answers, verdicts only), `share`, `uwsh`; `naive` is the older name of `lora`."""
    night_basis: str = ""
    """Consolidated folder whose basis the night methods `share` and `uwsh` train in."""
    night_minutes: Annotated[float, Field(gt=0)] = 15.0
    """Most minutes of a whole night, from curating to the gate's last word; a night that runs out of them goes on with the next `sleep`."""
    night_steps: Positive = 60
    """Most optimiser steps of one night."""
    night_batch: Positive = 8
    """Examples in one step."""
    night_learning_rate: Annotated[float, Field(gt=0, le=1)] = 3e-3
    """AdamW step size of a night."""
    night_replay: Share = 0.4
    """Share of a batch that repeats what the model already did right."""
    night_variants: Count = 60
    """Most verified variants made for each pattern that failed by day (no more than the steps can look at)."""
    gate_samples: Positive = 2
    """Attempts at each gate task, for the candidate and for the current adapter."""
    gate_redraws: Count = 4
    """Fresh draws, before and after alike, of each gate task that came out differently; these then count."""
    gate_max_drift: Annotated[float, Field(gt=0)] = 0.5
    """Most drift of a candidate on anchor prompts, nats a token."""
    gate_max_regressions: Count = 0
    """Gate tasks that reliably passed and may fail."""

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, values: Any) -> Any:
        return {**PRESETS.get(str(values.get("preset")), {}), **values} if isinstance(values, Mapping) else values

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        if home == Path():
            raise ValueError("must name a folder")
        return Path(os.path.abspath(home.expanduser()))

    @field_validator("device", mode="after")
    @classmethod
    def _known_device(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", device):
            raise ValueError("must be auto, cpu, mps, cuda or cuda:N")
        return device

    @property
    def model_source(self) -> str:
        """What to load: the bundled model's folder, or `model_name` as given."""
        return str(bundled("models") / "pupil") if self.model_name == "bundled" else self.model_name

    @property
    def store_path(self) -> Path:
        return self.home / "store.db"

    def replace(self, **changes: Any) -> Settings:
        """A copy with some keys changed, checked like any other; a changed preset brings its values."""
        changes = {**PRESETS.get(str(changes.get("preset")), {}), **changes}
        return from_mapping({**self.model_dump(), **changes}, "settings")

    def as_dict(self) -> dict[str, Any]:
        """All keys as plain JSON values."""
        return self.model_dump(mode="json")

    def save(self, path: Path) -> None:
        """Write all keys as YAML."""
        import yaml

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(self.as_dict(), sort_keys=False, allow_unicode=True), encoding="utf-8")

    @classmethod
    def describe(cls) -> list[tuple[str, str, str]]:
        """(key, default, what it is) of every key, for help and documents."""
        defaults = {
            name: str(f.default).lower() if isinstance(f.default, bool) else str(f.default)
            for name, f in cls.model_fields.items()
        }
        return [(name, defaults[name], f.description or "") for name, f in cls.model_fields.items()]


def user_file() -> Path:
    """The user's own settings; only there, in the environment and on the command line are rights given."""
    return platformdirs.user_config_path("continualcode") / "config.toml"


def load_settings(overrides: Sequence[str] = (), *, cwd: Path | None = None) -> Settings:
    """Settings from files, environment and `key=value` words, in that order. Raises SettingsError."""
    values = _from_file(user_file())
    project = (cwd or Path.cwd()) / ".continualcode" / "config.toml"
    given = _from_file(project)
    if refused := sorted(USERS_ALONE & given.keys()):
        raise SettingsError(
            f"A project may not set `{refused[0]}` ({project}); take it out there, and put it into {user_file()} "
            f"or write {refused[0]}=… on the command line if it is what you want."
        )
    values |= given
    environment = {
        name[len(ENVIRONMENT_PREFIX) :].lower(): value
        for name, value in os.environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and name not in NO_SETTINGS
    }
    _known(environment, "the environment", prefix=ENVIRONMENT_PREFIX)
    values |= environment
    for word in overrides:
        key, equals, value = word.partition("=")
        if not equals:
            raise SettingsError(f"`{word}` is not a setting; write key=value, for example lora_rank=64.")
        _known({key: value}, "the command line")
        values[key] = value
    return from_mapping(values, "settings")


def from_mapping(values: Mapping[str, Any], where: str) -> Settings:
    """Settings from plain values; `where` names their source in an error. Raises SettingsError."""
    _known(values, where)
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(_sentence(first)) from None


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Cannot read {path}: {error}; mend it or move it away.") from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    _known(values, str(path))
    return values


def _known(values: Mapping[str, Any], where: str, prefix: str = "") -> None:
    for key in values:
        if key not in Settings.model_fields:
            near = difflib.get_close_matches(key, Settings.model_fields, n=1, cutoff=0.5)
            shown = prefix + (key.upper() if prefix else key)
            hint = (
                f"did you mean `{prefix + near[0].upper() if prefix else near[0]}`?"
                if near
                else "see `continualcode settings`."
            )
            raise SettingsError(f"Unknown setting `{shown}` in {where}; {hint}")


_KINDS = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "path_type": "a path",
}


def _sentence(error: Any) -> str:
    key, got, kind, context = str(error["loc"][0]), error["input"], error["type"], error.get("ctx", {})
    if kind in _KINDS:
        wanted = f"must be {_KINDS[kind]}"
    elif kind == "literal_error":
        wanted = f"must be one of {context['expected']}"
    elif kind == "value_error":
        wanted = str(context["error"])
    else:
        wanted = error["msg"].replace("Input should be", "must be")
    return f"Setting `{key}` {wanted}, not {got!r}."
