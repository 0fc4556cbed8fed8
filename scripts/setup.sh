# Sourced by the other scripts: makes .venv, installs the program into it, and finds or installs what the
# system must have (a Rust toolchain; bubblewrap, or Landlock in its place). What is done already is skipped.
# Settings: PYTHON (interpreter to make .venv with), EXTRAS (default: dev).

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
EXTRAS=${EXTRAS:-dev}

say() { printf '%s\n' "$*" >&2; }
fail() { say "error: $*"; exit 2; }

# -- python ----------------------------------------------------------------------------------------------
find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

install_python_packages() {
    local python stamp wanted
    if [ ! -x .venv/bin/python ]; then
        python=$(find_python) || fail "Python 3.11 or newer was not found: install it, or name it with PYTHON=/path/to/python3."
        say "making .venv with $python"
        "$python" -m venv .venv || fail "$python cannot make a virtual environment: install its venv module (apt install python3-venv) and remove .venv."
    fi
    .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "the Python in .venv is older than 3.11: remove .venv and run this again."
    stamp=.venv/.installed
    wanted="$(sha256sum pyproject.toml hatch_build.py | sha256sum | cut -d' ' -f1) $EXTRAS $ROOT"
    [ "$(cat "$stamp" 2>/dev/null || true)" = "$wanted" ] && return
    say "installing continualcode[$EXTRAS] into .venv"
    # torch first and alone: with it in place nothing else pulls another build of it
    .venv/bin/python -c 'import importlib.metadata as m, sys; sys.exit(not m.version("torch").startswith("2.13.0"))' 2>/dev/null ||
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "torch==2.13.0" ||
        fail "torch 2.13.0 could not be installed: look at pip's message above, and at the network."
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -e ".[$EXTRAS]" ||
        fail "the program could not be installed: look at pip's message above."
    printf '%s' "$wanted" >"$stamp"
}

# -- the system ------------------------------------------------------------------------------------------
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# install_package APT DNF PACMAN: through whichever package manager is here, if we may; quiet about failing
install_package() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; } || return 1
    if command -v apt-get >/dev/null; then
        say "installing $1"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $1 >/dev/null 2>&1 && return
        as_root apt-get update -qq >/dev/null 2>&1 || true
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $1 >/dev/null 2>&1
    elif command -v dnf >/dev/null; then
        say "installing $2"
        as_root dnf install -y -q $2 >/dev/null 2>&1
    elif command -v pacman >/dev/null; then
        say "installing $3"
        as_root pacman -Sy --noconfirm --quiet $3 >/dev/null 2>&1
    else
        return 1
    fi
}

rust_works() { # asks the program itself: it knows where to look, and what is too old
    .venv/bin/python -c 'from continualcode.rust import toolchain as t; import sys; sys.exit(t.find().cargo is None)' 2>/dev/null
}

install_rustup() {
    command -v curl >/dev/null || return 1
    say "installing Rust through rustup"
    curl --proto '=https' --tlsv1.2 -sSf --max-time 60 https://sh.rustup.rs -o .venv/rustup.sh 2>/dev/null || return 1
    sh .venv/rustup.sh -y -q --profile minimal -c clippy -c rustfmt --no-modify-path >/dev/null 2>&1
}

find_rust() {
    case ":$PATH:" in *":$HOME/.cargo/bin:"*) ;; *) export PATH="$PATH:$HOME/.cargo/bin" ;; esac
    rust_works && return
    install_package "rustc cargo rust-clippy" "rust cargo clippy" "rust" && rust_works && return
    install_package "rustc cargo" "rust cargo" "rust" && rust_works && return
    install_rustup && rust_works && return
    fail "no Rust 1.63 or newer with cargo was found and none could be installed: get it from https://rustup.rs and put it on the PATH."
}

sandbox_works() { # prints which backend `auto` takes
    .venv/bin/python -c 'from continualcode import sandbox; import sys; c = sandbox.available()["chosen"]; print(c or ""); sys.exit(c is None)' 2>/dev/null
}

find_sandbox() {
    local chosen
    if ! command -v bwrap >/dev/null; then
        install_package bubblewrap bubblewrap bubblewrap || say "bubblewrap is not here and could not be installed; looking for Landlock in its place"
    fi
    chosen=$(sandbox_works) ||
        fail "neither bubblewrap nor Landlock works here: install bubblewrap and allow user namespaces, or run with CONTINUALCODE_SANDBOX=none (unconfined)."
    [ "$chosen" = bubblewrap ] || say "commands are confined by $chosen"
}

install_python_packages
find_rust
find_sandbox
export PATH="$ROOT/.venv/bin:$PATH"
