"""Facts about the routes that the handlers' code does not show, by method and path."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.openapi.shapes import HASH, KEY, URL, Schema, embedded, one_of, ref, signed, text
from sealrun import errors
from sealrun.encoding.fields import ACCOUNT, CALLS, NETWORKS, READ, WAKE
from sealrun.errors import SealrunError
from sealrun.money import x402

JSON = "application/json"


@dataclass(frozen=True)
class Parameter:
    """A parameter in a header or in the query; ``PATH`` has those in paths."""

    name: str
    place: str  # header, or query
    schema: Schema
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """The answers of one route. Its summary and its path parameters come from the handler."""

    answer: Schema
    refuses: tuple[type[SealrunError], ...] = ()  # whose problem documents it may answer with
    status: int = 200
    media_type: str = JSON
    body: Schema | None = None
    body_required: bool = True
    parameters: tuple[Parameter, ...] = ()
    headers: Mapping[str, Schema] = field(default_factory=dict)  # that a good answer may have


# Parameters in paths, by their names there.
PATH: dict[str, Schema] = {
    "offer": HASH,
    "call": HASH,
    "ticket": HASH,
    "address": KEY,
    "provider": {"type": "string"},
}

_READ = (errors.Malformed, errors.NotFound, errors.StoreUnavailable)
_SIGNED = (*_READ, errors.Expired, errors.NotAllowed)
_UNTIL = Parameter(
    "sealrun-expires-at", "header", text("0|[1-9][0-9]{0,15}", "Unix seconds, at most an hour ahead.")
)
# The buyer's right to read one call, and the right of buyer, seller or operator to read an account. The last
# field is ``encoding.origins.service_field``.
_READ_RIGHT = Parameter(
    "sealrun-signature",
    "header",
    signed(READ, "account.x", "account.isOdd", "call hash", "expires at", "service"),
)
_ACCOUNT_RIGHT = Parameter(
    "sealrun-signature", "header", signed(ACCOUNT, "account.x", "account.isOdd", "expires at", "service")
)
_CALLS_RIGHT = Parameter(
    "sealrun-signature", "header", signed(CALLS, "account.x", "account.isOdd", "expires at", "service")
)
_EDGE = Parameter(
    "sealrun-signature", "header", signed(WAKE, "edge.x", "edge.isOdd", f'H("{WAKE}", SHA-256 of the body)')
)
_KEY = Parameter("sealrun-key", "header", KEY)
_CALLS_KEY = Parameter(
    "sealrun-key",
    "header",
    {
        **KEY,
        "description": "Only with the right to all of an account's calls, whose signature then stands here.",
    },
)
_AFTER = Parameter(
    "after",
    "query",
    text("0|[1-9][0-9]{0,5}", "The `next` of the page before; documents stand on the first."),
)
_AFTER_OFFER = Parameter("after", "query", {**HASH, "description": "The `next` of the page before."})
_AFTER_CALL = Parameter(
    "after", "query", text(r"[0-9]{1,16}\.[0-3][0-9a-f]{63}", "The `next` of the page before.")
)
_NETWORK = Parameter("network", "query", one_of(NETWORKS), required=True)
_CALL = Parameter(
    "call", "query", {**HASH, "description": "Also prove that this call's receipt is in the figure."}
)
_PAYMENT = Parameter(
    x402.SIGNATURE_HEADER,
    "header",
    embedded(ref("PaymentSignature"), "Only with a price: the payer, and the highest total."),
)
_RESERVED = embedded(
    ref("PaymentResponse"), "Only with a price: the reserved amount; nothing is charged yet."
)


def _needed(*parameters: Parameter) -> tuple[Parameter, ...]:
    return tuple(Parameter(each.name, each.place, each.schema, required=True) for each in parameters)


_DELIVERY = Operation(
    ref("WebhookTaken"),
    (errors.NotFound,),
    status=202,
    body={},
    body_required=False,
)

_TAKEN = (
    *_SIGNED,
    errors.Refused,
    errors.PaymentRequired,
    errors.AccountRefused,
    errors.Conflict,
    errors.InputsRefused,
    errors.TooMany,
    errors.OfferClosed,
    errors.NodeUnavailable,
)
_TAKEN_HEADERS = {"Location": URL, x402.RESPONSE_HEADER: _RESERVED}

ROUTES = {
    "GET /openapi.json": Operation({"type": "object", "required": ["openapi", "paths"]}),
    "GET /offers": Operation(
        ref("OfferList"), (errors.Malformed, errors.StoreUnavailable), parameters=(_AFTER_OFFER,)
    ),
    "GET /offers/{offer}": Operation(ref("OfferView"), _READ),
    "GET /offers/{offer}/receipts": Operation(
        ref("OfferReceipts"),
        (*_READ, errors.NotAllowed, errors.TooMany),
        parameters=(_AFTER_CALL,),
    ),
    "POST /offers/{offer}/calls": Operation(
        ref("AcceptedCall"),
        _TAKEN,
        status=202,
        body=ref("Call"),
        parameters=(_PAYMENT,),
        headers=_TAKEN_HEADERS,
    ),
    "POST /tickets/{ticket}": Operation(
        ref("AcceptedCall"),
        (*_TAKEN, errors.TicketUsed),
        status=202,
        body=ref("Redemption"),
        headers=_TAKEN_HEADERS,
    ),
    "GET /calls/{call}": Operation(ref("CallView"), _READ),
    "GET /calls/{call}/receipt": Operation(ref("Receipt"), _READ),
    "GET /calls/{call}/receipt.intoto.jsonl": Operation(
        {"type": "string"}, _READ, media_type="application/jsonl"
    ),
    "GET /calls/{call}/evidence": Operation(
        ref("Evidence"), _SIGNED, parameters=(_CALLS_KEY, _UNTIL, _READ_RIGHT, _AFTER)
    ),
    "GET /accounts/{address}": Operation(
        ref("AccountView"),
        (*_SIGNED, errors.Unavailable),
        parameters=(*_needed(_KEY, _UNTIL, _ACCOUNT_RIGHT), _CALL, _AFTER_CALL),
    ),
    "GET /accounts/{address}/calls": Operation(
        ref("AccountCalls"),
        (*_SIGNED, errors.TooMany),
        parameters=(*_needed(_KEY, _UNTIL, _CALLS_RIGHT), _NETWORK, _AFTER_CALL),
    ),
    "POST /webhooks/edge": Operation(
        ref("AcceptedCall"),
        (*_SIGNED, errors.Refused, errors.Conflict, errors.InputsRefused, errors.TooMany),
        status=202,
        body=ref("Wake"),
        parameters=_needed(_EDGE),
        headers={"Location": URL},
    ),
    "POST /webhooks/{provider}": _DELIVERY,
}
