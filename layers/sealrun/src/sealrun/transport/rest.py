"""What the REST APIs of CI providers have in common: JSON, files in pieces, failures as our errors."""

import json
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from sealrun.errors import ProviderBusy, ProviderError, ProviderRefused, ProviderTooLong, ProviderUnclear
from sealrun.runs.judge import CALL_INPUT
from sealrun.runs.run import Run
from sealrun.transport.failures import Blocked, ConnectError, OutgoingError, TooLong, told
from sealrun.transport.http import Answer, Client, follow
from sealrun.transport.requests import json_body, with_query

MAX_JSON_BYTES = 4 << 20
# A refused connection or a 429 without a time: long enough not to press, short enough for the start window.
PAUSE_SECONDS = 30
MAX_PAUSE_SECONDS = 600
MAX_WORDS = 300
_TITLE_WITHIN = 4096


# What RFC 8785 can hold, and so what a receipt's documents can say.
MAX_WHOLE = 2**53 - 1
# Names of jobs and refs are shorter by far. A call's record holds its run's link, and has to fit the table.
MAX_TEXT = 4096
MAX_LINK = 2048
_WHATEVER_INPUTS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


def _whole_text(value: Any) -> Any:
    """The value with U+FFFD in place of each half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole_text(item) for item in value]
    if isinstance(value, dict):
        return {_whole_text(name): _whole_text(item) for name, item in value.items()}
    return value


class Reader:
    """Reads the members of one provider's answers; ProviderUnclear where an answer is not of its form."""

    def __init__(self, provider: str) -> None:
        """``provider`` stands at the beginning of every message."""
        self._provider = provider

    def json_value(self, body: bytes) -> Any:
        """The body as JSON; half surrogates are replaced, for nothing that is signed can hold them (L14)."""
        try:
            # Of bytes, Python takes half surrogates as they are, and UTF-16.
            text = body.decode("utf-8-sig", "replace")
            value = json.loads(text)
            return _whole_text(value) if "\\ud" in text.lower() else value
        except (ValueError, RecursionError) as error:
            raise self.unclear("expected JSON, got something else") from error

    def one_object(self, value: Any) -> dict[str, Any]:
        """The value, which must be a JSON object."""
        if not isinstance(value, dict):
            raise self.unclear(f"expected an object, got {type(value).__name__}")
        return value

    def objects(self, value: Any) -> list[dict[str, Any]]:
        """The value, which must be a list of JSON objects."""
        if not isinstance(value, list):
            raise self.unclear(f"expected a list, got {type(value).__name__}")
        return [self.one_object(item) for item in value]

    def whole(self, value: Any, name: str) -> int:
        """A member that must be a whole number."""
        member = self.one_object(value).get(name)
        if not isinstance(member, int) or isinstance(member, bool):
            raise self.unclear(f"expected a whole number as {name}, got {type(member).__name__}")
        if not 0 <= member <= MAX_WHOLE:
            raise self.unclear(f"expected a whole number from 0 to {MAX_WHOLE} as {name}, got another")
        return member

    def text(self, value: Mapping[str, Any], name: str) -> str:
        """A member that must be a string of at most 4,096 characters."""
        member = value.get(name)
        if not isinstance(member, str):
            raise self.unclear(f"expected text as {name}, got {type(member).__name__}")
        if len(member) > MAX_TEXT:
            raise self.unclear(f"expected at most {MAX_TEXT} characters as {name}, got {len(member)}")
        return member

    def link(self, value: Mapping[str, Any], name: str) -> str:
        """A web address for people to follow; empty where the member is none, or is too long to keep."""
        member = value.get(name)
        if not isinstance(member, str) or len(member) > MAX_LINK:
            return ""
        return member if re.fullmatch(r"https?://[!-~]+", member) else ""

    def seconds(self, value: Mapping[str, Any], name: str) -> int:
        """A member that is a time by ISO 8601, as Unix seconds; 0 where there is none."""
        stamp = value.get(name)
        if stamp is None:
            return 0
        try:
            unix_seconds = int(datetime.fromisoformat(stamp).timestamp())
        except (TypeError, ValueError, OverflowError) as error:
            raise self.unclear(f"expected a time as {name}, got something else") from error
        if unix_seconds < 0:
            raise self.unclear(f"expected a time since 1970 as {name}, got an earlier one")
        return unix_seconds

    def unclear(self, words: str) -> ProviderUnclear:
        """The error for an answer that is not of its form."""
        return ProviderUnclear(f"{self._provider}: {words}")

    @contextmanager
    def translated(self, *, too_long: type[ProviderError] = ProviderUnclear) -> Iterator[None]:
        """Raise the failures of a request as the provider's errors."""
        try:
            yield
        except Blocked as error:
            raise ProviderRefused(f"{self._provider}: {error}") from error
        except TooLong as error:
            raise too_long(f"{self._provider}: {error}") from error
        except ConnectError as error:
            words = f"{self._provider}: no connection, nothing was sent ({told(error)})"
            raise ProviderBusy(words, retry_after=PAUSE_SECONDS) from error
        except OutgoingError as error:
            raise self.unclear(f"no whole answer ({told(error)})") from error


