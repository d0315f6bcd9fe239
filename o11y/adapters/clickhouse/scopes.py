"""A dimension as a condition: on ``dim_id`` of the rollups, and on the columns of the events.

Any of the names may be left out, and stands for all of them then.
"""

from o11y.adapters.clickhouse.statements import statement
from o11y.slo.dimension import Dimension

_COLUMNS = {"client": "client_name", "provider": "provider", "model": "resolved_model"}


def names_of(dimension: Dimension) -> dict[str, str]:
    """What is bound in either condition."""
    names = {"client": dimension.client, "provider": dimension.provider, "model": dimension.model}
    return {kind: name for kind, name in names.items() if name is not None}


def of_rollup(dimension: Dimension) -> str:
    given = names_of(dimension)
    if len(given) == len(_COLUMNS):
        return f"dim_id = {statement('dim_id')}"
    return f"dim_id IN (SELECT d.dim_id FROM dimensions AS d WHERE {of_names(dimension, 'd.')})" if given else "true"


def of_names(dimension: Dimension, prefix: str = "") -> str:
    """On the columns of ``dimensions``."""
    return " AND ".join(f"{prefix}{kind} = {{{kind}:String}}" for kind in names_of(dimension)) or "true"


def of_events(dimension: Dimension) -> str:
    return " AND ".join(f"{_COLUMNS[kind]} = {{{kind}:String}}" for kind in names_of(dimension)) or "true"
