"""What the templates promise: rights, secrets, limits, and that they fit the code."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn  # type: ignore[import-untyped]
from cfnlint.runner import Runner  # type: ignore[import-untyped]

from infra.package import LOCAL
from local.aws import create_table
from local.stack import ROUTES
from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.composition.settings import Settings
from sealrun.service.browsers import VARY
from sealrun_cli.commands import cost
from sealrun_cli.lib import deploy_aws
from tests.infra.templates import PATHS, ROOT, actions, functions, of_type, roles, template, walk
from tests.sealrun.gateway import ENVIRONMENT

# Functions that open an offer's credential; those that hold the oracle's key.
STARTERS, SIGNERS = {"call", "collect", "health", "mcp", "once"}, {"account", "collect"}
# Only requests wake these, and a request has somebody who waits for the answer.
ASKED = {"call", "mcp", "once", "receipt", "account", "webhook"}
# What may stand under ``*``, and why.
EVERYTHING = {
    "Trace": "X-Ray names no resources",
    "Account": "in a key's own policy it is this key",
    "ContextAlways": "forbids, in the key's own policy",
    "ContextNamesWhatFor": "forbids, in the key's own policy",
}
# Only a stack on one machine may have it.
NEVER_SET = {"SEALRUN_UNSAFE_LOOPBACK"}


def statements() -> Iterator[dict[str, Any]]:
    for path in PATHS:
        for _, value in walk(template(path.name)):
            if isinstance(value, dict) and "Effect" in value and "Action" in value:
                yield value


def test_cfn_lint_finds_nothing_in_any_template() -> None:
    config = ConfigMixIn(["--", *map(str, PATHS)])
    assert [str(match) for match in Runner(config).run()] == []


def test_no_statement_names_every_action_or_without_a_reason_every_resource() -> None:
    assert len(list(statements())) > 40
    for each in statements():
        assert not any("*" in action for action in actions(each))
        if each.get("Resource") == "*":
            assert each["Sid"] in EVERYTHING


def test_every_function_has_a_role_a_log_and_limits_of_its_own() -> None:
    found = functions()
    for name, each in found.items():
        attribute = name.replace("_", " ").title().replace(" ", "")
        assert each["Role"] == {"Fn::GetAtt": ["Access", f"Outputs.{attribute}Role"]}
        log = {"Fn::GetAtt": ["Access", f"Outputs.{attribute}Log"]}
        assert each["LoggingConfig"] == {"LogGroup": log, "LogFormat": "JSON", "SystemLogLevel": "WARN"}
        assert each["ReservedConcurrentExecutions"]["Fn::If"][0] == "Reserved"
        assert (each["Runtime"], each["Architectures"]) == ("python3.13", ["arm64"])
        assert each["Timeout"] <= 900
    assert len({str(each["Role"]) for each in found.values()}) == len(found)
    for log in of_type("AWS::Logs::LogGroup", "access.yaml").values():
        assert log["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_e6_anybody_sees_the_largest_evidence_before_its_function_is_stopped() -> None:
    """A look at the shown tokens of 1,000 jobs takes 2.7 s of a processor: 9 s and more of a third of one."""
    config = of_type("AWS::CloudFront::Distribution", "edge.yaml")["Distribution"]["DistributionConfig"]
    waits = {each["Id"]: each.get("CustomOriginConfig", {}) for each in config["Origins"]}
    found = functions()
    for name in ("account", "call", "mcp", "once", "receipt"):
        assert 30 <= found[name]["Timeout"] < waits[name].get("OriginReadTimeout", 30), name


def test_every_event_that_nobody_waits_for_ends_in_the_dead_letters() -> None:
    letters = {"Fn::GetAtt": ["Data", "Outputs.DeadLettersArn"]}
    for name, each in functions().items():
        if name in ASKED:
            assert "Events" not in each
            continue
        assert each["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == letters
        for event in each["Events"].values():
            if event["Type"] != "SQS":  # whose calls are due at the next sweep as well
                assert event["Properties"]["DeadLetterConfig"]["Arn"] == letters


def test_the_functions_are_those_of_the_repository_and_of_the_local_stack() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    folders.remove("edge_gate")  # Lambda@Edge is deployed to us-east-1, wherever the stack is
    assert set(functions()) == folders == set(ROUTES)
    assert roles().keys() == folders | {"scheduler"}
    files = {match["file"] for match in LOCAL.finditer((ROOT / "template.yaml").read_text())}
    assert files >= {f"infra/{path.name}" for path in PATHS[1:]} | {f"functions/{name}" for name in folders}


class Recorder(dict[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self) -> None:
        super().__init__(ENVIRONMENT)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def test_the_environment_that_is_set_is_the_environment_that_is_read() -> None:
    recorder = Recorder()
    Settings.read(recorder)
    found = functions()
    assert {name for each in found.values() for name in each["environment"]} == recorder.asked - NEVER_SET
    shared = set(template("template.yaml")["Globals"]["Function"]["Environment"]["Variables"])
    assert shared >= {f"SEALRUN_{name}" for name in ("TABLE", "EVIDENCE_BUCKET", "KMS_KEY", "PUBLIC_URL")}


def test_no_parameter_brings_a_secret_with_it() -> None:
    for path in PATHS:
        for name, parameter in template(path.name)["Parameters"].items():
            if re.search("secret$|token|password|oraclekey", name.lower()):
                assert parameter.get("Default", "") == ""
            if name == "OriginSecret":
                assert parameter["NoEcho"] is True
    texts = "".join(path.read_text() for path in PATHS)
    assert not re.search(r"glpat-|ghp_|EKE[1-9A-Za-z]{49}|AKIA[0-9A-Z]{16}", texts)


def kms(name: str) -> list[dict[str, Any]]:
    return [each for each in roles()[name] if "kms:Decrypt" in actions(each)]


def test_r1_keys_open_under_the_context_of_the_stacks_own_offers_only() -> None:
    for name in roles():
        for each in kms(name):
            equals = each["Condition"]["StringEquals"]
            purpose = equals["kms:EncryptionContext:purpose"]
            if purpose == "sealrun:pinning":
                assert (name, set(equals)) == ("collect", {"kms:EncryptionContext:purpose"})
            else:
                bound = "Oracles" if purpose == "sealrun:oracle" else "Offers"
                assert equals["kms:EncryptionContext:bound_to"] == {"Ref": bound}
            assert each["Condition"]["ForAllValues:StringEquals"] == {
                "kms:EncryptionContextKeys": ["purpose", "bound_to"]
            }
            assert each["Condition"]["Null"] == {"kms:EncryptionContextKeys": "false"}
            assert (each["Resource"], actions(each)) == ({"Ref": "KeyArn"}, ["kms:Decrypt"])
    forbidden = [each for each in statements() if each["Effect"] == "Deny" and "kms:Decrypt" in actions(each)]
    assert [next(iter(each["Condition"]["Null"])) for each in forbidden] == [
        "kms:EncryptionContext:purpose",
        "kms:EncryptionContext:bound_to",
    ]


def test_r1_only_what_starts_and_reads_runs_opens_the_token() -> None:
    opens = {
        name
        for name in roles()
        for each in kms(name)
        if each["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"] == "sealrun:credential"
    }
    assert opens == STARTERS


def test_a9_only_what_signs_opens_the_oracles_key_and_holds_its_ciphertext() -> None:
    opens = {
        name
        for name in roles()
        for each in kms(name)
        if each["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"] == "sealrun:oracle"
    }
    holds = {name for name, each in functions().items() if "SEALRUN_ORACLE_KEY" in each["environment"]}
    assert opens == holds == SIGNERS
    # A new key serves beside the old one, which signs dues until its accounts are settled.
    assert template("template.yaml")["Parameters"]["Oracles"]["Type"] == "CommaDelimitedList"


def test_a3_the_stacks_of_one_set_of_terms_share_one_table() -> None:
    data = template("data.yaml")
    assert data["Conditions"]["OwnTable"] == {"Fn::Equals": [{"Ref": "LedgerTable"}, ""]}
    tables = {key: each for key, each in data["Resources"].items() if "DynamoDB" in each["Type"]}
    assert [(key, each["Condition"]) for key, each in tables.items()] == [("Ledger", "OwnTable")]
    assert [path.name for path in PATHS if "AWS::DynamoDB" in path.read_text()] == ["data.yaml"]
    own = data["Outputs"]["Table"]["Value"]["Fn::If"]
    assert own == ["OwnTable", {"Ref": "Ledger"}, {"Ref": "LedgerTable"}]
    assert all(
        each["environment"]["SEALRUN_TABLE"] == {"Fn::GetAtt": ["Data", "Outputs.Table"]}
        for each in functions().values()
    )


def test_a3_a_stack_takes_steps_for_its_own_offers_only() -> None:
    for name, each in functions().items():
        assert ("SEALRUN_OFFERS" in each["environment"]) == (name in STARTERS | {"webhook"})
    for name, found in roles().items():
        for each in found:
            keys = each.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
            changes = {"dynamodb:UpdateItem", "dynamodb:PutItem"} & set(actions(each))
            if isinstance(keys, list) and changes:
                assert not any(key.startswith(("offer", "unfinished")) for key in keys), name


def test_every_right_in_the_table_names_its_keys() -> None:
    for found in roles().values():
        for each in found:
            if any(action.startswith("dynamodb:") for action in actions(each)):
                named = {key for how in each["Condition"].values() for key in how}
                assert each["Condition"]["Null"] == dict.fromkeys(named, "false")
                assert each["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]


def test_every_right_in_the_table_begins_as_the_tables_keys_do() -> None:
    policy = (ROOT / "infra" / "control" / ".chalice" / "policy.json").read_text()
    text = (ROOT / "infra" / "access.yaml").read_text() + policy
    named = set(re.findall(r"[\"',]([a-z]+)#", text))
    assert named <= keys.KINDS | keys.INDEXED
    assert {"offer", "call", "account"} | keys.INDEXED <= named


def test_the_keys_of_the_table_stand_in_one_file() -> None:
    """The ledger in SQL is another store, which names its counters itself."""
    begins = re.compile(rf"""["']({"|".join(keys.KINDS | keys.INDEXED)})#""")
    folders = ("layers", "functions", "infra", "cli", "local")
    found = {
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if begins.search(path.read_text())
    }
    assert {
        path.relative_to(ROOT).as_posix() for path in found if not {"node_modules", "sql"} & set(path.parts)
    } == {"layers/sealrun/src/sealrun/adapters/aws/dynamodb_keys.py"}


