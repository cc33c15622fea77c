"""Network addresses, as whoever holds them has them."""

import ipaddress

# What a provider gives to one customer at least (RFC 6177).
_PREFIX_V6 = 64


def network_of(address: str) -> str:
    """The address, or for IPv6 the network that its holder can choose from; any other text as it is."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, _PREFIX_V6), strict=False))
    return str(ip)
