"""Attacks on a board and on whoever reads it (A18): what strangers, hosts and nodes can try."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import pytest

from mina.keys import PrivateKey
from sealrun.chain.account import PERMISSIONS
from sealrun.encoding.fields import canonical
from sealrun.errors import AccountRefused, NodeUnavailable, SealrunError, Unavailable
from sealrun.market.board import BATCH, BOARD_PERMISSIONS, LISTING_PERMISSIONS, board_asset
from sealrun.market.catalogue import Wanted, catalogue
from sealrun.market.entries import Reading
from sealrun.market.listing import Listing
from sealrun.market.read_board import ADDRESSES_OF_OFFER, Reader
from sealrun.offers.asset import MINA
from tests.sealrun.boards import (
    BOARD,
    NETWORK,
    NOW,
    OTHER_BOARD,
    STRANGER,
    FakeBoard,
    address_of,
    contract_key,
    numbered_offer,
    signed,
    url_of,
)
from tests.sealrun.fake_chain import PINNED_OFFER
from tests.sealrun.world import BUYER, SELLER, in_mina

OFFER = numbered_offer(0, title="Build the layers")
EVIL = "https://evil.example"


@dataclass
class World:
    """A board, and a reader that counts what it asks."""

    made: FakeBoard = field(default_factory=FakeBoard)
    asked: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    ask: Callable[[str], dict[str, Any]] | None = None
    seed: bytes = b"seed"
    most: int = 1_000
    over_after: int = 10**9  # questions and documents

    def node(self, query: str) -> dict[str, Any]:
        self.asked.append(query)
        return (self.ask or self.made.node)(query)

    def hosts(self, urls: Sequence[str]) -> Iterable[tuple[str, bytes | SealrunError]]:
        for url in urls:
            self.fetched.append(url)
            yield url, self.made.documents.get(url, Unavailable("no answer"))

    def reader(self) -> Reader:
        return Reader(
            network=NETWORK,
            ask=self.node,
            fetch=self.hosts,
            pinned=PINNED_OFFER,
            is_over=lambda: len(self.asked) + len(self.fetched) >= self.over_after,
            seed=self.seed,
            most=self.most,
        )

    def read(self, **named: Any) -> Reading:
        return self.reader().read(BOARD.public_key(), now=NOW, **named)

    def titles(self) -> list[str]:
        return [entry.offer.title for entry in self.read().entries]

    def fault(self) -> tuple[str, str]:
        """Of the one listing that is on the board, which is not shown."""
        reading = self.read()
        assert reading.entries == ()
        (failed,) = reading.failed
        return failed.fault.value, failed.detail


@pytest.fixture
def world() -> World:
    return World()


def test_an_honest_listing_is_shown_with_all_that_was_checked(world: World) -> None:
    address = world.made.listed(OFFER)
    reading = world.read()
    (entry,) = reading.entries
    assert (entry.listing, entry.url, entry.offer) == (address, url_of(OFFER), OFFER)
    assert entry.seller == SELLER.public_key()
    assert (reading.listed, reading.read, reading.failed, reading.height) == (1, 1, (), 100)
    assert len(world.asked) == 3


# What the account says of itself.


@pytest.mark.parametrize("name", sorted(PERMISSIONS))
@pytest.mark.parametrize("value", ["Signature", "None", "Either", "Proof"])
def test_a18_a_listing_whose_permissions_leave_a_key_any_power_is_not_shown(
    world: World, name: str, value: str
) -> None:
    account = {
        **LISTING_PERMISSIONS,
        name: value,
        "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"},
    }
    world.made.sell(OFFER)
    world.made.add(signed(OFFER), permissions=account)
    fault, detail = world.fault()
    assert (fault, world.fetched) == ("listing", [])
    assert f"listing.permissions.{name}: expected Impossible, got {value}" in detail


@pytest.mark.parametrize(
    "changes",
    [
        {"permissions": None},
        {"permissions": {**LISTING_PERMISSIONS}},
        {
            "permissions": {
                **LISTING_PERMISSIONS,
                "setVerificationKey": {"auth": "Signature", "txnVersion": "3"},
            }
        },
        {
            "permissions": {
                **LISTING_PERMISSIONS,
                "setVerificationKey": {"auth": "Impossible", "txnVersion": "2"},
            }
        },
        {"verificationKey": {"hash": "5"}},
        {"zkappState": None},
        {"zkappState": ["1"] * 7},
        {"zkappState": ["0"] * 8},
        {"zkappUri": None},
        {"zkappUri": f"https://ci.example/offers/{'5f' * 32}"},
        {"zkappUri": "javascript:alert(1)"},
        {"token": board_asset(OTHER_BOARD.public_key()).id},
    ],
)
def test_a18_an_account_that_is_no_listing_is_not_shown(world: World, changes: dict[str, Any]) -> None:
    world.made.sell(OFFER)
    world.made.add(signed(OFFER), **changes)
    assert world.fault()[0] == "listing"
    assert world.fetched == []


# What its signature says.


def replayed(**changes: Any) -> Listing:
    return replace(signed(OFFER), **changes)


@pytest.mark.parametrize(
    "listing",
    [
        signed(OFFER, board=OTHER_BOARD),
        signed(OFFER, network="mina:mainnet"),
        replayed(signature=signed(numbered_offer(1)).signature),
        replayed(url=f"{EVIL}/offers/{OFFER.id}"),
        replayed(seller=STRANGER.public_key()),
        replace(signed(OFFER, seller=STRANGER), seller=SELLER.public_key()),
    ],
    ids=["board", "network", "offer", "address", "seller", "stranger"],
)
def test_a18_a_signature_for_something_else_lists_nothing(world: World, listing: Listing) -> None:
    world.made.sell(OFFER)
    world.made.documents[listing.url] = world.made.documents[url_of(OFFER)]
    world.made.add(listing)
    assert (world.fault()[0], world.fetched) == ("signature", [])


def test_a18_nobody_lists_another_sellers_offer_in_ones_own_name(world: World) -> None:
    world.made.sell(OFFER)
    world.made.add(signed(OFFER, seller=STRANGER))
    fault, detail = world.fault()
    assert fault == "offer"
    assert f"offer.seller: expected {address_of(SELLER)}, got {address_of(STRANGER)}" in detail


def test_a18_a_contract_that_a_stranger_opened_for_somebodys_offer_lists_nothing(world: World) -> None:
    """Opening needs no consent: the stranger's contract has the right hash and terms."""
    world.made.sell(OFFER)
    squatted = PrivateKey.from_scalar(60_001).public_key()
    real = world.made.contracts[contract_key(OFFER).to_base58()]
    world.made.contracts[squatted.to_base58()] = {**real, "publicKey": squatted.to_base58()}
    world.made.add(signed(OFFER, seller=STRANGER, contract=squatted))
    fault, detail = world.fault()
    assert (fault, "offer.contract: expected" in detail) == ("offer", True)


