from random import Random

from hypothesis import given
from hypothesis import strategies as st

from o11y.alerting.alert import Alert
from o11y.alerting.cause import Group, group
from o11y.alerting.traffic import Traffic
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension, Scope
from o11y.slo.sli import Indicator
from o11y.slo.windows import Severity
from tests.builders import PAGE_30M, TICKET_6H, alert, latency, objective
from tests.scene import ANTHROPIC, DOWN, EVERYTHING, OPENAI, WEB, WELL, Scene, grid

#: three providers with three models each, none of which two providers share
PROVIDERS = {"openai": ["o1", "o2", "o3"], "anthropic": ["a1", "a2", "a3"], "google": ["g1", "g2", "g3"]}
ONE_CLIENT = grid(["web"], PROVIDERS)
THREE_CLIENTS = grid(["web", "app", "batch"], PROVIDERS)
#: one model at three providers
HOSTED = {"azure": ["gpt", "z"], "aws": ["gpt", "y"], "own": ["gpt", "x"]}


def causes(groups: list[Group]) -> list[Dimension]:
    return [each.cause.shared for each in groups]


def grouped(scene: Scene, *more: Alert) -> list[Group]:
    return group([*scene.alerts, *more], scene.traffic)


# ---------------------------------------------------------------- which name they share


def test_a_providers_outage_is_one_group_for_all_its_models_and_clients() -> None:
    (found,) = grouped(Scene.where(THREE_CLIENTS, lambda each: each.provider == "openai"))
    assert (found.cause.shared, found.cause.indicator, len(found.alerts)) == (OPENAI, Indicator.ERROR_RATE, 9)


def test_with_a_single_client_the_provider_is_the_cause_and_not_the_client() -> None:
    (found,) = grouped(Scene.where(ONE_CLIENT, lambda each: each.provider == "openai"))
    assert found.cause.shared == OPENAI


def test_a_providers_outage_is_the_providers_though_its_client_sends_nearly_everything_there() -> None:
    mostly = {each: Ratio(0, 100) for each in ONE_CLIENT} | {
        Dimension("web", "openai", model): Ratio(5_000, 10_000) for model in PROVIDERS["openai"]
    }
    stray = {Dimension("web", "google", "g1"): Ratio(50, 100)}
    assert causes(grouped(Scene(mostly))) == [OPENAI]
    assert causes(grouped(Scene(mostly | stray))) == [OPENAI, Dimension("web", "google", "g1")]


def test_two_providers_outages_with_one_client_are_two_groups() -> None:
    found = grouped(Scene.where(ONE_CLIENT, lambda each: each.provider != "google"))
    assert set(causes(found)) == {OPENAI, ANTHROPIC}
    assert [len(each.alerts) for each in found] == [3, 3]


def test_everything_of_one_client_is_the_client_and_not_one_group_per_provider() -> None:
    assert causes(grouped(Scene.where(THREE_CLIENTS, lambda each: each.client == "web"))) == [WEB]
    assert causes(grouped(Scene.where(ONE_CLIENT, lambda _: True))) == [WEB]


def test_everything_at_once_is_all_traffic() -> None:
    (found,) = grouped(Scene.where(THREE_CLIENTS, lambda _: True))
    assert (found.cause.shared, len(found.alerts)) == (EVERYTHING, len(THREE_CLIENTS))


def test_one_client_down_is_not_all_traffic_though_it_sends_nearly_all_of_it() -> None:
    busy = {each: Ratio(500, 1_000) if each.client == "web" else Ratio(0, 10) for each in THREE_CLIENTS}
    assert causes(grouped(Scene(busy))) == [WEB]


def test_a_model_down_at_every_provider_is_the_model() -> None:
    (found,) = grouped(Scene.where(grid(["web", "app"], HOSTED), lambda each: each.model == "gpt"))
    assert found.cause.shared == Dimension(None, None, "gpt")
    assert not found.cause.is_single


