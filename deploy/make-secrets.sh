#!/bin/sh
# Makes the secrets that compose.yaml gives to its containers as files, in ./secrets (or the folder named). What is
# there already is kept, so it may be run again.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
umask 077
mkdir -p "$folder"

# The containers run as users of their own and see the host's modes: readable files, in a folder that nobody else enters.
keep() { # NAME TEXT
    [ -e "$folder/$1" ] || { printf '%s\n' "$2" > "$folder/$1" && chmod 0444 "$folder/$1"; }
}
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
value() { cat "$folder/$1"; }

for name in clickhouse_schema clickhouse_worker clickhouse_reader redis grafana_admin; do
    keep "${name}_password" "$(random)"
done
keep o11y_client_secrets "{\"my-gateway\": [\"$(random)\"]}"
keep o11y_admin_tokens "{\"admin\": {\"token\": \"$(random)\", \"role\": \"editor\"}}"
keep o11y_clickhouse_url "http://o11y_worker:$(value clickhouse_worker_password)@clickhouse:8123"
keep o11y_clickhouse_schema_url "http://o11y_schema:$(value clickhouse_schema_password)@clickhouse:8123"
keep o11y_redis_url "redis://o11y:$(value redis_password)@redis:6379/0"
echo "secrets are in $folder; o11y_client_secrets is for gateways, o11y_admin_tokens for people"
