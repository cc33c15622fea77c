"""``GET /offers``, ``GET /offers/{offer}`` with its receipts, and ``POST /offers/{offer}/calls``."""

import os
import time
from http import HTTPStatus
from typing import Any

from sealrun.adapters.aws.function_url import (
    Response,
    answer,
    body_bytes,
    put_off,
    resolver,
    sender,
    serve,
    taken,
)
from sealrun.adapters.aws.log import Log
from sealrun.adapters.memory.throttle import Throttle
from sealrun.composition.services import open_services
from sealrun.money.x402 import SIGNATURE_HEADER
from sealrun.service.browsers import asks_for_preview, offer_page
from sealrun.service.views import offer_view
from sealrun.workflows.accept_call import accept_call, known_offer
from sealrun.workflows.list_offers import list_offers
from sealrun.workflows.list_receipts import list_receipts

logger = Log("call")
services = open_services(os.environ, put_off=put_off(logger))
settings = services.settings
meter = services.meter
app = resolver(logger, meter, page=settings.page, service=settings.public_url)
throttle = Throttle()


@app.get("/offers")
def get_offers() -> Response:
    """List the offers that are for sale here, each with its price and whether it takes calls now."""
    after = app.current_event.query.get("after")
    return answer(list_offers(after, ledger=services.ledger, service=settings.public_url))


@app.get("/offers/<offer>")
def get_offer(offer: str) -> Response:
    """Show the offer, and whether it takes calls now; a browser gets the way to the buyer's page."""
    stored, address = known_offer(services.ledger, offer), app.page_address()
    if address and asks_for_preview(app.current_event.headers):
        headers, body = offer_page(stored, address=address, service=settings.public_url)
        return Response(HTTPStatus.OK, body=body, headers=headers)
    seller = services.payments.seller if services.payments else None
    return answer(offer_view(stored, seller))


@app.get("/offers/<offer>/receipts")
def get_receipts(offer: str) -> Response:
    """List the receipts of an offer whose inputs are public, those of the newest calls first."""
    document = list_receipts(
        offer,
        sender=sender(app, header=settings.viewer_header),
        ledger=services.ledger,
        throttle=throttle,
        now=services.clock(),
        after=app.current_event.query.get("after"),
    )
    return answer(document)


@app.post("/offers/<offer>/calls")
def post_call(offer: str) -> Response:
    """Take one signed call. The same call again is answered with its state."""
    began = time.monotonic()
    accepted = accept_call(
        offer,
        body_bytes(app),
        sender=sender(app, header=settings.viewer_header),
        ledger=services.ledger,
        starter=services.starter,
        clock=services.clock,
        throttle=throttle,
        payment=app.current_event.headers.get(SIGNATURE_HEADER.lower(), ""),
        payments=services.payments,
    )
    logger.info("call", call=accepted.record.id, state=accepted.record.state, first=accepted.first)
    if accepted.first:
        meter.count("Calls")
        meter.milliseconds("TriggerLatency", 1000 * (time.monotonic() - began))
    return taken(accepted.record, public_url=settings.public_url, headers=accepted.headers)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(app, event, context, digests=settings.origin_digests)
