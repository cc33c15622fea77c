"""GitLab's webhook deliveries: is one genuine, and which run is it about? Nothing else is believed (R6).

A delivery is signed as Standard Webhooks has it (https://www.standardwebhooks.com, the hook's signing
token ``whsec_...``), or carries the hook's secret token as it is. Pure: bytes and the time come in.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from sealrun.encoding.origins import origin_of
from sealrun.errors import Malformed
from sealrun.runs.record import RunKey

MAX_BODY_BYTES = 1 << 20
# Standard Webhooks leaves the window open; its libraries use five minutes each way.
WINDOW_SECONDS = 300
MAX_SIGNATURES = 8
MAX_ID = 2**63 - 1  # GitLab's ids are PostgreSQL bigints
_SIGNING_PREFIX = "whsec_"
_SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True)
class Delivery:
    """The run that a delivery is about; who sent it is not known before ``verify_delivery``."""

    project: int
    run: int


def parse_delivery(headers: Mapping[str, str], body: bytes) -> Delivery | None:
    """The run of a Pipeline Hook or a Job Hook; None for anything else.

    Not checked: that the delivery is genuine. The run is only a name to look up.
    """
    event = _lower(headers).get("x-gitlab-event")
    if event not in _READERS or len(body) > MAX_BODY_BYTES:
        return None
    try:
        value = json.loads(body)
        kind, project, run = _READERS[event](value)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if kind != _KINDS[event] or not (_is_id(project) and _is_id(run)):
        return None
    return Delivery(project, run)


def verify_delivery(headers: Mapping[str, str], body: bytes, *, secret: str, now: int) -> bool:
    """True if the holder of the hook's secret sent these very bytes.

    ``secret`` is the hook's signing token (``whsec_...``) or its secret token. A delivery with any
    header of a signature must verify by signature; it is never judged by the token then. Under a
    secret token neither the time nor the body is protected: the token alone says who sent it.
    """
    lower = _lower(headers)
    if not secret or len(body) > MAX_BODY_BYTES:
        return False
    if any(name in lower for name in _SIGNED_HEADERS):
        return _signature_holds(lower, body, secret=secret, now=now)
    if secret.startswith(_SIGNING_PREFIX):
        return False  # this hook signs, so a delivery without a signature is not its
    return hmac.compare_digest(_bytes(lower.get("x-gitlab-token", "")), _bytes(secret))


# Those of ``answers.STATUSES`` that are not over; this module loads no client.
GOES_ON = (
    "created",
    "waiting_for_resource",
    "waiting_for_callback",
    "preparing",
    "pending",
    "manual",
    "scheduled",
    "running",
    "canceling",
)


class GitLabDeliveries:
    """``sealrun.ports.deliveries.Deliveries`` for GitLab."""

    def plausible(self, body: bytes, headers: Mapping[str, str], *, now: int) -> bool:  # noqa: ARG002
        """A delivery has a token, or a signature with a time that is within the window."""
        lower = _lower(headers)
        if any(name in lower for name in _SIGNED_HEADERS):
            return _in_time(lower.get("webhook-timestamp", ""), now) and bool(lower.get("webhook-signature"))
        return bool(lower.get("x-gitlab-token"))

    def run(self, body: bytes, headers: Mapping[str, str]) -> RunKey | None:
        """The run's name across providers; its origin is what ``X-Gitlab-Instance`` says.

        A pipeline that is said to go on is nothing to wake anybody for: the sweep looks at it in its time.
        """
        delivery = parse_delivery(headers, body)
        if delivery is None or _goes_on(body):
            return None
        try:
            origin = origin_of(_lower(headers).get("x-gitlab-instance", ""))
        except Malformed:
            return None
        return RunKey("gitlab", origin, str(delivery.project), delivery.run)

    def hold(self, body: bytes, headers: Mapping[str, str], *, secret: str, now: int) -> bool:
        """See ``verify_delivery``."""
        return verify_delivery(headers, body, secret=secret, now=now)


def _goes_on(body: bytes) -> bool:
    about = json.loads(body).get("object_attributes")
    return isinstance(about, dict) and about.get("status") in GOES_ON


def _signature_holds(lower: Mapping[str, str], body: bytes, *, secret: str, now: int) -> bool:
    """Standard Webhooks, "Verifying webhook authenticity": time, then signature over id.time.body."""
    message_id, stamp, signatures = (lower.get(name, "") for name in _SIGNED_HEADERS)
    if not (message_id and _in_time(stamp, now)):
        return False
    key = _signing_key(secret)
    if key is None:
        return False
    digest = hmac.digest(key, _bytes(f"{message_id}.{stamp}.") + body, "sha256")
    expected = b"v1," + base64.b64encode(digest)
    given = signatures.split(" ")[:MAX_SIGNATURES]
    return any([hmac.compare_digest(_bytes(one), expected) for one in given])  # noqa: C419  no early end


def _in_time(stamp: str, now: int) -> bool:
    """A time in Unix seconds that lies within the window."""
    short = stamp.isascii() and stamp.isdigit() and len(stamp) < len("9" * 13)
    return short and abs(now - int(stamp)) <= WINDOW_SECONDS


def _signing_key(secret: str) -> bytes | None:
    if not secret.startswith(_SIGNING_PREFIX):
        return None
    try:
        return base64.b64decode(secret.removeprefix(_SIGNING_PREFIX), validate=True) or None
    except binascii.Error:
        return None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _bytes(value: str) -> bytes:
    """Any text a header can hold: an event's JSON may bring half a surrogate pair."""
    return value.encode("utf-8", "surrogatepass")


def _is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ID


# https://docs.gitlab.com/user/project/integrations/webhook_events/: pipeline events, job events
_KINDS = {"Pipeline Hook": "pipeline", "Job Hook": "build"}
_READERS = {
    "Pipeline Hook": lambda v: (v["object_kind"], v["project"]["id"], v["object_attributes"]["id"]),
    "Job Hook": lambda v: (v["object_kind"], v["project_id"], v["pipeline_id"]),
}
