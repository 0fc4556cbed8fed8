"""One correction becomes steps on the adapter: look at the teacher, spread, step until the proof passes.

Teacher: the model with the correction in its context. 1. Look: a teacher that does the denied thing, or supports the
corrected call no better than the student, teaches nothing; the lesson is refused and no weight moves. 2. Spread: the
correction is put into other prompts on which the model has the same habit; the teacher's answers there are learnt too,
so that the lesson reaches past the prompt it was typed for. Prompts with other habits are anchors. 3. Step: the denied
call (or what the model does now in its place) under JSD up to where it parts from the taught one, the retry and the
spread under forward KL, anchors under KL to the weights before; the tokens where both part count once more. Earlier
lessons are rehearsed beside it (`rehearsal`). 4. Proof: replay without the correction, on the prompt itself and on
prompts held out of the spread; stop when it passes twice, or when steps, seconds or drift are spent. 5. What goes wrong
is rolled back to the last good weights, and said.

Not here: what a step learns from (`batch`; other losses than the default differ only there), running the retry in the workspace, writing the lesson down (`record`), undoing it (`undo`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from continualcode.agent import prompts
from continualcode.engine.base import Completion, Engine, Message, SampleParams, ToolCall
from continualcode.errors import UserError
from continualcode.learn import anchors as anchoring
from continualcode.learn.batch import DISTRIBUTIONS, Attempt, Material, Taught, loss_of, make, same
from continualcode.learn.pool import Conversation, Pool, shape
from continualcode.learn.proof import Habit, Replay, Trial, alike, call_of, habit, replay
from continualcode.learn.rehearsal import chosen, replay_earlier, standing

if TYPE_CHECKING:
    from continualcode.config import Settings

Verdict = Literal["took", "partly", "did_not_take", "refused", "stopped"]

CANDIDATES = 480  # conversations that the spread is chosen from
NEAR = 2  # of the like ones, so many times what is wanted are asked about
NEAR_TOKENS = 4000  # and about so many tokens of them
OTHERS = 40  # short prompts of other kinds
LONG = 3  # longer ones, that only drift is measured on
SHORT_TOKENS = 96
PROBE_TOKENS = 32  # enough to see the tool and a command
DRIFT_ANCHORS = 12
BACKTRACKS = 3  # steps taken back for drift before the lesson ends


@dataclass(frozen=True)
class LessonInput:
    """What a lesson starts from. `messages`: the conversation up to the denied call, which is not in it;
    `denied`: as it was sampled; `correction`: the user's words; `approved_ids`: the approved retry, as ids;
    `notes`: the session's notes, for the teacher; `tools`: the schemas that prompts are rendered with."""

    messages: tuple[Message, ...]
    denied: Completion | tuple[int, ...]
    correction: str
    approved_ids: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    tools: tuple[Mapping[str, Any], ...] | None = None

    @property
    def denied_ids(self) -> tuple[int, ...]:
        return self.denied.ids if isinstance(self.denied, Completion) else tuple(self.denied)


@dataclass(frozen=True)
class Progress:
    """Where a lesson is: stage `look`, `spread`, `step`, `proof` or `done`."""

    stage: str
    step: int = 0
    steps: int = 0
    loss: float = math.nan
    drift: float = 0.0
    obeyed: bool = False
    unseen: float | None = None


@dataclass(frozen=True)
class LessonOutcome:
    """How a lesson ended. `proof` holds plain JSON values; `before_ref` and `after_ref` are state folders
    (empty when no weight moved or no lesson id was given)."""

    verdict: Verdict
    reason: str
    steps: int
    seconds: float
    drift: float
    proof: Mapping[str, Any] = field(default_factory=dict)
    before_ref: str = ""
    after_ref: str = ""

    @property
    def changed(self) -> bool:
        """Whether weights are other than before."""
        return bool(self.proof.get("changed"))

    def line(self) -> str:
        """The one line that the user sees."""
        word = self.verdict.replace("_", " ")
        if self.verdict == "refused":
            return f"lesson refused: {self.reason}"
        unseen = self.proof.get("unseen_after")
        shown = f" · obeyed on {unseen:.0%} of unseen prompts" if unseen is not None else ""
        tail = f" · {self.reason}" if self.reason else ""
        steps = f"{self.steps} step{'' if self.steps == 1 else 's'}"
        return f"lesson {word} · {steps} · {self.seconds:.1f} s · drift {self.drift:.3f}{shown}{tail}"


