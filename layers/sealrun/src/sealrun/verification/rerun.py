"""Grade 2: another oracle repeated the run elsewhere, and both left the same outputs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sealrun.encoding.fields import canonical
from sealrun.errors import SealrunError
from sealrun.offers.offer import Offer
from sealrun.ports.folder import Folder
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.verification.claims import (
    INPUTS,
    OFFER,
    RECEIPT,
    RERUNS,
    BrokenClaim,
    Claim,
    broken,
    holds,
    not_shown,
    require,
    require_equal,
)
from sealrun.verification.nested import (
    Below,
    names_below,
    nested,
    not_measured,
    opened_inputs,
    read_nested,
)

RESTS_ON = Grade.REPEATED.rests_on
MAX_NAMED = 5
# Each costs as much as the first run; nobody needs more of them for grade 2 (E6).
MAX_VERIFIED = 3
# These are compared in any case; the others only if the second run is verified.
READ_ALWAYS = (RECEIPT, OFFER, INPUTS)


class NotShown(SealrunError):
    """The two runs cannot be compared with what is here; the detail says why."""


@dataclass(frozen=True)
class Left:
    """What verifying a run's evidence showed of it."""

    broken: Sequence[Claim] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)  # SHA-256 by label, of those that are opened
    hidden: int | None = None  # outputs that are kept back; None where the index is not here


@dataclass(frozen=True)
class Ran:
    """One of the two runs."""

    signed: SignedReceipt
    offer: Offer | None
    folder: Folder


Verify = Callable[[bytes, Folder], Left]


@dataclass
class _Second:
    """Verifies a second run, if any is ``left`` to verify; ``verified`` tells whether that was done."""

    verify: Verify
    left: int = MAX_VERIFIED
    verified: bool = False

    def __call__(self, receipt: bytes, folder: Folder) -> Left:
        if self.left <= 0:
            raise NotShown(f"no more than {MAX_VERIFIED} are verified, and none after one that does not hold")
        self.verified = True
        return self.verify(receipt, folder)


def check_reruns(
    first: Ran, left: Left, names: Sequence[str], oracles: Sequence[str], verify: Verify
) -> Iterator[Claim]:
    """A claim for each receipt under ``reruns/``; its grade is 2 where everything that this takes is shown.

    Args:
        first: the run that was bought.
        left: what verifying it showed.
        names: all files of its folder.
        oracles: addresses that the verifier holds to be independent of the first's.
        verify: verifies the second receipt in its own folder. It hashes every leaf, so it is only called for
            a receipt of one of these oracles that passed every cheaper check, for some of them at most, and
            for none after one that is broken: the first receipt is refused then (E6).

    Not checked: that two oracles, or two machines, belong to different people; the verifier says so.
    """
    try:
        calls = nested(names, RERUNS)
    except SealrunError as error:
        yield broken("rerun", error, rests_on=RESTS_ON)
        return
    may_verify = MAX_VERIFIED
    for call in calls:
        second = _Second(verify, may_verify)
        try:
            yield _check(first, left, call, oracles, second)
        except NotShown as error:
            yield not_shown("rerun", f"{call[:16]}…: {error.detail}", rests_on=RESTS_ON)
        except SealrunError as error:
            yield broken("rerun", error, rests_on=RESTS_ON)
            may_verify = 0
        may_verify -= second.verified
        more = len(set(names_below(f"{RERUNS}/{call}", names)) - set(READ_ALWAYS))
        if more and not second.verified:
            yield not_measured("rerun files", RERUNS, call, more)