class Rest:
    """One provider's API, asked with one credential, which goes to the origin of each URL only.

    ``check`` gets an answer without success, its body and the present time in Unix seconds, and raises
    what it means. Nothing is sent twice but a GET.
    """

    def __init__(
        self,
        client: Client,
        reader: Reader,
        *,
        credential: Mapping[str, str],
        check: Callable[[Answer, bytes, float], None],
        clock: Callable[[], float],
        origins: Collection[str],
        max_stream_seconds: float,
    ) -> None:
        """``origins`` are where files may be redirected to; the credential does not go there (L9)."""
        self._client, self._reader, self._credential = client, reader, credential
        self._check, self._clock = check, clock
        self._origins, self._max_seconds = origins, max_stream_seconds

    def get(self, url: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A JSON object."""
        return self._reader.one_object(self.send("GET", url, params=params)[0])

    def send(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, json: Any = None
    ) -> tuple[Any, Mapping[str, str]]:
        """One request; its answer's JSON and headers. A GET without a clear answer is asked once more."""
        target = with_query(url, params or {})
        try:
            return self._send_once(method, target, json)
        except ProviderUnclear:
            if method != "GET":
                raise
        return self._send_once(method, target, json)

    def _send_once(self, method: str, url: str, value: Any) -> tuple[Any, Mapping[str, str]]:
        headers, body = json_body(value) if value is not None else ({}, None)
        headers = {**headers, **self._credential}
        with self._reader.translated(), self._client.open(method, url, headers=headers, body=body) as answer:
            content = answer.read(MAX_JSON_BYTES)
        self._checked(answer, content)
        if answer.status == HTTPStatus.NO_CONTENT:
            return None, answer.headers
        return self._reader.json_value(content), answer.headers

    @contextmanager
    def stream(self, url: Callable[[], str], limit: int, *, page: bool = False) -> Iterator[Iterator[bytes]]:
        """A file in pieces as they arrive; the URL is made when the file is asked for.

        ``page`` lets the file be a web page, for a caller who can tell it from one that comes in its place.

        Raises:
            ProviderTooLong: it has more than ``limit`` bytes.
            ProviderRefused: it is a web page without ``page``.
        """
        opened = follow(self._client, url(), credential=self._credential, origins=self._origins)
        with self._reader.translated(too_long=ProviderTooLong), opened as answer:
            if not answer.is_success:
                self._checked(answer, answer.read(MAX_JSON_BYTES))
            if not page and _media_type(answer) == "text/html":
                raise ProviderRefused("file: expected the file, got a web page", answered=answer.status)
            yield answer.pieces(limit, seconds=self._max_seconds)

    def _checked(self, answer: Answer, body: bytes) -> None:
        if not answer.is_success:
            self._check(answer, body, self._clock())


def with_call(inputs: Mapping[str, object], call: str) -> dict[str, object]:
    """The buyer's inputs, and the call's hash beside them (R3).

    Raises:
        ProviderRefused: a buyer's input has the name of the call's.
    """
    if CALL_INPUT in inputs:
        raise ProviderRefused(f"inputs: expected none named {CALL_INPUT}, got one")
    return {**inputs, CALL_INPUT: call}


def read_started(run_id: int, read: Callable[[int], Run]) -> Run:
    """A run that is known to be started, read once more: no answer to a start has all of it.

    Raises:
        ProviderUnclear: it could not be read; it exists all the same.
    """
    try:
        return read(run_id)
    except ProviderError as error:
        raise ProviderUnclear(f"run {run_id} was started but not read: {error.detail}") from error


def stamp(seconds: int) -> str:
    """Unix seconds as providers' searches take them, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pause(headers: Mapping[str, str], now: float, *, reset: str) -> int:
    """Seconds to wait by ``Retry-After`` (seconds or a date) or the header ``reset``; at most 10 minutes."""
    after, until = headers.get("retry-after", ""), headers.get(reset, "")
    seconds = float(PAUSE_SECONDS)
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", after, re.ASCII):
        seconds = math.ceil(float(after))
    elif (date := _http_date(after)) is not None:
        seconds = date - now
    elif re.fullmatch(r"\d{1,12}", until, re.ASCII):
        seconds = int(until) - now
    return int(min(max(seconds, 1), MAX_PAUSE_SECONDS))


def _http_date(text: str) -> float | None:
    """Unix seconds of a date as RFC 9110, 5.6.7 has it; None for anything else."""
    try:
        return parsedate_to_datetime(text[:64]).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def whatever_inputs(answer: Answer) -> bool:
    """True where an API refuses its token or its address, which no inputs of a request explain (L12).

    A firewall before it may refuse a request for its inputs, with a page of its own.
    """
    return _media_type(answer) == "application/json" and answer.status in _WHATEVER_INPUTS


def _media_type(answer: Answer) -> str:
    """In lower case, without parameters: neither case nor spaces tell types apart (RFC 9110, 8.3.1)."""
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()


def words(body: bytes, flat: Callable[[dict[str, Any]], str], *, secret: str) -> str:
    """A provider's words from its JSON error, or a page's title or code, on one line, without the token."""
    try:
        value = json.loads(body)
        reason = flat(value) if isinstance(value, dict) else _title(body)
    except (ValueError, RecursionError):  # JSON nested too deep for ``flat`` is unreadable too
        reason = _title(body)
    reason = re.sub(r"[\x00-\x1f\x7f]+", " ", reason.replace(secret, "[token]") if secret else reason)
    return reason[:MAX_WORDS].strip() or "no reason given"


def _title(body: bytes) -> str:
    """A proxy's or a maintenance page's own words: ``<html><title>Maintenance</title>`` as Maintenance.

    Of an object storage's ``<Error><Code>AccessDenied</Code>`` it is the code.
    """
    if code := re.search(rb"<Error>\s*<Code>(\w{1,100})</Code>", body[:_TITLE_WITHIN]):
        return code[1].decode("ascii", "replace")
    match = re.search(rb"<title[^>]{0,100}>([^<]{1,200})", body[:_TITLE_WITHIN], re.IGNORECASE)
    return f"a web page: {match[1].decode('utf-8', 'replace')}" if match else ""
