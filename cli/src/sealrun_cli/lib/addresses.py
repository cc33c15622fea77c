"""What an address leads to: an offer, a call or a ticket, also as a link of the buyer's page."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from sealrun.calls.ticket_url import MAX_URL_LENGTH, Ticket
from sealrun_cli.lib.errors import CliError

_PLACE = re.compile(
    r"(?P<service>https?://[^\s#?]{1,500}?)/(?P<kind>offers|calls)/(?P<id>[0-9a-f]{64})"
    r"(?:/(?:receipt|receipt\.intoto\.jsonl|evidence))?(?:\?[^\s#]*)?"
)
_SECRET = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9]+\.[A-Za-z0-9]+")
_FOLLOWING = "copy the whole address, as the seller or the page shows it"


@dataclass(frozen=True)
class Address:
    """Of an offer or a call; or a ticket, which names its offer."""

    service: str  # without a slash at its end
    kind: str  # offer, call or ticket
    id: str  # 64 hex digits
    ticket: Ticket | None = None  # holds a secret

    @property
    def url(self) -> str:
        """Where programs find it."""
        return f"{self.service}/{self.kind}s/{self.id}"


def parse_address(text: str) -> Address:
    """Read an address. Nothing is asked.

    Raises:
        CliError: it leads to none of them; a ticket's secret is not repeated.
        Malformed: it is a ticket's, and the ticket is malformed.
    """
    base, _, fragment = text.strip().partition("#")
    if len(text) <= MAX_URL_LENGTH and _SECRET.fullmatch(fragment):
        ticket = Ticket.parse(text.strip())
        return Address(ticket.grant.audience, "ticket", ticket.grant.id, ticket)
    whole = _of_page(base, fragment) if fragment.startswith("/") else base
    if match := _PLACE.fullmatch(whole):
        return Address(match["service"], match["kind"].removesuffix("s"), match["id"])
    if re.search(r"/tickets/[0-9a-f]{64}$", base):
        raise CliError("bad-request", "url: expected a ticket's with all that follows its #", _FOLLOWING)
    expected = (
        "expected URL/offers/OFFER, URL/calls/CALL, a ticket's URL, or a link of the page to one of them"
    )
    raise CliError("bad-request", f"url: {expected}, got {base[:100]}", _FOLLOWING)


def _of_page(base: str, fragment: str) -> str:
    """What a link of the page shows: another service's, or one of the page's own."""
    if fragment.startswith("/http"):
        return fragment[1:]
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}{fragment}"
