"""Keys that exist for one run, so that nobody else on this machine can talk to its cluster.

Dask takes pickles from whoever reaches its ports, so a port of 127.0.0.1 alone would let every user
of the machine run code as the user of the run.
"""

import datetime as dt
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_ALWAYS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
"""A key lives as long as the run, whatever the clock of the machine does meanwhile."""


def temporary_security() -> Any:  # noqa: ANN401 - Dask is hardly typed
    """Return Dask's `Security` with a new key for all parties, held in memory only."""
    from distributed.security import Security

    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    certificate = _signed_by_itself(key).public_bytes(serialization.Encoding.PEM).decode()
    own = {
        f"tls_{role}_{part}": value
        for role in ("client", "scheduler", "worker")
        for part, value in (("key", secret), ("cert", certificate))
    }
    return Security(require_encryption=True, tls_ca_file=certificate, **own)


def _signed_by_itself(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "twin-pipeline")])
    public = key.public_key()
    own = x509.SubjectKeyIdentifier.from_public_key(public)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_ALWAYS[0])
        .not_valid_after(_ALWAYS[1])
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(own, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False
        )
        .sign(key, hashes.SHA256())
    )
