#!/usr/bin/env bash
# Makes the environments of all peers (scripts/peers.sh) and runs every test and benchmark that needs one. Arguments go to pytest.
source "$(dirname "$0")/setup.sh"

scripts/peers.sh mini-swe-agent tinker llama-cpp
pytest -m peer "$@"
continualcode bench sample
