"""HTTP status codes by what they mean for a service-level objective."""

from enum import StrEnum


class StatusClass(StrEnum):
    """Every status code 100..599 is in exactly one class; each is a column of the rollups."""

    OK = "ok"  # 1xx to 3xx
    CLIENT_ERROR = "client_error"  # any 4xx not named below
    AUTH_ERROR = "auth_error"  # 401, 403
    PAYMENT_REQUIRED = "payment_required"  # 402
    RATE_LIMITED = "rate_limited"  # 429
    CLIENT_CLOSED = "client_closed"  # 499
    TIMEOUT = "timeout"  # 408, 504, 522, 524
    OVERLOADED = "overloaded"  # 503, 529
    SERVER_ERROR = "server_error"  # any 5xx not named above


_NAMED = {
    401: StatusClass.AUTH_ERROR,
    403: StatusClass.AUTH_ERROR,
    402: StatusClass.PAYMENT_REQUIRED,
    429: StatusClass.RATE_LIMITED,
    499: StatusClass.CLIENT_CLOSED,
    408: StatusClass.TIMEOUT,
    504: StatusClass.TIMEOUT,
    522: StatusClass.TIMEOUT,
    524: StatusClass.TIMEOUT,
    503: StatusClass.OVERLOADED,
    529: StatusClass.OVERLOADED,
}


def status_class(code: int) -> StatusClass:
    """The class of an HTTP status code; ``ValueError`` outside 100..599."""
    if not 100 <= code <= 599:
        raise ValueError(f"status code {code} is not in 100..599")
    if code < 400:
        return StatusClass.OK
    return _NAMED.get(code, StatusClass.CLIENT_ERROR if code < 500 else StatusClass.SERVER_ERROR)
