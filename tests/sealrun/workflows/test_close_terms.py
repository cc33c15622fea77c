"""A9: a leaked oracle key closes at once everything that it signs for."""

from dataclasses import replace
from typing import Any

import pytest

from mina.keys import PrivateKey
from sealrun.errors import OfferClosed, ProviderBusy, Refused
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.record import State
from sealrun.runs.run import Run
from sealrun.workflows.close_terms import close_terms
from sealrun.workflows.publish_offer import publish_offer
from tests.sealrun.fakes import FakeProvider
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
    with pytest.raises(OfferClosed, match="closed: oracle: its key is closed: it leaked"):
        market.pay(market.sign(limit=2 * PRICE, nonce=8))
    assert market.settle(running.call_hash).state is State.SUCCEEDED
    assert close_terms(key, ledger=market.ledger) == []


def test_a9_a_key_that_is_closed_sells_nothing_here_again() -> None:
    market, key = Market(), ORACLE.public_key().to_base58()
    market.ledger.close_offer(market.offer.hash, "source: changed")
    assert close_terms(key, ledger=market.ledger, reason="it was retired") == [market.offer.id]
    assert market.ledger.offer(market.offer.hash).closed == "oracle: its key is closed: it was retired"
    sealed: dict[str, Any] = {"token": "glpat-x", "webhook_secret": "w", "entropy": bytes}
    with pytest.raises(Refused, match="oracle: expected a key that is in use, got B62"):
        publish_offer(make_offer(title="Another"), ledger=market.ledger, keys=market.keys, **sealed)
    other = make_offer(oracle=OTHER)
    publish_offer(other, ledger=market.ledger, keys=market.keys, **sealed)
    assert market.ledger.offer(other.hash).closed == ""


class MovedTag(FakeProvider):
    """Busy at first; then it starts another commit than the offer's."""

    starts = 0

    def start(self, *, name: str, inputs: Any) -> Run:
        self.starts += 1
        if self.starts == 1:
            raise ProviderBusy("gitlab answered 429: later", retry_after=30)
        run = super().start(name=name, inputs=inputs)
        self.runs[run.id] = replace(run, sha="9" * 40)
        return self.runs[run.id]


def test_a9_a_key_stays_closed_whatever_its_offers_waiting_calls_start() -> None:
    market, key = Market(), ORACLE.public_key().to_base58()
    market.provider = MovedTag(market.clock, market.offer)
    waiting = market.pay(market.sign(limit=PRICE)).record
    assert waiting.state is State.CLAIMED
    close_terms(key, ledger=market.ledger)
    assert market.settle(waiting.call_hash).state is State.FAILED
    assert market.ledger.offer(market.offer.hash).closed == "oracle: its key is closed: it leaked"
    sealed: dict[str, Any] = {"token": "glpat-x", "webhook_secret": "w", "entropy": bytes}
    with pytest.raises(Refused, match="oracle: expected a key that is in use, got B62"):
        publish_offer(make_offer(title="Another"), ledger=market.ledger, keys=market.keys, **sealed)
