"""docs/pictures/demo.svg: the demo's first part (deny, learn, retry), run now, drawn as the terminal shows it.

`python scripts/demo_picture.py [OUT.svg]`; takes what a lesson takes."""

import io
import sys
import tempfile

from rich.console import Console

from continualcode.agent.start import open_engine
from continualcode.cli.runs import recorded_run
from continualcode.config import load_settings
from continualcode.demo import deny_learn_retry


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings([f"home={home}"])
        console = Console(record=True, width=96, file=io.StringIO(), force_terminal=True, highlight=False)
        with recorded_run("demo", settings) as run:
            figures = deny_learn_retry(open_engine(settings, run.store), run, settings, console)
        console.save_svg(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/demo.svg", title="continualcode demo")
        print(figures)


if __name__ == "__main__":
    main()
