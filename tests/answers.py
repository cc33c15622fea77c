"""A provider's answers made by hand, and a run of a local one waited for."""

import time

import httpx

from sealrun.ports.provider import Provider
from sealrun.runs.run import Run


class Answers:
    """Answers by method and path, in turn; keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: dict[str, list[httpx.Response | Exception]] = {}

    def on(self, method: str, path: str, *answers: httpx.Response | Exception) -> None:
        """Answer so, the last one for ever."""
        self._answers[f"{method} {path}"] = list(answers)

    def sent(self, method: str) -> list[httpx.Request]:
        return [request for request in self.requests if request.method == method]

    def answer(self, request: httpx.Request) -> httpx.Response:
        """For ``httpx.MockTransport``."""
        self.requests.append(request)
        answers = self._answers[f"{request.method} {request.url.path}"]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def reply(value: object, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(status, json=value, headers=named)


def wait_until_over(provider: Provider, run: Run, *, seconds: float = 60) -> Run:
    """Read the run until it is over."""
    ends = time.monotonic() + seconds
    while not run.status.over:
        assert time.monotonic() < ends, f"the run is still {run.status} after {seconds} s"
        time.sleep(0.1)
        run = provider.read(run.id)
    return run
