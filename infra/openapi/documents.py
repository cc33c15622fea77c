"""The schemas of requests and answers of the public API, by name."""

from infra.openapi.offer import NAMED, OFFER, OFFER_TERMS, PRICE, TERMS
from infra.openapi.shapes import (
    AMOUNT,
    ASSET,
    FIELD,
    HASH,
    KEY,
    SECONDS,
    SHA256,
    URL,
    VALUES,
    Schema,
    closed,
    constant,
    items,
    nullable,
    one_of,
    ref,
    signed,
    text,
    whole,
)
from sealrun.calls.call import MAX_CALL_DEPTH, MAX_READS
from sealrun.calls.wake import MAX_PAUSE_SECONDS, Start
from sealrun.encoding.fields import DUE, FIGURE, NETWORKS, RECEIPT, REDEEM, TICKET, VOUCHER
from sealrun.money import x402
from sealrun.money.dues import DEPTH as DUE_DEPTH
from sealrun.offers.inputs import MAX_ENCODED
from sealrun.offers.prices import MAX_PRICES
from sealrun.offers.provider_rules import most_inputs
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome
from sealrun.runs.record import MAX_JOB_NAME, MAX_JOBS, State
from sealrun.runs.run import JobResult
from sealrun.workflows.list_calls import PAGE_CALLS
from sealrun.workflows.list_offers import PAGE_OFFERS
from sealrun.workflows.list_receipts import PAGE_RECEIPTS

_TEXT: Schema = {"type": "string"}
# The fields that the wallet signs for a call. One signature authorises the call and its payment.
_CALL_SIGNATURE = signed(VOUCHER, "account.x", "account.isOdd", "asset", "limit", "call hash")
_VOUCHER = {"limit": AMOUNT, "callHash": FIELD, "signature": _CALL_SIGNATURE}


def _called() -> dict[str, Schema]:
    """What every call says, with a price or without."""
    value: Schema = {"type": ["boolean", "number", "string"], "maxLength": MAX_ENCODED}
    inputs: Schema = {
        "type": "object",
        "additionalProperties": value,
        "maxProperties": most_inputs(),
        "description": "As the offer's schema has it.",
    }
    return {
        "account": KEY,
        "inputs": inputs,
        "salt": text("[0-9a-f]{64}", "256 random bits, so that the hash reveals nothing about the inputs."),
        "nonce": text("[0-9a-f]{32}", "128 random bits."),
        "expires_at": SECONDS,
    }


def _calls() -> dict[str, Schema]:
    parent = closed({"call": HASH, "depth": whole(1, MAX_CALL_DEPTH)})
    parent["description"] = "The call for whose run a job makes this one."
    links = {"reads": items(text("[0-9a-f]{64}", "A receipt's hash."), MAX_READS), "parent": parent}
    identifier = text("[A-Za-z0-9_-]{16,128}", "An identifier never claims two calls.")
    free = closed(
        {**_called(), "limit": AMOUNT, "signature": _CALL_SIGNATURE}, {"identifier": identifier, **links}
    )
    asset = {"description": "Of the account that pays; that of the offer's first price if not said.", **ASSET}
    paid = closed(_called(), {"asset": asset, **links})
    return {
        "FreeCall": {"description": "A call of an offer of price 0, signed by the account's key.", **free},
        "PaidCall": {"description": f"A paid call; {x402.SIGNATURE_HEADER} names the payer.", **paid},
        "Call": {"oneOf": [ref("FreeCall"), ref("PaidCall")]},
    }


def _redemption() -> Schema:
    grant = text("[A-Za-z0-9_-]{1,11000}", "The issuer's grant: its canonical JSON as base64url.")
    called = _called()
    free = {name: called[name] for name in ("inputs", "salt", "nonce")}
    granted = signed(TICKET, "issuer.x", "issuer.isOdd", "grant hash")
    proof = signed(REDEEM, "ticket key.x", "ticket key.isOdd", "expires_at", "call hash")
    proof["description"] = (
        f"With a prepaid call: {proof['description']}. "
        "Without one: as a call of price 0, signed by the ticket's key."
    )
    return closed({"grant": grant, "signature": granted, "expires_at": SECONDS, "proof": proof}, free)


