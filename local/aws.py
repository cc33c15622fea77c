"""AWS on loopback: moto's server in a process of its own, with the table, bucket and key of a stack.

``python -m local.aws --port 5000`` serves it alone until the standard input ends. moto keeps everything in
memory. Its DynamoDB is not atomic, so requests to that wait for each other. It does not check signatures,
permissions or S3's SHA-256 checksums.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from local.closing import Child
from local.lambda_runtime.model import REGION
from local.loopback import LoopbackHandler
from sealrun.service.cors import EVIDENCE, MAX_AGE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef

TABLE = "calls"
BUCKET = "sealrun-evidence"


@dataclass(frozen=True)
class Provisioned:
    """The resources in AWS that one stack uses."""

    table: str
    bucket: str
    kms_key: str

    def environment(self, *, aws: Mapping[str, str], invoke_url: str, public_url: str) -> dict[str, str]:
        """The variables that every function of the stack gets."""
        return {
            **aws,
            "AWS_ENDPOINT_URL_LAMBDA": invoke_url,
            "SEALRUN_TABLE": self.table,
            "SEALRUN_EVIDENCE_BUCKET": self.bucket,
            "SEALRUN_KMS_KEY": self.kms_key,
            "SEALRUN_COLLECT_FUNCTION": "collect",
            "SEALRUN_PUBLIC_URL": public_url,
            "SEALRUN_UNSAFE_LOOPBACK": "1",
        }


class AwsServer(Child):
    """moto's server, from construction until ``close``; its contents end with it."""

    def __init__(self, folder: Path, *, port: int = 0) -> None:
        super().__init__("aws", folder, "--port", str(port))

    @property
    def pid(self) -> int:
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """The variables by which boto3 finds this server and no other."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def client(self, service: Any) -> Any:
        """A boto3 client of this server."""
        import boto3  # noqa: PLC0415

        environment = self.environment()
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )


class OneAtATime:
    """moto's application, whose DynamoDB answers one request after the other, as if each were atomic."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application, self._lock = application, Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return self._application(environ, start_response)
        with self._lock:
            return list(self._application(environ, start_response))


def provision(server: AwsServer) -> Provisioned:
    """Create the table, the bucket and the key of one stack."""
    create_table(server.client("dynamodb"))
    _create_bucket(server.client("s3"))
    kms: KMSClient = server.client("kms")
    key = kms.create_key(Description="sealrun: credentials and the oracle's key")["KeyMetadata"]["KeyId"]
    return Provisioned(TABLE, BUCKET, key)


def create_table(dynamodb: "DynamoDBClient") -> None:
    """The table that ``sealrun.adapters.aws.dynamodb`` describes."""
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "wake_shard", "AttributeType": "S"},
            {"AttributeName": "wake_at", "AttributeType": "N"},
            {"AttributeName": "listed_in", "AttributeType": "S"},
            {"AttributeName": "called_by", "AttributeType": "S"},
            {"AttributeName": "claimed_at", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "wake",
                "KeySchema": [
                    {"AttributeName": "wake_shard", "KeyType": "HASH"},
                    {"AttributeName": "wake_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "listed",
                "KeySchema": [
                    {"AttributeName": "listed_in", "KeyType": "HASH"},
                    {"AttributeName": "claimed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "called",
                "KeySchema": [
                    {"AttributeName": "called_by", "KeyType": "HASH"},
                    {"AttributeName": "claimed_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
        ],
    )
    dynamodb.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"}
    )


def _create_bucket(s3: "S3Client") -> None:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": [_cors()]})
    s3.put_public_access_block(
        Bucket=BUCKET,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )


def _cors() -> "CORSRuleTypeDef":
    methods, allowed, exposed = map(list, EVIDENCE)
    return {
        "AllowedOrigins": ["*"],
        "AllowedMethods": methods,
        "AllowedHeaders": allowed,
        "ExposeHeaders": exposed,
        "MaxAgeSeconds": MAX_AGE,
    }


def main(arguments: list[str] | None = None) -> int:
    """Serve until the standard input ends; the first line out is the URL."""
    parser = argparse.ArgumentParser(prog="python -m local.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    options = parser.parse_args(arguments)
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    class Handler(LoopbackHandler, MotoRequestHandler):
        """moto's handler, with connections that stay open as they do at AWS."""

    app = OneAtATime(DomainDispatcherApplication(create_backend_app))
    # If the port is taken, ThreadedMotoServer would wait for ever; this prints an error and exits.
    server = make_server("127.0.0.1", options.port, app, threaded=True, request_handler=Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    with suppress(KeyboardInterrupt):
        sys.stdin.read()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
