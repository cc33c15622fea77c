"""A web server on loopback that answers from a table and remembers what it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug import Response

from local.loopback import LoopbackServer, Request, json_reply

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """One request; the body as JSON, None where there was none."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Web:
    """The server; ``answers`` is by ``METHOD /path``."""

    answers: dict[str, Answer | Callable[[Asked], Answer]]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    def take(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        found = self.answers.get(f"{asked.method} {asked.path}", (404, {"message": "Not Found"}))
        return found(asked) if callable(found) else found


@contextmanager
def web(answers: dict[str, Answer | Callable[[Asked], Answer]]) -> Iterator[Web]:
    """Serve until the end of the block."""
    site = Web(answers)

    def answer(request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = json.loads(request.get_data()) if request.get_data() else None
        status, value = site.take(Asked(request.method, request.raw_path, headers, body))
        return Response(status=status) if value is None else json_reply(status, value)

    with LoopbackServer(answer, max_body=1 << 20) as server:
        site.url = server.url
        yield site
