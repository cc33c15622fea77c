"""Buying a resold ticket: what is refused before anybody pays, and a payment that is made once."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mina.keys import PrivateKey
from sealrun.calls.grant import base64url
from sealrun.calls.sale import Sale, make_sale, memo_text, sold_ticket
from sealrun.chain.account import PERMISSIONS
from sealrun.encoding.fields import canonical
from sealrun.offers.asset import MINA
from sealrun_cli.commands import resell
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.errors import CliError
from sealrun_cli.main import app
from tests.cli.web import Asked, Web, web
from tests.sealrun.chain.test_payments import block, plain
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, PRICE, evidence_value, make_paid_offer

PAYER, OTHER = PrivateKey.from_scalar(921), PrivateKey.from_scalar(922)
OFFER = make_paid_offer()
UNTIL = int(time.time()) + 86_400
Change = Callable[["Shop"], object]


@dataclass
class Shop:
    """A reseller's site, the service, and a node with the account."""

    sale: Sale | None = None
    view: dict[str, Any] = field(default_factory=dict)
    terms: int = OFFER.payment.terms.hash if OFFER.payment else 0
    balance: int = 2 * PRICE
    exit_slot: int = 0
    buyer: PrivateKey = BUYER  # of the account
    code: str = field(default_factory=lambda: pinned_keys()["PrepaidAccount"])
    network: str = "mina:devnet"
    payments: list[dict[str, Any]] = field(default_factory=list)
    pool: list[dict[str, Any]] = field(default_factory=list)  # in the block after the next answer
    lost: bool = False
    ran: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, asked: Asked) -> tuple[int, Any]:
        answer = self._answer(asked.body["query"])
        self.payments, self.pool = [*self.payments, *self.pool], []
        return answer

    def _answer(self, query: str) -> tuple[int, Any]:
        if "userCommands" in query:
            node = {"syncStatus": "SYNCED", "networkID": self.network}
            payer = {"nonce": str(len(self.payments))}
            return 200, {"data": {**node, "bestChain": [block(7, self.payments, [])], "payer": payer}}
        state = [self.terms, *self.buyer.public_key().to_fields(), 0, self.exit_slot, 0, 0, 0]
        account = {
            "publicKey": ACCOUNT.public_key().to_base58(),
            "token": MINA.id,
            "balance": {"total": str(self.balance)},
            "zkappState": [str(each) for each in state],
            "verificationKey": {"hash": self.code},
            "permissions": {
                **PERMISSIONS,
                "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"},
            },
        }
        return 200, {"data": {"account": account, "bestChain": []}}

    def tool(self, _name: str, sender: Any, _out: object, **request: Any) -> dict[str, Any]:
        if request["nonce"] < len(self.payments):
            raise CliError("refused", "Invalid_nonce")
        self.ran.append(request)
        assert self.sale is not None
        key = sender.key.public_key().to_base58()
        paid = {"memo": memo_text(request["memo"]), "amount": request["amount"], "source": {"publicKey": key}}
        to = {"publicKey": request["to"]}
        self.payments.append(plain(f"5J{len(self.payments)}{'a' * 30}", receiver=to, **paid))
        if self.lost:
            raise CliError("node-unavailable", "no answer")
        return {"status": "included", "hash": "5J", **request}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = Shop()
    monkeypatch.setattr(resell, "run_tool", shop.tool)
    return shop


@pytest.fixture
def site(shop: Shop) -> Iterator[Web]:
    with web({"POST /graphql": shop.answer}) as running:
        sell(shop, running)
        yield running


def sell(shop: Shop, site: Web, **changes: Any) -> None:
    """Publish a sale, with changes, and the offer as its service tells it."""
    named = {"audience": site.url, "inputs": {}, "until": UNTIL, "price": 1_500_000_000}
    values: dict[str, Any] = {**named, "tickets": f"{site.url}/tickets.json", **changes}
    shop.sale = make_sale(BUYER.public_key(), OFFER, ACCOUNT.public_key(), asset=MINA.id, **values)
    view = {"document": json.loads(OFFER.document), "open": True, "reason": None, "dropped": []}
    site.answers["GET /sale.json"] = (200, shop.sale.signed(BUYER))
    site.answers[f"GET /offers/{OFFER.id}"] = (200, {**view, **shop.view})


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALRUN_UNSAFE_LOOPBACK", "1")


def said(site: Web, folder: Path, name: str, key: PrivateKey = PAYER) -> dict[str, Any]:
    paying = {"buy": ["--yes", "--state", str(folder)], "take": []}.get(name)
    if paying is None:
        paying = ["--to", str(folder / "tickets.json"), "--depth", "0", "--state", str(folder)]
    words = ["resell", name, f"{site.url}/sale.json", "--key", "-", f"--node={site.url}/graphql", "--json"]
    done = CliRunner().invoke(app, [*words, *paying], input=key.to_base58())
    return dict(json.loads(done.stdout))


