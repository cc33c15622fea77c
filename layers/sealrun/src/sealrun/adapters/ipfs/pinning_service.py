"""Pins at any service that has the IPFS Pinning Service API: https://ipfs.github.io/pinning-services-api-spec/.

The API carries no bytes: the service fetches them by their CID from IPFS, so another pinner of the stack has
to stand before this one.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from sealrun.adapters.ipfs.form import ask, check_cid
from sealrun.encoding.measure import Measured
from sealrun.errors import PinFailed
from sealrun.ports.evidence import Content
from sealrun.transport.http import Client

POLL_SECONDS = 2.0
STATUSES = ("queued", "pinning", "pinned", "failed")
_REQUEST = r"[ -~]{1,200}"


class ServicePinner:
    """``sealrun.ports.evidence.Pinner`` over one service."""

    name = "psa"

    def __init__(
        self,
        client: Client,
        *,
        url: str,
        headers: Callable[[], Mapping[str, str]],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``url`` is what stands before ``/pins``; the headers hold the access token."""
        self._client, self._url, self._headers = client, url.rstrip("/"), headers
        self._sleep = sleep

    def holds(self, cid: str, *, seconds: float) -> bool:
        status = self._known(cid, seconds)
        return status is not None and _checked(status, cid) == "pinned"

    def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:  # noqa: ARG002
        """The bytes are not read. What the service knows already is not asked for again."""
        ends = time.monotonic() + seconds
        status = self._known(measured.cid, seconds) or self._ask(
            "POST", "/pins", ends, json={"cid": measured.cid}
        )
        while (word := _checked(status, measured.cid)) != "pinned":
            if word == "failed" or time.monotonic() + POLL_SECONDS > ends:
                raise PinFailed(f"status: expected pinned, got {word}")
            self._sleep(POLL_SECONDS)
            status = self._ask("GET", f"/pins/{quote(status['requestid'], safe='')}", ends)

    def close(self) -> None:
        self._client.close()

    def _known(self, cid: str, seconds: float) -> Any:
        """The service's newest request for this CID that did not fail, or None."""
        query = {"cid": cid, "status": "queued,pinning,pinned", "limit": "1"}
        answer = self._ask("GET", "/pins", time.monotonic() + seconds, params=query)
        try:
            return answer["results"][0] if answer["count"] else None
        except (KeyError, TypeError, IndexError):
            raise PinFailed("answer: expected a list of pins, got something else") from None

    def _ask(self, method: str, path: str, ends: float, **request: Any) -> Any:
        seconds = ends - time.monotonic()
        url = f"{self._url}{path}"
        return ask(self._client, method, url, headers=self._headers(), seconds=seconds, **request)


def _checked(status: Any, cid: str) -> str:
    """The status's word; the request's id and CID are looked at too."""
    try:
        word, name, pinned = status["status"], status["requestid"], status["pin"]["cid"]
    except (KeyError, TypeError):
        raise PinFailed("answer: expected a pin's status, got something else") from None
    if word not in STATUSES or not isinstance(name, str) or not re.fullmatch(_REQUEST, name):
        raise PinFailed("answer: expected a pin's status, got something else")
    check_cid(cid, pinned)
    return str(word)
