SELECT dim_id, $band AS band, $measures
    FROM $rollup
    WHERE ($stretches)$narrowed
    GROUP BY dim_id, band
