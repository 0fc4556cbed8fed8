"""What may run without asking: rules that the user gave, and the tools that only read.

A rule is `all`, a tool (`edit`), or a tool and a pattern: `bash:cargo test*` (the command, shell-style
wildcards) or `edit:src/**` (the path, as in .gitignore). `edit` as a tool name stands for every tool that
writes files. Kept rules belong to the user, not to the project: a cloned repository cannot bring its own. They
live in `home/rules/`, one file for each workspace, which no tool can change.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pathspec

from continualcode.agent.calls import EDITS, READ_ONLY, TOOLS
from continualcode.agent.files import FileProblem, write_bytes
from continualcode.engine.base import ToolCall
from continualcode.errors import UserError

_SHELL = set(";&|`$<>()\n\\")  # a wildcard does not reach over these: `cargo *` is one command


@dataclass(frozen=True)
class Rule:
    """Allows `tool` (`all`: every tool), where `pattern` matches its command or path (empty: always)."""

    tool: str
    pattern: str = ""

    def __str__(self) -> str:
        return f"{self.tool}:{self.pattern}" if self.pattern else self.tool

    @staticmethod
    def parse(text: str) -> Rule:
        """A rule from its text. Raises UserError."""
        tool, _, pattern = text.strip().partition(":")
        tool, pattern = tool.strip(), pattern.strip()
        if tool != "all" and tool not in TOOLS or tool == "all" and pattern:
            raise UserError(
                f"`{text}` is not a rule; write a tool ({', '.join(TOOLS)}), tool:pattern (bash:cargo *), or all."
            )
        return Rule(tool, pattern)

    def allows(self, call: ToolCall) -> bool:
        """Whether the call may run by this rule."""
        if self.tool == "all":
            return True
        if self.tool != call.name and not (self.tool == "edit" and call.name in EDITS):
            return False
        if not self.pattern:
            return True
        if call.name == "bash":
            command = str(call.arguments.get("command", "")).strip()
            return command == self.pattern or (not _SHELL & set(command) and fnmatchcase(command, self.pattern))
        path = posixpath.normpath(str(call.arguments.get("path", "")))
        if path.startswith(("..", "/")):
            return False
        return pathspec.GitIgnoreSpec.from_lines([self.pattern]).match_file(path)


def rules_path(workspace: Path, home: Path) -> Path:
    """Where the rules of a workspace are kept."""
    name = hashlib.sha256(str(Path(workspace).resolve()).encode()).hexdigest()[:16]
    return Path(home) / "rules" / f"{name}.json"


class Approval:
    """The rules of one workspace, kept under `home`; `given` are those of this run alone (the setting `allow`)."""

    def __init__(self, workspace: Path, home: Path, given: Iterable[str] = ()) -> None:
        self.workspace = Path(workspace).resolve()
        self.path = rules_path(self.workspace, home)
        self.given = [Rule.parse(text) for text in given if text.strip()]
        self.kept = self._read()

    def _read(self) -> list[Rule]:
        try:
            raw = json.loads(self.path.read_text(encoding="utf-8"))
            return [Rule.parse(text) for text in raw["rules"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise UserError(
                f'{self.path} cannot be read; it should hold {{"rules": ["edit", "bash:cargo *"]}}.'
            ) from None

    def allows(self, call: ToolCall) -> bool:
        """Whether the call runs without asking."""
        return call.name in READ_ONLY or any(rule.allows(call) for rule in (*self.given, *self.kept))

    def keep(self, rule: Rule) -> None:
        """Add a rule to those of this workspace."""
        if rule not in self.kept:
            self.kept.append(rule)
            self._save()

    def drop(self, rule: Rule) -> bool:
        """Take a kept rule back; False when it is not there."""
        if rule not in self.kept:
            return False
        self.kept.remove(rule)
        self._save()
        return True

    def _save(self) -> None:
        text = (
            json.dumps({"workspace": str(self.workspace), "rules": [str(rule) for rule in self.kept]}, indent=2) + "\n"
        )
        try:
            write_bytes(self.path, text.encode(), str(self.path))
        except FileProblem as error:
            raise UserError(f"{error}.") from None


def suggested(call: ToolCall) -> list[Rule]:
    """Rules that would have let this call run, the narrowest first."""
    if call.name == "bash":
        command = str(call.arguments.get("command", "")).strip()
        words = command.split()
        wide = [Rule("bash", f"{' '.join(words[:2])} *")] if len(words) > 2 and not _SHELL & set(command) else []
        return [Rule("bash", command), *wide, Rule("bash")]
    if call.name in EDITS:
        path = posixpath.normpath(str(call.arguments.get("path", "")))
        folder = posixpath.dirname(path)
        return [Rule("edit", f"/{path}"), *([Rule("edit", f"/{folder}/**")] if folder else []), Rule("edit")]
    return [Rule(call.name)]
