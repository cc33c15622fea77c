"""``sealrun deploy`` into ministack, then one call through distribution, functions, table and bucket there.

ministack takes every resource of the templates but ``AWS::Budgets::Budget``; the control plane's nested one,
which wants a transform of its own, is expanded before (``control_stack.py``). It does not do: Object Lock,
origin access control for functions (their URLs are asked with a signature made here), the viewer's address,
IAM (the operator's API wants a signature there and takes any), and arm64, so the layers are packed for the
Python that runs here.
"""

import hashlib
import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

import app as control
from infra.target import NATIVE
from local.gitlab import GitLabServer
from local.market import Market
from mina.keys import PrivateKey
from sealrun.calls.call import SignedCall
from sealrun.encoding.fields import canonical
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from sealrun.receipts.receipt import SignedReceipt
from sealrun.workflows.publish_offer import publish_offer
from sealrun_cli.lib.cloudformation import Stacks
from sealrun_cli.lib.deploy_aws import CAPABILITIES, deploy_to_aws
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.target import Target
from tests.infra.control_stack import passed, put_expanded
from tests.infra.ministack import REGION, Ministack
from tests.infra.templates import PATHS, functions, template
from tests.spine.conftest import PROPERTIES, repository

pytestmark = pytest.mark.peers

NAME = "trial"
NATIVELY = ("--python", NATIVE.python, "--platform", NATIVE.machine)
BUYER = PrivateKey.from_scalar(77)
PATIENCE_SECONDS = 150


