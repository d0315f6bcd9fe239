#!/bin/bash
# Roles by grants.sql, and a user for each with its password from a file, of which the server sees only the hash. Run at
# each start by the entrypoint of the image, before anybody else can connect.
set -euo pipefail
secrets=${1:-/run/secrets}
grants=${2:-/etc/o11y/grants.sql}

administer() { clickhouse-client --host 127.0.0.1 --user default --multiquery "$@"; }

user() { # NAME ROLE FILE
    local hash
    hash=$(tr -d '\n' < "$3" | sha256sum | cut -d ' ' -f 1)
    printf '%s\n' \
        "CREATE USER IF NOT EXISTS $1 IDENTIFIED WITH sha256_hash BY '$hash' DEFAULT ROLE $2;" \
        "ALTER USER $1 IDENTIFIED WITH sha256_hash BY '$hash';" \
        "GRANT $2 TO $1;"
}

administer < "$grants"
{
    user o11y_schema o11y_schema "$secrets/clickhouse_schema_password"
    user o11y_worker o11y_worker "$secrets/clickhouse_worker_password"
    user grafana o11y_reader "$secrets/clickhouse_reader_password"
} | administer
