"""Requests of a function URL: which handler answers them, with sealrun's errors and limits.

Powertools' resolver does as much and more; importing it takes as long as the rest of a function.
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, NamedTuple

from sealrun.adapters.aws import first_answer
from sealrun.adapters.aws.log import Logger
from sealrun.encoding.json_limits import MAX_BODY_BYTES
from sealrun.encoding.networks import network_of
from sealrun.errors import Malformed, SealrunError, StoreUnavailable, WrongMethod
from sealrun.ports.meter import Meter
from sealrun.runs.record import Record
from sealrun.service.browsers import VARY, asks_for_page, elsewhere, is_shown_to_browsers, page_address
from sealrun.service.problems import plain_problem, problem
from sealrun.service.views import public_view

# The header with CloudFront's secret, for functions whose URLs anyone could reach.
ORIGIN_HEADER = "x-sealrun-origin"
# What a buyer, seller or operator signs to read, and until when.
_RIGHT = {"key": "sealrun-key", "expires_at": "sealrun-expires-at", "signature": "sealrun-signature"}


class Event:
    """One request, as https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html has it."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        http = event["requestContext"]["http"]
        self.method: str = http["method"]
        self.source_ip: str = http["sourceIp"]  # the other end of the connection
        self.path: str = event["rawPath"]  # percent-encoded
        self.headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        self.raw_query: str = event.get("rawQueryString") or ""
        self.query: Mapping[str, str] = event.get("queryStringParameters") or {}
        self.body: str = event.get("body") or ""
        self.is_base64: bool = event.get("isBase64Encoded", False)


class Response(NamedTuple):
    """What a handler answers; the body is text."""

    status_code: int
    body: str
    content_type: str = ""
    headers: Mapping[str, str] = {}

    def as_event(self) -> dict[str, Any]:
        """In the form that the function URL takes."""
        content = {"Content-Type": self.content_type} if self.content_type else {}
        return {
            "statusCode": int(self.status_code),
            "headers": {**content, **self.headers},
            "body": self.body,
            "isBase64Encoded": False,
        }


Handler = Callable[..., Response]


class _Route(NamedTuple):
    method: str
    path: str
    pattern: re.Pattern[str]
    handler: Handler


class App:
    """The routes of one function: ``@app.get("/offers/<offer>")`` above a handler that takes ``offer``.

    Routes are tried in the order in which they are declared.
    """

    def __init__(
        self, logger: Logger, meter: Meter | None = None, *, page: str = "", service: str = ""
    ) -> None:
        """``page`` is where browsers find the buyer's page; without one they get what programs get."""
        self._logger, self._meter = logger, meter
        self._page, self._service = page, service
        self._routes: list[_Route] = []
        # Each thread has its own: a program may answer several requests at once.
        self._event: ContextVar[Event] = ContextVar("sealrun-request")

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Method and path of each, as they were declared."""
        return [(route.method, route.path) for route in self._routes]

    @property
    def current_event(self) -> Event:
        """The request that is answered now."""
        return self._event.get()

    def get(self, path: str) -> Callable[[Handler], Handler]:
        """Answer GET requests of this path."""
        return self._declare("GET", path)

    def post(self, path: str) -> Callable[[Handler], Handler]:
        """Answer POST requests of this path."""
        return self._declare("POST", path)

    def _declare(self, method: str, path: str) -> Callable[[Handler], Handler]:
        pattern = re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", path))

        def declare(handler: Handler) -> Handler:
            self._routes.append(_Route(method, path, pattern, handler))
            return handler

        return declare

    def resolve(self, event: Mapping[str, Any], _context: object = None) -> dict[str, Any]:
        """Answer one request; every error is answered with a problem document, and logged and counted."""
        request = Event(event)
        token = self._event.set(request)
        try:
            return self._told_apart(request, self._outcome(request)).as_event()
        finally:
            self._event.reset(token)
            first_answer.is_made()

    def _outcome(self, request: Event) -> Response:
        try:
            return self._answer(request)
        except SealrunError as error:
            self._logger.info("refused", type=error.type, detail=error.detail, aws=words(error))
            if self._meter:
                self._meter.count("Refused", type=error.type)
            return _response(problem(error))
        except Exception as error:
            self._logger.exception("failed", exc_info=error)
            return _response(plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR))

    def page_address(self) -> str:
        """Where the buyer's page shows what is asked for now; empty where there is no page."""
        request = self.current_event
        where = {"page": self._page, "service": self._service}
        return page_address(request.path, request.raw_query, **where) if self._page else ""

    def _told_apart(self, request: Event, response: Response) -> Response:
        """The answer, which no cache may give to a browser in place of a program, or the other way."""
        if self._page and request.method == "GET" and is_shown_to_browsers(request.path):
            return response._replace(headers={**response.headers, **VARY})
        return response

    def _answer(self, request: Event) -> Response:
        if self._leads_away(request):
            return Response(HTTPStatus.SEE_OTHER, body="", headers=elsewhere(self.page_address()))
        tried = [(route, route.pattern.fullmatch(request.path)) for route in self._routes]
        matches = [(route, match) for route, match in tried if match]
        for route, match in matches:
            if route.method == request.method:
                return route.handler(**match.groupdict())
        if matches:
            return _response(problem(WrongMethod(*sorted({route.method for route, _ in matches}))))
        return _response(plain_problem(HTTPStatus.NOT_FOUND))

    def _leads_away(self, request: Event) -> bool:
        """True for a browser's look at a call, a ticket or the root; an offer has a page of its own."""
        if not self._page or request.method != "GET" or not asks_for_page(request.headers):
            return False
        here = request.path.startswith("/offers/") or request.path == self._page
        return is_shown_to_browsers(request.path) and not here


