-- From version 1: what losses were, and a checksum for each notification (none for those that are there already).
ALTER TABLE outbox ADD COLUMN crc32 INTEGER;
CREATE TABLE losses (
    number        INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    events        INTEGER NOT NULL,
    history       INTEGER NOT NULL,
    maybe_shipped INTEGER NOT NULL,
    is_exact      INTEGER NOT NULL,
    carried       INTEGER NOT NULL,
    kept_as       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    is_told       INTEGER NOT NULL
);
PRAGMA user_version = 2;
