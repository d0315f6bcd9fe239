"""A certificate of our own for this machine, made when it is needed: a shipped one would expire."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files; the certificate is its own authority."""

    certificate: Path
    key: Path


def made(folder: Path, *, name: str = "one", password: str | None = None) -> Certificate:
    """Valid for two days, for ``localhost`` and ``127.0.0.1``; the key is encrypted when a password is given."""
    pair = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    encryption = ["-nodes"] if password is None else ["-passout", f"pass:{password}"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", *encryption]
    subject = ["-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(pair.key), "-out", str(pair.certificate)]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    return pair
