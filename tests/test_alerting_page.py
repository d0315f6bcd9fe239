"""``docs/alerting.md`` explains every word that o11y writes down about alerts and about itself."""

import re
from itertools import chain
from pathlib import Path

from o11y.alerting.incident import Change
from o11y.alerting.matcher import Label, Operator
from o11y.worker.self_checks.trouble import Kind

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "alerting.md").read_text(encoding="utf-8")
MIGRATIONS = sorted((ROOT / "o11y" / "sql" / "migrations").glob("*.sql"))
#: of the history, beside what happens to an incident
DECIDED = ("inhibited", "silenced", "cooldown", "unmuted", "notified", "superseded", "undeliverable")


def explained(heading: str) -> set[str]:
    """The words in code spans of the first cells of the tables below a heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\|([^|]*)\|", section, re.MULTILINE)
    return set(chain.from_iterable(re.findall(r"`([^`]*)`", cell) for cell in cells))


def columns() -> set[str]:
    ddl = "".join(path.read_text(encoding="utf-8") for path in MIGRATIONS)
    table = re.findall(r"CREATE TABLE IF NOT EXISTS alert_history\s*\((.*?)\n\)", ddl, re.DOTALL)[0]
    added = re.findall(r"ALTER TABLE alert_history ADD COLUMN IF NOT EXISTS (\w+)", ddl)
    return {*re.findall(r"^    (\w+) ", table, re.MULTILINE), *added} - {"spool_batch"}


def test_every_transition_of_the_history_is_explained() -> None:
    words = explained("The alert history")
    assert {change.value for change in Change} - words == set()
    assert set(DECIDED) - words == set()


def test_the_words_beside_the_changes_are_those_that_the_code_writes() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "o11y").rglob("*.py"))
    assert [word for word in DECIDED if not re.search(rf'"{word}[":]', code)] == []


def test_every_column_of_the_history_is_explained() -> None:
    assert len(columns()) > 20
    assert columns() - explained("The alert history") == set()


def test_every_label_and_operator_of_a_silence_is_explained() -> None:
    assert {label.value for label in Label} - explained("Silences") == set()
    assert [operator.value for operator in Operator if f"`{operator.value}`" not in PAGE] == []


def test_every_trouble_of_o11y_itself_is_explained() -> None:
    assert {kind.value for kind in Kind} - explained("Who watches the watcher") == set()
