"""R11: why a call waits for a later look is told to the operator's log, each time."""

import io
import json
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger
from botocore.stub import Stubber

from sealrun.adapters.aws.function_url import put_off
from sealrun.adapters.aws.s3 import S3EvidenceStore
from sealrun.errors import ProviderBusy, ProviderRefused, ProviderUnclear, SealrunError, StoreUnavailable
from tests.sealrun.world import World


def denied(times: int = 50) -> S3EvidenceStore:
    """A bucket into which the role may write nothing."""
    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    stub = Stubber(client)
    for _ in range(times):
        stub.add_client_error("put_object", "AccessDenied", "Access Denied: arn:aws:s3:::b", 403)
    stub.activate()
    return S3EvidenceStore(client, bucket="b")


def test_r11_a_bucket_that_denies_the_collector_is_told_with_awss_code() -> None:
    world = World()
    world.store = denied()
    call_hash = world.call().record.call_hash
    for _ in range(20):
        world.clock.passes(60)
        world.sweep()
    assert {told for told, _ in world.put_off} == {call_hash}
    details = {error.detail for _, error in world.put_off}
    assert details == {"bucket: expected an answer to PutObject, got AccessDenied"}


@pytest.mark.parametrize(
    ("away", "who"), [("bucket", "what the operator needs"), ("provider", "the provider")]
)
def test_r11_a_call_that_ends_after_days_says_who_was_away(away: str, who: str) -> None:
    world = World()
    store, world.store = world.store, denied(times=2000) if away == "bucket" else world.store
    call_hash = world.call().record.call_hash
    world.provider.down = away == "provider"
    for _ in range(7 * 24 + 6):
        world.clock.passes(3600)
        world.sweep()
    world.store, world.provider.down = store, False
    ending = world.settle(call_hash).ending
    assert ending is not None
    assert ending.reason == f"{who} could not be reached for days"


def test_r11_a_key_that_does_not_open_is_told_when_a_run_should_start() -> None:
    world = World(opens=False)
    record = world.call().record
    assert [(told, error.detail) for told, error in world.put_off] == [
        (record.call_hash, "key service: down")
    ]


@pytest.mark.parametrize(
    "error", [ProviderBusy("provider: not now", retry_after=5), ProviderUnclear("provider: cut off")]
)
def test_r11_what_the_provider_said_is_told_when_a_run_should_start_and_when_it_is_looked_for(
    error: SealrunError,
) -> None:
    world = World()

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    world.provider.start = world.provider.find = fails
    world.call()
    assert [told for _, told in world.put_off] == [error]
    world.clock.passes(600)
    world.sweep()
    assert len(world.put_off) == 2


@pytest.mark.parametrize("why", ["its time is over", "it is another's", "it is a second one"])
def test_r11_why_a_run_takes_no_request_to_stop_is_told(why: str) -> None:
    world = World()
    forbidden = ProviderRefused("github answered 403: Resource not accessible", answered=403)

    def refuses(*_: Any, **__: Any) -> None:
        raise forbidden

    world.provider.cancel = refuses
    world.provider.duration = 10**6 if why == "its time is over" else 20
    world.provider.sha = "2e" * 20 if why == "it is another's" else ""
    world.provider.answers = ["doubled"] if why == "it is a second one" else []
    call_hash = world.call().record.call_hash
    world.settle(call_hash, within=7200)
    assert set(world.put_off) == {(call_hash, forbidden)}


def test_r11_a_sweep_tells_what_stopped_each_call() -> None:
    world = World()
    record = world.call().record
    down = StoreUnavailable("table: expected an answer to GetItem, got AccessDeniedException")

    def fails(*_: Any, **__: Any) -> Any:
        raise down

    world.clock.passes(600)
    world.ledger.record = fails
    assert world.sweep() == {record.call_hash: "store-unavailable"}
    assert world.put_off == [(record.call_hash, down)]


def test_r11_the_log_names_the_call_the_code_and_awss_words() -> None:
    error = StoreUnavailable("bucket: expected an answer to PutObject, got AccessDenied", words="arn:aws:x")
    log = io.StringIO()
    # Powertools keeps one logger of a name for the process, with the stream that it was first given.
    put_off(Logger(service="causes-are-kept", stream=log))(0xAB, error)
    [line] = [json.loads(each) for each in log.getvalue().splitlines()]
    assert (line["level"], line["call"], line["detail"]) == ("WARNING", f"{0xAB:064x}", error.detail)
    assert (line["type"], line["aws"]) == ("store-unavailable", "arn:aws:x")
