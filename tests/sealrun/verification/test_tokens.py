"""A verifier sees grade 1 only where the tokens themselves show it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest

from sealrun.encoding.fields import canonical
from sealrun.offers.provider_rules import Issuer, rules_of
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.job_token import Verified
from sealrun.receipts.receipt import SignedReceipt
from sealrun.runs import document as run_document
from sealrun.runs.record import Record
from sealrun.verification.claims import Verdict
from sealrun.verification.verify import Trust, Verification, verify
from sealrun.workflows import gather_tokens
from tests.sealrun.ci_tokens import Mint, jwk, ran, rsa_key
from tests.sealrun.folder import MemoryFolder, folder_of
from tests.sealrun.workflows.test_token_grade import OUTPUT, TOKEN, collected, world_of
from tests.sealrun.world import ORACLE, World, make_offer, offer_value, sign_call

KEYS = PinnedKeys((jwk(rsa_key("other"), kid="k0"), jwk()))
CLAIMS = "profile/build/token.claims.json"


def check(folder: MemoryFolder, keys: PinnedKeys = KEYS) -> Verification:
    return verify(folder["receipt.json"], folder, Trust(ORACLE.public_key().to_base58(), keys))


def said(found: Verification, name: str) -> tuple[Verdict, str]:
    (claim,) = [claim for claim in found.claims if claim.name == name]
    return claim.verdict, claim.says


@pytest.fixture
def bought() -> tuple[World, Record]:
    world = world_of()
    return world, collected(world)


def test_e2_the_buyer_who_saved_the_issuer_s_keys_sees_grade_1(bought: tuple[World, Record]) -> None:
    found = check(folder_of(*bought))
    assert (found.grade, found.holds) == (1, True), found.broken
    assert said(found, "token")[0] is Verdict.HOLDS


def test_e2_a_token_lends_no_grade_to_a_receipt_that_is_broken(bought: tuple[World, Record]) -> None:
    folder = folder_of(*bought)
    output = next(name for name in folder.names() if name.startswith("outputs/"))
    folder[output] += b"more"
    found = check(folder)
    assert (found.grade, [claim.name for claim in found.broken]) == (0, ["file"])
    assert said(found, "token")[0] is Verdict.HOLDS


def test_e5_without_the_offer_a_token_is_said_not_to_be_looked_at(bought: tuple[World, Record]) -> None:
    folder = folder_of(*bought)
    del folder["offer.json"]
    assert said(check(folder), "token") == (Verdict.NOT_SHOWN, "it takes index.json and offer.json")


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (PinnedKeys(), "is vouched for by the operator alone"),
        (PinnedKeys((jwk(kid="k2"),)), "is not among the keys that you brought"),
        (PinnedKeys((jwk(rsa_key("other")),)), "is not among the keys that you brought"),
    ],
)
def test_e2_without_the_issuer_s_keys_the_grade_is_0_and_nothing_is_broken(
    bought: tuple[World, Record], keys: PinnedKeys, text: str
) -> None:
    found = check(folder_of(*bought), keys)
    assert (found.grade, found.holds) == (0, True), found.broken
    assert said(found, "grade")[0] is Verdict.NOT_SHOWN
    assert text in said(found, "token")[1]


def test_e2_a_stranger_sees_grade_0_as_long_as_the_token_is_sealed(bought: tuple[World, Record]) -> None:
    found = check(folder_of(*bought, buyer=False))
    assert (found.grade, found.holds) == (0, True), found.broken
    assert "sealed" in said(found, "token")[1]


@pytest.mark.parametrize("openings", [True, False])
def test_e5_claims_of_a_token_that_the_index_does_not_open_are_no_crash(
    bought: tuple[World, Record], *, openings: bool
) -> None:
    folder = folder_of(*bought)
    index = json.loads(folder["index.json"])
    index["outputs"][0]["twin"] = "00" * 32  # no leaf after it counts as opened
    folder["index.json"] = canonical(index)
    if not openings:
        del folder["openings.json"]
    found = check(folder)
    assert (found.grade, found.broken[0].name) == (0, "index")


def test_e2_a_receipt_that_raises_its_own_grade_is_broken() -> None:
    world = world_of()
    record = collected(world, minted=False)
    for grade in (1, 2, 3):
        folder = folder_of(*_signed_again(world, record, grade=grade))
        found = check(folder)
        assert (found.grade, said(found, "grade")[0]) == (0, Verdict.BROKEN)


def test_e2_no_receipt_says_2_of_itself(bought: tuple[World, Record]) -> None:
    folder = folder_of(*_signed_again(*bought, grade=2))
    del folder["receipt.intoto.jsonl"]  # which states another receipt
    found = check(folder)
    assert (found.grade, said(found, "grade")[0]) == (1, Verdict.BROKEN)


def _signed_again(world: World, record: Record, **changes: Any) -> tuple[World, Record]:
    """What a lying oracle would sign, but for the statements."""
    receipt = SignedReceipt.parse(record.receipt).receipt._replace(**changes)
    signed = SignedReceipt(receipt, world.oracle.sign(receipt.fields()), world.oracle.public_key)
    return world, replace(record, receipt=signed.document())


def believed(token: bytes, *_: Any) -> Verified:
    """What an operator that lies, or that checks nothing, makes of a job's token."""
    claims = jwt.decode(token, options={"verify_signature": False})
    rules = rules_of("gitlab").token
    assert rules is not None
    return Verified(claims, {name: jwk()[name] for name in ("kty", "kid", "n", "e")}, rules)


