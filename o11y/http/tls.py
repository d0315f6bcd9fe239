"""TLS on the public socket: one context for both servers, whose certificate can be renewed under way."""

import ssl
from pathlib import Path


class CertificateUnusable(Exception):
    """The text names the files, and shows nothing of the key."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer, HTTP/1.1 on both servers alike. Raises ``CertificateUnusable``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    renew(context, certificate, key=key)
    return context


def renew(context: ssl.SSLContext, certificate: Path, *, key: Path) -> None:
    """New handshakes present this certificate; connections that stand keep theirs.

    Raises ``CertificateUnusable``, and then nothing has changed.
    """
    _load(
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), certificate, key
    )  # a pair that fails halfway would spoil the context
    _load(context, certificate, key)


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # A password, because without one OpenSSL asks the terminal for that of an encrypted key, and waits.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise CertificateUnusable(
            f"{certificate} with {key}: {reason}; accepted: a PEM certificate with its chain, and its unencrypted key"
        ) from None
