#!/bin/sh
# Makes sure that the browser tests have a Chromium, nginx and axe-core; says what to install where it can't.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin" # where Debian puts nginx

install() { # install COMMAND PACKAGE
  command -v "$1" >/dev/null 2>&1 && return 0
  as_root=""
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
      as_root="sudo"
    else
      echo "The browser tests need $1. As root: apt-get install $2" >&2
      exit 1
    fi
  fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "The browser tests need $1: install it with your system's packages" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  $as_root apt-get update -qq
  $as_root apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

install chromium chromium
install nginx nginx-light
if [ ! -e tests/browser/node_modules/axe-core/axe.min.js ]; then
  install npm npm
  npm ci --silent --no-audit --no-fund --prefix tests/browser
fi
