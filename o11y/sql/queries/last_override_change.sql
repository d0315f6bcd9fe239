-- The last change of a selector.
SELECT objective, client, provider, model, version, changed_at, changed_by, note, before, after, change_id
FROM objective_overrides
WHERE objective = {objective:String} AND client = {client:String} AND provider = {provider:String}
    AND model = {model:String}
ORDER BY version DESC, changed_at DESC, change_id DESC
LIMIT 1
