"""Who is let in behind the distribution, whom the rate limit counts, and what is counted."""

import hashlib
import io
import json
from typing import Any

import pytest

from sealrun.adapters.aws.function_url import answer, resolver, sender, serve
from sealrun.adapters.aws.log import Log
from sealrun.adapters.aws.metrics import Meter
from sealrun.errors import Refused, TooMany
from tests.sealrun.gateway import CONTEXT, Gateway, load
from tests.sealrun.market import Market

SECRET, OTHER = "5e" * 32, "0f" * 32
HEADER = "cloudfront-viewer-address"


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def event(path: str = "/sender", **headers: str) -> dict[str, Any]:
    http = {"method": "GET", "path": path, "sourceIp": "203.0.113.9"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    context = {"http": http, "stage": "$default", "requestId": "1"}
    return {"version": "2.0", "rawPath": path, "headers": named, "requestContext": context}


def app(meter: Meter | None = None, *, header: str = HEADER) -> Any:
    made = resolver(Log("test"), meter)

    @made.get("/sender")
    def get_sender() -> Any:
        return answer({"sender": sender(made, header=header)})

    @made.get("/busy")
    def get_busy() -> Any:
        raise TooMany("calls: expected fewer, got more", retry_after=60)

    return made


def status(digests: tuple[str, ...], **headers: str) -> int:
    return int(serve(app(), event(**headers), CONTEXT, digests=digests)["statusCode"])


def test_only_who_shows_the_origins_secret_is_let_in() -> None:
    assert status((digest(SECRET),), x_sealrun_origin=SECRET) == 200
    assert status((digest(SECRET),), x_sealrun_origin=OTHER) == 403
    assert status((digest(SECRET),), x_sealrun_origin=digest(SECRET)) == 403
    assert status((digest(SECRET),)) == 403


def test_two_secrets_count_while_one_replaces_the_other_and_none_asks_for_nothing() -> None:
    both = (digest(SECRET), digest(OTHER))
    assert [status(both, x_sealrun_origin=each) for each in (SECRET, OTHER, "")] == [200, 200, 403]
    assert status(()) == 200


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("198.51.100.7:46532", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6:46532", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::6]:46532", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7:46532", "198.51.100.7"),
        ("not an address:1", "203.0.113.9"),
        ("", "203.0.113.9"),
    ],
)
def test_the_rate_limit_counts_the_viewer_before_the_distribution(address: str, expected: str) -> None:
    found = app().resolve(event(cloudfront_viewer_address=address), CONTEXT)
    assert json.loads(found["body"]) == {"sender": expected}


def test_without_a_named_header_nobody_chooses_whom_the_limit_counts() -> None:
    sent = event(cloudfront_viewer_address="198.51.100.7:1")
    assert json.loads(app(header="").resolve(sent, CONTEXT)["body"]) == {"sender": "203.0.113.9"}


def test_refusals_are_counted_by_type_in_the_embedded_metric_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app(Meter("sealrun/s")).resolve(event("/busy"), CONTEXT)
    [line] = [json.loads(each) for each in capsys.readouterr().out.splitlines() if "_aws" in each]
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert (line["Refused"], line["type"]) == ([1.0], "too-many")
    assert (directive["Namespace"], directive["Dimensions"]) == ("sealrun/s", [["type"]])
    app(Meter("")).resolve(event("/busy"), CONTEXT)
    assert "_aws" not in capsys.readouterr().out


def test_l14_a_refusal_that_repeats_half_a_surrogate_is_logged() -> None:
    told = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    made = resolver(Log("half", stream=told))

    @made.get("/half")
    def get_half() -> Any:
        raise Refused("accepted.asset: expected MINA, got \ud800")

    assert made.resolve(event("/half"), CONTEXT)["statusCode"] == 400
    told.seek(0)
    assert json.loads(told.read())["detail"] == "accepted.asset: expected MINA, got ?"


def test_functions_with_open_urls_let_nobody_past_the_distribution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALRUN_ORIGIN_SECRET_DIGESTS", digest(SECRET))
    paths = {"call": "/offers/00", "collect": "/webhooks/edge", "webhook": "/webhooks/gitlab"}
    for name, path in paths.items():
        gateway = Gateway(load(name, Market(), monkeypatch))
        assert gateway._module.handler(event(path), CONTEXT)["statusCode"] == 403
        let_in = gateway._module.handler(event(path, x_sealrun_origin=SECRET), CONTEXT)
        assert let_in["statusCode"] in (400, 405)