def _wake() -> Schema:
    start = one_of([each.value for each in Start])
    times = {"claimed_at": SECONDS, "tried_at": SECONDS}
    said = {
        "start": start,
        "run": whole(0, says="The provider's id of the run that was made; 0 for none."),
        "detail": {"type": "string", "maxLength": 400},
        "retry_after": whole(0, MAX_PAUSE_SECONDS, "Seconds that a busy provider asks for."),
    }
    asked = {"call": nullable(ref("Call")), "redemption": nullable(ref("Redemption"))}
    return closed({"sealrun": constant(1), "offer": HASH, **asked, **times, **said})


def _views() -> dict[str, Schema]:
    public = {"type": "boolean", "description": "Anyone may open the run's page, as far as it is known."}
    run = closed({"id": whole(1), "url": URL, "public": public})
    state = {
        "call": HASH,
        "offer": HASH,
        "state": one_of([state.value for state in State]),
        "claimed_at": SECONDS,
        "depth": whole(0, MAX_CALL_DEPTH, "How many calls lie above it; 0 for one that no job made."),
        "run": nullable(run),
        "progress": nullable(_progress()),
        "reason": nullable(_TEXT),
        "receipt": nullable(ref("Receipt")),
    }
    view = {
        "offer": HASH,
        "open": {"type": "boolean"},
        "reason": nullable({**_TEXT, "description": "The reason why it takes no calls now."}),
        "runs_public": {**public, "description": "Anyone may open its runs' pages, as far as it is known."},
        "document": ref("Offer"),
        "dropped": _dropped(),
        "accepts": items(ref("PaymentRequirements"), MAX_PRICES),
    }
    return {
        "OfferList": _offer_list(),
        "OfferView": closed(view),
        "OfferReceipts": _offer_receipts(),
        "CallView": closed(state),
        "AccountCalls": _account_calls(state),
        "AcceptedCall": closed({**state, "url": URL}),
        "WebhookTaken": closed({"accepted": constant(value=True)}),
    }


def _dropped() -> Schema:
    price = closed({"asset": ASSET, "symbol": NAMED["symbol"], "reason": _TEXT})
    return {**items(price, MAX_PRICES), "description": "The prices that take no calls now, and why."}


def _offer_list() -> Schema:
    schema_url = {**URL, "description": "The JSON Schema of its inputs; the fragment is a JSON Pointer."}
    listed = {
        "offer": HASH,
        "url": URL,
        "title": OFFER["properties"]["title"],
        "network": one_of(NETWORKS),
        "provider": OFFER["properties"]["source"]["properties"]["provider"],
        "seller": nullable({**KEY, "description": "Whom its terms pay; null where it is free."}),
        "prices": OFFER["properties"]["prices"],
        "grade": OFFER["properties"]["evidence"]["properties"]["grade"],
        "inputs": schema_url,
        "open": {"type": "boolean"},
        "reason": nullable({**_TEXT, "description": "The reason why it takes no calls now."}),
        "dropped": _dropped(),
    }
    following = nullable({**HASH, "description": "The next page's `after`."})
    return closed({"offers": items(closed(listed), PAGE_OFFERS), "next": following})


def _offer_receipts() -> Schema:
    following = nullable({**_TEXT, "description": "The next page's `after`."})
    receipts = items(ref("Receipt"), PAGE_RECEIPTS)
    return closed({"offer": HASH, "receipts": receipts, "next": following})


def _progress() -> Schema:
    states = ["waiting", "running", *(each for each in JobResult if each is not JobResult.UNFINISHED)]
    job = closed({"name": {"type": "string", "maxLength": MAX_JOB_NAME}, "state": one_of(states)})
    said = {"at": SECONDS, "jobs": items(job, MAX_JOBS), "more": whole(0, says="Jobs that are not listed.")}
    return {"description": "How the run's jobs stood when it was last looked at.", **closed(said)}