def test_a18_strangers_listings_of_an_offer_do_not_crowd_out_its_sellers_own(world: World) -> None:
    for at in range(20):
        stranger = PrivateKey.from_scalar(70_000 + at)
        world.made.add(signed(OFFER, seller=stranger, host=f"https://h{at}.example"))
        world.made.add(replayed(url=f"https://copy{at}.example/offers/{OFFER.id}"))
    for seed in (b"a", b"b", b"c"):
        world.seed = seed
        if not world.made.documents:
            world.made.listed(OFFER)
        assert world.titles() == ["Build the layers"]


# What the offer's contract says.


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"closed": 1}, "closed"),
        ({"verificationKey": {"hash": "20497"}}, "contract"),
        ({"verificationKey": None}, "contract"),
        ({"token": board_asset(OTHER_BOARD.public_key()).id}, "contract"),
        ({"permissions": {}}, "contract"),
        ({"zkappState": ["1"] * 8}, "contract"),
    ],
)
def test_a18_an_offer_whose_contract_is_closed_or_no_contract_is_not_shown(
    world: World, changes: dict[str, Any], fault: str
) -> None:
    world.made.sell(OFFER, **changes)
    world.made.add(signed(OFFER))
    assert (world.fault()[0], world.fetched) == (fault, [])


