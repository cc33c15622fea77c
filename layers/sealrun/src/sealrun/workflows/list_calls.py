"""List the calls of one account for its buyer, page after page, in a constant number of requests each."""

from collections.abc import Callable, Mapping
from typing import Any

from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.calls.call import MAX_READ_SECONDS, MAX_UNIX_SECONDS, calls_fields, check_expiry
from sealrun.encoding import read
from sealrun.encoding.fields import NETWORKS
from sealrun.errors import Malformed, NotAllowed, TooMany
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Ledger, Rate
from sealrun.runs.record import Record
from sealrun.service.views import account_call

PAGE_CALLS = 50
# Lists that one network address may ask for in a minute.
LISTS_PER_MINUTE = 30


def list_calls(
    address: str,
    right: Mapping[str, str],
    *,
    network: str,
    service: str,
    sender: str,
    ledger: Ledger,
    throttle: Callable[[Rate], bool],
    now: int,
    after: str | None = None,
) -> dict[str, Any]:
    """The account's calls on one network, the newest first, with prices and titles; no inputs, no outputs.

    The same right opens the private parts of each of them, see ``sealrun.workflows.read_receipt``.

    Args:
        address: of the account, base58; for calls of price 0 the buyer's own key.
        right: ``key``, ``expires_at`` and ``signature`` of the buyer.
        network: which the right names.
        service: the URL of this service, which the right must name.
        sender: the network address that the request came from.
        ledger: the table of calls.
        throttle: counts a request in this process; False where it is one too many.
        now: Unix seconds.
        after: ``next`` of the page before; None for the newest calls.

    Raises:
        Malformed: a value is not as it must be.
        Expired: the right is over, or more than an hour ahead.
        TooMany: this sender asked too often in this minute.
        NotAllowed: the signature does not hold, or its key is not the buyer's.
        StoreUnavailable: the ledger is out of reach.
    """
    account = read.public_key({"account": address}, "account")
    beyond = place_of(after)
    rate = Rate(f"lists of {sender}", now // 60, LISTS_PER_MINUTE)
    _check_rate(throttle(rate))
    key = check_calls_right(account, right, network=network, service=service, now=now)
    _check_rate(ledger.count_request(rate))
    standing = ledger.standing(address)
    if key.to_base58() != (standing.buyer if standing else address):
        raise NotAllowed("key: expected that of the account's buyer, got another")
    found = ledger.calls_of(address, most=PAGE_CALLS + 1, after=beyond)
    page = found[:PAGE_CALLS]
    called = sorted({record.offer_hash for record in page})
    offers = {each.offer.hash: each.offer for each in ledger.offers_of(called)}
    older = set(ledger.published()) - offers.keys() if len(offers) < len(called) else set[int]()
    shown = [each for each in page if _is_hers(each, key, offers.get(each.offer_hash), older, network)]
    last = page[-1] if len(found) > PAGE_CALLS else None
    return {
        "account": address,
        "calls": [account_call(record, offers.get(record.offer_hash)) for record in shown],
        "next": place_text(last) if last else None,
    }


def check_calls_right(
    account: PublicKey, right: Mapping[str, str], *, network: str, service: str, now: int
) -> PublicKey:
    """The key that signed a right to all calls of the account. Not checked: that it is the buyer's.

    Raises:
        Malformed: a value is not as it must be.
        Expired: the right is over, or more than an hour ahead.
        NotAllowed: the signature does not hold.
    """
    read.one_of({"network": network}, "network", NETWORKS)
    value = read.only(dict(right), ("key", "expires_at", "signature"), where="authorization")
    expires_at = read.decimal(value, "expires_at", high=MAX_UNIX_SECONDS)
    check_expiry(expires_at, now=now, at_most=MAX_READ_SECONDS)
    key = read.public_key(value, "key")
    try:
        signature = Signature.from_base58(value["signature"])
    except (ValueError, TypeError) as error:
        raise Malformed(f"signature: {error}") from error
    fields = calls_fields(network, account, expires_at, service=service)
    if not verify_fields(signature, key, fields):
        raise NotAllowed(
            "signature: expected the key's over the six fields of a right to an account's calls, got another"
        )
    return key


def place_text(record: Record) -> str:
    """Where the page behind this call begins."""
    return f"{record.claimed_at}.{record.id}"


def place_of(after: str | None) -> tuple[int, int] | None:
    """What ``place_text`` says, as a ledger takes it; None for the newest calls.

    Raises:
        Malformed: it is another text.
    """
    if after is None:
        return None
    says = "the `next` of the page before"
    claimed_at, _, call = read.text(
        {"after": after}, "after", pattern=r"[0-9]{1,16}\.[0-9a-f]{64}", says=says
    ).partition(".")
    return int(claimed_at), read.hex_field(call, where="after")


def _check_rate(within: bool) -> None:  # noqa: FBT001
    if not within:
        raise TooMany(f"lists: expected at most {LISTS_PER_MINUTE} a minute, got more", retry_after=60)


def _is_hers(record: Record, key: PublicKey, offer: Offer | None, older: set[int], network: str) -> bool:
    """Signed by this key, for an offer that is sold here, on the network that the right names.

    The network of an offer of an older sealrun is not known any more; its calls are on every list.
    """
    signer = record.buyer or record.account
    there = record.offer_hash in older if offer is None else offer.network == network
    return signer == key.to_base58() and there
