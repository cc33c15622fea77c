"""The buyer's side: sign a call, and sign the right to read its evidence. Randomness and time come in."""

from collections.abc import Mapping
from typing import Any

from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from sealrun.calls.call import Call, Parent, SignedCall, calls_fields, read_fields
from sealrun.chain.account import account_fields
from sealrun.offers.offer import Offer


def sign_call(
    buyer: PrivateKey,
    offer: Offer,
    *,
    inputs: Mapping[str, Any],
    salt: str,
    nonce: int,
    expires_at: int,
    identifier: str | None = None,
    reads: tuple[str, ...] = (),
    parent: Parent | None = None,
) -> SignedCall:
    """Sign one call of an offer of price 0; a wallet's ``signFields`` over the same fields does the same.

    Args:
        buyer: the key that pays; for price 0 the account is the key itself.
        offer: the offer that is bought. Parse the document that you read, so that its hash is your own.
        inputs: the inputs of the pipeline.
        salt: 64 random hex digits.
        nonce: 128 random bits.
        expires_at: Unix seconds, at most a day ahead.
        identifier: x402's payment-identifier, 16 to 128 characters; None for none.
        reads: receipt hashes (64 hex digits) of the runs whose outputs this call uses.
        parent: the call for whose run a job makes this one.
    """
    call = Call(
        network=offer.network,
        account=buyer.public_key(),
        offer_hash=offer.hash,
        terms_hash=0,
        asset=0,
        inputs=inputs,
        salt=salt,
        nonce=nonce,
        expires_at=expires_at,
        reads=reads,
        parent=parent,
    )
    return SignedCall(call, 0, sign_fields(buyer, call.voucher_fields(0)), identifier)


def sign_read(
    buyer: PrivateKey, network: str, account: PublicKey, call_hash: int, *, expires_at: int, service: str
) -> dict[str, str]:
    """The headers that let the buyer read a call's private parts until ``expires_at`` (at most an hour).

    ``service`` is any URL of the service that is asked; no other service takes these headers.
    """
    fields = read_fields(network, account, call_hash, expires_at, service=service)
    signature = sign_fields(buyer, fields).to_base58()
    return {"Sealrun-Expires-At": str(expires_at), "Sealrun-Signature": signature}


def sign_calls_read(
    buyer: PrivateKey, network: str, account: PublicKey, *, expires_at: int, service: str
) -> dict[str, str]:
    """The headers that let the buyer list an account's calls, and read each one's private parts.

    They hold until ``expires_at``, at most an hour. ``service`` is any URL of the service that is asked; no
    other service takes these headers.
    """
    fields = calls_fields(network, account, expires_at, service=service)
    return _named(buyer, expires_at, sign_fields(buyer, fields))


def _named(key: PrivateKey, expires_at: int, signature: Signature) -> dict[str, str]:
    """The headers of a right that says whose it is."""
    return {
        "Sealrun-Key": key.public_key().to_base58(),
        "Sealrun-Expires-At": str(expires_at),
        "Sealrun-Signature": signature.to_base58(),
    }


def sign_account_read(
    key: PrivateKey, network: str, account: PublicKey, *, expires_at: int, service: str
) -> dict[str, str]:
    """The headers that let buyer, seller or operator read an account, for an hour at most.

    ``service`` is any URL of the service that is asked; no other service takes these headers.
    """
    fields = account_fields(network, account, expires_at, service=service)
    return _named(key, expires_at, sign_fields(key, fields))
