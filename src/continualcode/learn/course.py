"""The parts of a lesson in their order: look at the teacher, first steps, spread, steps until the proof passes.

1. Look: a teacher that does the denied thing, supports the corrected call no better than the student, or heeds the
correction as one about another kind of request (`relevance`), teaches nothing: refused, no weight moved. 2. First
steps, on the taught call alone, so that the retry is drawn with weights that have it in them; they are not kept.
3. Spread: the correction is put into other prompts on which the model has the same habit; the teacher's answers there
are learnt too, so that the lesson reaches past the prompt it was typed for. Prompts with other habits are anchors.
4. Step: the denied call (or what the model does now in its place) under JSD up to where it parts from the taught one,
the retry and the spread under forward KL, anchors under KL to the weights before; the tokens where both part count once
more. Earlier lessons are rehearsed beside it (`rehearsal`). 5. Proof: replay without the correction, on the prompt itself
and on prompts held out of the spread; stop when it passes twice, or when steps, seconds or drift are spent.

Not here: the order in time and what is rolled back (`lesson`), what a step learns from (`batch`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, Any

from continualcode.engine.base import Completion, Engine, Example, SampleParams, Scores, ToolCall
from continualcode.learn import anchors as anchoring
from continualcode.learn.batch import RIVALS, Attempt, Material, Taught, loss_of, make, same
from continualcode.learn.outcome import LessonInput, Progress, Refused, Verdict, told
from continualcode.learn.pool import OF_A_KIND, Conversation, Pool, request_of, shape
from continualcode.learn.proof import Habit, Replay, Trial, alike, call_of, habit, replay
from continualcode.learn.rehearsal import chosen, replay_earlier, standing
from continualcode.learn.relevance import elsewhere

if TYPE_CHECKING:
    from continualcode.config import Settings

CANDIDATES = 480  # conversations that the spread is chosen from
NEAR = 2  # of the like ones, so many times what is wanted are asked about
NEAR_TOKENS = 4000  # and about so many tokens of them
OTHERS = 40  # short prompts of other kinds
LONG = 3  # longer ones, that only drift is measured on
SHORT_TOKENS = 96
PROBE_TOKENS = 32  # enough to see the tool and a command
DRIFT_ANCHORS = 12
BACKTRACKS = 3  # steps taken back for drift before the lesson ends
FIRST_TOKENS = 1200  # that these may read, prompts included; one step is taken however long
FIRST_RATE = 5e-3  # AdamW step size of these
ELSEWHERE, OF_EACH = 2, 4  # kinds of request that a correction may be about instead, and how many are asked about


class Course:
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
        """Ask the teacher and the student once; raises Refused with the reason."""
        engine, lesson = self.engine, self.lesson
        plain, told_ = self._encode(lesson.messages), self._told(lesson.messages)
        denied = _call(engine, lesson.denied_ids)
        with self._teacher():
            (answer,) = self._greedy([told_], self._room)
            taught_ids = lesson.approved_ids or answer.ids
            own_words = bool(answer.ids) and tuple(taught_ids) == answer.ids
            teacher_mean = fmean(answer.logprobs) if own_words else self._mean(told_, taught_ids)[1]
        now, denied_sum, (student_sum, student_mean) = self._student(plain, taught_ids)
        taught = _call(engine, taught_ids)
        answered = call_of(engine, answer)
        self.proof |= {
            "greedy_before": now.text,
            "teacher": answer.text,
            "denied_logprob_before": denied_sum,
            "approved_logprob_before": student_sum,
        }
        if taught is None:
            raise Refused("with the correction in view the model makes no tool call; say which tool or command to use.")
        if denied is not None and taught == denied:
            raise Refused(
                "with the correction in view the model still does the same; say it in other words, or edit the call."
            )
        if answered is not None and denied is not None and answered == denied and lesson.approved_ids:
            raise Refused(
                "with the correction in view the model still does what was denied, so it cannot teach itself."
            )
        trial = Trial(plain, taught, denied, lesson.correction)
        self.proof["obeyed_before"] = trial.passed(call_of(engine, now))
        if not self.proof["obeyed_before"] and not teacher_mean > student_mean:
            raise Refused("the correction makes the corrected call no likelier, so there is nothing to learn from it.")
        if lesson.approved_ids is None and not self.proof["obeyed_before"]:
            self._stay_with_the_topic(taught)
        self.own = Taught(plain, told_, tuple(taught_ids), trial, lesson.denied_ids, self._old())
        self._room = min(self.settings.max_new_tokens, max(2 * len(taught_ids), len(lesson.denied_ids)) + 16)
        # A teacher that would not have said the approved call is no guide to it: imitate the call instead.
        guided = lesson.approved_ids is None or teacher_mean > -1.0
        self.material = Material(self.own, guided, self._room)

    def _student(
        self, plain: tuple[int, ...], taught_ids: Sequence[int]
    ) -> tuple[Completion, float, tuple[float, float]]:
        """(what the student does now, log-probability of the denied reply, (sum, mean a token) of the taught one's).
        A denied reply that was the likeliest at every token, up to its end, is what it does now: no need to sample."""
        denied, ids = self.lesson.denied, self.lesson.denied_ids
        said, wanted = self.engine.score([(plain, ids), (plain, taught_ids)], top_k=1)
        if isinstance(denied, Completion) and denied.stop == "end" and _likeliest(said, ids):
            now = denied
        else:
            (now,) = self._greedy([plain], self._room)
        return now, float(said.logprobs_T.sum()), (float(wanted.logprobs_T.sum()), float(wanted.logprobs_T.mean()))

    def _stay_with_the_topic(self, taught: ToolCall) -> None:
        """Raises Refused when the correction names another kind of request, and there the teacher heeds it."""
        engine, lesson = self.engine, self.lesson
        asked = request_of(lesson.messages).split("\n", 1)[0]
        kinds = self.pool.kinds(OF_A_KIND, self.settings.seed) if self.pool.kinds else ()
        words = [taught.name, *(w for value in taught.arguments.values() for w in str(value).split())]
        mine = habit(engine.decode(lesson.denied_ids))
        for named in elsewhere(asked, lesson.correction, words, kinds)[:ELSEWHERE]:
            some = named.kind.conversations[:OF_EACH]
            plain, told_ = [self._encode(c) for c in some], [self._told(c) for c in some]
            now = [habit(c.text) for c in self._greedy(plain, PROBE_TOKENS)]
            with self._teacher():
                shown = [habit(c.text) for c in self._greedy([*plain, *told_], PROBE_TOKENS)]
            without, heeding = shown[: len(some)], shown[len(some) :]
            moved = [a != b for n, a, b in zip(now, without, heeding, strict=True) if not alike(mine, n)]
            if len(moved) > len(some) / 2 and sum(moved) > len(moved) / 2:
                raise Refused(
                    f"it seems to be about another kind of request (you say «{named.words}»), and this call is none of "
                    "that; say it there."
                )

    # -- before the retry

    def first(self, most: int, stop: Callable[[], bool]) -> tuple[int, bool]:
        """Up to so many steps on the taught call alone, under forward KL: (steps taken, whether the model then turns
        to the call by itself). A step after which the model, told, would say it otherwise is taken back, the last."""
        engine, own = self.engine, self.own
        if self.settings.loss in RIVALS or not self.material.guided or not engine.capabilities.full_distributions:
            return 0, False  # the last: without the likeliest tokens nobody knows when to stop
        loss = replace(loss_of(self.settings), learning_rate=FIRST_RATE)
        example = Example(own.plain, own.ids, own.told if self.settings.loss != "sft" else None, alpha=0.0)
        taken, turned = 0, False
        most = min(most, max(1, FIRST_TOKENS // (len(own.plain) + len(own.ids))))
        while taken < most and not turned and not stop():
            sound = engine.snapshot()
            if not engine.learn([example], loss).applied:
                break
            plain, told_ = engine.score([(own.plain, own.turn), (own.told, own.ids)], top_k=1)
            if not _likeliest(told_, own.ids):
                engine.restore(sound)
                break
            taken, turned = taken + 1, _likeliest(plain, own.turn)
        return taken, turned

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
        """At most so many of them with their prompts, the first ones, or where those are long the shortest; none that
        the model could not read with the correction in it."""
        found = [(c, prompt) for c in conversations if self._fits(prompt := self._encode(c))]
        if sum(len(p) for _, p in found[:most]) > NEAR_TOKENS:
            found.sort(key=lambda item: len(item[1]))
        out, tokens = [], 0
        for item in found[:most]:
            tokens += len(item[1])
            if out and tokens > NEAR_TOKENS:
                break
            out.append(item)
        return out

    def _fits(self, prompt: Sequence[int]) -> bool:
        correction = len(self.own.told) - len(self.own.plain)
        return len(prompt) + correction + max(self._room, PROBE_TOKENS) < self.engine.context_length

    def _others(self, rest: Sequence[Conversation]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """Prompts of other kinds from near to far: short ones, and a few long ones."""
        stride = max(1, len(rest) // (4 * OTHERS))
        prompts_ = [prompt for c in rest[::stride] if self._fits(prompt := self._encode(c))]
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


def _likeliest(score: Scores, ids: Sequence[int]) -> bool:
    """Whether each of the ids was the likeliest one there; `score` is theirs, with `top_k` > 0."""
    return score.topk_ids_TK is not None and score.topk_ids_TK[:, 0].tolist() == list(ids)


def _call(engine: Engine, ids: Sequence[int]) -> ToolCall | None:
    text = engine.decode(ids)
    _, calls, error = engine.parse(text)
    return calls[0] if calls and error is None else None
