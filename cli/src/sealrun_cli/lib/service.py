"""The operator's HTTP API, with bounded answers and its problem documents as errors."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from sealrun.chain.answers import OF_ANOTHER_FORM
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed
from sealrun.offers.offer import Offer
from sealrun_cli.lib.bounded import TooLong, limited, read_limited
from sealrun_cli.lib.errors import CliError

MAX_ANSWER_BYTES = 1 << 20
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
PROBLEM = "urn:sealrun:problem:"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
HERE = "where service and chain are your own, on this machine, add --unsafe-loopback"


# What stands in front of a function answers so where the function gave no answer.
_BEFORE = {
    403: ("unreachable", "the request was refused", "check the URL, then ask the operator"),
    413: ("too-large", "the request has too many bytes", "give smaller inputs"),
    429: ("throttled", "all places are taken, so nothing was done", "wait a minute, then try again"),
    502: ("no-answer", "the function ended, or answered with too many bytes", ""),
    503: ("no-answer", "the service is not there now", ""),
    504: ("no-answer", "the function took too long", ""),
}
_NEW_BUCKET = "a new S3 bucket redirects for some hours: try again later"
# A question that changes nothing is asked again after these pauses, in seconds.
PAUSES = (1.0, 3.0)
_TRY_AGAIN = (429, 502, 503, 504)


# Of a number of seconds; a longer one is none.
MAX_DIGITS = 5


def shown(url: str) -> str:
    """An address for a message: without what may be a password, before an ``@``, or a key, behind a ``?``."""
    return url.rpartition("@")[2].partition("?")[0][:200]


class Service:
    """Requests to one operator; ``http`` is passed in."""

    def __init__(self, http: httpx.Client, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._http, self._pause = http, pause

    def send(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        at_most: int = MAX_ANSWER_BYTES,
    ) -> httpx.Response:
        """The whole answer, whatever its status.

        Raises:
            CliError: there is none, or the URL is neither https nor one of this machine.
        """
        check_url(url)
        content = None if body is None else canonical(body)
        sent = {"Accept-Encoding": "identity", "Content-Type": "application/json", **(headers or {})}
        streamed = self._http.stream(method, url, headers=sent, timeout=TIMEOUT, content=content)
        with reaching(url), streamed as response:
            whole = read_limited(response, at_most, seconds=60.0)
            return httpx.Response(
                response.status_code, headers=response.headers, content=whole, request=response.request
            )

    def drop(self, url: str, form: Mapping[str, str], file: bytes, *, media_type: str) -> httpx.Response:
        """Send a form with a file; the answer, whatever its status.

        Raises:
            CliError: there is none, or the URL is neither https nor one of this machine.
        """
        check_url(url, "box")
        files = {"file": ("letter", file, media_type)}
        streamed = self._http.stream("POST", url, data=dict(form), files=files, timeout=TIMEOUT)
        with reaching(url), streamed as response:
            whole = read_limited(response, MAX_ANSWER_BYTES, seconds=60.0)
            return httpx.Response(response.status_code, content=whole, request=response.request)

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, *, at_most: int = MAX_ANSWER_BYTES
    ) -> dict[str, Any]:
        """The JSON object of a good answer."""
        return good(self._asked(url, headers, at_most))

    def look(self, url: str) -> tuple[dict[str, Any], int]:
        """The JSON object of a good answer, and in how many seconds the service wants to be asked again."""
        answer = self._asked(url, None, MAX_ANSWER_BYTES)
        said = answer.headers.get("retry-after", "")
        return good(answer), int(said) if said.isdecimal() and len(said) <= MAX_DIGITS else 0

    def rest(self, seconds: float) -> None:
        """Wait before the service is asked again."""
        self._pause(seconds)

    def body(self, url: str, *, at_most: int) -> bytes:
        """The bytes of a good answer."""
        answer = self._asked(url, None, at_most)
        if not answer.is_success:
            good(answer)
        return answer.content

    def _asked(self, url: str, headers: Mapping[str, str] | None, at_most: int) -> httpx.Response:
        """A GET, again where the function gave no answer."""
        for seconds in PAUSES:
            answer = self.send("GET", url, headers=headers, at_most=at_most)
            if answer.status_code not in _TRY_AGAIN or _is_problem(answer):
                return answer
            self._pause(seconds)
        return self.send("GET", url, headers=headers, at_most=at_most)

    @contextmanager
    def stream(self, url: str, *, at_most: int) -> Iterator[Iterator[bytes]]:
        """The bytes of a good answer as they arrive; within an hour, or the connection counts as stuck."""
        check_url(url)
        headers = {"Accept-Encoding": "identity"}
        with reaching(url), self._http.stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
            if not response.is_success:
                later = _NEW_BUCKET if response.is_redirect else ""
                raise CliError(
                    "unreachable", f"{shown(url)}: expected a file, got {response.status_code}", later
                )
            yield limited(response, at_most, seconds=3600.0)

    def offer(self, url: str) -> Offer:
        """The offer, parsed from the document itself, so that its hash is the caller's own.

        Raises:
            CliError: the URL is no offer's, or the document is another offer's than the URL says.
        """
        return self.offer_and_view(url)[0]

    def offer_and_view(self, url: str) -> tuple[Offer, dict[str, Any]]:
        """The offer, and all that the operator says of it; raises what ``offer`` does."""
        if "/offers/" not in url:
            detail = f"url: expected URL/offers/OFFER, got {shown(url)}"
            raise CliError(
                "bad-request", detail, "copy the whole address that the seller's `publish` printed"
            )
        view = self.get(url)
        return offer_in(view, url), view


def offer_in(view: Mapping[str, Any], url: str) -> Offer:
    """The offer in what its address answered.

    Raises:
        CliError: the document is another offer's than the URL says, or the answer has none.
    """
    with well_formed("offer", url):
        offer = Offer.parse(canonical(view["document"]))
    if not url.endswith(f"/offers/{offer.id}"):
        raise CliError("offer", f"offer: expected the document of {url}, got that of {offer.id}")
    return offer


@contextmanager
def well_formed(kind: str, where: str) -> Iterator[None]:
    """Turn what reading a malformed answer raises into an error that names its address.

    Raises:
        CliError: of this kind, where a member is missing or of another type.
    """
    try:
        yield
    except OF_ANOTHER_FORM as error:
        got = f"{type(error).__name__}: {error}"[:120]
        raise CliError(kind, f"{shown(where)}: expected an answer of its form, got {got}") from error


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn errors of the connection into ones that name the address that was asked.

    Raises:
        CliError: there was no answer from it.
    """
    try:
        yield
    except TooLong as error:
        raise CliError("too-large", f"{shown(url)}: {error}") from error
    except httpx.HTTPError as error:
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        following = HERE if isinstance(error, httpx.UnsupportedProtocol) and is_here(url) else ""
        raise CliError("unreachable", f"{shown(url)}: expected an answer, got {why}", following) from error


