"""``POST /tickets/{ticket}``: redeem a one-time ticket; no other method does anything (E4)."""

import os
from typing import Any

from sealrun.adapters.aws.function_url import Response, body_bytes, put_off, resolver, sender, serve, taken
from sealrun.adapters.aws.log import Log
from sealrun.adapters.memory.throttle import Throttle
from sealrun.calls.ticket import MAX_REDEMPTION_BYTES, MAX_WAIT_SECONDS
from sealrun.composition.services import open_services
from sealrun.workflows.redeem_ticket import redeem_ticket

logger = Log("once")
services = open_services(os.environ, put_off=put_off(logger))
settings = services.settings
meter = services.meter
app = resolver(logger, meter, page=settings.page, service=settings.public_url)
throttle = Throttle()


@app.post("/tickets/<ticket>")
def post_ticket(ticket: str) -> Response:
    """Redeem a ticket once. The same redemption again is answered with the call's state."""
    accepted = redeem_ticket(
        ticket,
        body_bytes(app, at_most=MAX_REDEMPTION_BYTES),
        sender=sender(app, header=settings.viewer_header),
        audience=settings.public_url,
        ledger=services.ledger,
        starter=services.starter,
        clock=services.clock,
        throttle=throttle,
        payments=services.payments,
        wait=settings.redemption_seconds or MAX_WAIT_SECONDS,
    )
    logger.info("ticket", ticket=ticket, call=accepted.record.id, first=accepted.first)
    if accepted.first:
        meter.count("Calls")
    return taken(accepted.record, public_url=settings.public_url, headers=accepted.headers)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(app, event, context, digests=settings.origin_digests)
