from collections import Counter

import pytest

from o11y.slo.status_class import StatusClass, status_class


def test_every_status_code_is_in_exactly_one_class() -> None:
    assert Counter(status_class(code) for code in range(100, 600)) == {
        StatusClass.OK: 300,
        StatusClass.CLIENT_ERROR: 94,
        StatusClass.AUTH_ERROR: 2,
        StatusClass.PAYMENT_REQUIRED: 1,
        StatusClass.RATE_LIMITED: 1,
        StatusClass.CLIENT_CLOSED: 1,
        StatusClass.TIMEOUT: 4,
        StatusClass.OVERLOADED: 2,
        StatusClass.SERVER_ERROR: 95,
    }


@pytest.mark.parametrize("code", [99, 600, -1, 0])
def test_what_is_no_status_code_has_no_class(code: int) -> None:
    with pytest.raises(ValueError, match=r"100\.\.599"):
        status_class(code)
