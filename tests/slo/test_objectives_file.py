from decimal import Decimal
from pathlib import Path

import pytest

from o11y.slo.dimension import Scope
from o11y.slo.objective import Evidence, Match
from o11y.slo.objectives_file import ObjectivesError, load_objectives, read_objectives
from o11y.slo.sli import Indicator, LatencyOf, Sli
from o11y.slo.status_class import StatusClass
from o11y.slo.windows import Severity, WindowPair
from tests.builders import BAD, ERROR_RATE, EXCLUDED, PAIRS

CONFIG = Path(__file__).parents[2] / "config"

#: a sound file whose lines the refusals change; the objective is line 6
SOUND = """\
version: 1
window_sets:
  fast:
    - {severity: page, long: 5m, short: 1m, burn_rate: 14.4}
objectives:
  - name: error-rate
    indicator: error_rate
    target: 0.999
    windows: fast
"""
LATENCY = """\
version: 1
objectives:
  - name: slow
    indicator: latency
    threshold_ms: 15000
    target: 0.9
    windows: [{severity: page, long: 5m, short: 1m, burn_rate: 8}]
"""


def refusal(content: str) -> str:
    with pytest.raises(ObjectivesError) as caught:
        load_objectives(content, name="o.yaml")
    return str(caught.value)


def instead(old: str, new: str, *, of: str = SOUND) -> str:
    assert old in of
    return of.replace(old, new)


def added(line: str, *, to: str = SOUND) -> str:
    """A field more in the only objective."""
    return f"{to}    {line}\n"


# ---------------------------------------------------------------- what is read


@pytest.mark.parametrize("name", ["objectives.yaml", "objectives.workbook.yaml", "objectives.parity.yaml"])
def test_a_shipped_file_is_sound_and_warns_of_nothing(name: str) -> None:
    read = read_objectives((CONFIG / name).read_text(encoding="utf-8"), name=name)
    assert read.objectives
    assert read.warnings == ()


def test_the_shipped_default_is_the_one_that_the_tests_build() -> None:
    shipped = {o.name: o for o in load_objectives((CONFIG / "objectives.yaml").read_text(encoding="utf-8"), name="o")}
    assert shipped["error-rate"].sli == ERROR_RATE
    assert shipped["error-rate"].target == Decimal("0.999")
    assert shipped["error-rate"].pairs[: len(PAIRS)] == PAIRS
    assert {o.scope for o in shipped.values()} == set(Scope)
    assert {o.sli.indicator for o in shipped.values()} == set(Indicator)


def test_the_workbook_file_has_the_pairs_of_the_workbook() -> None:
    objectives = load_objectives((CONFIG / "objectives.workbook.yaml").read_text(encoding="utf-8"), name="o")
    assert objectives[0].pairs == (
        WindowPair(Severity.PAGE, 3_600, 300, Decimal("14.4")),
        WindowPair(Severity.PAGE, 21_600, 1_800, Decimal(6)),
        WindowPair(Severity.TICKET, 259_200, 21_600, Decimal(1)),
    )


def test_the_parity_file_counts_every_failure_and_keeps_its_latencies_apart() -> None:
    errors, p50, p90 = load_objectives((CONFIG / "objectives.parity.yaml").read_text(encoding="utf-8"), name="o")
    assert errors.sli == Sli(Indicator.ERROR_RATE, bad=frozenset(StatusClass) - {StatusClass.OK})
    assert {p50.sli.latency_of, p90.sli.latency_of} == {LatencyOf.EVERY_REQUEST}
    assert {o.target for o in (errors, p50, p90)} == {Decimal("0.999")}
    assert {o.evidence for o in (errors, p50, p90)} == {Evidence(min_requests=10, min_bad=1, confidence=None)}
    assert {o.pairs for o in (errors, p50, p90)} == {PAIRS}
    assert p50.family != p90.family


def test_the_defaults_are_those_of_a_service() -> None:
    [objective] = load_objectives(SOUND, name="o.yaml")
    assert objective.sli == Sli(Indicator.ERROR_RATE, bad=BAD, excluded=EXCLUDED, exclude_user_byok=True)
    assert (objective.scope, objective.match, objective.evidence) == (
        Scope.MODEL,
        Match(),
        Evidence(min_requests=1, min_bad=2, confidence=Decimal("0.9999")),
    )
    assert objective.page_eligible
    assert objective.runbook is None


