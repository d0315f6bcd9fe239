"""A certificate of our own for this machine, made when it is needed: a shipped one would expire."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files; the certificate is its own authority."""

    certificate: Path
    key: Path


def made(folder: Path, *, name: str = "one", password: str | None = None) -> Certificate:
    """Valid for two days, for ``localhost`` and ``127.0.0.1``; the key is encrypted when a password is given."""
    pair = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    key = ec.generate_private_key(ec.SECP256R1())
    pair.certificate.write_bytes(_signed(key, name).public_bytes(serialization.Encoding.PEM))
    encryption = (
        serialization.NoEncryption() if password is None else serialization.BestAvailableEncryption(password.encode())
    )
    pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))
    return pair


def _signed(key: ec.EllipticCurvePrivateKey, name: str) -> x509.Certificate:
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    places = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(places, critical=False)
        .sign(key, hashes.SHA256())
    )
