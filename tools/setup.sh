#!/bin/sh
# Makes .venv and installs into it what tools/requirements.lock names, file by file checked: tools/setup.sh PYTHON
set -eu
cd "$(dirname "$0")/.."
lock=tools/requirements.lock

fail() {
  echo "make setup: $1" >&2
  exit 1
}

is_right() { # is_right PYTHON [MODULE]: it runs, is a version that kbot knows, and has the module
  "$1" -c "import sys${2:+, $2}; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))" >/dev/null 2>&1
}

install() {
  .venv/bin/python -m pip --disable-pip-version-check install --quiet --quiet "$@" ||
    fail "pip could not install, as it says above. If the network is down, run it again when it is back."
}

if ! is_right .venv/bin/python pip; then
  is_right "$1" || fail "kbot needs Python 3.11 or 3.12, and $1 isn't that: make PYTHON=/path/to/python3.11"
  "$1" -m venv --clear .venv ||
    fail "$1 could not make .venv, as it says above. On Debian: apt-get install python3.11-venv"
fi
echo "Installing $(grep -c '^[^# ]' "$lock") packages into .venv, some minutes on a new machine ..."
# Wheels only: a source package would run its own code here, and fetch what builds it unchecked.
install --require-hashes --no-deps --only-binary :all: --requirement "$lock"
# After the lock: what torch needs is then there, checked, and of its choice between builds only the build is open.
install "$(sed -n 's/^ *"\(torch==[^"]*\)".*/\1/p' pyproject.toml)"
install --no-deps --no-build-isolation --editable .
