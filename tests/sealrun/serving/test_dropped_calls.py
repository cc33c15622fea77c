"""A flood of an open box: letters of honest callers are answered all the same."""

import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from mina.keys import PrivateKey
from sealrun.adapters.aws import letter_bucket
from sealrun.adapters.aws.letter_bucket import LETTERS, LetterBucket
from sealrun.calls.letters import call_letter
from sealrun.encoding.fields import canonical
from sealrun.offers.offer import Offer
from sealrun.serving import dropped_calls as dropping
from sealrun.serving.dropped_calls import Dropped, dropped_calls
from tests.sealrun.world import make_offer, sign_call

NOW = 1_700_000_000
OFFER = make_offer()
OTHER = make_offer(title="Another job")


class Letters:
    """S3 with these letters, each as old as its place says; a page has as many as are asked for."""

    def __init__(self, letters: Iterable[tuple[str, bytes]]) -> None:
        self.bodies = {LETTERS + name: body for name, body in letters}
        start = datetime(2026, 11, 30, tzinfo=UTC)
        self.times = {key: start + timedelta(seconds=at) for at, key in enumerate(self.bodies)}
        self.read = 0

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        after = asked.get("ContinuationToken") or asked.get("StartAfter", "")
        found = sorted(key for key in self.bodies if key.startswith(asked["Prefix"]) and key > after)
        page = [
            {"Key": key, "ETag": key, "Size": 1, "LastModified": self.times[key]}
            for key in found[: asked["MaxKeys"]]
        ]
        more = {"NextContinuationToken": found[asked["MaxKeys"] - 1]} if len(found) > asked["MaxKeys"] else {}
        return {"Contents": page, **more}

    def get_object(self, **asked: Any) -> dict[str, Any]:
        self.read += 1
        return {"Body": io.BytesIO(self.bodies[asked["Key"]])}


def call(number: int = 1, *, offer: Offer = OFFER, **changes: Any) -> tuple[str, bytes]:
    """A letter with a good call, of a buyer of its own."""
    buyer = PrivateKey.from_scalar(1000 + number)
    body = canonical(sign_call(offer, buyer=buyer, **{"expires_at": NOW + 3600, **changes}).body())
    return call_letter(offer.id, body), body


def junk(count: int, *, offer: Offer = OFFER) -> list[tuple[str, bytes]]:
    """Letters of a stranger, under the first names of all."""
    return [(f"offers/{offer.id}/{number:064x}", b"junk") for number in range(count)]


def look(client: Any, *, offers: tuple[Offer, ...] = (OFFER,), most: int = 3, seed: int = 1) -> Dropped:
    bucket = LetterBucket(client, bucket="sealrun")
    return dropped_calls(bucket, offers, most=most, now=NOW, random=Random(seed))  # noqa: S311  no secret


def names(dropped: Dropped) -> list[str]:
    return [letter.name for letter, _ in dropped.answered]


def test_l11_letters_that_are_no_calls_take_no_place_of_one_that_holds() -> None:
    mine = call()
    client: Any = Letters([*junk(500), mine])
    dropped = look(client)
    assert names(dropped) == [mine[0]]
    assert len(dropped.removed) == 500


@pytest.mark.parametrize("first", [True, False], ids=["first by name", "last by name"])
def test_l11_a_flood_of_more_letters_than_are_looked_at_delays_and_never_starves(
    monkeypatch: pytest.MonkeyPatch, *, first: bool
) -> None:
    """Filled up again after each tick: the chance of each letter is the same, whatever the names."""
    monkeypatch.setattr(letter_bucket, "MAX_LISTED", 40)
    monkeypatch.setattr(letter_bucket, "PAGE", 10)
    monkeypatch.setattr(dropping, "MAX_READ", 20)
    mine = call()
    flood = (
        junk(200)
        if first
        else [(f"offers/{OFFER.id}/{(1 << 256) - 1 - at:064x}", b"junk") for at in range(200)]
    )
    client: Any = Letters([*flood, mine])
    for tick in range(100):
        before, client.read = dict(client.bodies), 0
        dropped = look(client, seed=tick)
        assert client.read <= 20
        if names(dropped) == [mine[0]]:
            break
        client.bodies = before
    else:
        pytest.fail("expected the letter's turn within a hundred ticks, at one chance in ten each")


