"""A proof of a CI token: it holds, is about this call of this offer, and of a key that was brought along."""

from collections.abc import Callable

from sealrun.errors import SealrunError
from sealrun.evidence.outputs_digest import outputs_digest
from sealrun.offers.offer import Offer
from sealrun.offers.source import Source
from sealrun.receipts.grade import Grade
from sealrun.receipts.issuers import PinnedKeys, issuer_of
from sealrun.receipts.job_token import SKEW_SECONDS
from sealrun.receipts.receipt import Receipt
from sealrun.receipts.token_proof import MAX_KEYS, TokenProof, key_root, usable_key_hashes
from sealrun.verification.claims import Claim, broken, holds, not_shown, require, require_equal
from sealrun.verification.rerun import Left

NAME = "token, proved"
_RESTS_ON = Grade.TOKEN.rests_on

# Whether the proof holds for exactly its statement; None where nothing here can tell.
Check = Callable[[TokenProof], bool | None]


def check_token_proof(
    document: bytes, receipt: Receipt, offer: Offer | None, keys: PinnedKeys, check: Check, left: Left
) -> Claim:
    """The claim of one ``token.proof.json``.

    It lends no grade: like a token it says which pipeline ran, and not that the outputs came from it.

    Not checked: claims that the offer does not pin, such as the id of a GitHub repository; and that no later
    key set of the issuer's lacks this key.
    """
    try:
        # Step 12.1
        proof = TokenProof.parse(document)
        _check_call(proof, receipt)
        if offer is None:
            return _not_shown("offer.json is not here to compare the proof's facts with")
        _check_facts(proof, offer)
        return _check_key(proof, offer, keys) or _check_proof(proof, offer, keys, check, left)
    except SealrunError as error:
        return broken(NAME, error, rests_on=_RESTS_ON)


def _check_call(proof: TokenProof, receipt: Receipt) -> None:
    # Step 12.2
    require(proof.audience.says != "tree", "the proof's audience: expected a call, got a commit's tree")
    require_equal("the proof's call", f"{receipt.call_hash:064x}", proof.audience.subject)
    latest = receipt.finished_at + SKEW_SECONDS
    require(proof.iat <= latest, f"the proof's iat: expected at most {latest}, got {proof.iat}")


def _check_facts(proof: TokenProof, offer: Offer) -> None:
    """What the offer pins, as far as the token's claims say it."""
    # Step 12.3
    source = offer.source
    require_equal("the proof's issuer", source.provider, proof.issuer)
    rules = source.rules.token
    require(rules is not None, f"the proof's issuer: expected one whose tokens count, got {proof.issuer}")
    if rules is None:
        return
    known = {
        "project": source.project,
        "ref": source.ref,
        "commit": source.commit,
        "path": source.configuration.path,
        "user": source.user,
    }
    for name, value in proof.facts.items():
        template = rules.claims.get(name)
        if template == "{run_source}":
            # Any job of the run can have a token that names outputs; only the last job is started so.
            told = proof.audience.digest is not None and bool(rules.last_source)
            words = (rules.last_source,) if told else source.rules.run_sources
            require(value in words, f"{name}: expected one of {', '.join(words)}, got {value[:80]}")
        elif template is not None:
            wanted = template.format(**known)
            shown = "another" if name in rules.personal else value[:80]
            require(value == wanted, f"{name}: expected {wanted}, got {shown}")
        if ending := rules.endings.get(name):
            end = ending.format(**known)
            require(value.endswith(end), f"{name}: expected one that ends in {end}, got another")

    if proof.audience.digest is not None and rules.last_workflow:
        _check_called(rules.last_workflow, proof.facts[rules.last_workflow], source)


def _check_called(name: str, value: str, source: Source) -> None:
    """The job stands in a workflow that the offer's calls by its digest; any other job could say done too."""
    called = [each.removeprefix("pinned:") for each in source.configuration.includes if ".yml@" in each]
    wanted = "a workflow that the offer's calls by its digest"
    require(value in called, f"{name}: expected {wanted}, got {value[:80]}")


def _check_key(proof: TokenProof, offer: Offer, keys: PinnedKeys) -> Claim | None:
    """None if the key is one of the issuer's that the verifier brought along."""
    # Step 12.4
    issuer = issuer_of(offer.source, unsafe_loopback=keys.unsafe_loopback)
    if issuer is None:
        return _not_shown(f"issuer: expected a pinned public one, got {offer.source.origin}")
    hashes = usable_key_hashes(proof.issuer, keys.keys)
    if proof.key in hashes and len(set(hashes)) <= MAX_KEYS:
        return None
    why = (
        "is not among the keys that you brought"
        if keys.keys
        else "was compared with none: name --issuer-keys"
    )
    return _not_shown(f"the proof's key {why}; the issuer publishes keys at {issuer.keys_url}")


def _check_proof(proof: TokenProof, offer: Offer, keys: PinnedKeys, check: Check, left: Left) -> Claim:
    # Step 12.5
    held = check(proof)
    if held is None:
        return _not_shown("the contracts' programs, which check proofs, are not installed")
    require(held, "the proof: expected one that holds for its statement, got another")
    issuer = issuer_of(offer.source, unsafe_loopback=keys.unsafe_loopback)
    name = issuer.name if issuer else proof.issuer
    root = key_root(usable_key_hashes(proof.issuer, keys.keys))
    digest = proof.audience.digest
    named = "this call" if digest is None else f"this call done, {_outputs(digest, left)}"
    says = f"signed by a key of {name}: a job of this pipeline, at this commit, named {named}"
    return holds(NAME, f"{says}; root of the keys {root:064x}", rests_on=_RESTS_ON)


def _outputs(signed: str, left: Left) -> str:
    """What can be said of the digest of the outputs that the CI signed, once they are compared."""
    files: dict[str, str] = {}
    alike = left.hidden == 0 and bool(left.outputs)
    for place, sha256 in left.outputs.items():
        path = place.partition("/")[2]
        alike = alike and files.setdefault(path, sha256) == sha256
    if not alike:
        return f"with outputs {signed}, not compared with the evidence"
    # Step 12.6
    require_equal("the proof's outputs", outputs_digest(files), signed)
    return f"with outputs {signed}, which are those of the evidence"


def _not_shown(says: str) -> Claim:
    return not_shown(NAME, says, rests_on=_RESTS_ON)
