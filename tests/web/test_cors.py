"""A page of any origin may buy: each way to run the functions lets it send and read the same headers."""

from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug import Request, Response
from werkzeug.test import EnvironBuilder

from infra.layers import ROOT
from local.lambda_runtime import cors as gateway
from sealrun.service.cors import EVIDENCE, FUNCTIONS, MAX_AGE, Cors
from tests.infra.templates import functions, template


def declared(config: Mapping[str, Any], names: tuple[str, str, str]) -> Cors:
    """What a template says in AWS's words."""
    return Cors(*(tuple(config.get(name, ())) for name in names))


def test_the_functions_urls_are_as_they_are_described() -> None:
    found = {
        name: each["FunctionUrlConfig"]["Cors"]
        for name, each in functions().items()
        if "Cors" in each.get("FunctionUrlConfig", {})
    }
    assert {each["MaxAge"] for each in found.values()} == {MAX_AGE}
    assert all(each["AllowOrigins"] == ["*"] for each in found.values())
    names = ("AllowMethods", "AllowHeaders", "ExposeHeaders")
    assert {name: declared(each, names) for name, each in found.items()} == FUNCTIONS


def test_the_bucket_of_evidence_is_as_it_is_described() -> None:
    bucket = template("data.yaml")["Resources"]["Evidence"]["Properties"]
    [rule] = bucket["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedOrigins"], rule["MaxAge"]) == (["*"], MAX_AGE)
    assert declared(rule, ("AllowedMethods", "AllowedHeaders", "ExposedHeaders")) == EVIDENCE


@pytest.mark.parametrize("name", [*FUNCTIONS, "webhook"])
def test_the_local_gateway_answers_pages_as_function_urls_do(name: str) -> None:
    asks = {"Origin": "https://page.test", "Access-Control-Request-Method": "POST"}
    request = Request(EnvironBuilder(method="OPTIONS", headers=list(asks.items())).get_environ())
    answer, shown = gateway.preflight(name, request), gateway.shown(name, request, Response())
    if name not in FUNCTIONS:
        assert (answer, "Access-Control-Allow-Origin" in shown.headers) == (None, False)
        return
    assert answer is not None
    assert FUNCTIONS[name].preflight.items() <= dict(answer.headers).items()
    assert FUNCTIONS[name].answer.items() <= dict(shown.headers).items()


def test_the_edges_worker_lets_pages_read_what_the_region_does() -> None:
    source = (ROOT / "infra/worker/src/main.ts").read_text(encoding="utf-8")
    assert f"'Access-Control-Expose-Headers': '{', '.join(FUNCTIONS['call'].exposed)}'" in source
