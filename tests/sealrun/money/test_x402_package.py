"""The package ``x402`` pays with a Mina mechanism registered from outside; nothing of it is changed."""

import asyncio
from typing import Any

import httpx
import pytest
from x402 import x402Client
from x402.client import SpendControlAsset, SpendControls
from x402.extensions.payment_identifier import append_payment_identifier_to_extensions
from x402.http import decode_payment_response_header
from x402.http.clients.httpx import PaymentError, x402_httpx_transport
from x402.schemas import PaymentRequired

from mina.sign import sign_fields
from sealrun.chain.account import MINA_TOKEN
from sealrun.errors import Malformed, Refused
from sealrun.money import x402 as binding
from sealrun.money.buyer_mechanism import Known, MinaBatchSettlement
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SELLER_SITE, Market
from tests.sealrun.world import ACCOUNT, BUYER, PRICE

NAME = ACCOUNT.public_key().to_base58()


def mechanism(market: Market, known: Known, nonce: int = 7) -> MinaBatchSettlement:
    call = market.sign(limit=0, nonce=nonce).call
    return MinaBatchSettlement(
        call,
        market.offer,
        buyer=BUYER.public_key(),
        sign=lambda fields: sign_fields(BUYER, fields),
        known=known,
    )


def client(made: MinaBatchSettlement, *, identifier: str = "") -> x402Client:
    """The package's own client, with the mechanism, a spend control for MINA, and two hooks."""
    found = x402Client()
    found.register("mina:devnet", made)
    allowed = SpendControlAsset(network="mina:devnet", asset=MINA_TOKEN, max_amount_per_payment=str(PRICE))
    found.set_spend_controls(SpendControls(allowed_assets=[allowed]))

    def name(context: Any) -> None:
        if identifier:
            append_payment_identifier_to_extensions(context.payment_payload.extensions, identifier)

    def correct(context: Any) -> None:
        required = context.payment_required
        correction = required.accepts[0].extra.get("correction") if required else None
        if correction is not None:
            made.correct(correction)

    found.on_after_payment_creation(name)
    found.on_payment_response(correct)
    return found


