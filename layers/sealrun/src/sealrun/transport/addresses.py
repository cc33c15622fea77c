"""Which addresses may be reached, and which a name has (L9)."""

import ipaddress
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from sealrun.transport.deadline import left
from sealrun.transport.failures import ConnectError, ConnectTimeout

Resolve = Callable[[str, int], list[str]]

LOOPBACK = frozenset({"127.0.0.1", "::1"})
# Only 2000::/3 is assigned as global unicast (RFC 4291, 2.4); in it Teredo and 6to4 carry an IPv4 address.
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
# EC2's own services, instance metadata among them, have unique local addresses.
_EC2_SERVICES = ipaddress.IPv6Network("fd00:ec2::/32")
_TUNNELS_V6 = (ipaddress.IPv6Network("2001::/32"), ipaddress.IPv6Network("2002::/16"))


def is_address(host: str) -> bool:
    """True for an IP address in place of a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_private(address: str) -> bool:
    """True for an address of a private network (RFC 1918, RFC 4193); not for loopback or link-local ones."""
    ip = ipaddress.ip_address(address)
    in_private_range = any(ip in network for network in _PRIVATE if network.version == ip.version)
    return in_private_range and ip not in _EC2_SERVICES


def is_public(address: str) -> bool:
    """True for a public address: not private, loopback, link-local, multicast or reserved."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return ip in _GLOBAL_V6 and ip.is_global and not any(ip in tunnel for tunnel in _TUNNELS_V6)
    return ip.is_global and not ip.is_multicast


def addresses_of(host: str, port: int, *, resolve: Resolve, seconds: float) -> list[str]:
    """All addresses that the name has. A look-up that takes longer goes on in a thread and is not waited for.

    Raises:
        ConnectTimeout: it took longer.
        ConnectError: the name has none.
    """
    found: list[list[str]] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            found.append(resolve(host, port))
        except Exception as error:  # noqa: BLE001  raised again by whoever waits
            failed.append(error)

    thread = Thread(target=ask, name="sealrun-resolve", daemon=True)
    thread.start()
    with suppress(TimeoutError):
        thread.join(left(seconds))
    match failed:
        case [OSError() | UnicodeError() as error]:
            raise ConnectError(f"host: {host} has no address") from error
        case [error]:
            raise error
    if not found:
        raise ConnectTimeout(f"host: expected an address of {host} in time, got none")
    if not found[0]:
        raise ConnectError(f"host: {host} has no address")
    return found[0]


def system_addresses(host: str, port: int) -> list[str]:
    """All addresses of the host, IPv4 first: a function outside a VPC has no IPv6 route."""
    # As bytes: Python would load the tables of Unicode names for a text.
    entries = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    ordered = sorted(entries, key=lambda entry: entry[0] == socket.AF_INET6)
    return list(dict.fromkeys(str(entry[4][0]) for entry in ordered))
