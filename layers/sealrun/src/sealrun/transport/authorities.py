"""Which authorities TLS trusts: the public ones, as certifi has them, and those of the operator.

Reading all public ones takes as long as half of a function's start. The layers have each of them as a file of
its own beside certifi's (``infra.authorities``), in which OpenSSL looks up those that it needs.
"""

import os.path
import ssl
from importlib.util import find_spec

# Beside certifi's own files. A function's first call asks for it, and need not load ``pathlib``.
HASHED = "by_hash"


def public_authorities() -> ssl.SSLContext:
    """A context that trusts certifi's authorities and checks names and certificates."""
    spec = find_spec("certifi")
    folder = os.path.dirname(spec.origin) if spec and spec.origin else ""  # noqa: PTH120  see HASHED
    by_hash = os.path.join(folder, HASHED)  # noqa: PTH118
    if os.path.isdir(by_hash):  # noqa: PTH112
        return ssl.create_default_context(capath=by_hash)
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
