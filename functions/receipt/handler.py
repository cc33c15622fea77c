"""``GET /calls/{call}`` with its receipt, statements and evidence, and ``GET /openapi.json``."""

import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

from sealrun.adapters.aws.function_url import Response, answer, resolver, right_of
from sealrun.adapters.aws.log import Log
from sealrun.composition.services import open_services
from sealrun.encoding.fields import canonical
from sealrun.encoding.read import decimal
from sealrun.service.looks import Looks
from sealrun.workflows.read_receipt import read_call, read_evidence, read_receipt, read_statements

logger = Log("receipt")
services = open_services(os.environ)
settings = services.settings
app = resolver(logger, page=settings.page, service=settings.public_url)
looks = Looks()
# More files than any run may leave.
MAX_FILES = 10**6
DESCRIPTION = Path(__file__).with_name("openapi.json")


@app.get("/openapi.json")
def get_description() -> Response:
    """Describe the whole API."""
    return Response(HTTPStatus.OK, content_type="application/json", body=DESCRIPTION.read_text("utf-8"))


@app.get("/calls/<call>")
def get_call(call: str) -> Response:
    """Show the call's state, and its receipt once there is one."""
    view = read_call(call, ledger=services.ledger)
    wait = looks.wait(view, now=services.clock())
    return answer(view, headers={} if wait is None else {"Retry-After": str(wait)})


@app.get("/calls/<call>/receipt")
def get_receipt(call: str) -> Response:
    """Show the receipt alone, ``{data, signature, publicKey}``, as canonical JSON for a contract's client."""
    document = canonical(read_receipt(call, ledger=services.ledger))
    return Response(status_code=HTTPStatus.OK, content_type="application/json", body=document.decode())


@app.get("/calls/<call>/receipt.intoto.jsonl")
def get_statements(call: str) -> Response:
    """Show the receipt as in-toto statements in DSSE envelopes, one per line."""
    lines = read_statements(call, ledger=services.ledger, store=services.store)
    if isinstance(lines, str):
        headers = {"Location": lines}
        return Response(HTTPStatus.TEMPORARY_REDIRECT, content_type="text/plain", body="", headers=headers)
    return Response(status_code=HTTPStatus.OK, content_type="application/jsonl", body=lines.decode())


@app.get("/calls/<call>/evidence")
def get_evidence(call: str) -> Response:
    """Show documents, index and the files' addresses; private parts need the buyer's signature."""
    return answer(
        read_evidence(
            call,
            right_of(app.current_event.headers),
            service=settings.public_url,
            ledger=services.ledger,
            store=services.store,
            now=services.clock(),
            after=_after(app.current_event.query.get("after", "0")),
        )
    )


def _after(text: str) -> int:
    """How many files the pages before this one had."""
    return decimal({"after": text}, "after", high=MAX_FILES)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    return app.resolve(event, context)
