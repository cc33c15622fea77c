"""The Pinata adapter by the documented shapes: https://docs.pinata.cloud/api-reference/endpoint/upload-a-file."""

import email
from typing import Any

import httpx
import pytest

from sealrun.adapters.ipfs.pinata import PinataPinner
from sealrun.encoding.cars import car
from sealrun.encoding.measure import measure_document
from sealrun.errors import PinFailed
from tests.outgoing import HttpxClient

DATA = b"some evidence"
CID = measure_document(DATA).cid
OTHER = measure_document(b"other").cid
SECRET = "jwt-1234"


def uploaded(cid: object) -> dict[str, Any]:
    return {
        "data": {"id": "1", "name": "x", "cid": cid, "size": 1, "number_of_files": 1, "network": "public"}
    }


def pin(answer: httpx.Response) -> httpx.Request:
    """Pin once; the request that was sent."""
    sent: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer

    with HttpxClient(transport=httpx.MockTransport(answers)) as client:
        headers = {"Authorization": f"Bearer {SECRET}"}
        pinner = PinataPinner(client, url="https://uploads.pinata.cloud", headers=lambda: headers)
        assert SECRET not in repr(vars(pinner))
        pinner.pin(lambda: [DATA], measure_document(DATA), seconds=5)
    return sent[0]


def test_a_car_is_uploaded_to_the_public_network() -> None:
    request = pin(httpx.Response(200, json=uploaded(CID)))
    assert (request.method, str(request.url)) == ("POST", "https://uploads.pinata.cloud/v3/files")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert request.headers["content-length"] == str(len(request.content))
    head = f"Content-Type: {request.headers['content-type']}\n\n".encode()
    parts = [*email.message_from_bytes(head + request.content).walk()][1:]
    names = [str(part.get_param("name", header="content-disposition")) for part in parts]
    plain = [part.get_payload() for part in parts[:3]]
    assert dict(zip(names, plain, strict=False)) == {"network": "public", "name": CID, "car": "true"}
    assert names[3:] == ["file"]
    assert b"".join(car(CID, [DATA])) in request.content


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(200, json=uploaded(OTHER)), f"^cid: expected {CID}, got {OTHER}$"),
        (httpx.Response(200, json=uploaded(None)), "got none"),
        (httpx.Response(200, json={}), "expected the data of an upload"),
        (httpx.Response(200, json={"data": []}), "expected the data of an upload"),
        (httpx.Response(401, json={"error": SECRET}), "got status 401$"),
    ],
)
def test_an_answer_without_our_cid_is_an_error(answer: httpx.Response, says: str) -> None:
    with pytest.raises(PinFailed, match=says) as refused:
        pin(answer)
    assert SECRET not in str(refused.value)
