"""The jobs' CI tokens, checked again: who signed them, and that they are about this very run (E2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import SealrunError
from sealrun.evidence.evidence import job_of, label
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind
from sealrun.offers.offer import Offer
from sealrun.offers.provider_rules import Issuer
from sealrun.receipts.issuers import PinnedKeys, issuer_of
from sealrun.receipts.job_token import CLAIMS_NAME, Ran, Verified, usable_key, verify_token
from sealrun.receipts.receipt import GRADE_OPERATOR, GRADE_TOKEN, Receipt
from sealrun.verification.claims import BrokenClaim, Claim, Folder, broken, expect, holds, not_shown
from sealrun.verification.trees import Opened, covered_document

ISSUER = "the CI's signed token"


@dataclass
class Ground:
    """The grade that the evidence itself bears, and why it is no higher.

    ``contradicted`` is False where what it would take to show a higher one was only not handed out.
    """

    grade: int = GRADE_OPERATOR
    reason: str = "none: no CI token is in the evidence"
    contradicted: bool = True
    claims: list[Claim] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """What a check of tokens looks into."""

    receipt: Receipt
    offer: Offer
    index: Index
    opened: Opened
    run: Mapping[str, Any]
    folder: Folder
    keys: PinnedKeys


class _NotHere(SealrunError):
    """What it would take is not here; the detail says what."""


def check_tokens(shown: Shown) -> Ground:
    """Grade 1 if a token of each job that left an output holds under a key that the verifier pinned.

    Not checked: that no other call showed the same token, which only the operator's ledger knows.
    """
    ground, verified = Ground(), set()
    for place in _claims_leaves(shown):
        try:
            verified.add(_check(shown, place))
        except _NotHere as error:
            ground.reason, ground.contradicted = error.detail, False
            ground.claims.append(not_shown("token", error.detail, rests_on=ISSUER, grade=GRADE_OPERATOR))
        except SealrunError as error:
            ground.claims.append(broken("token", error, rests_on=ISSUER, grade=GRADE_OPERATOR))
            ground.reason = f"one that does not hold ({job_of(place)})"
        else:
            rules = shown.offer.source.rules.token
            about = rules.about if rules else "job"
            says = f"{job_of(place)}: signed by {_issuer(shown).name} about this {about} of this call"
            ground.claims.append(holds("token", says, rests_on=ISSUER, grade=GRADE_TOKEN))
    if verified and len(verified) == len(ground.claims):
        _reach(ground, shown, verified)
    return ground


def _reach(ground: Ground, shown: Shown, verified: set[str]) -> None:
    """Every output that is shown came from a job whose token holds, and the others cannot be told."""
    outputs = [place for tree, place in shown.opened.leaves if tree == "outputs"]
    without = sorted({job_of(place) for place in outputs} - verified)
    hidden = len(shown.index.trees["outputs"]) - len(outputs)
    if without:
        ground.reason = f"outputs of {', '.join(without)} without a CI token"
    elif hidden:
        ground.reason = f"{hidden} outputs are kept back, and with them their jobs"
        ground.contradicted = False
    else:
        ground.grade, ground.reason = GRADE_TOKEN, ""


def _claims_leaves(shown: Shown) -> Iterator[str]:
    """Labels of what the index shows of tokens; it always shows it."""
    for entry in shown.index.trees["profile"]:
        if entry.kind is Kind.CLAIMS and entry.leaf is not None:
            yield entry.leaf.label


def _check(shown: Shown, place: str) -> str:
    """The job whose token holds.

    Raises:
        _NotHere: token, run or the issuer's key are not at hand.
        SealrunError: something does not hold.
    """
    issuer, document = _issuer(shown), _document(shown, place)
    told = read.only(parse_object(document), ("sealrun", "claims", "key"), where="token's claims")
    key = usable_key(told["key"]) if isinstance(told["key"], dict) else None
    if key is None:
        raise BrokenClaim(f"{place}: expected an RSA key for RS256, got another")
    verified = verify_token(_token(shown, place), [key], issuer, _ran(shown, place))
    same = "what the token says" if verified.document() == document else "something else"
    expect(place, "what the token says", same)
    _check_pinned(verified, issuer, shown.keys)
    return job_of(place)


def _issuer(shown: Shown) -> Issuer:
    origin = shown.offer.source.origin
    issuer = issuer_of(shown.offer.source, unsafe_loopback=shown.keys.unsafe_loopback)
    if issuer is None and issuer_of(shown.offer.source, unsafe_loopback=True):
        raise _NotHere(f"issuer {origin} stands on one machine; it counts with --unsafe-loopback only")
    if issuer is None:
        raise BrokenClaim(f"issuer: expected a pinned public one, got {origin}")
    return issuer


def _document(shown: Shown, place: str) -> bytes:
    found = covered_document(shown.folder, f"profile/{place}", shown.opened.leaves["profile", place])
    if found is None:
        raise _NotHere(f"profile/{place} is not here")
    return found


def _token(shown: Shown, place: str) -> bytes:
    named = f"{job_of(place)}/"
    places = [
        one
        for (tree, one), leaf in shown.opened.leaves.items()
        if tree == "profile" and leaf.kind is Kind.TOKEN and one.startswith(named)
    ]
    found = shown.folder.document(f"profile/{places[0]}") if len(places) == 1 else None
    if found is None:
        raise _NotHere(f"the CI token of {job_of(place)} is sealed; the buyer can open it")
    return found


def _ran(shown: Shown, place: str) -> Ran:
    run, jobs = shown.run.get("run"), shown.run.get("jobs")
    if not run or not isinstance(jobs, list):
        raise _NotHere("the run's document is not here")
    ids = [one.get("id") for one in jobs if isinstance(one, dict) and _named(one, place)]
    if len(ids) != 1 or not isinstance(ids[0], int):
        raise BrokenClaim(f"{place}: expected one job of the run, got {len(ids)}")
    call = f"{shown.receipt.call_hash:064x}"
    times = run["created_at"], run["finished_at"]
    return Ran(call, shown.offer.source, run["id"], run["source"], *times, ids[0])


def _named(job: Mapping[str, Any], place: str) -> bool:
    return isinstance(job.get("name"), str) and label(job["name"], CLAIMS_NAME) == place


def _check_pinned(verified: Verified, issuer: Issuer, keys: PinnedKeys) -> None:
    """The kept key is one that the verifier brought along as the issuer's."""
    if verified.key in [usable_key(key) for key in keys.keys]:
        return
    kid = str(verified.key["kid"])[:16]
    brought = "is not among the keys that you brought" if keys.keys else "was the issuer's, the operator says"
    raise _NotHere(f"the token holds, but its key {kid}… {brought}; keys of the time: {issuer.keys_url}")
