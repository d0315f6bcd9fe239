-- The last change of every selector that left an override.
SELECT objective, client, provider, model, changed_at, changed_by, note, after
FROM
(
    SELECT objective, client, provider, model, changed_at, changed_by, note, after
    FROM objective_overrides
    ORDER BY objective, client, provider, model, version DESC, changed_at DESC, change_id DESC
    LIMIT 1 BY objective, client, provider, model
)
WHERE after != ''
ORDER BY objective, client, provider, model
LIMIT {most:UInt32}
