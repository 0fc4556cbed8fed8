"""Tables at every width: no name is broken, no line is wider than the terminal."""

import pytest

from continualcode.cli.output import emit, table

ID = "ep_20261120T202851_888167_1a15"
ROWS = [(ID, "bc_003_monthly_account", "test", "solved", 1, None), (ID[::-1], "x", "gate", "failed", None, "[red]")]
COLUMNS = ("id", "task", "split", "outcome", "steps to green", "adapter")


@pytest.mark.parametrize("width", [80, 100, 160])
def test_names_stay_whole(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", str(width))
    emit({}, False, table(COLUMNS, ROWS, "2 of 2 episodes"))
    out = capsys.readouterr().out
    assert out.startswith("2 of 2 episodes")
    for text in (ID, ID[::-1], "bc_003_monthly_account", "solved", "steps to green", "[red]"):
        assert text in out
    assert max(map(len, out.splitlines())) <= width


def test_words_fold_beside_names(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    words = "Write the fields of one record as a line of CSV, quoting where needed."
    emit({}, False, table(("id", "error", "what it is"), [("bc_002_csv_line", "E0596", words)]))
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= sum(any(word in line for word in words.split()) for line in lines) <= 3