def with_token(world: World, mint: Mint, **changes: Any) -> tuple[World, Record]:
    """A call whose job left a token that was minted so."""
    record = world.call(sign_call(world.offer)).record
    run = world.provider.runs[record.run_id]
    times = {"created_at": run.created_at, "finished_at": run.created_at + 20}
    about = ran(world.offer, record.id, run=run.id, job=run.id * 10, **times)
    world.provider.files = {**OUTPUT, TOKEN: mint(about, **changes)}
    return world, world.settle(record.call_hash)


@pytest.mark.parametrize(
    ("mint", "changes", "text"),
    [
        (Mint(key=rsa_key("operator")), {}, "expected the issuer's signature"),
        (Mint(headers={"kid": "k2"}), {}, "got 0 with its id"),
        (Mint(algorithm="RS512"), {}, "alg: expected one of RS256"),
        (Mint(key=b"0" * 64, algorithm="HS256"), {}, "alg: expected one of RS256"),
        (Mint(headers={"kid": "k1", "jku": "https://evil.example/keys"}), {}, "got also jku"),
        (Mint(), {"iss": "https://gitlab.example"}, "iss: expected https://gitlab.com"),
        (Mint(), {"aud": "https://vault.example"}, "aud: expected urn:sealrun:call:"),
        (Mint(), {"aud": f"urn:sealrun:call:{'cd' * 32}"}, "aud: expected urn:sealrun:call:"),
        (Mint(), {"project_id": "43"}, "project_id: expected 42, got 43"),
        (Mint(), {"pipeline_id": "2"}, "pipeline_id: expected 1, got 2"),
        (Mint(), {"job_id": "11"}, "job_id: expected 10, got 11"),
        (Mint(), {"sha": "2e" * 20}, "sha: expected 1f1f"),
        (Mint(), {"ref_path": "refs/heads/main"}, "ref_path: expected refs/tags/v1.0.0"),
        (Mint(), {"ci_config_sha": "2e" * 20}, "ci_config_sha: expected 1f1f"),
        (Mint(), {"user_id": "8"}, "user_id: expected 7, got another"),
        (Mint(), {"runner_environment": "self-hosted"}, "runner_environment: expected gitlab-hosted"),
        (Mint(), {"iat": 1_799_990_000, "nbf": 1_799_990_000}, "iat: expected a whole number"),
    ],
)
def test_e2_an_oracle_that_signs_grade_1_over_a_token_that_does_not_hold_is_found_out(
    monkeypatch: pytest.MonkeyPatch, mint: Mint, changes: dict[str, Any], text: str
) -> None:
    monkeypatch.setattr(gather_tokens, "verify_token", believed)
    world, record = with_token(world_of(), mint, **changes)
    assert SignedReceipt.parse(record.receipt).receipt.grade == 1
    found = check(folder_of(world, record))
    assert (found.grade, found.holds) == (0, False)
    assert (said(found, "token")[0], said(found, "grade")[0]) == (Verdict.BROKEN, Verdict.BROKEN)
    assert text in said(found, "token")[1]


