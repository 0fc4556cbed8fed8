#!/usr/bin/env bash
# What must hold before anything is merged: lint, types, and all tests (which prove every koan sound and no
# split leaking, as `continualcode koans check` does).
# The last line is pytest's own summary. Arguments go to pytest.
source "$(dirname "$0")/setup.sh"

scripts/lint.sh
pytest "$@"
