#!/usr/bin/env bash
# From nothing to the bundled model: pool of verified repairs, tokenizer, pretraining, export, card.
# Hours on two cores, minutes on a GPU (--device cuda); stop it when you like, run it again to go on.
#   scripts/raise_model.sh [WORK_FOLDER] [more options of python -m continualcode.nursery]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/setup.sh
work=${1:-nursery_work}
shift || true
exec .venv/bin/python -m continualcode.nursery --work "$work" --out "$work/pupil" "$@"
