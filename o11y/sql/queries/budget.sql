-- Valid and bad events of a scope over the budget's period, up to the end of the alert's windows and not beyond.
SELECT toInt64(sum(valid)), toInt64(sum(bad))
FROM (
    $stretches
)
