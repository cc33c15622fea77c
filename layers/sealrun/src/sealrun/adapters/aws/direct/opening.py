"""Which client a service gets: one of this folder's in a function, boto3's wherever more is asked of it."""

import os
import re
from collections.abc import Mapping
from typing import Any

from sealrun.adapters.aws.direct.client import Client, Retries
from sealrun.adapters.aws.direct.connections import Connections
from sealrun.adapters.aws.direct.services import DynamoDb, Kms, Lambda
from sealrun.adapters.aws.direct.sigv4 import Credentials, Scope

_KINDS = {"dynamodb": DynamoDb, "kms": Kms, "lambda": Lambda}
# botocore/data/_retry.json
_RETRIES = {"dynamodb": Retries(10, 0.05)}
_USUAL_RETRIES = Retries(5, None)
# What boto3 reads from these is not read here.
_BOTO3_ONLY = (
    "AWS_PROFILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
)
# Regions whose hosts end in amazonaws.com, with certificates of Amazon's own authorities.
_REGION = re.compile(r"(af|ap|ca|eu|il|me|mx|sa|us)-(?!iso)[a-z-]+-\d+")


def open_client(service: Any, environment: Mapping[str, str] = os.environ) -> Any:
    """A client of ``dynamodb``, ``kms`` or ``lambda`` as the environment says; of any other, boto3's.

    The endpoint is the region's, or ``AWS_ENDPOINT_URL_SERVICE`` or ``AWS_ENDPOINT_URL`` where one is set.
    """
    if service in _KINDS and _is_plain(environment):
        return _direct(service, environment)
    import boto3  # noqa: PLC0415

    return boto3.client(service)


def _is_plain(environment: Mapping[str, str]) -> bool:
    """Keys and region stand in the environment, as Lambda has them, and nothing asks for more than that."""
    needed = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    if any(not environment.get(name) for name in needed) or any(map(environment.get, _BOTO3_ONLY)):
        return False
    return _REGION.fullmatch(_region(environment)) is not None


def _region(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")


def _direct(service: str, environment: Mapping[str, str]) -> Any:
    region = _region(environment)
    endpoint = (
        environment.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        or environment.get("AWS_ENDPOINT_URL")
        or f"https://{service}.{region}.amazonaws.com"
    )

    def credentials() -> Credentials:
        token = environment.get("AWS_SESSION_TOKEN", "")
        return Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)

    client = Client(
        Connections(endpoint, authorities=environment.get("AWS_CA_BUNDLE", "")),
        scope=Scope(region, service),
        credentials=credentials,
        retries=_RETRIES.get(service, _USUAL_RETRIES),
    )
    return _KINDS[service](client)
