"""``GET /accounts/{address}``: answers signed requests of the account's seller, operator and buyer."""

import os
from typing import Any

from sealrun.adapters.aws.function_url import Response, answer, resolver
from sealrun.adapters.aws.log import Log
from sealrun.composition.services import open_services
from sealrun.workflows.read_account import read_account

logger = Log("account")
services = open_services(os.environ)
settings = services.settings
app = resolver(logger)


@app.get("/accounts/<address>")
def get_account(address: str) -> Response:
    """Show what settles the account, or its figure; ``?call=`` adds the proof that a receipt is in it."""
    event = app.current_event
    names = {
        "key": "sealrun-key",
        "expires_at": "sealrun-expires-at",
        "signature": "sealrun-signature",
    }
    right = {name: event.headers[header] for name, header in names.items() if header in event.headers}
    document = read_account(
        address,
        right,
        service=settings.public_url,
        ledger=services.ledger,
        oracle=services.open_oracle,
        now=services.clock(),
        call_id=event.query.get("call", ""),
    )
    return answer(document)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event, context)
