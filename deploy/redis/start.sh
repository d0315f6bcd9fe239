#!/bin/sh
# Redis for o11y: one user with the rights of users.acl and the password of a file, nobody else, and every write on disk
# before it is answered. Beyond the defaults it takes options of redis-server.
set -eu
password_file=${PASSWORD_FILE:-/run/secrets/redis_password}
rights=${RIGHTS_FILE:-/etc/o11y/users.acl}
data=${DATA_FOLDER:-/data}
acl=${TMPDIR:-/tmp}/users.acl

umask 077
hash=$(tr -d '\n' < "$password_file" | sha256sum | cut -d ' ' -f 1)
{
    echo 'user default off'
    sed "s/>choose-a-password/#$hash/" "$rights"
} > "$acl"
exec redis-server --dir "$data" --aclfile "$acl" --appendonly yes --appendfsync always --save '' \
    --maxmemory-policy noeviction "$@"