def test_a18_an_offer_without_a_contract_on_chain_is_not_shown(world: World) -> None:
    world.made.add(signed(OFFER))
    fault, detail = world.fault()
    assert (fault, world.fetched) == ("contract", [])
    assert "to exist, got none" in detail


@pytest.mark.parametrize(("at", "value"), [(1, 9), (2, 0), (5, 1)])
def test_a18_a_contract_of_other_terms_is_not_this_offers(world: World, at: int, value: int) -> None:
    world.made.sell(OFFER)
    state = world.made.contracts[contract_key(OFFER).to_base58()]["zkappState"]
    state[at] = str(value)
    world.made.add(signed(OFFER))
    assert world.fault()[0] == "offer"


# What the host answers.


def document_of(**changes: Any) -> bytes:
    value = json.loads(OFFER.document)
    return canonical({"document": {**value, **changes}})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"document": 5}',
        b'{"document": {}}',
        b"[" * 100_000,
        b'{"document": {"a": 1' + b"0" * 5000 + b"}}",
        b"\xff\xfe",
        document_of(title="Another title"),
        document_of(prices=[]),
        document_of(title="Build the l\u0430yers"),  # a Cyrillic letter
        document_of(title="Build\u202e the layers"),
        document_of(title="<script>alert(1)</script>"),
        document_of(network="mina:mainnet"),
        canonical({"document": json.loads(numbered_offer(1).document)}),
        b" " * (70 * 1024),
    ],
)
def test_a18_a_document_that_is_not_the_offers_is_not_shown(world: World, body: bytes) -> None:
    world.made.listed(OFFER)
    world.made.documents[url_of(OFFER)] = body
    assert world.fault()[0] == "offer"


def test_a18_a_host_that_is_silent_hides_its_own_offers_only(world: World) -> None:
    other = numbered_offer(1)
    world.made.listed(OFFER)
    world.made.sell(other, host=EVIL)
    world.made.add(signed(other, host=EVIL))
    del world.made.documents[url_of(other, EVIL)]
    assert world.titles() == ["Build the layers"]
    assert world.read().counts == {"document": 1}


@pytest.mark.parametrize(
    ("says", "paused"),
    [
        ({}, ""),
        ({"open": True, "reason": "x"}, ""),
        ({"open": False, "reason": "our runners\u202e move\nhouse"}, "our runners\ufffd move house"),
        ({"open": False, "reason": {"a": 1}}, "its service does not say why"),
    ],
)
def test_an_offer_that_its_service_has_paused_is_shown_as_such(
    world: World, says: dict[str, Any], paused: str
) -> None:
    world.made.listed(OFFER)
    world.made.documents[url_of(OFFER)] = canonical({"document": json.loads(OFFER.document), **says})
    reading = world.read()
    assert [entry.paused for entry in reading.entries] == [paused]
    assert catalogue(reading, built=NOW)["entries"][0]["open"] is not bool(paused)


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (None, []),
        ("x", []),
        ([7, {"asset": "other", "reason": "x"}], []),
        ([{"asset": MINA.id, "reason": "a\u202eb\nc"}], ["a\ufffdb c"]),
        ([{"asset": MINA.id}], ["its service does not say why"]),
    ],
)
def test_a_price_that_takes_no_calls_is_shown_as_such(world: World, says: Any, told: list[str]) -> None:
    world.made.listed(OFFER)
    view = {"document": json.loads(OFFER.document), "open": True, "dropped": says}
    world.made.documents[url_of(OFFER)] = canonical(view)
    (entry,) = catalogue(world.read(), built=NOW)["entries"]
    assert entry["dropped"] == [{"asset": MINA.id, "symbol": "MINA", "reason": each} for each in told]


def test_a_seller_moves_an_offer_by_listing_it_again(world: World) -> None:
    moved = f"https://new.example/offers/{OFFER.id}"
    world.made.listed(OFFER)
    world.made.documents[moved] = world.made.documents.pop(url_of(OFFER))
    world.made.add(signed(OFFER, host="https://new.example"))
    assert [entry.url for entry in world.read().entries] == [moved]