def _check(first: Ran, left: Left, call: str, oracles: Sequence[str], verify: Verify) -> Claim:
    # Step 11.1
    signed = read_nested(first.folder, RERUNS, call)
    key = signed.public_key.to_base58()
    folder = Below(first.folder, f"{RERUNS}/{call}")
    second = Ran(signed, _offer(signed, folder), folder)
    opened_inputs(signed.receipt, folder)  # compared whatever else is left out (E5)
    if first.offer is None or second.offer is None:
        raise NotShown(f"{OFFER} of {'the first' if first.offer is None else 'the second'} run is not here")
    check_offers(first.offer, second.offer)
    _check_inputs(first, second)
    # Step 11.5
    for run in (first, second):
        if run.signed.receipt.status is not Outcome.SUCCEEDED:
            raise NotShown(f"one of the runs did not succeed: {run.signed.receipt.status.name.lower()}")
    # Step 11.6
    if key not in oracles:
        raise NotShown(f"nobody said that oracle {key} is independent, so its evidence was not looked at")
    # Step 11.7
    repeated = verify(canonical(signed.document()), folder)
    if repeated.broken:
        wrong = f"{repeated.broken[0].name}: {repeated.broken[0].says}"
        raise BrokenClaim(f"{call[:16]}…: expected a receipt that holds, got {wrong}")
    count = _check_outputs(left, repeated)
    says = f"{call[:16]}…: {count} outputs are the same at {second.offer.source.url}, oracle {key[:12]}…"
    return holds("rerun", says, rests_on=RESTS_ON, grade=Grade.REPEATED)


def _offer(signed: SignedReceipt, folder: Folder) -> Offer | None:
    document = folder.document(OFFER)
    if document is None:
        return None
    offer = Offer.parse(document)
    require_equal("the second run's offer hash", f"{signed.receipt.offer_hash:064x}", offer.id)
    require_equal("the second offer's oracle", offer.oracle, signed.public_key.to_base58())
    return offer


def check_offers(first: Offer, second: Offer) -> None:
    """The same source elsewhere, declared deterministic, by an oracle that has no part in the other's terms.

    Whoever owns the project or its runners could make both runs leave whatever they like.

    Raises:
        BrokenClaim: it is not so.
    """
    # Step 11.2
    deterministic = first.evidence.deterministic
    require(deterministic, "rerun: expected an offer that is declared deterministic, got one that is not")
    for name in ("commit", "tree", "configuration"):
        same = getattr(first.source, name) == getattr(second.source, name)
        require(same, f"the second run's {name}: expected the first's, got another")
    # Step 11.3
    shared = sorted(_parties(first) & {second.oracle} | _parties(second) & {first.oracle})
    require(not shared, f"the second run's oracle: expected no party of the first's terms, got {shared[:1]}")
    elsewhere = first.source.place != second.source.place
    place = f"{second.source.project} at {second.source.url}"
    require(elsewhere, f"the second run's project: expected another than the first's, got {place}")


def _parties(offer: Offer) -> set[str]:
    terms = offer.payment.terms if offer.payment else None
    paid = {key.to_base58() for key in (terms.seller, terms.operator)} if terms else set()
    return {offer.oracle, *paid}


def _check_inputs(first: Ran, second: Ran) -> None:
    # Step 11.4
    both = [_inputs(run) for run in (first, second)]
    require(both[0] == both[1], "the second run's inputs: expected the first's, got others")


def _inputs(run: Ran) -> bytes:
    value = opened_inputs(run.signed.receipt, run.folder)
    if value is None:
        raise NotShown("the inputs of one of the runs are not here")
    return canonical({"inputs": value["inputs"], "reads": value.get("reads", [])})


def _check_outputs(first: Left, second: Left) -> int:
    """Both left the same files; how many."""
    # Step 11.8
    for left in (first, second):
        if left.hidden is None:
            raise NotShown("the index of one of the runs is not here")
        if left.hidden:
            raise NotShown(f"{left.hidden} outputs of one of the runs are kept back")
    one, other = first.outputs, second.outputs
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    some = ", ".join(different[:MAX_NAMED])
    require(not different, f"rerun: expected the same outputs, got {len(different)} that differ: {some}")
    if not one:
        raise NotShown("neither run left an output that could be compared")
    return len(one)
