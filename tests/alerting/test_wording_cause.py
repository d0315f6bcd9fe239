import pytest

from o11y.alerting.incident import Cause, Extent
from o11y.alerting.wording_cause import cause_text, shared_text, unaffected_text
from o11y.slo.dimension import Dimension
from o11y.slo.sli import Indicator

OPENAI = Cause(Dimension(None, "openai", None), Indicator.ERROR_RATE)
WEB = Cause(Dimension("web", None, None), Indicator.ERROR_RATE)
GPT = Cause(Dimension(None, None, "gpt-5"), Indicator.ERROR_RATE)
EVERYTHING = Cause(Dimension(None, None, None), Indicator.ERROR_RATE)
SINGLE = Cause(Dimension("web", "openai", "gpt-5"), Indicator.ERROR_RATE)


@pytest.mark.parametrize(
    ("cause", "extent", "text"),
    [
        (OPENAI, Extent(14, 15, models=(14, 15), clients=(3, 3)), "provider openai: 14 of 15 models, all 3 clients"),
        (OPENAI, Extent(4, 4, models=(2, 2), clients=(2, 2)), "provider openai: both models, both clients"),
        (OPENAI, Extent(5, 5, models=(5, 5), clients=(1, 1)), "provider openai: all 5 models"),
        (OPENAI, Extent(1, 1, models=(1, 1), clients=(1, 1)), "provider openai"),
        (OPENAI, Extent(0, 15, models=(0, 15), clients=(0, 3)), "provider openai as a whole, none of 15 models alone"),
        (OPENAI, Extent(), "provider openai"),
        (OPENAI, None, "provider openai"),
        (WEB, Extent(9, 12, providers=(2, 3), models=(9, 12)), "client web: 2 of 3 providers, 9 of 12 models"),
        (GPT, Extent(2, 3, providers=(1, 3), clients=(2, 2)), "model gpt-5: 1 of 3 providers, both clients"),
        (
            EVERYTHING,
            Extent(1_200, 1_300, providers=(20, 20), clients=(3, 3), models=(1_200, 1_300)),
            "all traffic: all 20 providers, all 3 clients, 1,200 of 1,300 models",
        ),
        (SINGLE, Extent(1, 1, models=(1, 1)), "web / openai / gpt-5"),
    ],
)
def test_a_cause_says_what_is_shared_and_how_much_of_it_fires(cause: Cause, extent: Extent | None, text: str) -> None:
    assert cause_text(cause, extent) == text


@pytest.mark.parametrize(
    ("extent", "text"),
    [
        (
            Extent(well=("gpt-4.1-mini",), neighbours=("anthropic", "google"), neighbours_label="provider"),
            "not affected: gpt-4.1-mini, and providers anthropic, google",
        ),
        (Extent(well=("a", "b"), well_more=3), "not affected: a, b and 3 more"),
        (Extent(well=("app",), well_label="client"), "not affected: client app"),
        (
            Extent(neighbours=("google",), neighbours_more=4, neighbours_label="provider"),
            "not affected: providers google and 4 more",
        ),
        (Extent(), None),
    ],
)
def test_who_is_well_is_named_and_the_rest_counted(extent: Extent, text: str | None) -> None:
    assert unaffected_text(extent) == text


def test_names_from_outside_are_made_visible_and_short() -> None:
    hostile = "a\n\u202eb" + "x" * 1_000
    shown = f"provider a\\n\\u202eb{'x' * 70}"
    assert cause_text(Cause(Dimension(None, hostile, None), Indicator.LATENCY)).startswith(shown[:60])
    assert len(shared_text(Dimension(hostile, hostile, hostile), name_limit=40)) < 130
    text = unaffected_text(Extent(well=(hostile,)), name_limit=40)
    assert text is not None
    assert "\n" not in text
    assert len(text) < 70
