"""Paying over x402 with the handler of functions/call behind it: what is signed, and what is kept."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from mina import tokens
from mina.keys import PrivateKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.errors import Refused
from sealrun.money import x402
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA
from sealrun.offers.prices import MAX_PRICES
from sealrun_cli.lib import book as book_file
from sealrun_cli.lib.book import Page, page
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.pay import Till
from sealrun_cli.lib.purchase import Purchase
from sealrun_cli.lib.service import Service
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SELLER_SITE, Market
from tests.sealrun.offers.test_prices import both
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, in_mina, make_paid_offer

NAME = ACCOUNT.public_key().to_base58()
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def gateway(market: Market, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(load("call", market, monkeypatch))


def bought(
    market: Market, answer: Answer, book: Page, nonce: int = 7, agree: Callable[[int], None] = print
) -> dict[str, Any]:
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        nonces = iter(range(nonce, nonce + 1000, 100))
        price = MINA.of(PRICE)
        till = Till(
            SELLER_SITE.resource(market.offer), market.offer, price, BUYER, book, Service(http), agree
        )
        return till.buy(lambda: market.sign(limit=0, nonce=next(nonces)).call).answer


def cold(folder: Path, market: Market) -> Any:
    assert market.offer.payment is not None
    return page(folder, NAME, market.offer.payment.terms, Known(0, 0))


def test_a_call_is_paid_and_its_price_is_remembered_as_pending(
    market: Market, gateway: Gateway, tmp_path: Path
) -> None:
    for nonce in (1, 2):
        with cold(tmp_path, market) as book:
            assert bought(market, gateway.answer, book, nonce)["state"] == "running"
    assert gateway.statuses == [402, 202, 402, 202]
    with page(tmp_path, NAME) as book:
        assert book.known == Known(2 * PRICE, 2 * PRICE)
    assert market.ledger.standing(NAME).voucher.limit == 2 * PRICE


def test_a_paid_call_is_shown_and_agreed_to_before_anything_is_signed(
    market: Market, gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with cold(tmp_path, market) as book:
        book.save()
    url, until = SELLER_SITE.resource(market.offer).removesuffix("/calls"), market.clock.now + 600
    with httpx.Client(transport=httpx.MockTransport(gateway.answer)) as http:
        parts = (Service(http), market.offer, url, BUYER, {"layer": "both"}, until, Output(as_json=True))
        with pytest.raises(CliError, match="nobody to ask"):
            Purchase(*parts).paid(NAME, tmp_path, "", yes=False)
        assert gateway.statuses == [200], "the offer was read and nothing was sent"
        said = capsys.readouterr().err
        assert "price    this run costs 5 MINA if it succeeds" in said
        assert f"sign     signs at most 5 MINA in total from {NAME}" in said
        assert Purchase(*parts).paid(NAME, tmp_path, "", yes=True).answer["state"] == "running"
        market.ledger.pause_offer(market.offer.hash, "moving house")
        with pytest.raises(CliError, match="got: moving house"):
            Purchase(*parts).paid(NAME, tmp_path, "", yes=True)
    assert gateway.statuses == [200, 200, 402, 202, 200]


def test_l4_a_client_that_forgot_is_corrected_once(market: Market, gateway: Gateway, tmp_path: Path) -> None:
    with cold(tmp_path / "one", market) as book:
        bought(market, gateway.answer, book)
    with cold(tmp_path / "other", market) as book:
        bought(market, gateway.answer, book, nonce=8)
        assert book.known == Known(2 * PRICE, 2 * PRICE)
    assert gateway.statuses == [402, 202, 402, 402, 202]


def test_a10_a_call_that_another_machine_paid_for_does_not_stop_this_one(
    market: Market, gateway: Gateway, tmp_path: Path
) -> None:
    for folder in ("one", "other"):
        with cold(tmp_path / folder, market) as book:
            bought(market, gateway.answer, book)
    assert gateway.statuses == [402, 202, 202]
    with cold(tmp_path / "other", market) as book:
        assert bought(market, gateway.answer, book, nonce=8)["state"] == "running"
        assert book.known == Known(2 * PRICE, 2 * PRICE)
    assert market.ledger.standing(NAME).committed == 2 * PRICE


def test_a10_a_limit_above_what_was_agreed_to_is_agreed_to_again_before_it_is_signed(
    market: Market, gateway: Gateway, tmp_path: Path
) -> None:
    with cold(tmp_path / "one", market) as book:
        bought(market, gateway.answer, book)

    def nobody(total: int) -> None:
        raise CliError("confirm", f"asked for {total}")

    with cold(tmp_path / "other", market) as book:
        with pytest.raises(CliError, match=f"asked for {2 * PRICE}"):
            bought(market, gateway.answer, book, nonce=8, agree=nobody)
        assert gateway.statuses == [402, 202, 402, 402], "nothing was sent after the correction"


LOST = [
    lambda request: httpx.ReadTimeout("late", request=request),
    lambda _: httpx.Response(504, text="<html>"),
    lambda _: httpx.Response(500, json={"type": "about:blank", "title": "Internal Server Error"}),
    lambda _: httpx.Response(202, text="<html>"),
    lambda _: httpx.Response(200, json=["not an object"]),
    lambda _: httpx.Response(302, headers={"location": "https://login.test/"}),
]


@pytest.mark.parametrize("lost", LOST)
def test_l3_a_payment_whose_answer_was_lost_is_sent_again_and_buys_once(
    market: Market, gateway: Gateway, tmp_path: Path, lost: Callable[[httpx.Request], Any]
) -> None:
    lose = [True]

    def answer(request: httpx.Request) -> httpx.Response:
        given = gateway.answer(request)
        if given.status_code == httpx.codes.ACCEPTED and lose and lose.pop():
            return told(lost(request))
        return given

    with cold(tmp_path, market) as book:
        assert bought(market, answer, book)["state"] == "running"
        assert book.known == Known(PRICE, PRICE)
    assert (len(market.ledger.records), market.ledger.standing(NAME).committed) == (1, PRICE)


@pytest.mark.parametrize("lost", LOST)
def test_l3_a_call_that_may_have_been_taken_is_named(
    market: Market, gateway: Gateway, tmp_path: Path, lost: Callable[[httpx.Request], Any]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        given = gateway.answer(request)
        return told(lost(request)) if given.status_code == httpx.codes.ACCEPTED else given

    with cold(tmp_path, market) as book, pytest.raises(CliError) as refused:
        bought(market, answer, book)
    [taken] = market.ledger.records.values()
    assert refused.value.following == (
        f"it may have been taken: look at https://calls.test/calls/{taken.id} before you buy again"
    )


@pytest.mark.parametrize("status", [402, 403, 413, 429])
def test_l3_a_refusal_after_a_lost_answer_does_not_hide_that_the_call_may_have_been_taken(
    market: Market, gateway: Gateway, tmp_path: Path, status: int
) -> None:
    """What stands in front of the function refuses the second request, and knows nothing of the first."""
    answers = iter([504, status])

    def answer(request: httpx.Request) -> httpx.Response:
        if market.ledger.records:
            return httpx.Response(next(answers), text="<html>")
        given = gateway.answer(request)
        return httpx.Response(next(answers)) if given.status_code == httpx.codes.ACCEPTED else given

    with cold(tmp_path, market) as book, pytest.raises(CliError) as refused:
        bought(market, answer, book)
    [taken] = market.ledger.records.values()
    assert f"may have been taken: look at https://calls.test/calls/{taken.id}" in refused.value.following
    assert book.refused == []


def test_c2_ctrl_c_before_the_answer_to_a_payment_says_where_to_look_for_the_call(
    market: Market, gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may run, and cost its price: who is not told buys another."""

    def answer(request: httpx.Request) -> httpx.Response:
        given = gateway.answer(request)
        if given.status_code == httpx.codes.ACCEPTED:
            raise KeyboardInterrupt
        return given

    with cold(tmp_path, market) as book:
        book.save()
    url, until = SELLER_SITE.resource(market.offer).removesuffix("/calls"), market.clock.now + 600
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        parts = (Service(http), market.offer, url, BUYER, {"layer": "both"}, until, Output(as_json=True))
        with pytest.raises(KeyboardInterrupt):
            Purchase(*parts).paid(NAME, tmp_path, "", yes=True)
    [taken] = market.ledger.records.values()
    assert f"may have been taken: look at https://calls.test/calls/{taken.id}" in capsys.readouterr().err