def test_a_model_is_not_taken_for_its_provider_because_another_one_fires_too() -> None:
    busy = {each: Ratio(0, 10) for each in THREE_CLIENTS} | {
        Dimension(client, "openai", "o1"): Ratio(500, 1_000) for client in ("web", "app", "batch")
    }
    stray = {Dimension("web", "openai", "o2"): Ratio(5, 10)}
    assert causes(grouped(Scene(busy | stray)))[0] == Dimension(None, None, "o1")


def test_several_models_of_a_provider_down_for_every_client_are_the_provider_and_not_a_group_for_each() -> None:
    models = {"openai": [f"o{number}" for number in range(15)], "anthropic": ["a1"]}
    scene = Scene.where(
        grid(["web", "app", "batch"], models), lambda each: each.model in {f"o{number}" for number in range(8)}
    )
    (found,) = grouped(scene, scene.alert(OPENAI))
    assert (found.cause.shared, len(found.alerts), found.extent.models) == (OPENAI, 25, (8, 15))


def test_several_models_of_a_provider_are_one_group_though_one_of_them_has_most_of_the_bad_events() -> None:
    models = {"openai": [f"o{number}" for number in range(15)], "anthropic": ["a1"]}
    scene = Scene.where(grid(["web", "app", "batch"], models), lambda each: each.model in {"o1", "o2", "o3"})
    assert causes(grouped(scene.but(o1=Ratio(5_000, 10_000)))) == [OPENAI]


def test_a_provider_is_whole_though_its_smallest_models_have_too_little_traffic_to_fire() -> None:
    scene = Scene.where(THREE_CLIENTS, lambda each: each.provider == "openai").but(o3=Ratio(1, 2))
    (found,) = grouped(scene)
    assert (found.cause.shared, len(found.alerts), found.extent.models) == (OPENAI, 6, (2, 3))


def test_what_shares_a_name_by_chance_stays_apart_when_most_of_the_bad_events_are_elsewhere() -> None:
    """Two models of one client fire; hundreds of quiet ones, each below its evidence, have most of the bad events."""
    tail = {Dimension("web", f"p{number}", f"m{number}"): Ratio(1, 10) for number in range(300)}
    firing = [Dimension("web", "openai", "o1"), Dimension("web", "google", "g1")]
    found = grouped(Scene(tail | {each: Ratio(20, 100) for each in firing}))
    assert sorted(causes(found)) == sorted(firing)


def test_a_new_outage_is_seen_as_one_beside_an_old_one_with_more_bad_events() -> None:
    down = Scene.where(ONE_CLIENT, lambda each: each.provider == "openai").but(o1=Ratio(900, 1_000))
    old = Dimension("web", "openai", "o1")
    new = [each for each in down.alerts if each.dimension != old]
    assert causes(group(new, down.traffic, explained={old})) == [OPENAI]
    assert len(group(new, down.traffic)) == 2


# ---------------------------------------------------------------- what one group holds


def test_one_alert_is_its_own_cause() -> None:
    (found,) = group([alert()], Traffic.of({}))
    assert found.cause.is_single
    assert (found.cause.shared, found.extent.firing, found.extent.active) == (alert().dimension, 1, 1)


def test_no_alerts_are_no_groups() -> None:
    assert group([], Traffic.of({})) == []


def test_both_percentiles_of_a_latency_are_one_group_but_errors_are_another() -> None:
    slow = {"p50": (5_000, "0.5"), "p90": (15_000, "0.9")}
    objectives = [
        objective(name=name, sli=latency(ms), target=target, pairs=(TICKET_6H,)) for name, (ms, target) in slow.items()
    ]
    alerts = [alert(objective=of, pair=TICKET_6H, long=DOWN, short=DOWN) for of in (*objectives, objective())]
    found = group(alerts, Traffic.of({}))
    assert [len(each.alerts) for each in found] == [1, 2]
    assert [each.cause.indicator for each in found] == [Indicator.ERROR_RATE, Indicator.LATENCY]


