"""What every answer of the dashboard tells the browser."""

from collections.abc import Mapping

#: nothing from elsewhere, nothing inline, no frame around it
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_YEAR_S = 365 * 24 * 3600


def security_headers(*, secure: bool) -> Mapping[str, str]:
    """``secure``: people come over TLS, and shall not come otherwise for a year."""
    if not secure:
        return _ALWAYS
    return {**_ALWAYS, "strict-transport-security": f"max-age={_YEAR_S}"}
