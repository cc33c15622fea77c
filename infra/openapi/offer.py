"""The schema of an offer's document. What ``sealrun.offers.offer`` accepts decides."""

from infra.openapi.shapes import (
    AMOUNT,
    ASSET,
    FIELD,
    KEY,
    SHA256,
    Schema,
    closed,
    constant,
    items,
    nullable,
    one_of,
    ref,
    text,
    whole,
)
from sealrun.encoding.fields import NETWORKS
from sealrun.offers.evidence_policy import MAX_PATTERNS
from sealrun.offers.inputs import MAX_ENCODED, MAX_OPTIONS, MAX_PATTERN, MAX_STRING, ORDER
from sealrun.offers.limits import (
    AT_ONCE,
    MAX_AT_ONCE,
    MAX_CALLS_AN_HOUR,
    MAX_MINUTES_A_MONTH,
    MAX_SECONDS,
    MINUTES_A_MONTH,
    QUEUE_SECONDS,
)
from sealrun.offers.named_offer import FORMAT, MAX_SELLERS, MOST, SELLERS
from sealrun.offers.offer import FORM, MAX_ALLOWED_KEYS, MAX_DEPTH, MAX_NODES, MAX_SUCCESS_JOBS
from sealrun.offers.prices import MAX_DECIMALS, MAX_PRICES
from sealrun.offers.provider_rules import PROVIDERS, most_inputs
from sealrun.offers.source import MAX_INCLUDES
from sealrun.offers.terms import MAX_EXIT_DELAY, SHARE_UNIT

_WORDS: dict[str, Schema] = {"title": {"type": "string"}, "description": {"type": "string"}}
_TRUTH: Schema = {"type": "boolean"}


def _kind(
    says: str, default: Schema, required: dict[str, Schema], optional: dict[str, Schema] | None = None
) -> Schema:
    """One kind of input; its default is a value that the input takes, which a schema cannot say."""
    return {"title": says, **closed(required, {**_WORDS, "default": default, **(optional or {})})}


def _input_kinds() -> list[Schema]:
    """The six kinds of ``sealrun.offers.inputs`` (R2)."""
    string, words = constant("string"), {"type": "string", "maxLength": MAX_STRING}
    number: Schema = {"type": "number"}
    pattern: Schema = {"type": "string", "maxLength": MAX_PATTERN}
    numbers = {"type": one_of(["integer", "number"]), "minimum": number, "maximum": number}
    options = {**items({"type": "string"}, MAX_OPTIONS), "minItems": 1}
    encoded = {
        "type": string,
        "contentEncoding": constant("base64url"),
        "contentMediaType": constant("application/json"),
        "maxLength": whole(1, MAX_ENCODED),
    }
    named = {"type": string, "format": constant(FORMAT), "maxLength": whole(1, MAX_STRING)}
    said = {"decimals": whole(0, MAX_DECIMALS), "symbol": text("[A-Za-z0-9]{1,6}")}
    bounds = {
        "enum": options,
        SELLERS: {**items(KEY, MAX_SELLERS), "minItems": 1},
        MOST: closed({"asset": ASSET, "amount": AMOUNT, **said}),
    }
    return [
        _kind("yes or no", _TRUTH, {"type": constant("boolean")}),
        _kind("a number within bounds", number, numbers),
        _kind("one of several words", words, {"type": string, "enum": options}),
        _kind(
            "text of a pattern",
            words,
            {"type": string, "pattern": pattern, "maxLength": whole(1, MAX_STRING)},
            {"minLength": whole(0, MAX_STRING)},
        ),
        _kind("JSON as base64url", {**words, "maxLength": MAX_ENCODED}, encoded),
        _kind("an offer, which the job calls", words, named, bounds),
    ]


def _inputs() -> Schema:
    names = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"}
    properties: Schema = {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": {"oneOf": _input_kinds()},
        "maxProperties": most_inputs(),
    }
    required = {
        "type": constant("object"),
        "properties": properties,
        "additionalProperties": constant(value=False),
    }
    order = {"description": "Every input once, in the order in which people should see them."}
    optional = {
        "required": items({"type": "string"}, most_inputs()),
        ORDER: {**order, **items(names, most_inputs()), "uniqueItems": True},
    }
    return closed(required, optional)


def _source() -> Schema:
    digest = text("[0-9a-f]{40}|[0-9a-f]{64}")
    configuration = closed(
        {
            "path": {"type": "string", "maxLength": 200},
            "sha256": SHA256,
            "includes": items({"type": "string", "maxLength": 200}, MAX_INCLUDES),
        }
    )
    return closed(
        {
            "provider": one_of(tuple(PROVIDERS)),
            "origin": {"type": "string", "format": "uri"},
            "project": {"type": "string", "maxLength": 140},
            "ref": text("refs/tags/[A-Za-z0-9][A-Za-z0-9._/-]{0,99}", "A protected tag by its full name."),
            "commit": digest,
            "tree": digest,
            "configuration": configuration,
            "user": whole(1),
        },
        {
            "base_path": text(
                "(/[A-Za-z0-9][A-Za-z0-9_-]{0,39}){1,2}", "Where the provider is served under one."
            ),
            "inputs_as": one_of(("inputs", "variables")),
        },
    )


