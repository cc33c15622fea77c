"""Send a request as a letter, where no server listens, and wait for its answer in a file."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx

from sealrun.calls.letters import (
    LETTER_SECONDS,
    MAX_ANSWER_BYTES,
    MEDIA_TYPE,
    Answer,
    PostBox,
    letter_digest,
)
from sealrun.encoding.fields import canonical
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import Service, is_here

POLL_SECONDS = 5.0
# A letter's call ends before the day does that S3, the tick and the sender's clock count differently.
EXPIRES_SECONDS = LETTER_SECONDS - 600
# A letter waits for a tick, and its run for the ticks after that.
MORE_SECONDS = LETTER_SECONDS + 4 * 3600
# A bucket says so of a file that is not there; S3 the second to those who may not list it.
_NOT_YET = (httpx.codes.NOT_FOUND, httpx.codes.FORBIDDEN)
# Errors of ``Post.drop`` after which no letter lies in the box.
NOT_DROPPED = ("letter", "bad-request")


class Answered(NamedTuple):
    """The answer to a letter of this name: to our own one, or to one that was taken in its place."""

    response: httpx.Response
    own: bool


@dataclass(frozen=True)
class Post:
    """One letter on its way.

    Attributes:
        service: sends requests.
        box: where it is dropped.
        public_url: what its answer lies below.
        name: of the letter, as in ``sealrun.calls.letters``.
        body: the request's.
        pause: between looks for the answer, in seconds.
    """

    service: Service
    box: PostBox
    public_url: str
    name: str
    body: bytes
    pause: Callable[[float], None] = time.sleep

    @property
    def answer_url(self) -> str:
        return f"{self.public_url}/answers/{self.name}"

    def drop(self) -> None:
        """Put it into the box, in place of one that lies there under its name.

        Raises:
            CliError: the bucket did not take it, or nobody knows; or a service elsewhere names one on this
                machine (C1).
        """
        if is_here(self.box.url) and not is_here(self.public_url):
            detail = f"box: expected one that is not on this machine, got {self.box.url[:100]}"
            raise CliError("letter", detail, "ask the seller for a box that others can reach")
        form = self.box.form(self.name.rpartition("/")[2])
        answer = self.service.drop(self.box.url, form, self.body, media_type=MEDIA_TYPE)
        if answer.is_server_error:
            raise CliError("no-answer", f"letter: expected the bucket to take it, got {answer.status_code}")
        if not answer.is_success:
            following = "its box may be over: ask whoever gave it to you for another"
            detail = f"letter: expected the bucket to take it, got {answer.status_code}"
            raise CliError("letter", detail, following)

    def earlier(self) -> Answered | None:
        """The answer to a letter of this name that was taken before; None where there is none."""
        found = self._found()
        return Answered(_response(found, self.answer_url), own=False) if found else None

    def answered(self, out: Output) -> Answered:
        """What a service would have answered, once a tick has taken the letter.

        Another letter of the same name may have come in its place. Where that one's call was taken, this is
        its answer; where that one was refused, this letter is dropped once more.

        Raises:
            CliError: no tick took it for a day.
        """
        out.progress(f"dropped; a scheduled pipeline takes it: answer at {self.answer_url}")
        end, seen, own = time.monotonic() + LETTER_SECONDS, self._found(), letter_digest(self.body)
        with out.waiting("waiting for the next tick", "up to an hour where the seller's schedule is hourly"):
            while time.monotonic() < end:
                found = self._found()
                if found is not None and found.letter == own:
                    return Answered(_response(found, self.answer_url), own=True)
                if found is not None and found != seen:
                    if found.status == httpx.codes.ACCEPTED:
                        return Answered(_response(found, self.answer_url), own=False)
                    seen = found
                    self.drop()
                self.pause(POLL_SECONDS)
        raise CliError(
            "late", "letter: expected an answer within a day, got none", f"look at {self.answer_url}"
        )

    def _found(self) -> Answer | None:
        answer = self.service.send("GET", self.answer_url, at_most=MAX_ANSWER_BYTES)
        if answer.status_code in _NOT_YET:
            return None
        if not answer.is_success:
            detail = f"{self.answer_url}: expected an answer, got {answer.status_code}"
            raise CliError("unreachable", detail)
        return Answer.parse(answer.content)


def dropped(view: Mapping[str, Any]) -> PostBox | None:
    """Where an offer's calls are dropped; None where a server takes them.

    Raises:
        CliError: no server takes them, and nobody may drop them.
        Malformed: it is no box.
    """
    if "letters" not in view:
        return None
    if view["letters"] is None:
        detail = "offer: expected one with a box for calls, got one that only tickets are taken for"
        raise CliError("bad-request", detail, "ask its seller for a ticket, then: sealrun redeem URL")
    return PostBox.parse(view["letters"])


def letter_of(body: Mapping[str, Any]) -> bytes:
    """A request's body as the letter's bytes."""
    return canonical(dict(body))


def _response(answer: Answer, url: str) -> httpx.Response:
    headers, request = dict(answer.headers), httpx.Request("POST", url)
    return httpx.Response(
        answer.status, headers=headers, content=canonical(dict(answer.body)), request=request
    )
