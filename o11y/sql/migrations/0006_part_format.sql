-- One file a part instead of two a column, until a part of raw events is big: a merge of a rollup's 115 columns spent
-- more on making and removing files than on merging, and as much memory again on their buffers.
ALTER TABLE api_events MODIFY SETTING min_bytes_for_wide_part = 268435456;
ALTER TABLE rollup_10s MODIFY SETTING min_bytes_for_wide_part = 1099511627776;
ALTER TABLE rollup_5m MODIFY SETTING min_bytes_for_wide_part = 1099511627776;
ALTER TABLE rollup_1h MODIFY SETTING min_bytes_for_wide_part = 1099511627776;
