"""What adapters of pinning services share: an upload of a file's CAR as a form, and answers in JSON."""

import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from json import loads
from typing import Any

from sealrun.encoding.cars import car, car_size
from sealrun.encoding.measure import Measured
from sealrun.errors import PinFailed, PinnerAway
from sealrun.ports.evidence import Content
from sealrun.transport.connections import Waits
from sealrun.transport.failures import ConnectError, OutgoingError, reason_of
from sealrun.transport.http import Body, Client
from sealrun.transport.requests import json_body, with_query

MAX_ANSWER = 64 << 10
# How many characters of an unexpected CID a message shows.
_SHOWN = 100


def post_car(
    client: Client,
    url: str,
    content: Content,
    measured: Measured,
    *,
    fields: Mapping[str, str],
    headers: Mapping[str, str],
    params: Mapping[str, str],
    seconds: float,
) -> Any:
    """Upload the file's CAR as the part ``file`` of a form, with these fields before it; the answer's JSON.

    Raises:
        PinFailed: no answer in time, or not the one that was expected.
    """
    boundary = secrets.token_hex(16)
    head, tail = _around(boundary, fields, measured.cid)
    ends = time.monotonic() + seconds
    chunks = in_time(ends, car(measured.cid, content()))
    sent = {
        **headers,
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "Content-Length": str(len(head) + car_size(measured.size) + len(tail)),
    }
    body = _joined(head, chunks, tail)
    return ask(client, "POST", url, headers=sent, params=params, body=body, seconds=seconds)


def ask(
    client: Client,
    method: str,
    url: str,
    *,
    seconds: float,
    headers: Mapping[str, str],
    params: Mapping[str, str] | None = None,
    json: Any = None,
    body: Body | None = None,
) -> Any:
    """One request, with a body or with JSON; the answer's JSON.

    Raises:
        PinFailed: no answer in time, no success, or no JSON. It repeats nothing of what the service wrote.
    """
    wait = max(seconds, 1.0)
    sent = dict(headers)
    if json is not None:
        named, body = json_body(json)
        sent |= named
    target, waits = with_query(url, params or {}), Waits(connect=5.0, each=wait)
    with _translated(), client.open(method, target, headers=sent, body=body, waits=waits) as answer:
        if not answer.is_success:
            raise PinFailed(f"answer: expected a success, got status {answer.status}")
        return loads(answer.read(MAX_ANSWER, seconds=wait))


def in_time(ends: float, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes, as long as the monotonic clock has not passed ``ends``.

    Raises:
        PinFailed: there is no time left.
    """
    for chunk in chunks:
        if time.monotonic() > ends:
            raise PinFailed("upload: expected it done in time, got no further")
        yield chunk


def check_cid(expected: str, got: object) -> None:
    """A service that keeps another CID keeps other bytes, or has cut them otherwise.

    Raises:
        PinFailed: they differ.
    """
    if got != expected:
        shown = got if isinstance(got, str) and got.isascii() and got.isalnum() else "none"
        raise PinFailed(f"cid: expected {expected}, got {shown[:_SHOWN]}")


@contextmanager
def _translated() -> Iterator[None]:
    """Without the cause: the request beside it holds the token."""
    try:
        yield
    except ConnectError as error:
        reason = reason_of(error.__cause__)
        words = f": {reason}" if reason else ""
        raise PinnerAway(f"connection: expected one to the service, got none{words}") from None
    except OutgoingError as error:
        raise PinFailed(f"answer: expected one, got {type(error).__name__}") from None
    except (ValueError, RecursionError):
        raise PinFailed("answer: expected JSON, got something else") from None


def _around(boundary: str, fields: Mapping[str, str], name: str) -> tuple[bytes, bytes]:
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    plain = "".join(f'{part}{field}"\r\n\r\n{value}\r\n' for field, value in fields.items())
    file = f'{part}file"; filename="{name}.car"\r\nContent-Type: application/vnd.ipld.car\r\n\r\n'
    return (plain + file).encode(), f"\r\n--{boundary}--\r\n".encode()


def _joined(head: bytes, chunks: Iterable[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from chunks
    yield tail
