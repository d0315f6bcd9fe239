"""Where an objective is measured: a client's use of a model at a provider, or a sum of those."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """How far apart an objective keeps its counts."""

    MODEL = "model"  # client x provider x model
    PROVIDER = "provider"  # one provider, all clients and models
    CLIENT = "client"  # one client, all providers and models
    ALL = "all"  # everything together


@dataclass(frozen=True, slots=True, order=True)
class Dimension:
    """One row of the evaluation. ``None`` stands for "all", so an aggregate never equals a model named ``*``."""

    client: str | None
    provider: str | None
    model: str | None

    @property
    def scope(self) -> Scope:
        if self.model is not None:
            return Scope.MODEL
        if self.provider is not None:
            return Scope.PROVIDER
        return Scope.CLIENT if self.client is not None else Scope.ALL

    def within(self, scope: Scope) -> "Dimension":
        """The dimension of ``scope`` that this one adds to."""
        match scope:
            case Scope.MODEL:
                return self
            case Scope.PROVIDER:
                return Dimension(None, self.provider, None)
            case Scope.CLIENT:
                return Dimension(self.client, None, None)
            case Scope.ALL:
                return Dimension(None, None, None)

    def __str__(self) -> str:
        match self.scope:
            case Scope.MODEL:
                return f"{self.client} / {self.provider} / {self.model}"
            case Scope.PROVIDER:
                return f"provider {self.provider} (all clients and models)"
            case Scope.CLIENT:
                return f"client {self.client} (all providers and models)"
            case Scope.ALL:
                return "all traffic"
