"""``POST /mcp``: offers as tools of the Model Context Protocol, stateless and in JSON."""

import os
import time
from typing import Any

from sealrun.adapters.aws.function_url import Response, body_bytes, put_off, resolver, sender, serve
from sealrun.adapters.aws.log import Log
from sealrun.adapters.mcp.exchange import MAX_MESSAGE_BYTES, exchange
from sealrun.adapters.mcp.server import Parts, open_server
from sealrun.adapters.memory.throttle import Throttle
from sealrun.composition.services import open_services
from sealrun.workflows.accept_call import Accepted, accept_call

logger = Log("mcp")
services = open_services(os.environ, put_off=put_off(logger))
settings = services.settings
meter = services.meter
app = resolver(logger, meter)
throttle = Throttle()


@app.post("/mcp")
def post_message() -> Response:
    """Answer one MCP message: list the offers as tools, take a paid call, show a call and what it left."""
    parts = Parts(
        url=settings.public_url,
        ledger=services.ledger,
        store=services.store,
        seller=services.payments.seller if services.payments else None,
        take=_take,
        logger=logger,
        meter=meter,
        now=services.clock,
    )
    message = body_bytes(app, at_most=MAX_MESSAGE_BYTES)
    return exchange(open_server(parts), app.current_event, message)


def _take(offer: str, body: bytes, payment: str) -> Accepted:
    """As the function ``call`` takes a call."""
    began = time.monotonic()
    accepted = accept_call(
        offer,
        body,
        sender=sender(app, header=settings.viewer_header),
        ledger=services.ledger,
        starter=services.starter,
        clock=services.clock,
        throttle=throttle,
        payment=payment,
        payments=services.payments,
    )
    logger.info("call", call=accepted.record.id, state=accepted.record.state, first=accepted.first)
    if accepted.first:
        meter.count("Calls")
        meter.milliseconds("TriggerLatency", 1000 * (time.monotonic() - began))
    return accepted


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(app, event, context, digests=settings.origin_digests)
