"""The document behind a credit: read strictly, and held to the hash that the token names."""

import json
from typing import Any

import pytest

from mina.keys import PrivateKey
from sealrun.errors import Malformed
from sealrun.offers.promise import MAX_URL_LENGTH, Promise, check_promise, promise_uri, promised

KEYS = [PrivateKey.from_scalar(number).public_key().to_base58() for number in (21, 22, 23)]
OFFER = "https://ci.example/offers/" + "5f" * 32
URL = "https://ci.example/run.json"


def value(**changes: Any) -> dict[str, Any]:
    token, vault, seller = KEYS
    written = {
        "sealrun": 1,
        "network": "mina:devnet",
        "token": token,
        "vault": vault,
        "seller": seller,
        "cap": "100",
        "backing": "500000000",
        "price": "1000000000",
        "symbol": "RUN",
        "expiry": 90_000,
        "title": "100 builds",
        "text": "One credit pays for one build.\nBuilds of main only.",
        "offers": [OFFER],
    }
    return {**written, **changes}


def document(**changes: Any) -> bytes:
    return json.dumps(value(**changes)).encode()


def test_what_is_written_is_read_again() -> None:
    made = Promise.parse(document())
    assert Promise.parse(made.document()) == made
    assert made.words == "backed 0.5 MINA of price 1 MINA"
    assert made.offers == (OFFER,)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sealrun": 2}, "sealrun: expected a whole number from 1 to 1"),
        ({"network": "mina:elsewhere"}, "network: expected one of"),
        ({"seller": "B62q"}, "seller"),
        ({"cap": "0"}, "cap: expected 1 to as many"),
        ({"cap": str(2**34), "backing": str(2**31)}, "cap: expected 1 to as many"),
        ({"cap": str(2**64)}, "cap"),
        ({"backing": "-1"}, "backing"),
        ({"price": "0"}, "price: expected above 0"),
        ({"expiry": 0}, "expiry"),
        ({"expiry": 2**32}, "expiry"),
        ({"symbol": "MINA"}, "symbol: expected one of the token's own"),
        ({"symbol": "mina"}, "symbol: expected one of the token's own"),
        ({"symbol": "\u041c\u0406N\u0410"}, "symbol: expected 1 to 6"),
        ({"title": ""}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"title": "go\u202eog"}, "title: expected 1 to 100 printable"),
        ({"text": "\x1b[2J"}, "text"),
        ({"offers": []}, "offers: expected 1 to 16"),
        ({"offers": [OFFER] * 2}, "offers: expected each once"),
        ({"offers": [OFFER + "?x"]}, "offers: expected URL/offers/OFFER"),
        ({"offers": ["javascript:alert(1)"]}, "offers: expected URL/offers/OFFER"),
        ({"profit": "sure"}, "got also profit"),
    ],
)
def test_other_forms_are_refused_by_name(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(Malformed, match=says.replace("+", r"\+")):
        Promise.parse(document(**changes))


def test_a_missing_name_is_told() -> None:
    short = value()
    del short["backing"]
    with pytest.raises(Malformed, match="expected backing, got nothing"):
        Promise.parse(json.dumps(short).encode())


def test_the_tokens_uri_holds_the_document_to_its_bytes() -> None:
    written = document()
    uri = promise_uri(URL, written)
    assert promised(uri)[0] == URL
    assert check_promise(written, uri).title == "100 builds"
    for other in (document(cap="101"), written + b" "):
        with pytest.raises(Malformed, match="expected the document of hash"):
            check_promise(other, uri)


@pytest.mark.parametrize("uri", ["", URL, f"{URL}#5f", f"ftp://x#{'5f' * 32}", f"{URL}#{'5F' * 32}"])
def test_a_uri_of_another_form_names_no_promise(uri: str) -> None:
    with pytest.raises(Malformed, match="uri: expected URL#SHA256"):
        promised(uri)


@pytest.mark.parametrize("url", ["run.json", "https://ci.example/#a", "https://x/" + "y" * MAX_URL_LENGTH])
def test_a_place_that_no_uri_can_name_is_refused(url: str) -> None:
    with pytest.raises(Malformed, match="url: expected an http or https address"):
        promise_uri(url, document())
