"""What the edge lets through, what it refuses, and that its package needs nothing that an edge has not."""

import base64
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cfnlint.config import ConfigMixIn  # type: ignore[import-untyped]
from cfnlint.decode import decode  # type: ignore[import-untyped]
from cfnlint.runner import Runner  # type: ignore[import-untyped]

from infra import edge_package
from infra.layers import ROOT
from infra.target import NATIVE
from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.calls.edge_gate import MAX_SOURCES, REQUESTS_PER_MINUTE, Gate, refusal
from sealrun.calls.ticket import MAX_REDEMPTION_BYTES
from sealrun.calls.ticket_url import Ticket
from sealrun.errors import (
    Expired,
    Malformed,
    NotAllowed,
    NotFound,
    Refused,
    SealrunError,
    TooMany,
    WrongMethod,
)
from sealrun.service.problems import problem
from tests.infra.edge_events import event, redemption, ticket
from tests.infra.templates import of_type
from tests.sealrun.world import BUYER

NOW = 1_800_000_000
STRANGER = PrivateKey.from_scalar(99)
KNOWN = frozenset({BUYER.public_key().to_base58()})


def request(found: dict[str, Any]) -> dict[str, Any]:
    return dict(found["Records"][0]["cf"]["request"])


def good(**changes: Any) -> dict[str, Any]:
    return request(event(redemption(ticket(NOW), NOW), **changes))


def body_of(**changes: Any) -> dict[str, Any]:
    return {**good()["body"], **changes}


def changed(**changes: Any) -> dict[str, Any]:
    redeemed = redemption(ticket(NOW), NOW)
    return request(event(redeemed, content={**redeemed.body(), **changes}))


def test_a_good_redemption_passes_and_so_does_the_question_before_it() -> None:
    gate = Gate(KNOWN)
    gate.check(good(), now=NOW)
    gate.check(good(method="OPTIONS", body=None), now=NOW)


@pytest.mark.parametrize(
    ("accept", "passes"),
    [
        ("text/html,*/*;q=0.8", True),
        ("*/*", False),
        ("application/json", False),
        ("text/html, a/json", False),
    ],
)
def test_e4_a_browser_that_looks_goes_on_to_the_region_which_leads_it_to_the_page(
    accept: str, *, passes: bool
) -> None:
    looks = good(method="GET", body=None)
    looks["headers"]["accept"] = [{"key": "Accept", "value": accept}]
    if passes:
        Gate(KNOWN).check(looks, now=NOW)
        return
    with pytest.raises(WrongMethod):
        Gate(KNOWN).check(looks, now=NOW)


def other_signature() -> str:
    return redemption(ticket(NOW), NOW + 1).proof.to_base58()


def in_anothers_name() -> Ticket:
    """A grant that names a known issuer, with a stranger's signature."""
    held = ticket(NOW)
    return replace(held, signature=sign_fields(STRANGER, held.grant.signed_fields))


def over(*, until: int = NOW + 86_400, proved: int = NOW) -> dict[str, Any]:
    return request(event(redemption(ticket(NOW, until=until), proved)))


FAULTS: list[tuple[str, Callable[[], dict[str, Any]], type[SealrunError]]] = [
    ("a link preview", lambda: good(method="GET", body=None), WrongMethod),
    ("another path", lambda: good(uri="/tickets/x"), NotFound),
    ("no body", lambda: good(body=None), Malformed),
    ("a cut body", lambda: good(body=body_of(inputTruncated=True)), Malformed),
    ("no base64", lambda: good(body=body_of(data="{}")), Malformed),
    ("another ticket", lambda: good(uri=f"/tickets/{'0' * 64}"), Refused),
    ("another stack", lambda: good(headers={"host": [{"key": "Host", "value": "other.test"}]}), NotAllowed),
    ("a ticket too far ahead", lambda: over(until=NOW + 91 * 86_400), Expired),
    ("a proof too far ahead", lambda: over(proved=NOW + 3600), Expired),
    ("forged proof", lambda: changed(proof=other_signature()), NotAllowed),
    ("forged grant", lambda: changed(signature=other_signature()), NotAllowed),
    ("unknown issuer", lambda: request(event(redemption(ticket(NOW, issuer=STRANGER), NOW))), NotAllowed),
    ("another's name", lambda: request(event(redemption(in_anothers_name(), NOW))), NotAllowed),
]


