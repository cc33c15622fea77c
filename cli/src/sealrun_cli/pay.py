"""Pay for one call over x402: read the 402, sign what the offer says and no more, send again."""

from typing import Any

import httpx

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun import x402
from sealrun.buyer_mechanism import MinaBatchSettlement
from sealrun.calls import Call
from sealrun.offers import Offer
from sealrun_cli.book import Page
from sealrun_cli.errors import CliError
from sealrun_cli.service import Service, good

# A stale limit is corrected once; a seller who asks again does not know its own figures.
ROUNDS = 2


def pay(
    url: str, call: Call, offer: Offer, *, key: PrivateKey, page: Page, service: Service
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

    Raises:
        CliError: the call was not accepted.
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
        header = _payment(answer, made)
        page.save()
        answer = service.send("POST", url, body=made.body(), headers={x402.SIGNATURE_HEADER: header})
    accepted = good(answer)
    made.reserved()
    page.save()
    return accepted


def _payment(answer: httpx.Response, made: MinaBatchSettlement) -> str:
    """The PAYMENT-SIGNATURE that this 402 asks for."""
    required = x402.decoded(answer.headers.get(x402.REQUIRED_HEADER, ""))
    accepted = next((each for each in required.get("accepts", []) if each.get("scheme") == made.scheme), None)
    if accepted is None:
        raise CliError("payment", f"402: expected the scheme {made.scheme} among what it accepts, got others")
    correction = accepted["extra"].pop("correction", None)
    if correction is not None:
        made.correct(correction)
    payload = made.create_payment_payload(accepted)
    return x402.encoded({"x402Version": x402.VERSION, "accepted": accepted, "payload": payload})
