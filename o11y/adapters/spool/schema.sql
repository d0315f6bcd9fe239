-- Version 2 of the spool. Times are unix milliseconds, UTC.

-- A batch is the unit of an insert into ClickHouse; its id is the deduplication token and is never used again.
-- Which batch is still open is not written down: whatever is on file at start-up is sealed.
CREATE TABLE batches (
    number            INTEGER PRIMARY KEY,
    id                TEXT    NOT NULL UNIQUE,
    kind              TEXT    NOT NULL,
    day               TEXT    NOT NULL,              -- UTC day of all its events
    position          REAL    NOT NULL,              -- place in the order of shipping
    width             REAL    NOT NULL,              -- room up to the next place, shared out by a split
    events            INTEGER NOT NULL,
    bytes             INTEGER NOT NULL,
    oldest_event_time INTEGER NOT NULL,
    opened_at         INTEGER NOT NULL,
    first_tried_at    INTEGER,
    set_aside_at      INTEGER,                       -- NULL: waits to be shipped
    error             TEXT
);

-- What one commit added to a batch: finished JSONEachRow lines.
CREATE TABLE chunks (
    batch  INTEGER NOT NULL,
    events INTEGER NOT NULL,
    crc32  INTEGER NOT NULL,
    rows   BLOB    NOT NULL
);
CREATE INDEX chunks_batch ON chunks (batch);

-- Ids that gateways gave to their events, in two generations of an hour each.
CREATE TABLE seen_0 (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE seen_1 (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE generation (current INTEGER NOT NULL, started_at INTEGER NOT NULL);
INSERT INTO generation VALUES (0, 0);

-- The local copy of notifications that wait for delivery.
CREATE TABLE outbox (id TEXT PRIMARY KEY, payload TEXT NOT NULL, crc32 INTEGER);

-- What damage to the file before this one has cost (since version 2).
CREATE TABLE losses (
    number        INTEGER PRIMARY KEY,
    at            INTEGER NOT NULL,
    events        INTEGER NOT NULL,
    history       INTEGER NOT NULL,
    maybe_shipped INTEGER NOT NULL,                  -- of both: had been sent to ClickHouse, and may be there
    is_exact      INTEGER NOT NULL,                  -- 0: there may have been more, of which nothing is left
    carried       INTEGER NOT NULL,                  -- events that are in this file
    kept_as       TEXT    NOT NULL,                  -- the damaged file; empty where there is none
    reason        TEXT    NOT NULL,
    is_told       INTEGER NOT NULL
);

PRAGMA user_version = 2;
