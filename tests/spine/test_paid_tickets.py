"""Prepaid tickets over real parts: the issuer's account pays, the holders have no wallet and no order."""

from datetime import UTC, datetime, timedelta

import pytest

from local.sale import PRICE, Sale
from tests.spine.test_paid_sale import said, sale

pytestmark = pytest.mark.peers
__all__ = ["sale"]  # the fixture


def test_l1_prepaid_tickets_are_redeemed_in_any_order_beside_the_issuers_own_calls(sale: Sale) -> None:
    sale.open()
    paying = ["--pay", "--account", sale.account, "--key", sale.people.file("buyer")]
    until = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    words = ["--input", "greeting=hello", "--until", until, "--count", "2", "--yes", *paying]
    first, second = sale.run(said, "ticket", sale.offer_url, *words)["tickets"]
    own = sale.buy("greeting=own")
    answers = [sale.run(said, "redeem", each["url"], "--no-wait") for each in (second, first)]
    ended = sale.follow(own, *answers, states=("succeeded",) * 3)
    assert len({each["call"] for each in ended}) == 3
    asked = ["--url", sale.url, "--key", sale.people.file("buyer")]
    figures = sale.run(said, "account", sale.account, *asked)
    assert str(3 * PRICE) in str(figures)
    again = sale.run(said, "redeem", second["url"])
    assert again["call"] == answers[0]["call"]
