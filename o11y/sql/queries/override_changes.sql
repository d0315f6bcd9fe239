-- Changes of objectives, the newest first; of one objective, or of all when it is ''.
SELECT objective, client, provider, model, version, changed_at, changed_by, note, before, after, change_id
FROM objective_overrides
WHERE changed_at >= {since:DateTime64(3, 'UTC')} AND changed_at < {before:DateTime64(3, 'UTC')}
    AND ({objective:String} = '' OR objective = {objective:String})
ORDER BY changed_at DESC, version DESC, change_id DESC
LIMIT {most:UInt32}
