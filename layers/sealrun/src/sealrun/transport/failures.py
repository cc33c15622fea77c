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
