"""The reseller's counter: a payment buys one ticket, and nothing else does."""

from pathlib import Path
from typing import Any

import pytest

from mina.keys import PrivateKey
from sealrun.calls.grant import Grant, signature, unbase64url
from sealrun.calls.sale import check_sold
from sealrun.chain.payments import Payment
from sealrun.money.buyer_mechanism import Known
from sealrun_cli.lib.book import page
from sealrun_cli.lib.chain_view import OnChain
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.resale import Counter, Kept
from tests.sealrun.calls.test_sale import OFFER, OTHER, PAYER, made
from tests.sealrun.fake_chain import TERMS
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, PRICE

NAME = ACCOUNT.public_key().to_base58()
SALE = made()
DEPTH = 3


def paid(hash_: str = "5Ja", key: PrivateKey = PAYER, **changes: Any) -> Payment:
    values: dict[str, Any] = {"units": SALE.price.units, "memo": "", "depth": DEPTH, **changes}
    return Payment(hash_, key.public_key(), **values)


def issued(folder: Path, *payments: Payment, funds: int = 3 * PRICE, known: Known | None = None) -> Any:
    """A run of ``sealrun resell issue``: the tickets, and what was refused."""
    account = OnChain(TERMS.hash, funds, 0, 0, 0, 0, 0)
    assert OFFER.payment is not None
    kept = Kept(SALE, OFFER, OFFER.payment.prices[0].cost, account)
    with page(folder, NAME, TERMS, known or Known(0, 0)) as book:
        counter = Counter(kept, BUYER, book)
        refused = counter.grant(payments, depth=DEPTH)
        return counter.document()["tickets"], refused


def limits(tickets: list[dict[str, str]]) -> list[int]:
    grants = [Grant.parse(unbase64url(each["grant"])) for each in tickets]
    for each, grant in zip(tickets, grants, strict=True):
        check_sold(grant, signature(each, "signature"), SALE, grant.key, most=3 * PRICE)
    return [grant.prepaid.limit for grant in grants if grant.prepaid]


def test_e4_a10_each_payment_has_a_ticket_of_its_own_a_price_above_the_last(tmp_path: Path) -> None:
    tickets, refused = issued(tmp_path, paid(), paid("5Jb", OTHER), paid("5Jc"))
    assert (limits(tickets), refused) == ([PRICE, 2 * PRICE, 3 * PRICE], [])
    assert [each["payment"] for each in tickets] == ["5Ja", "5Jb", "5Jc"]


def test_a_payment_that_is_seen_again_or_no_more_keeps_its_one_ticket(tmp_path: Path) -> None:
    first, _ = issued(tmp_path, paid())
    assert issued(tmp_path, paid(), paid("5Jb"))[0][0] == first[0]
    assert len(issued(tmp_path)[0]) == 2, "the node forgot both"


@pytest.mark.parametrize(
    ("payment", "text"),
    [
        (paid(units=SALE.price.units - 1), "expected exactly 1.5 MINA, got 1.499999999 MINA"),
        (paid(units=2 * SALE.price.units), "expected exactly 1.5 MINA, got 3 MINA: pay it back"),
        (paid(depth=DEPTH - 1), "expected 3 blocks on top of it, got 2: run again later"),
        (paid(key=BUYER), "got the issuer's, the account's or the oracle's own"),
        (paid(key=ORACLE), "got the issuer's, the account's or the oracle's own"),
        (paid(key=ACCOUNT), "got the issuer's, the account's or the oracle's own"),
    ],
)
def test_a_payment_that_buys_nothing_is_named_and_signs_nothing(
    tmp_path: Path, payment: Payment, text: str
) -> None:
    tickets, [refused] = issued(tmp_path, payment)
    assert (tickets, text in refused.why) == ([], True)
    assert not (tmp_path / f"{NAME}.json").exists()


def test_no_more_is_granted_than_the_account_covers(tmp_path: Path) -> None:
    tickets, [refused] = issued(tmp_path, paid(), paid("5Jb"), funds=2 * PRICE - 1)
    assert (len(tickets), "top it up" in refused.why) == (1, True)
    assert len(issued(tmp_path, paid("5Jb"))[0]) == 2


def test_a10_the_limit_is_on_disk_before_the_ticket_is_made(tmp_path: Path) -> None:
    issued(tmp_path, paid())
    with page(tmp_path, NAME) as book:
        assert (book.known, book.sold["5Ja"].limit) == (Known(PRICE, PRICE), PRICE)
        assert book.sold["5Ja"].payer == PAYER.public_key().to_base58()
    with pytest.raises(CliError, match="limit: expected at most"):
        issued(tmp_path / "other", paid(), known=Known(PRICE, 0), funds=9 * PRICE)