def test_c2_a_call_that_was_taken_is_told_as_taken_though_the_disk_is_full(
    market: Market, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was told of the disk alone bought another; the operator corrects what could not be noted."""
    replace = book_file.replace_json

    def full(path: Path, value: Any) -> None:
        if gateway.statuses == [402, 202]:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(path, value)

    monkeypatch.setattr(book_file, "replace_json", full)
    with cold(tmp_path, market) as book:
        assert bought(market, gateway.answer, book)["state"] == "running"
    with page(tmp_path, NAME) as book:
        assert book.known == Known(0, PRICE)
        assert bought(market, gateway.answer, book, nonce=8)["state"] == "running"
        assert book.known == Known(2 * PRICE, 2 * PRICE)
    assert gateway.statuses == [402, 202, 402, 402, 202]


def told(lost: Any) -> httpx.Response:
    if isinstance(lost, Exception):
        raise lost
    return lost  # type: ignore[no-any-return]


def test_a_refusal_that_is_clear_is_told_as_it_is(market: Market, gateway: Gateway, tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        market.chain.down = True
        return gateway.answer(request)

    with cold(tmp_path, market) as book, pytest.raises(CliError) as refused:
        bought(market, answer, book)
    assert (refused.value.kind, gateway.statuses) == ("node-unavailable", [402, 503])
    assert "taken" not in refused.value.following


def test_a10_the_highest_limit_is_on_disk_before_the_signature_leaves(
    market: Market, gateway: Gateway, tmp_path: Path
) -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if x402.SIGNATURE_HEADER in request.headers:
            seen.append(json.loads((tmp_path / f"{NAME}.json").read_text())["highest"])
            raise httpx.ConnectError("the network went away")
        return gateway.answer(request)

    with cold(tmp_path, market) as book, pytest.raises(CliError, match="got ConnectError"):
        bought(market, answer, book)
    assert seen == [str(PRICE)] * 2


def test_a4_a_seller_who_asks_for_more_than_the_offer_gets_no_signature(
    market: Market, tmp_path: Path
) -> None:
    required = x402.payment_required(market.offer, SELLER_SITE, "pay")
    required["accepts"][0]["amount"] = str(PRICE + 1)

    def answer(request: httpx.Request) -> httpx.Response:
        assert x402.SIGNATURE_HEADER not in request.headers
        return httpx.Response(402, headers={x402.REQUIRED_HEADER: x402.encoded(required)}, json={})

    with cold(tmp_path, market) as book, pytest.raises(Refused, match=f"amount: expected {PRICE}"):
        bought(market, answer, book)
    assert not (tmp_path / f"{NAME}.json").exists()


class Hostile:
    """An operator that takes no call, and whose 402 counts every voucher that it is given."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.shown = -1  # which of the vouchers
        self.signed: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if x402.SIGNATURE_HEADER in request.headers:
            self.signed.append(x402.decoded(request.headers[x402.SIGNATURE_HEADER])["payload"])
        found = None
        if self.signed:
            voucher = {name: self.signed[self.shown][name] for name in ("limit", "callHash", "signature")}
            found = {"due": voucher["limit"], "pending": "0", "voucher": voucher}
        required = x402.payment_required(
            self.market.offer, SELLER_SITE, "more", correction=found, corrected=MINA.id
        )
        return httpx.Response(402, headers={x402.REQUIRED_HEADER: x402.encoded(required)}, json={})


def test_c2_a_seller_who_counts_the_calls_that_it_refuses_gets_one_price(
    market: Market, tmp_path: Path
) -> None:
    hostile = Hostile(market)
    for nonce in range(1, 5):
        with cold(tmp_path, market) as book, pytest.raises((Refused, CliError), match="refuse"):
            bought(market, hostile, book, nonce)
    assert len({each["callHash"] for each in hostile.signed}) == len(hostile.signed) >= 4
    assert {each["limit"] for each in hostile.signed} == {str(PRICE)}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (402, "payment-required"),  # without the header that every 402 has
        (403, "not-allowed"),
        (409, "conflict"),
        (429, "too-many"),
        (503, "offer-closed"),
        (503, "node-unavailable"),
    ],
)
def test_c2_a_call_that_was_refused_in_another_way_counts_for_nothing_either(
    market: Market, tmp_path: Path, status: int, kind: str
) -> None:
    hostile = Hostile(market)
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        given = hostile(request)
        if x402.SIGNATURE_HEADER in request.headers:
            seen.append(hostile.signed[-1]["limit"])
            hostile.shown = len(seen) - 2  # the one before, of a call that was refused
            if len(seen) % 2:
                problem = {"type": f"urn:sealrun:problem:{kind}", "detail": "not now"}
                headers = {"content-type": "application/problem+json"}
                return httpx.Response(status, headers=headers, json=problem)
            return hostile(httpx.Request("POST", request.url))
        return given

    for nonce in range(1, 7):
        with cold(tmp_path, market) as book, pytest.raises((Refused, CliError)):
            bought(market, answer, book, nonce)
    assert len(seen) >= 6
    assert set(seen) == {str(PRICE)}


