#!/bin/sh
# Makes sure that a Chromium is there for the browser tests; says what to install where it can't.
set -eu
command -v chromium >/dev/null 2>&1 && exit 0
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
  else
    echo "The browser tests need Chromium. As root: apt-get install chromium" >&2
    exit 1
  fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "The browser tests need a Chromium on the path: install one with your system's packages" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null
