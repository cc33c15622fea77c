"""Who gets a direct client, whom it asks, and what it trusts."""

import re
import ssl
from pathlib import Path
from typing import Any

import boto3
import certifi
import pytest

from sealrun.adapters.aws.direct import opening
from sealrun.adapters.aws.direct.connections import AMAZON_ROOTS, Connections, _trusting
from sealrun.adapters.aws.direct.opening import open_client

ROLE = {
    "AWS_ACCESS_KEY_ID": "ASIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_REGION": "eu-west-1",
}


def is_direct(service: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> bool:
    theirs = object()
    monkeypatch.setattr(boto3, "client", lambda _: theirs)
    return open_client(service, environment) is not theirs


def endpoint(client: Any) -> Connections:
    connections: Connections = (
        client._json._client if hasattr(client, "_json") else client._client
    )._connections
    return connections


@pytest.mark.parametrize("service", ["dynamodb", "kms", "lambda"])
def test_a_function_asks_its_region_as_boto3_does(service: str) -> None:
    made: Any = boto3.client(
        service, region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y"
    )  # type: ignore[call-overload]
    assert f"https://{endpoint(open_client(service, ROLE)).host}" == made.meta.endpoint_url


def test_an_endpoint_that_is_named_is_asked_the_services_own_first() -> None:
    named = {
        **ROLE,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:2/kms/",
    }
    asked = [endpoint(open_client(service, named)) for service in ("dynamodb", "kms")]
    assert [(each.host, each.path) for each in asked] == [("127.0.0.1:1", ""), ("127.0.0.1:2", "/kms")]


def test_whatever_asks_for_more_than_a_function_gets_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_direct("dynamodb", ROLE, monkeypatch)
    assert not is_direct("s3", ROLE, monkeypatch)
    for name in ROLE.keys() - {"AWS_SESSION_TOKEN"}:
        assert not is_direct("dynamodb", {**ROLE, name: ""}, monkeypatch)
    for name in opening._BOTO3_ONLY:
        assert not is_direct("kms", {**ROLE, name: "x"}, monkeypatch)
    for region in (
        "cn-north-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eusc-de-east-1",
        "eu-west-1/",
        "evil.example/#",
    ):
        assert not is_direct("lambda", {**ROLE, "AWS_REGION": region}, monkeypatch)


def test_credentials_are_read_again_for_each_request() -> None:
    environment = dict(ROLE)
    credentials = open_client("dynamodb", environment)._json._client._credentials
    assert credentials().session_token == "token"
    environment["AWS_SESSION_TOKEN"] = "next"
    assert credentials().session_token == "next"


def test_amazons_authorities_are_those_that_the_public_bundle_has() -> None:
    shipped = re.findall(r"-----BEGIN.+?-----END CERTIFICATE-----", Path(AMAZON_ROOTS).read_text(), re.DOTALL)
    public = Path(certifi.where()).read_text()
    assert len(shipped) == 5
    assert all(each in public for each in shipped)


def test_tls_checks_names_and_trusts_amazon_alone() -> None:
    context = _trusting(endpoint(open_client("kms", ROLE))._authorities)
    authorities: Any = context.get_ca_certs()
    names = {dict(pair[0] for pair in each["subject"])["organizationName"] for each in authorities}
    assert names == {"Amazon", "Starfield Technologies, Inc."}
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
