"""Show an account: what settles it to seller and operator, the figure to its buyer, nothing to others."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import MAX_READ_SECONDS, MAX_UNIX_SECONDS, check_expiry
from sealrun.chain.account import account_fields
from sealrun.encoding import read
from sealrun.encoding.fields import NETWORKS
from sealrun.errors import Malformed, NotAllowed, NotFound, Unavailable
from sealrun.money.dues import Due
from sealrun.money.vouchers import Standing
from sealrun.offers.asset import Asset
from sealrun.offers.stored_offer import StoredOffer
from sealrun.offers.terms import Terms
from sealrun.ports.calls import Ledger
from sealrun.ports.keys import Oracle
from sealrun.workflows.list_calls import place_of
from sealrun.workflows.read_proved import proved_calls


@dataclass(frozen=True)
class _Known:
    """An account of the ledger, with the offer that its terms come from."""

    address: PublicKey
    standing: Standing
    stored: StoredOffer
    terms: Terms
    asset: Asset  # as the offer names it

    @property
    def name(self) -> str:
        return self.address.to_base58()

    @property
    def due(self) -> Due:
        tree = self.standing.tree
        return Due(self.terms.network, self.address, self.terms.asset, tree.due, tree.root, tree.count)


@dataclass(frozen=True)
class _Right:
    """Who asks, until when, and the signature that says so, which is not checked yet."""

    key: PublicKey
    expires_at: int
    signature: Signature

    @classmethod
    def parse(cls, right: Mapping[str, str], *, now: int) -> "_Right":
        value = read.only(dict(right), ("key", "expires_at", "signature"), where="authorization")
        expires_at = read.decimal(value, "expires_at", high=MAX_UNIX_SECONDS)
        check_expiry(expires_at, now=now, at_most=MAX_READ_SECONDS)
        try:
            signature = Signature.from_base58(value["signature"])
        except (ValueError, TypeError) as error:
            raise Malformed(f"signature: {error}") from error
        return cls(read.public_key(value, "key"), expires_at, signature)


def read_account(
    address: str,
    right: Mapping[str, str],
    *,
    service: str,
    ledger: Ledger,
    oracle: Callable[[StoredOffer], Oracle],
    now: int,
    call_id: str = "",
    after: str | None = None,
) -> dict[str, Any]:
    """What the signer may know of an account.

    Seller and operator get the voucher of the highest limit and the oracle's signed due: all that a
    settlement needs (A6). The buyer gets the figure and the root, signed under a tag that no contract takes,
    and with ``call_id`` the proof that this call's receipt is under that root (A8).

    Where proofs settle, no due is signed: seller and operator get the good calls to prove, and the buyer gets
    the same sums without a signature.

    Args:
        address: of the account, base58.
        right: ``key``, ``expires_at`` and ``signature`` of whoever asks.
        service: the URL of this service, which the right must name.
        ledger: the table of accounts.
        oracle: opens the oracle key that an offer names.
        now: Unix seconds.
        call_id: the call hash, 64 hex digits; empty for none.
        after: ``next`` of the page before, where proofs settle and the calls come in pages.

    Raises:
        NotAllowed: the signature does not hold, or its key is none of the three. An account that is not
            known here answers the same.
        Expired: the right is over, or more than an hour ahead.
        Malformed: ``after`` is no such place.
        NotFound: the call has no leaf on this account.
        Unavailable: to its buyer only: the account is of an older sealrun, or of another service.
    """
    signed = _Right.parse(right, now=now)  # before the ledger is asked: all of it is refused alike
    beyond = place_of(after)
    known = _known(address, ledger, signed, service)
    key = _check_right(known, signed, service)
    is_paid = key in (known.terms.seller, known.terms.operator)
    if known.terms.oracle is None:
        return _proved(known, ledger, beyond, is_paid=is_paid)
    if is_paid:
        return _settlement(known, ledger, oracle(known.stored))
    return _figure(known, ledger, oracle(known.stored), call_id)


def _known(address: str, ledger: Ledger, right: _Right, service: str) -> _Known:
    key = read.public_key({"account": address}, "account")
    standing = ledger.standing(key.to_base58())
    if standing is None:
        raise _not_hers()
    stored = ledger.offer(standing.offer_hash) or _of_terms(standing.terms, ledger)
    if stored is None or stored.offer.payment is None:
        # Without its terms nobody but the buyer is known, and a stranger does not learn that it is here.
        if not any(_is_signed(right, standing, network, key, service) for network in NETWORKS):
            raise _not_hers()
        raise Unavailable(
            "account: expected one of an offer in this ledger, got one of an older sealrun or of another "
            "service; the version that took its calls settles it"
        )
    cost, terms = stored.offer.payment.priced_under(standing.terms)
    return _Known(key, standing, stored, terms, cost.asset)


def _is_signed(right: _Right, standing: Standing, network: str, account: PublicKey, service: str) -> bool:
    """True if the account's buyer signed the right, for this network."""
    fields = account_fields(network, account, right.expires_at, service=service)
    return right.key.to_base58() == standing.buyer and verify_fields(right.signature, right.key, fields)


