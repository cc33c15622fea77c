"""What an edge can say of a ticket's redemption without asking anybody; pure, as all of the core.

It only spares the region work: the function there checks everything again, and it alone knows whether the
offer is open, whether it lets the issuer call, and whether the ticket was used. So a redemption that is over
goes on to it: it may be the same one again, whose call was taken (L10). ``request`` is the one in a
CloudFront viewer-request event, with its body:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from sealrun.calls.ticket import MAX_REDEMPTION_BYTES, Redemption
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, NotAllowed, NotFound, Refused, SealrunError, TooMany, WrongMethod

# A holder sends one request, and some again after a lost answer; a page sends a preflight before each.
REQUESTS_PER_MINUTE = 20
# More addresses than this in one minute are forgotten: 128 MB are all there is.
MAX_SOURCES = 10_000

_PATH = re.compile(r"/tickets/([0-9a-f]{64})")


class Gate:
    """Checks requests one after the other, and counts them for as long as this process lives.

    CloudFront runs many such processes and ends them as it likes, so the count stops a flood from one address
    through one place, and promises no total.
    """

    def __init__(self, issuers: frozenset[str] | None) -> None:
        """``issuers`` are the keys whose tickets may pass; None lets every issuer's pass that signed well."""
        self._issuers = issuers
        self._minute, self._counts = 0, dict[str, int]()

    def check(self, request: Mapping[str, Any], *, now: int) -> None:
        """Let the request through, or raise why not.

        Args:
            request: of a viewer-request event.
            now: Unix seconds.

        Raises:
            Refused: wrong method, size, form, stack, issuer or signature; a time too far ahead; or too many
                requests.
        """
        self._count(str(request["clientIp"]), now // 60)
        match = _PATH.fullmatch(request["uri"])
        if match is None:
            raise NotFound("path: expected /tickets/ID, got another")
        if request["method"] == "OPTIONS":  # a page asks before it sends
            return
        if request["method"] == "GET" and _asks_for_page(request):  # the region leads a browser to the page
            return
        if request["method"] != "POST":
            raise WrongMethod("POST")
        redemption = Redemption.parse(parse_object(_body(request), at_most=MAX_REDEMPTION_BYTES))
        if redemption.grant.id != match[1]:
            raise Refused("ticket: expected the one that the URL names, got another")
        redemption.grant.check_audience(f"https://{request['headers']['host'][0]['value']}")
        redemption.check_not_too_far(now=now)
        if self._issuers is not None and redemption.grant.issuer.to_base58() not in self._issuers:
            raise NotAllowed("issuer: expected one that this edge knows, got another")
        redemption.check_signatures()

    def _count(self, source: str, minute: int) -> None:
        if minute != self._minute or len(self._counts) >= MAX_SOURCES:
            self._minute, self._counts = minute, {}
        self._counts[source] = self._counts.get(source, 0) + 1
        if self._counts[source] > REQUESTS_PER_MINUTE:
            raise TooMany(f"requests: expected at most {REQUESTS_PER_MINUTE} a minute", retry_after=60)


def refusal(error: SealrunError) -> dict[str, Any]:
    """CloudFront's answer in place of the region's: the same problem document."""
    headers = {"Content-Type": "application/problem+json", "Access-Control-Allow-Origin": "*"}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, WrongMethod):
        headers["Allow"] = error.allowed
    document = {"type": f"urn:sealrun:problem:{error.type}", "title": error.title, "status": error.status}
    return {
        "status": str(error.status),
        "headers": {name.lower(): [{"key": name, "value": value}] for name, value in headers.items()},
        "body": json.dumps({**document, "detail": error.detail}),
        "bodyEncoding": "text",
    }


def _asks_for_page(request: Mapping[str, Any]) -> bool:
    """As ``sealrun.service.browsers.asks_for_page``, which no edge has."""
    accepted = ",".join(each["value"] for each in request["headers"].get("accept", ()))
    return "text/html" in accepted and "json" not in accepted


def _body(request: Mapping[str, Any]) -> bytes:
    """The whole body; CloudFront cuts a body that is longer than 40 KB."""
    body = request.get("body") or {}
    if body.get("inputTruncated"):
        raise Malformed(f"body: expected at most {MAX_REDEMPTION_BYTES} bytes, got more")
    try:
        return base64.b64decode(body.get("data", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("body: expected base64 from CloudFront, got something else") from error
