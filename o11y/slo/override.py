"""What is different about an objective in some dimensions: whose values, which values, and who said so.

The objectives file is the base. An override names an objective and the dimensions it selects, and replaces single
values there; what it leaves out stays as it is. Where several select a dimension the more specific one counts, value by
value.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from o11y.slo.dimension import Dimension

#: client, provider and model; None: all of them
Names = tuple[str | None, str | None, str | None]

#: which of the names are given: (client, provider, model)
_Shape = tuple[bool, bool, bool]


@dataclass(frozen=True, slots=True)
class Selector:
    """Of one objective the dimensions with these names, each written in full; None: whatever it is."""

    objective: str
    client: str | None = None
    provider: str | None = None
    model: str | None = None

    @property
    def names(self) -> Names:
        return self.client, self.provider, self.model

    @property
    def named(self) -> dict[str, str]:
        """The names that are given, by what they are of."""
        kinds = zip(("client", "provider", "model"), self.names, strict=True)
        return {kind: name for kind, name in kinds if name is not None}

    def __str__(self) -> str:
        where = ", ".join(f"{kind} {name}" for kind, name in self.named.items())
        return f"{self.objective} of {where or 'every dimension'}"


@dataclass(frozen=True, slots=True)
class Values:
    """What an override replaces; None leaves a value as it is.

    ``threshold_ms`` is kept as it was asked for: what is no bound of the rollups is evaluated at the next one up.
    """

    enabled: bool | None = None
    target: Decimal | None = None
    threshold_ms: int | None = None
    min_requests: int | None = None
    confidence: Decimal | None = None
    page_eligible: bool | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Those that are replaced, by name."""
        pairs = ((name, getattr(self, name)) for name in VALUE_NAMES)
        return {name: value for name, value in pairs if value is not None}


VALUE_NAMES = tuple(field.name for field in fields(Values))


@dataclass(frozen=True, slots=True)
class Override:
    """``by``, at ``at``, said that these values hold for what is selected. ``note`` is why, as it was written."""

    selector: Selector
    values: Values
    by: str
    at: datetime
    note: str = ""


class Layers:
    """The overrides of one objective, found by the names they select: a look-up a shape, however many there are."""

    __slots__ = ("_by_names", "_shapes")

    def __init__(self, overrides: Iterable[Override] = ()) -> None:
        """One a selector; of two the later counts."""
        self._by_names: Mapping[Names, Override] = {override.selector.names: override for override in overrides}
        shapes = {_shape(names) for names in self._by_names}
        self._shapes: tuple[_Shape, ...] = tuple(sorted(shapes, key=_specificity))

    def of(self, client: str | None, provider: str | None, model: str | None) -> tuple[Override, ...]:
        """Those that select these names, and maybe others, the most specific one last.

        More names are more specific than fewer, a model is than a provider, and a provider than a client.
        """
        found = (self._by_names.get(names) for names in self._selecting((client, provider, model)))
        return tuple(override for override in found if override is not None)

    def at(self, dimension: Dimension) -> tuple[Override, ...]:
        return self.of(dimension.client, dimension.provider, dimension.model)

    def _selecting(self, names: Names) -> Iterator[Names]:
        for shape in self._shapes:
            client, provider, model = (name if given else None for name, given in zip(names, shape, strict=True))
            if _shape((client, provider, model)) == shape:
                yield client, provider, model

    def __iter__(self) -> Iterator[Override]:
        return iter(self._by_names.values())

    def __len__(self) -> int:
        return len(self._by_names)


def layered(layers: Iterable[Override]) -> dict[str, Override]:
    """Which override says each value that one says: the last that does."""
    return {name: override for override in layers for name in override.values.given}


def _shape(names: Names) -> _Shape:
    client, provider, model = (name is not None for name in names)
    return client, provider, model


def _specificity(shape: _Shape) -> tuple[int, bool, bool, bool]:
    client, provider, model = shape
    return sum(shape), model, provider, client


NO_LAYERS = Layers()
