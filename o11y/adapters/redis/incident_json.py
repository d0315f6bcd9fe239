"""An incident as text."""

from pydantic import TypeAdapter, ValidationError

from o11y.alerting.incident import Incident

_INCIDENT = TypeAdapter(Incident)


def dumps(incident: Incident) -> str:
    return _INCIDENT.dump_json(incident).decode()


def loads(text: str) -> Incident:
    """``ValueError`` when it is not one, or one of a version that this one cannot read."""
    try:
        return _INCIDENT.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"not an incident: {error.error_count()} fields are not as expected") from error
