"""The stack as commands find it, and CloudFormation's part of a deployment, over moto."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from werkzeug import Response

from infra import package
from local.loopback import LoopbackServer
from sealrun_cli.commands.deploy import chain_parameters
from sealrun_cli.lib import deploy_aws
from sealrun_cli.lib.cloudformation import Stacks
from sealrun_cli.lib.deploy_aws import (
    _check_ledger,
    _concurrency,
    _identity,
    _origin_secret,
    _packed,
    merged_keys,
)
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.target import aws_errors, find_target, target_of
from tests.sealrun.world import make_chain_offer, make_offer

PROPERTIES = {"MessageRetentionPeriod": {"Ref": "Retention"}}
TEMPLATE = {
    "Parameters": {"Retention": {"Type": "Number"}, "Name": {"Type": "String", "Default": "a"}},
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"MessageRetentionPeriod": {"Ref": "Retention"}}}
    },
}
TEXT = {"Type": "String", "Default": ""}
OUTPUTS = {
    "Url": "https://d1.cloudfront.net",
    "Table": "t",
    "KeyArn": "arn:aws:kms:eu-central-1:1:key/k",
    "HealthFunction": "s-health",
}


def described(**changes: str) -> dict[str, Any]:
    parameters = {"Ledger": "7", "PublicUrl": "", **changes}
    return {
        "StackName": "s",
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()],
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    }


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        s3.put_object(Bucket="bucket", Key="t", Body=json.dumps(TEMPLATE).encode())
        yield boto3.client("cloudformation")


def stacks(aws: Any) -> Stacks:
    return Stacks(aws, "s", Output(as_json=True), poll_seconds=0.01)


def proposed(aws: Any, **parameters: str) -> str | None:
    template = "https://bucket.s3.eu-central-1.amazonaws.com/t"
    return stacks(aws).propose(parameters, template=template, capabilities=deploy_aws.CAPABILITIES)


def test_a_new_stack_is_proposed_shown_made_and_followed(
    aws: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    change_set = proposed(aws, Retention="60")
    assert change_set is not None
    assert [line.split() for line in stacks(aws).changes(change_set)] == [["add", "AWS::SQS::Queue", "Queue"]]
    stack = stacks(aws).run(change_set)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert len(boto3.client("sqs").list_queues()["QueueUrls"]) == 1
    assert "CREATE_COMPLETE" in capsys.readouterr().err


def test_an_update_keeps_the_parameters_that_are_not_given(aws: Any) -> None:
    first = proposed(aws, Retention="60", Name="kept")
    assert first is not None
    stacks(aws).run(first)
    second = stacks(aws).propose({"Retention": "90"}, template="", capabilities=())
    assert second is not None
    stack = stacks(aws).run(second)
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert values == {"Retention": "90", "Name": "kept"}


def test_an_update_keeps_the_archives_from_which_credentials_on_chain_are_read(aws: Any) -> None:
    offer, archive = make_chain_offer(), {"MinaArchives": "https://archive.test/graphql"}
    given = {**chain_parameters(offer, "https://mina.test/graphql"), **archive}
    named = {**dict.fromkeys(given, TEXT), "Retention": {"Type": "Number"}}
    body = json.dumps({**TEMPLATE, "Parameters": named}).encode()
    boto3.client("s3").put_object(Bucket="bucket", Key="t", Body=body)
    first = proposed(aws, Retention="60", **given)
    assert first is not None
    stacks(aws).run(first)
    second = proposed(aws, Retention="90", **chain_parameters(offer, "https://other.test/graphql"))
    assert second is not None
    stack = stacks(aws).run(second)
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert values == {**given, "Retention": "90", "MinaNodes": "https://other.test/graphql"}


@pytest.mark.usefixtures("aws")
def test_a_stack_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="expected nowhere here or in AWS, got none") as caught:
        find_target(tmp_path, "nowhere")
    assert "sealrun deploy" in caught.value.following


def test_the_stack_is_read_from_what_cloudformation_tells() -> None:
    target = target_of(described(), "eu-central-1")
    assert (target.url, target.ledger, target.functions) == (OUTPUTS["Url"], "7", {"health": "s-health"})
    assert (
        target_of(described(PublicUrl="https://sell.example"), "eu-central-1").url == "https://sell.example"
    )
    with pytest.raises(CliError, match="got no KeyArn"):
        target_of({**described(), "Outputs": described()["Outputs"][:2]}, "eu-central-1")


def test_what_deploy_wrote_reads_back(tmp_path: Path) -> None:
    target = target_of(described(), "eu-central-1")
    path = target.save(tmp_path)
    assert find_target(tmp_path, "s") == target
    assert (tmp_path / ".sealrun" / ".gitignore").read_text() == "*\n"
    path.write_text("{}")
    with pytest.raises(CliError, match="expected what `deploy` wrote"):
        find_target(tmp_path, "s")


def test_a9_a_new_oracle_key_stands_beside_the_old_one() -> None:
    once = merged_keys(described(), "B62a", "AAA=")
    assert once == "B62a:AAA="
    assert merged_keys(described(OracleKey=once), "B62b", "BBB=") == "B62a:AAA= B62b:BBB="
    assert merged_keys(described(OracleKey=once), "B62a", "CCC=") == "B62a:CCC="


def test_a_stack_serves_the_new_offer_beside_those_of_before() -> None:
    offer = make_offer()
    assert _identity(None, offer) == {"Offers": offer.id, "Oracles": offer.oracle}
    known = _identity(described(Offers="ab", Oracles=offer.oracle), offer)
    assert known == {"Offers": f"ab,{offer.id}", "Oracles": offer.oracle}


def test_a3_a_stack_takes_no_offer_of_another_ledger() -> None:
    with pytest.raises(CliError, match=r"expected an offer of its ledger 7…, got one of 8…"):
        _check_ledger(described(), {"Ledger": "8"})
    for stack, given in (({}, {"Ledger": "8"}), (described(), {"Ledger": "7"}), (described(), {})):
        _check_ledger(stack, given)
    _check_ledger(described(Ledger="0"), {"Ledger": "8"})


def test_a_stack_holds_one_token_and_a_second_one_only_while_its_offer_replaces_the_first() -> None:
    with pytest.raises(
        CliError, match="expected one offer and at most one that it replaces, got 3"
    ) as caught:
        _identity(described(Offers="ab,cd"), make_offer())
    assert "--stack" in caught.value.following


@pytest.mark.parametrize(
    ("status", "following"),
    [
        ("ROLLBACK_COMPLETE", "nothing was sold with it yet: aws cloudformation delete-stack --stack-name s"),
        (
            "DELETE_FAILED",
            "delete-stack --stack-name s, then deploy again with --parameter LedgerTable=TABLE",
        ),
        ("UPDATE_IN_PROGRESS", "wait until that is over"),
    ],
)
def test_a_stack_that_cannot_be_changed_now_says_what_to_do(status: str, following: str) -> None:
    client = boto3.client("cloudformation", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    stack = {"StackName": "s", "StackStatus": status, "CreationTime": 0}
    with Stubber(client) as stubbed:
        stubbed.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "s"})
        with pytest.raises(CliError, match=f"to be complete, got {status}") as caught:
            stacks(client).propose({}, template="", capabilities=())
    assert following in caught.value.following


def test_the_origins_secret_is_fresh_and_stands_beside_its_digest() -> None:
    one, other = _origin_secret(), _origin_secret()
    assert one["OriginSecret"] != other["OriginSecret"]
    assert {len(value) for value in (*one.values(), *other.values())} == {64}


def test_the_template_is_given_the_capabilities_that_it_needs() -> None:
    assert deploy_aws.CAPABILITIES == package.CAPABILITIES


@pytest.mark.parametrize(
    ("left", "expected"), [(10, {"Concurrency": "Shared"}), (185, {"Concurrency": "Shared"}), (186, {})]
)
def test_an_account_with_too_little_concurrency_shares_it(
    left: int, expected: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = boto3.client("lambda", "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    limit = {"UnreservedConcurrentExecutions": left}
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    with Stubber(client) as stubbed:
        stubbed.add_response("get_account_settings", {"AccountLimit": limit})
        assert _concurrency("eu-central-1", Output(as_json=True)) == expected
    assert bool(expected) == (f"expected 186 to reserve parts of it, got {left}" in capsys.readouterr().err)


def test_packing_that_does_not_end_is_told() -> None:
    with pytest.raises(CliError, match=r"package: expected it done within 0\.001 s, got no end"):
        _packed(["--help"], seconds=0.001)


@pytest.mark.parametrize(
    "name",
    [
        ".sealrun",
        ".sealrun/.gitignore",
        ".sealrun/sealrun.json",
        ".sealrun/sealrun-served",
        ".sealrun/sealrun-served/evidence",
        ".sealrun/sealrun-served/ready.new",
    ],
)
def test_e7_nothing_is_written_through_a_link_that_a_cloned_repository_brings(
    tmp_path: Path, name: str
) -> None:
    outside, clone = tmp_path / "outside", tmp_path / "clone"
    (clone / name).parent.mkdir(parents=True)
    if name in (".sealrun", ".sealrun/sealrun-served", ".sealrun/sealrun-served/evidence"):
        outside.mkdir()
    else:
        outside.write_text("kept")
    (clone / name).symlink_to(outside)
    with pytest.raises(CliError, match="expected a plain file or folder, got a link"):
        target_of(described(), "eu-central-1").save(clone)
    assert list(outside.iterdir()) == [] if outside.is_dir() else outside.read_text() == "kept"


@pytest.mark.parametrize("token", ["a-secret\n", "a-secret\nof mine"])
def test_r11_credentials_that_no_header_can_hold_are_not_repeated(token: str) -> None:
    """As a CI's variable with the end of its line; http.client quotes what it does not send."""
    given: dict[str, Any] = {
        "aws_access_key_id": "A",
        "aws_secret_access_key": "B",
        "aws_session_token": token,
    }
    client = boto3.client("sts", region_name="us-east-1", endpoint_url="http://127.0.0.1:9", **given)
    with pytest.raises(CliError, match="aws: expected an answer, got credentials") as caught, aws_errors("?"):
        client.get_caller_identity()
    assert "secret" not in caught.value.detail


def test_r11_a_proxys_password_is_not_repeated_where_boto_does_not_know_it_for_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With quotes around it, as ``docker run --env-file`` keeps them."""
    monkeypatch.setenv("HTTPS_PROXY", '"http://seller:a-secret word@127.0.0.1:9"')
    given: dict[str, Any] = {"aws_access_key_id": "A", "aws_secret_access_key": "B"}
    client = boto3.client("sts", region_name="us-east-1", **given)
    with pytest.raises(CliError, match=r"proxy.*127\.0\.0\.1:9") as caught, aws_errors("?"):
        client.get_caller_identity()
    assert "secret" not in caught.value.detail


def test_r11_what_a_proxy_says_in_awss_place_is_no_traceback() -> None:
    with LoopbackServer(lambda _: Response("<p>Sign in first", 403), max_body=None) as proxy:
        given: dict[str, Any] = {"aws_access_key_id": "A", "aws_secret_access_key": "B"}
        client = boto3.client("sts", region_name="us-east-1", endpoint_url=proxy.url, **given)
        with (
            pytest.raises(CliError, match="aws: expected an answer of AWS, got something else"),
            aws_errors(),
        ):
            client.get_caller_identity()
