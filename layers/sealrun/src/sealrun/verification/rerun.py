"""Grade 2: another oracle repeated the run elsewhere, and both left the same outputs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealrun.encoding.fields import canonical
from sealrun.errors import SealrunError
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.verification.claims import OFFER, BrokenClaim, Claim, Folder, broken, expect, holds, not_shown
from sealrun.verification.nested import RERUNS, Below, nested, opened_inputs, read_nested
from sealrun.verification.trees import open_leaves, read_index

RESTS_ON = "another oracle's run"
REPEATED = 2
MAX_NAMED = 5

Broken = Callable[[bytes, Folder], Sequence[Claim]]


class NotShown(SealrunError):
    """The two cannot be compared with what is here; the detail says why."""


@dataclass(frozen=True)
class Ran:
    """One of the two runs."""

    signed: SignedReceipt
    offer: Offer
    folder: Folder


def check_reruns(
    first: Ran, names: Sequence[str], oracles: Sequence[str], broken_claims: Broken
) -> Iterator[Claim]:
    """A claim for each receipt under ``reruns/``; its grade is 2 where it shows what that takes.

    Args:
        first: what was bought.
        names: all files of its folder.
        oracles: addresses that the verifier holds to be independent of the first's.
        broken_claims: verifies the second receipt in its own folder; what of it is broken.

    Not checked: that two oracles, or two machines, belong to different people; the verifier says so.
    """
    try:
        calls = nested(names, RERUNS)
    except SealrunError as error:
        yield broken("rerun", error, rests_on=RESTS_ON)
        return
    for call in calls:
        try:
            yield _check(first, call, oracles, broken_claims)
        except NotShown as error:
            yield not_shown("rerun", f"{call[:16]}…: {error.detail}", rests_on=RESTS_ON)
        except SealrunError as error:
            yield broken("rerun", error, rests_on=RESTS_ON)


def _check(first: Ran, call: str, oracles: Sequence[str], broken_claims: Broken) -> Claim:
    folder = Below(first.folder, f"{RERUNS}/{call}")
    signed = read_nested(first.folder, RERUNS, call)
    wrong = broken_claims(canonical(signed.document()), folder)
    if wrong:
        first_wrong = f"{wrong[0].name}: {wrong[0].says}"
        raise BrokenClaim(f"{call[:16]}…: expected a receipt that holds, got {first_wrong}")
    document = folder.document(OFFER)
    if document is None:
        raise NotShown(f"{OFFER} of the second run is not here")
    second = Ran(signed, Offer.parse(document), folder)
    check_offers(first.offer, second.offer)
    _check_inputs(first, second)
    for run in (first, second):
        if run.signed.receipt.status is not Outcome.SUCCEEDED:
            raise NotShown(f"one of the runs did not succeed: {run.signed.receipt.status.name.lower()}")
    count = _check_outputs(first, second)
    key = signed.public_key.to_base58()
    if key not in oracles:
        raise NotShown(f"the same {count} outputs, but nobody said that oracle {key} is independent")
    says = f"{call[:16]}…: {count} outputs are the same at {second.offer.source.origin}, oracle {key[:12]}…"
    return holds("rerun", says, rests_on=RESTS_ON, grade=REPEATED)


def check_offers(first: Offer, second: Offer) -> None:
    """The same source elsewhere, declared deterministic, by an oracle that has no part in the other's terms.

    Whoever owns the project or its runners would make both runs leave what they like.

    Raises:
        BrokenClaim: it is not so.
    """
    if not first.evidence.deterministic:
        raise BrokenClaim("rerun: expected an offer that is declared deterministic, got one that is not")
    for name in ("commit", "tree", "configuration"):
        same = getattr(first.source, name) == getattr(second.source, name)
        expect(f"the second run's {name}", "the first's", "the first's" if same else "another")
    shared = sorted(_parties(first) & {second.oracle} | _parties(second) & {first.oracle})
    if shared:
        raise BrokenClaim(f"the second run's oracle: expected no party of the first's terms, got {shared[0]}")
    if _place(first) == _place(second):
        raise BrokenClaim(
            f"the second run's project: expected another than the first's, got {_place(second)}"
        )


def _place(offer: Offer) -> str:
    return f"{offer.source.project} at {offer.source.origin}"


def _parties(offer: Offer) -> set[str]:
    terms = offer.payment.terms if offer.payment else None
    paid = {key.to_base58() for key in (terms.seller, terms.operator, terms.oracle)} if terms else set()
    return {offer.oracle, *paid}


def _check_inputs(first: Ran, second: Ran) -> None:
    both = [opened_inputs(run.signed.receipt, run.folder) for run in (first, second)]
    said: list[Mapping[str, Any]] = []
    for found in both:
        if found is None:
            raise NotShown("the inputs of one of the runs are not here")
        said.append({"inputs": found["inputs"], "reads": found.get("reads", [])})
    same = canonical(said[0]) == canonical(said[1])
    expect("the second run's inputs", "the first's", "the first's" if same else "others")


def _check_outputs(first: Ran, second: Ran) -> int:
    """Both left the same files; how many."""
    one, other = _outputs(first), _outputs(second)
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    if different:
        some = ", ".join(different[:MAX_NAMED])
        raise BrokenClaim(f"rerun: expected the same outputs, got {len(different)} that differ: {some}")
    if not one:
        raise NotShown("neither run left an output that could be compared")
    return len(one)


def _outputs(run: Ran) -> dict[str, str]:
    """SHA-256 by label; the signed hashes are salted, so that they are never the same."""
    index, _ = read_index(run.signed.receipt, run.folder)
    if index is None:
        raise NotShown("the index of one of the runs is not here")
    opened, _ = open_leaves(index, run.folder)
    found = {label: leaf.sha256 for (tree, label), leaf in opened.leaves.items() if tree == "outputs"}
    hidden = len(index.trees["outputs"]) - len(found)
    if hidden:
        raise NotShown(f"{hidden} outputs of one of the runs are kept back")
    return found
