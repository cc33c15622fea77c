"""The CI tokens that jobs left: verified, each once, and what of them is shown (grade 1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sealrun.encoding.measure import measure_document
from sealrun.errors import ProviderRefused, ProviderUnclear, TokenRefused
from sealrun.evidence.evidence import Item, job_of, label
from sealrun.evidence.leaves import Kind
from sealrun.offers.offer import Offer
from sealrun.offers.provider_rules import Issuer
from sealrun.ports.calls import TokenBook
from sealrun.ports.evidence import EvidenceStore
from sealrun.ports.provider import Issuers
from sealrun.receipts.grade import Grade
from sealrun.receipts.job_token import CLAIMS_NAME, Ran, Verified, verify_token
from sealrun.runs.record import Record
from sealrun.runs.run import Job, Run


@dataclass
class Tokens:
    """What came of the tokens, job by job."""

    items: list[Item] = field(default_factory=list)
    report: list[dict[str, Any]] = field(default_factory=list)
    verified: set[str] = field(default_factory=set)  # jobs as labels have them
    trouble: str = ""

    def grade(self, outputs: Sequence[Item]) -> tuple[Grade, str]:
        """1 if every job that left an output, and at least one, showed a token that holds; else why not."""
        without = sorted({job_of(item.label) for item in outputs} - self.verified)
        if self.verified and not without:
            return Grade.TOKEN, ""
        return Grade.OPERATOR, self.trouble or f"no CI token came from {', '.join(without) or 'any job'}"


def check_tokens(
    raw_tokens: Mapping[str, bytes],
    *,
    record: Record,
    run: Run,
    jobs: Sequence[Job],
    offer: Offer,
    store: EvidenceStore,
    ledger: TokenBook,
    issuers: Issuers,
    may_come: bool,
) -> Tokens:
    """Verify each job's token; one that is refused lowers the grade and is no error.

    Args:
        raw_tokens: the tokens by their jobs' names.
        record: of the call.
        run: as it was read when it was over.
        jobs: of the run.
        offer: what was sold.
        store: takes what is shown of a token.
        ledger: lets each token's jti count for one call only.
        issuers: who may have signed.
        may_come: keys that the issuer, or a proxy, refuses now are asked for again (R9).

    Raises:
        ProviderError: the issuer's keys are out of reach now; gather again.
        StoreUnavailable: the store or the ledger is out of reach.
    """
    tokens = Tokens()
    issuer = issuers.pinned(offer.source) if raw_tokens else None
    for job, ran in _ran(raw_tokens, record, run, jobs, offer):
        try:
            verified = _verified(raw_tokens[job], issuer, ran, ledger, issuers, record)
        except (TokenRefused, ProviderRefused) as error:
            if may_come and isinstance(error, ProviderRefused) and error.answered:
                raise ProviderUnclear(f"the issuer's keys are not there yet: {error.detail}") from error
            tokens.trouble = tokens.trouble or f"{job}: {error.detail}"[:300]
            tokens.report.append({"job": job, "verified": False, "reason": error.detail[:300]})
        else:
            tokens.verified.add(job_of(label(job, CLAIMS_NAME)))
            tokens.report.append(_reported(job, verified))
            tokens.items.append(_shown(job, verified, store))
    return tokens


def _ran(
    raw_tokens: Mapping[str, bytes], record: Record, run: Run, jobs: Sequence[Job], offer: Offer
) -> Iterator[tuple[str, Ran]]:
    for job in jobs:
        if job.name in raw_tokens:
            times = (run.created_at, run.finished_at)
            yield job.name, Ran(record.id, offer.source, run.id, run.source, *times, job.id)


def _verified(
    token: bytes, issuer: Issuer | None, ran: Ran, ledger: TokenBook, issuers: Issuers, record: Record
) -> Verified:
    if issuer is None:
        raise TokenRefused(f"iss: expected a pinned public issuer, got none for {ran.source.origin}")
    verified = verify_token(token, issuers.keys(issuer), issuer, ran)
    if not ledger.take_token(issuer.name, verified.jti, call_hash=record.call_hash):
        raise TokenRefused("jti: expected a token that was shown for no other call, got one that was")
    return verified


def _reported(job: str, verified: Verified) -> dict[str, Any]:
    """Into the run's document, which anyone sees."""
    return {
        "job": job,
        "verified": True,
        "issuer": verified.claims["iss"],
        "expires_at": verified.expires_at,
        "personal": verified.personal,
    }


def _shown(job: str, verified: Verified, store: EvidenceStore) -> Item:
    document = verified.document()
    measured = measure_document(document)
    store.put(lambda: [document], measured, media_type="application/json")
    place = label(job, CLAIMS_NAME)
    return Item(Kind.CLAIMS, place, measured.sha256, measured.size, public=True, cid=measured.cid)
