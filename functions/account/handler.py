"""``GET /accounts/{address}`` and its calls: answers requests that seller, operator or buyer signed."""

import os
from typing import Any

from sealrun.adapters.aws.function_url import Response, answer, resolver, right_of, sender
from sealrun.adapters.aws.log import Log
from sealrun.adapters.memory.throttle import Throttle
from sealrun.composition.services import open_services
from sealrun.workflows.list_calls import list_calls
from sealrun.workflows.read_account import read_account

logger = Log("account")
services = open_services(os.environ)
settings = services.settings
app = resolver(logger)
throttle = Throttle()


@app.get("/accounts/<address>")
def get_account(address: str) -> Response:
    """Show what settles the account, or its figure; ``?call=`` adds the proof that a receipt is in it."""
    event = app.current_event
    document = read_account(
        address,
        right_of(event.headers),
        service=settings.public_url,
        ledger=services.ledger,
        oracle=services.open_oracle,
        now=services.clock(),
        call_id=event.query.get("call", ""),
        after=event.query.get("after"),
    )
    return answer(document)


@app.get("/accounts/<address>/calls")
def get_calls(address: str) -> Response:
    """List the account's calls for its buyer, whose right also opens the private parts of each of them."""
    event = app.current_event
    document = list_calls(
        address,
        right_of(event.headers),
        network=event.query.get("network", ""),
        service=settings.public_url,
        sender=sender(app, header=settings.viewer_header),
        ledger=services.ledger,
        throttle=throttle,
        now=services.clock(),
        after=event.query.get("after"),
    )
    return answer(document)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event, context)
