"""The names in a query: a misspelt one would be passed over, and what it was to narrow would be everything."""

from o11y.alerting.foreign_text import visible
from o11y.http.admin import AdminRequest, refuse

_MOST_TOLD = 10


def check_names(request: AdminRequest, *accepted: str) -> None:
    """400 for a name that is none of these, and for one that is given more than once."""
    those = ", ".join(accepted) or "none"
    unknown = [name for name in request.query if name not in accepted]
    issues = [([visible(name)], f"is not a field of this query; accepted: {those}") for name in unknown]
    twice = [name for name in request.repeated if name in accepted]
    issues += [([name], "is given more than once; accepted: once") for name in twice]
    if issues:
        raise refuse(*issues[:_MOST_TOLD])