class _Refused(Exception):
    """Why there is nothing to learn."""


def teach(
    engine: Engine,
    lesson: LessonInput,
    settings: Settings,
    pool: Pool | None = None,
    *,
    lesson_id: str | None = None,
    steps: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> LessonOutcome:
    """Teach one correction. `steps` overrides `settings.lesson_steps` (1: a single step, then the proof).

    Whatever happens the adapter is good afterwards: before a refusal, after a cancel, an exception or a
    safety stop it is at its last good weights. Raises UserError when the engine cannot train this way.
    """
    _require(engine, lesson, settings)
    report = on_progress or (lambda _: None)
    stop = cancelled or (lambda: False)
    began = time.monotonic()
    before = engine.snapshot()
    course = _Course(engine, lesson, settings, pool or Pool())
    try:
        report(Progress("look"))
        try:
            course.look()
        except _Refused as reason:
            return LessonOutcome("refused", str(reason), 0, time.monotonic() - began, 0.0, course.proof)
        if course.proof["obeyed_before"]:
            reason = "the model already does so without the correction"
            return LessonOutcome("took", reason, 0, time.monotonic() - began, 0.0, course.proof)
        if not stop():
            report(Progress("spread"))
            course.spread()
        folder = settings.home / "lessons" / lesson_id if lesson_id else None
        if folder is not None and not stop():
            engine.save_state(folder / "before")
        verdict, reason, taken, moved = course.steps(steps or settings.lesson_steps, began, report, stop)
        if moved and folder is not None:
            engine.save_state(folder / "after")
        elif not moved:
            engine.restore(before)
    except BaseException:
        engine.restore(before)
        raise
    seconds = time.monotonic() - began
    proof = {**course.proof, "changed": moved, "seconds": seconds}
    refs = (str(folder / "before"), str(folder / "after")) if moved and folder is not None else ("", "")
    report(Progress("done", taken, taken, drift=proof["drift"], obeyed=proof["obeyed_after"]))
    return LessonOutcome(verdict, reason, taken, seconds, proof["drift"], proof, *refs)


def _require(engine: Engine, lesson: LessonInput, settings: Settings) -> None:
    able = engine.capabilities
    if not able.trains:
        raise UserError("This engine cannot train; use a local model, or enable_training=false.")
    if settings.loss in DISTRIBUTIONS and not able.full_distributions:
        raise UserError("This engine gives no full distributions; use loss=token.")
    if settings.teacher not in able.teacher_kinds:
        raise UserError(f"This engine has no teacher `{settings.teacher}`; use {' or '.join(able.teacher_kinds)}.")
    if not lesson.correction.strip():
        raise UserError("A lesson needs a correction in words.")
    if not any(m.role == "user" for m in lesson.messages) or not lesson.denied_ids:
        raise UserError("A lesson needs the request and the call that was denied.")


def told(messages: Conversation, correction: str, notes: Sequence[str] = (), profile: str = "compact") -> list[Message]:
    """The teacher's conversation: the correction in a block at the end of the last user message, notes in
    the system message unless one is there already."""
    out = list(messages)
    last = max(i for i, m in enumerate(out) if m.role == "user")
    out[last] = replace(out[last], content=prompts.with_correction(out[last].content, correction))
    if notes and out[0].role != "system":
        out.insert(0, Message("system", prompts.system_prompt(profile, notes)))
    return out


class _Course:
    """A lesson under way."""

    def __init__(self, engine: Engine, lesson: LessonInput, settings: Settings, pool: Pool) -> None:
        self.engine, self.lesson, self.settings, self.pool = engine, lesson, settings, pool
        self.proof: dict[str, Any] = {"obeyed_before": False, "obeyed_after": False, "drift": 0.0}
        self.material: Material
        self.unseen: list[Taught] = []
        self.earlier: list[Trial] = []
        self.watched = anchoring.Anchors((), ())
        self._room = settings.max_new_tokens

    def _encode(self, messages: Conversation) -> tuple[int, ...]:
        return tuple(self.engine.encode(messages, tools=self.lesson.tools))

    def _told(self, messages: Conversation) -> tuple[int, ...]:
        return self._encode(told(messages, self.lesson.correction, self.lesson.notes, self.engine.profile))

    def _teacher(self) -> AbstractContextManager[None]:
        kind = self.settings.teacher
        if kind in ("base", "trust_region"):
            return self.engine.adapter_disabled()
        as_teacher = getattr(self.engine, "as_teacher", None)  # an engine without it has no weights of another time
        return nullcontext() if as_teacher is None else as_teacher(kind)

    def _greedy(self, prompts_: Sequence[Sequence[int]], tokens: int) -> list[Completion]:
        return self.engine.sample(prompts_, SampleParams(max_new_tokens=tokens)) if prompts_ else []

    def _mean(self, prompt: Sequence[int], ids: Sequence[int]) -> tuple[float, float]:
        """(sum, mean a token) of the log-probability of ids after a prompt."""
        (score,) = self.engine.score([(prompt, ids)])
        return float(score.logprobs_T.sum()), float(score.logprobs_T.mean())

    # -- 1. the teacher

    def look(self) -> None:
        """Ask the teacher and the student once; raises _Refused with the reason."""
        engine, lesson = self.engine, self.lesson
        plain, told_ = self._encode(lesson.messages), self._told(lesson.messages)
        denied = _call(engine, lesson.denied_ids)
        with self._teacher():
            (answer,) = self._greedy([told_], self._room)
            taught_ids = lesson.approved_ids or answer.ids
            teacher_mean = self._mean(told_, taught_ids)[1]
        (now,) = self._greedy([plain], self._room)
        taught = _call(engine, taught_ids)
        answered = call_of(engine, answer)
        student_sum, student_mean = self._mean(plain, taught_ids)
        self.proof |= {
            "greedy_before": now.text,
            "teacher": answer.text,
            "denied_logprob_before": self._mean(plain, lesson.denied_ids)[0],
            "approved_logprob_before": student_sum,
        }
        if taught is None:
            raise _Refused(
                "with the correction in view the model makes no tool call; say which tool or command to use."
            )
        if denied is not None and taught == denied:
            raise _Refused(
                "with the correction in view the model still does the same; say it in other words, or edit the call."
            )
        if answered is not None and denied is not None and answered == denied and lesson.approved_ids:
            raise _Refused(
                "with the correction in view the model still does what was denied, so it cannot teach itself."
            )
        trial = Trial(plain, taught, denied, lesson.correction)
        self.proof["obeyed_before"] = trial.passed(call_of(engine, now))
        if not self.proof["obeyed_before"] and not teacher_mean > student_mean:
            raise _Refused("the correction makes the corrected call no likelier, so there is nothing to learn from it.")
        self.own = Taught(plain, told_, tuple(taught_ids), trial, lesson.denied_ids, self._old())
        self._room = min(self.settings.max_new_tokens, max(2 * len(taught_ids), len(lesson.denied_ids)) + 16)
        # A teacher that would not have said the approved call is no guide to it: imitate the call instead.
        guided = lesson.approved_ids is None or teacher_mean > -1.0
        self.material = Material(self.own, guided, self._room)

    # -- 2. other prompts

    def spread(self) -> None:
        """Find prompts with the same habit (to learn on and to hold out) and with others (anchors)."""
        engine, settings, lesson = self.engine, self.settings, self.lesson
        wanted = settings.lesson_spread + settings.proof_prompts
        head = [m for m in lesson.messages[:1] if m.role == "system"]
        conversations = self.pool.candidates(lesson.messages, CANDIDATES, settings.seed)
        conversations = [[*head, *c] if head and c[0].role != "system" else list(c) for c in conversations]
        mine = habit(engine.decode(lesson.denied_ids))
        like = [i for i, c in enumerate(conversations) if shape(c) == shape(lesson.messages)][: 2 * NEAR * wanted]
        near = self._short_enough([conversations[i] for i in like], NEAR * wanted)
        rest = [c for i, c in enumerate(conversations) if i not in set(like)]
        short, long = self._others(rest)
        near_ones: list[Completion] = []
        others: list[Completion] = []
        for reply in self._greedy([p for _, p in near], PROBE_TOKENS):
            same_habit = alike(mine, habit(reply.text))
            (near_ones if same_habit else others).append(reply)
        others += [c for c in self._greedy(short, PROBE_TOKENS) if not alike(mine, habit(c.text))]
        watched = [c for c in self._greedy(long, PROBE_TOKENS) if c.ids]
        self._learn_on({p: c for c, p in near}, near_ones[:wanted])
        others = [c for c in others if c.ids and len(c.prompt_ids) <= SHORT_TOKENS] or [c for c in others if c.ids]
        self.watched = anchoring.keep_completions(engine, [*others[::3][:DRIFT_ANCHORS], *watched])
        kept = {c.prompt_ids for c in self.watched.completions}
        self.material.held = [c for c in others if c.prompt_ids not in kept]
        self._rehearse(mine)

    def _rehearse(self, mine: Habit | None) -> None:
        """Earlier lessons that stand beside this one: held where they are obeyed, taught again where not."""
        found = chosen(self.pool.lessons) if self.settings.rehearse else ()
        by_prompt = {self._encode(item.messages): item for item in found}
        by_prompt.pop(self.own.plain, None)
        if not by_prompt:
            return
        with self.engine.adapter_disabled():
            kinds = [habit(c.text) for c in self._greedy([self.own.plain, *by_prompt], PROBE_TOKENS)]
        kept = standing(list(by_prompt.values()), kinds[1:], kinds[0], self.own.trial.denied)
        trials = [item.trial(prompt) for prompt, item in by_prompt.items() if item in kept]
        lost: list[tuple[Trial, Completion]] = []
        for trial, (reply, obeyed) in zip(trials, replay_earlier(self.engine, trials, self._room), strict=True):
            if alike(mine, habit(reply.text)):
                continue  # the new lesson is about this prompt too
            self.earlier.append(trial)
            if obeyed:
                self.material.rehearsed.append(reply)
            else:
                lost.append((trial, reply))
        told_ = []
        for trial, _ in lost:
            item = by_prompt[trial.prompt]
            told_.append(self._encode(told(item.messages, item.correction, item.notes, self.engine.profile)))
        with self._teacher():
            answers = self._greedy(told_, self._room)
        self.material.forgotten = [
            Taught(trial.prompt, t, answer.ids, trial, reply.ids, reply.logprobs)
            for (trial, reply), t, answer in zip(lost, told_, answers, strict=True)
            if answer.stop == "end" and trial.passed(call_of(self.engine, answer))
        ]

    def _short_enough(
        self, conversations: Sequence[Conversation], most: int
    ) -> list[tuple[Conversation, tuple[int, ...]]]:
        """At most so many of them with their prompts, the first ones, or where those are long the shortest."""
        found = [(c, self._encode(c)) for c in conversations]
        if sum(len(p) for _, p in found[:most]) > NEAR_TOKENS:
            found.sort(key=lambda item: len(item[1]))
        out, tokens = [], 0
        for item in found[:most]:
            tokens += len(item[1])
            if out and tokens > NEAR_TOKENS:
                break
            out.append(item)
        return out

    def _others(self, rest: Sequence[Conversation]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """Prompts of other kinds from near to far: short ones, and a few long ones."""
        stride = max(1, len(rest) // (4 * OTHERS))
        prompts_ = [self._encode(c) for c in rest[::stride]]
        short = [p for p in prompts_ if len(p) <= SHORT_TOKENS]
        long = sorted((p for p in prompts_ if len(p) > SHORT_TOKENS), key=len)[: 4 * LONG]
        return short[:: max(1, len(short) // OTHERS)][:OTHERS], long[:: max(1, len(long) // LONG)][:LONG]

    def _learn_on(self, conversations: Mapping[tuple[int, ...], Conversation], near: Sequence[Completion]) -> None:
        """The teacher's answers on prompts of the same habit, where the correction is obeyed; others of them
        are left alone. `near`: what the model does there by habit, at times cut off."""
        engine, settings, own = self.engine, self.settings, self.own.trial
        told_ = [self._told(conversations[c.prompt_ids]) for c in near]
        with self._teacher():
            answers = self._greedy(told_, self._room)
        found: list[Taught] = []
        for habitual, t, answer in zip(near, told_, answers, strict=True):
            call = call_of(engine, answer)
            denied = (call_of(engine, habitual) if own.taught.name == "bash" else None) or own.denied
            if call is None or answer.stop != "end" or call.name != own.taught.name or call == denied:
                continue
            trial = Trial(habitual.prompt_ids, call, denied, self.lesson.correction)
            found.append(Taught(habitual.prompt_ids, t, answer.ids, trial, habitual.ids, habitual.logprobs))
        held_out = min(settings.proof_prompts, len(found) // 3)
        self.unseen = found[:held_out]
        self.material.spreads = found[held_out : held_out + settings.lesson_spread]

    # -- 3. and 4. steps and proof

    def steps(
        self, budget: int, began: float, report: Callable[[Progress], None], stop: Callable[[], bool]
    ) -> tuple[Verdict, str, int, bool]:
        """(verdict, reason, steps, whether weights moved)."""
        engine, settings = self.engine, self.settings
        if stop():
            return self._end("stopped", "cancelled; the weights are as before", 0, None, False)
        engine.mark_reference()
        trials = [self.own.trial, *(t.trial for t in self.unseen)]
        first = replay(engine, trials, self._room)
        self.proof["unseen_before"] = first.unseen
        loss = loss_of(settings)
        attempt: Attempt = (self.lesson.denied_ids, self._old())
        wrong = self._parting(self.lesson.denied_ids, self._old())
        best, best_mark, best_drift, passed, taken = engine.snapshot(), (-1.0, 0.0), anchoring.Drift(0, 1, 0, 0), 0, 0
        best_replay, trouble, last_good, backtracks, hold = first, "", best, 0, 1.0
        while taken < budget:
            if stop():
                return self._end("stopped", "cancelled; the weights are as before", taken, None, False)
            if time.monotonic() - began > settings.lesson_seconds:
                trouble = f"its {settings.lesson_seconds:.0f} seconds are spent"
                break
            batch = make(engine, self.material, settings, taken, wrong=wrong, attempt=attempt, hold=hold)
            if not batch:  # rollouts that are all alike teach nothing, but they were drawn
                taken += 1
                report(Progress("step", taken, budget))
                continue
            result = engine.learn(batch, loss)
            taken += 1
            if not result.applied:
                trouble = "a loss or gradient was not finite, so training stopped at the last good weights"
                break
            drift = anchoring.measure(engine, self.watched)
            astray = self._astray(drift)
            if astray:
                # One step too far: back, and on with half the step and twice the hold.
                engine.restore(last_good)
                backtracks, hold = backtracks + 1, hold * 2
                loss = replace(loss, learning_rate=loss.learning_rate / 2)
                if backtracks <= BACKTRACKS:
                    continue
                trouble = f"{astray}, so training stopped at the last good weights"
                break
            last_good = engine.snapshot()
            now = replay(engine, trials, self._room)
            report(Progress("step", taken, budget, result.loss, drift.kl, now.original, now.unseen))
            attempt = (now.completions[0].ids, now.completions[0].logprobs)
            if repeats(now.completions[0].ids):  # half learnt: go on, but never end there
                wrong = self._parting(now.completions[0].ids, None)
                continue
            mark = (float(now.original) + (now.unseen if now.unseen is not None else float(now.original)), -drift.kl)
            if mark >= best_mark or mark[0] == 0:  # nothing obeyed yet: later is nearer
                best, best_mark, best_replay, best_drift = last_good, mark, now, drift
            wrong = None if now.original else self._parting(now.completions[0].ids, None)
            passed = passed + 1 if now.passes else 0
            if passed >= 2:
                best, best_replay, best_drift = last_good, now, drift
                break
        engine.restore(best)
        moved = best_mark != (-1.0, 0.0)
        self.proof["drift"], self.proof["agreement"] = best_drift.kl, best_drift.agreement
        if best_replay.passes:
            verdict: Verdict = "took"
        elif best_replay.original or (best_replay.unseen or 0.0) > (first.unseen or 0.0):
            verdict = "partly"
        else:
            verdict = "stopped" if trouble and not moved else "did_not_take"
        return self._end(verdict, trouble, taken, best_replay if moved else None, moved)

    def _astray(self, drift: anchoring.Drift) -> str:
        """Why these weights are no good; empty when they are."""
        if drift.collapsed:
            return "the model began to collapse"
        return f"drift passed its budget ({drift.kl:.3f})" if drift.kl > self.settings.drift_budget else ""

    def _end(
        self, verdict: Verdict, reason: str, taken: int, now: Replay | None, moved: bool
    ) -> tuple[Verdict, str, int, bool]:
        own = self.own
        self.proof |= {
            "steps": taken,
            "spread": len(self.material.spreads),
            "unseen_prompts": len(self.unseen),
            "anchors": len(self.material.held),
            "obeyed_after": now.original if now is not None else False,
            "greedy_after": now.completions[0].text if now is not None else self.proof["greedy_before"],
            "unseen_after": now.unseen if now is not None else self.proof.get("unseen_before"),
            "denied_logprob_after": self._mean(own.plain, self.lesson.denied_ids)[0]
            if moved
            else self.proof["denied_logprob_before"],
            "approved_logprob_after": self._mean(own.plain, own.ids)[0]
            if moved
            else self.proof["approved_logprob_before"],
        }
        if self.earlier:
            kept = [obeyed for _, obeyed in replay_earlier(self.engine, self.earlier, self._room)]
            before = len(self.material.rehearsed) / len(self.earlier)
            self.proof |= {"earlier": len(kept), "earlier_before": before, "earlier_after": sum(kept) / len(kept)}
        return verdict, reason, taken, moved

    def _old(self) -> tuple[float, ...] | None:
        denied = self.lesson.denied
        return denied.logprobs if isinstance(denied, Completion) and len(denied.logprobs) == len(denied.ids) else None

    def _parting(self, ids: Sequence[int], old: tuple[float, ...] | None) -> Attempt:
        """What the model did, up to the first token that parts from the taught call: what the teacher would
        say after that token is about a reply that it would not have begun."""
        parted = same(ids, self.own.ids) + 1
        return tuple(ids[:parted]), old[:parted] if old is not None else None


def repeats(ids: Sequence[int]) -> bool:
    """Whether a completion ends in the same few tokens over and over (eight times, or 32 tokens)."""
    for period in range(1, 9):
        span = max(8 * period, 32)
        tail = list(ids[-span:])
        if len(tail) == span and all(tail[i] == tail[i % period] for i in range(span)):
            return True
    return False


def _call(engine: Engine, ids: Sequence[int]) -> ToolCall | None:
    text = engine.decode(ids)
    _, calls, error = engine.parse(text)
    return calls[0] if calls and error is None else None