def test_a18_an_offer_that_is_listed_twice_is_shown_once(world: World) -> None:
    world.made.listed(OFFER)
    for _ in range(5):
        world.made.add(signed(OFFER))
    reading = world.read()
    assert (len(reading.entries), reading.counts, len(world.fetched)) == (1, {"duplicate": 5}, 1)
    # None of them was parsed: a copy costs its reader no more than its signature.
    assert {each.detail for each in reading.failed} == {
        "another listing has the same address, or the offer has more than three"
    }


def test_a18_one_offer_costs_a_few_documents_however_often_its_seller_lists_it(world: World) -> None:
    world.made.sell(OFFER)
    for at in range(20):
        world.made.add(signed(OFFER, host=f"https://h{at}.example"))
    world.read()
    assert len(world.fetched) == ADDRESSES_OF_OFFER


# What the texts of an offer say.


def test_a18_texts_that_strangers_wrote_are_plain_in_the_catalogue(world: World) -> None:
    described = {
        "type": "string",
        "enum": ["a"],
        "title": "a\u202eb\x1b[2Jc\u2066",
        "description": "<img src=x onerror=alert(1)>\n\n" + "x" * 400,
    }
    schema = {"type": "object", "properties": {"layer": described}, "additionalProperties": False}
    offer = numbered_offer(2, title="<b>Build</b> & test", inputs=schema)
    world.made.listed(offer)
    (entry,) = catalogue(world.read(), built=NOW)["entries"]
    (told,) = entry["inputs"]
    assert entry["title"] == "<b>Build</b> & test"  # text for whoever shows it, never markup
    assert told["title"] == "a\ufffdb\ufffd[2Jc\ufffd"
    assert (len(told["description"]), "\n" in told["description"]) == (301, False)
    assert not any(character in told["title"] for character in "\u202e\x1b\u2066")


# Spam.


def spam(made: FakeBoard, count: int) -> None:
    """Accounts that are no listings; each cost its maker an account."""
    account = next(iter(made.listings.values()))
    for at in range(count):
        address = "B62q" + "".join("123456789A"[int(digit)] for digit in f"{at:051d}")
        made.listings[address] = {**account, "publicKey": address, "zkappState": ["0"] * 8}


def test_a18_a_reading_is_bounded_however_full_the_board_is(world: World) -> None:
    world.made.listed(OFFER)
    spam(world.made, 10_000)
    world.most = 200
    reading = world.read()
    assert (reading.listed, reading.read) == (10_001, 200)
    assert len(world.asked) <= 1 + 200 // BATCH + 1
    assert max(map(len, world.asked)) < 20_000


def test_a18_what_one_reading_leaves_out_another_one_finds(world: World) -> None:
    """The order is not the spammer's to choose: with half of the places, every other reading finds it."""
    world.made.listed(OFFER)
    spam(world.made, 20)
    world.most = 10
    found = set()
    for at in range(40):
        world.seed = bytes([at])
        found.add(tuple(world.titles()))
    assert found == {(), ("Build the layers",)}


def test_a18_a_reading_that_has_no_time_left_says_what_it_did_not_read(world: World) -> None:
    for at in range(3 * BATCH):
        world.made.listed(numbered_offer(at))
    world.over_after = 2
    reading = world.read()
    assert (reading.entries, reading.counts) == ((), {"unread": 3 * BATCH})
    world.over_after = 10**9
    assert len(world.read().entries) == 3 * BATCH


def test_a18_no_address_is_asked_for_first_because_of_how_it_reads(world: World) -> None:
    """Neither a listing's nor a contract's: both can be chosen by whoever makes them."""
    for at in range(BATCH + 5):
        world.made.listed(numbered_offer(at))
    first: set[tuple[str, str]] = set()
    for at in range(8):
        world.seed = bytes([at])
        world.asked.clear()
        world.read()
        first.add((world.asked[1][:120], world.asked[3][:120]))
    assert len({listing for listing, _ in first}) > 1
    assert len({contract for _, contract in first}) > 1


