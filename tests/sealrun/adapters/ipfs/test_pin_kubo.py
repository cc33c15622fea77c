"""What the kubo adapter sends, and what it makes of answers; ``test_nodes.py`` has it talk to a real node."""

import email
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from sealrun.adapters.ipfs.kubo import KuboPinner
from sealrun.encoding.cars import car
from sealrun.encoding.measure import measure_document
from sealrun.errors import PinFailed
from tests.outgoing import HttpxClient
from tests.sealrun.adapters.ipfs.samples import SIZES, pattern

URL = "https://ipfs.test/node"
SECRET = "pin-token-1234"
DATA = b"some evidence"
MEASURED = measure_document(DATA)


def root(cid: object, error: str = "") -> httpx.Response:
    return httpx.Response(200, json={"Root": {"Cid": {"/": cid}, "PinErrorMsg": error}})


def pin(
    answer: Callable[[httpx.Request], httpx.Response], data: bytes = DATA, *, seconds: float = 5.0
) -> None:
    with HttpxClient(transport=httpx.MockTransport(answer)) as client:
        pinner = KuboPinner(client, url=URL, headers=lambda: {"Authorization": f"Bearer {SECRET}"})
        assert SECRET not in repr(vars(pinner))
        pinner.pin(lambda: [data], measure_document(data), seconds=seconds)


@pytest.mark.parametrize("size", SIZES)
def test_the_files_car_is_sent_as_a_form_of_one_part_and_of_the_length_that_is_told(size: int) -> None:
    data = pattern(size)
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return root(measure_document(data).cid)

    pin(answer, data)
    (request,) = sent
    assert str(request.url) == f"{URL}/api/v0/dag/import?pin-roots=true"
    assert request.method == "POST"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    assert "transfer-encoding" not in request.headers
    assert request.headers["content-length"] == str(len(request.content))
    head = f"Content-Type: {request.headers['content-type']}\n\n".encode()
    form = email.message_from_bytes(head + request.content)
    names = [part.get_param("name", header="content-disposition") for part in form.walk()]
    assert names == [None, "file"]
    assert b"".join(car(measure_document(data).cid, [data])) in request.content


def holds(answer: httpx.Response, sent: list[httpx.Request] | None = None) -> bool:
    def answers(request: httpx.Request) -> httpx.Response:
        (sent if sent is not None else []).append(request)
        return answer

    with HttpxClient(transport=httpx.MockTransport(answers)) as client:
        headers = {"Authorization": f"Bearer {SECRET}"}
        return KuboPinner(client, url=URL, headers=lambda: headers).holds(MEASURED.cid, seconds=5)


def test_a_node_is_asked_for_a_recursive_pin_of_the_cid() -> None:
    sent: list[httpx.Request] = []
    assert holds(httpx.Response(200, json={"Keys": {MEASURED.cid: {"Type": "recursive"}}}), sent)
    assert (sent[0].method, sent[0].headers["authorization"]) == ("POST", f"Bearer {SECRET}")
    assert str(sent[0].url) == f"{URL}/api/v0/pin/ls?arg={MEASURED.cid}&type=recursive"
    assert not holds(httpx.Response(200, json={"Keys": {MEASURED.cid: {"Type": "indirect"}}}))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"Message": "path is not pinned"}),
        httpx.Response(200, json={"Keys": {}}),
        httpx.Response(200, json={"Keys": {MEASURED.cid: "recursive"}}),
        httpx.Response(200, json=[]),
    ],
)
def test_a_node_that_does_not_name_the_pin_has_not_said_that_it_holds_it(answer: httpx.Response) -> None:
    with pytest.raises(PinFailed, match=r"^answer: expected"):
        holds(answer)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (root("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"), "got bafkreihdwd"),
        (root("Qm" + "x" * 300), r"got Qmx{98}$"),
        (root("<b>no cid"), "got none"),
        (root(None), "got none"),
        (root(MEASURED.cid, "no space"), "got an error of the node's"),
        (httpx.Response(200, json={"Root": None}), "expected the root of an import"),
        (httpx.Response(200, json=[]), "expected the root of an import"),
        (httpx.Response(200, content=b"<html>"), "expected JSON"),
        (httpx.Response(200, content=b""), "expected JSON"),
        (httpx.Response(200, content=b"[" * 60_000), "expected JSON"),
        (httpx.Response(500, json={"Message": f"bad {SECRET}"}), "got status 500$"),
        (httpx.Response(302, headers={"location": "https://other.test"}), "got status 302"),
        (httpx.Response(200, content=b" " * 70_000 + b"{}"), "got TooLong"),
    ],
)
def test_an_answer_that_is_not_the_pinned_root_is_an_error(answer: httpx.Response, says: str) -> None:
    with pytest.raises(PinFailed, match=says) as refused:
        pin(lambda _: answer)
    assert SECRET not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (httpx.ConnectError, "connection: expected one to the service, got none"),
        (httpx.ReadTimeout, "answer: expected one, got ReadTimeout"),
        (httpx.RemoteProtocolError, "answer: expected one, got NoAnswer"),
    ],
)
def test_no_answer_is_an_error_that_names_its_kind_and_carries_no_request(
    error: type[httpx.TransportError], says: str
) -> None:
    def fails(_: httpx.Request) -> httpx.Response:
        raise error(f"with {SECRET}")

    with pytest.raises(PinFailed, match=f"^{says}$") as refused:
        pin(fails)
    assert refused.value.__suppress_context__


def test_an_upload_that_takes_too_long_is_given_up() -> None:
    def reads(request: httpx.Request) -> httpx.Response:
        request.read()
        return root(MEASURED.cid)

    with pytest.raises(PinFailed, match="upload: expected it done in time"):
        pin(reads, seconds=-1.0)


def test_what_reading_the_bytes_raises_passes_through() -> None:
    def breaks() -> Iterator[bytes]:
        yield b"some"
        raise LookupError("the store is gone")

    with HttpxClient(transport=httpx.MockTransport(lambda request: json.loads(request.read()))) as client:
        pinner = KuboPinner(client, url=URL, headers=dict)
        with pytest.raises(LookupError, match="the store is gone"):
            pinner.pin(breaks, MEASURED, seconds=5)
