-- What o11y may do on a ClickHouse server, and nothing more. Run it once as an administrator, with passwords of your
-- own (ClickHouse 24.2 or newer; another database name goes here and into O11Y_CLICKHOUSE_DATABASE).
--
-- With these roles tables are made by hand, before a new version of o11y is started:
--     O11Y_CLICKHOUSE_URL=https://o11y_schema:...@clickhouse:8443 o11y migrate
-- A worker that finds its tables up to date asks for no right to change them; one that does not waits for this, and
-- its spool keeps the events meanwhile. With one user for everything, grant it o11y_schema alone.

CREATE DATABASE IF NOT EXISTS o11y;

-- `o11y migrate`. Views write with the rights of the user that made them (on servers that still run views with the
-- rights of whoever inserts, with those of o11y_worker), so keep this user, without a way to log in if you like.
CREATE ROLE IF NOT EXISTS o11y_schema;
GRANT CREATE TABLE, CREATE VIEW, ALTER TTL, ALTER SETTINGS, ALTER ADD COLUMN ON o11y.* TO o11y_schema;
GRANT SELECT, INSERT ON o11y.* TO o11y_schema;

-- `o11y serve`, every role, and the commands that ask. It cannot alter, drop, truncate or delete.
CREATE ROLE IF NOT EXISTS o11y_worker;
GRANT SELECT ON o11y.* TO o11y_worker;
GRANT INSERT ON o11y.api_events TO o11y_worker;
GRANT INSERT ON o11y.alert_history TO o11y_worker;
GRANT INSERT ON o11y.objective_overrides TO o11y_worker;
-- what the views write for an insert into api_events
GRANT INSERT ON o11y.rollup_10s TO o11y_worker;
GRANT INSERT ON o11y.rollup_5m TO o11y_worker;
GRANT INSERT ON o11y.rollup_1h TO o11y_worker;
GRANT INSERT ON o11y.dimensions TO o11y_worker;

-- Dashboards and people. Not for o11y itself, whose queries bring limits of their own. With readonly = 2 a reader may
-- lower limits, as Grafana does with every query, and raise none of these two.
CREATE ROLE IF NOT EXISTS o11y_reader;
GRANT SELECT ON o11y.* TO o11y_reader;
CREATE SETTINGS PROFILE OR REPLACE o11y_reader
    SETTINGS readonly = 2, max_execution_time = 60 MIN 1 MAX 60, max_memory_usage = 4000000000 MIN 1 MAX 4000000000
    TO o11y_reader;

-- CREATE USER o11y_schema IDENTIFIED WITH sha256_password BY '...' DEFAULT ROLE o11y_schema;
-- CREATE USER o11y_worker IDENTIFIED WITH sha256_password BY '...' DEFAULT ROLE o11y_worker;
-- CREATE USER grafana IDENTIFIED WITH sha256_password BY '...' DEFAULT ROLE o11y_reader;
