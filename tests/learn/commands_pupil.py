"""A real arena for the tiny model of `conftest.py`: a reply passes when its command is the wanted one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from continualcode.engine.base import Engine, Message, SampleParams
from continualcode.learn.attempts import Attempt


class Commands:
    """`wanted`: request → command. `says`: what is said of a reply that does not have it."""

    def __init__(self, wanted: Mapping[str, str], *, temperature: float = 1.0) -> None:
        self.wanted, self.temperature = dict(wanted), temperature
        self.tasks = tuple(self.wanted)
        self.hash = hashlib.sha256(repr(sorted(self.wanted.items())).encode()).hexdigest()
        self.calls: list[tuple[tuple[str, ...], int]] = []

    def attempt(self, engine: Engine, tasks: Sequence[str], *, samples: int, seed: int) -> list[list[Attempt]]:
        self.calls.append((tuple(tasks), seed))
        found = []
        for n, task in enumerate(tasks):
            request = (Message("user", task),)
            prompt = tuple(engine.encode(request))
            each = [SampleParams(16, self.temperature, seed=seed * 1000 + n * 10 + i) for i in range(samples)]
            group = []
            for reply in engine.sample([prompt] * samples, each):
                _, calls, _ = engine.parse(reply.text)
                said = str(calls[0].arguments.get("command", "")) if calls else ""
                passed = said.startswith(self.wanted[task])
                feedback = "" if passed else f"use {self.wanted[task]}"
                group.append(
                    Attempt(
                        task,
                        request,
                        (),
                        prompt,
                        reply.ids,
                        reply.logprobs,
                        passed,
                        feedback,
                        f"use {self.wanted[task]}",
                    )
                )
            found.append(group)
        return found
