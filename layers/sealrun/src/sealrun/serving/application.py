"""The WSGI application: which function answers a path, CORS as function URLs do it, evidence, and health."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote

from aws_lambda_powertools import Logger

from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.composition.served import EVIDENCE_PATH
from sealrun.errors import NotFound, SealrunError
from sealrun.ports.evidence import EvidenceStore
from sealrun.service import cors
from sealrun.service.problems import plain_problem, problem
from sealrun.serving.events import Reply, http_event, path_of, reply_of
from sealrun.serving.page import Page

# As CloudFront routes in front of the functions: by path alone.
FUNCTIONS = {
    "/accounts/": "account",
    "/offers": "call",
    "/mcp": "mcp",
    "/webhooks/edge": "collect",
    "/webhooks/": "webhook",
    "/tickets/": "once",
    "/calls/": "receipt",
    "/openapi.json": "receipt",
}
# A file of a stranger's run: nothing in it may act as part of this site.
AS_DOWNLOAD = {
    "Content-Type": "application/octet-stream",
    "Content-Security-Policy": "sandbox",
    "X-Content-Type-Options": "nosniff",
}
PIECE = 1 << 18

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Run = Callable[[str, Mapping[str, Any]], dict[str, Any]]


class Application:
    """Answers every request; what a function raises is logged and becomes 500."""

    def __init__(
        self,
        run: Run,
        *,
        store: EvidenceStore,
        health: Callable[[], Mapping[str, Any]],
        logger: Logger,
        page: Page | None = None,
    ) -> None:
        """``health`` has a true ``ok`` where the service can take calls; ``page`` is for browsers."""
        self._page = page
        self._run, self._store, self._health, self._logger = run, store, health, logger

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = path_of(environ)
        rule = _rule(path)
        shown = rule.answer if rule and environ.get("HTTP_ORIGIN") else {}
        asks = environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
        if path.startswith(EVIDENCE_PATH + "/") and environ["REQUEST_METHOD"] == "GET":
            return self._evidence(path, environ, start_response, shown)
        if rule and asks:
            reply = Reply(200, rule.preflight)
        else:
            reply = (self._page.answer(environ) if self._page else None) or self._reply(path, environ)
        headers = {**reply.headers, **shown, "Content-Length": str(len(reply.body))}
        start_response(reply.line, list(headers.items()))
        return [reply.body]

    def _reply(self, path: str, environ: dict[str, Any]) -> Reply:
        if path == "/healthz":
            health = self._health()
            body = json.dumps(dict(health)).encode()
            return Reply(200 if health["ok"] else 503, {"Content-Type": "application/json"}, body)
        name = _function(path)
        if not name:
            return _plain(HTTPStatus.NOT_FOUND)
        try:
            event = http_event(environ, now=time.time())
        except ValueError:
            return _plain(HTTPStatus.BAD_REQUEST)
        try:
            return reply_of(self._run(name, event))
        except Exception as error:
            self._logger.exception("failed", exc_info=error, function=name)
            return _plain(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _evidence(
        self, path: str, environ: dict[str, Any], start_response: StartResponse, shown: Mapping[str, str]
    ) -> Iterable[bytes]:
        """A file of the evidence folder, by the URL that was signed for it."""
        try:
            query = dict(parse_qsl(environ.get("QUERY_STRING", ""), max_num_fields=10))
            if not isinstance(self._store, FolderEvidenceStore):
                raise NotFound("evidence: expected the URL of the evidence store, got one of this service")
            file, filename = self._store.open_signed(path.rpartition("/")[2], query)
        except (SealrunError, ValueError) as error:
            reply = (
                _reply(*problem(error)) if isinstance(error, SealrunError) else _plain(HTTPStatus.BAD_REQUEST)
            )
            start_response(reply.line, [*{**reply.headers, **shown}.items()])
            return [reply.body]
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        headers = {**AS_DOWNLOAD, **shown, "Content-Disposition": disposition}
        start_response("200 OK", list(headers.items()))
        pieces: Iterable[bytes] = environ["wsgi.file_wrapper"](file, PIECE)
        return pieces


def _function(path: str) -> str:
    return next((name for start, name in FUNCTIONS.items() if path.startswith(start)), "")


def _rule(path: str) -> cors.Cors | None:
    """What a page may do there; None where only its own service's pages may."""
    if path.startswith(EVIDENCE_PATH + "/"):
        return cors.EVIDENCE
    return cors.FUNCTIONS.get(_function(path))


def _plain(status: HTTPStatus) -> Reply:
    return _reply(*plain_problem(status))


def _reply(status: int, headers: Mapping[str, str], body: str) -> Reply:
    return Reply(int(status), headers, body.encode())
