"""The identity of an alert across ticks and replicas."""

import hashlib
import json

from o11y.slo.dimension import Dimension


def alert_key(objective_name: str, dimension: Dimension) -> str:
    """32 hex digits (128 bits) of objective x client x provider x model.

    JSON tells ``"a:b", "c"`` from ``"a", "b:c"`` and ``null`` (all) from any name, so no two can collide by spelling.
    """
    identity = [objective_name, dimension.client, dimension.provider, dimension.model]
    return hashlib.blake2b(json.dumps(identity).encode(), digest_size=16).hexdigest()
