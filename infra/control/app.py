"""The operator's control plane: offers, calls, accounts, late runs, pauses and quotas. No token, no key.

API Gateway asks IAM for ``execute-api:Invoke``; ``infra/control_package.py`` packs it.
"""

import os
import time
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from chalice.app import Chalice, IAMAuthorizer, Response

from chalicelib.table import ControlTable
from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import SealrunError
from sealrun.offers.limits import MAX_CALLS_AN_HOUR
from sealrun.service.problems import problem

MAX_BODY_BYTES = 4096
View = Callable[..., Any]

app = Chalice(app_name="sealrun-control")
iam = IAMAuthorizer()


@cache
def table() -> ControlTable:
    """The stack's table."""
    import boto3  # noqa: PLC0415

    return ControlTable(
        boto3.client("dynamodb"), os.environ["SEALRUN_TABLE"], tuple(os.environ["SEALRUN_OFFERS"].split())
    )


def route(path: str, method: str = "GET") -> Callable[[View], View]:
    """A view behind IAM. Its errors are problem documents, as in the public API."""

    def added(view: View) -> View:
        @wraps(view)
        def wrapper(**named: str) -> Any:
            try:
                return view(**named)
            except SealrunError as error:
                status, headers, body = problem(error)
                return Response(body=body, status_code=status, headers={**headers})

        app.route(path, methods=[method], authorizer=iam)(wrapper)
        return view

    return added


@route("/offers")
def get_offers() -> Any:
    """The offers of this stack: whether each is open, why not, and the quotas of buyers."""
    return {"offers": table().offers()}


@route("/offers/{offer}")
def get_offer(offer: str) -> Any:
    """One offer with its document."""
    return table().offer(offer)


@route("/offers/{offer}/pause", "PUT")
def put_pause(offer: str) -> Any:
    """Pause it. Buyers are told the reason in ``{"reason": "..."}``. Health checks do not end the pause."""
    body = read.only(_body(), ("reason",), where="pause")
    reason = read.text(body, "reason", pattern="[ -~]{1,200}", says="1 to 200 printable ASCII characters")
    return table().pause(offer, reason)


@route("/offers/{offer}/pause", "DELETE")
def delete_pause(offer: str) -> Any:
    """Resume it. A suspension by a health check stays, and so does a closing by its seller."""
    return table().pause(offer, "")


@route("/offers/{offer}/quotas/{buyer}", "PUT")
def put_quota(offer: str, buyer: str) -> Any:
    """Limit a buyer: ``{"per_hour": 5}``; 0 refuses all of its calls."""
    per_hour = read.whole(
        read.only(_body(), ("per_hour",), where="quota"), "per_hour", low=0, high=MAX_CALLS_AN_HOUR
    )
    return table().limit(offer, _buyer(buyer), per_hour)


@route("/offers/{offer}/quotas/{buyer}", "DELETE")
def delete_quota(offer: str, buyer: str) -> Any:
    """Return to the offer's own quota."""
    return table().limit(offer, _buyer(buyer), None)


@route("/calls")
def get_calls() -> Any:
    """A page of calls; ``?after=`` takes ``next`` of the page before."""
    return table().calls(_after())


@route("/calls/{call}")
def get_call(call: str) -> Any:
    """One call: state, account, price, run and reason, and nothing that is private to the buyer."""
    return table().call(call)


@route("/late")
def get_late() -> Any:
    """Calls that should be over by now."""
    return {"late": table().late(int(time.time()))}


@route("/accounts")
def get_accounts() -> Any:
    """A page of prepaid accounts; ``?after=`` as for calls."""
    return table().accounts(_after())


@route("/accounts/{address}")
def get_account(address: str) -> Any:
    """One account: its buyer, limit, due and pending in the asset's smallest unit; no voucher."""
    return table().account(address)


def _body() -> dict[str, Any]:
    content: Any = app.current_request.raw_body if app.current_request else b""
    return parse_object(content, at_most=MAX_BODY_BYTES)


def _after() -> str:
    named: Any = app.current_request.query_params if app.current_request else None
    return str((named or {}).get("after", ""))


def _buyer(text: str) -> str:
    return read.public_key({"buyer": text}, "buyer").to_base58()
