"""Letters: requests that are dropped into a bucket where no server listens, and their answers in files.

    letters/tickets/TICKET          what ``POST /tickets/TICKET`` takes; a ticket has one letter at a time
    letters/offers/OFFER/NAME       what ``POST /offers/OFFER/calls`` takes; NAME is the letter's SHA-256
    public/answers/...              the answer to each, under the same name
    public/calls/..., public/offers/...     what a service answers to GET, under the same paths

A post box is a form that whoever signed it lets others send: S3's presigned POST
(https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html). Its policy bounds what
is dropped there, in name, size and time.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sealrun.calls.grant import base64url, unbase64url
from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import MAX_BODY_BYTES, parse_object
from sealrun.errors import Malformed

MAX_LETTER_BYTES = MAX_BODY_BYTES
# A letter may lie this long before it is taken: as long as a call may wait.
LETTER_SECONDS = 24 * 3600
# S3 derives a key for each day's signatures, which it takes for seven days.
MAX_BOX_SECONDS = 7 * 24 * 3600
MAX_BOX_BYTES = 6 * 1024
# An answer is a call's state with its receipt, or a problem document.
MAX_ANSWER_BYTES = 64 * 1024
MEDIA_TYPE = "application/json"

_LETTER = re.compile(r"tickets/[0-9a-f]{64}|offers/[0-9a-f]{64}/[0-9a-f]{64}")
_ANSWER = ("letter", "status", "headers", "body")
_MAX_FIELDS, _MAX_FIELD = 20, 4096
# What S3 puts in place of it is the name of the file that was sent; a box for one name has none of it.
ANY_NAME = "${filename}"


@dataclass(frozen=True)
class PostBox:
    """A form to send with a letter as its file."""

    url: str
    fields: Mapping[str, str]

    @classmethod
    def parse(cls, value: object) -> "PostBox":
        """Read one.

        Not checked: whether its signature holds, and where its URL leads.

        Raises:
            Malformed: it is not of this form.
        """
        box = read.only(value, ("url", "fields"), where="box")
        fields = box["fields"]
        if not isinstance(fields, dict) or not 0 < len(fields) <= _MAX_FIELDS or "key" not in fields:
            raise Malformed("box: expected the fields of a form with a key, got something else")
        for name, text in fields.items():
            if (
                not isinstance(text, str)
                or not re.fullmatch(r"[A-Za-z0-9-]{1,64}", name)
                or len(text) > _MAX_FIELD
            ):
                raise Malformed("box: expected short names and texts in its form, got something else")
        pattern, says = r"https?://[!-~]{1,500}", "the URL of a bucket"
        return cls(read.text(box, "url", pattern=pattern, says=says), dict(fields))

    @classmethod
    def from_text(cls, text: str) -> "PostBox":
        """Out of a ticket's fragment."""
        return cls.parse(parse_object(unbase64url(text), at_most=MAX_BOX_BYTES))

    def text(self) -> str:
        """For a ticket's fragment."""
        return base64url(canonical(self.value()))

    def value(self) -> dict[str, Any]:
        """As JSON."""
        return {"url": self.url, "fields": dict(self.fields)}

    def form(self, name: str) -> dict[str, str]:
        """The fields to send with a letter of this name, in a box for one name or for any."""
        return {**self.fields, "key": self.fields["key"].replace(ANY_NAME, name)}


@dataclass(frozen=True)
class Answer:
    """What a service would have answered to the letter's request."""

    letter: str  # SHA-256 of the letter's bytes
    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]

    @classmethod
    def parse(cls, document: bytes) -> "Answer":
        """Read one.

        Raises:
            Malformed: it is not of this form.
        """
        value = read.only(parse_object(document, at_most=MAX_ANSWER_BYTES), _ANSWER, where="answer")
        headers, body = value["headers"], value["body"]
        if not isinstance(body, dict) or not isinstance(headers, dict):
            raise Malformed("answer: expected headers and a body that are objects, got something else")
        if not all(isinstance(each, str) for each in headers.values()):
            raise Malformed("answer: expected headers that are texts, got something else")
        letter = read.text(value, "letter", pattern="[0-9a-f]{64}", says="64 lower-case hex digits")
        return cls(letter, read.whole(value, "status", low=200, high=599), headers, body)

    def document(self) -> bytes:
        """What ``parse`` reads."""
        value = {"letter": self.letter, "status": self.status, "headers": dict(self.headers)}
        return canonical({**value, "body": dict(self.body)})


def ticket_letter(ticket_id: str) -> str:
    """The name of a ticket's letter."""
    return f"tickets/{ticket_id}"


def call_letter(offer_id: str, letter: bytes) -> str:
    """The name of a letter with a call of this offer."""
    return f"offers/{offer_id}/{letter_digest(letter)}"


def letter_digest(letter: bytes) -> str:
    """SHA-256 of its bytes, 64 hex digits."""
    return hashlib.sha256(letter).hexdigest()


def request_path(name: str) -> str:
    """Where a service takes what the letter of this name holds; empty where the name is no letter's."""
    if not _LETTER.fullmatch(name):
        return ""
    kind, thing = name.split("/")[:2]
    return f"/tickets/{thing}" if kind == "tickets" else f"/offers/{thing}/calls"
