from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from o11y.alerting.alert import Alert
from o11y.alerting.incident import UNDELIVERED, Cause, Delivered, Incident, Phase
from o11y.alerting.inhibition import inhibits
from o11y.alerting.lifecycle import member_of
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from tests.builders import NOW, TICKET_6H, latency, objective
from tests.scene import EVERYTHING, OF_ALL, OF_CLIENTS, OF_PROVIDERS, OPENAI, WEB, WELL, Scene, grid

PROVIDERS = {"openai": ["o1", "o2", "o3"], "anthropic": ["a1", "a2"]}
EVERY = grid(["web", "app"], PROVIDERS)
DOWN = Scene.where(EVERY, lambda each: each.provider == "openai")
PART = Dimension("web", "openai", "o1")
PAGED = Delivered(told_at=NOW, paged_at=NOW)
TOLD = Delivered(told_at=NOW)
OBJECTIVES = {each.name: each for each in (OF_PROVIDERS, OF_CLIENTS, OF_ALL)}


def incident(*alerts: Alert, shared: Dimension = OPENAI, told: bool = True, **changes: Any) -> Incident:
    """Open, of these alerts, each told as what it is."""
    members = tuple(member_of(each) for each in alerts)
    if told:
        members = tuple(replace(each, told=each.severity) for each in members)
    values = {"opened_at": NOW, "evaluated_at": NOW, **changes}
    return Incident("i-1", Cause(shared, Indicator.ERROR_RATE), members, **values)


def why(of: Incident, alert: Alert, *, scene: Scene = DOWN, **changes: Any) -> str | None:
    values = {"delivered": PAGED, "traffic": scene.traffic, "objectives": OBJECTIVES, **changes}
    return inhibits(of, alert, **values)


# ---------------------------------------------------------------- an aggregate and its part


def test_an_aggregate_that_fires_without_the_part_speaks_for_it() -> None:
    assert why(incident(DOWN.alert(OPENAI)), DOWN.alert(PART)) == "provider openai fires without it"


def test_a_part_that_is_the_whole_reason_of_its_aggregate_pages_by_itself() -> None:
    alone = Scene.where(EVERY, lambda each: each == PART)
    assert why(incident(alone.alert(OPENAI)), alone.alert(PART), scene=alone) is None


def test_a_part_that_the_message_named_is_spoken_for_whatever_the_counts() -> None:
    alone = Scene.where(EVERY, lambda each: each == PART)
    reason = why(incident(alone.alert(OPENAI)), alone.alert(PART), scene=alone, named={PART})
    assert reason == "named in the message about provider openai"


def test_the_aggregate_is_judged_exactly_at_its_threshold_without_the_part() -> None:
    """6 times 0.1 % of 10,000 events are 60 bad ones."""
    other = Dimension("app", "openai", "o2")
    at, below = (Scene({PART: Ratio(50, 100), other: Ratio(bad, 10_000)}) for bad in (60, 59))
    assert why(incident(at.alert(OPENAI)), at.alert(PART), scene=at)
    assert why(incident(below.alert(OPENAI)), below.alert(PART), scene=below) is None


def test_the_evidence_must_hold_without_the_part_too() -> None:
    few = Scene({PART: Ratio(50, 100), Dimension("app", "openai", "o2"): Ratio(1, 1)})
    assert why(incident(few.alert(OPENAI)), few.alert(PART), scene=few) is None


def test_an_aggregate_holds_back_a_page_only_once_its_own_was_delivered() -> None:
    of = incident(DOWN.alert(OPENAI))
    assert why(of, DOWN.alert(PART), delivered=UNDELIVERED) is None
    assert why(of, DOWN.alert(PART), delivered=TOLD) is None
    assert why(incident(DOWN.alert(OPENAI), told=False), DOWN.alert(PART)) is None


def test_a_ticket_about_the_aggregate_holds_back_tickets_but_no_page() -> None:
    of = incident(DOWN.alert(OPENAI, TICKET_6H))
    assert why(of, DOWN.alert(PART, TICKET_6H), delivered=TOLD)
    assert why(of, DOWN.alert(PART), delivered=TOLD) is None
    assert why(of, DOWN.alert(PART), delivered=PAGED) is None


def test_an_aggregate_that_still_fires_as_a_ticket_holds_back_no_page() -> None:
    eased = Scene(
        {each: Ratio(30, 10_000) if each.provider == "openai" else WELL for each in EVERY} | {PART: Ratio(9, 10)}
    )
    of = incident(eased.alert(OPENAI))
    assert why(of, eased.alert(PART), scene=eased) is None
    assert why(of, eased.alert(PART, TICKET_6H), scene=eased)