def test_a18_more_accounts_than_can_be_listed_are_refused(world: World) -> None:
    made = world.made

    def full(query: str) -> dict[str, Any]:
        answer = made.node(query)
        account = {"publicKey": "B62q", "token": "w"}
        return {**answer, "tokenAccounts": [account] * 100_001} if "tokenAccounts" in query else answer

    world.ask = full
    with pytest.raises(AccountRefused, match="expected at most 100000 accounts, got 100001"):
        world.read()


# Nodes.


def lying(world: World, **changes: Any) -> None:
    """The node answers with changes of whatever is asked."""
    made = world.made
    world.ask = lambda query: {
        **made.node(query),
        **{k: v for k, v in changes.items() if k in made.node(query)},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"syncStatus": "BOOTSTRAP"},
        {"networkID": "mina:mainnet"},
        {"bestChain": []},
        {"bestChain": None},
        {"tokenAccounts": None},
        {"tokenAccounts": [{}]},
        {"tokenAccounts": [{"publicKey": "B62q", "token": "w"}]},
        {"tokenAccounts": [{"publicKey": None, "token": None}]},
        {"tokenAccounts": "x"},
        {"board": {}},
    ],
)
def test_a18_a_node_that_answers_half_or_of_something_else_is_no_answer(
    world: World, changes: dict[str, Any]
) -> None:
    world.made.listed(OFFER)
    lying(world, **changes)
    with pytest.raises(NodeUnavailable, match="node: expected"):
        world.read()


def test_a18_a_node_that_names_an_account_twice_or_a_question_in_place_of_one_is_no_answer(
    world: World,
) -> None:
    address = world.made.listed(OFFER)
    token = world.made.listings[address]["token"]
    for names in ([address, address], ['B62q") { nonce } x:account(publicKey:"' + address[:17]]):
        lying(world, tokenAccounts=[{"publicKey": name, "token": token} for name in names])
        with pytest.raises(NodeUnavailable):
            world.read()
    assert len(world.asked) == 2


def test_a13_a_board_is_not_read_from_a_stuck_node(world: World) -> None:
    world.made.listed(OFFER)
    with pytest.raises(NodeUnavailable, match="a newest block of"):
        world.reader().read(BOARD.public_key(), now=NOW + 3600)


def test_a18_a_node_that_answers_with_other_accounts_shows_nothing_false(world: World) -> None:
    """It swaps two listings' accounts, and answers for a contract with another one."""
    first, second = world.made.listed(OFFER), world.made.listed(numbered_offer(1))
    world.made.listings[first], world.made.listings[second] = (
        world.made.listings[second],
        world.made.listings[first],
    )
    assert world.read().counts == {"listing": 2}


def test_a18_a_node_that_invents_a_contract_shows_only_what_its_seller_signed(world: World) -> None:
    """A lying node can say that a closed offer is open. It cannot say whose it is, or what it costs."""
    world.made.listed(OFFER)
    world.made.sell(OFFER, closed=1)
    assert world.read().counts == {"closed": 1}
    world.made.sell(OFFER)
    (entry,) = world.read().entries
    assert entry.offer.hash == OFFER.hash


def test_a18_a_node_that_leaves_accounts_out_hides_them_and_nothing_else(world: World) -> None:
    address = world.made.listed(OFFER)
    world.made.listed(numbered_offer(1))
    hidden = world.made.listings.pop(address)
    assert world.titles() == ["Offer 1"]
    world.made.listings[address] = {**hidden}
    lying(world, a0=None)
    assert len(world.read().failed) == 2
    world.ask = lambda query: {k: v for k, v in world.made.node(query).items() if k != "a1"}
    with pytest.raises(NodeUnavailable, match="a1"):
        world.read()


# Boards.


@pytest.mark.parametrize(
    "changes",
    [
        {"permissions": {**BOARD_PERMISSIONS, "access": "Proof"}},
        {"permissions": {**BOARD_PERMISSIONS, "access": "Signature"}},
        {"permissions": {**BOARD_PERMISSIONS, "setPermissions": "Signature"}},
        {"permissions": {**BOARD_PERMISSIONS, "editState": "Signature"}},
        {"verificationKey": {"hash": "5"}},
        {"publicKey": address_of(BUYER)},
        {"token": board_asset(OTHER_BOARD.public_key()).id},
    ],
)
def test_a18_an_account_whose_key_decides_who_lists_is_no_board(
    world: World, changes: dict[str, Any]
) -> None:
    keys = {"auth": "Impossible", "txnVersion": "3"}
    if "permissions" in changes:
        changes["permissions"] = {**changes["permissions"], "setVerificationKey": keys}
    world.made.board.update(changes)
    with pytest.raises(AccountRefused, match="board"):
        world.read()


