"""What an offer must say, and that nothing else passes."""

from dataclasses import replace
from typing import Any

import pytest

from sealrun.encoding.fields import canonical
from sealrun.errors import InputsRefused, Malformed
from sealrun.offers.asset import MINA
from sealrun.offers.evidence_policy import Globs
from sealrun.offers.offer import Offer
from tests.sealrun.world import (
    BUYER,
    PRICE,
    evidence_value,
    in_mina,
    make_offer,
    make_paid_offer,
    offer_value,
    terms_value,
)

SOURCE = offer_value()["source"]
FILE = SOURCE["configuration"]


def test_an_offer_is_named_by_the_hash_of_its_document() -> None:
    offer = make_offer()
    assert offer.id == f"{offer.hash:064x}"
    assert make_offer(title="Another title").hash != offer.hash


def test_l9_an_offers_origin_has_no_path_no_user_and_is_https() -> None:
    for origin in (
        "http://gitlab.com",
        "https://gitlab.com/",
        "https://user@gitlab.com",
        "https://a/../b",
        "file:///x",
    ):
        with pytest.raises(Malformed, match="origin: expected https://host"):
            make_offer(source={**SOURCE, "origin": origin})


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"tip": 1}, "offer: expected .*, got also tip"),
        ({"sealrun": 3}, "from 2 to 2, got 3"),
        ({"kind": "lease"}, "kind: expected one of job"),
        ({"title": "é"}, "printable ASCII"),
        ({"network": "mina:testnet"}, "network: expected one of"),
        ({"prices": 0}, "prices: expected a list of at most 16"),
        ({"prices": [{**in_mina(1)[0], "amount": "01"}]}, "amount: expected a decimal number"),
        ({"prices": in_mina(0)}, "prices: expected an amount above 0, got 0"),
        ({"prices": in_mina(5)}, "terms: expected an object without an asset"),
        ({"terms": terms_value()}, "expected null and no payment for price 0"),
        ({"payment": {}}, "expected null and no payment for price 0"),
        ({"prices": in_mina(2**64)}, "amount: expected at most"),
        ({"oracle": "B62"}, "key: "),
        ({"quota_per_hour": 0}, "quota_per_hour: expected a whole number from 1"),
        ({"quota_per_hour": True}, "got True"),
        ({"access": {"open": "yes", "keys": []}}, "open: expected true or false"),
        ({"access": {"open": True, "keys": ["x"] * 65}}, "at most 64 public keys"),
        ({"limits": {"seconds": 60}}, "limits: expected artifact_bytes, files, log_bytes"),
        ({"evidence": {"outputs": "public"}}, "evidence: expected deterministic, grade, inputs"),
        ({"evidence": evidence_value(inputs="nobody")}, "inputs: expected one of public, buyer"),
        ({"evidence": evidence_value(outputs=["[a-z]*"])}, "without \\[ and \\]"),
        ({"evidence": evidence_value(outputs=["*"] * 51)}, "at most 50 patterns"),
        ({"evidence": evidence_value(probes=["Steps"])}, "probes: expected a name of a-z"),
        ({"evidence": evidence_value(grade=2)}, "grade: expected a whole number from 0 to 1"),
        ({"source": {**SOURCE, "ref": "main"}}, "ref: expected the full name of a protected tag"),
        ({"source": {**SOURCE, "commit": "abc"}}, "commit: expected a full commit hash"),
        ({"source": {**SOURCE, "project": "group/name"}}, "project: expected a numeric project id"),
        ({"source": {**SOURCE, "provider": "jenkins"}}, "provider: expected one of gitlab, github, forgejo"),
        ({"source": {**SOURCE, "provider": "github"}}, "project: expected owner/name"),
        ({"source": {**SOURCE, "tree": "3a"}}, "tree: expected a full tree hash"),
        ({"source": {**SOURCE, "configuration": {**FILE, "path": "/etc"}}}, "path: expected a path inside"),
        ({"source": {**SOURCE, "configuration": {**FILE, "includes": "x"}}}, "includes: expected a list"),
        ({"source": {**SOURCE, "configuration": {**FILE, "includes": ["a b"]}}}, "200 printable characters"),
    ],
)
def test_an_offer_that_is_not_as_it_must_be_is_refused_by_what_is_wrong(
    changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(Malformed, match=text):
        make_offer(**changes)


def test_r2_an_offer_with_an_unsafe_schema_is_refused() -> None:
    with pytest.raises(InputsRefused):
        make_offer(inputs={"type": "object", "properties": {}, "additionalProperties": True})


def test_a_document_that_is_not_canonical_is_refused() -> None:
    with pytest.raises(Malformed, match="canonical JSON"):
        Offer.parse(canonical(offer_value()) + b" ")


def test_an_offer_of_an_older_version_is_refused_with_the_way_to_publish_it_anew() -> None:
    for older in ({"sealrun": 1}, {"price": "5"}):
        with pytest.raises(
            Malformed, match=r"got that of an older sealrun\. Its seller makes it anew: `sealrun init`"
        ):
            make_offer(**older)


def test_a_document_past_16_kib_is_refused() -> None:
    with pytest.raises(Malformed, match="at most 16384 bytes"):
        Offer.parse(b" " * 16385)


def test_a4_an_offer_with_a_price_names_its_terms() -> None:
    offer = make_paid_offer()
    assert offer.payment is not None
    assert offer.payment.prices == ((MINA.of(PRICE), offer.payment.terms),)
    assert offer.terms == offer.payment.terms.hash
    assert make_offer().terms == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"terms": None}, "terms: expected an object without an asset"),
        ({"terms": terms_value(network="mina:mainnet")}, "expected network mina:devnet, got mina:mainnet"),
        ({"oracle": BUYER.public_key().to_base58()}, "oracle: expected the oracle of the terms"),
        ({"payment": None}, "payment: expected an object"),
        ({"payment": {"depth": 291, "nodes": 1, "failed_per_day": 1}}, "depth: expected .* to 290"),
        ({"payment": {"depth": 0, "nodes": 0, "failed_per_day": 1}}, "nodes: expected .* from 1"),
        ({"payment": {"depth": 0, "nodes": 1, "failed_per_day": 0}}, "failed_per_day: expected .* from 1"),
    ],
)
def test_a4_terms_that_do_not_fit_the_offer_are_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(Malformed, match=text):
        make_paid_offer(**changes)


