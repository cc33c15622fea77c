"""A token's proof counts for this call of this offer, under a key that the verifier brought."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sealrun.encoding.fields import canonical
from sealrun.evidence.outputs_digest import outputs_digest
from sealrun.offers.facts import FACTS as FACTS_OF
from sealrun.offers.facts import facts_hash
from sealrun.offers.offer import Offer
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.receipt import Receipt, SignedReceipt
from sealrun.receipts.token_proof import MAX_BYTES, key_hash
from sealrun.verification.claims import Claim, Verdict
from sealrun.verification.rerun import Left
from sealrun.verification.token_proof import check_token_proof
from tests.sealrun.ci_tokens import jwk, rsa_key
from tests.sealrun.folder import folder_of
from tests.sealrun.workflows.test_token_grade import collected, world_of
from tests.sealrun.world import make_offer, offer_value

Bought = tuple[Receipt, Offer]
CALLED = "urn:sealrun:call:{:064x}"
FACTS = {
    "project_id": "42",
    "ref_path": "refs/tags/v1.0.0",
    "ref_protected": "true",
    "runner_environment": "gitlab-hosted",
    "sha": "1f" * 20,
    "ci_config_ref_uri": "gitlab.com/group/job//.gitlab-ci.yml@refs/tags/v1.0.0",
    "ci_config_sha": "1f" * 20,
    "pipeline_source": "parent_pipeline",
    "user_id": "7",
}


@pytest.fixture(scope="module")
def bought() -> Bought:
    world = world_of()
    folder = folder_of(world, collected(world))
    receipt = SignedReceipt.parse(json.loads(folder["receipt.json"])).receipt
    return receipt, Offer.parse(folder["offer.json"])


def done(receipt: Receipt, digest: str = "cd" * 32) -> str:
    return f"urn:sealrun:done:{receipt.call_hash:064x}:{digest}"


def document(receipt: Receipt, facts: dict[str, Any] = FACTS, **changes: Any) -> bytes:
    statement = {
        "key": str(key_hash("gitlab", jwk())),
        "audience": done(receipt),
        "facts": str(facts_hash("gitlab", facts)),
        "iat": receipt.finished_at - 5,
    }
    members = {"sealrun": 1, "issuer": "gitlab", "facts": facts, "proof": "AAAA"}
    known = {name: value for name, value in changes.items() if name in members}
    return canonical({**members, **known, "statement": {**statement, **changes.get("statement", {})}})


def check(
    bought: Bought,
    proof: bytes,
    keys: PinnedKeys | None = None,
    *,
    held: bool | None = True,
    left: Left | None = None,
) -> Claim:
    receipt, offer = bought
    keys, left = keys or PinnedKeys((jwk(),)), left or Left(hidden=1)
    return check_token_proof(proof, receipt, offer, keys, lambda _: held, left)


def test_a_proof_of_this_call_says_who_signed_and_lends_no_grade(bought: Bought) -> None:
    claim = check(bought, document(bought[0]))
    assert (claim.verdict, claim.grade, claim.name) == (Verdict.HOLDS, None, "token, proved")
    assert claim.says.startswith(
        "signed by a key of https://gitlab.com: a job of this pipeline, at this commit"
    )
    assert f"named this call done, with outputs {'cd' * 32}" in claim.says
    assert "execution" not in claim.says


def test_a_token_without_outputs_does_not_say_done(bought: Bought) -> None:
    facts = {**FACTS, "pipeline_source": "api"}
    called = {"audience": CALLED.format(bought[0].call_hash)}
    claim = check(bought, document(bought[0], facts, statement=called))
    assert "named this call; root of the keys" in claim.says


def test_a_job_that_is_not_the_last_cannot_say_done(bought: Bought) -> None:
    claim = check(bought, document(bought[0], {**FACTS, "pipeline_source": "api"}))
    assert claim.verdict is Verdict.BROKEN
    assert "pipeline_source: expected one of parent_pipeline, got api" in claim.says


def at_github(called: str) -> Offer:
    source = offer_value()["source"]
    configuration = {**source["configuration"], "path": ".github/workflows/job.yml", "includes": [called]}
    named = {"provider": "github", "origin": "https://api.github.com", "project": "a/job"}
    return make_offer(source={**source, **named, "configuration": configuration})


@pytest.mark.parametrize(
    ("called", "verdict"),
    [
        (f"pinned:a/sealrun/.github/workflows/done.yml@{'2f' * 20}", Verdict.NOT_SHOWN),
        ("pinned:a/sealrun/.github/workflows/other.yml@" + "2f" * 20, Verdict.BROKEN),
        ("action:a/sealrun/.github/workflows/done.yml@v1", Verdict.BROKEN),
    ],
)
def test_at_github_a_job_of_no_called_workflow_cannot_say_done(
    bought: Bought, called: str, verdict: Verdict
) -> None:
    """Any job there can ask for any audience. The first is not shown, for nobody brought its key."""
    offer = at_github(called)
    facts = {
        **dict.fromkeys(FACTS_OF["github"], "1"),
        "repository": "a/job",
        "ref": offer.source.ref,
        "runner_environment": "github-hosted",
        "sha": offer.source.commit,
        "workflow_ref": f"a/job/.github/workflows/job.yml@{offer.source.ref}",
        "job_workflow_ref": f"a/sealrun/.github/workflows/done.yml@{'2f' * 20}",
        "event_name": "workflow_dispatch",
        "actor_id": str(offer.source.user),
    }
    statement = {"key": "1", "audience": done(bought[0]), "facts": str(facts_hash("github", facts)), "iat": 1}
    members = {"sealrun": 1, "issuer": "github", "facts": facts, "proof": "AAAA", "statement": statement}
    claim = check((bought[0], offer), canonical(members))
    assert claim.verdict is verdict, claim.says
    if verdict is Verdict.BROKEN:
        assert "job_workflow_ref: expected a workflow that the offer's calls by its digest" in claim.says


SHOWN = {"build/out/a.txt": "aa" * 32, "test/out/b.txt": "bb" * 32}


def test_the_outputs_that_the_ci_signed_are_those_of_the_evidence(bought: Bought) -> None:
    digest = outputs_digest({"out/a.txt": "aa" * 32, "out/b.txt": "bb" * 32})
    proof = document(bought[0], statement={"audience": done(bought[0], digest)})
    held = check(bought, proof, left=Left(outputs=SHOWN, hidden=0))
    assert held.verdict is Verdict.HOLDS
    assert "which are those of the evidence" in held.says
    again = {**SHOWN, "test/out/a.txt": "aa" * 32}  # handed on by another job as it was
    assert check(bought, proof, left=Left(outputs=again, hidden=0)).verdict is Verdict.HOLDS
    changed = check(bought, proof, left=Left(outputs={**SHOWN, "build/out/a.txt": "cc" * 32}, hidden=0))
    assert changed.verdict is Verdict.BROKEN
    assert "the proof's outputs: expected" in changed.says


@pytest.mark.parametrize(
    "left",
    [
        Left(outputs=SHOWN, hidden=1),
        Left(outputs=SHOWN, hidden=None),
        Left(outputs={**SHOWN, "test/out/a.txt": "cc" * 32}, hidden=0),
        Left(outputs={}, hidden=0),
    ],
)
def test_outputs_that_cannot_be_compared_are_not_said_to_be_those_of_the_evidence(
    bought: Bought, left: Left
) -> None:
    claim = check(bought, document(bought[0]), left=left)
    assert claim.verdict is Verdict.HOLDS
    assert "not compared with the evidence" in claim.says


def test_a_proof_that_does_not_hold_is_broken(bought: Bought) -> None:
    claim = check(bought, document(bought[0]), held=False)
    assert claim.verdict is Verdict.BROKEN
    assert "expected one that holds for its statement" in claim.says


def test_without_the_programs_nothing_is_shown(bought: Bought) -> None:
    claim = check(bought, document(bought[0]), held=None)
    assert claim.verdict is Verdict.NOT_SHOWN
    assert "not installed" in claim.says


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (PinnedKeys(), "was compared with none"),
        (PinnedKeys((jwk(rsa_key("other")),)), "is not among the keys that you brought"),
        (PinnedKeys((jwk(kid="k2"),)), "is not among the keys that you brought"),
    ],
)
def test_a_key_that_the_verifier_did_not_bring_shows_nothing(
    bought: Bought, keys: PinnedKeys, text: str
) -> None:
    claim = check(bought, document(bought[0]), keys)
    assert claim.verdict is Verdict.NOT_SHOWN
    assert text in claim.says


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("project_id", "43"),
        ("ref_path", "refs/heads/v1.0.0"),
        ("ref_protected", "false"),
        ("runner_environment", "self-hosted"),
        ("sha", "ee" * 20),
        ("ci_config_ref_uri", "gitlab.com/group/job//other.yml@refs/tags/v1.0.0"),
        ("ci_config_sha", "ee" * 20),
        ("pipeline_source", "push"),
        ("user_id", "8"),
    ],
)
def test_every_fact_is_compared_with_the_offer(bought: Bought, name: str, value: str) -> None:
    claim = check(bought, document(bought[0], {**FACTS, name: value}))
    assert claim.verdict is Verdict.BROKEN
    assert claim.says.startswith(f"{name}: expected")


def test_the_account_in_the_token_is_in_no_message(bought: Bought) -> None:
    assert "12345" not in check(bought, document(bought[0], {**FACTS, "user_id": "12345"})).says


BROKEN: dict[str, tuple[Callable[[Receipt], bytes], str]] = {
    "another call": (
        lambda r: document(r, statement={"audience": f"urn:sealrun:call:{'1f' * 32}"}),
        "the proof's call: expected",
    ),
    "a commit's tree": (
        lambda r: document(r, statement={"audience": f"urn:sealrun:tree:{r.call_hash:064x}:{'cd' * 32}"}),
        "the proof's audience: expected a call, got a commit's tree",
    ),
    "no audience of ours": (
        lambda r: document(r, statement={"audience": f"urn:sealrun:done:{r.call_hash:064x}"}),
        "audience: expected urn:sealrun:",
    ),
    "issued later": (
        lambda r: document(r, statement={"iat": r.finished_at + 121}),
        "the proof's iat: expected at most",
    ),
    "other facts than the statement's": (
        lambda r: document(r, statement={"facts": "1"}),
        "facts: expected those of the statement's hash",
    ),
    "a fact too few": (
        lambda r: document(r).replace(b',"user_id":"7"', b""),
        "facts: expected user_id",
    ),
    "another version": (lambda r: document(r, sealrun=2), "sealrun: expected a whole number"),
    "another issuer": (lambda r: document(r, issuer="forgejo"), "issuer: expected one of"),
    "a quote in a fact": (
        lambda r: document(r).replace(b'"parent_pipeline"', b'"a\\"pi"'),
        "pipeline_source: expected printable text without quotes",
    ),
    "a key beyond the field": (
        lambda r: document(r, statement={"key": str(2**255)}),
        "key: expected at most",
    ),
    "no JSON": (lambda _: b"{", "expected"),
    "too long": (lambda _: b" " * (MAX_BYTES + 1), "expected"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_proof_of_this_call_is_broken(bought: Bought, name: str) -> None:
    make, text = BROKEN[name]
    claim = check(bought, make(bought[0]))
    assert claim.verdict is Verdict.BROKEN, claim
    assert text in claim.says
