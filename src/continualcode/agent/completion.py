"""What Tab offers at the prompt: slash commands, and files of the workspace."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from continualcode.agent.search import visible

FILES = 5_000  # looked at, at most: Tab answers at once in a huge tree too
OFFERED = 40
FRESH = 5.0  # seconds that a list of files is good for


class PromptCompleter(Completer):
    """`commands`: the slash commands, each with what follows it (`/undo [lesson]`)."""

    def __init__(self, workspace: Path, commands: Sequence[str]) -> None:
        self.workspace = workspace
        self.commands = [command.split()[0] for command in commands]
        self._files: list[str] = []
        self._read = -FRESH

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        text = document.text_before_cursor
        if text.startswith("/") and not any(c.isspace() for c in text):
            yield from (Completion(c, -len(text)) for c in self.commands if c.startswith(text))
            return
        word = text.split()[-1] if text and not text[-1].isspace() else ""
        if word:
            yield from itertools.islice((Completion(f, -len(word)) for f in self._matching(word)), OFFERED)

    def _matching(self, word: str) -> Iterator[str]:
        """Files whose path, or whose name, begins like `word`."""
        if time.monotonic() - self._read > FRESH:
            self._files, self._read = list(itertools.islice(visible(self.workspace), FILES)), time.monotonic()
        return (f for f in self._files if f.startswith(word) or f.rpartition("/")[2].startswith(word))
