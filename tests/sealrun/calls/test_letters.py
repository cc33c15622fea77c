"""Letters, post boxes and answers: their names, their forms, and what is refused."""

import hashlib
from typing import Any

import pytest

from sealrun.calls.letters import (
    ANY_NAME,
    Answer,
    PostBox,
    call_letter,
    letter_digest,
    request_path,
    ticket_letter,
)
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed

ID = "5f" * 32
BOX = PostBox("https://bucket.example/", {"key": f"letters/offers/{ID}/{ANY_NAME}", "policy": "e30="})


def test_a_letters_name_says_where_a_service_would_take_it() -> None:
    letter = b"{}"
    assert letter_digest(letter) == hashlib.sha256(letter).hexdigest()
    assert request_path(ticket_letter(ID)) == f"/tickets/{ID}"
    assert request_path(call_letter(ID, letter)) == f"/offers/{ID}/calls"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tickets/",
        f"tickets/{ID}/x",
        f"offers/{ID}",
        f"offers/{ID}/x",
        f"webhooks/{ID}",
        f"tickets/{ID}\n",
    ],
)
def test_any_other_name_is_no_letters(name: str) -> None:
    assert request_path(name) == ""


def test_a_box_goes_through_a_tickets_fragment() -> None:
    assert PostBox.from_text(BOX.text()) == BOX
    assert BOX.form("a" * 64)["key"] == f"letters/offers/{ID}/{'a' * 64}"
    one = PostBox(BOX.url, {"key": f"letters/tickets/{ID}"})
    assert one.form("whatever") == {"key": f"letters/tickets/{ID}"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"url": BOX.url},
        {"url": "ftp://bucket.example", "fields": {"key": "a"}},
        {"url": BOX.url, "fields": {}},
        {"url": BOX.url, "fields": {"policy": "no key"}},
        {"url": BOX.url, "fields": {"key": 1}},
        {"url": BOX.url, "fields": {"key": "a" * 4097}},
        {"url": BOX.url, "fields": {"key": "a", "a b": "c"}},
        {"url": BOX.url, "fields": {f"f{number}": "a" for number in range(20)} | {"key": "a"}},
    ],
)
def test_l14_what_is_no_box_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        PostBox.parse(value)


def test_an_answer_is_read_as_it_was_written() -> None:
    answer = Answer("ab" * 32, 202, {"location": "https://a.example"}, {"state": "running"})
    assert Answer.parse(answer.document()) == answer


@pytest.mark.parametrize(
    "changes",
    [{"letter": "ab"}, {"status": 99}, {"status": True}, {"headers": {"a": 1}}, {"body": []}, {"more": 1}],
)
def test_l14_what_is_no_answer_is_refused(changes: dict[str, Any]) -> None:
    value = {"letter": "ab" * 32, "status": 202, "headers": {}, "body": {}, **changes}
    with pytest.raises(Malformed):
        Answer.parse(canonical(value))
