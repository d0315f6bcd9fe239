SELECT count()
FROM alert_history
WHERE at >= {from:DateTime('UTC')} AND at < {to:DateTime('UTC')} AND spool_batch = {batch:String}
