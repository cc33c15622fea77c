"""Answers that are written down, in place of a connection, and what was asked for them."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sealrun.adapters.aws.direct.client import Client, Retries
from sealrun.adapters.aws.direct.connections import Answer, Connections
from sealrun.adapters.aws.direct.sigv4 import Credentials, Scope

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


class Canned(Connections):
    """Gives the next answer, or raises the next error, for each request."""

    def __init__(self, *answers: Answer | Exception) -> None:
        super().__init__("https://dynamodb.eu-west-1.amazonaws.com")
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def request(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.asked.append((method, path, headers, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def said(status: int, value: Any = None, **headers: str) -> Answer:
    """An answer in JSON."""
    return Answer(status, headers, b"" if value is None else json.dumps(value).encode())


def client(
    connections: Connections,
    *,
    service: str = "dynamodb",
    attempts: int = 3,
    credentials: Callable[[], Credentials] = lambda: Credentials("AKID", "secret", "token"),
    pauses: list[float] | None = None,
) -> Client:
    """A client that notes its pauses and does not make them."""
    noted = pauses if pauses is not None else []
    return Client(
        connections,
        scope=Scope("eu-west-1", service),
        credentials=credentials,
        retries=Retries(attempts, 0.05),
        pause=noted.append,
        now=lambda: NOW,
    )