def test_the_tables_indices_are_those_that_are_asked() -> None:
    ledger = template("data.yaml")["Resources"]["Ledger"]["Properties"]
    assert [each["AttributeName"] for each in ledger["KeySchema"]] == list(keys.KEY)
    indices = {
        index["IndexName"]: tuple(each["AttributeName"] for each in index["KeySchema"])
        for index in ledger["GlobalSecondaryIndexes"]
    }
    assert indices == {
        keys.WAKE_INDEX: keys.WAKE_KEY,
        keys.LIST_INDEX: keys.LIST_KEY,
        keys.CALLED_INDEX: keys.CALLED_KEY,
    }


def test_r5_and_l1_nobody_deletes_evidence_or_what_is_owed() -> None:
    granted = {action for each in statements() if each["Effect"] == "Allow" for action in actions(each)}
    assert not {action for action in granted if re.search("s3:(Delete|Bypass)|dynamodb:Delete", action)}
    data = template("data.yaml")["Resources"]
    ledger, bucket = data["Ledger"]["Properties"], data["Evidence"]["Properties"]
    assert ledger["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert ledger["DeletionProtectionEnabled"] is True
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    for kept in ("Ledger", "Evidence", "Key"):
        assert data[kept]["DeletionPolicy"] == data[kept]["UpdateReplacePolicy"] == "Retain"


def test_a_page_of_any_origin_may_read_evidence_and_may_change_none() -> None:
    bucket = template("data.yaml")["Resources"]["Evidence"]["Properties"]
    [rule] = bucket["CorsConfiguration"]["CorsRules"]
    assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["*"], ["GET", "HEAD"])
    assert {"content-disposition", "content-range", "etag"} <= set(rule["ExposedHeaders"])
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, "the URL is the right to read"


