-- A merge of a rollup holds 8,192 rows of its 115 columns, 7.5 MB, of every part that goes into it: with the 20 to 40
-- parts that pile up behind a long merge that was 0.2 to 0.3 GB. Four take 0.08 GB, and no more CPU an event than the
-- six to eight that were usual.
ALTER TABLE rollup_10s MODIFY SETTING max_parts_to_merge_at_once = 4;
ALTER TABLE rollup_5m MODIFY SETTING max_parts_to_merge_at_once = 4;
ALTER TABLE rollup_1h MODIFY SETTING max_parts_to_merge_at_once = 4;
-- Of two days of 10 s buckets the last half hour is read: merging a whole day into one part would occupy the engine for
-- a quarter of an hour and serve no one.
ALTER TABLE rollup_10s MODIFY SETTING max_bytes_to_merge_at_max_space_in_pool = 536870912;
-- What was merged away is looked for every half minute, not, as where few parts are made, every five: until it is found
-- each part keeps 65 kB of memory, 0.1 GB in all.
ALTER TABLE api_events MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE dimensions MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE rollup_10s MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE rollup_5m MODIFY SETTING max_cleanup_delay_period = 30;
ALTER TABLE rollup_1h MODIFY SETTING max_cleanup_delay_period = 30;
