"""docs/cli.md says what the program does."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date():
    made = runpy.run_path(str(ROOT / "scripts" / "make_cli_docs.py"))["text"]()
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert made == written, "run python scripts/make_cli_docs.py"
    for words in ("continualcode lessons undo", "--yes", "`seed`", "`allow`¹"):
        assert words in made
