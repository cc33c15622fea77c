"""Offers that proofs of the CI's own tokens settle: what they pin, and which can be published."""

from typing import Any

import pytest

from sealrun.errors import Malformed, Refused
from sealrun.offers.facts import facts_hash
from sealrun.offers.limits import MAX_TOKEN_SECONDS
from sealrun.offers.offer import Offer
from sealrun.offers.terms import Terms
from sealrun.runs.record import START_WINDOW
from sealrun.workflows.publish_offer import seal_offer
from tests.sealrun.fakes import FakeKeys, FakeLedger
from tests.sealrun.offers.test_prices import both
from tests.sealrun.world import COMMIT, make_offer, make_paid_offer, offer_value, terms_value

FACTS = {
    "project_id": "42",
    "ref_path": "refs/tags/v1.0.0",
    "ref_protected": "true",
    "runner_environment": "gitlab-hosted",
    "sha": COMMIT,
    "ci_config_ref_uri": "gitlab.example/seller/builds//.gitlab-ci.yml@refs/tags/v1.0.0",
    "ci_config_sha": COMMIT,
    "pipeline_source": "parent_pipeline",
    "user_id": "7",
}


def proved_terms(**changes: Any) -> dict[str, Any]:
    """Terms that name an issuer's keys, with changes."""
    value = {name: each for name, each in terms_value().items() if name != "oracle"}
    return {**value, "keys": "99", "exit_delay": 164, **changes}


def proved_value(**changes: Any) -> dict[str, Any]:
    """The members of a paid offer that make it one which proofs settle, with changes."""
    return {"terms": proved_terms(), "facts": FACTS, **changes}


def proved(**changes: Any) -> Offer:
    """An offer whose facts a token must show, with changes."""
    return make_paid_offer(**proved_value(**changes))


def test_facts_stand_in_the_offers_hash_beside_the_document() -> None:
    offer = proved()
    assert offer.facts == facts_hash("gitlab", FACTS)
    assert make_paid_offer().facts == 0
    assert offer.payment is not None
    assert (offer.payment.terms.oracle, offer.payment.terms.keys) == (None, 99)
    other = FACTS["ci_config_ref_uri"].replace("builds", "other")
    assert proved(facts={**FACTS, "ci_config_ref_uri": other}).hash != offer.hash


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"facts": {**FACTS, "sha": "2f" * 20}}, "facts: expected sha to be the source's"),
        ({"facts": {**FACTS, "project_id": "43"}}, "facts: expected project_id to be the source's, 42"),
        ({"facts": {**FACTS, "ref_path": "refs/tags/v2"}}, "facts: expected ref_path to be the source's"),
        (
            {"facts": {**FACTS, "pipeline_source": "api"}},
            "pipeline_source to be the source's, parent_pipeline",
        ),
        ({"facts": {**FACTS, "runner_environment": "self-hosted"}}, "runner_environment to be the source's"),
        ({"facts": {**FACTS, "ref_protected": "false"}}, "ref_protected to be the source's, true"),
        ({"facts": {**FACTS, "user_id": "8"}}, "user_id to be the source's, 7"),
        ({"facts": {**FACTS, "ci_config_sha": "2f" * 20}}, "ci_config_sha to be the source's"),
        ({"facts": {**FACTS, "ci_config_ref_uri": "x//y.yml@refs/tags/v1.0.0"}}, "ci_config_ref_uri to end"),
        ({"facts": {"sha": COMMIT}}, "facts: expected ci_config_ref_uri"),
        ({"facts": {**FACTS, "user_id": 'x"'}}, "user_id: expected printable text without quotes"),
        ({"facts": None}, "facts: expected them with terms that name an issuer's keys"),
        ({"terms": terms_value()}, "facts: expected them with terms that name an issuer's keys"),
    ],
)
def test_facts_that_do_not_fit_are_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(Malformed, match=text):
        proved(**changes)


def test_a_free_offer_demands_no_facts() -> None:
    with pytest.raises(Malformed, match="facts: expected them with terms"):
        make_offer(facts=FACTS)


def test_terms_name_an_oracle_or_an_issuers_keys_and_hash_alike() -> None:
    terms = Terms.parse(proved_terms())
    assert terms.value() == proved_terms()
    assert terms.hash != Terms.parse(terms_value()).hash
    for value in (proved_terms(oracle=terms_value()["oracle"]), proved_terms(keys="0")):
        with pytest.raises(Malformed, match=r"oracle or the root|root of an issuer.s keys, got 0"):
            Terms.parse(value)
    neither = {name: each for name, each in proved_terms().items() if name != "keys"}
    with pytest.raises(Malformed, match="got both or none"):
        Terms.parse(neither)


LIMITS = offer_value()["limits"]


def test_a14_the_longest_run_ends_before_its_token_is_too_old_for_a_proof() -> None:
    """However short before its expiry the call was taken, and however late its run began."""
    offer = proved(limits={**LIMITS, "seconds": 86_400, "queue_seconds": 85_500})
    stored = seal_offer(
        offer, token="a", webhook_secret="b", ledger=FakeLedger(), keys=FakeKeys(), entropy=bytes
    )
    assert stored.offer == offer
    assert START_WINDOW + offer.limits.longest == MAX_TOKEN_SECONDS


def loose() -> Offer:
    """A proved offer whose pipeline includes what may change."""
    source = offer_value()["source"]
    configuration = {**source["configuration"], "includes": ["remote:https://example.org/x.yml"]}
    return proved(source={**source, "configuration": configuration})


@pytest.mark.parametrize(
    ("offer", "text"),
    [
        (loose(), "includes: expected pinned ones, on whose word money is paid"),
        (proved(prices=both()), "prices: expected MINA alone where proofs settle, got RUN; take"),
        (
            proved(limits={**LIMITS, "seconds": 86_400, "queue_seconds": 85_501}),
            "limits: expected at most 171900 s",
        ),
    ],
)
def test_a14_what_cannot_be_settled_soundly_is_not_published(offer: Offer, text: str) -> None:
    with pytest.raises(Refused, match=text):
        seal_offer(
            offer,
            token="a token",
            webhook_secret="a secret",
            ledger=FakeLedger(),
            keys=FakeKeys(),
            entropy=bytes,
        )