def post(gateway: Gateway, market: Market, made: MinaBatchSettlement, **more: Any) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = x402_httpx_transport(client(made, **more), gateway)
        async with httpx.AsyncClient(transport=transport) as http:
            return await http.post(SELLER_SITE.resource(market.offer), json=made.body())

    return asyncio.run(send())


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def gateway(market: Market, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(load("call", market, monkeypatch))


def test_the_package_pays_and_the_answer_is_reserved(market: Market, gateway: Gateway) -> None:
    made = mechanism(market, Known(0, 0))
    response = post(gateway, market, made)
    assert (gateway.statuses, response.status_code) == ([402, 202], 202)
    settled = decode_payment_response_header(response.headers["payment-response"])
    assert (settled.success, settled.transaction, settled.amount) == (True, "", "0")
    assert settled.extra is not None
    assert settled.extra["status"] == "reserved"
    assert response.json()["state"] == "running"
    assert market.ledger.standing(NAME).pending == PRICE


def test_l3_the_packages_identifier_makes_a_retry_harmless(market: Market, gateway: Gateway) -> None:
    for _ in range(2):
        response = post(gateway, market, mechanism(market, Known(0, 0)), identifier="pay_0123456789abcdef")
        assert response.status_code == 202
    assert market.provider.starts == 1
    other = post(
        gateway, market, mechanism(market, Known(PRICE, PRICE), 8), identifier="pay_0123456789abcdef"
    )
    assert other.status_code == 409


def test_l4_a_client_that_starts_cold_is_corrected_and_pays(market: Market, gateway: Gateway) -> None:
    post(gateway, market, mechanism(market, Known(0, 0)))
    cold = Known(0, 0)
    assert post(gateway, market, mechanism(market, cold, nonce=8)).status_code == 402
    response = post(gateway, market, mechanism(market, cold, nonce=9))
    assert gateway.statuses == [402, 202, 402, 402, 402, 202]
    assert response.status_code == 202
    assert cold == Known(PRICE, 2 * PRICE)
    assert market.ledger.standing(NAME).committed == 2 * PRICE


def test_our_402_is_what_the_package_expects(market: Market) -> None:
    value = binding.payment_required(market.offer, SELLER_SITE, "because")
    assert PaymentRequired.model_validate(value).model_dump(by_alias=True, exclude_none=True) == value


def refused_402(market: Market, **changes: Any) -> dict[str, Any]:
    return {**binding.accepts(market.offer, SELLER_SITE)[0], **changes}


LIES: list[dict[str, Any]] = [
    {"amount": str(PRICE + 1)},
    {"payTo": NAME},
    {"asset": "wTwin"},
    {"network": "mina:mainnet"},
    {"scheme": "exact"},
    {"extra": {}},
]


@pytest.mark.parametrize("lie", LIES, ids=[next(iter(lie)) for lie in LIES])
def test_a4_the_buyers_mechanism_signs_for_nothing_but_the_offer(market: Market, lie: dict[str, Any]) -> None:
    made = mechanism(market, Known(0, 0))
    with pytest.raises(Refused, match="expected"):
        made.create_payment_payload(refused_402(market, **lie))


def correction(market: Market, *, limit: int, due: int, pending: int, **lies: Any) -> dict[str, Any]:
    signed = market.sign(limit=limit, **lies)
    voucher = {
        "limit": str(limit),
        "callHash": str(signed.call.hash),
        "signature": signed.signature.to_base58(),
    }
    return {"due": str(due), "pending": str(pending), "voucher": voucher}


def test_a10_a_correction_counts_only_with_the_buyers_own_signature(market: Market) -> None:
    known = Known(0, 0)
    made = mechanism(market, known, nonce=9)
    with pytest.raises(Refused, match="the buyer's own signature"):
        made.correct(correction(market, limit=PRICE, due=0, pending=PRICE, buyer=ACCOUNT))
    raised = correction(market, limit=PRICE, due=0, pending=PRICE)
    raised["voucher"]["limit"] = str(100 * PRICE)
    with pytest.raises(Refused, match="the buyer's own signature"):
        made.correct(raised)
    with pytest.raises(Refused, match=f"at most the signed limit {PRICE}, got {2 * PRICE}"):
        made.correct(correction(market, limit=PRICE, due=PRICE, pending=PRICE))
    broken = correction(market, limit=PRICE, due=0, pending=PRICE)
    broken["voucher"]["signature"] = "7mX"
    with pytest.raises(Malformed, match="voucher: "):
        made.correct(broken)
    assert known == Known(0, 0)
    made.correct(correction(market, limit=3 * PRICE, due=PRICE, pending=PRICE))
    assert known == Known(2 * PRICE, 3 * PRICE)


def test_c2_no_second_higher_limit_is_signed_for_one_call(market: Market) -> None:
    made = mechanism(market, known := Known(0, 0), nonce=9)
    made.create_payment_payload(binding.accepts(market.offer, SELLER_SITE)[0])
    made.correct(correction(market, limit=3 * PRICE, due=PRICE, pending=PRICE))
    with pytest.raises(Refused, match=f"at most the {PRICE} signed for this call, got {3 * PRICE}"):
        made.create_payment_payload(binding.accepts(market.offer, SELLER_SITE)[0])
    other = mechanism(market, known, nonce=10)
    assert other.create_payment_payload(binding.accepts(market.offer, SELLER_SITE)[0])["limit"] == str(
        3 * PRICE
    )


def test_c2_a_correction_that_counts_the_call_it_refuses_is_refused(market: Market) -> None:
    made = mechanism(market, known := Known(0, 0), nonce=9)
    made.create_payment_payload(binding.accepts(market.offer, SELLER_SITE)[0])
    with pytest.raises(Refused, match="got that of the call it refuses"):
        made.correct(correction(market, limit=PRICE, due=PRICE, pending=0, nonce=9))
    assert known == Known(0, PRICE)


def test_a10_the_client_never_signs_above_its_highest_limit_and_the_price(market: Market) -> None:
    made = mechanism(market, Known(committed=PRICE + 1, highest=PRICE))
    with pytest.raises(Refused, match=f"limit: expected at most {2 * PRICE} nanomina to sign"):
        made.create_payment_payload(binding.accepts(market.offer, SELLER_SITE)[0])


def test_a10_the_package_gives_up_where_the_mechanism_refuses(market: Market, gateway: Gateway) -> None:
    made = mechanism(market, Known(committed=PRICE + 1, highest=PRICE))
    with pytest.raises(PaymentError, match="nanomina to sign"):
        post(gateway, market, made)
    assert gateway.statuses == [402]
