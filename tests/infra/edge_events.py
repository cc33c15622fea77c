"""CloudFront's viewer-request events for a ticket, made from the example in its documentation.

``viewer_request.json`` is that example, a GET without a body: CloudFront Developer Guide, "Lambda@Edge event
structure". A body adds the fields that the same page lists: action, data, encoding, inputTruncated.
"""

import base64
import json
from pathlib import Path
from typing import Any

from mina.keys import PrivateKey
from sealrun.calls.ticket import Redemption
from sealrun.calls.ticket_url import Ticket
from sealrun.encoding.fields import canonical
from tests.sealrun.calls.test_ticket import free_ticket
from tests.sealrun.world import BUYER, make_offer

HOST = "d111111abcdef8.cloudfront.net"
EXAMPLE = Path(__file__).with_name("viewer_request.json")


def ticket(now: int, *, issuer: PrivateKey = BUYER, **changes: Any) -> Ticket:
    """A ticket for the stack behind the distribution, that lasts for another day."""
    values = {"audience": f"https://{HOST}", "until": now + 86_400, **changes}
    return free_ticket(make_offer(), issuer=issuer, **values)


def redemption(held: Ticket, now: int) -> Redemption:
    return held.redeem({"level": 3}, salt="cd" * 32, nonce=1, expires_at=now + 600)


def event(redeemed: Redemption, *, content: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A POST of this redemption, with changes to the request."""
    found: dict[str, Any] = json.loads(EXAMPLE.read_text())
    sent = canonical(redeemed.body() if content is None else content)
    found["Records"][0]["cf"]["request"] |= {
        "method": "POST",
        "uri": f"/tickets/{redeemed.grant.id}",
        "body": {
            "action": "read-only",
            "data": base64.b64encode(sent).decode(),
            "encoding": "base64",
            "inputTruncated": False,
        },
        **changes,
    }
    return found
