"""A GitHub Enterprise Server: its API is a path of its own host."""

import httpx
import pytest

from sealrun.errors import ProviderRefused
from sealrun.providers.github.client import GitHub
from sealrun.providers.github.kind import api_of


@pytest.mark.parametrize(
    ("origin", "api"),
    [
        ("https://api.github.com", "https://api.github.com"),
        ("https://api.octocorp.ghe.com", "https://api.octocorp.ghe.com"),
        ("https://github.example", "https://github.example/api/v3"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_the_api_of_an_origin(origin: str, api: str) -> None:
    assert api_of(origin) == api


def test_every_request_goes_below_the_api() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(404, json={"message": "Not Found"})

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        origin, ref = "https://github.example", "refs/tags/v1"
        github = GitHub(client, origin=origin, project="a/b", workflow="job.yml", ref=ref, token="t")
        for ask in (github.head, github.project, lambda: github.read(7), lambda: github.jobs(7)):
            with pytest.raises(ProviderRefused):
                ask()
    assert asked
    assert all(path.startswith("/api/v3/repos/a/b") for path in asked)