def _not_hers() -> NotAllowed:
    return NotAllowed(
        "account: expected one of the signer's with calls here, got another; one of an older sealrun is "
        "settled by the version that took its calls"
    )


def _of_terms(terms: int, ledger: Ledger) -> StoredOffer | None:
    """An offer of this stack with the terms of an account whose first call another stack took (A3)."""
    for stored in map(ledger.offer, ledger.published()):
        prices = stored.offer.payment.prices if stored and stored.offer.payment else ()
        if any(price.terms.hash == terms for price in prices):
            return stored
    return None


def _check_right(known: _Known, right: _Right, service: str) -> PublicKey:
    who = (known.terms.seller, known.terms.operator, PublicKey.from_base58(known.standing.buyer))
    fields = account_fields(known.terms.network, known.address, right.expires_at, service=service)
    if not (right.key in who and verify_fields(right.signature, right.key, fields)):
        raise _not_hers()
    return right.key


def _proved(
    known: _Known, ledger: Ledger, beyond: tuple[int, int] | None, *, is_paid: bool
) -> dict[str, Any]:
    """As ``sealrun prove`` and ``settle`` read it; the buyer sees sums and its own voucher."""
    tree, voucher = known.standing.tree, known.standing.voucher
    sums = {"due": str(tree.due), "count": tree.count, "pending": str(known.standing.pending)}
    if not is_paid:
        return {**_named(known), **sums, "voucher": voucher.value()}
    highest = {
        "limit": str(voucher.limit), "call_hash": str(voucher.call_hash), "signature": voucher.signature
    }  # fmt: skip
    more = {"buyer": known.standing.buyer, "taken": known.standing.calls, "voucher": highest}
    return {**_named(known), **sums, **more, **proved_calls(known.name, ledger, beyond)}


def _settlement(known: _Known, ledger: Ledger, oracle: Oracle) -> dict[str, Any]:
    """As ``contracts/build/tools/settle.js`` reads it.

    The due is kept before it is handed out: once it is settled, the account is known by it (A1).
    """
    due, voucher = known.due, known.standing.voucher
    if oracle.public_key != known.terms.oracle:
        raise Unavailable("oracle: expected the key of the terms, got another")
    ledger.keep_due(due)
    signed_due = {
        "due": str(due.amount),
        "tree_root": str(due.tree_root),
        "count": due.count,
        "signature": oracle.sign(due.due_fields()).to_base58(),
    }
    return {
        **_named(known),
        "voucher": {
            "limit": str(voucher.limit),
            "call_hash": str(voucher.call_hash),
            "signature": voucher.signature,
        },
        "due": signed_due,
        "pending": str(known.standing.pending),
        "root": str(due.root),
    }


def _named(known: _Known) -> dict[str, Any]:
    """What both views begin with: the terms name the asset of all amounts, the offer how people read it."""
    return {"account": known.name, "terms": known.terms.value(), **known.asset.value()}


def _figure(known: _Known, ledger: Ledger, oracle: Oracle, call_id: str) -> dict[str, Any]:
    due, voucher = known.due, known.standing.voucher
    figure = {
        "due": str(due.amount),
        "tree_root": str(due.tree_root),
        "count": due.count,
        "root": str(due.root),
        "signature": oracle.sign(due.figure_fields()).to_base58(),
    }
    return {
        **_named(known),
        "figure": figure,
        "pending": str(known.standing.pending),
        "voucher": voucher.value(),
        "proof": _proof(known, ledger, call_id) if call_id else None,
    }


def _proof(known: _Known, ledger: Ledger, call_id: str) -> dict[str, Any]:
    """The call's leaf and its siblings under the root of the figure, from one more leaf a level (L14)."""
    tree = known.standing.tree
    leaf = ledger.leaf(known.name, read.hex_field(call_id, where="call"))
    # A leaf that came after the standing was read is not under its root.
    if leaf is None or leaf.index >= tree.count:
        raise NotFound("call: expected one of this account that is over, got another")
    wanted = list(tree.beside(leaf.index).values())
    beside = {each.index: each for each in ledger.leaves(known.name, wanted)}
    if beside.keys() != set(wanted):
        raise Unavailable("account: expected every leaf of its tree in the ledger, got some")
    siblings = tree.path(leaf.index, beside)
    fields = {name: str(value) for name, value in leaf.fields.items()}
    return {"leaf": {**fields, "index": leaf.index}, "siblings": [str(sibling) for sibling in siblings]}
