#!/usr/bin/env python
"""Alive or not, for the container engine: exit code 0 when /healthz of the o11y in this container answers 200.

Not /readyz: what that misses (ClickHouse, Slack) no restart of this container repairs.
"""

import os
import ssl
import sys
import urllib.request


def main() -> int:
    port = os.environ.get("O11Y_PORT") or "8080"
    secure = bool(os.environ.get("O11Y_TLS_CERT_FILE"))
    url = f"{'https' if secure else 'http'}://127.0.0.1:{port}/healthz"
    context = None
    if secure:  # its certificate is for the name that others call it by, and this is a question to oneself
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=4, context=context) as answer:  # noqa: S310
            return 0 if answer.status == 200 else 1
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
