"""``POST /webhooks/{provider}``: verifies a delivery and wakes ``collect``, whatever that is busy with."""

import os
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sealrun.adapters.aws.function_url import Response, answer, body_bytes, put_off, resolver, serve, words
from sealrun.composition.services import open_services
from sealrun.errors import NotFound, SealrunError
from sealrun.offers.provider_rules import PROVIDERS
from sealrun.ports.deliveries import Deliveries
from sealrun.providers.kind import kind_of
from sealrun.workflows.take_webhook import MAX_DELIVERY_BYTES, take_webhook

logger = Logger(service="webhook")
services = open_services(os.environ, put_off=put_off(logger))
settings = services.settings
app = resolver(logger)


@app.post("/webhooks/<provider>")
def post_webhook(provider: str) -> Response:
    """Take a provider's delivery; every delivery gets the same answer, which says nothing about runs.

    Also while a store is down: a provider stops sending where it gets errors, and the schedule looks anyway.
    """
    deliveries = _deliveries(provider)
    try:
        woken = take_webhook(
            body_bytes(app, at_most=MAX_DELIVERY_BYTES),
            app.current_event.headers,
            deliveries=deliveries,
            ledger=services.ledger,
            keys=services.opened_keys,
            waker=services.starter.waker,
            now=services.clock(),
            another_form=lambda names: logger.warning("webhook in another form", headers=names),
        )
        logger.info("webhook", woken=woken)
    except SealrunError as error:
        logger.warning("webhook", type=error.type, detail=error.detail, aws=words(error))
    return answer({"accepted": True}, status=HTTPStatus.ACCEPTED)


def _deliveries(provider: str) -> Deliveries:
    kind = kind_of(provider) if provider in PROVIDERS else None
    if kind is None or kind.deliveries is None:
        raise NotFound("webhook: expected a provider that sends some, got another")
    return kind.deliveries()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    return serve(app, event, context, digests=settings.origin_digests)
