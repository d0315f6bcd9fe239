-- One file a part instead of two a column, until a part is big: a merge of a rollup's 115 columns spent more on making
-- and removing files than on merging. Queries of few columns read the big parts as before.
ALTER TABLE api_events MODIFY SETTING min_bytes_for_wide_part = 268435456;
ALTER TABLE rollup_10s MODIFY SETTING min_bytes_for_wide_part = 268435456;
ALTER TABLE rollup_5m MODIFY SETTING min_bytes_for_wide_part = 268435456;
ALTER TABLE rollup_1h MODIFY SETTING min_bytes_for_wide_part = 268435456;
