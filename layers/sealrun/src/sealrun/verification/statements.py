"""receipt.intoto.jsonl: that it says what the receipt says, signed by the oracle's second key."""

from collections.abc import Mapping
from typing import Any

from sealrun.encoding import read
from sealrun.errors import SealrunError
from sealrun.evidence.index import Index
from sealrun.offers.offer import Offer
from sealrun.ports.folder import Folder
from sealrun.receipts.receipt import SignedReceipt
from sealrun.receipts.statements import Subject, open_envelopes, statements
from sealrun.verification.claims import (
    INDEX,
    OFFER,
    STATEMENTS,
    Claim,
    broken,
    holds,
    not_shown,
    require,
    require_equal,
)

# The Mina key signed the run's document, which names the Ed25519 key.
KEY = "the oracle's Ed25519 key"


def check_statements(
    signed: SignedReceipt, offer: Offer | None, index: Index | None, run: Mapping[str, Any], folder: Folder
) -> Claim:
    """Signed by the key that run.json names, and byte for byte what offer, index and run.json make."""
    try:
        lines = folder.document(STATEMENTS)
        if lines is None or offer is None or index is None or not run:
            takes = f"it takes {STATEMENTS}, {OFFER}, {INDEX} and run.json"
            return not_shown("statements", takes, rests_on=KEY)
        # Step 8.1
        key = bytes.fromhex(
            read.text(run, "statement_key", pattern="[0-9a-f]{64}", says="an Ed25519 key as 64 hex digits")
        )
        payloads = open_envelopes(lines, key=key)
        # Step 8.2
        wanted = statements(Subject(signed, offer, index, run))
        require_equal("statements", f"{len(wanted)} lines", f"{len(payloads)} lines")
        for name, one, other in zip(("provenance", "runtime trace"), wanted, payloads, strict=True):
            require(one == other, f"{name}: expected the statement that the evidence makes, got another")
    except SealrunError as error:
        return broken("statements", error, rests_on=KEY)
    return holds("statements", "in-toto provenance and runtime trace say the same", rests_on=KEY)
