SELECT count()
FROM api_events
WHERE event_time >= {from:DateTime('UTC')} AND event_time < {to:DateTime('UTC')} AND spool_batch = {batch:String}
