"""Issuers' keys come from the pinned URL only, bounded, and an issuer out of reach is asked again later."""

import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest

from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear
from sealrun.offers.provider_rules import rules_of
from sealrun.providers.issuers import PinnedIssuers
from tests.outgoing import HttpxClient
from tests.sealrun.ci_tokens import ISSUER, jwk

_TOKENS = rules_of("gitlab").token
assert _TOKENS is not None
PINNED = _TOKENS.public[ISSUER]
Answer = Callable[[httpx.Request], httpx.Response]


def issuers(answer: Answer) -> PinnedIssuers:
    client = HttpxClient(transport=httpx.MockTransport(answer))
    return PinnedIssuers(lambda _: client, clock=lambda: 0.0, unsafe_loopback=False)


def test_l9_the_keys_are_asked_of_the_pinned_url_without_a_credential() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"keys": [jwk()]})

    assert list(issuers(answer).keys(PINNED)) == [jwk()]
    assert [str(request.url) for request in asked] == ["https://gitlab.com/oauth/discovery/keys"]
    assert not {"private-token", "authorization", "cookie"} & set(asked[0].headers)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(302, headers={"location": "https://evil.example/keys"}), ProviderRefused),
        (httpx.Response(404, json={"error": "404 Not Found"}), ProviderRefused),
        (httpx.Response(429, headers={"retry-after": "7"}), ProviderBusy),
        (httpx.Response(503), ProviderUnclear),
        (httpx.Response(200, text="<html>"), ProviderUnclear),
        (httpx.Response(200, json=[]), ProviderUnclear),
        (httpx.Response(200, json={"keys": "k1"}), ProviderUnclear),
        (httpx.Response(200, content=b" " * (5 << 20)), ProviderUnclear),
    ],
)
def test_l9_any_other_answer_is_an_error_of_the_provider_s_kind(
    response: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error):
        issuers(lambda _: response).keys(PINNED)


def test_no_function_loads_the_token_library_before_there_is_a_token() -> None:
    modules = ("composition.services", "composition.aws", "workflows.accept_call", "workflows.collect_run")
    named = ", ".join(f"sealrun.{module}" for module in modules)
    program = f"import {named}, sys; print(sorted({{'jwt', 'cryptography'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
