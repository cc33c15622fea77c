"""A listing: what a seller signs so that an offer is on a board, and how it lies in an account of that board.

A listing is an account that nothing can change. Its state holds the offer's contract, the seller, the offer's
hash and the seller's signature; its URI is the address of the offer. The signature covers the address too, so
nobody lists the same offer with another one.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from mina.field import Q
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.encoding.fields import HALF, LIST, digest_fields, network_field, text_field
from sealrun.errors import Malformed

STATE_FIELDS = 8
# Mina keeps 255 bytes of an account's URI.
MAX_URL_LENGTH = 255
# No character of it means anything to a shell, to HTML or to a terminal.
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]_~/%-]{1,200}/offers/([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True)
class Listing:
    """What a listing says. Not checked: the signature, see ``holds``."""

    contract: PublicKey  # the offer's account on chain
    seller: PublicKey
    offer_hash: int
    url: str  # of the offer, https://.../offers/ID
    signature: Signature

    def holds(self, network: str, board: PublicKey) -> bool:
        """Whether the seller signed this for this board of this network."""
        fields = list_fields(network, board, self.contract, self.offer_hash, self.url)
        return verify_fields(self.signature, self.seller, fields)

    def state(self) -> list[int]:
        """The account's eight fields."""
        high, low = divmod(self.signature.s, HALF)  # s may not fit into one
        keys = [*self.contract.to_fields(), *self.seller.to_fields()]
        return [*keys, self.offer_hash, self.signature.r, low, high]

    @classmethod
    def parse(cls, state: list[int], url: str) -> "Listing":
        """Read the state and the URI of an account.

        Raises:
            Malformed: they are of another form.
        """
        if len(state) < STATE_FIELDS or any(state[STATE_FIELDS:]):
            raise Malformed(f"listing: expected a state of {STATE_FIELDS} fields, got another")
        contract_x, contract_odd, seller_x, seller_odd, offer_hash, r, low, high = state[:STATE_FIELDS]
        if low >= HALF:
            raise Malformed("listing: expected the lower half of a signature's s, got more")
        try:
            contract, seller = PublicKey(contract_x, contract_odd), PublicKey(seller_x, seller_odd)
            signature = Signature(r, low + high * HALF)
        except ValueError as error:
            raise Malformed(f"listing: {error}") from error
        check_offer_url(url, offer_hash)
        return cls(contract, seller, offer_hash, url, signature)


def list_fields(network: str, board: PublicKey, contract: PublicKey, offer_hash: int, url: str) -> list[int]:
    """The nine fields that a seller signs to list an offer on a board.

    Args:
        network: the board's.
        board: the owner of the board's token.
        contract: the offer's account on chain.
        offer_hash: of the offer.
        url: of the offer, where buyers call it.
    """
    keys = [*board.to_fields(), *contract.to_fields()]
    digest = digest_fields(hashlib.sha256(url.encode()).digest())
    return [text_field(LIST), network_field(network), *keys, offer_hash, *digest]


def sign_listing(
    seller: PrivateKey, network: str, board: PublicKey, contract: PublicKey, offer_hash: int, url: str
) -> Listing:
    """The seller's own listing.

    Raises:
        Malformed: the URL is not one that a listing can have.
    """
    check_offer_url(url, offer_hash)
    fields = list_fields(network, board, contract, offer_hash, url)
    return Listing(contract, seller.public_key(), offer_hash, url, sign_fields(seller, fields))


def listing_key(seller: PrivateKey, fields: list[int]) -> PrivateKey:
    """The listing account's own key, which follows from the seller's and what is listed.

    Listing the same again therefore finds the account, from whatever machine. The key has no power over the
    account once it is there.

    Args:
        seller: whose listing it is.
        fields: of ``list_fields``.
    """
    secret = seller.reveal_scalar().to_bytes(32, "big")
    text = b"sealrun:listing-key" + b"".join(field.to_bytes(32, "big") for field in fields)
    digest = hmac.digest(secret, text, "sha512")  # 512 bits: the remainder is as good as uniform
    return PrivateKey.from_scalar(1 + int.from_bytes(digest, "big") % (Q - 1))


def check_offer_url(url: str, offer_hash: int) -> None:
    """A listing can have this address of this offer.

    Raises:
        Malformed: it cannot.
    """
    match = _URL.fullmatch(url) if len(url) <= MAX_URL_LENGTH else None
    if match is None or int(match[1], 16) != offer_hash:
        got = ascii(url[:80])
        expected = f"https://.../offers/{offer_hash:064x} of at most {MAX_URL_LENGTH} characters"
        raise Malformed(f"url: expected {expected} without user and query, got {got}")
