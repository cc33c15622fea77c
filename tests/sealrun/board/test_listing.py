"""What a seller signs to list an offer, and how it lies in an account."""

from dataclasses import replace

import pytest

from mina.keys import PrivateKey
from mina.signature import Signature
from sealrun.encoding.fields import HALF, LIST, text_field
from sealrun.errors import Malformed
from sealrun.market.listing import (
    MAX_URL_LENGTH,
    Listing,
    check_offer_url,
    list_fields,
    listing_key,
    sign_listing,
)
from tests.sealrun.boards import (
    BOARD,
    HOST,
    NETWORK,
    OTHER_BOARD,
    STRANGER,
    contract_key,
    numbered_offer,
    signed,
)
from tests.sealrun.world import SELLER, make_chain_offer

OFFER = make_chain_offer()
LISTING = signed(OFFER)


def test_a_listing_comes_back_from_its_accounts_state() -> None:
    assert Listing.parse(LISTING.state(), LISTING.url) == LISTING
    assert LISTING.holds(NETWORK, BOARD.public_key())
    fields = list_fields(NETWORK, BOARD.public_key(), contract_key(OFFER), OFFER.hash, LISTING.url)
    assert (fields[0], len(fields)) == (text_field(LIST), 9)


def test_a_signature_whose_s_is_no_field_comes_back_too() -> None:
    highest = replace(
        LISTING, signature=Signature(1, 0x40000000000000000000000000000000224698FC0994A8DD8C46EB2100000000)
    )
    assert Listing.parse(highest.state(), highest.url) == highest


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (0, 0, "public key"),
        (1, 2, "parity"),
        (3, 7, "parity"),
        (5, 0, "signature r"),
        (6, HALF, "lower half"),
        (7, HALF - 1, "signature s"),
    ],
)
def test_a_state_of_another_form_is_no_listing(at: int, value: int, says: str) -> None:
    state = LISTING.state()
    state[at] = value
    with pytest.raises(Malformed, match=says):
        Listing.parse(state, LISTING.url)


def test_a_state_with_more_in_it_is_no_listing() -> None:
    assert Listing.parse([*LISTING.state(), *[0] * 24], LISTING.url) == LISTING
    for state in (LISTING.state()[:7], [*LISTING.state(), 1]):
        with pytest.raises(Malformed, match="a state of 8 fields"):
            Listing.parse(state, LISTING.url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"{HOST}/offers/{'0' * 64}",  # another offer's
        f"ftp://ci.example/offers/{OFFER.id}",
        f"file:///offers/{OFFER.id}",
        f"https://user:pw@ci.example/offers/{OFFER.id}",
        f"{HOST}/offers/{OFFER.id}?x=1",
        f"{HOST}/offers/{OFFER.id}#x",
        f"{HOST}/offers/{OFFER.id}\n",
        f'{HOST}/"><script>/offers/{OFFER.id}',
        f"https://ci.ex\u0430mple/offers/{OFFER.id}",  # a Cyrillic letter
        f"https://ci.example/\u202e/offers/{OFFER.id}",
        f"https://{'a' * MAX_URL_LENGTH}/offers/{OFFER.id}",
    ],
)
def test_a18_an_address_that_could_be_something_else_is_not_listed(url: str) -> None:
    with pytest.raises(Malformed, match=r"url: expected https://\.\.\./offers/"):
        check_offer_url(url, OFFER.hash)
    with pytest.raises(Malformed, match="url: expected"):
        sign_listing(SELLER, NETWORK, BOARD.public_key(), contract_key(OFFER), OFFER.hash, url)
    with pytest.raises(Malformed, match="url: expected"):
        Listing.parse(LISTING.state(), url)


def test_a18_a_signature_is_for_one_board_network_offer_contract_and_address() -> None:
    board, other = BOARD.public_key(), numbered_offer(1)
    assert not LISTING.holds("mina:mainnet", board)
    assert not LISTING.holds(NETWORK, OTHER_BOARD.public_key())
    for changed in (
        {"contract": contract_key(other)},
        {"offer_hash": other.hash},
        {"url": f"https://evil.example/offers/{OFFER.id}"},
        {"seller": STRANGER.public_key()},
    ):
        assert not replace(LISTING, **changed).holds(NETWORK, board)


def test_the_listings_own_key_follows_from_the_seller_and_from_all_that_is_listed() -> None:
    board = BOARD.public_key()
    fields = list_fields(NETWORK, board, contract_key(OFFER), OFFER.hash, LISTING.url)
    other = list_fields(
        NETWORK, board, contract_key(OFFER), OFFER.hash, f"https://b.example/offers/{OFFER.id}"
    )
    assert listing_key(SELLER, fields) == listing_key(SELLER, fields)
    keys = {listing_key(key, each).to_base58() for key in (SELLER, STRANGER) for each in (fields, other)}
    assert len(keys) == 4
    assert SELLER.to_base58() not in keys
    assert listing_key(PrivateKey.from_scalar(1), fields).public_key() != SELLER.public_key()
