"""The jobs' CI tokens, checked again: who signed them, and that they are about this very run (E2)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import SealrunError
from sealrun.evidence.evidence import job_of, label
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind
from sealrun.offers.offer import Offer
from sealrun.offers.provider_rules import Issuer
from sealrun.ports.folder import Folder
from sealrun.receipts.grade import Grade
from sealrun.receipts.issuers import PinnedKeys, issuer_of
from sealrun.receipts.job_token import CLAIMS_NAME, DONE_NAME, Ran, Verified, usable_key, verify_token
from sealrun.receipts.receipt import Receipt
from sealrun.verification.claims import (
    BrokenClaim,
    Claim,
    Progress,
    broken,
    holds,
    no_progress,
    not_shown,
    require,
)
from sealrun.verification.files import covered_document
from sealrun.verification.trees import Opened

ISSUER = Grade.TOKEN.rests_on


@dataclass
class Ground:
    """The grade that the evidence itself bears, and why it is no higher.

    ``contradicted`` is False where the evidence for a higher grade was only not handed out.
    """

    grade: Grade = Grade.OPERATOR
    reason: str = "none: no CI token is in the evidence"
    contradicted: bool = True
    claims: list[Claim] = field(default_factory=list)


@dataclass(frozen=True)
class Shown:
    """Everything that a check of tokens looks into; what many tokens share is looked up once (E6)."""

    receipt: Receipt
    offer: Offer
    index: Index
    opened: Opened
    run: Mapping[str, Any]
    folder: Folder
    keys: PinnedKeys

    @cached_property
    def job_ids(self) -> Mapping[str, Sequence[Any]]:
        """The ids of the run's jobs by the label of their tokens' claims."""
        jobs = self.run.get("jobs")
        ids = defaultdict(list)
        for job in jobs if isinstance(jobs, list) else ():
            if isinstance(job, dict) and isinstance(job.get("name"), str):
                ids[label(job["name"], CLAIMS_NAME)].append(job.get("id"))
        return ids

    @cached_property
    def tokens(self) -> Mapping[str, Sequence[str]]:
        """The labels of the tokens that are opened, by their jobs."""
        labels = defaultdict(list)
        for (tree, place), leaf in self.opened.leaves.items():
            if tree == "profile" and leaf.kind is Kind.TOKEN and not place.endswith(f"/{DONE_NAME}"):
                labels[job_of(place)].append(place)
        return labels

    @cached_property
    def pinned(self) -> Sequence[Mapping[str, Any]]:
        """The usable ones of the keys that the verifier brought along."""
        return [key for key in map(usable_key, self.keys.keys) if key is not None]


class _NotHere(SealrunError):
    """Something that the check takes is not here; the detail says what."""


def check_tokens(shown: Shown, progress: Progress = no_progress) -> Ground:
    """Grade 1 if a token of each job that left an output holds under a key that the verifier pinned.

    Not checked: that no other call showed the same token, which only the operator's ledger knows.
    """
    ground, verified = Ground(), set()
    places = list(_claims_leaves(shown))
    for at, place in enumerate(places, start=1):
        try:
            verified.add(_check(shown, place))
        except _NotHere as error:
            ground.reason, ground.contradicted = error.detail, False
            ground.claims.append(not_shown("token", error.detail, rests_on=ISSUER, grade=Grade.OPERATOR))
        except SealrunError as error:
            ground.claims.append(broken("token", error, rests_on=ISSUER, grade=Grade.OPERATOR))
            ground.reason = f"one that does not hold ({job_of(place)})"
        else:
            rules = shown.offer.source.rules.token
            about = rules.about if rules else "job"
            says = f"{job_of(place)}: signed by {_issuer(shown).name} about this {about} of this call"
            ground.claims.append(holds("token", says, rests_on=ISSUER, grade=Grade.TOKEN))
        progress("tokens", at, len(places))
    if verified and len(verified) == len(ground.claims):
        _reach(ground, shown, verified)
    return ground


def _reach(ground: Ground, shown: Shown, verified: set[str]) -> None:
    """Every output that is shown came from a job whose token holds; of hidden ones nobody can tell."""
    # Step 9.3
    outputs = [place for tree, place in shown.opened.leaves if tree == "outputs"]
    without = sorted({job_of(place) for place in outputs} - verified)
    hidden = len(shown.index.trees["outputs"]) - len(outputs)
    if without:
        ground.reason = f"outputs of {', '.join(without)} without a CI token"
    elif hidden:
        ground.reason = f"{hidden} outputs are kept back, and with them their jobs"
        ground.contradicted = False
    else:
        ground.grade, ground.reason = Grade.TOKEN, ""


def _claims_leaves(shown: Shown) -> Iterator[str]:
    """Labels of the tokens' claims, which the index always shows."""
    for entry in shown.index.trees["profile"]:
        if entry.kind is Kind.CLAIMS and entry.leaf is not None:
            yield entry.leaf.label


def _check(shown: Shown, place: str) -> str:
    """The job whose token holds.

    Raises:
        _NotHere: token, run or the issuer's key are not at hand.
        SealrunError: something does not hold.
    """
    # Step 9.1
    issuer, document = _issuer(shown), _document(shown, place)
    claims = read.only(parse_object(document), ("sealrun", "claims", "key"), where="token's claims")
    key = usable_key(claims["key"]) if isinstance(claims["key"], dict) else None
    if key is None:
        raise BrokenClaim(f"{place}: expected an RSA key for RS256, got another")
    verified = verify_token(_token(shown, place), [key], issuer, _ran(shown, place))
    same = verified.document() == document
    require(same, f"{place}: expected what the token says, got something else")
    _check_pinned(verified, issuer, shown)
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
    leaf = shown.opened.leaves.get(("profile", place))  # none where the index does not open what it names
    document = covered_document(shown.folder, f"profile/{place}", leaf) if leaf else None
    if document is None:
        raise _NotHere(f"profile/{place} is not here")
    return document


def _token(shown: Shown, place: str) -> bytes:
    places = shown.tokens.get(job_of(place), ())
    token = None
    if len(places) == 1:
        token = shown.folder.document(f"profile/{places[0]}")
    if token is None:
        raise _NotHere(f"the CI token of {job_of(place)} is sealed; the buyer can open it")
    return token


def _ran(shown: Shown, place: str) -> Ran:
    run = shown.run.get("run")
    if not run or not isinstance(shown.run.get("jobs"), list):
        raise _NotHere("the run's document is not here")
    ids = shown.job_ids.get(place, ())
    if len(ids) != 1 or not isinstance(ids[0], int):
        raise BrokenClaim(f"{place}: expected one job of the run, got {len(ids)}")
    call = f"{shown.receipt.call_hash:064x}"
    times = run["created_at"], run["finished_at"]
    return Ran(call, shown.offer.source, run["id"], run["source"], *times, ids[0])


def _check_pinned(verified: Verified, issuer: Issuer, shown: Shown) -> None:
    """The key that signed is one that the verifier brought along as the issuer's."""
    # Step 9.2
    if verified.key in shown.pinned:
        return
    kid = str(verified.key["kid"])[:16]
    why = (
        "is not among the keys that you brought"
        if shown.keys.keys
        else "is vouched for by the operator alone"
    )
    raise _NotHere(
        f"the token holds, but its key {kid}… {why}; the issuer publishes keys at {issuer.keys_url}"
    )