def test_the_table_is_the_one_that_the_tests_run_against() -> None:
    asked: dict[str, Any] = {}

    class Client:
        def create_table(self, **request: Any) -> None:
            asked.update(request)

        def update_time_to_live(self, **request: Any) -> None:
            asked.update(request)

    create_table(Client())  # type: ignore[arg-type]
    ledger = template("data.yaml")["Resources"]["Ledger"]["Properties"]
    del asked["TableName"]
    assert {name: ledger[name] for name in asked} == asked


def test_l9_what_functions_are_sent_to_is_https() -> None:
    kinds = {"PinServices": "kubo:"}
    for name in ("MinaNodes", "MinaArchives", "ArtifactOrigins", "PinServices", "PublicUrl"):
        pattern, kind = template("template.yaml")["Parameters"][name]["AllowedPattern"], kinds.get(name, "")
        assert re.fullmatch(pattern, f"{kind}https://a.example")
        assert not re.fullmatch(pattern, f"{kind}http://169.254.169.254")


def test_an_origin_with_a_path_is_refused_before_it_is_deployed() -> None:
    """The functions could open no provider: offers were suspended, and their calls waited."""
    pattern = template("template.yaml")["Parameters"]["ArtifactOrigins"]["AllowedPattern"]
    assert re.fullmatch(pattern, "https://a.example:8443 https://b.example")
    for text in ("https://a.example/", "https://a.example/files", "https://a.example https://b.example/"):
        assert not re.fullmatch(pattern, text)


