"""The evidence rule as the objectives file writes it."""

from decimal import Decimal

from o11y.slo.evidence import HIGHEST_CONFIDENCE, LOWEST_CONFIDENCE, Evidence
from o11y.slo.yaml_fields import Fields, Place, Problem, integer, number

_CONFIDENCES = f"a number from {LOWEST_CONFIDENCE} to {HIGHEST_CONFIDENCE}"
_NONE = "none"

#: reads a number of events
COUNT = integer("a whole number of at least 1", fits=lambda value: value >= 1)


def read_evidence(place: Place, problems: list[Problem]) -> Evidence:
    """What is left out has its default."""
    fields = Fields(place, ("confidence", "min_requests", "min_bad"), problems=problems)
    default = Evidence()
    return Evidence(
        min_requests=fields.get("min_requests", COUNT, default=default.min_requests),
        min_bad=fields.get("min_bad", COUNT, default=default.min_bad),
        confidence=fields.get("confidence", _confidence_or_none, default=default.confidence),
    )


def confidence(place: Place, accepted: str = _CONFIDENCES) -> Decimal:
    """Nine of ten at least, as a guess is no evidence, and short of certainty, which nothing would reach."""
    return number(accepted, fits=lambda value: LOWEST_CONFIDENCE <= value <= HIGHEST_CONFIDENCE)(place)


def _confidence_or_none(place: Place) -> Decimal | None:
    accepted = f"{_CONFIDENCES}, or {_NONE} for the minimums alone"
    if not place.is_list and place.node.value == _NONE:
        return None
    return confidence(place, accepted)
