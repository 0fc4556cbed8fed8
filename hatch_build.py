"""Build hook: the wheel carries the koans, the bundled model and the demo crate under continualcode/data/.

An editable install gets none of it: there `config.bundled` finds the folders in the checkout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("koans", "models", "demo")


class CarryData(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for name in CARRIED:
            folder = Path(self.root) / name
            files = [p for p in folder.rglob("*") if p.is_file() and not {"target", "__pycache__"} & set(p.parts)]
            for path in files:
                build_data["force_include"][str(path)] = f"continualcode/data/{path.relative_to(self.root)}"