def test_a_private_host_with_a_port_or_a_scheme_is_refused_before_it_is_deployed() -> None:
    pattern = template("template.yaml")["Parameters"]["PrivateHosts"]["AllowedPattern"]
    for text in ("", "ci.corp", "CI.corp. 10.0.0.1 [fd00::1]"):
        assert re.fullmatch(pattern, text)
    for text in ("ci.corp:8443", "https://ci.corp", "ci.corp/gitlab", "a.corp,b.corp", "ci.corp "):
        assert not re.fullmatch(pattern, text)


def test_a_url_that_anybody_may_call_is_one_that_asks_for_the_origins_secret() -> None:
    public = {
        name
        for name, each in functions().items()
        if each.get("FunctionUrlConfig", {}).get("AuthType") == "NONE"
    }
    asks = {
        name for name, each in functions().items() if "SEALRUN_ORIGIN_SECRET_DIGESTS" in each["environment"]
    }
    assert public == asks == {"call", "collect", "mcp", "once", "webhook"}
    for name in public:
        assert "digests=settings.origin_digests" in (ROOT / "functions" / name / "handler.py").read_text()
    origins = of_type("AWS::CloudFront::Distribution", "edge.yaml")["Distribution"]["DistributionConfig"][
        "Origins"
    ]
    shown = {each["Id"] for each in origins if "OriginCustomHeaders" in each}
    signed = {each["Id"] for each in origins if "OriginAccessControlId" in each}
    assert (shown, signed) == (public, {"receipt", "account", "page"})


def test_the_distribution_forwards_what_the_functions_read_and_writes_the_viewers_address() -> None:
    policies = of_type("AWS::CloudFront::OriginRequestPolicy", "edge.yaml")
    for name in ("call", "mcp", "once", "receipt", "account"):
        policy = policies["ForwardedMcp" if name == "mcp" else "Forwarded"]["OriginRequestPolicyConfig"]
        headers = policy["HeadersConfig"]["Headers"]
        assert len(headers) <= 10
        assert functions()["call"]["environment"]["SEALRUN_VIEWER_HEADER"] in headers
        cors = functions()[name]["FunctionUrlConfig"]["Cors"]
        assert set(cors["AllowHeaders"]) - {"content-type"} <= set(headers)
        read = re.findall(r'"(sealrun-[a-z-]+)"', (ROOT / "functions" / name / "handler.py").read_text())
        assert set(read) <= set(headers)


def test_the_distribution_leads_every_route_to_its_function() -> None:
    config = of_type("AWS::CloudFront::Distribution", "edge.yaml")["Distribution"]["DistributionConfig"]
    patterns = [
        (each["PathPattern"].rstrip("*"), each["TargetOriginId"]) for each in config["CacheBehaviors"]
    ]
    for name, routes in ROUTES.items():
        for route in routes:
            path = route.split(" ")[1]
            fits = [target for prefix, target in patterns if path.startswith(prefix)]
            assert (fits or [config["DefaultCacheBehavior"]["TargetOriginId"]])[0] == name


