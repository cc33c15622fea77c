"""AWS on loopback has what a stack needs, and does what the functions rely on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws import AwsServer, Provisioned, provision

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    with AwsServer(tmp_path_factory.mktemp("aws")) as server:
        yield server


@pytest.fixture(scope="module")
def provisioned(server: AwsServer) -> Provisioned:
    return provision(server)


def test_the_table_has_its_keys_its_indices_and_its_time_to_live(
    server: AwsServer, provisioned: Provisioned
) -> None:
    dynamodb = server.client("dynamodb")
    table = dynamodb.describe_table(TableName=provisioned.table)["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    indices = {each["IndexName"]: each["KeySchema"] for each in table["GlobalSecondaryIndexes"]}
    assert {name: [key["AttributeName"] for key in keys] for name, keys in indices.items()} == {
        "wake": ["wake_shard", "wake_at"],
        "listed": ["listed_in", "claimed_at"],
        "called": ["called_by", "claimed_at"],
    }
    ttl = dynamodb.describe_time_to_live(TableName=provisioned.table)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def test_a_condition_that_does_not_hold_writes_nothing(server: AwsServer, provisioned: Provisioned) -> None:
    item: Any = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    put: Any = {"TableName": provisioned.table, "Item": item}
    dynamodb = server.client("dynamodb")
    dynamodb.put_item(**put, ConditionExpression="attribute_not_exists(pk)")
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        dynamodb.put_item(**put, ConditionExpression="attribute_not_exists(pk)")


def test_the_bucket_keeps_versions_and_is_not_public(server: AwsServer, provisioned: Provisioned) -> None:
    s3 = server.client("s3")
    assert s3.get_bucket_versioning(Bucket=provisioned.bucket)["Status"] == "Enabled"
    block = s3.get_public_access_block(Bucket=provisioned.bucket)["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert len(block) == 4


def test_the_key_decrypts_in_the_context_that_encrypted(server: AwsServer, provisioned: Provisioned) -> None:
    kms = server.client("kms")
    context = {"purpose": "credential"}
    sealed = kms.encrypt(KeyId=provisioned.kms_key, Plaintext=b"token", EncryptionContext=context)
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == b"token"
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"purpose": "oracle"})


def test_the_server_ends_with_its_owner(tmp_path: Path) -> None:
    with AwsServer(tmp_path) as server:
        assert server.client("dynamodb").list_tables()["TableNames"] == []
        pid = server.pid
    assert not Path(f"/proc/{pid}").exists()


def test_a_port_that_is_taken_is_an_error(server: AwsServer, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="aws: expected its url, got ''"):
        AwsServer(tmp_path, port=int(server.url.rpartition(":")[2]))
