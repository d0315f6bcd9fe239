"""The spool: one SQLite file between an acknowledged event and ClickHouse."""

from o11y.adapters.spool.errors import SpoolDamaged, SpoolUnusable
from o11y.adapters.spool.sqlite_spool import SqliteSpool

__all__ = ["SpoolDamaged", "SpoolUnusable", "SqliteSpool"]
