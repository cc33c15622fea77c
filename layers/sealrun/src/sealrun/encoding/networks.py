"""Network addresses, as whoever holds them has them."""

import ipaddress

# What a provider gives to one customer at least (RFC 6177).
_PREFIX_V6 = 64


def network_of(address: str) -> str:
    """The address, or for IPv6 the network that its holder can choose from; any other text as it is."""
    try:
        ip = ipaddress.ip_address(plain_address(address))
    except ValueError:
        return address[:100]
    if ip.version == 4:  # noqa: PLR2004
        return str(ip)
    return str(ipaddress.ip_network((ip, _PREFIX_V6), strict=False))


def plain_address(address: str) -> str:
    """An address in its one spelling, that of IPv4 where IPv6 has it within; any other text as it is."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else str(ip)


def is_address(text: str) -> bool:
    """Whether the text is one machine's address, and no name, network, or the 0.0.0.0 that stands for any."""
    try:
        return not ipaddress.ip_address(text).is_unspecified
    except ValueError:
        return False
