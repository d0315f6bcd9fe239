from o11y.alerting.extent import extent
from o11y.alerting.incident import Cause, Extent
from o11y.alerting.traffic import Traffic
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator
from tests.builders import ERROR_RATE
from tests.scene import EVERYTHING, OPENAI, WEB, Scene, grid

PROVIDERS = {"openai": ["o1", "o2", "o3"], "anthropic": ["a1", "a2"], "google": ["g1"]}
EVERY = grid(["web", "app"], PROVIDERS)


def seen(scene: Scene, shared: Dimension) -> Extent:
    firing = [each.dimension for each in scene.alerts]
    cause = Cause(shared, Indicator.ERROR_RATE)
    return extent(cause, firing, traffic=scene.traffic, sli=ERROR_RATE, window_s=300)


def test_the_extent_counts_what_fires_of_what_has_traffic() -> None:
    down = {("web", "o1"), ("web", "o2"), ("app", "o1")}
    found = seen(Scene.where(EVERY, lambda each: (each.client, each.model) in down), OPENAI)
    assert (found.firing, found.active) == (3, 6)
    assert (found.models, found.clients, found.providers) == ((2, 3), (2, 2), (1, 1))


def test_the_models_of_the_provider_that_are_well_are_named_before_other_providers() -> None:
    found = seen(Scene.where(EVERY, lambda each: each.model in ("o1", "o2")), OPENAI)
    assert (found.well_label, found.well) == ("model", ("o3",))
    assert (found.neighbours_label, found.neighbours) == ("provider", ("anthropic", "google"))


def test_where_all_of_a_provider_fires_the_others_are_named_with_most_traffic_first() -> None:
    scene = Scene.where(EVERY, lambda each: each.provider == "openai").but(g1=Ratio(0, 1_000))
    found = seen(scene, OPENAI)
    assert (found.well, found.neighbours) == ((), ("google", "anthropic"))


def test_of_a_provider_with_every_model_down_for_one_client_the_other_client_is_named() -> None:
    found = seen(Scene.where(EVERY, lambda each: (each.client, each.provider) == ("web", "openai")), OPENAI)
    assert (found.well_label, found.well) == ("client", ("app",))


def test_of_a_client_its_providers_are_named_and_of_all_traffic_too() -> None:
    scene = Scene.where(EVERY, lambda each: each.provider == "openai")
    for shared in (WEB, EVERYTHING):
        found = seen(scene, shared)
        assert (found.well_label, found.well) == ("provider", ("anthropic", "google"))


def test_of_a_single_dimension_the_other_models_of_its_client_and_provider_are_named() -> None:
    single = Dimension("web", "openai", "o1")
    found = seen(Scene.where(EVERY, lambda each: each == single), single)
    assert (found.firing, found.active, found.well) == (1, 1, ())
    assert (found.neighbours_label, found.neighbours) == ("model", ("o2", "o3"))


def test_of_a_single_dimension_without_other_models_another_client_is_named() -> None:
    single = Dimension("web", "google", "g1")
    found = seen(Scene.where(EVERY, lambda each: each == single), single)
    assert (found.neighbours_label, found.neighbours) == ("client", ("app",))


def test_who_does_not_fire_but_fails_nearly_as_much_is_not_called_well() -> None:
    scene = Scene.where(EVERY, lambda each: each.model in ("o1", "o2")).but(o3=Ratio(1, 4), a1=Ratio(1, 8))
    firing = [each for each in EVERY if each.model in ("o1", "o2")]
    found = extent(Cause(OPENAI, Indicator.ERROR_RATE), firing, traffic=scene.traffic, sli=ERROR_RATE, window_s=300)
    assert (found.well, found.neighbours) == ((), ("anthropic", "google"))


def test_five_are_named_and_two_beside_in_any_case_and_the_rest_is_counted() -> None:
    many = {"openai": [f"o{number}" for number in range(9)]} | {f"p{number}": [f"q{number}"] for number in range(3)}
    scene = Scene.where(grid(["web"], many), lambda each: each.model in ("o0", "o1", "o2", "o3", "o4", "o5"))
    found = seen(scene, OPENAI)
    assert (found.well, found.well_more) == (("o6", "o7", "o8"), 0)
    assert (found.neighbours, found.neighbours_more) == (("p0", "p1"), 1)
    found = seen(Scene.where(grid(["web"], many), lambda each: each.model == "o0"), OPENAI)
    assert (found.well, found.well_more) == (("o1", "o2", "o3", "o4", "o5"), 3)
    assert (found.neighbours, found.neighbours_more) == (("p0", "p1"), 1)


def test_what_fires_over_another_window_counts_though_this_one_saw_nothing_of_it() -> None:
    firing = [Dimension("web", "openai", "o1")]
    found = extent(Cause(OPENAI, Indicator.ERROR_RATE), firing, traffic=Traffic.of({}), sli=ERROR_RATE, window_s=300)
    assert (found.firing, found.active) == (1, 1)


def test_an_aggregate_that_fires_says_nothing_of_its_parts() -> None:
    spread = {Dimension("web", "openai", f"m{number}"): Ratio(1, 10) for number in range(5)}
    found = extent(
        Cause(OPENAI, Indicator.ERROR_RATE), [OPENAI], traffic=Scene(spread).traffic, sli=ERROR_RATE, window_s=300
    )
    assert (found.firing, found.active, found.well) == (0, 5, ())
