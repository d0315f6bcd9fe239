"""An engine of their own for the tests that ask one."""

from tests.adapters.clickhouse.conftest import _engine, database, embedded, engine_path

__all__ = ["_engine", "database", "embedded", "engine_path"]