def _evidence() -> Schema:
    patterns = items({"type": "string", "maxLength": 200}, MAX_PATTERNS)
    seen = one_of(["public", "buyer"])
    return closed(
        {
            "inputs": seen,
            "outputs": patterns,
            "log": patterns,
            "symbols": patterns,
            "probes": patterns,
            "token": seen,
            "grade": whole(0, 1),
            "deterministic": _TRUTH,
        }
    )


def _limits() -> Schema:
    return closed(
        {
            "seconds": whole(10, MAX_SECONDS),
            "log_bytes": whole(1, 64 * 1024**2),
            "artifact_bytes": whole(1, 4 * 1024**3),
            "files": whole(1, 1000),
        },
        {
            "queue_seconds": whole(10, MAX_SECONDS, f"Until a runner takes it; {QUEUE_SECONDS} if not said."),
            "at_once": whole(1, MAX_AT_ONCE, f"Runs at once; {AT_ONCE} of an open offer if not said."),
            "minutes_per_month": whole(
                1, MAX_MINUTES_A_MONTH, f"Of all runs; {MINUTES_A_MONTH} for an open offer if not said."
            ),
        },
    )


def _terms(asset: dict[str, Schema]) -> Schema:
    """Terms of an account name its asset; those of an offer leave it to each of its prices."""
    common = {
        "network": one_of(NETWORKS),
        **asset,
        "ledger": FIELD,
        "seller": KEY,
        "operator": KEY,
        "operator_share": whole(0, SHARE_UNIT, "Basis points of what is settled."),
        "exit_delay": whole(1, MAX_EXIT_DELAY, "Slots."),
    }
    keys = {"description": "The root of an issuer's keys: proofs of its tokens settle.", **FIELD}
    oracle = {"description": "Whose signed statement settles.", **KEY}
    return {"oneOf": [closed({**common, "oracle": oracle}), closed({**common, "keys": keys})]}


TERMS = _terms({"asset": ASSET})
OFFER_TERMS = _terms({})

# What people need to read an amount of the asset; the id alone says what it is.
NAMED = {
    "decimals": whole(0, MAX_DECIMALS, "Of the amount; 0 for whole units."),
    "symbol": text("[A-Za-z0-9]{1,6}", "As the seller names the asset."),
}
PRICE = closed(
    {"asset": ASSET, "amount": AMOUNT, **NAMED},
    {"owner": {"description": "The account that owns the token; none for MINA.", **KEY}},
)

OFFER = closed(
    {
        "sealrun": constant(FORM),
        "kind": constant("job"),
        "title": text("[ -~]{1,80}"),
        "network": one_of(NETWORKS),
        "source": _source(),
        "inputs": {
            "description": "A JSON Schema of what a call may say. A client fills in defaults.",
            **_inputs(),
        },
        "prices": {
            "description": "What one good run costs, an entry an asset; none for an offer of price 0.",
            **items(ref("Price"), MAX_PRICES),
        },
        "terms": nullable(ref("OfferTerms")),
        "oracle": KEY,
        "access": closed(
            {"open": _TRUTH, "keys": items(KEY, MAX_ALLOWED_KEYS)},
            {
                "per_buyer": {
                    "description": "One buyer's share; half of an open offer if not said.",
                    **closed(
                        {"per_hour": whole(1, MAX_CALLS_AN_HOUR), "at_once": whole(1, MAX_AT_ONCE)},
                        {"minutes_per_month": whole(1, MAX_MINUTES_A_MONTH)},
                    ),
                }
            },
        ),
        "quota_per_hour": whole(1, MAX_CALLS_AN_HOUR),
        "limits": _limits(),
        "evidence": _evidence(),
    },
    {
        "payment": closed(
            {
                "depth": whole(0, MAX_DEPTH, "Blocks over a deposit before it counts."),
                "nodes": whole(1, MAX_NODES, "Mina nodes that must agree."),
                "failed_per_day": whole(1, 10_000, "Of one account; runs that are not over count too."),
            }
        ),
        "facts": {
            "description": "Claims that the CI's token must show, where terms name an issuer's keys.",
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": 250},
        },
        "credential": closed({"kind": constant("chain"), "contract": KEY}),
        "edge": {"description": "Whose signed wakes hand over runs: this edge takes the calls.", **KEY},
        "success": closed(
            {"jobs": items({"type": "string", "minLength": 1, "maxLength": 100}, MAX_SUCCESS_JOBS)},
        ),
    },
)