def test_e2_an_oracle_that_shows_other_claims_than_the_token_s_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def altered(token: bytes, *_: Any) -> Verified:
        true = believed(token)
        return replace(true, claims={**true.claims, "ref_protected": "true, they say"})

    monkeypatch.setattr(gather_tokens, "verify_token", altered)
    found = check(folder_of(*with_token(world_of(), Mint())))
    assert (found.grade, found.holds) == (0, False)
    assert "expected what the token says, got something else" in said(found, "token")[1]


def test_e2_a_key_of_the_operator_s_own_shows_nothing() -> None:
    world = world_of()
    world.issuers.keyring = [jwk(rsa_key("operator"))]
    found = check(folder_of(*with_token(world, Mint(key=rsa_key("operator")))))
    assert (found.grade, said(found, "grade")[0]) == (0, Verdict.NOT_SHOWN)


Change = Callable[[MemoryFolder], object]


def _other_claims(folder: MemoryFolder) -> None:
    told = json.loads(folder[CLAIMS])
    told["claims"]["sha"] = "2e" * 20
    folder[CLAIMS] = canonical(told)


def _other_run(folder: MemoryFolder) -> None:
    folder["profile/run.json"] = folder["profile/run.json"].replace(b'"id":10', b'"id":11')


def _other_token(folder: MemoryFolder) -> None:
    header, payload, signature = folder[f"profile/build/{TOKEN}"].split(b".")
    folder[f"profile/build/{TOKEN}"] = b".".join((header, payload, signature[:-4] + b"AAAA"))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_other_claims, "profile/build/token.claims.json: SHA-256"),
        (_other_run, "profile/run.json: SHA-256"),
        (_other_token, "token: expected the issuer's signature"),
        (lambda folder: folder.pop(CLAIMS), "token.claims.json: expected the file, got none"),
        (lambda folder: folder.pop(f"profile/build/{TOKEN}"), ""),
        (lambda folder: folder.pop("profile/run.json"), "profile/run.json: expected the file, got none"),
    ],
)
def test_e2_a_folder_in_which_anything_of_the_token_is_changed_shows_no_grade_1(
    bought: tuple[World, Record], change: Change, text: str
) -> None:
    folder = folder_of(*bought)
    change(folder)
    found = check(folder)
    assert found.grade == 0
    assert found.holds is (not text)
    assert any(text in claim.says for claim in found.broken) is bool(text)


def test_e2_a_run_document_without_the_job_s_id_shows_no_grade_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_document, "_JOB", ("name", "stage"))
    world = world_of()
    found = check(folder_of(world, collected(world)))
    assert (found.grade, found.holds) == (0, False)
    assert "expected one job of the run, got 1" in said(found, "token")[1]


def test_e2_hidden_outputs_leave_it_open_which_jobs_they_came_from() -> None:
    world = world_of(outputs=[], token="public")
    record = collected(world)
    folder = folder_of(world, record)
    del folder["openings.json"]
    found = check(folder)
    assert (found.grade, said(found, "grade")[0]) == (0, Verdict.NOT_SHOWN)


def test_e2_an_issuer_on_loopback_counts_only_where_the_verifier_lets_it() -> None:
    origin = "http://127.0.0.1:8080"
    world = World(make_offer(source={**offer_value()["source"], "origin": origin}))
    world.issuers.keyring, world.issuers.unsafe_loopback = [jwk()], True
    folder = folder_of(world, collected(world, iss=origin))
    assert check(folder, PinnedKeys((jwk(),), unsafe_loopback=True)).grade == 1
    found = check(folder)
    assert (found.grade, said(found, "grade")[0]) == (0, Verdict.NOT_SHOWN)
    assert f"issuer {origin} stands on one machine" in said(found, "token")[1]


def test_e2_an_issuer_that_is_not_public_never_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = "https://gitlab.example"
    world = World(make_offer(source={**offer_value()["source"], "origin": origin}))
    world.issuers.keyring = [jwk()]
    monkeypatch.setattr(world.issuers, "pinned", lambda _: Issuer(origin, f"{origin}/keys", public=False))
    found = check(folder_of(world, collected(world, iss=origin)), PinnedKeys((jwk(),), unsafe_loopback=True))
    assert (found.grade, said(found, "grade")[0]) == (0, Verdict.BROKEN)
    assert said(found, "token") == (Verdict.BROKEN, f"issuer: expected a pinned public one, got {origin}")