def test_every_field_is_read() -> None:
    [objective] = load_objectives(
        """\
version: 1
objectives:
  - name: "first byte: slow"
    indicator: ttfb
    threshold_ms: 3_000
    latency_of: every_request
    exclude: []
    target: 0.95
    per: provider
    match: {provider: "open*"}
    family: mine
    page_eligible: false
    runbook: https://example.org/runbook
    evidence: {confidence: 0.99, min_requests: 100, min_bad: 7}
    windows: [{severity: ticket, long: 1d, short: 90s, burn_rate: 1.25, confidence: 0.999, max_requests: 1_000}]
""",
        name="o.yaml",
    )
    assert objective.name == "first byte: slow"
    assert objective.sli == Sli(
        Indicator.TTFB, threshold_ms=3_000, latency_of=LatencyOf.EVERY_REQUEST, exclude_user_byok=False
    )
    assert objective.target == Decimal("0.95")
    assert (objective.scope, objective.match) == (Scope.PROVIDER, Match(provider="open*"))
    assert (objective.family, objective.page_eligible) == ("mine", False)
    assert objective.runbook == "https://example.org/runbook"
    assert objective.evidence == Evidence(100, 7, Decimal("0.99"))
    assert objective.pairs == (
        WindowPair(Severity.TICKET, 86_400, 90, Decimal("1.25"), confidence=Decimal("0.999"), max_requests=1_000),
    )


def test_the_confidence_none_leaves_the_minimums_alone() -> None:
    [objective] = load_objectives(added("evidence: {confidence: none}"), name="o.yaml")
    assert objective.evidence == Evidence(confidence=None)


def test_a_class_that_is_named_bad_is_not_excluded_by_default() -> None:
    [objective] = load_objectives(added("bad: [client_closed, server_error]"), name="o.yaml")
    assert objective.sli.bad == {StatusClass.CLIENT_CLOSED, StatusClass.SERVER_ERROR}
    assert objective.sli.excluded == {StatusClass.CLIENT_ERROR}
    assert objective.sli.exclude_user_byok


def test_an_empty_exclude_counts_the_users_own_keys_too() -> None:
    [objective] = load_objectives(added("exclude: []"), name="o.yaml")
    assert objective.sli.excluded == frozenset()
    assert not objective.sli.exclude_user_byok


def test_numbers_are_read_from_their_text_and_never_through_a_float() -> None:
    [objective] = load_objectives(instead("0.999", "0.99999999999999999"), name="o.yaml")
    assert objective.target == Decimal("0.99999999999999999")


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "target", ["1.5", "0", "1", "-0.5", "1e-3", ".inf", ".nan", "0x1", "1:30", "abc", "[]", "null", '"0.9"']
)
def test_a_target_that_is_no_number_between_0_and_1_is_refused(target: str) -> None:
    told = refusal(instead("0.999", target))
    assert told.startswith("o.yaml:8: objectives[0].target: ")
    assert told.endswith(" refused; accepted: a number between 0 and 1, both excluded")


def test_a_refusal_reads_as_promised() -> None:
    assert refusal(instead("0.999", "1.5")) == (
        "o.yaml:8: objectives[0].target: 1.5 refused; accepted: a number between 0 and 1, both excluded"
    )


