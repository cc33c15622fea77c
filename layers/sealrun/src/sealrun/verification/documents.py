"""The documents behind a receipt's hashes: offer, call and inputs."""

from collections.abc import Iterator

from sealrun.calls.call import PublicCall
from sealrun.encoding.fields import canonical, document_hash
from sealrun.errors import SealrunError
from sealrun.offers.offer import Offer
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import Receipt, SignedReceipt
from sealrun.verification.claims import (
    CALL,
    INPUTS,
    OFFER,
    RECEIPT,
    Claim,
    broken,
    holds,
    not_shown,
    require,
    require_equal,
)
from sealrun.verification.nested import parse_inputs

# Anyone can compute the signed hashes again.
ARITHMETIC = "arithmetic"
SIGNATURE = "the oracle's Mina key"


def check_form(document: bytes, signed: SignedReceipt, folder: Folder) -> Claim:
    """The receipt is in its canonical form, whose SHA-256 the statements name; a copy of it is the same."""
    canon = "canonical JSON (RFC 8785)"
    try:
        # Step 1.2
        same = canonical(signed.document()) == document
        require(same, f"receipt: expected {canon}, got another form of it")
        # Step 1.3
        copy = folder.document(RECEIPT)
        same = copy in (None, document)
        require(same, "the folder's receipt: expected the one that is checked, got another")
    except SealrunError as error:
        return broken("form", error, rests_on=ARITHMETIC)
    return holds("form", f"the receipt is {canon}", rests_on=ARITHMETIC)


def check_signature(signed: SignedReceipt, *, oracle: str) -> Iterator[Claim]:
    """The key signed the eleven fields, and it is the key that the verifier trusts, where one is named."""
    key = signed.public_key.to_base58()
    try:
        # Step 2.1
        require(signed.holds(), "signature: expected one that holds, got one that does not")
        yield holds("signature", f"signed by {key}", rests_on=SIGNATURE)
    except SealrunError as error:
        yield broken("signature", error, rests_on=SIGNATURE)
    if not oracle:
        yield not_shown("oracle", f"nobody said whose key is to be trusted; it is {key}", rests_on="you")
        return
    try:
        # Step 2.2
        require_equal("oracle", oracle, key)
        yield holds("oracle", "the key is the one that you named", rests_on="you")
    except SealrunError as error:
        yield broken("oracle", error, rests_on="you")


def read_offer(receipt: SignedReceipt, folder: Folder) -> tuple[Offer | None, list[Claim]]:
    """The offer, if it is the one that the receipt names, was for this oracle and has this source."""
    try:
        document = folder.document(OFFER)
        if document is None:
            return None, [not_shown("offer", f"{OFFER} is not here", rests_on=ARITHMETIC)]
        # Step 3.1
        offer = Offer.parse(document)
        require_equal("offer hash", f"{receipt.receipt.offer_hash:064x}", offer.id)
        require_equal("network", receipt.receipt.network, offer.network)
        require_equal("the offer's oracle", receipt.public_key.to_base58(), offer.oracle)
    except SealrunError as error:
        return None, [broken("offer", error, rests_on=ARITHMETIC)]
    return offer, [holds("offer", f"{OFFER} is the offer: {offer.title}", rests_on=ARITHMETIC)]


def check_source(receipt: Receipt, offer: Offer) -> Claim:
    """The receipt names the offer's commit, tree and configuration."""
    try:
        # Step 3.2
        require_equal("source hash", str(offer.source_hash), str(receipt.source_hash))
    except SealrunError as error:
        return broken("source", error, rests_on=ARITHMETIC)
    source = offer.source
    says = f"commit {source.commit}, tree {source.tree}, {source.configuration.path}"
    return holds("source", says, rests_on=ARITHMETIC)


def check_call(signed: SignedReceipt, offer: Offer | None, folder: Folder) -> Claim:
    """call.json is the call that the receipt names, and it asked for this offer."""
    receipt = signed.receipt
    try:
        document = folder.document(CALL)
        if document is None:
            return not_shown("call", f"{CALL} is not here", rests_on=ARITHMETIC)
        # Step 3.4
        call = PublicCall.parse(document)
        require(call.document() == document, "call: expected canonical JSON, got another form")
        require_equal("call hash", f"{receipt.call_hash:064x}", f"{call.hash:064x}")
        require_equal("the call's offer", f"{receipt.offer_hash:064x}", f"{call.offer_hash:064x}")
        require_equal("the call's inputs", str(receipt.inputs_hash), str(call.inputs_hash))
        require_equal("the call's network", receipt.network, call.network)
        if offer is not None:
            named = offer.has_terms(call.terms_hash)
            require(named, f"the call's terms: expected the offer's, got {call.terms_hash}")
        # E3: an oracle that buys from itself would sign whatever it likes.
        own = call.account == signed.public_key
        require(not own, "the call's account: expected a buyer's, got the oracle's own")
    except SealrunError as error:
        return broken("call", error, rests_on=ARITHMETIC)
    return holds("call", f"{CALL} is call {receipt.call_hash:064x}", rests_on=ARITHMETIC)


def check_inputs(receipt: Receipt, offer: Offer | None, folder: Folder) -> Claim:
    """inputs.json opens the inputs' hash, and fits the offer's schema."""
    try:
        document = folder.document(INPUTS)
        if document is None:
            kept = "the buyer keeps them; only their salted hash is here"
            return not_shown("inputs", kept, rests_on=ARITHMETIC)
        # Step 3.5
        require_equal("inputs hash", str(receipt.inputs_hash), str(document_hash("sealrun:inputs", document)))
        value = parse_inputs(document)
        require(canonical(value) == document, "inputs: expected canonical JSON, got another form")
        if offer is not None:
            offer.inputs.check(value["inputs"])
    except SealrunError as error:
        return broken("inputs", error, rests_on=ARITHMETIC)
    reads = value.get("reads", [])
    taken = f", and reads {len(reads)} earlier receipts" if reads else ""
    return holds("inputs", f"{INPUTS} is what the buyer asked for{taken}", rests_on=ARITHMETIC)
