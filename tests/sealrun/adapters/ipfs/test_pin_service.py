"""The Pinning Service API adapter, each request and answer held against the API's description."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from sealrun.adapters.ipfs.pinning_service import POLL_SECONDS, ServicePinner
from sealrun.encoding.measure import measure_document
from sealrun.errors import PinFailed
from tests.described import Described, DescribedTransport
from tests.outgoing import HttpxClient

DESCRIBED = Path(__file__).with_name("pinning_service.json")
HOST = "https://pinning-service.example.com"
SECRET = "pin-token-1234"
MEASURED = measure_document(b"some evidence")
OTHER = measure_document(b"other").cid


def unread() -> list[bytes]:
    raise AssertionError("expected the bytes left alone")


class Service:
    """A pinning service that pins what it was asked for after so many looks."""

    def __init__(self, *, looks: int = 0, ends_as: str = "pinned", refuses: int = 0) -> None:
        self.requests: list[str] = []
        self.pins: dict[str, str] = {}
        self._looks, self._ends_as, self._refuses = looks, ends_as, refuses

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        assert request.headers["authorization"] == f"Bearer {SECRET}"
        if self._refuses:
            return httpx.Response(self._refuses, json={"error": {"reason": f"bad {SECRET}"}})
        if request.method == "POST":
            name = f"request {len(self.pins)}/x"
            self.pins[name] = json.loads(request.content)["cid"]
            return httpx.Response(202, json=self._status(name))
        if request.url.path == "/pins":
            cid = request.url.params["cid"]
            # As services read it since version 1.0.0 of the API: one text, with commas.
            wanted = request.url.params["status"].split(",")
            known = [self._status(name) for name, pinned in self.pins.items() if pinned == cid]
            found = [each for each in known if each["status"] in wanted]
            return httpx.Response(200, json={"count": len(found), "results": found})
        self._looks -= 1
        return httpx.Response(200, json=self._status(request.url.path.removeprefix("/pins/")))

    def _status(self, name: str) -> dict[str, Any]:
        status = "pinning" if self._looks > 0 else self._ends_as
        made = {"requestid": name, "created": "2026-11-26T23:00:00Z", "delegates": ["/dnsaddr/a.test"]}
        return {**made, "status": status, "pin": {"cid": self.pins[name]}}


def pin(answer: Callable[[httpx.Request], httpx.Response], *, seconds: float = 60) -> list[float]:
    """Pin at a service that answers as described; how long was slept."""
    slept: list[float] = []
    transport = DescribedTransport(Described(DESCRIBED), httpx.MockTransport(answer), origin=HOST)
    with HttpxClient(transport=transport) as client:
        headers = {"Authorization": f"Bearer {SECRET}"}
        pinner = ServicePinner(client, url=f"{HOST}/", headers=lambda: headers, sleep=slept.append)
        assert SECRET not in repr(vars(pinner))
        pinner.pin(unread, MEASURED, seconds=seconds)
    return slept


def test_a_cid_is_asked_for_once_and_its_status_read_until_it_is_pinned() -> None:
    service = Service(looks=2)
    assert pin(service) == [POLL_SECONDS] * 2
    assert service.requests == ["GET /pins", "POST /pins", *["GET /pins/request 0/x"] * 2]
    assert pin(service) == []
    assert service.requests[4:] == ["GET /pins"], "expected no second request for what is pinned"


@pytest.mark.parametrize(("ends_as", "held"), [("pinned", True), ("pinning", False), ("queued", False)])
def test_a_service_holds_what_it_says_is_pinned(ends_as: str, held: bool) -> None:  # noqa: FBT001
    service = Service(ends_as=ends_as)
    transport = DescribedTransport(Described(DESCRIBED), httpx.MockTransport(service), origin=HOST)
    with HttpxClient(transport=transport) as client:
        pinner = ServicePinner(client, url=HOST, headers=lambda: {"Authorization": f"Bearer {SECRET}"})
        assert not pinner.holds(MEASURED.cid, seconds=5)
        service.pins["1"] = MEASURED.cid
        assert pinner.holds(MEASURED.cid, seconds=5) is held
    assert service.requests == ["GET /pins"] * 2


def test_a_pin_that_is_not_done_in_time_is_an_error() -> None:
    service = Service(looks=10**9)
    with pytest.raises(PinFailed, match=r"^status: expected pinned, got pinning$"):
        pin(service, seconds=POLL_SECONDS / 2)
    assert service.requests == ["GET /pins", "POST /pins"]


def test_a_pin_that_the_service_gives_up_is_an_error() -> None:
    service = Service(ends_as="failed")
    with pytest.raises(PinFailed, match=r"^status: expected pinned, got failed$"):
        pin(service)
    assert service.requests == ["GET /pins", "POST /pins"], "expected no further look"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 500])
def test_a_refusal_is_an_error_without_a_word_of_the_services(status: int) -> None:
    with pytest.raises(PinFailed, match=rf"^answer: expected a success, got status {status}$"):
        pin(Service(refuses=status))


def test_a_service_that_pins_another_cid_is_refused() -> None:
    service = Service()

    def other(request: httpx.Request) -> httpx.Response:
        answer = service(request)
        body = answer.content.replace(MEASURED.cid.encode(), OTHER.encode())
        return httpx.Response(answer.status_code, content=body, headers={"content-type": "application/json"})

    with pytest.raises(PinFailed, match=rf"^cid: expected {MEASURED.cid}, got {OTHER}$"):
        pin(other)


@pytest.mark.parametrize(
    "listed",
    [
        {},
        [],
        {"count": 1},
        {"count": 1, "results": []},
        {"count": 1, "results": [{"status": "pinned"}]},
        {"count": 1, "results": [{"status": "queued", "requestid": "\ud800", "pin": {"cid": MEASURED.cid}}]},
    ],
)
def test_an_answer_of_another_form_is_an_error(listed: Any) -> None:
    answer = httpx.Response(200, content=json.dumps(listed))
    with HttpxClient(transport=httpx.MockTransport(lambda _: answer)) as client:
        pinner = ServicePinner(client, url=HOST, headers=dict, sleep=lambda _: None)
        with pytest.raises(PinFailed, match=r"^answer: expected a (list of pins|pin's status), got"):
            pinner.pin(unread, MEASURED, seconds=5)
