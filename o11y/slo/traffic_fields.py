"""A drop of traffic as the objectives file writes it: a share that is missing, in place of a target and burn rates.

It becomes an objective like any other: with the target 1 - drop, the pairs fire at a burn rate of 1.
"""

from dataclasses import replace
from decimal import Decimal

from o11y.slo.durations import duration_text
from o11y.slo.evidence import Evidence
from o11y.slo.evidence_fields import COUNT, read_evidence
from o11y.slo.usual_traffic import GRAIN_S
from o11y.slo.window_fields import PairForm, read_pairs
from o11y.slo.windows import WindowPair
from o11y.slo.yaml_fields import Fields, Problem, number

DROP_KEYS = ("drop", "min_volume")

DEFAULT_DROP = Decimal("0.95")
#: requests an hour
DEFAULT_MIN_VOLUME = 60
#: a drop that takes longer to see is told by somebody else
LONGEST_S = 21_600

#: below a half it would be the ups and downs of a day; nothing at all is a drop of any size
_LEAST, _MOST = Decimal("0.5"), Decimal("0.999")

_FORM = PairForm(
    "a list of its own such as [{severity: ticket, long: 30m, short: 10m}]",
    f"a multiple of {duration_text(GRAIN_S)} up to {duration_text(LONGEST_S)}, such as 15m or 1h",
    GRAIN_S,
    LONGEST_S,
    keys=("severity", "long", "short", "confidence"),
    burn_rate=Decimal(1),
)

Terms = tuple[Decimal | None, tuple[WindowPair, ...] | None, Evidence]


def read_drop(fields: Fields, problems: list[Problem]) -> Terms:
    """Target, pairs and evidence; None where one could not be read."""
    share = f"the share that is missing, a number from {_LEAST} to {_MOST}"
    drop = fields.get("drop", number(share, fits=lambda value: _LEAST <= value <= _MOST), default=DEFAULT_DROP)
    min_volume = fields.get("min_volume", COUNT, default=DEFAULT_MIN_VOLUME)
    pairs = fields.need("windows", lambda place: read_pairs(place, problems, form=_FORM), accepted=_FORM.accepted)
    evidence = fields.get("evidence", lambda place: read_evidence(place, problems), default=Evidence())
    return 1 - drop, pairs, replace(evidence, min_volume=min_volume)
