"""Origins of servers, ``https://host[:port]``, in one form each: two spellings of one origin are one place.

Written by hand because no kept library has all of it: ``urllib.parse`` and ``httpx`` keep a trailing dot, an
IP address in another spelling, and a port with zeros before it.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from sealrun.encoding.fields import document_hash
from sealrun.errors import Malformed

# A host name has at most 253 characters (RFC 1035), the rest of an origin 14.
MAX_ORIGIN = 267
_PORTS = {"https": 443, "http": 80}
_MAX_PORT = 65535
_ORIGIN = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^/?#@:\\\s\[\]]+)(?::(?P<port>[0-9]{1,6}))?"
)
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*")
# WHATWG's "ends in a number": whoever resolves such a host takes it for an IPv4 address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def canonical_origin(text: str) -> str:
    """The one spelling of an origin: lower case, IDNA, no dot at the end, no port that the scheme has anyway.

    Nothing is resolved: two names of one machine stay two origins.

    Raises:
        Malformed: it is not an origin of http or https, names a user or a path, or has a host that is
            neither a name nor an IP address, IPv4 in its usual form.
    """
    match = _ORIGIN.fullmatch(text) if len(text) <= MAX_ORIGIN else None
    scheme = match["scheme"].lower() if match else ""
    if match is None or scheme not in _PORTS:
        raise Malformed(
            f"origin: expected https://host[:port] without user and path, got {without_user(text)}"
        )
    port = int(match["port"] or _PORTS[scheme])
    if not 0 < port <= _MAX_PORT:
        raise Malformed(f"origin: expected a port from 1 to {_MAX_PORT}, got {port}")
    shown = "" if port == _PORTS[scheme] else f":{port}"
    return f"{scheme}://{_canonical_host(match['host'])}{shown}"


def origin_of(url: str) -> str:
    """The canonical origin of a URL (RFC 6454).

    Raises:
        Malformed: the text is not an http or https URL with a host in ASCII, or names a user.
    """
    try:
        parts = urlsplit(url)
        ascii_only = parts.netloc.encode("ascii").decode()
        return canonical_origin(f"{parts.scheme}://{ascii_only}")
    except (ValueError, Malformed) as error:
        raise Malformed(f"URL: expected https:// and a host, got {without_user(url)}") from error


def without_user(url: str) -> str:
    """A URL for a message: at most 80 characters, without what stands before an ``@``, a password perhaps."""
    return ascii(url.rpartition("@")[2][:80])


def service_field(url: str) -> int:
    """``H("sealrun:service", digest(origin))``: the field that names the service behind a URL.

    Raises:
        Malformed: see ``origin_of``.
    """
    return document_hash("sealrun:service", origin_of(url).encode("ascii"))


def same_place(text: str) -> str:
    """``canonical_origin``, or the text itself if it is no origin; for comparing text from others."""
    try:
        return canonical_origin(text)
    except Malformed:
        return text


def _canonical_host(host: str) -> str:
    if host.startswith("["):
        return _canonical_ipv6(host)
    name = host.lower().removesuffix(".")
    if not name.isascii() or "xn--" in name:
        name = _in_idna(name)
    if not _HOST.fullmatch(name):
        raise Malformed(f"origin: expected a host's name, got {host[:80]!a}")
    if _NUMBER.fullmatch(name.rsplit(".", 1)[-1]) and not _is_ipv4(name):
        raise Malformed(f"origin: expected a name or an IPv4 address such as 127.0.0.1, got {host[:80]!a}")
    return name


def _in_idna(name: str) -> str:
    """The name in ASCII. A name in ASCII is accepted only if its Unicode form gives the same name again."""
    import idna  # noqa: PLC0415  its tables are large, and nearly every host is plain ASCII

    try:
        return idna.encode(idna.decode(name, uts46=True), uts46=True).decode()
    except idna.IDNAError as error:
        raise Malformed(f"origin: expected a name by IDNA 2008, {error}") from error


def _canonical_ipv6(host: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(host[1:-1])}]"
    except ValueError as error:
        raise Malformed(f"origin: expected an IPv6 address within [], got {host!a}") from error


def _is_ipv4(name: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(name)) == name
    except ValueError:
        return False
