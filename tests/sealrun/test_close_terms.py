"""A9: a leaked oracle key closes at once everything that it signs for."""

import pytest

from mina.keys import PrivateKey
from sealrun.errors import OfferClosed
from sealrun.ports import StoredOffer
from sealrun.records import State
from sealrun.workflows.close_terms import LEAKED, close_terms
from tests.sealrun.market import Market
from tests.sealrun.world import ORACLE, PRICE, make_offer, make_paid_offer, terms_value

OTHER = PrivateKey.from_scalar(7007).public_key().to_base58()


def test_a9_a_leaked_key_closes_all_its_offers_and_no_others() -> None:
    market = Market()
    same, others = make_offer(), make_paid_offer(oracle=OTHER, terms=terms_value(oracle=OTHER))
    for offer in (same, others):
        market.ledger.publish(StoredOffer(offer, "", b"sealed", b"key", b"secret"))
    running = market.pay(market.sign(limit=PRICE)).record

    key = ORACLE.public_key().to_base58()
    assert set(close_terms(key, ledger=market.ledger)) == {market.offer.id, same.id}
    assert market.ledger.offer(others.hash).closed == ""
    with pytest.raises(OfferClosed, match="closed: oracle: expected a key that only the oracle has"):
        market.pay(market.sign(limit=2 * PRICE, nonce=8))
    assert market.settle(running.call_hash).state is State.SUCCEEDED
    assert close_terms(key, ledger=market.ledger) == []


def test_a9_the_first_reason_stays_and_an_empty_one_is_no_reason() -> None:
    market = Market()
    key = ORACLE.public_key().to_base58()
    with pytest.raises(ValueError, match="reason: expected some text"):
        close_terms(key, ledger=market.ledger, reason="")
    market.ledger.close_offer(market.offer.hash, "source: changed")
    assert close_terms(key, ledger=market.ledger, reason=LEAKED) == []
    assert market.ledger.offer(market.offer.hash).closed == "source: changed"
