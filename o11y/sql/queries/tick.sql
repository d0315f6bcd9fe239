-- Valid and bad events of every dimension, a column for each measure and window that an objective asks for.
-- Time is cut into bands at the edges of the windows, each read once from the coarsest rollup that is exact there;
-- a window is then the sum of its bands.
SELECT
    dim_id,
    $cells
FROM
(
    $grains
)
GROUP BY dim_id
