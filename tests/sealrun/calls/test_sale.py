"""Sales of prepaid tickets: what is signed, what a ticket for a payment is, and each lie about one."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.calls.call import TICKET_SALT, Call
from sealrun.calls.grant import Grant
from sealrun.calls.sale import Sale, check_sold, make_sale, memo_text, read_sale, sold_ticket
from sealrun.calls.ticket_url import Ticket, public_url
from sealrun.encoding.fields import canonical
from sealrun.errors import Expired, InputsRefused, Malformed, NotAllowed, Refused, SealrunError
from sealrun.offers.asset import MINA
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, PRICE, make_offer, make_paid_offer, terms_value

PAYER, OTHER = PrivateKey.from_scalar(901), PrivateKey.from_scalar(902)
OFFER = make_paid_offer()
UNTIL = 1_800_500_000
BEFORE = UNTIL - 90 * 86_400  # a ticket lasts no longer
PAYMENT = "5JuPayment1111111111111111111111"


def made(**changes: Any) -> Sale:
    named = {
        "audience": "https://calls.test",
        "inputs": {"layer": "mina"},
        "until": UNTIL,
        "price": 1_500_000_000,
        "tickets": "https://me.example/tickets.json",
    }
    values: dict[str, Any] = {**named, **changes}
    offer = values.pop("offer", OFFER)
    issuer = values.pop("issuer", BUYER).public_key()
    return make_sale(issuer, offer, ACCOUNT.public_key(), asset=MINA.id, **values)


def ticket(sale: Sale | None = None, limit: int = PRICE, **changes: Any) -> tuple[Grant, Any]:
    values: dict[str, Any] = {"payment": PAYMENT, "payer": PAYER.public_key(), **changes}
    return sold_ticket(BUYER, OFFER, sale or made(), limit=limit, **values)


def test_a_sale_reads_back_as_it_was_signed_and_names_itself_in_a_memo() -> None:
    sale = made()
    assert read_sale(canonical(sale.signed(BUYER))) == sale
    assert (len(sale.memo), sale.memo[:8]) == (32, "sealrun ")
    assert made(price=2).memo != sale.memo
    assert sale.price == MINA.of(1_500_000_000)


def test_e4_a_sale_that_somebody_changed_or_another_signed_is_refused() -> None:
    signed = made().signed(BUYER)
    for name, value in {"price": "1", "until": UNTIL + 1, "issuer": OTHER.public_key().to_base58()}.items():
        with pytest.raises(NotAllowed, match="expected the issuer's over the sale"):
            read_sale(canonical({**signed, "data": {**signed["data"], name: value}}))
    with pytest.raises(NotAllowed, match="expected the key of"):
        made().signed(OTHER)
    with pytest.raises(Malformed, match="got also tip"):
        read_sale(canonical({**signed, "tip": 1}))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"price": 0}, "price: expected above 0"),
        ({"price": 2**64}, "price: expected at most"),
        ({"tickets": "file:///etc/passwd"}, "tickets: expected an http or https address"),
        ({"audience": "https://calls.test/#x"}, "audience: expected the URL of a stack"),
        ({"audience": "https://calls.test/1/2/3/4"}, "audience: expected the URL of a stack"),  # as a grant's
        ({"inputs": []}, "inputs: expected an object"),
        ({"until": -1}, "until: expected a whole number"),
    ],
)
def test_a_sale_of_another_form_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(Malformed, match=text):
        made(**changes)
    with pytest.raises(Malformed, match="canonical JSON"):
        Sale.parse(json.dumps(json.loads(made().document), indent=1).encode())


@pytest.mark.parametrize(
    ("sale", "offer", "now", "error", "text"),
    [
        (made(), OFFER, UNTIL, Expired, "sale: expected one that ends after"),
        (made(), OFFER, BEFORE - 1, Expired, "within 90 days of it"),
        (made(), make_paid_offer(title="Another"), BEFORE, Refused, "offer: expected"),
        (made(), make_offer(), BEFORE, Refused, "offer: expected"),
        (made(inputs={"layer": "; rm"}), OFFER, BEFORE, InputsRefused, "layer"),
        (
            made(issuer=ORACLE),
            OFFER,
            BEFORE,
            NotAllowed,
            "issuer: expected a buyer's key, got the oracle's own",
        ),
    ],
)
def test_a_sale_that_cannot_be_redeemed_is_refused_before_anybody_pays(
    sale: Sale, offer: Any, now: int, error: type[SealrunError], text: str
) -> None:
    with pytest.raises(error, match=text):
        sale.check_offer(offer, now=now)
    assert made().check_offer(OFFER, now=BEFORE).units == PRICE


def test_e4_a_payment_buys_one_ticket_and_the_same_one_each_time() -> None:
    first, again = ticket(), ticket()
    assert (first[0].document, first[1]) == (again[0].document, again[1])
    calls = [each.prepaid_call for each in (first[0], ticket(payment=PAYMENT + "2")[0])]
    assert len({call.hash for call in calls if call}) == 2
    check_sold(*first, made(), PAYER.public_key(), most=PRICE)


def test_e4_the_payers_own_key_redeems_and_no_secret_is_in_the_url() -> None:
    grant, signature = ticket()
    url = public_url(grant, signature)
    with pytest.raises(Malformed, match="beside its holder's key"):
        Ticket.parse(url)
    with pytest.raises(Malformed, match="the secret of the ticket's own key"):
        Ticket.parse(url, OTHER)
    own = Ticket.parse(url, PAYER)
    redemption = own.redeem({}, salt="0" * 64, nonce=1, expires_at=1)
    redemption.check_signatures()
    assert PAYER.to_base58() not in url + json.dumps(redemption.body())


def signed_again(grant: Grant, **changes: Any) -> tuple[Grant, Any]:
    """The issuer itself grants something else than it sold."""
    value = json.loads(grant.document)
    prepaid = {**value["prepaid"], **changes.pop("prepaid", {})}
    other = Grant.parse(canonical({**value, "prepaid": prepaid, **changes}))
    return other, sign_fields(BUYER, other.signed_fields)


LIES: dict[str, tuple[dict[str, Any], str]] = {
    "another stack": ({"audience": "https://other.test"}, "got a ticket for something else"),
    "another offer": (
        {"offer": f"{make_paid_offer(title='x').hash:064x}"},
        "got a ticket for something else",
    ),
    "other inputs": ({"inputs": {"layer": "both"}}, "got a ticket for something else"),
    "a shorter time": ({"until": UNTIL - 1}, "got a ticket for something else"),
    "another account": ({"prepaid": {"account": OTHER.public_key().to_base58()}}, "something else"),
    "somebody else's key": ({"key": OTHER.public_key().to_base58()}, "got another's"),
    "a limit of nothing": ({"prepaid": {"limit": "0"}}, "a limit that the account's funds cover"),
    "a limit above the funds": ({"prepaid": {"limit": str(PRICE + 1)}}, "a limit that the account's funds"),
    "another call's voucher": ({"prepaid": {"salt": "0" * 64}}, "expected its issuer's voucher"),
}


@pytest.mark.parametrize("lie", LIES)
def test_e4_a_ticket_that_is_not_what_was_sold_is_named(lie: str) -> None:
    changes, text = LIES[lie]
    grant, signature = signed_again(ticket()[0], **changes)
    with pytest.raises(SealrunError, match=text):
        check_sold(grant, signature, made(), PAYER.public_key(), most=PRICE)


def test_e4_a_ticket_that_another_key_signed_is_refused() -> None:
    grant, _ = ticket()
    with pytest.raises(NotAllowed, match="expected its issuer's signature"):
        check_sold(grant, sign_fields(OTHER, grant.signed_fields), made(), PAYER.public_key(), most=PRICE)


def test_e4_nobody_else_redeems_a_ticket_whose_grant_is_public() -> None:
    own = Ticket.parse(public_url(*ticket()), PAYER)
    redemption = own.redeem({}, salt="0" * 64, nonce=1, expires_at=1)
    forged = replace(redemption, proof=sign_fields(OTHER, redemption.proof_fields))
    with pytest.raises(NotAllowed, match="expected a signature of the ticket's own key"):
        forged.check_signatures()


def test_a_memo_is_written_as_nodes_write_it() -> None:
    # o1js 2.15: Memo.toBase58(Memo.fromString('')), and of 'sealrun'.
    assert memo_text("") == "E4YM2vTHhWEg66xpj52JErHUBU4pZ1yageL4TVDDpTTSsv8mK6YaH"
    assert memo_text("sealrun") == "E4YbWxKpgUYKsaukNFVtyePGkgCtZTYgnWW1GUjGKD7Y3vDhJrF7X"
    written = "E4ZS7ZjcuGqxnGk1YNugef16VkokZ7dRfXTn7UatNfUfEvE2zG8MP"
    assert memo_text("sealrun 0123456789abcdefghijklmn") == written, (
        "contracts/src/test/pay.test.ts has it too"
    )
    with pytest.raises(Malformed, match="at most 32 bytes"):
        memo_text("x" * 33)


def test_terms_of_another_account_are_no_terms_of_the_sale() -> None:
    other = make_paid_offer(terms=terms_value(ledger="8"))
    with pytest.raises(Refused, match="offer: expected"):
        made(offer=other).check_offer(OFFER, now=BEFORE)


def test_e4_a_ticket_that_anybody_could_start_is_refused() -> None:
    grant, signature = ticket()
    assert grant.prepaid is not None
    assert grant.prepaid.salt.startswith(TICKET_SALT)
    value = json.loads(grant.document)
    loose = Call(
        OFFER.network, ACCOUNT.public_key(), OFFER.hash, grant.terms_hash, grant.prepaid.asset,
        grant.inputs, "ab" * 32, 1, UNTIL,
    )  # fmt: skip
    signed = sign_fields(BUYER, loose.voucher_fields(PRICE)).to_base58()
    value["prepaid"] |= {"salt": "ab" * 32, "nonce": f"{1:032x}", "signature": signed}
    anybodys = Grant.parse(canonical(value))
    signature = sign_fields(BUYER, anybodys.signed_fields)
    with pytest.raises(Refused, match="only its key can start"):
        check_sold(anybodys, signature, made(), PAYER.public_key(), most=PRICE)