REFUSALS = {
    "an unknown key of the file": (instead("version: 1", "version: 1\nobjektives: 2"), 2, "did you mean objectives?"),
    "an unknown key of an objective": (added("treshold_ms: 5000"), 10, "did you mean threshold_ms?"),
    "an unknown key of a pair": (instead("burn_rate: 14.4", "burn: 14.4"), 4, "did you mean burn_rate?"),
    "an unknown key of match": (added("match: {modell: x}"), 10, "did you mean model?"),
    "an unknown key of evidence": (added("evidence: {min_request: 1}"), 10, "did you mean min_requests?"),
    "a key that is no name": (added("[1]: 2"), 10, "a plain name as key"),
    "a merge key": (added("<<: {target: 0.5}"), 10, "unknown key"),
    "a key given twice": (added("target: 0.5"), 10, "given twice, first on line 8; accepted: one"),
    "a missing version": (instead("version: 1\n", ""), 1, "version: missing; accepted: 1"),
    "another version": (instead("version: 1", "version: 2"), 1, "2 refused; accepted: 1"),
    "a missing target": (instead("    target: 0.999\n", ""), 6, "objectives[0].target: missing"),
    "a missing name": (instead("- name: error-rate\n    indicator", "- indicator"), 6, "objectives[0].name: missing"),
    "a missing indicator": (instead("    indicator: error_rate\n", ""), 6, "error_rate, latency, ttfb"),
    "a missing threshold": (
        instead("    threshold_ms: 15000\n", "", of=LATENCY),
        3,
        "threshold_ms: missing; accepted: one of",
    ),
    "missing windows": (instead("    windows: fast\n", ""), 6, "objectives[0].windows: missing"),
    "a missing burn rate": (instead(", burn_rate: 14.4", ""), 4, "window_sets.fast[0].burn_rate: missing"),
    "an empty name": (instead("name: error-rate", "name: ''"), 6, "a name of 1 to 100"),
    "a name that is a number": (instead("name: error-rate", "name: 7"), 6, "in quotes"),
    "a misspelled indicator": (instead("error_rate", "eror_rate"), 7, "did you mean error_rate?"),
    "a misspelled severity": (instead("page", "pager"), 4, "page, ticket (did you mean page?)"),
    "a misspelled scope": (added("per: providers"), 10, "did you mean provider?"),
    "a misspelled status class": (added("bad: [server_errors]"), 10, "did you mean"),
    "success as a failure": (added("bad: [ok]"), 10, "accepted: client_error"),
    "nothing bad": (added("bad: []"), 10, "an empty list refused"),
    "a class both bad and excluded": (added("exclude: [timeout]"), 10, "timeout refused"),
    "a pair that can never fire, from a set": (
        instead("0.999", "0.9"),
        9,
        "can never fire, refused; accepted: at most 10,",
    ),
    "a pair that can never fire, written out": (
        instead("burn_rate: 8", "burn_rate: 10.001", of=LATENCY),
        7,
        "at most 10,",
    ),
    "a short window as long as the long": (instead("short: 1m", "short: 300s"), 4, "a duration shorter than long, 5m"),
    "a window without a unit": (instead("5m", "300"), 4, "such as 90s, 5m, 1h or 3d"),
    "a window in words": (instead("5m", "five"), 4, "such as 90s, 5m, 1h or 3d"),
    "a window off the grain": (instead("short: 1m", "short: 15s"), 4, "a multiple of 10s up to 30d"),
    "a window beyond the period": (instead("long: 5m", "long: 31d"), 4, "a multiple of 10s up to 30d"),
    "a burn rate of nothing": (instead("14.4", "0"), 4, "a number above 0"),
    "a threshold that is no bound": (
        instead("15000", "14000", of=LATENCY),
        5,
        "14000 refused; accepted: a bound of the rollups, nearest 12500 and 15000; all: 100, 250",
    ),
    "a threshold above every bound": (instead("15000", "999999", of=LATENCY), 5, "nearest 300000;"),
    "a threshold that is no integer": (instead("15000", "15000.0", of=LATENCY), 5, "one of 100"),
    "a threshold of an error rate": (added("threshold_ms: 5000"), 10, "threshold_ms with latency or ttfb"),
    "bad classes of a latency": (added("bad: [timeout]", to=LATENCY), 8, "bad with error_rate"),
    "classes excluded from a latency": (added("exclude: [timeout]", to=LATENCY), 8, "user_byok"),
    "no objectives": (SOUND[: SOUND.index("objectives:")] + "objectives: []\n", 5, "a list of at least one objective"),
    "objectives that are no list": (
        SOUND[: SOUND.index("objectives:")] + "objectives: 7\n",
        5,
        "a list of at least one",
    ),
    "objectives left out": (SOUND[: SOUND.index("objectives:")], 1, "objectives: missing"),
    "an empty file": ("", 1, "no objective at all"),
    "a file of comments": ("# nothing\n", 1, "no objective at all"),
    "a list as file": ("- 1\n", 1, "a mapping with version, window_sets, objectives"),
    "an objective that is text": (instead("objectives:\n", "objectives:\n  - hello\n"), 6, "a mapping with name"),
    "an unknown window set": (instead("windows: fast", "windows: quick"), 9, "'quick' refused; accepted: fast"),
    "no windows": (instead("windows: fast", "windows: []"), 9, "a list such as [{severity: page"),
    "window sets that are a list": (instead("  fast:\n    -", "  -"), 3, "a mapping of names"),
    "a glob on a name folded away": (
        added("per: provider\n    match: {model: x}"),
        11,
        "folds every model together; accepted: provider",
    ),
    "a glob on everything folded": (added("per: all\n    match: {model: x}"), 11, "keeps nothing apart"),
    "a model in upper case": (added("match: {model: Vendor/*}"), 10, "a glob in lower case"),
    "an empty glob": (added("match: {client: ''}"), 10, "a name or a glob"),
    "a confidence that is a guess": (
        added("evidence: {confidence: 0.5}"),
        10,
        "0.5 refused; accepted: a number from 0.9 to 0.999999999999, or none for the minimums alone",
    ),
    "a confidence of certainty": (added("evidence: {confidence: 1}"), 10, "1 refused; accepted: a number from 0.9"),
    "a confidence in percent": (added("evidence: {confidence: 99.9}"), 10, "a number from 0.9"),
    "a confidence in words": (added("evidence: {confidence: high}"), 10, "a number from 0.9"),
    "a confidence that is a list": (added("evidence: {confidence: []}"), 10, "a number from 0.9"),
    "a pair without confidence": (
        instead("burn_rate: 14.4", "burn_rate: 14.4, confidence: none"),
        4,
        "accepted: a number from 0.9 to 0.999999999999",
    ),
    "a pair for nobody": (instead("14.4", "14.4, max_requests: 0"), 4, "a whole number of at least 1"),
    "evidence of nothing": (added("evidence: {min_bad: 0}"), 10, "a whole number of at least 1"),
    "a flag that is no flag": (added("page_eligible: maybe"), 10, "true or false"),
    "a flag that is yes": (added("page_eligible: yes"), 10, "true or false"),
    "a runbook that is no URL": (added("runbook: ../runbook.md"), 10, "an http:// or https:// URL"),
    "a tab": (added("\ttarget: 1"), 10, "no tabs"),
    "an open bracket": (added("bad: [timeout"), 11, "not YAML"),
    "two documents": (SOUND + "---\na: 1\n", 10, "not YAML"),
    "a control character": (added("family: a\x07b"), 10, "an unprintable character"),
    "an anchor": (instead("fast:", "fast: &a"), 3, "anchors and aliases refused"),
    "an alias": (added("runbook: *a"), 10, "anchors and aliases refused"),
    "bottomless nesting": (added("bad: " + "[" * 5_000), 10, "at most 20 levels"),
    "a flood of values": (added("bad: [" + "1," * 20_000 + "]"), 10, "at most 20,000"),
    "a megabyte": ("#" * 1_048_577, 1, "accepted: at most 1,048,576"),
    "a python object": (instead("name: error-rate", "name: !!python/object:os.system x"), 6, "a name of 1 to 100"),
}


