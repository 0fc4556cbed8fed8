#!/usr/bin/env bash
# The whole story once, for real: installs what is missing, then deny → learn → retry, a day, a night, the
# gate, before and after. State and picture: runs/quick. Last line of output: JSON. Words key=value are settings.
source "$(dirname "$0")/setup.sh"

export CONTINUALCODE_HOME="${CONTINUALCODE_HOME:-$ROOT/runs/quick}"
mkdir -p "$CONTINUALCODE_HOME"
code=0
answer=$(continualcode demo --json "$@") || code=$?
answer=$(printf '%s' "$answer" | tail -n 1)
picture=$(python -c 'import json, sys; print(json.loads(sys.argv[1]).get("plot") or "")' "$answer" 2>/dev/null || true)
say "picture: ${picture:-none was drawn}"
say "state:   $CONTINUALCODE_HOME"
printf '%s\n' "$answer"
exit "$code"