def check_url(url: str, name: str = "url") -> None:
    """Require https, except on this machine: tokens, signatures and settlement data travel encrypted only."""
    parsed = _parsed(url, name)
    if parsed.scheme != "https" and not (parsed.scheme == "http" and parsed.host in LOOPBACK):
        raise CliError("bad-request", f"{name}: expected https://, got {shown(url)}")


def is_here(url: str) -> bool:
    """Whether the address is one of this machine, whose owner may then be trusted with others on it."""
    return _parsed(url, "url").host in LOOPBACK


def _parsed(url: str, name: str) -> httpx.URL:
    """The address, which a service may have named: one that no name server could be asked about is none.

    Raises:
        CliError: it is none.
    """
    try:
        parsed = httpx.URL(url)
        parsed.raw_host.decode("ascii").encode("idna")  # as a socket does, for empty and long labels
        _ = parsed.host  # decodes labels of IDNA
        (parsed.port or 0).to_bytes(2)  # beyond which no port is
    except (httpx.InvalidURL, UnicodeError, OverflowError) as error:
        detail = f"{name}: expected an address that can be asked, got {shown(url)}"
        raise CliError("bad-request", detail) from error
    return parsed


def good(response: httpx.Response) -> dict[str, Any]:
    """The answer's object, if its status is a good one.

    Raises:
        CliError: it is not, or the body is no JSON object.
    """
    if response.status_code in _BEFORE and not _is_problem(response):
        raise _unanswered(response)
    try:
        value = parse_object(response.content, at_most=len(response.content))
    except Malformed:
        detail = f"{shown(str(response.url))}: expected JSON, got {response.status_code} without"
        raise CliError("unreachable", detail) from None
    if not response.is_success:
        kind = str(value.get("type", "")).removeprefix(PROBLEM)
        kind = "unreachable" if kind in ("", "about:blank") else kind
        raise CliError(kind, _problem_text(response, value))
    return value


def _is_problem(response: httpx.Response) -> bool:
    """A problem document of the service itself."""
    return str(response.headers.get("content-type", "")).startswith("application/problem+json")


def _unanswered(response: httpx.Response) -> CliError:
    kind, why, following = _BEFORE[response.status_code]
    got = f"{response.status_code} from what stands in front of it, such as AWS Lambda: {why}"
    asked = shown(str(response.url))
    return CliError(kind, f"{asked}: expected an answer of the service, got {got}", following)


def _problem_text(response: httpx.Response, value: Mapping[str, Any]) -> str:
    """The problem's own words; a server that has none may not be an operator's."""
    title = f" {value['title']}" if value.get("title") else ""
    otherwise = f"{shown(str(response.url))}: expected a good answer, got {response.status_code}{title}"
    return str(value.get("detail") or otherwise)[:500]
