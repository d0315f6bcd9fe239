"""How long an incident lasts until a pair of windows fires (SRE Workbook ch. 5)."""

from decimal import Decimal
from fractions import Fraction

from o11y.slo.burn_rate import firing_fraction
from o11y.slo.windows import WindowPair


def detection_s(pair: WindowPair, budget: Decimal, *, error: Fraction | Decimal) -> Fraction | None:
    """Seconds from the first bad event until ``pair`` fires: (1 - SLO) / error x long window x burn rate.

    ``error`` is the bad fraction from that moment on, in steady traffic that was healthy before. After t seconds a
    window of w seconds holds ``error x min(t, w) / w`` bad, which reaches the threshold f = burn rate x (1 - SLO)
    at t = f / error x w. Both windows have the same f, so the short one is always there first, and the long one
    decides. None when ``error`` is below f: full windows are not bad enough then. Evaluation once a minute, the
    ingest lag and the evidence rule come on top.
    """
    fraction = firing_fraction(pair.burn_rate, budget)
    if error < fraction:
        return None
    return fraction / Fraction(error) * pair.long_s