def dropped() -> dict[str, Any]:
    return {"dropped": [{"asset": MINA.id, "symbol": "MINA", "reason": "no minutes"}]}


REFUSED: dict[str, tuple[Change, str]] = {
    "a closed offer": (lambda shop: shop.view.update(open=False, reason="over"), "got: over"),
    "a dropped price": (lambda shop: shop.view.update(dropped()), "got that in MINA: no minutes"),
    "another offer": (
        lambda shop: shop.view.update(document=json.loads(make_paid_offer(title="x").document)),
        "expected the document of",
    ),
    "an account of other terms": (lambda shop: setattr(shop, "terms", 5), "one for the terms of the sale"),
    "an account that is left": (lambda shop: setattr(shop, "exit_slot", 9), "expected one that stays"),
    "another buyer's account": (lambda shop: setattr(shop, "buyer", OTHER), "got another's"),
    "an account of another code": (lambda shop: setattr(shop, "code", "7"), "verificationKey.hash"),
    "no funds": (lambda shop: setattr(shop, "balance", PRICE - 1), "expected funds for a run"),
    "a node of another network": (lambda shop: setattr(shop, "network", "mina:mainnet"), "networkID"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_e4_nobody_pays_for_a_ticket_that_could_not_be_used(
    case: str, shop: Shop, site: Web, tmp_path: Path
) -> None:
    change, text = REFUSED[case]
    change(shop)
    sell(shop, site)
    assert text in said(site, tmp_path, "buy")["error"]["detail"]
    assert shop.ran == []


def test_e4_a_sale_that_is_over_or_that_somebody_rewrote_is_not_paid(
    shop: Shop, site: Web, tmp_path: Path
) -> None:
    sell(shop, site, until=int(time.time()) + 5 * 3600)  # a payment takes time to be a ticket
    assert "expected one that ends after" in said(site, tmp_path, "buy")["error"]["detail"]
    sell(shop, site)
    for days in (91, 9e6):  # no service redeems a ticket that lasts longer than tickets do
        sell(shop, site, until=int(time.time() + days * 86_400))
        assert "within 90 days of it" in said(site, tmp_path, "buy")["error"]["detail"]
    sell(shop, site)
    signed = shop.sale.signed(BUYER) if shop.sale else {}
    site.answers["GET /sale.json"] = (200, {**signed, "data": {**signed["data"], "price": "1"}})
    assert "expected the issuer's over the sale" in said(site, tmp_path, "buy")["error"]["detail"]
    assert shop.ran == []


@pytest.mark.parametrize("key", [BUYER, ORACLE, ACCOUNT], ids=["issuer", "oracle", "account"])
def test_e4_a_key_that_can_redeem_nothing_pays_nothing(
    key: PrivateKey, shop: Shop, site: Web, tmp_path: Path
) -> None:
    assert "expected a buyer's" in said(site, tmp_path, "buy", key)["error"]["detail"]
    assert shop.ran == []


@pytest.mark.parametrize(
    ("outputs", "says"),
    [
        ([], "seen     by the holder: the receipt, but no file and no log; the reseller alone reads those"),
        (
            ["build/out/*"],
            "seen     by anyone: files build/out/*. What else the run leaves the reseller reads",
        ),
    ],
)
def test_a_buyer_is_told_before_paying_what_a_ticket_lets_it_see(
    outputs: list[str], says: str, shop: Shop, site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = make_paid_offer(evidence=evidence_value(outputs=outputs))
    monkeypatch.setattr("tests.cli.commands.test_resell.OFFER", sold)
    shop.terms = sold.payment.terms.hash if sold.payment else 0
    sell(shop, site)
    words = ["resell", "buy", f"{site.url}/sale.json", "--key", "-", f"--node={site.url}/graphql"]
    asked = CliRunner().invoke(app, [*words, "--state", str(tmp_path)], input=PAYER.to_base58())
    assert says in asked.stderr
    assert shop.ran == []


def test_a_ticket_is_paid_for_once_though_the_answer_is_lost(shop: Shop, site: Web, tmp_path: Path) -> None:
    shop.lost = True
    assert said(site, tmp_path, "buy")["error"]["type"] == "node-unavailable"
    shop.lost = False
    assert said(site, tmp_path, "buy")["status"].startswith("already")
    [request] = shop.ran
    assert shop.sale is not None
    assert (request["memo"], request["amount"]) == (shop.sale.memo, "1500000000")
    assert request["to"] == BUYER.public_key().to_base58()
    assert said(site, tmp_path, "buy")["status"] == "included", "another ticket is another payment"


def test_a_block_that_comes_between_two_answers_makes_nobody_doubt_a_payment(
    shop: Shop, site: Web, tmp_path: Path
) -> None:
    shop.lost = True
    assert said(site, tmp_path, "buy")["error"]["type"] == "node-unavailable"
    shop.payments, shop.pool, shop.lost = [], shop.payments, False  # it waited until now
    assert said(site, tmp_path, "buy")["error"]["type"] == "not-included", "as asked again, it is in a block"
    assert said(site, tmp_path, "buy")["status"] == "already-done"
    assert len(shop.ran) == 1


def test_a_payment_that_the_node_shows_no_more_is_looked_for_among_the_tickets(
    shop: Shop, site: Web, tmp_path: Path
) -> None:
    """Nodes keep their last 290 blocks. Whoever forgets the payment, as the error says, pays again."""
    shop.lost = True
    assert said(site, tmp_path, "buy")["error"]["type"] == "node-unavailable"
    shop.payments, shop.lost = [plain(f"5J{'b' * 30}")], False
    error = said(site, tmp_path, "buy")["error"]
    assert (error["type"], len(shop.ran)) == ("conflict", 1)
    look = f"look with `sealrun resell take {site.url}/sale.json --key - --node {site.url}/graphql`"
    assert error["next"].startswith(f"{look} whether it was done; then move ")


def test_e4_only_tickets_of_the_own_key_are_taken_and_a_false_one_is_named(
    shop: Shop, site: Web, tmp_path: Path
) -> None:
    assert shop.sale is not None

    def listed(*sold: tuple[PrivateKey, int]) -> None:
        tickets = []
        for number, (key, limit) in enumerate(sold):
            payment = f"5J{number}{'a' * 30}"
            grant, signature = sold_ticket(BUYER, OFFER, shop.sale, payment, key.public_key(), limit)  # type: ignore[arg-type]
            one = {"grant": base64url(grant.document), "signature": signature.to_base58()}
            tickets.append({"payment": payment.replace("0", "z"), **one})
        assert shop.sale is not None
        document = {"sealrun": 1, "sale": shop.sale.id, "tickets": tickets}
        site.answers["GET /tickets.json"] = (200, json.loads(canonical(document)))

    listed((PAYER, PRICE), (OTHER, 2 * PRICE))
    [mine] = said(site, tmp_path, "take")["tickets"]
    assert mine["url"].startswith(f"{site.url}/tickets/{mine['ticket']}#")
    listed((PAYER, 3 * PRICE))
    assert "that the account's funds cover" in said(site, tmp_path, "take")["error"]["detail"]
    listed((PAYER, PRICE), (PAYER, PRICE))
    assert "a voucher of its own for each" in said(site, tmp_path, "take")["error"]["detail"]
    site.answers["GET /tickets.json"] = (200, {"sealrun": 1, "sale": "0" * 64, "tickets": []})
    assert "expected those of the sale" in said(site, tmp_path, "take")["error"]["detail"]


@pytest.mark.parametrize("name", ["buy", "take"])
def test_l9_a_sale_sends_its_reader_to_no_address_of_the_readers_own(
    name: str, shop: Shop, site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SEALRUN_UNSAFE_LOOPBACK")
    with web({}) as inner:
        sell(shop, site, audience=inner.url, tickets=f"{inner.url}/admin/stop")
        assert "expected https://, got" in said(site, tmp_path, name)["error"]["detail"]
        assert inner.asked == []


def test_e4_who_paid_in_time_has_a_ticket_until_the_sale_ends_and_is_named_for_a_refund_then(
    shop: Shop, site: Web, tmp_path: Path
) -> None:
    said(site, tmp_path, "buy")
    [payment] = shop.payments

    def issued(until: int, payments: int) -> dict[str, Any]:
        sell(shop, site, until=int(time.time()) + until)
        memo = memo_text(shop.sale.memo) if shop.sale else ""
        shop.payments = [{**payment, "memo": memo, "hash": f"5J{n}{'b' * 30}"} for n in range(payments)]
        return said(site, tmp_path, "issue", BUYER)

    in_time, late = issued(60, 1), issued(-60, 2)
    assert (in_time["granted"], in_time["refused"]) == (1, [])
    assert (late["granted"], late["tickets"]) == (0, None)
    assert ["pay it back" in each["reason"] for each in late["refused"]] == [True]


@pytest.mark.parametrize("left", [60, -60])
def test_a10_no_ticket_takes_the_limit_of_another_account_of_the_key(
    left: int, shop: Shop, site: Web, tmp_path: Path
) -> None:
    """What was signed, or sold, for its account on another network is none of this one's."""
    assert OFFER.payment is not None
    there = replace(OFFER.payment.terms, network="mina:mainnet")
    place = tmp_path / f"{ACCOUNT.public_key().to_base58()}.json"
    figures = {"committed": str(PRICE), "highest": str(PRICE), "refused": []}
    place.write_text(json.dumps({"terms": there.value(), **figures}))
    kept = place.read_bytes()
    said(site, tmp_path, "buy")
    sell(shop, site, until=int(time.time()) + left)
    found = said(site, tmp_path, "issue", BUYER)
    assert found["error"]["type"] == "wrong-account"
    assert f"expected one of the terms {OFFER.payment.terms.id}" in found["error"]["detail"]
    assert "--state" in found["error"]["next"]
    assert (place.read_bytes(), (tmp_path / "tickets.json").exists()) == (kept, False)
