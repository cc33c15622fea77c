"""Web origins in one canonical form, so that two spellings of one service are one service."""

from urllib.parse import urlsplit

from sealrun.encoding.fields import document_hash
from sealrun.errors import Malformed

# A host name has at most 253 characters (RFC 1035), the rest of an origin 14.
MAX_ORIGIN_LENGTH = 267
_PORTS = {"https": 443, "http": 80}


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` of a URL: lower case, no default port, no dot at the host's end (RFC 6454).

    Raises:
        Malformed: the text is no http or https URL with a host of ASCII characters, or names a user.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    known = parts.scheme in _PORTS and host.isascii() and "@" not in parts.netloc
    if not (known and host and host.isprintable() and len(host) < MAX_ORIGIN_LENGTH):
        raise Malformed(f"URL: expected https:// and a host, got {url[:80]!r}")
    if ":" in host:
        host = f"[{host}]"
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")


def service_field(url: str) -> int:
    """``H("sealrun:service", digest(origin))``: the field that names the service behind a URL.

    Raises:
        Malformed: see ``origin_of``.
    """
    return document_hash("sealrun:service", origin_of(url).encode("ascii"))