def test_c2_a_call_that_was_refused_before_counts_for_nothing(market: Market, tmp_path: Path) -> None:
    hostile = Hostile(market)
    with cold(tmp_path, market) as book, pytest.raises(Refused, match="the call it refuses"):
        bought(market, hostile, book, nonce=1)

    hostile.shown = 0
    with cold(tmp_path, market) as book, pytest.raises(Refused, match="counts what it did not take"):
        bought(market, hostile, book, nonce=2)
    with page(tmp_path, NAME) as book:
        assert (book.known, len(book.refused)) == (Known(0, PRICE), 2)


def test_a_seller_who_asks_for_ever_is_given_up(market: Market, tmp_path: Path) -> None:
    required = x402.payment_required(market.offer, SELLER_SITE, "pay")
    problem = {"type": "urn:sealrun:problem:payment-required", "detail": "account: expected more funds"}
    headers = {x402.REQUIRED_HEADER: x402.encoded(required)}
    with cold(tmp_path, market) as book, pytest.raises(CliError, match="expected more funds") as caught:
        bought(market, lambda _: httpx.Response(402, headers=headers, json=problem), book)
    assert caught.value.kind == "payment-required"
    assert book.known == Known(0, PRICE)


def test_another_scheme_is_not_paid(market: Market, tmp_path: Path) -> None:
    headers = {x402.REQUIRED_HEADER: x402.encoded({"accepts": [{"scheme": "exact"}]})}
    with cold(tmp_path, market) as book, pytest.raises(CliError, match="expected batch-settlement in MINA"):
        bought(market, lambda _: httpx.Response(402, headers=headers, json={}), book)


