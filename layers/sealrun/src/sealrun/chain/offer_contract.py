"""An offer's contract as a Mina node tells it, and the credential in its opening event (A11).

``sealrun.chain.account.account_query`` asks for the contract: its state says which offer it is, which
credential belongs to it, and whether the seller closed it. Events come from an archive that nobody needs to
believe: of all of them only the bytes count whose hash stands in the state.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from mina.keys import PublicKey
from sealrun.chain.account import (
    MINA_TOKEN,
    PERMISSIONS,
    Pinned,
    check_code,
    check_node,
    state_of,
    tip_height,
)
from sealrun.chain.answers import OF_ANOTHER_FORM, unreadable
from sealrun.encoding import read
from sealrun.encoding.fields import canonical, document_hash
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import AccountRefused, Malformed, OfferClosed, Unavailable
from sealrun.offers.offer import Offer, Payment

CREDENTIAL = "sealrun:credential"
# With access None anyone could add events to the contract.
OFFER_PERMISSIONS = {**PERMISSIONS, "access": "Proof"}
# Bytes of each field of the event after the first, which is their number.
CHUNK_BYTES = 31
# Mina's limit on the event fields of a transaction.
MAX_EVENT_FIELDS = 100
# What an archive looks through at once, unless its host chose another number: three weeks of 180 s slots.
ARCHIVE_BLOCKS = 10_000


class OfferState(NamedTuple):
    """A contract that is the offer's."""

    credential_hash: int
    closed: bool  # by the seller, for ever
    height: int = 0  # of the block that the node answered from; 0 where nobody asks for it


class ContractState(NamedTuple):
    """What a contract of the pinned code says, of whichever offer."""

    offer_hash: int
    terms_hash: int
    credential_hash: int
    is_closed: bool
    rest: tuple[int, ...]

    def check(self, offer: Offer) -> OfferState:
        """The same as the contract of this offer.

        Raises:
            OfferClosed: it is another offer's, which no later block changes.
        """
        _expect("offerHash", offer.hash, self.offer_hash)
        _expect("termsHash", offer.terms, self.terms_hash)
        if self.credential_hash == 0:
            raise OfferClosed("contract: expected a state.credentialHash, got 0")
        for index, value in enumerate(self.rest, start=4):
            _expect(str(index), 0, value)
        return OfferState(self.credential_hash, self.is_closed)


def check_offer(answer: Mapping[str, Any], offer: Offer, pinned: Pinned) -> OfferState:
    """The offer's contract: its address, code, permissions and state, in one answer.

    Not checked: that it is open.

    Args:
        answer: ``data`` of the answer to ``account_query`` for the contract and the offer's terms.
        offer: that names the contract.
        pinned: the code of ``Offer`` contracts, and the protocol.

    Raises:
        OfferClosed: the contract is another offer's, which no later block changes.
        Unavailable: there is no such contract yet, or of other code, or the node is not one to believe.
    """
    contract, payment = contract_of(offer)
    with suppress(AccountRefused):  # who is paid is another question
        check_node(answer, payment.terms)
    if "account" not in answer:
        raise unreadable(KeyError("account"))
    found = state_of_offer(answer["account"], contract, pinned).check(offer)
    return found._replace(height=tip_height(answer))


def state_of_offer(account: Any, contract: PublicKey, pinned: Pinned) -> ContractState:
    """The state of an account, if it runs the code of ``Offer`` contracts under their permissions.

    Raises:
        Unavailable: there is no such account yet, or of other code, or the node does not answer in this form.
    """
    try:
        if account is None:
            raise Unavailable(f"contract: expected the account {contract.to_base58()} to exist, got none")
        check_code(account, contract, pinned, permissions=OFFER_PERMISSIONS)
        # In the order of ``Offer``'s declarations.
        offer_hash, terms_hash, credential_hash, closed, *rest = state_of(account, pinned)
        return ContractState(offer_hash, terms_hash, credential_hash, closed != 0, tuple(rest))
    except AccountRefused as error:
        raise Unavailable(f"contract: {error.detail}") from error
    except OF_ANOTHER_FORM as error:
        raise unreadable(error) from error


def contract_of(offer: Offer) -> tuple[PublicKey, Payment]:
    """The contract that the offer names, and its payment.

    Raises:
        ValueError: it names none.
    """
    if offer.contract is None or offer.payment is None:
        raise ValueError("offer: expected one that names a contract, got another")
    return offer.contract, offer.payment


def events_query(contract: PublicKey, blocks: range | None = None) -> str:
    """The contract's events in these blocks; else in as many of the newest as the archive looks through."""
    address, token = contract.to_base58(), MINA_TOKEN
    within = f",from:{blocks.start},to:{blocks.stop}" if blocks else ""
    return f'{{events(input:{{address:"{address}",tokenId:"{token}"{within}}}){{eventData{{data}}}}}}'


def blocks_up_to(height: int) -> Iterator[range]:
    """All blocks up to this one, the newest first, in parts that an archive looks through at once."""
    for stop in range(height + 1, 1, -ARCHIVE_BLOCKS):
        yield range(max(1, stop - ARCHIVE_BLOCKS), stop)


def find_credential(events: Iterable[object], credential_hash: int) -> bytes:
    """The credential document: the bytes of the one event whose hash is in the contract's state (A11).

    Raises:
        Unavailable: no event holds it.
    """
    others = 0
    for event in events:
        document = _event_bytes(event)
        if document is not None and document_hash(CREDENTIAL, document) == credential_hash:
            return document
        others += 1
    raise Unavailable(f"credential: expected an event of hash {credential_hash}, got {others} others")


def credential_document(endpoint: str, sealed: bytes) -> bytes:
    """What the contract's opening event carries; ``endpoint`` is the origin that the token is for."""
    return canonical({"endpoint": endpoint, "sealed": base64.b64encode(sealed).decode()})


def sealed_box(document: bytes, offer: Offer) -> bytes:
    """The sealed credential of a document that ``find_credential`` found, for the offer's own origin (R1).

    Raises:
        OfferClosed: the document is none, or its endpoint is another; the hash pins it for ever.
    """
    try:
        value = read.only(parse_object(document), ("endpoint", "sealed"), where="credential")
        read.one_of(value, "endpoint", [offer.source.origin])
        sealed = base64.b64decode(value["sealed"], validate=True)
    except (Malformed, TypeError, ValueError) as error:
        raise OfferClosed(
            f"contract: expected this offer's credential document, got another: {error}"
        ) from error
    if credential_document(offer.source.origin, sealed) != document:
        raise OfferClosed("contract: expected a canonical credential document, got another form of it")
    return sealed


def _expect(name: str, expected: int, got: int) -> None:
    if got != expected:
        raise OfferClosed(f"contract: expected state.{name} {expected}, got {got}")


def _event_bytes(event: object) -> bytes | None:
    """The bytes that an event's fields hold, their number first; None for an event of another form."""
    try:
        size, *chunks = _fields(event)
        parts = [chunk.to_bytes(CHUNK_BYTES, "little") for chunk in chunks]
    except (ValueError, OverflowError):
        return None
    whole = b"".join(parts)
    return whole[:size] if len(whole) - CHUNK_BYTES < size <= len(whole) else None


def _fields(event: object) -> list[int]:
    """An archive's decimal numbers; none where it tells anything else."""
    numbers = event if isinstance(event, list) and len(event) <= MAX_EVENT_FIELDS else []
    good = all(isinstance(each, str) and re.fullmatch(r"[0-9]{1,78}", each, re.ASCII) for each in numbers)
    return [int(each) for each in numbers] if good else []