def test_a_page_comes_before_a_ticket_that_burns_more_and_the_worst_page_first() -> None:
    scene = Scene.where(ONE_CLIENT, lambda each: each.provider == "openai").but(o2=Ratio(90, 100))
    (found,) = grouped(scene, *(scene.alert(each.dimension, TICKET_6H) for each in scene.alerts))
    severities = [each.severity for each in found.alerts]
    assert severities == [Severity.PAGE] * 3 + [Severity.TICKET] * 3
    assert [each.dimension.model for each in found.alerts] == ["o2", "o1", "o3"] * 2


def test_groups_come_pages_first_then_the_worst() -> None:
    firing = {"a": Ratio(20, 100), "b": Ratio(90, 100), "c": Ratio(90, 100)}
    alone = {Dimension(f"client {name}", f"provider {name}", name): ratio for name, ratio in firing.items()}
    scene = Scene(alone | dict.fromkeys(ONE_CLIENT, WELL))
    mild, worst, ticket = scene.alerts
    ticket = scene.alert(ticket.dimension, TICKET_6H)
    assert causes(group([mild, ticket, worst], scene.traffic)) == [
        worst.dimension,
        mild.dimension,
        ticket.dimension,
    ]


def test_alerts_that_fire_over_different_windows_are_seen_over_that_of_most() -> None:
    scene = Scene.where(THREE_CLIENTS, lambda each: each.provider == "openai")
    pairs = {"o1": PAGE_30M, "o2": PAGE_30M, "o3": TICKET_6H}
    (found,) = group([scene.alert(each.dimension, pairs[each.dimension.model or ""]) for each in scene.alerts],
                     scene.traffic)  # fmt: skip
    assert (found.cause.shared, len(found.alerts)) == (OPENAI, 9)


def test_what_was_counted_apart_from_the_traffic_is_grouped_by_what_the_alerts_saw() -> None:
    scene = Scene.where(THREE_CLIENTS, lambda each: each.provider == "openai")
    found = group(scene.alerts, Traffic.of({}))
    assert sum(len(each.alerts) for each in found) == 9
    assert causes(found) == [OPENAI]


# ---------------------------------------------------------------- aggregates


def test_an_aggregate_belongs_to_the_group_with_its_own_name() -> None:
    scene = Scene.where(THREE_CLIENTS, lambda each: each.provider == "openai")
    (found,) = grouped(scene, scene.alert(OPENAI))
    assert (found.cause.shared, len(found.alerts)) == (OPENAI, 10)


def test_wider_aggregates_join_what_explains_them() -> None:
    scene = Scene.where(THREE_CLIENTS, lambda each: each.provider == "openai")
    (found,) = grouped(scene, scene.alert(WEB), scene.alert(EVERYTHING))
    assert (found.cause.shared, len(found.alerts)) == (OPENAI, 11)


def test_an_aggregate_never_makes_the_cause_of_its_only_part_wider() -> None:
    scene = Scene.where(THREE_CLIENTS, lambda each: each == Dimension("web", "openai", "o1"))
    (found,) = grouped(scene, scene.alert(OPENAI), scene.alert(WEB))
    assert (found.cause.shared, len(found.alerts)) == (Dimension("web", "openai", "o1"), 3)


def test_an_aggregate_that_two_causes_explain_joins_the_one_with_more_of_it() -> None:
    scene = Scene.where(ONE_CLIENT, lambda each: each.provider != "google").but(o1=Ratio(90, 100))
    found = grouped(scene, scene.alert(WEB))
    assert {each.cause.shared: len(each.alerts) for each in found} == {OPENAI: 4, ANTHROPIC: 3}


def test_an_aggregate_without_parts_is_its_own_cause_and_wider_ones_join_it() -> None:
    spread = {Dimension("web", "openai", f"m{number}"): Ratio(1, 10) for number in range(50)}
    scene = Scene(spread | {Dimension("web", "google", "g1"): WELL})
    found = grouped(scene, scene.alert(EVERYTHING), scene.alert(OPENAI), scene.alert(WEB))
    assert [(each.cause.shared, len(each.alerts)) for each in found] == [(OPENAI, 3)]
    assert found[0].extent.firing == 0


