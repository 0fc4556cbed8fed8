#!/usr/bin/env bash
# Makes the environment of a peer: a program by others that our tests drive or are measured against, and that does not
# go with our own packages. `scripts/peers.sh NAME…` makes them, without a name it lists them.
# They live in ~/.cache/continualcode/peers (or $CONTINUALCODE_PEERS); what is there already is left as it is.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PEERS=${CONTINUALCODE_PEERS:-$HOME/.cache/continualcode/peers}
PYTHON=${PYTHON:-python3}

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 2; }

packages() { # what to install for a peer
    case "$1" in
        mini-swe-agent) echo "mini-swe-agent==2.4.6 mcp==2.3.0" ;; # a coding agent; its litellm forgets to ask for mcp
        llama-cpp) echo "llama-cpp-python==0.3.36" ;; # llama.cpp, which reads GGUF: compiled here, a quarter of an hour
        tinker) # an open server of the Tinker API (scripts/tinker_server.py), JAX on the CPU
            echo "torch==2.13.0 skyrl[tinker,jax]==0.3.0 jax==0.10.2 flax==0.12.8 transformers==5.8.0 peft==0.18.1" \
                "sqlmodel==0.0.50" ;;
        *) return 1 ;;
    esac
}
NAMES="mini-swe-agent llama-cpp tinker"

make_peer() {
    local name=$1 wanted folder
    wanted=$(packages "$name") || fail "there is no peer '$name'; there are: $NAMES."
    folder=$PEERS/$name
    if [ "$(cat "$folder/.installed" 2>/dev/null || true)" = "$wanted" ]; then
        say "$name: is here ($folder)"
        return
    fi
    say "$name: installing $wanted into $folder"
    rm -rf "$folder"
    mkdir -p "$PEERS"
    "$PYTHON" -m venv "$folder" || fail "$PYTHON cannot make a virtual environment: install its venv module."
    # shellcheck disable=SC2086  # several packages are several words
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check $wanted ||
        fail "$name could not be installed: look at pip's message above."
    printf '%s' "$wanted" >"$folder/.installed"
    say "$name: done"
}

if [ $# = 0 ]; then
    say "usage: scripts/peers.sh NAME…   peers: $NAMES"
    exit 2
fi
for name in "$@"; do
    make_peer "$name"
done
