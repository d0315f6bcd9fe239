SELECT sum($valid_events) AS valid, sum($bad_events) AS bad
    FROM $rollup
    WHERE bucket >= {from_$number:DateTime('UTC')} AND bucket < {to_$number:DateTime('UTC')} AND $scope$narrowed
