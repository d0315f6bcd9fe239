-- When each alert of a dimension fired; a row for each incident that it was part of. NULL: it has not ended.
-- What a larger cause holds back is inhibited instead of fired.
SELECT
    objective,
    min(severity) AS worst, -- 'page' before 'ticket'
    min(at) AS began,
    if(ended_at >= began_at, ended_at, NULL) AS ended
FROM
(
    SELECT
        objective,
        severity,
        at,
        incident_id,
        maxIf(at, transition IN ('resolved', 'expired')) OVER same AS ended_at,
        maxIf(at, transition IN ('fired', 'joined', 'inhibited', 'reopened')) OVER same AS began_at
    FROM alert_history
    WHERE at >= {from:DateTime('UTC')} - INTERVAL 7 DAY AND at < {to:DateTime('UTC')}
        AND client = {client:String} AND provider = {provider:String} AND model = {model:String}
        AND incident_id != ''
        AND NOT (transition = 'inhibited' AND reason = 'its page is live') -- the ticket of a page
    WINDOW same AS (PARTITION BY incident_id, objective)
)
GROUP BY incident_id, objective, ended_at, began_at
HAVING ended IS NULL OR ended >= {from:DateTime('UTC')}
ORDER BY began, objective
LIMIT {most:UInt32}
