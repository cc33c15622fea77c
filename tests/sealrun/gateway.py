"""The handler of functions/call behind an httpx transport, as a function URL calls it."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx

from tests.sealrun.market import Market

FUNCTIONS = Path(__file__).parents[2] / "functions"
ENVIRONMENT = {
    "SEALRUN_TABLE": "calls",
    "SEALRUN_EVIDENCE_BUCKET": "evidence",
    "SEALRUN_KMS_KEY": "key",
    "SEALRUN_COLLECT_FUNCTION": "collect",
    "SEALRUN_PUBLIC_URL": "https://calls.test",
    "SEALRUN_LEDGER": "7",
    "SEALRUN_VERIFICATION_KEY": "20497",
    "SEALRUN_MINA_NODES": "https://a.test/graphql https://b.test/graphql",
}
CONTEXT = SimpleNamespace(
    function_name="f", memory_limit_in_mb=128, invoked_function_arn="arn:f", aws_request_id="1"
)


def load(name: str, market: Market, monkeypatch: Any, **more: Any) -> Any:
    """A function's module with the market's ports instead of AWS's."""
    for variable, value in ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    spec = importlib.util.spec_from_file_location(f"handler_{name}", FUNCTIONS / name / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ports = {"ledger": market.ledger, "starter": market.starter, "clock": market.clock}
    module.services = SimpleNamespace(**ports, payments=market.payments, contracts=None, **more)  # type: ignore[attr-defined]
    return module


class Gateway(httpx.AsyncBaseTransport):
    """Turns requests into a function URL's events, and remembers the answers."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self.statuses: list[int] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Invoke the handler once."""
        request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        http = {"method": request.method, "path": request.url.path, "sourceIp": "192.0.2.1"}
        event = {
            "version": "2.0",
            "rawPath": request.url.path,
            "rawQueryString": request.url.query.decode(),
            "queryStringParameters": dict(request.url.params),
            "headers": headers,
            "requestContext": {"http": http, "stage": "$default", "requestId": "1"},
            "body": request.content.decode(),
            "isBase64Encoded": False,
        }
        answer = self._module.handler(json.loads(json.dumps(event)), CONTEXT)
        self.statuses.append(answer["statusCode"])
        return httpx.Response(
            answer["statusCode"], headers=answer.get("headers", {}), content=answer.get("body", "")
        )