def test_r7_an_offer_does_not_show_the_log_of_a_run_whose_inputs_are_private() -> None:
    with pytest.raises(Malformed, match="no pattern where the inputs are the buyer's"):
        make_offer(evidence=evidence_value(log=["*"]))
    assert make_offer(evidence=evidence_value(inputs="public", log=["*"])).evidence.log.match("a line")


@pytest.mark.parametrize(
    "changes",
    [
        {"commit": "2e" * 20},
        {"tree": "2e" * 20},
        {"configuration": {**FILE, "sha256": "2e" * 32}},
        {"configuration": {**FILE, "path": "ci.yml"}},
        {"configuration": {**FILE, "includes": ["local:ci/build.yml"]}},
    ],
)
def test_the_source_hash_binds_commit_tree_and_configuration(changes: dict[str, Any]) -> None:
    offer, other = make_offer(), make_offer(source={**SOURCE, **changes})
    same_offer = replace(offer, source=other.source)
    assert same_offer.source_hash != offer.source_hash


def test_the_source_hash_binds_the_offer() -> None:
    assert make_offer().source_hash != make_offer(title="Another").source_hash


def test_includes_that_no_digest_pins_are_named() -> None:
    includes = ["local:ci/build.yml", "pinned:group/ci@" + "1f" * 20, "remote:https://ci.example/x.yml"]
    source = make_offer(source={**SOURCE, "configuration": {**FILE, "includes": includes}}).source
    assert source.configuration.not_pinned == includes[2:]


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("dist/*", "dist/a.zip", True),
        ("dist/*", "dist", False),
        ("*.zip", "a/b.zip", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a.c", "abc", False),
        ("*", "x" * 4097, False),
    ],
)
def test_a_pattern_matches_the_whole_name(pattern: str, name: str, *, matches: bool) -> None:
    assert Globs((pattern,)).match(name) is matches
