"""sealrun's client over httpx, whose servers can be functions, and httpx over sealrun's client."""

from collections.abc import Iterator, Mapping

import httpx

from sealrun.transport.connections import Waits
from sealrun.transport.failures import (
    Blocked,
    ConnectError,
    ConnectTimeout,
    NoAnswer,
    OutgoingError,
    ProxyError,
    ReadTimeout,
)
from sealrun.transport.http import Answer, Body, Client

ENDLESS = 1 << 40
_FAILURES: tuple[tuple[type[httpx.HTTPError], type[OutgoingError]], ...] = (
    (httpx.ConnectTimeout, ConnectTimeout),
    (httpx.PoolTimeout, ConnectTimeout),
    (httpx.ProxyError, ProxyError),
    (httpx.ConnectError, ConnectError),
    (httpx.TimeoutException, ReadTimeout),
)


class HttpxClient(httpx.Client):
    """``sealrun.transport.http.Client`` as well: ``HttpxClient(transport=httpx.MockTransport(answer))``."""

    def open(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        waits: Waits | None = None,
    ) -> Answer:
        try:
            response = self.send(self.build_request(method, url, headers=headers, content=body), stream=True)
        except httpx.HTTPError as error:
            raise _failure(error) from error
        return Answer(response.status_code, response.headers, _pieces(response), release=response.close)


class Through(httpx.BaseTransport):
    """What httpx sends goes out by sealrun's client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        try:
            answer = self._client.open(request.method, str(request.url), headers=headers, body=request.read())
        except Blocked as error:
            raise httpx.RequestError(str(error)) from error
        except ConnectError as error:
            raise httpx.ConnectError(str(error)) from error
        except OutgoingError as error:
            raise httpx.ReadError(str(error)) from error
        return httpx.Response(answer.status, headers=dict(answer.headers), stream=_Stream(answer))

    def close(self) -> None:
        self._client.close()


class _Stream(httpx.SyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.pieces(ENDLESS, seconds=600)

    def close(self) -> None:
        self._answer.close()


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """A response of ``httpx.MockTransport`` may be read already."""
    try:
        yield from [response.content] if response.is_stream_consumed else response.iter_raw()
    except httpx.HTTPError as error:
        raise _failure(error) from error


def _failure(error: httpx.HTTPError) -> OutgoingError:
    kind = next((ours for theirs, ours in _FAILURES if isinstance(error, theirs)), NoAnswer)
    return kind(str(error))
