-- How long each table keeps its rows. A file of its own, so that a replay of old traces can go without.
ALTER TABLE api_events MODIFY TTL toDateTime(event_time) + INTERVAL 30 DAY;
ALTER TABLE rollup_10s MODIFY TTL bucket + INTERVAL 2 DAY;
ALTER TABLE rollup_5m MODIFY TTL bucket + INTERVAL 35 DAY;
ALTER TABLE rollup_1h MODIFY TTL bucket + INTERVAL 400 DAY;
ALTER TABLE alert_history MODIFY TTL toDateTime(at) + INTERVAL 400 DAY;
