"""A board with listings, as a node tells of them; and what the addresses of its offers answer."""

import json
from dataclasses import dataclass, field
from typing import Any

from mina.keys import PrivateKey, PublicKey
from sealrun.encoding.fields import NETWORKS, canonical
from sealrun.market.board import BOARD_PERMISSIONS, LISTING_PERMISSIONS, board_asset
from sealrun.market.listing import Listing, sign_listing
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from tests.sealrun.fake_chain import account_answer, contract_answer
from tests.sealrun.world import SELLER, make_chain_offer

BOARD = PrivateKey.from_scalar(901)
OTHER_BOARD = PrivateKey.from_scalar(902)
STRANGER = PrivateKey.from_scalar(903)
NETWORK = NETWORKS[0]
NOW = 1_800_000_100
HOST = "https://ci.example"


def address_of(key: PrivateKey) -> str:
    return key.public_key().to_base58()


def url_of(offer: Offer, host: str = HOST) -> str:
    return f"{host}/offers/{offer.id}"


def contract_key(offer: Offer) -> PublicKey:
    assert offer.contract is not None
    return offer.contract


def signed(
    offer: Offer,
    *,
    seller: PrivateKey = SELLER,
    board: PrivateKey = BOARD,
    network: str = NETWORK,
    host: str = HOST,
    contract: PublicKey | None = None,
    offer_hash: int | None = None,
) -> Listing:
    """The listing of an offer, signed for this board unless it is said otherwise."""
    hashed = offer.hash if offer_hash is None else offer_hash
    url = f"{host}/offers/{hashed:064x}"
    on_chain = contract or contract_key(offer)
    return sign_listing(seller, network, board.public_key(), on_chain, hashed, url)


def closed_account(
    key: PublicKey, token: str, permissions: dict[str, str], state: list[int], uri: str | None
) -> dict[str, Any]:
    """An account without code, that no key can change."""
    return {
        "publicKey": key.to_base58(),
        "token": token,
        "zkappState": [str(value) for value in state],
        "zkappUri": uri,
        "verificationKey": None,
        "permissions": {**permissions, "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"}},
    }


def listing_account(listing: Listing, at: int, board: PrivateKey = BOARD) -> dict[str, Any]:
    """The account of a listing, at an address of its own."""
    key = PrivateKey.from_scalar(10_000 + at).public_key()
    token = board_asset(board.public_key()).id
    return closed_account(key, token, LISTING_PERMISSIONS, listing.state(), listing.url)


def board_account(board: PrivateKey = BOARD) -> dict[str, Any]:
    return closed_account(board.public_key(), MINA.id, BOARD_PERMISSIONS, [0] * 8, None)


@dataclass
class FakeBoard:
    """A node, and the hosts of the offers."""

    listings: dict[str, dict[str, Any]] = field(default_factory=dict)  # accounts by address
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)  # answers by URL
    board: dict[str, Any] = field(default_factory=board_account)
    date: int = NOW - 100  # of the newest block

    def add(self, listing: Listing, **changes: Any) -> str:
        """Put a listing on the board; its address."""
        account = {**listing_account(listing, len(self.listings)), **changes}
        self.listings[account["publicKey"]] = account
        return str(account["publicKey"])

    def sell(self, offer: Offer, *, closed: int = 0, host: str = HOST, **changes: Any) -> None:
        """Open the offer's contract, and have its host show it."""
        account = contract_answer(offer, b"a credential", closed=closed)["account"]
        self.contracts[account["publicKey"]] = {**account, **changes}
        view = {"offer": offer.id, "open": not closed, "document": json.loads(offer.document)}
        self.documents[url_of(offer, host)] = canonical(view)

    def listed(self, offer: Offer, **named: Any) -> str:
        """Sell it, and list it as its seller."""
        self.sell(offer)
        return self.add(signed(offer, **named))

    def node(self, query: str) -> dict[str, Any]:
        """What an honest node answers to the questions of a reader."""
        head = {
            name: account_answer(date=self.date)[name]
            for name in ("syncStatus", "networkID", "daemonStatus", "bestChain")
        }
        if "tokenAccounts" in query:
            token = board_asset(BOARD.public_key()).id
            accounts = [{"publicKey": key, "token": token} for key in self.listings]
            return {**head, "board": self.board, "tokenAccounts": accounts}
        asked = [part.partition('"') for part in query.split('publicKey:"')[1:]]
        found = {**self.contracts, **self.listings}
        return {**head, **{f"a{at}": found.get(address) for at, (address, _, _) in enumerate(asked)}}


def numbered_offer(at: int, **changes: Any) -> Offer:
    """One of many offers, each with a contract of its own."""
    contract = PrivateKey.from_scalar(50_000 + at).public_key().to_base58()
    changed = {"title": f"Offer {at}", "credential": {"kind": "chain", "contract": contract}, **changes}
    return make_chain_offer(**changed)