def test_l11_the_oldest_of_few_letters_come_first_and_the_others_stay() -> None:
    letters = [call(number) for number in range(20)]
    client: Any = Letters(letters)
    dropped = look(client, most=8)
    assert names(dropped) == [name for name, _ in letters[:8]]
    assert dropped.removed == []


def test_l11_a_flooded_offer_takes_no_place_of_another() -> None:
    many, mine = [call(number) for number in range(10)], call(offer=OTHER)
    client: Any = Letters([*many, mine])
    for seed in range(5):
        assert mine[0] in names(look(client, offers=(OFFER, OTHER), most=2, seed=seed))


def test_some_that_do_not_hold_are_told_why_and_those_under_anothers_name_are_not() -> None:
    wrong = [b"%d" % number for number in range(5)]
    letters = [(call_letter(OFFER.id, each), each) for each in wrong]
    name, body = call(7)
    taken = (name, body + b" ")
    dropped = look(Letters([*letters, taken, (f"offers/{OFFER.id}/no-name", b"x")]), most=2)
    assert names(dropped) == [name for name, _ in letters[:2]]
    assert [letter.name for letter in dropped.removed] == [
        *(name for name, _ in letters[2:]),
        name,
        f"offers/{OFFER.id}/no-name",
    ]


@pytest.mark.parametrize(
    "letter",
    [
        call(expires_at=NOW),
        call(expires_at=NOW + 10**6),
        call(inputs={"greeting": "NO NO"}),
        call(limit=1),
        (call_letter(OTHER.id, call()[1]), call()[1]),
    ],
    ids=["over", "too late", "inputs", "limit", "another offer's"],
)
def test_l6_what_the_function_would_refuse_does_not_count_as_a_call(letter: tuple[str, bytes]) -> None:
    offer = OTHER if letter[0].startswith(f"offers/{OTHER.id}") else OFFER
    good = [call(number, offer=offer) for number in range(3)]
    dropped = look(Letters([letter, *good]), offers=(offer,))
    assert names(dropped) == [*(name for name, _ in good), letter[0]]


@pytest.mark.parametrize("inputs", [{"layer": "\ud800"}, {"\udfff": "both"}], ids=ascii)
def test_l14_half_a_surrogate_pair_in_a_strangers_letter_ends_no_tick(inputs: dict[str, str]) -> None:
    value = {**sign_call(OFFER, expires_at=NOW + 3600).body(), "inputs": inputs}
    body = json.dumps(value).encode()
    wrong, mine = (call_letter(OFFER.id, body), body), call()
    client: Any = Letters([wrong, mine])
    assert names(look(client)) == [mine[0], wrong[0]]


def test_l6_keys_that_the_offer_does_not_allow_take_no_place() -> None:
    allowed = PrivateKey.from_scalar(1003).public_key().to_base58()
    offer = make_offer(access={"open": False, "keys": [allowed]})
    letters = [call(number, offer=offer) for number in range(6)]
    dropped = look(Letters(letters), offers=(offer,), most=1)
    assert names(dropped) == [letters[3][0], letters[0][0]]


def test_a_call_that_somebody_changed_after_it_was_signed_does_not_hold() -> None:
    value = {**sign_call(OFFER, expires_at=NOW + 3600).body(), "nonce": "7"}
    body = canonical(value)
    good = call(1)
    dropped = look(Letters([(call_letter(OFFER.id, body), body), good]), most=1)
    assert names(dropped)[0] == good[0]


def test_l11_reading_ends_in_time() -> None:
    letters = [call(number) for number in range(30)]
    client: Any = Letters(letters)
    bucket, seconds = LetterBucket(client, bucket="sealrun"), iter(range(0, 10**6, 25))
    clock, random = lambda: next(seconds), Random(1)  # noqa: S311  no secret
    dropped = dropped_calls(bucket, [OFFER], most=30, now=NOW, random=random, monotonic=clock)
    assert names(dropped) == [name for name, _ in letters[:16]]