def _account_calls(state: dict[str, Schema]) -> Schema:
    call = closed({**state, "title": OFFER["properties"]["title"], "price": AMOUNT, "asset": ASSET, **NAMED})
    following = nullable({**_TEXT, "description": "The next page's `after`."})
    return closed({"account": KEY, "calls": items(call, PAGE_CALLS), "next": following})


def _receipt() -> Schema:
    hashes = ("call_hash", "offer_hash", "source_hash", "inputs_hash", "outputs_hash", "profile_hash")
    outcomes = ", ".join(f"{outcome.value} {outcome.name.lower()}" for outcome in Outcome)
    data = {
        "network": one_of(NETWORKS),
        **dict.fromkeys(hashes, FIELD),
        "status": whole(1, len(Outcome), f"How the call ended: {outcomes}."),
        "grade": whole(
            min(Grade), max(Grade), "The ground for believing the receipt; 0 is the operator's word."
        ),
        "finished_at": SECONDS,
    }
    rest = (*(name.replace("_", " ") for name in hashes), "status", "grade", "finished_at")
    return closed({"data": closed(data), "signature": signed(RECEIPT, *rest), "publicKey": KEY})


def _evidence() -> Schema:
    json_text: Schema = {"type": "string", "contentMediaType": "application/json"}
    file = closed({"name": _TEXT, "sha256": SHA256, "size": whole(0), "url": URL})
    names = ("offer.json", "call.json", "inputs.json", "profile/run.json")
    documents = {
        **closed({}, dict.fromkeys(names, json_text)),
        "additionalProperties": {"type": "string"},
        "description": "And small logs and opened tokens, by their places in an evidence folder.",
    }
    files: Schema = {"type": "array", "items": file}
    return closed(
        {
            "documents": documents,
            "index": nullable(json_text),
            "openings": nullable(json_text),
            "files": files,
            "next": nullable(whole(1, says="The next page's `after`.")),
        }
    )


def _account() -> dict[str, Schema]:
    said = {"due": AMOUNT, "tree_root": FIELD, "count": whole(0, 2**DUE_DEPTH)}
    due = {**said, "signature": signed(DUE, "account.x", "account.isOdd", "asset", "due", "root")}
    figured = {**said, "signature": signed(FIGURE, "account.x", "account.isOdd", "asset", "due", "root")}
    both = {"account": KEY, "terms": ref("Terms"), **NAMED, "pending": AMOUNT}
    voucher = {"limit": AMOUNT, "call_hash": FIELD, "signature": _CALL_SIGNATURE}
    leaf = closed(
        {
            "index": whole(0, 2**DUE_DEPTH),
            "call_hash": FIELD,
            "receipt_hash": FIELD,
            "price_due": AMOUNT,
            "running_total": AMOUNT,
        }
    )
    proof = closed({"leaf": leaf, "siblings": items(FIELD, DUE_DEPTH)})
    settlement = closed({**both, "voucher": closed(voucher), "due": closed(due), "root": FIELD})
    figure = closed(
        {
            **both,
            "figure": closed({**figured, "root": FIELD}),
            "voucher": closed(_VOUCHER),
            "proof": nullable(proof),
        }
    )
    sums = {**both, "due": AMOUNT, "count": whole(0, 2**DUE_DEPTH)}
    call = closed(
        {
            "call": HASH,
            "offer": HASH,
            "claimed_at": SECONDS,
            "run": whole(1, says="The run's id at its provider."),
            "price": AMOUNT,
            "opened": closed(
                {
                    "network": one_of(NETWORKS),
                    "account": KEY,
                    **dict.fromkeys(("offer_hash", "terms_hash", "inputs_hash"), FIELD),
                    "nonce": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                    "expires_at": SECONDS,
                }
            ),
            "voucher": closed(voucher),
        }
    )
    following = nullable({**_TEXT, "description": "The next page's `after`."})
    proved = closed(
        {
            **sums,
            "buyer": KEY,
            "taken": whole(0, 2**DUE_DEPTH, says="Calls that were good or are not over, settled or not."),
            "voucher": closed(voucher),
            "calls": items(call, PAGE_CALLS),
            "unfinished": whole(0, PAGE_CALLS, says="Calls of this page that are not over."),
            "next": following,
        }
    )
    return {
        "ProvedSettlement": {
            "description": "For seller and operator where proofs settle: the good calls, newest first.",
            **proved,
        },
        "ProvedFigure": {
            "description": "For the buyer where proofs settle; nothing of it is signed.",
            **closed({**sums, "voucher": closed(_VOUCHER)}),
        },
        "Settlement": {
            "description": "For seller and operator: everything that settles the account.",
            **settlement,
        },
        "Figure": {"description": "For the buyer: the amount due, and the proof for one call.", **figure},
        "AccountView": {
            "oneOf": [ref(name) for name in ("Settlement", "Figure", "ProvedSettlement", "ProvedFigure")]
        },
    }