@pytest.mark.parametrize("at", [0, 1])
def test_a14_only_the_entry_in_the_asset_of_the_accounts_own_terms_is_signed_for(
    tmp_path: Path, at: int
) -> None:
    market = Market(make_paid_offer(prices=both()))
    assert market.offer.payment is not None
    price, terms = market.offer.payment.prices[at]
    required = x402.payment_required(market.offer, SELLER_SITE, "pay")
    paid: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if x402.SIGNATURE_HEADER not in request.headers:
            return httpx.Response(402, headers={x402.REQUIRED_HEADER: x402.encoded(required)}, json={})
        paid.append(x402.decoded(request.headers[x402.SIGNATURE_HEADER]))
        assert json.loads(request.content)["asset"] == price.asset.id
        return httpx.Response(202, json={"state": "running"})

    call = market.sign(limit=0, terms_hash=terms.hash, asset=terms.asset.token).call
    with (
        page(tmp_path, NAME, terms, Known(0, 0)) as book,
        httpx.Client(transport=httpx.MockTransport(answer)) as http,
    ):
        url = SELLER_SITE.resource(market.offer)
        Till(url, market.offer, price, BUYER, book, Service(http), print).buy(lambda: call)
    [payment] = paid
    assert {name: payment["accepted"][name] for name in ("asset", "amount")} == price.value()
    assert payment["accepted"]["extra"]["symbol"] == price.asset.symbol
    signature = Signature.from_base58(payment["payload"]["signature"])
    assert verify_fields(signature, BUYER.public_key(), call.voucher_fields(price.units))
    assert call.voucher_fields(1)[4] == terms.asset.token


def every_asset() -> list[dict[str, Any]]:
    """As many prices as an offer may have, the one in MINA among them."""
    owners = [PrivateKey.from_scalar(5000 + each).public_key() for each in range(MAX_PRICES - 1)]
    ids = [tokens.to_base58(tokens.derive_token_id(owner)) for owner in owners]
    plain = {"amount": "1", "decimals": 0, "symbol": "RUN"}
    named = [
        {"asset": asset, "owner": owner.to_base58(), **plain}
        for asset, owner in zip(ids, owners, strict=True)
    ]
    return sorted([*in_mina(PRICE), *named], key=lambda each: tokens.from_base58(each["asset"]))


def test_an_offer_with_as_many_prices_as_there_may_be_is_bought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its 402 names each of them, and is longer than a payment may be."""
    market = Market(make_paid_offer(prices=every_asset()))
    gateway = Gateway(load("call", market, monkeypatch))
    with cold(tmp_path, market) as book:
        assert bought(market, gateway.answer, book)["state"] == "running"
    assert gateway.statuses == [402, 202]


def test_a14_a_402_that_leaves_out_the_accounts_asset_gets_no_signature(
    market: Market, tmp_path: Path
) -> None:
    required = x402.payment_required(make_paid_offer(prices=both()), SELLER_SITE, "pay")
    del required["accepts"][0]
    headers = {x402.REQUIRED_HEADER: x402.encoded(required)}
    with cold(tmp_path, market) as book, pytest.raises(CliError, match="in MINA among what it accepts"):
        bought(market, lambda _: httpx.Response(402, headers=headers, json={}), book)


def test_a_page_that_was_tampered_with_is_refused(market: Market, tmp_path: Path) -> None:
    with cold(tmp_path, market) as book:
        book.save()
    (tmp_path / f"{NAME}.json").write_text('{"terms": {}, "committed": "0", "highest": "-1"}')
    with pytest.raises(CliError, match="expected what this command wrote"), page(tmp_path, NAME):
        pass
