from o11y.alerting.traffic import Label, Slice, Traffic, is_well
from o11y.slo.counts import Ratio
from o11y.slo.dimension import Dimension
from tests.builders import ERROR_RATE, latency
from tests.scene import EVERYTHING, OPENAI

ONE, OTHER, ELSEWHERE = (Dimension(*names) for names in (("web", "openai", "a"), ("app", "openai", "b"),
                                                         ("web", "google", "a")))  # fmt: skip
COUNTED = Slice({ONE: Ratio(1, 10), OTHER: Ratio(2, 20), ELSEWHERE: Ratio(4, 40)})


def test_only_dimensions_with_valid_events_in_the_window_are_seen() -> None:
    counts = {ONE: {ERROR_RATE: {300: Ratio(1, 10), 60: Ratio(0, 0)}}, OTHER: {ERROR_RATE: {60: Ratio(1, 1)}}}
    traffic = Traffic.of(counts)
    assert [each for each, _ in traffic.within(ERROR_RATE, 300).within(EVERYTHING)] == [ONE]
    assert [each for each, _ in traffic.within(ERROR_RATE, 60).within(EVERYTHING)] == [OTHER]
    assert not traffic.within(latency(), 300).within(EVERYTHING)


def test_what_is_shared_is_found_by_one_name_or_by_several() -> None:
    def within(shared: Dimension) -> set[Dimension]:
        return {each for each, _ in COUNTED.within(shared)}

    assert within(OPENAI) == {ONE, OTHER}
    assert within(Dimension("web", None, "a")) == {ONE, ELSEWHERE}
    assert within(Dimension(None, "nobody", None)) == set()
    assert within(EVERYTHING) == {ONE, OTHER, ELSEWHERE}


def test_the_counts_of_what_is_shared_are_summed() -> None:
    assert COUNTED.ratio(ONE) == Ratio(1, 10)
    assert COUNTED.ratio(OPENAI) == Ratio(3, 30)
    assert COUNTED.ratio(EVERYTHING) == Ratio(7, 70)
    assert COUNTED.ratio(Dimension("nobody", None, None)) == Ratio(0, 0)


def test_what_an_alert_saw_is_added_only_where_nothing_was_counted() -> None:
    new = Dimension("web", "google", "new")
    added = COUNTED.including({ONE: Ratio(9, 9), new: Ratio(5, 5)})
    assert (added.ratio(ONE), added.ratio(new)) == (Ratio(1, 10), Ratio(5, 5))
    assert COUNTED.including({ONE: Ratio(9, 9)}) is COUNTED


def test_a_label_names_what_is_shared() -> None:
    assert Label.PROVIDER.shared("openai") == OPENAI
    assert [label.of(ONE) for label in Label] == ["openai", "a", "web"]


def test_who_has_a_quarter_of_the_bad_share_of_those_that_fire_is_well() -> None:
    assert is_well(Ratio(1, 8), Ratio(50, 100))
    assert not is_well(Ratio(13, 100), Ratio(50, 100))
    assert not is_well(Ratio(0, 0), Ratio(50, 100))
