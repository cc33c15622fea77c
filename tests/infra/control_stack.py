"""The control plane's nested template in a form that ministack takes, and what its declaration passes to it.

ministack applies ``AWS::Serverless`` to the template of a request, not to a nested one ("Unsupported resource
type: AWS::Serverless::Function"). So AWS's own translator, the one that ministack calls, is run here before.
What it makes lies in the packages' bucket under the key of what it was made of; ``sealrun deploy`` leaves an
object that is there alone. The archive and the declaration in ``template.yaml`` are those that AWS gets.
"""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

from infra.control_package import package
from sealrun_cli.lib.deploy_aws import _bucket_name, _make_bucket
from tests.infra.ministack import REGION, Ministack, install
from tests.infra.templates import resolved, template

EXPAND = """
import json, sys
from types import SimpleNamespace
from samtranslator.translator.transform import transform
print(json.dumps(transform(json.load(sys.stdin), {}, SimpleNamespace(load=dict))))
"""


def put_expanded(aws: Ministack, folder: Path) -> dict[str, Any]:
    """Put it where the deployment looks for the packed one, in the environment's AWS; its resources."""
    packed, _ = package(folder)
    program: list[str | Path] = [install("ministack") / "python", "-c", EXPAND]
    done = subprocess.run(
        program,
        input=packed.read_bytes(),
        env={"AWS_DEFAULT_REGION": REGION},
        check=True,
        capture_output=True,
    )
    s3, bucket = aws.client("s3"), _bucket_name(REGION)
    _make_bucket(s3, bucket, REGION)
    key = f"sealrun/{hashlib.sha256(packed.read_bytes()).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=done.stdout)
    return dict(json.loads(done.stdout)["Resources"])


def passed(aws: Ministack, name: str, offers: list[str], table: str) -> dict[str, str]:
    """The parameters as ``template.yaml`` declares them, of what the services themselves say."""
    given = {
        "AWS::StackName": name,
        "Offers": offers,
        "LogRetentionDays": str(template("template.yaml")["Parameters"]["LogRetentionDays"]["Default"]),
        "Data.Outputs.Table": table,
        "Data.Outputs.TableArn": aws.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"],
        **{
            f"{layer.title()}Layer": layer_arn(aws, f"{name}-{layer}")
            for layer in ("deps", "mina", "sealrun")
        },
    }
    declared = template("template.yaml")["Resources"]["Control"]["Properties"]["Parameters"]
    return dict(resolved(declared, given))


def layer_arn(aws: Ministack, name: str) -> str:
    """Of its newest version."""
    versions = aws.client("lambda").list_layer_versions(LayerName=name)["LayerVersions"]
    return str(versions[0]["LayerVersionArn"])