@pytest.mark.parametrize(("content", "line", "accepted"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_gives_its_line_and_what_would_be_accepted(content: str, line: int, accepted: str) -> None:
    told = refusal(content)
    assert any(problem.startswith(f"o.yaml:{line}: ") and accepted in problem for problem in told.splitlines()), told


def test_two_objectives_of_one_name_are_refused_at_the_second() -> None:
    second = SOUND + SOUND[SOUND.index("  - name") :]
    assert "o.yaml:10: objectives[1].name: 'error-rate' refused, it is the name of line 6" in refusal(second)


def test_every_problem_is_told_at_once_in_the_order_of_the_file() -> None:
    content = instead("14.4", "0").replace("0.999", "7") + "    per: nowhere\n    colour: red\n"
    lines = [int(problem.split(":")[1]) for problem in refusal(content).splitlines()]
    assert lines == [4, 8, 10, 11]


def test_a_bad_set_is_told_once_and_not_again_by_each_objective_that_names_it() -> None:
    assert len(refusal(instead("14.4", "0")).splitlines()) == 1


def test_a_value_from_the_file_cannot_garble_the_message() -> None:
    told = refusal(instead("error_rate", '"\\e[31m' + "x" * 500 + '"'))
    assert "\x1b" not in told
    assert len(told) < 300


# ---------------------------------------------------------------- what is allowed with a warning


def warnings(content: str) -> tuple[str, ...]:
    return read_objectives(content, name="o.yaml").warnings


def test_a_pair_that_only_a_complete_outage_fires_is_allowed_with_a_warning() -> None:
    assert warnings(instead("burn_rate: 8", "burn_rate: 10", of=LATENCY)) == (
        "o.yaml:3: objectives[0]: page 5m/1m at 10 fires only when every valid event is bad",
    )


def second_objective(match: str, *, first: str = "{}") -> str:
    block = SOUND[SOUND.index("  - name") :].replace("error-rate", "other") + f"    match: {match}\n"
    return f"{SOUND}    match: {first}\n{block}"


def test_equally_specific_objectives_are_allowed_with_a_warning_that_names_the_winner() -> None:
    [told] = warnings(second_objective("{}"))
    assert told.startswith("o.yaml:11: objectives[1]: as specific as 'error-rate' (line 6), which wins")


@pytest.mark.parametrize(
    ("first", "match"),
    [
        ("{model: vendor/a}", "{model: vendor/b}"),
        ("{model: vendor/*}", "{model: family/*}"),
        ("{model: vendor/a}", "{model: '*/*/abcdefg'}"),
        ("{client: a}", "{client: b}"),
    ],
)
def test_objectives_that_cannot_meet_do_not_tie(first: str, match: str) -> None:
    assert warnings(second_objective(match, first=first)) == ()


def test_objectives_that_meet_in_the_middle_tie() -> None:
    assert len(warnings(second_objective("{model: '*-mini'}", first="{model: 'gpt-*'}"))) == 0
    assert len(warnings(second_objective("{model: '*-max'}", first="{model: 'gpt-*'}"))) == 1


def test_an_unused_window_set_is_allowed_with_a_warning() -> None:
    spare = "  spare: [{severity: page, long: 5m, short: 1m, burn_rate: 2}]\nobjectives:"
    assert warnings(instead("objectives:", spare)) == ("o.yaml:3: window_sets: set spare is not used",)
