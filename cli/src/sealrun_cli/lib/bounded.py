"""Bodies of httpx's answers, bounded in size and in time."""

import time
from collections.abc import Iterator

import httpx

from sealrun.transport.deadline import each_within


class TooLong(httpx.RequestError):
    """The answer has too many bytes, or comes compressed; it was given up."""


def read_limited(response: httpx.Response, limit: int, *, seconds: float) -> bytes:
    """Read the whole body of a streamed response, which may have at most ``limit`` bytes.

    Raises:
        TooLong: the body is longer.
        ReadTimeout: the body as a whole took too long.
    """
    return b"".join(limited(response, limit, seconds=seconds))


def limited(response: httpx.Response, limit: int, *, seconds: float) -> Iterator[bytes]:
    """The body in pieces as they arrive, until one passes a limit.

    What the reader does with the pieces counts as well.

    Raises:
        TooLong: the body has more than ``limit`` bytes, or comes compressed.
        ReadTimeout: the body as a whole takes more than ``seconds``.
    """
    if response.headers.get("content-encoding", "identity") != "identity":
        raise TooLong("body: expected it as it is, got it compressed", request=response.request)
    ends, size = time.monotonic() + seconds, 0
    # A response that was made in memory (httpx.MockTransport) is read already.
    pieces = [response.content] if response.is_stream_consumed else response.iter_raw()
    for piece in each_within(pieces, seconds):
        size += len(piece)
        if size > limit:
            raise TooLong(f"body: expected at most {limit} bytes, got more", request=response.request)
        if time.monotonic() > ends:
            message = f"body: expected it within {seconds:g} s, got {size} bytes"
            raise httpx.ReadTimeout(message, request=response.request)
        yield piece
