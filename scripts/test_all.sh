#!/usr/bin/env bash
# What must hold before anything is merged: lint, types, every koan sound and no split leaking, all tests.
# The last line is pytest's own summary. Arguments go to pytest.
source "$(dirname "$0")/setup.sh"

scripts/lint.sh
continualcode koans check --json
pytest "$@"
