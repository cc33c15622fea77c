"""Pay for one call over x402: read the 402, sign what the offer says and no more, send again."""

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.calls.call import Call
from sealrun.money import x402
from sealrun.money.buyer_mechanism import MinaBatchSettlement
from sealrun.offers.offer import Offer
from sealrun_cli.lib.book import Page
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service, good

# A stale limit is corrected once; a seller who asks again does not know its own figures.
ROUNDS = 2
# The operator's faults that come before anything is claimed.
NOTHING_TAKEN = ("node-unavailable", "offer-closed")


def pay(
    url: str,
    call: Call,
    offer: Offer,
    *,
    key: PrivateKey,
    page: Page,
    service: Service,
    agree: Callable[[int], None],
) -> dict[str, Any]:
    """Buy the call; its state as the operator answers it.

    The highest limit is on disk before the signature leaves this machine (A10).

    Args:
        url: that takes the offer's calls.
        call: what is asked for, on a prepaid account.
        offer: parsed from the document that was read.
        key: of the account's buyer.
        page: what this client knows of the account.
        service: the operator's API.
        agree: to another limit than ``page`` had in view, in nanomina; raises where nobody does.

    Raises:
        CliError: the call was not accepted, or nobody knows whether it was.
        Refused: the seller asks for something else than the offer says, or for too high a limit.
    """
    made = MinaBatchSettlement(
        call,
        offer,
        buyer=key.public_key(),
        sign=lambda fields: sign_fields(key, fields),
        known=page.known,
    )
    answer = service.send("POST", url, body=made.body())
    for _ in range(ROUNDS):
        if answer.status_code != httpx.codes.PAYMENT_REQUIRED:
            break
        accepted = _accepted(answer, made)
        if (correction := accepted["extra"].pop("correction", None)) is not None:
            made.correct(correction)
            agree(page.known.committed + offer.price)
        payload = made.create_payment_payload(accepted)
        header = x402.encoded({"x402Version": x402.VERSION, "accepted": accepted, "payload": payload})
        page.save()
        headers = {x402.SIGNATURE_HEADER: header}
        send = partial(service.send, "POST", url, body=made.body(), headers=headers)
        answer = _sent(send, f"{url.removesuffix(f'/offers/{offer.id}/calls')}/calls/{call.id}")
    taken = good(answer)
    made.reserved()
    page.save()
    return taken


def _sent(send: Callable[[], httpx.Response], where: str) -> httpx.Response:
    """The answer to a payment. Without one the same is sent again, which is never taken twice (L3).

    Raises:
        CliError: there is none still, and the call may run.
    """
    try:
        return _answered(send)
    except CliError as error:
        if error.kind in NOTHING_TAKEN:
            raise
    try:
        return _answered(send)
    except CliError as error:
        following = f"it may have been taken: look at {where} before you buy again"
        raise CliError(error.kind, error.detail, following) from error


def _answered(send: Callable[[], httpx.Response]) -> httpx.Response:
    """An answer that is none of the server's faults."""
    try:
        answer = send()
    except httpx.HTTPError as error:
        raise CliError("unreachable", f"call: expected an answer, got {type(error).__name__}") from error
    if answer.is_server_error:
        good(answer)
    return answer


def _accepted(answer: httpx.Response, made: MinaBatchSettlement) -> dict[str, Any]:
    """What this 402 asks for, in our scheme."""
    required = x402.decoded(answer.headers.get(x402.REQUIRED_HEADER, ""))
    accepted = next((each for each in required.get("accepts", []) if each.get("scheme") == made.scheme), None)
    if accepted is None:
        raise CliError("payment", f"402: expected the scheme {made.scheme} among what it accepts, got others")
    return dict(accepted)