def test_the_distribution_keeps_no_error_for_whoever_asks_next() -> None:
    """CloudFront keeps these for ten seconds by itself, whatever the cache policy says.

    It tells apart neither queries, headers, GET nor HEAD. ``sealrun child`` asks for its call before it buys
    it, and would be told afterwards that there is no such call; anybody's HEAD would answer a buyer's GET.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html
    """
    kept = {404, 405, 414, 500, 501, 502, 503, 504}
    config = of_type("AWS::CloudFront::Distribution", "edge.yaml")["Distribution"]["DistributionConfig"]
    found = {each["ErrorCode"]: each for each in config.get("CustomErrorResponses", [])}
    assert found == {code: {"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in kept}


def test_tracing_is_off_unless_it_is_asked_for() -> None:
    assert template("template.yaml")["Parameters"]["Tracing"]["Default"] == "PassThrough"


def widgets() -> list[dict[str, Any]]:
    body = of_type("AWS::CloudWatch::Dashboard", "watch.yaml")["Dashboard"]["DashboardBody"]["Fn::Sub"]
    return list(json.loads(body)["widgets"])


def test_what_alarms_and_dashboard_watch_is_what_the_functions_write() -> None:
    sources = "".join(path.read_text() for path in Path(ROOT / "functions").glob("*/handler.py"))
    sources += (ROOT / "layers/sealrun/src/sealrun/adapters/aws/function_url.py").read_text()
    written = set(re.findall(r'meter\.(?:count|milliseconds)\(\s*"([A-Za-z]+)"', sources))
    alarms = of_type("AWS::CloudWatch::Alarm", "watch.yaml").values()
    own = {each["MetricName"] for each in alarms if "Fn::Sub" in str(each["Namespace"])}
    shown = set(
        re.findall(r"Calls|Refused|TriggerLatency|RunsWaiting|ReceiptsLate|OffersUnavailable", str(widgets()))
    )
    assert own | shown == written
    assert own == {"ReceiptsLate", "OffersUnavailable", "TriggerLatency"}


def test_the_dashboards_cost_has_the_memory_and_the_prices_of_the_cost_command() -> None:
    expressions = [
        str(part) for widget in widgets() for part in re.findall(r"'expression': '([^']+)'", str(widget))
    ]
    lambda_, dynamodb = [each for each in expressions if "SEARCH" not in each]
    each = {name: price["each"] for name, price in cost.prices()["prices"].items()}
    assert lambda_ == (
        f"(SUM([d1,d2,d3,d4,d6,d8])*{cost.MEMORY_GB:g}+d5*{cost.COLLECT_GB:g}+d7*{cost.WEBHOOK_GB:g})/1000"
        f"*{each['lambda_gb_second']:.10f}+SUM([i1,i2,i3,i4,i5,i6,i7,i8])*{each['lambda_request']:.7f}"
    )
    for name in functions():
        assert str(widgets()).count(f"${{Name}}-{name}'") == 3, (
            "errors, duration and invocations of each function"
        )
    assert dynamodb == f"w*{each['dynamodb_write']:.9f}+r*{each['dynamodb_read']:.9f}"


def test_alarms_schedules_and_memory_are_those_that_the_cost_command_counts() -> None:
    assert len(of_type("AWS::CloudWatch::Alarm", "watch.yaml")) == cost.ALARMS
    assert len(of_type("AWS::CloudWatch::Dashboard", "watch.yaml")) == 1
    found = functions()
    memory = {name: each["MemorySize"] / 1024 for name, each in found.items()}
    assert (memory.pop("collect"), memory.pop("webhook")) == (cost.COLLECT_GB, cost.WEBHOOK_GB)
    assert set(memory.values()) == {cost.MEMORY_GB}
    events = {name: each["Events"] for name, each in found.items() if "Events" in each}
    rates = {
        name: event["Properties"]["ScheduleExpression"]
        for name, each in events.items()
        for event in each.values()
        if event["Type"] == "ScheduleV2"
    }
    assert rates == {"collect": "rate(1 minute)", "health": "rate(5 minutes)"}
    assert (cost.SWEEPS, cost.CHECKS) == (30 * 24 * 60, 30 * 24 * 60 / 5)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_no_template_is_larger_than_cloudformation_takes(path: Path) -> None:
    assert path.stat().st_size < 1_000_000


def test_the_page_about_aws_names_parameters_and_a_quota_that_are_so() -> None:
    page = (ROOT / "docs" / "guides" / "operator-aws.md").read_text()
    named = set(re.findall(r"--parameter ([A-Za-z]+)=", page))
    assert len(named) > 5
    assert named <= template("template.yaml")["Parameters"].keys()
    reserved = sum(each["ReservedConcurrentExecutions"]["Fn::If"][1] for each in functions().values())
    assert reserved == deploy_aws.RESERVED
    assert f"is at least {reserved + deploy_aws.UNRESERVED} |" in page


def test_the_pages_files_are_read_by_the_distribution_alone_and_stand_before_every_function() -> None:
    edge = template("edge.yaml")["Resources"]
    assert set(edge["PageBucket"]["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    [statement] = edge["PagePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "distribution/${Distribution}" in str(statement["Condition"]["StringEquals"]["aws:SourceArn"])
    config = edge["Distribution"]["Properties"]["DistributionConfig"]
    files = [each for each in config["CacheBehaviors"] if each["TargetOriginId"] == "page"]
    assert [each["PathPattern"] for each in files] == ["/index.html", "/app-*"]
    assert all(each["AllowedMethods"] == ["GET", "HEAD"] for each in files)
    assert re.fullmatch(
        template("template.yaml")["Parameters"]["BuyersPage"]["AllowedPattern"], "/index.html"
    )


def test_previews_and_browsers_are_told_apart_by_headers_that_the_distribution_forwards() -> None:
    policy = of_type("AWS::CloudFront::OriginRequestPolicy", "edge.yaml")["Forwarded"]
    headers = policy["OriginRequestPolicyConfig"]["HeadersConfig"]["Headers"]
    assert {name.strip().lower() for name in VARY["Vary"].split(",")} <= set(headers)
