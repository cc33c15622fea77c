"""The resources: the URLs of the HTTP API, so that whoever holds one can also read it without MCP."""

import re
from typing import NamedTuple

from sealrun.errors import NotFound

_PLACE = re.compile(
    r"/(?P<folder>offers|calls)/(?P<name>[0-9a-f]{64})(?P<part>/receipt|/evidence)?(?:\?after=(?P<after>[0-9]{1,6}))?",
    re.ASCII,
)


class Place(NamedTuple):
    """A resource: its kind, the hash of its offer or call, and the files of earlier pages of its evidence."""

    kind: str  # offer, call, receipt or evidence
    name: str
    after: int = 0


def templates() -> list[tuple[str, str, str]]:
    """Name, template (RFC 6570) after the service's URL, and description of each kind."""
    return [
        ("offer", "/offers/{offer}", "An offer: its document, its terms, and whether it is open."),
        ("call", "/calls/{call}", "How a call stands; once it is over, with its receipt."),
        ("receipt", "/calls/{call}/receipt", "The receipt alone, as the oracle signed it."),
        (
            "evidence",
            "/calls/{call}/evidence{?after}",
            "Documents, index and the files' addresses; what is the buyer's own takes a right to read.",
        ),
    ]


def place_of(uri: str, service: str) -> Place:
    """The resource that the URI names.

    Raises:
        NotFound: it is none of this service.
    """
    match = _PLACE.fullmatch(uri.removeprefix(service)) if uri.startswith(service) else None
    if match is None:
        raise NotFound(f"resource: expected one under {service}, got {uri[:200]!a}")
    part, after = match["part"] or "", int(match["after"] or 0)
    kind = part.removeprefix("/") or match["folder"].removesuffix("s")
    if (match["folder"] == "offers" and part) or (after and kind != "evidence"):
        raise NotFound(f"resource: expected one under {service}, got {uri[:200]!a}")
    return Place(kind, match["name"], after)
