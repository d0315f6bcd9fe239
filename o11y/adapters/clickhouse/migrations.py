"""Brings a database up to the code: numbered migrations, each applied once and recorded."""

import logging
from collections.abc import Mapping, Sequence

from o11y.adapters.clickhouse.client import ClickHouse
from o11y.adapters.clickhouse.statements import Migration, migrations, statement
from o11y.worker.ports import StoreError

log = logging.getLogger(__name__)

#: Migrations that only say how long rows are kept end so, and a database that keeps them for ever goes without.
_RETENTION_SUFFIX = "_ttl"


class SchemaTooNew(StoreError):
    """The database was migrated by a newer o11y than this one."""


class SchemaChanged(StoreError):
    """A migration that the database has applied reads differently now."""


async def migrate(ch: ClickHouse, *, keep_forever: bool = False, known: Sequence[Migration] | None = None) -> list[str]:
    """Apply what is missing, oldest first; returns the names applied, none when the database is up to date.

    Statements can be repeated, so a crash midway is healed by the next run, and two replicas may start at once.
    ``keep_forever`` leaves retention out (the replay of an old trace). Raises ``SchemaTooNew``, ``SchemaChanged`` or
    ``StoreError``, before anything was changed.
    """
    known = migrations() if known is None else known
    if not await _recorded(ch):
        await ch.command(statement("schema_migrations"))
    applied = await _applied(ch)
    _refuse_newer(ch, applied, known)
    _refuse_changed(ch, applied, known)
    done = []
    for migration in known:
        if migration.version in applied or (keep_forever and migration.name.endswith(_RETENTION_SUFFIX)):
            continue
        for text in migration.statements:
            await ch.command(text)
        await _record(ch, migration)
        log.info("migration applied", extra={"migration": migration.name, "database": ch.database})
        done.append(migration.name)
    ch.migrated = True
    return done


async def _recorded(ch: ClickHouse) -> bool:
    """Asked first: a worker whose database is up to date needs no right to make tables, not even ones that exist."""
    table = await ch.query(statement("migrations_recorded"))
    return bool(table.columns[0][0])


async def _applied(ch: ClickHouse) -> dict[int, tuple[str, str]]:
    table = await ch.query(statement("applied_migrations"))
    return {version: (name, checksum) for version, name, checksum in table.rows}


async def _record(ch: ClickHouse, migration: Migration) -> None:
    await ch.command(
        statement("record_migration"),
        {"version": migration.version, "name": migration.name, "checksum": migration.checksum},
    )


def _refuse_newer(ch: ClickHouse, applied: Mapping[int, tuple[str, str]], known: Sequence[Migration]) -> None:
    newest = max((migration.version for migration in known), default=0)
    if newer := sorted(name for version, (name, _) in applied.items() if version > newest):
        raise SchemaTooNew(
            f"database {ch.database}: it has migrations that this o11y does not know ({', '.join(newer)}; "
            f"the newest known is {newest:04d}). Run the o11y that made them, or a newer one."
        )


def _refuse_changed(ch: ClickHouse, applied: Mapping[int, tuple[str, str]], known: Sequence[Migration]) -> None:
    for migration in known:
        name, checksum = applied.get(migration.version, (migration.name, migration.checksum))
        if checksum != migration.checksum:
            raise SchemaChanged(
                f"database {ch.database}: migration {name} was applied with another text than it has now. "
                "An applied migration is never edited; restore its text, and put the change into a new one."
            )
