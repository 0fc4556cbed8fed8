#!/usr/bin/env bash
# Lint, format check and types; --fix mends what can be mended by itself.
source "$(dirname "$0")/setup.sh"

if [ "${1:-}" = --fix ]; then
    ruff check --fix .
    ruff format .
fi
ruff check .
ruff format --check .
pyright
