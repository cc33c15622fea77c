"""What the command makes of answers that are not the service's own."""

import json
from functools import partial

import httpx
import pytest

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.service import PAUSES, Service, is_here, well_formed
from sealrun_cli.lib.tools import _result

URL = "https://calls.example/calls/5"
# As AWS answers: Lambda's throttle, a function URL's policy and size limit, a crash, CloudFront's time limit.
BEFORE = {
    429: httpx.Response(429, json={"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded"}),
    403: httpx.Response(403, json={"Message": "Forbidden"}),
    413: httpx.Response(413, json={"message": "Request Entity Too Large"}),
    502: httpx.Response(502, text="Internal Server Error"),
    504: httpx.Response(504, text="<HTML>504 Gateway Timeout ERROR</HTML>"),
}
PROBLEM = {"content-type": "application/problem+json"}


class Answering:
    """A service that gives these answers in turn, the last one for ever."""

    def __init__(self, *answers: httpx.Response) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.pauses: list[float] = []
        self.http = httpx.Client(transport=httpx.MockTransport(self._answer))
        self.service = Service(self.http, pause=self.pauses.append)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        given = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)


@pytest.mark.parametrize(
    ("status", "kind", "words", "following"),
    [
        (429, "throttled", "all places are taken, so nothing was done", "wait a minute"),
        (403, "unreachable", "the request was refused", "ask the operator"),
        (413, "too-large", "too many bytes", "smaller inputs"),
        (502, "no-answer", "the function ended", "look at the call or the account"),
        (504, "no-answer", "took too long", "look at the call or the account"),
    ],
)
def test_each_answer_in_place_of_the_function_is_named(
    status: int, kind: str, words: str, following: str
) -> None:
    shop = Answering(BEFORE[status])
    with pytest.raises(CliError, match=words) as told:
        shop.service.get(URL)
    assert told.value.kind == kind
    assert following in told.value.following
    assert f"got {status} from what stands in front of it" in told.value.detail


@pytest.mark.parametrize("status", [429, 502, 504])
def test_a_question_that_changes_nothing_is_asked_again(status: int) -> None:
    shop = Answering(BEFORE[status], BEFORE[status], httpx.Response(200, json={"state": "running"}))
    assert shop.service.get(URL) == {"state": "running"}
    assert (shop.asked, shop.pauses) == (["GET"] * 3, list(PAUSES))


def test_what_the_service_itself_refuses_is_not_asked_again() -> None:
    problem = {"type": "urn:sealrun:problem:store-unavailable", "detail": "table: no answer"}
    for answer in (httpx.Response(503, json=problem, headers=PROBLEM), BEFORE[403], BEFORE[413]):
        shop = Answering(answer)
        with pytest.raises(CliError):
            shop.service.get(URL)
        assert (shop.asked, shop.pauses) == (["GET"], [])


def test_a_request_that_may_change_something_is_sent_once() -> None:
    shop = Answering(BEFORE[502], httpx.Response(200, json={}))
    assert shop.service.send("POST", URL, body={}).status_code == 502
    assert shop.asked == ["POST"]


def test_a_new_bucket_that_redirects_is_told() -> None:
    shop = Answering(httpx.Response(307, headers={"location": "https://b.s3.eu-north-1.amazonaws.com/x"}))
    with (
        pytest.raises(CliError, match="expected a file, got 307") as told,
        shop.service.stream(URL, at_most=9),
    ):
        pass
    assert "new S3 bucket" in told.value.following


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/offers/5", True),
        ("http://localhost:8000", True),
        ("https://calls.example/offers/5", False),
        ("https://127.0.0.1.evil", False),
        ("https://localhost@calls.example", False),
        ("https://calls.example/127.0.0.1", False),
    ],
)
def test_an_address_is_this_machines_by_its_host_alone(url: str, *, here: bool) -> None:
    assert is_here(url) == here


@pytest.mark.parametrize(
    "url",
    [
        "https://calls.example:x/calls/5",
        "https://xn--a/calls/5",
        "https://\u2028/calls/5",
        "https://calls..example/calls/5",
        f"https://{'a' * 64}.example/calls/5",
        "https://calls.example/\x1b[2J",
        f"https://calls.example/{'x' * 70_000}",
        "http://127.0.0.1:x/calls/5",
        f"https://127.0.0.1:{'9' * 25}/calls/5",
        "https://127.0.0.1:65536/calls/5",
        "https://127.0.0.1:-1/calls/5",
    ],
)
def test_l14_an_address_that_is_none_is_an_error_of_its_own(url: str) -> None:
    # Of the command line, and of a service: it names where its files are.
    service = Service(httpx.Client(trust_env=False), pause=lambda _: None)
    with pytest.raises(CliError, match="url: expected an address that can be asked, got http"):
        service.get(url)
    with pytest.raises(CliError, match="got http"), service.stream(url, at_most=1):
        pass
    with pytest.raises(CliError, match="got http"):
        is_here(url)


@pytest.mark.parametrize(
    "node",
    [
        "https://seller:a-secret@127.0.0.1:9/graphql",
        "https://seller:a#secret@127.0.0.1:9/graphql",
        "https://seller:a?secret@127.0.0.1:9/graphql",
        "http://seller:a-secret@node.example/graphql",
        "https://127.0.0.1:9/graphql?key=a-secret",
    ],
)
def test_r11_what_stands_for_a_password_or_a_key_in_an_address_is_not_repeated(node: str) -> None:
    """SEALRUN_MINA_NODE may have one, and a log of a CI is read by many."""
    with httpx.Client(trust_env=False) as http, pytest.raises(CliError, match="/graphql") as caught:
        data_of(Service(http), node, "{x}")
    assert "secret" not in caught.value.detail
    error = {"type": "node-unavailable", "title": "unavailable", "detail": f"URL with a password: {node}"}
    with pytest.raises(CliError, match=r"unavailable.*/graphql") as caught:
        _result(json.dumps({"error": error}), [], node)
    assert "secret" not in caught.value.detail


@pytest.mark.parametrize("status", [200, 404, 502])
def test_r11_what_stands_for_a_password_in_an_address_that_answers_is_not_repeated(status: int) -> None:
    shop = Answering(*[httpx.Response(status, text="no JSON")] * 3)
    for ask in (shop.service.get, partial(data_of, shop.service, query="{x}")):
        with pytest.raises(CliError, match="/graphql: expected") as caught:
            ask("https://seller:a-secret@node.example/graphql?key=a-secret")
        assert "secret" not in caught.value.detail


def test_r11_a_key_in_an_address_is_not_repeated_where_an_answer_has_another_form() -> None:
    address = "https://node.example/graphql?key=a-secret"
    with pytest.raises(CliError, match="/graphql: expected") as caught, well_formed("figure", address):
        raise KeyError
    assert "secret" not in caught.value.detail


def test_a_problem_that_says_nothing_is_named_with_its_address() -> None:
    shop = Answering(httpx.Response(404, headers=PROBLEM, json={"type": "about:blank", "title": "Not Found"}))
    with pytest.raises(CliError, match="expected a good answer, got 404 Not Found") as caught:
        shop.service.get(URL)
    assert URL in caught.value.detail
    assert (caught.value.kind, caught.value.following) == ("unreachable", "check the URL and the network")
