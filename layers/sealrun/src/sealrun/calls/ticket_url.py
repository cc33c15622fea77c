"""Making tickets, the URL that holds one, and redeeming it. Randomness and time come in.

    https://stack/tickets/ID#GRANT.SIGNATURE.SECRET
    https://files/tickets/ID#GRANT.SIGNATURE.SECRET.BOX     where no server listens: see ``letters``
    https://stack/tickets/ID#GRANT.SIGNATURE                for a key that its holder has: see ``sale``

A browser never sends the part after ``#`` (RFC 9110, section 4.2.3 and 7.1), so the secret reaches
no server and no log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mina import tokens
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from sealrun.calls.call import TICKET_SALT, Call
from sealrun.calls.grant import Grant, Prepaid, base64url, unbase64url
from sealrun.calls.letters import PostBox
from sealrun.calls.ticket import Redemption, proof_fields
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed, Refused
from sealrun.offers.offer import Offer

MAX_URL_LENGTH = 16 * 1024


@dataclass(frozen=True)
class Ticket:
    """A grant and the secret that redeems it."""

    grant: Grant
    signature: Signature
    secret: PrivateKey  # shows itself nowhere but in ``url``
    box: PostBox | None = None  # where its letter is dropped; None where a service takes a request

    def with_box(self, box: PostBox) -> "Ticket":
        """The same, redeemed by a letter."""
        return replace(self, box=box)

    def url(self, page: str = "") -> str:
        """The one place where the secret is written; the stack's own address, or that of a page for it."""
        parts = [base64url(self.grant.document), self.signature.to_base58(), self.secret.to_base58()]
        if self.box is not None:
            parts.append(self.box.text())
        return f"{page or f'{self.grant.audience}/tickets/{self.grant.id}'}#{'.'.join(parts)}"

    @classmethod
    def parse(cls, url: str, own: PrivateKey | None = None) -> "Ticket":
        """Read a URL; the part before ``#`` does not matter.

        Not checked: signature and time.

        Args:
            url: the whole of it.
            own: the ticket's key, where the URL does not hold it.

        Raises:
            Malformed: it is no ticket's URL; the text is not repeated, a secret may stand in it.
        """
        parts = url.partition("#")[2].split(".")
        if len(parts) == 2 and own is not None:  # noqa: PLR2004  grant and signature
            parts.append(own.to_base58())
        if len(url) > MAX_URL_LENGTH or len(parts) not in (3, 4):  # grant, signature, secret, perhaps a box
            ends = "#GRANT.SIGNATURE.SECRET, or #GRANT.SIGNATURE beside its holder's key"
            raise Malformed(f"ticket: expected a URL that ends in {ends}, got another text")
        grant = Grant.parse(unbase64url(parts[0]))
        try:
            signature, secret = Signature.from_base58(parts[1]), PrivateKey.from_base58(parts[2])
        except ValueError:
            raise Malformed("ticket: expected a signature and a key in the URL, got something else") from None
        if secret.public_key() != grant.key:
            raise Malformed("ticket: expected the secret of the ticket's own key, got another")
        return cls(grant, signature, secret, PostBox.from_text(parts[3]) if parts[3:] else None)

    def redeem(self, chosen: Mapping[str, Any], *, salt: str, nonce: int, expires_at: int) -> Redemption:
        """Sign one redemption.

        Args:
            chosen: the open inputs.
            salt: 64 random hex digits; a prepaid call has its own.
            nonce: 128 random bits; likewise.
            expires_at: Unix seconds, at most an hour ahead.

        Raises:
            InputsRefused: an input is chosen that is not open.
        """
        grant = self.grant
        if grant.prepaid and chosen:
            grant.call(chosen, salt=salt, nonce=nonce, expires_at=expires_at)
        call = grant.prepaid_call or grant.call(chosen, salt=salt, nonce=nonce, expires_at=expires_at)
        proof = sign_fields(self.secret, proof_fields(grant, call, expires_at))
        return Redemption(grant, self.signature, expires_at, call, proof)


def issue(
    issuer: PrivateKey,
    offer: Offer,
    secret: PrivateKey,
    *,
    audience: str,
    inputs: Mapping[str, Any],
    opened: tuple[str, ...],
    until: int,
    prepaid: Prepaid | None = None,
) -> Ticket:
    """Grant one run.

    Args:
        issuer: for price 0 a key that the offer allows; otherwise the buyer's of the prepaid account.
        offer: parsed from the document that was read.
        secret: a fresh key, the ticket's own.
        audience: URL of the stack.
        inputs: the fixed ones.
        opened: names of the inputs that the holder may choose; only for price 0.
        until: Unix seconds, at most 90 days ahead.
        prepaid: of ``prepay``, for an offer that has a price.

    Raises:
        Malformed: the parts do not fit each other.
    """
    values: dict[str, Any] = {"audience": audience, "inputs": inputs, "opened": opened, "until": until}
    return Ticket(*granted(issuer, offer, secret.public_key(), prepaid=prepaid, **values), secret)


def granted(
    issuer: PrivateKey,
    offer: Offer,
    key: PublicKey,
    *,
    audience: str,
    inputs: Mapping[str, Any],
    opened: tuple[str, ...],
    until: int,
    prepaid: Prepaid | None,
) -> tuple[Grant, Signature]:
    """The public half of ``issue``: the grant for whoever has the secret of ``key``, and its signature."""
    value = {
        "sealrun": 1,
        "audience": audience,
        "network": offer.network,
        "offer": offer.id,
        "terms": f"{_terms(offer, prepaid):064x}",
        "key": key.to_base58(),
        "issuer": issuer.public_key().to_base58(),
        "inputs": dict(inputs),
        "open": list(opened),
        "until": until,
        "prepaid": prepaid.value() if prepaid else None,
    }
    grant = Grant.parse(canonical(value))
    return grant, sign_fields(issuer, grant.signed_fields)


def public_url(grant: Grant, signature: Signature) -> str:
    """A ticket's URL without its secret, for a holder whose own key is the ticket's."""
    return f"{grant.audience}/tickets/{grant.id}#{base64url(grant.document)}.{signature.to_base58()}"


def prepay(
    issuer: PrivateKey,
    offer: Offer,
    account: PublicKey,
    *,
    asset: str,
    inputs: Mapping[str, Any],
    limit: int,
    salt: str,
    nonce: int,
    until: int,
) -> Prepaid:
    """Sign the whole call in advance: a voucher covers the call's hash, and that its inputs.

    Whoever sees the grant has the whole call. So its salt, of which the second half is taken, says that it is
    a ticket's: it starts with a redemption by the ticket's own key, and not by itself (E4).

    ``asset`` is the token id, in base58, of what the account is kept in.

    Raises:
        Refused: the offer is free, or has no price in this asset.
    """
    if offer.payment is None:
        raise Refused("offer: expected one with a price to pay for, got one of price 0")
    terms = offer.payment.priced_in(asset).terms
    token, salt = terms.asset.token, TICKET_SALT + salt[len(TICKET_SALT) :]
    call = Call(offer.network, account, offer.hash, terms.hash, token, inputs, salt, nonce, until)
    return Prepaid(account, token, salt, nonce, limit, sign_fields(issuer, call.voucher_fields(limit)))


def _terms(offer: Offer, prepaid: Prepaid | None) -> int:
    """The hash of the terms of the account that pays; 0 where nothing is paid."""
    if prepaid is None or offer.payment is None:
        return offer.terms
    return offer.payment.priced_in(tokens.to_base58(prepaid.asset)).terms.hash