@pytest.mark.parametrize(("make", "error"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_e4_the_edge_refuses(make: Callable[[], dict[str, Any]], error: type[SealrunError]) -> None:
    with pytest.raises(error):
        Gate(KNOWN).check(make(), now=NOW)


@pytest.mark.parametrize("asked", [over(until=NOW), over(proved=NOW - 601)], ids=["ticket", "proof"])
def test_l10_what_is_over_goes_on_to_the_region_which_may_have_taken_it(asked: dict[str, Any]) -> None:
    Gate(KNOWN).check(asked, now=NOW)


def test_l2_the_edge_looks_at_size_before_json() -> None:
    large = base64.b64encode(b"{" + b" " * MAX_REDEMPTION_BYTES).decode()
    with pytest.raises(Malformed, match="at most 16384 bytes, got 16385"):
        Gate(KNOWN).check(good(body=body_of(data=large)), now=NOW)


def test_an_edge_that_knows_no_issuers_lets_every_issuers_tickets_pass() -> None:
    Gate(None).check(request(event(redemption(ticket(NOW, issuer=STRANGER), NOW))), now=NOW)


def test_over_the_limit_one_address_waits_for_the_next_minute_and_others_do_not() -> None:
    gate, asked = Gate(KNOWN), good(method="OPTIONS", body=None)
    for _ in range(REQUESTS_PER_MINUTE):
        gate.check(asked, now=NOW)
    with pytest.raises(TooMany):
        gate.check(good(), now=NOW)
    gate.check(good(clientIp="2001:db8::1"), now=NOW)
    gate.check(good(), now=NOW + 60)


def test_counts_do_not_grow_without_end() -> None:
    gate, asked = Gate(KNOWN), good(method="OPTIONS", body=None)
    for number in range(MAX_SOURCES + 5):
        gate.check({**asked, "clientIp": str(number)}, now=NOW)
    assert len(gate._counts) <= MAX_SOURCES


@pytest.mark.parametrize(
    "error", [Expired("over"), TooMany("slow down", retry_after=60), WrongMethod("POST")]
)
def test_a_refusal_is_the_regions_problem_document_in_cloudfronts_form(error: SealrunError) -> None:
    status, headers, body = problem(error)
    found = refusal(error)
    assert (found["status"], json.loads(found["body"])) == (str(status), json.loads(body))
    for name, value in headers.items():
        assert found["headers"][name.lower()] == [{"key": name, "value": value}]


# The package, in a Python that has the standard library and nothing else.

ALONE = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
began = time.perf_counter()
import handler
started = time.perf_counter()
answers = [handler.handler(event, None) for event in json.load(sys.stdin)]
ended = time.perf_counter()
# Of this program alone; the kernel's other figure remembers the one that started it.
memory = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
outside = [m.__file__ for m in sys.modules.values()
           if getattr(m, "__file__", None) and "site-packages" in m.__file__]
json.dump({"answers": answers, "start": started - began, "each": (ended - started) / len(answers),
           "memory": memory, "outside": outside}, sys.stdout)
"""


def alone(folder: Path, events: list[dict[str, Any]]) -> dict[str, Any]:
    command = [sys.executable, "-I", "-S", "-c", ALONE, str(folder)]
    done = subprocess.run(
        command, input=json.dumps(events), check=True, capture_output=True, text=True, env={}
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_package_runs_alone_within_what_a_viewers_function_is_given(tmp_path: Path) -> None:
    archive = tmp_path / "edge_gate.zip"
    edge_package.write(archive, issuers=sorted(KNOWN), target=NATIVE)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "task")
    now = int(time.time())
    passes, stranger = (event(redemption(ticket(now, issuer=issuer), now)) for issuer in (BUYER, STRANGER))
    found = alone(tmp_path / "task", [passes, stranger])
    assert found["answers"][0] == request(passes)
    assert found["answers"][1]["status"] == "403"
    assert found["outside"] == []
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions.html
    assert archive.stat().st_size < 1_000_000
    assert found["memory"] < 128
    assert found["start"] + found["each"] < 5
    assert len(base64.b64encode(b"x" * MAX_REDEMPTION_BYTES)) < 40_000


def test_two_packages_of_the_same_issuers_are_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = [edge_package.write(tmp_path / f"{n}.zip", target=NATIVE) for n in range(2)]
    assert digests[0] == digests[1]
    with pytest.raises(ValueError, match="got an empty list"):
        edge_package.write(tmp_path / "none.zip", issuers=[], target=NATIVE)
    with pytest.raises(SystemExit):
        edge_package.main(["--out", str(tmp_path / "none.zip"), "--issuer", "B62..."])
    assert "expected base58 characters" in capsys.readouterr().err
    assert not (tmp_path / "none.zip").exists()


def test_the_package_holds_no_key_and_no_code_that_signs(tmp_path: Path) -> None:
    edge_package.assemble(tmp_path / "edge", issuers=None, target=NATIVE)
    names = {path.relative_to(tmp_path / "edge").as_posix() for path in (tmp_path / "edge").rglob("*.py")}
    assert "mina/verify.py" in names
    assert not {name for name in names if "sign.py" in name or "ticket_urls" in name}
    assert [path for path in (tmp_path / "edge").rglob("*") if path.suffix in (".so", ".pyd")] == []


def test_cfn_lint_finds_nothing_in_the_edges_template_and_it_asks_for_no_more_than_an_edge_has() -> None:
    path = ROOT / "infra" / "edge_gate" / "template.yaml"
    config = ConfigMixIn(["--regions", "us-east-1", "--", str(path)])
    assert [str(match) for match in Runner(config).run()] == []
    template, _ = decode(str(path))
    function = template["Resources"]["Function"]["Properties"]
    assert (function["MemorySize"], function["Timeout"]) == (128, 5)
    assert not {"Environment", "Layers", "VpcConfig", "Architectures"} & function.keys()


def test_the_distribution_shows_the_edge_the_body_of_tickets_and_of_nothing_else() -> None:
    config = of_type("AWS::CloudFront::Distribution", "edge.yaml")["Distribution"]["DistributionConfig"]
    behaviors = {
        each["PathPattern"]: each.get("LambdaFunctionAssociations") for each in config["CacheBehaviors"]
    }
    condition, [association], _ = behaviors.pop("/tickets/*")["Fn::If"]
    assert (condition, association["EventType"], association["IncludeBody"]) == (
        "Gated",
        "viewer-request",
        True,
    )
    assert set(behaviors.values()) == {None}