def _payment() -> dict[str, Schema]:
    """x402 v2, scheme batch-settlement; see docs/x402.md."""
    correction = closed({"due": AMOUNT, "pending": AMOUNT, "voucher": closed(_VOUCHER)})
    extra = closed(
        {
            "offer": HASH,
            "token": nullable({"description": "The account that owns the token; null for MINA.", **KEY}),
            **NAMED,
            "terms": ref("Terms"),
            "termsHash": HASH,
            "verificationKeyHash": FIELD,
            "ledger": URL,
        },
        {"correction": correction},
    )
    what = {
        "scheme": constant(x402.SCHEME),
        "network": one_of(NETWORKS),
        "asset": ASSET,
        "amount": AMOUNT,
        "payTo": KEY,
    }
    requirements = closed({**what, "maxTimeoutSeconds": whole(1, 86_400), "extra": extra})
    required = closed(
        {
            "x402Version": constant(x402.VERSION),
            "error": _TEXT,
            "resource": closed({"url": URL, "description": _TEXT, "mimeType": _TEXT}),
            "accepts": items(ref("PaymentRequirements"), MAX_PRICES),
            "extensions": {"type": "object"},
        }
    )
    payload = closed(
        {"account": KEY, "buyer": KEY, "limit": AMOUNT, "callHash": FIELD, "signature": _CALL_SIGNATURE}
    )
    accepted = closed(what, {"maxTimeoutSeconds": {"type": "integer"}, "extra": {"type": "object"}})
    signature = closed(
        {"x402Version": constant(x402.VERSION), "accepted": accepted, "payload": payload},
        {"resource": {}, "extensions": {"type": "object"}},
    )
    commitment = closed(
        {
            "commitment": FIELD,
            "status": constant("reserved"),
            "reserved": AMOUNT,
            "asset": ASSET,
            **NAMED,
            "account": KEY,
        }
    )
    response = closed(
        {
            "success": constant(value=True),
            "transaction": constant(""),
            "network": one_of(NETWORKS),
            "payer": KEY,
            "amount": constant("0"),
            "extra": commitment,
        }
    )
    return {
        "PaymentRequirements": requirements,
        "PaymentRequired": required,
        "PaymentSignature": signature,
        "PaymentResponse": response,
    }


DOCUMENTS: dict[str, Schema] = {
    **VALUES,
    "Offer": OFFER,
    "Price": PRICE,
    "Terms": TERMS,
    "OfferTerms": OFFER_TERMS,
    "Receipt": _receipt(),
    "Evidence": _evidence(),
    "Redemption": _redemption(),
    "Wake": _wake(),
    **_calls(),
    **_views(),
    **_account(),
    **_payment(),
}
