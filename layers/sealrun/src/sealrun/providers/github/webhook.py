"""GitHub's webhook deliveries: is one genuine, and which run is it about? Nothing else is believed (R6).

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries. Pure: bytes and the time
come in. GitHub signs no time of its own: the window is about the run's last change, which the signed body
has, so a delivery that is sent again later wakes nobody, and the schedule looks at the run instead.
"""

import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime

from sealrun.encoding.origins import origin_of
from sealrun.errors import Malformed
from sealrun.providers.github.rules import RULES
from sealrun.runs.record import RunKey

MAX_BODY_BYTES = 1 << 20
WINDOW_SECONDS = 600
MAX_ID = 2**63 - 1
# https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
_GOES_ON = ("requested", "in_progress")
_EVENT, _SIGNATURE = "x-github-event", "x-hub-signature-256"


class GitHubDeliveries:
    """``sealrun.ports.deliveries.Deliveries`` for GitHub: the event ``workflow_run``."""

    def plausible(self, body: bytes, headers: Mapping[str, str], *, now: int) -> bool:
        """A delivery has a signature of its form, and is about a run that changed not long ago."""
        lower = {name.lower(): value for name, value in headers.items()}
        signed = re.fullmatch(r"sha256=[0-9a-f]{64}", lower.get(_SIGNATURE, ""), re.ASCII)
        return bool(signed) and len(body) <= MAX_BODY_BYTES and _is_new(body, now)

    def run(self, body: bytes, headers: Mapping[str, str]) -> RunKey | None:
        """The run's name across providers; its origin is that of the repository's API URL.

        A run that is said to go on is nothing to wake anybody for: the sweep looks at it in its time.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        if lower.get(_EVENT) != "workflow_run" or len(body) > MAX_BODY_BYTES:
            return None
        try:
            value = json.loads(body)
            run, repository = value["workflow_run"]["id"], value["repository"]
            origin, project = origin_of(repository["url"]), repository["full_name"]
            named = re.fullmatch(RULES.project_pattern, project, re.ASCII)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, Malformed):
            return None
        if value.get("action") in _GOES_ON or not named:
            return None
        if type(run) is not int or not 0 < run <= MAX_ID:
            return None
        return RunKey("github", origin, project, run)

    def hold(self, body: bytes, headers: Mapping[str, str], *, secret: str, now: int) -> bool:
        """True if the holder of the secret sent these very bytes, and the run changed not long ago."""
        lower = {name.lower(): value for name, value in headers.items()}
        if not secret or len(body) > MAX_BODY_BYTES:
            return False
        given = lower.get(_SIGNATURE, "").encode("utf-8", "surrogatepass")
        return hmac.compare_digest(given, signature(body, secret).encode()) and _is_new(body, now)


def signature(body: bytes, secret: str) -> str:
    """The header ``X-Hub-Signature-256`` for these bytes."""
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def _is_new(body: bytes, now: int) -> bool:
    try:
        changed = datetime.fromisoformat(json.loads(body)["workflow_run"]["updated_at"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
        return False
    return abs(now - changed) <= WINDOW_SECONDS
