"""`python -m continualcode.nursery`: from nothing to the bundled model, resumable at every step.

    python -m continualcode.nursery --work ~/nursery --out models/pupil            # two cores: hours
    python -m continualcode.nursery --work ~/nursery --tokens 2e6 --per-pattern 200  # a taste: minutes

    python -m continualcode.nursery --work ~/nursery --from models/pupil           # go on from a model

Steps: fill the pool of verified repairs (rustc), of the bugs in `programs.jsonl` and of mutants, train the tokenizer, pretrain (checkpoints every 100 steps;
run it again to go on), export, write the card. `WORK/run/log.jsonl` holds loss and probes.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from continualcode.koans.grammar import PATTERNS
from continualcode.koans.patterns import HELD_BACK
from continualcode.nursery import card, mutants, pool, programs

ROUND = 500  # draws of a pattern for each time that the nursery's own programs are dressed anew
MUTANTS = 16  # draws of mutants for each draw of a pattern: a quarter of what all patterns give


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="continualcode.nursery", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for pool, checkpoints and log")
    parser.add_argument("--out", type=Path, help="where the finished model goes (default: WORK/model)")
    parser.add_argument("--per-pattern", type=int, default=1500, help="draws of each known pattern")
    parser.add_argument("--tokens", type=float, default=42e6, help="tokens to pretrain on")
    parser.add_argument("--threads", type=int, default=0, help="torch threads (0: all)")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--from", dest="start", default="", help="a model's folder to go on from, with its tokenizer")
    args = parser.parse_args()

    from continualcode.nursery import pretrain

    pool.write(args.work / "pool", sorted(p for p in PATTERNS if p not in HELD_BACK), args.per_pattern)
    programs.write(args.work / "pool", rounds=max(1, args.per_pattern // ROUND))
    mutants.write(args.work / "pool", MUTANTS * args.per_pattern)
    run = args.work / "run"
    pretrain.main(
        run, args.work / "pool", threads=args.threads, device=args.device,
        total_tokens=args.tokens, layers=args.layers, hidden=args.hidden, feed_forward=3 * args.hidden, start=args.start,
    )  # fmt: skip
    out = args.out or args.work / "model"
    if out.resolve() != (run / "model").resolve():
        shutil.copytree(run / "model", out, dirs_exist_ok=True)
    card.write(out, run)
    print(f"the model is in {out}")


if __name__ == "__main__":
    main()