def test_a_part_that_explains_little_of_its_aggregate_is_told_with_it() -> None:
    spread = {Dimension("web", "openai", f"m{number}"): Ratio(1, 10) for number in range(50)}
    part = Dimension("web", "openai", "o1")
    scene = Scene(spread | {part: Ratio(20, 100)})
    (found,) = grouped(scene, scene.alert(OPENAI))
    assert found.cause.shared == OPENAI
    assert {each.dimension for each in found.alerts} == {OPENAI, part}


def test_a_ticket_about_a_provider_takes_no_page_along() -> None:
    spread = {Dimension("web", "openai", f"m{number}"): Ratio(1, 10) for number in range(50)}
    part = Dimension("web", "openai", "o1")
    scene = Scene(spread | {part: Ratio(20, 100)})
    assert causes(grouped(scene, scene.alert(OPENAI, TICKET_6H))) == [part, OPENAI]


# ---------------------------------------------------------------- whatever fires

RATIOS = st.sampled_from([WELL, DOWN, Ratio(1, 10), Ratio(2, 4), Ratio(900, 1_000), Ratio(30, 5_000)])
DIMENSIONS = st.builds(Dimension, st.sampled_from("xyz"), st.sampled_from("pqr"), st.sampled_from("klmn"))
SCENES = st.dictionaries(DIMENSIONS, RATIOS, max_size=30).map(Scene)
PAIRS_OF_ALERTS = st.sampled_from([TICKET_6H, PAGE_30M])


@st.composite
def minutes(draw: st.DrawFn) -> tuple[list[Alert], Traffic]:
    """Some dimensions fire, as pages, tickets or both, and some of the aggregates that hold bad events."""
    scene = draw(SCENES)
    alerts = [scene.alert(each.dimension, pair) for each in scene.alerts for pair in draw(st.sets(PAIRS_OF_ALERTS))]
    sums = {
        each.dimension.within(scope) for each in scene.alerts for scope in (Scope.PROVIDER, Scope.CLIENT, Scope.ALL)
    }
    alerts += [scene.alert(each, draw(PAIRS_OF_ALERTS)) for each in sorted(sums, key=str) if draw(st.booleans())]
    return alerts, scene.traffic


@given(minute=minutes())
def test_every_alert_is_in_exactly_one_group(minute: tuple[list[Alert], Traffic]) -> None:
    alerts, traffic = minute
    told = [(each.key, each.severity) for found in group(alerts, traffic) for each in found.alerts]
    assert sorted(told) == sorted((each.key, each.severity) for each in alerts)


@given(minute=minutes(), order=st.randoms(use_true_random=False))
def test_the_order_of_alerts_and_counts_decides_nothing(minute: tuple[list[Alert], Traffic], order: Random) -> None:
    alerts, traffic = minute
    counts = list(traffic.counts.items())
    shuffled = Traffic.of(dict(order.sample(counts, len(counts))))
    assert group(order.sample(alerts, len(alerts)), shuffled) == group(alerts, traffic)


@given(minute=minutes())
def test_a_cause_covers_the_parts_it_holds_and_no_two_groups_have_the_same(minute: tuple[list[Alert], Traffic]) -> None:
    found = group(*minute)
    assert len(set(causes(found))) == len(found)
    for each in found:
        parts = [one.dimension for one in each.alerts if one.dimension.model is not None]
        assert all(each.cause.covers(part) for part in parts)
        assert parts or each.cause.shared in {one.dimension for one in each.alerts}


@given(minute=minutes())
def test_who_fires_is_never_called_well(minute: tuple[list[Alert], Traffic]) -> None:
    alerts, traffic = minute
    for found in group(alerts, traffic):
        firing = [one.dimension for one in alerts if one.dimension.model is not None]
        inside = {getattr(each, found.extent.well_label) for each in firing if found.cause.covers(each)}
        assert not inside & set(found.extent.well)
        assert not {getattr(each, found.extent.neighbours_label, "") for each in firing} & set(found.extent.neighbours)
