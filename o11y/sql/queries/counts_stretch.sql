SELECT intDiv(toUnixTimestamp(bucket), {step_$number:UInt32}) * {step_$number:UInt32} AS start_s, $measures
    FROM $rollup
    WHERE bucket >= {from_$number:DateTime('UTC')} AND bucket < {to_$number:DateTime('UTC')} AND $scope
    GROUP BY start_s
