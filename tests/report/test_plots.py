from pathlib import Path

import pytest

from continualcode.errors import UserError
from continualcode.report.plots import cycles_figure


def row(cycle: int, rate: float, decision: str) -> dict:
    band = [max(0.0, rate - 0.1), min(1.0, rate + 0.1)]
    return {
        "cycle": cycle, "train": rate, "gate": rate, "test": rate - 0.05, "held_back": None if cycle == 0 else rate / 2,
        "repeat_error_rate": 0.4 - 0.1 * cycle, "median_steps_to_green": 2.0 if cycle else None, "decision": decision,
        "intervals": {"train": band, "gate": band, "test": band, "held_back": band, "median_steps_to_green": [1.0, 2.0] if cycle else None},
        "n": {"train": 30, "gate": 15, "test": 15, "held_back": 5},
    }  # fmt: skip


def test_the_figure_is_a_readable_png(tmp_path: Path):
    rows = [row(0, 0.4, "before"), row(1, 0.6, "promoted"), row(2, 0.6, "refused")]
    path = cycles_figure(rows, tmp_path / "deep" / "cycles.png", title="bundled")
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    assert width > 1200 and height > 400


def test_one_row_draws_and_none_is_refused(tmp_path: Path):
    assert cycles_figure([row(0, 0.4, "before")], tmp_path / "one.png").stat().st_size > 5000
    with pytest.raises(UserError, match="nights"):
        cycles_figure([], tmp_path / "none.png")
    with pytest.raises(UserError, match="cannot be written"):
        cycles_figure([row(0, 0.4, "before")], tmp_path / "x.nosuchformat")
