"""A terminal's output as an SVG: `COMMAND 2>&1 | python scripts/terminal_picture.py OUT.svg [TITLE] [WIDTH]`.

What is drawn is what the command printed, colours included; nothing is added."""

import io
import sys

from rich.console import Console
from rich.text import Text


def main() -> None:
    out, title = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "continualcode"
    width = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(sys.stdin.read()))
    console.save_svg(out, title=title)


if __name__ == "__main__":
    main()
