"""Why a request has no answer, by what may have happened at the other end.

OutgoingError
Blocked               not sent: we do not talk to this URL, or to the address behind it
ConnectError          not sent: there is no connection
ConnectTimeout    ... in time
ProxyError        ... because the proxy refuses it
NoAnswer              it may have been carried out: no whole answer came
ReadTimeout       ... in time
TooLong               the answer has too many bytes, comes compressed, or redirects too often
"""

import re

MAX_CAUSE = 160


class OutgoingError(Exception):
    """A request without an answer that can be used. No text of it holds a header or an address."""


class Blocked(OutgoingError):
    """The request was not sent: its URL, or the address behind it, is not one we talk to."""


class ConnectError(OutgoingError):
    """The request was not sent: there is no connection, or its TLS does not hold."""


class ConnectTimeout(ConnectError):
    """There was no connection in time."""


class ProxyError(ConnectError):
    """The proxy does not let it through; the text is the proxy's own."""


class NoAnswer(OutgoingError):
    """The request was sent, at least in part, and no whole answer came."""


class ReadTimeout(NoAnswer):
    """The answer did not come in time."""


class TooLong(OutgoingError):
    """The answer has too many bytes, comes compressed, or redirects too often; it was given up."""


def told(error: BaseException) -> str:
    """What kind of failure it is, with the words of TLS or the system, or a proxy's answer to CONNECT (R11).

    The client's own words are left out: they may repeat a request.
    """
    reason = one_line(str(error)) if isinstance(error, ProxyError) else reason_of(error.__cause__)
    return f"{type(error).__name__}: {reason}" if reason else type(error).__name__


def reason_of(cause: BaseException | None) -> str:
    """The words of TLS or the system that this error comes from; empty where there are none."""
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__ or cause.__context__
    return one_line(str(cause or ""))


def one_line(words: str) -> str:
    """The words on one line, and short."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", words)[:MAX_CAUSE].strip()
