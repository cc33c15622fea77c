"""L11: the command's own requests end in their time, whatever the server sends meanwhile."""

import time

import httpx
import pytest

from sealrun_cli.lib import timed
from sealrun_cli.lib.bounded import read_limited
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.service import Service
from tests.sealrun.transport.test_deadline import dripping

pytestmark = pytest.mark.peers

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "drip"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-A: ", b"b", id="a header"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="100 Continue"),
        pytest.param(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", id="103 Early Hints"),
        pytest.param(b"", b"H", id="no line"),
    ],
)
def test_l11_a_dripped_head_ends_with_the_request(
    head: bytes, drip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed, "REQUEST_SECONDS", 0.4)
    with dripping(head, drip) as url, open_client() as http:
        began = time.monotonic()
        with pytest.raises(CliError, match="expected an answer, got ReadTimeout"):
            Service(http).send("GET", url)
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("begun", "drip"),
    [
        pytest.param(b"5;", b"a", id="what follows a chunk's size"),
        pytest.param(b"2\r\n{}\r\n0\r\n", b"X-T: a\r\n", id="trailers"),
        pytest.param(b"", b"1\r\nx\r\n", id="chunks of one byte"),
    ],
)
def test_l11_a_dripped_body_ends_in_its_time(begun: bytes, drip: bytes) -> None:
    """Also where nothing of it is a piece yet, so that nobody would look at a clock."""
    with dripping(CHUNKED + begun, drip) as url, open_client() as http, http.stream("GET", url) as answer:
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            read_limited(answer, 1 << 20, seconds=0.4)
        assert time.monotonic() - began < 2