@dataclass
class Deployed:
    """A stack in ministack, an offer on it, and the GitLab whose pipeline it sells."""

    aws: Ministack
    target: Target
    gitlab: GitLabServer
    offer: Offer
    oracle: PrivateKey
    outputs: dict[str, str]
    expanded: dict[str, Any]  # the resources of the control plane's stack

    def get(self, path: str) -> httpx.Response:
        """By CloudFront; what it would sign is signed here."""
        name = {"calls": "ReceiptUrl", "accounts": "AccountUrl"}.get(path.split("/")[1])
        place = self.outputs[name].rstrip("/") if name else self.target.url
        return self.aws.send("GET", place + path, signed="lambda" if name else "")

    def post(self, call: SignedCall) -> httpx.Response:
        return self.aws.send("POST", f"{self.target.url}/offers/{self.offer.id}/calls", json=call.body())

    def operate(self, method: str, path: str, *, signed: str = "execute-api", **body: Any) -> httpx.Response:
        """By API Gateway, which ministack serves under its own host's name."""
        place = self.outputs["ControlUrl"].replace(f"{REGION}.amazonaws.com", "127.0.0.1").rstrip("/")
        return self.aws.send(method, place + path, signed=signed, **body)

    def sweep(self) -> None:
        """As the schedule does each minute."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.target.functions["collect"], Payload=b'{"sweep":true}'
        )
        assert "FunctionError" not in answer, answer["Payload"].read()

    def looked(self) -> str:
        """What came of the latest message that the queue of calls to look at handed to a function."""
        found = self.aws.client("lambda").list_event_source_mappings(
            FunctionName=self.target.functions["collect"]
        )
        [queue] = found["EventSourceMappings"]
        return str(queue["LastProcessingResult"])

    def ended(self, call: str) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_SECONDS
        while (seen := self.get(f"/calls/{call}").json())["receipt"] is None and time.monotonic() < end:
            time.sleep(1)
            self.sweep()
        return cast("dict[str, Any]", seen)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder, oracle = tmp_path_factory.mktemp("deployed"), PrivateKey.from_scalar(secrets.randbits(250) | 1)
    commit = repository(folder / "seller")
    with (
        GitLabServer(folder / "gitlab") as gitlab,
        Ministack(folder) as aws,
        pytest.MonkeyPatch.context() as patch,
    ):
        offer, token = Market(cast("Any", SimpleNamespace()), gitlab, oracle).offer_pipeline(
            "seller/greetings", folder / "seller", tag="v1", commit=commit, properties=PROPERTIES
        )
        for name, value in aws.environment().items():
            patch.setenv(name, value)
        expanded = put_expanded(aws, folder / "control")
        target = deploy(offer, oracle)
        publish_offer(
            offer,
            token=token.value,
            webhook_secret="whsec_" + secrets.token_hex(16),
            ledger=target.offers,
            keys=target.keys,
            entropy=secrets.token_bytes,
        )
        let_call_loopback(aws, target)
        [stack] = aws.client("cloudformation").describe_stacks(StackName=NAME)["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        yield Deployed(aws, target, gitlab, offer, oracle, outputs, expanded)


def deploy(offer: Offer, oracle: PrivateKey, *, name: str = NAME, **parameters: str) -> Target:
    """As `sealrun deploy` does."""
    given = {"AlarmEmail": "operator@example.org", **parameters}
    return deploy_to_aws(
        name, offer, oracle, given, Output(as_json=True), bucket="", yes=True, packing=NATIVELY
    )


def let_call_loopback(aws: Ministack, target: Target) -> None:
    """The one thing that the template never says: the provider here is on loopback."""
    client = aws.client("lambda")
    for name in target.functions.values():
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        more = {"Variables": {**variables, "SEALRUN_UNSAFE_LOOPBACK": "1"}}
        client.update_function_configuration(FunctionName=name, Environment=more)


def signed(offer: Offer) -> SignedCall:
    return sign_call(
        BUYER,
        offer,
        inputs={"greeting": "hello"},
        salt=secrets.token_hex(32),
        nonce=secrets.randbits(128),
        expires_at=int(time.time()) + 600,
    )


def test_every_resource_of_the_templates_is_there(deployed: Deployed) -> None:
    client = deployed.aws.client("cloudformation")
    stacks = [each["StackName"] for each in client.list_stacks()["StackSummaries"]]
    resources = [
        each for name in stacks for each in client.describe_stack_resources(StackName=name)["StackResources"]
    ]
    assert {each["ResourceStatus"] for each in resources} <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    got = Counter(each["ResourceType"] for each in resources)
    wanted = Counter(
        each["Type"].replace("Serverless::Function", "Lambda::Function")
        for path in PATHS
        for each in template(path.name)["Resources"].values()
    )
    # A budget is made only where one is asked for.
    del wanted["AWS::Budgets::Budget"]
    wanted["AWS::Lambda::LayerVersion"] = wanted.pop("AWS::Serverless::LayerVersion")
    wanted["AWS::Lambda::EventSourceMapping"] = 1  # an event of collect's
    control_plane = Counter(each["Type"] for each in deployed.expanded.values())
    assert got == wanted + Counter(made_of_functions()) + control_plane


def made_of_functions() -> Iterator[str]:
    """What the transform makes of a function besides: a URL for all to call needs two rights."""
    for each in functions().values():
        if "FunctionUrlConfig" in each:
            yield "AWS::Lambda::Url"
            if each["FunctionUrlConfig"]["AuthType"] == "NONE":
                yield from ("AWS::Lambda::Permission", "AWS::Lambda::Permission")
        if "Events" in each:
            yield from ("AWS::Scheduler::Schedule", "AWS::Lambda::EventInvokeConfig")


def test_the_distribution_shows_the_offer_and_nobody_gets_past_it(deployed: Deployed) -> None:
    shown = deployed.get(f"/offers/{deployed.offer.id}")
    assert (shown.status_code, shown.json()["offer"]) == (200, deployed.offer.id)
    path = f"/offers/{deployed.offer.id}"
    assert deployed.aws.send("GET", deployed.outputs["CallUrl"].rstrip("/") + path).status_code == 403
    unsigned = deployed.outputs["ReceiptUrl"].rstrip("/") + f"/calls/{deployed.offer.id}"
    assert deployed.aws.send("GET", unsigned).status_code == 403


def test_a_call_through_the_deployed_functions_ends_with_a_receipt(deployed: Deployed) -> None:
    call = signed(deployed.offer)
    answer = deployed.post(call)
    assert answer.status_code == 202, answer.text
    assert answer.json()["url"] == f"{deployed.target.url}/calls/{call.call.id}"
    seen = deployed.ended(call.call.id)
    assert seen["state"] == "succeeded", seen
    assert SignedReceipt.parse(seen["receipt"]).holds()
    # The sweep looks at nothing itself: what it finds due goes through the queue.
    assert deployed.looked() == "OK - 1 records"
    stored = deployed.aws.client("s3").list_objects_v2(Bucket=deployed.outputs["Bucket"])["Contents"]
    assert all(each["Key"].startswith("sha256/") for each in stored)


def test_the_control_planes_stack_gets_what_its_declaration_passes_and_no_key(deployed: Deployed) -> None:
    aws, table = deployed.aws, deployed.outputs["Table"]
    client = aws.client("cloudformation")
    nested = client.describe_stack_resource(StackName=NAME, LogicalResourceId="Control")
    name = nested["StackResourceDetail"]["PhysicalResourceId"]
    [stack] = client.describe_stacks(StackName=name)["Stacks"]
    got = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    archive = aws.client("s3").get_object(Bucket=got["CodeBucket"], Key=got["CodeKey"])["Body"].read()
    assert got["CodeKey"] == f"sealrun/{hashlib.sha256(archive).hexdigest()}.zip"
    packed = {"CodeBucket": got["CodeBucket"], "CodeKey": got["CodeKey"]}
    assert got == {**passed(aws, NAME, [deployed.offer.id], table), **packed}
    function = aws.client("lambda").get_function_configuration(FunctionName=f"{NAME}-control")
    assert function["Environment"]["Variables"] == {
        "SEALRUN_TABLE": table,
        "SEALRUN_OFFERS": deployed.offer.id,
    }
    assert [each["Arn"] for each in function["Layers"]] == got["Layers"].split(",")


def test_no_route_of_the_deployed_control_plane_answers_without_a_signature(deployed: Deployed) -> None:
    """API Gateway says the same of a route that is not there, so each is asked with a signature too."""
    routes = [
        (method, re.sub(r"{\w+}", "x", path))
        for path, methods in control.app.routes.items()
        for method in methods
    ]
    refused = [deployed.operate(*each, signed="").json() for each in routes]
    assert refused == [{"message": "Missing Authentication Token"}] * 11
    assert 403 not in {deployed.operate(*each).status_code for each in routes}


def test_l8_l6_the_deployed_control_plane_pauses_resumes_and_bounds_a_buyer(deployed: Deployed) -> None:
    call, offer = signed(deployed.offer), f"/offers/{deployed.offer.id}"
    [before] = deployed.operate("GET", "/offers").json()["offers"]
    assert (before["offer"], before["open"]) == (deployed.offer.id, True)
    assert deployed.operate("PUT", f"{offer}/pause", json={"reason": "moving house"}).json()["open"] is False
    refused = deployed.post(call)
    assert (refused.status_code, "moving house" in refused.text) == (503, True), refused.text
    assert deployed.get(offer).json()["open"] is False
    assert deployed.operate("DELETE", f"{offer}/pause").json()["open"] is True
    quota = f"{offer}/quotas/{BUYER.public_key().to_base58()}"
    assert deployed.operate("PUT", quota, json={"per_hour": 0}).status_code == 200
    assert deployed.post(call).status_code == 429
    assert deployed.operate("DELETE", quota).json()["quotas"] == {}
    assert deployed.post(call).status_code == 202
    assert deployed.operate("GET", f"/calls/{call.call.id}").json()["offer"] == deployed.offer.id
    assert call.call.id in {each["call"] for each in deployed.operate("GET", "/calls").json()["calls"]}
    assert deployed.operate("GET", "/late").json() == {"late": []}
    assert deployed.operate("GET", "/accounts").json()["accounts"] == []


def test_a9_the_second_pass_gave_the_functions_the_oracles_key_as_kms_closed_it(deployed: Deployed) -> None:
    assert list(deployed.target.oracle_keys()) == [deployed.offer.oracle]


def test_a3_a_second_stack_of_the_same_terms_shares_the_table_and_takes_its_own_offers_only(
    deployed: Deployed,
) -> None:
    other = Offer.parse(canonical({**json.loads(deployed.offer.document), "title": "Sold by another stack"}))
    shared = {"LedgerTable": deployed.outputs["Table"], "KeyArn": deployed.outputs["KeyArn"]}
    second = deploy(other, deployed.oracle, name="second", **shared)
    assert (second.table, second.kms_key) == (deployed.target.table, deployed.target.kms_key)
    client = deployed.aws.client("lambda")
    told = {
        function: client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        for function in (deployed.target.functions["collect"], second.functions["collect"])
    }
    assert {each["SEALRUN_TABLE"] for each in told.values()} == {deployed.target.table}
    assert [each["SEALRUN_OFFERS"] for each in told.values()] == [deployed.offer.id, other.id]
    schedules = deployed.aws.client("scheduler").list_schedules()["Schedules"]
    assert len({each["Name"] for each in schedules}) == 4


def test_a_deployment_that_ended_between_its_two_passes_is_completed_by_the_next(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    stacks = Stacks(deployed.aws.client("cloudformation"), NAME, Output(as_json=True), poll_seconds=0.2)
    change_set = stacks.propose({"OracleKey": "", "PublicUrl": ""}, template="", capabilities=CAPABILITIES)
    assert change_set is not None
    stacks.run(change_set)
    assert deployed.target.oracle_keys() == {}
    capsys.readouterr()
    assert deploy(deployed.offer, deployed.oracle).url == deployed.target.url
    assert list(deployed.target.oracle_keys()) == [deployed.offer.oracle]
    # The first pass, the same template with the same parameters, changed nothing.
    assert len(re.findall(rf"^UPDATE_COMPLETE +{NAME}$", capsys.readouterr().err, re.MULTILINE)) == 1