def resolver(logger: Logger, meter: Meter | None = None, *, page: str = "", service: str = "") -> App:
    """The routes of one function, none yet; see ``App``."""
    return App(logger, meter, page=page, service=service)


def serve(app: App, event: dict[str, Any], context: object, *, digests: Sequence[str]) -> dict[str, Any]:
    """Answer requests that carry CloudFront's secret, and refuse all others.

    ``digests`` are the SHA-256 digests of the accepted secrets: two while one replaces the other. Without
    any, every request is answered.
    """
    shown = hashlib.sha256(event.get("headers", {}).get(ORIGIN_HEADER, "").encode()).hexdigest()
    if digests and not any(hmac.compare_digest(shown, digest) for digest in digests):
        status, headers, body = plain_problem(HTTPStatus.FORBIDDEN)
        return {"statusCode": int(status), "headers": headers, "body": body}
    return app.resolve(event, context)


def put_off(logger: Logger) -> Callable[[int, SealrunError], None]:
    """Logs why a call's step waits for a later look."""

    def log(call_hash: int, error: SealrunError) -> None:
        call = f"{call_hash:064x}"
        logger.warning("put off", call=call, type=error.type, detail=error.detail, aws=words(error))

    return log


def words(error: SealrunError) -> str | None:
    """AWS's own words, if there are any: for the log beside an error's detail, and for no stranger."""
    return error.words or None if isinstance(error, StoreUnavailable) else None


def sender(app: App, *, header: str) -> str:
    """The sender that the rate limit counts: CloudFront's viewer, or the other end of the connection.

    ``header`` holds ``ADDRESS:PORT``, like CloudFront-Viewer-Address. Name one only where ``serve`` refuses
    requests that did not come through CloudFront, which writes it. An IPv6 address counts as its network.
    """
    event = app.current_event
    connection = event.source_ip
    address = event.headers.get(header, "").rpartition(":")[0].strip("[]") if header else connection
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return connection
    return network_of(address)


def right_of(headers: Mapping[str, str]) -> dict[str, str]:
    """A right to read, by its parts' names; empty where none is shown."""
    return {name: headers[header] for name, header in _RIGHT.items() if header in headers}


def body_bytes(app: App, *, at_most: int = MAX_BODY_BYTES) -> bytes:
    """The request's body as it came.

    Raises:
        Malformed: it is larger than ``at_most`` bytes once decoded, or cannot be decoded.
    """
    event = app.current_event
    try:
        body = base64.b64decode(event.body, validate=True) if event.is_base64 else event.body.encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed("body: expected UTF-8, got something else") from error
    if len(body) > at_most:
        raise Malformed(f"body: expected at most {at_most} bytes, got {len(body)}")
    return body


def answer(
    value: Mapping[str, Any],
    *,
    status: HTTPStatus = HTTPStatus.OK,
    location: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A JSON answer."""
    all_headers = {**(headers or {}), **({"Location": location} if location else {})}
    return Response(status, content_type="application/json", body=json.dumps(value), headers=all_headers)


def taken(record: Record, *, public_url: str, headers: Mapping[str, str]) -> Response:
    """202 with the state of a call that was taken, and where to look for it."""
    location = f"{public_url}/calls/{record.id}"
    value = {**public_view(record), "url": location}
    return answer(value, status=HTTPStatus.ACCEPTED, location=location, headers=headers)


def _response(parts: tuple[int, dict[str, str], str]) -> Response:
    status, headers, body = parts
    return Response(status, body=body, headers=headers)
