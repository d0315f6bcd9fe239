-- What was changed about objectives, a row for each change: who, when, before and after. The last version of a
-- selector is what holds. '' stands for "all" in a name, and for "no override" in before and after, which are JSON
-- objects of the values replaced (numbers that are not whole as text, so that they stay exact).
CREATE TABLE IF NOT EXISTS objective_overrides
(
    objective String,
    client String,
    provider String,
    model String,
    version UInt64,
    changed_at DateTime64(3, 'UTC'),
    changed_by String,
    note String,
    before String,
    after String,
    change_id String
)
ENGINE = MergeTree
ORDER BY (objective, client, provider, model, version)
SETTINGS non_replicated_deduplication_window = 10000;
