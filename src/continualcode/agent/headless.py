"""The face without a terminal: events as JSON lines, or the answer as text with the steps on standard error.

Events, one object a line: `session` first (its id, model, workspace), then `message`, `tool_call` (with
`decision`: auto or denied), `tool_result`, `denied`, `remark`, and `result` last. Nobody can be asked here: what no
rule allows is denied, and the model is told so.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from continualcode.agent.calls import describe, plain
from continualcode.agent.loop import Decision, Outcome, Taught
from continualcode.agent.session import Turn
from continualcode.agent.tools import Preview, ToolResult
from continualcode.engine.base import Engine, ToolCall


class Headless:
    """See the module docstring. `refused`: whether any call was denied."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.refused = False

    def event(self, kind: str, **fields: Any) -> None:
        """Print one event (with --json)."""
        if self.as_json:
            print(json.dumps({"type": kind, **fields}, ensure_ascii=False, default=str), flush=True)

    def _step(self, text: str) -> None:
        if not self.as_json:
            print(text, file=sys.stderr, flush=True)

    def begins(self, session_id: str, engine: Engine, workspace: Path) -> None:
        self.event(
            "session", session=session_id, model=engine.model_id, adapter=engine.adapter_ref, workspace=str(workspace)
        )

    def streamed(self, piece: str) -> None:
        return None

    def said(self, turn: Turn) -> None:
        if turn.text:
            self.event("message", role="assistant", text=turn.text)
        if turn.error:
            self.event("malformed", error=turn.error)
            self._step(f"malformed call: {turn.error}")

    def asks(self, call: ToolCall, preview: Preview) -> Decision:
        self.refused = True
        self.event("tool_call", name=call.name, arguments=plain(call.arguments), decision="denied", diff=preview.diff)
        self._step(f"denied: {describe(call)} (no rule allows it; give --allow edit, --allow 'bash:cargo *' or --yes)")
        return Decision("deny")

    def runs(self, call: ToolCall, preview: Preview, decision: str) -> None:
        self.event("tool_call", name=call.name, arguments=plain(call.arguments), decision=decision, diff=preview.diff)
        self._step(f"- {describe(call)}")

    def ran(self, call: ToolCall, result: ToolResult) -> None:
        self.event("tool_result", name=call.name, ok=result.ok, text=result.text, changed=sorted(result.changed))

    def denied(self, call: ToolCall, correction: str) -> None:
        self.event("denied", name=call.name, correction=correction)

    def taught(self, taught: Taught) -> None:
        self.event("lesson", outcome=taught.outcome, line=taught.line, lesson=taught.lesson_id)

    def remark(self, text: str) -> None:
        self.event("remark", text=text)
        self._step(text)

    def tick(self, what: str, seconds: float) -> None:
        return None

    def finish(self, session_id: str, outcome: Outcome, turns: int, malformed: int) -> int:
        """Print the result; the exit code: 0 when the model ended by itself and nothing was denied,
        130 when it was interrupted, else 1."""
        code = 130 if outcome.end == "interrupted" else 0 if outcome.end == "done" and not self.refused else 1
        changed = sorted({name for change in outcome.changes for name in change})
        self.event(
            "result", session=session_id, ok=code == 0, end=outcome.end, text=outcome.text, turns=turns,
            malformed=malformed, changed=changed, denied=self.refused,
            check=outcome.verdict.feedback() if outcome.verdict else None,
        )  # fmt: skip
        if not self.as_json:
            print(outcome.text or f"({outcome.end})")
        return code
