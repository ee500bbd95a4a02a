#!/bin/sh
# Makes sure that the browser tests have a Chromium, nginx and axe-core; says what to install where it can't.
set -eu
cd "$(dirname "$0")/.."
. tools/install.sh
PATH="$PATH:/usr/sbin" # where Debian puts nginx

need() { # need COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 && return 0
  ready_to_install "The browser tests" "$1" "$2"
  install_package "$2"
}

need chromium chromium
need nginx nginx-light
if [ ! -e tests/browser/node_modules/axe-core/axe.min.js ]; then
  need npm npm
  npm ci --silent --no-audit --no-fund --prefix tests/browser || {
    echo "The browser tests need axe-core, and npm could not fetch it: is there a network?" >&2
    exit 1
  }
fi
