"""Which authorities TLS trusts: the public ones, as certifi has them, and those of the operator.

Reading all public ones takes as long as half of a function's start. The layers have each of them as a file of
its own beside certifi's (``infra.authorities``), in which OpenSSL looks up those that it needs.
"""

import ssl
from importlib.util import find_spec
from pathlib import Path

# Beside certifi's own files.
HASHED = "by_hash"


def public_authorities() -> ssl.SSLContext:
    """A context that trusts certifi's authorities and checks names and certificates."""
    spec = find_spec("certifi")
    by_hash = Path(spec.origin).with_name(HASHED) if spec and spec.origin else Path(HASHED)
    if by_hash.is_dir():
        return ssl.create_default_context(capath=str(by_hash))
    import certifi  # noqa: PLC0415

    return ssl.create_default_context(cafile=certifi.where())


def trusting(authorities: str) -> ssl.SSLContext:
    """The public authorities, and those of a PEM file.

    Raises:
        OSError, ssl.SSLError: the file is not there, or holds no certificate.
    """
    context = public_authorities()
    context.load_verify_locations(cafile=authorities)
    return context
