"""What the tokens that jobs left make of a receipt's grade."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from sealrun.errors import ProviderRefused
from sealrun.evidence.leaves import TREE, Kind
from sealrun.offers.provider_rules import Issuer
from sealrun.receipts.issuers import PinnedKeys
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.record import LONGEST_PAUSE, Record, State
from sealrun.runs.run import Job, JobResult
from sealrun.verification.verify import Trust, verify
from sealrun.workflows.gather_logs import LOG_WAIT
from sealrun.workflows.read_receipt import read_evidence
from tests.sealrun.ci_tokens import Mint, ci_offer, jwk, ran
from tests.sealrun.fakes import zipped
from tests.sealrun.folder import folder_of
from tests.sealrun.market import SERVICE
from tests.sealrun.workflows.test_collect_run import index_of, openings_of, run_of
from tests.sealrun.world import World, sign_call

TOKEN = "sealrun-profile/token.jwt"
GOOD = JobResult.SUCCEEDED
OUTPUT = {"dist/out.txt": b"built\n"}


def collected(world: World, *, minted: bool = True, nonce: int = 7, **changes: Any) -> Record:
    """One call, to its end; its job leaves an output and a token."""
    signed = sign_call(world.offer, nonce=nonce)
    record = world.call(signed).record
    run = world.provider.runs[record.run_id]
    about = ran(
        world.offer,
        record.id,
        run=run.id,
        job=run.id * 10,
        created_at=run.created_at,
        finished_at=run.created_at + 20,
    )
    world.provider.files = {**OUTPUT, **({TOKEN: Mint()(about, **changes)} if minted else {})}
    return world.settle(record.call_hash)


def world_of(**evidence: Any) -> World:
    world = World(ci_offer(**evidence))
    world.issuers.keyring = [jwk()]
    return world


def receipt_of(record: Record) -> Any:
    return SignedReceipt.parse(record.receipt).receipt


def test_e2_a_job_s_own_token_makes_grade_1_and_is_kept_sealed() -> None:
    world = world_of(symbols=["*"], log=["*"], inputs="public", token="public")
    record = collected(world)
    assert (receipt_of(record).status, receipt_of(record).grade) == (Outcome.SUCCEEDED, 1)
    (told,) = run_of(world, record)["tokens"]
    assert told["verified"] is True
    profile = index_of(world, record).trees["profile"]
    (token,) = [entry for entry in profile if entry.kind is Kind.TOKEN]
    (claims,) = [entry for entry in profile if entry.kind is Kind.CLAIMS]
    assert (token.leaf, token.cid) == (None, "")
    assert claims.leaf is not None
    assert claims.leaf.label == "build/token.claims.json"
    shown = json.loads(world.store.get(claims.leaf.sha256))
    assert (shown["claims"]["pipeline_id"], shown["key"]["kid"]) == ("1", "k1")
    opened = next(leaf for leaf in openings_of(world, record)["profile"] if leaf.kind is Kind.TOKEN)
    assert world.store.get(opened.sha256) == world.provider.files[TOKEN]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"runner_environment": "self-hosted"}, "runner_environment"),
        ({"aud": "https://vault.example"}, "aud"),
    ],
)
def test_e2_a_token_that_does_not_hold_leaves_grade_0_and_says_why(
    changes: dict[str, Any], text: str
) -> None:
    world = world_of()
    record = collected(world, **changes)
    assert (receipt_of(record).status, receipt_of(record).grade) == (Outcome.SUCCEEDED, 0)
    (told,) = run_of(world, record)["tokens"]
    assert (told["verified"], text in told["reason"]) == (False, True)
    assert Kind.CLAIMS not in {entry.kind for entry in index_of(world, record).trees["profile"]}


def test_e2_the_same_jti_counts_for_one_call_only() -> None:
    world = world_of()
    assert receipt_of(collected(world)).grade == 1
    again = collected(world, nonce=8)
    assert receipt_of(again).grade == 0
    assert "shown for no other call" in run_of(world, again)["tokens"][0]["reason"]


def test_e2_collecting_again_after_a_crash_takes_the_same_token_again() -> None:
    world = world_of()
    put = world.store.put

    def fails_once(*arguments: Any, **named: Any) -> None:
        if named["media_type"] == "application/json":
            world.store.put = put
            raise ZeroDivisionError
        put(*arguments, **named)

    world.store.put = fails_once
    signed = sign_call(world.offer)
    with pytest.raises(ZeroDivisionError):
        collected(world)
    assert len(world.ledger.tokens) == 1
    assert receipt_of(world.settle(signed.call.hash)).grade == 1


def test_e2_an_origin_without_a_pinned_issuer_stays_at_grade_0() -> None:
    world = World()
    world.issuers.keyring = [jwk()]
    record = collected(world)
    assert receipt_of(record).grade == 0
    assert "expected a pinned public issuer" in run_of(world, record)["tokens"][0]["reason"]


def test_a_run_that_misses_the_offer_s_grade_is_not_paid_and_leaves_no_output() -> None:
    world = world_of(grade=1)
    record = collected(world, minted=False)
    assert receipt_of(record).status is Outcome.GRADE_NOT_REACHED
    assert record.state is State.FAILED
    assert "demands grade 1, the run reached 0: no CI token came from build" in str(record.ending)
    assert index_of(world, record).trees["outputs"] == ()
    assert receipt_of(collected(world_of(grade=1))).status is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    ("answered", "seconds", "outcome"),
    [
        (403, 200, Outcome.SUCCEEDED),
        (302, 200, Outcome.SUCCEEDED),
        (404, 10**6, Outcome.GRADE_NOT_REACHED),
        (0, 200, Outcome.GRADE_NOT_REACHED),  # refused here, and stays so
    ],
)
def test_r9_keys_that_the_issuer_refuses_at_first_are_asked_for_again(
    answered: int, seconds: int, outcome: Outcome
) -> None:
    """What stands before an issuer answers so at times, and a good run was unpaid for it."""
    world = world_of(grade=1)
    until, keys = world.clock.now + world.provider.duration + seconds, world.issuers.keys

    def refused(issuer: Issuer) -> list[dict[str, Any]]:
        if world.clock.now < until:
            raise ProviderRefused("gitlab answered so", answered=answered)
        return keys(issuer)

    world.issuers.keys = refused  # type: ignore[method-assign]
    record = collected(world)
    assert receipt_of(record).status is outcome
    assert world.clock.now < 1_800_000_020 + LOG_WAIT + 2 * LONGEST_PAUSE


def test_a_token_of_any_size_is_kept_and_a_huge_one_is_not_read() -> None:
    world = world_of()
    record = world.call().record
    world.provider.files = {TOKEN: b"x" * 40_000}
    record = world.settle(record.call_hash)
    assert "expected three parts" in run_of(world, record)["tokens"][0]["reason"]


def test_every_job_that_left_an_output_needs_a_token() -> None:
    world = world_of()
    jobs = world.provider.jobs

    def two(run_id: int) -> Any:
        (one,) = jobs(run_id)
        return [one, replace(one, id=11, name="more")]

    world.provider.jobs = two
    record = collected(world)
    assert receipt_of(record).grade == 0, "the second job shows the first one's token"
    assert [each["verified"] for each in run_of(world, record)["tokens"]] == [True, False]


def anyone_reads(world: World, record: Record) -> dict[str, Any]:
    return read_evidence(
        record.id, {}, service=SERVICE, ledger=world.ledger, store=world.store, now=world.clock.now
    )


def test_e2_a_token_is_shown_to_anyone_once_it_expired_where_the_offer_says_so() -> None:
    world = world_of(token="public")
    record = collected(world)
    place = "profile/build/sealrun-profile/token.jwt"
    early = anyone_reads(world, record)
    assert place not in [file["name"] for file in early["files"]]
    assert not [name for name in early["documents"] if name.startswith("disclosures/")]
    world.clock.passes(7200)
    late = anyone_reads(world, record)
    assert place in [file["name"] for file in late["files"]]
    (opened,) = [name for name in late["documents"] if name.startswith("disclosures/")]
    folder = folder_of(world, record, buyer=False)
    folder[opened] = late["documents"][opened].encode()
    folder[place] = world.provider.files[TOKEN]
    found = verify(folder["receipt.json"], folder, Trust(keys=PinnedKeys((jwk(),))))
    assert (found.grade, found.holds) == (1, True), found.broken


def test_e6_tokens_of_many_jobs_are_shown_for_the_work_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred jobs took 23 s of a processor for whoever asked: a function has ten."""
    world = world_of(token="public")
    jobs = [Job(n, f"test {n}", "test", "success", "", False, True, "r", result=GOOD) for n in range(10, 20)]  # noqa: FBT003
    world.provider.listed = jobs

    @contextmanager
    def artifacts(job: int) -> Iterator[Iterator[bytes]]:
        run = world.provider.runs[1]
        began = run.created_at
        about = ran(world.offer, run.name[8:], job=job, created_at=began, finished_at=began + 20)
        yield iter([zipped({TOKEN: Mint()(about, jti=f"the-token-{job}")})])

    world.provider.artifacts = artifacts
    record = world.settle(world.call().record.call_hash)
    world.clock.passes(7200)
    assert all(told["verified"] for told in run_of(world, record)["tokens"])
    hashed, node = list[int](), TREE.node

    def counted(left: int, right: int) -> int:
        hashed.append(1)
        return node(left, right)

    monkeypatch.setattr(TREE, "node", counted)
    page = anyone_reads(world, record)
    assert len([name for name in page["documents"] if name.startswith("disclosures/")]) == len(jobs)
    assert len(hashed) < 2 * len(index_of(world, record).trees["profile"]) + 2 * TREE.depth
    hashed.clear()
    read_evidence(
        record.id, {}, service=SERVICE, ledger=world.ledger, store=world.store, now=world.clock.now, after=1
    )
    assert not hashed, "only the first page has documents"


@pytest.mark.parametrize(
    ("evidence", "changes"),
    [
        ({"token": "buyer"}, {}),
        ({"token": "public"}, {"user_login": "jane"}),
        ({"token": "public"}, {"user_identities": [{"provider": "github", "extern_uid": "1"}]}),
        ({"token": "public"}, {"sha": "2e" * 20}),
    ],
)
def test_e2_a_token_of_a_person_or_one_that_does_not_hold_is_never_shown(
    evidence: dict[str, Any], changes: dict[str, Any]
) -> None:
    world = world_of(**evidence)
    record = collected(world, **changes)
    world.clock.passes(10**6)
    assert not [name for name in anyone_reads(world, record)["documents"] if name.startswith("disclosures/")]
    assert b"jane" not in world.kept(record).index + world.kept(record).run("")
    for entry in index_of(world, record).trees["profile"][1:]:
        assert entry.leaf is None or b"jane" not in world.store.get(entry.leaf.sha256)
