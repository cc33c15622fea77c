"""Woken by another function, an edge or a schedule, it always reads the run from the provider."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sealrun.adapters.aws.function_url import Response, body_bytes, put_off, resolver, serve, taken
from sealrun.adapters.aws.look_queue import calls_of
from sealrun.composition.services import open_services
from sealrun.encoding.read import hex_field
from sealrun.workflows.collect_run import advance
from sealrun.workflows.sweep import look_at, sweep
from sealrun.workflows.take_wake import Region, take_wake

EDGE_SIGNATURE = "sealrun-signature"

logger = Logger(service="collect")
services = open_services(os.environ, put_off=put_off(logger))
settings = services.settings
app = resolver(logger)


@app.post("/webhooks/edge")
def post_wake() -> Response:
    """Take over a call that an edge took. The same call again is answered with its state."""
    record = take_wake(
        body_bytes(app),
        app.current_event.headers.get(EDGE_SIGNATURE, ""),
        region=Region(services.ledger, services.starter, services.clock, settings.public_url),
    )
    logger.info("wake", call=record.id, state=record.state)
    return taken(record, public_url=settings.public_url, headers={})


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point: a URL's request, ``{"collect": call}``, messages, or a schedule's event."""
    if "requestContext" in event:
        return serve(app, event, context, digests=settings.origin_digests)
    ledger, collector, clock = services.ledger, services.collector, services.clock
    if "collect" in event:
        call_hash = hex_field(event["collect"], where="collect")
        record = advance(call_hash, ledger=ledger, collector=collector, clock=clock)
        states = {record.call_hash: record.state.value} if record else {}
    elif "Records" in event:
        states = look_at(calls_of(event), ledger=ledger, collector=collector, clock=clock)
    else:
        states = sweep(ledger=ledger, collector=collector, clock=clock)
    logger.info("advanced", calls={f"{call:064x}": state for call, state in states.items()})
    return {"advanced": len(states)}
