#!/bin/sh
# Makes sure that a PostgreSQL server is there for the journal's tests, which start one of their own.
set -eu
cd "$(dirname "$0")/.."
. tools/install.sh

for initdb in /usr/lib/postgresql/*/bin/initdb "$(command -v initdb || true)"; do
  [ -x "$initdb" ] && exit 0
done
ready_to_install "The journal's tests" PostgreSQL postgresql
# Its own scripts would make a database and start a server of the system; the tests need neither.
install_package postgresql-common
echo "create_main_cluster = false" | $as_root tee -a /etc/postgresql-common/createcluster.conf >/dev/null
install_package postgresql
