#!/bin/sh
# Makes the database of $POSTGRES_USER on a first start, and serves it.
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # shellcheck disable=SC2086 # several arguments, as in the image that it stands for
    initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" --auth=scram-sha-256 $POSTGRES_INITDB_ARGS
    pg_ctl --wait --options="-c listen_addresses=''" start
    PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") createdb --username="$POSTGRES_USER" "$POSTGRES_USER"
    pg_ctl --wait stop
fi
exec "$@"