def test_a18_no_account_is_no_board(world: World) -> None:
    lying(world, board=None)
    with pytest.raises(AccountRefused, match="board: expected the account"):
        world.read()


# Search.


def test_search_looks_in_titles_inputs_sources_and_prices(world: World) -> None:
    world.made.listed(OFFER)
    world.made.listed(numbered_offer(1, title="Fuzz a parser"))
    reading = world.read()

    def found(**wanted: Any) -> list[str]:
        return [entry["title"] for entry in catalogue(reading, built=NOW, wanted=Wanted(**wanted))["entries"]]

    assert found(words=("FUZZ", "parser")) == ["Fuzz a parser"]
    assert found(words=("fuzz", "layers")) == []
    assert found(words=("level",)) == found(input="layer") == found(asset="MINA") == found(provider="gitlab")
    assert found() == ["Build the layers", "Fuzz a parser"]
    assert found(provider="github") == found(grade=1) == found(input="nothing") == found(asset="RUN") == []
    assert found(at_most=Fraction(5), asset="MINA") == found()
    assert found(at_most=Fraction(49, 10), asset="MINA") == []


def test_search_in_an_asset_shows_the_cheapest_first(world: World) -> None:
    for at, nanomina in enumerate((3, 1, 2)):
        world.made.listed(numbered_offer(at, prices=in_mina(nanomina)))
    found = catalogue(world.read(), built=NOW, wanted=Wanted(asset="MINA"))["entries"]
    assert [entry["prices"][0]["amount"] for entry in found] == ["1", "2", "3"]


@pytest.mark.parametrize("value", [[], "Impossible", 5, {"setVerificationKey": "Impossible"}])
def test_a18_permissions_of_another_form_are_none(world: World, value: object) -> None:
    world.made.sell(OFFER)
    world.made.add(signed(OFFER), permissions=value)
    assert world.fault()[0] == "listing"


def test_the_catalogue_is_canonical_json_of_all_that_was_read(world: World) -> None:
    world.made.listed(OFFER)
    world.made.add(signed(OFFER, board=OTHER_BOARD))
    made = catalogue(world.read(), built=NOW)
    assert json.loads(canonical(made)) == made
    assert {
        name: made[name] for name in ("version", "network", "board", "height", "built", "listed", "read")
    } == {
        "version": 1,
        "network": NETWORK,
        "board": address_of(BOARD),
        "height": 100,
        "built": NOW,
        "listed": 2,
        "read": 2,
    }
    assert made["failed"] == {"signature": 1}
    (entry,) = made["entries"]
    assert entry["source"] == {
        "repository": "https://gitlab.example/projects/42",
        "ref": "refs/tags/v1.0.0",
        "commit": "1f" * 20,
    }
    assert (entry["contract"], entry["history"], entry["open"]) == (
        contract_key(OFFER).to_base58(),
        None,
        True,
    )
    assert (entry["grade"], entry["callers"], entry["proved"]) == (0, "anyone", False)


def test_one_listing_is_looked_at_alone(world: World) -> None:
    for at in range(5):
        world.made.listed(numbered_offer(at))
    address = world.made.listed(OFFER)
    (entry,) = world.reader().look(BOARD.public_key(), address, now=NOW).entries
    assert (entry.listing, world.fetched) == (address, [url_of(OFFER)])


def test_only_what_is_wanted_is_fetched(world: World) -> None:
    for at in range(5):
        world.made.listed(numbered_offer(at))
    world.made.listed(OFFER)
    reading = world.read(wanted=lambda listing: listing.offer_hash == OFFER.hash)
    assert ([entry.offer for entry in reading.entries], world.fetched) == ([OFFER], [url_of(OFFER)])