def test_an_incident_that_is_over_holds_nothing_back() -> None:
    over = incident(DOWN.alert(OPENAI), phase=Phase.RESOLVED, resolved_at=NOW + timedelta(minutes=5))
    assert why(over, DOWN.alert(PART)) is None
    assert why(incident(DOWN.alert(OPENAI), phase=Phase.NO_DATA), DOWN.alert(PART))


def test_another_indicator_is_another_matter() -> None:
    slow = objective(name="latency", sli=latency(), target="0.9", pairs=(TICKET_6H,))
    assert why(incident(DOWN.alert(OPENAI)), DOWN.alert(PART, TICKET_6H, objective=slow)) is None


def test_an_aggregate_whose_objective_is_gone_holds_back_only_what_it_named() -> None:
    of = incident(DOWN.alert(OPENAI))
    assert why(of, DOWN.alert(PART), objectives={}) is None
    assert why(of, DOWN.alert(PART), objectives={}, named={PART})


def test_a_part_of_another_provider_is_none_of_its_business() -> None:
    scene = Scene.where(EVERY, lambda _: True)
    assert why(incident(scene.alert(OPENAI)), scene.alert(Dimension("web", "anthropic", "a1")), scene=scene) is None


def test_an_aggregate_is_a_part_of_a_wider_one() -> None:
    of = incident(DOWN.but(a1=Ratio(50, 100)).alert(EVERYTHING), shared=EVERYTHING)
    assert why(of, DOWN.alert(OPENAI), scene=DOWN.but(a1=Ratio(50, 100))) == "all traffic fires without it"


def test_an_aggregate_that_an_incident_explains_speaks_for_nothing_beyond_its_cause() -> None:
    both = DOWN.but(a1=Ratio(50, 100))
    of = incident(*DOWN.alerts, DOWN.alert(EVERYTHING), DOWN.alert(WEB))
    assert why(of, both.alert(Dimension("web", "anthropic", "a1")), scene=both) is None
    single = incident(DOWN.alert(PART), DOWN.alert(OPENAI), shared=PART)
    assert why(single, DOWN.alert(Dimension("web", "openai", "o2"))) is None


# ---------------------------------------------------------------- parts with a common cause


def test_a_new_part_joins_the_cause_that_covers_it() -> None:
    of = incident(*DOWN.alerts[1:])
    assert why(of, DOWN.alerts[0]) == "joined provider openai"


@pytest.mark.parametrize("delivered", [UNDELIVERED, TOLD])
def test_a_page_joins_only_what_has_paged(delivered: Delivered) -> None:
    assert why(incident(*DOWN.alerts[1:]), DOWN.alerts[0], delivered=delivered) is None


def test_a_ticket_joins_what_was_told() -> None:
    tickets = [DOWN.alert(each.dimension, TICKET_6H) for each in DOWN.alerts]
    assert why(incident(*tickets[1:]), tickets[0], delivered=TOLD) == "joined provider openai"
    assert why(incident(*tickets[1:]), tickets[0], delivered=UNDELIVERED) is None


def test_another_objective_of_the_same_dimension_joins_it() -> None:
    other = DOWN.alert(PART, objective=objective(name="stricter", target="0.9999"))
    assert why(incident(DOWN.alert(PART), shared=PART), other) == "joined web / openai / o1"


def test_the_aggregate_of_the_cause_joins_its_parts() -> None:
    assert why(incident(*DOWN.alerts), DOWN.alert(OPENAI)) == "joined provider openai"


def test_a_wider_aggregate_joins_the_incident_that_explains_most_of_it() -> None:
    assert why(incident(*DOWN.alerts), DOWN.alert(WEB)) == "most of it is provider openai"
    assert why(incident(DOWN.alert(OPENAI)), DOWN.alert(WEB)) == "most of it is provider openai"


def test_a_wider_aggregate_of_which_an_incident_explains_half_is_told() -> None:
    scene = Scene.where(EVERY, lambda each: each.model in ("o1", "a1"))
    parts = [each for each in scene.alerts if each.dimension.provider == "openai"]
    assert why(incident(*parts), scene.alert(EVERYTHING), scene=scene) is None


def test_a_single_dimension_speaks_for_the_aggregates_that_it_explains_and_for_no_other_part() -> None:
    alone = Scene.where(EVERY, lambda each: each == PART)
    of = incident(alone.alert(PART), shared=PART)
    assert why(of, alone.alert(OPENAI), scene=alone) == "most of it is web / openai / o1"
    assert why(of, DOWN.alert(Dimension("web", "openai", "o2"))) is None
