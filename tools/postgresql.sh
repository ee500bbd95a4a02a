#!/bin/sh
# Makes sure that a PostgreSQL server is there for the journal's tests, which start one of their own.
set -eu
for initdb in /usr/lib/postgresql/*/bin/initdb "$(command -v initdb || true)"; do
  [ -x "$initdb" ] && exit 0
done
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo"
  else
    echo "The journal's tests need PostgreSQL. As root: apt-get install postgresql" >&2
    exit 1
  fi
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "The journal's tests need PostgreSQL: install it with your system's packages" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# Its own scripts would make a database and start a server of the system; the tests need neither.
$as_root apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
echo "create_main_cluster = false" | $as_root tee -a /etc/postgresql-common/createcluster.conf >/dev/null
$as_root apt-get install -y -qq --no-install-recommends postgresql >/dev/null
