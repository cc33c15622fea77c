"""The operator's control plane: what it shows and does, and that its rights reach no secret."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer
from cfnlint.config import ConfigMixIn  # type: ignore[import-untyped]
from cfnlint.runner import Runner  # type: ignore[import-untyped]
from chalice.test import Client
from moto import mock_aws

import app as control
from chalicelib.table import MAX_PAGE, MAX_QUOTAS, ControlTable
from infra.control_package import package
from mina.keys import PrivateKey
from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.errors import OfferClosed, TooMany
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.record import claimed
from sealrun.workflows.check_health import check_health
from tests.infra.templates import allows, resolved
from tests.ports.stores import dynamo
from tests.sealrun.market import Market
from tests.sealrun.world import ACCOUNT, BUSY, BUYER, PRICE, World, make_offer, sign_call

# API Gateway asks IAM; chalice's client does not, and says so.
pytestmark = pytest.mark.filterwarnings("ignore:IAMAuthorizer is not a supported in local mode:UserWarning")

BUYERS_KEY, ADDRESS = BUYER.public_key().to_base58(), ACCOUNT.public_key().to_base58()
SECRETS = {"sealed": b"a sealed box", "sealing_key": b"what opens it", "webhook_secret": b"the webhook's"}
# What an operator's request may never want.
PRIVATE = ("sealed", "sealing_key", "webhook_secret", "record", "voucher")


class Plane:
    """The app over a table with one paid offer, and everything that it asked of DynamoDB."""

    def __init__(self) -> None:
        self.ledger = dynamo()
        self.market = Market(ledger=self.ledger)
        self.offer = self.market.offer
        self.asked: list[tuple[str, dict[str, Any]]] = []
        client = self.ledger._table._client
        client.meta.events.register("provide-client-params.dynamodb.*", self._note)
        self._watching = False
        self.serve(self.offer)

    def serve(self, *offers: Offer) -> None:
        """Have the stack serve exactly these offers."""
        client = self.ledger._table._client
        for offer in offers:
            self.ledger.publish(secretly(offer))
        table = ControlTable(client, "calls", tuple(offer.id for offer in offers))
        control.table = lambda: table  # type: ignore[assignment]

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request of the operator's."""
        content = b"" if body is None else json.dumps(body).encode()
        self._watching = True
        with Client(control.app) as client:
            answer = client.http.request(method, path, {"Content-Type": "application/json"}, content)
        self._watching = False
        return answer.status_code, answer.json_body

    def get(self, path: str) -> Any:
        status, value = self.ask("GET", path)
        assert status == 200, value
        return value

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self._watching:
            self.asked.append((model.name, json.loads(json.dumps(params, default=str))))


@pytest.fixture
def plane(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plane]:
    monkeypatch.setattr(control, "table", control.table)
    monkeypatch.setattr("tests.sealrun.world.StoredOffer", secretly)
    with mock_aws():
        yield Plane()


def secretly(offer: Offer, *_: object) -> StoredOffer:
    """As an offer is published, with ciphertexts that can be looked for."""
    sealed, sealing_key, webhook_secret = SECRETS.values()
    return StoredOffer(offer, "", sealed, sealing_key, webhook_secret)


def every_get(plane: Plane, call: str) -> list[Any]:
    paths = (f"/offers/{plane.offer.id}", f"/calls/{call}", f"/accounts/{ADDRESS}")
    return [plane.get(path) for path in ("/offers", "/calls", "/accounts", "/late", *paths)]


def test_every_route_wants_iam() -> None:
    entries = [entry for methods in control.app.routes.values() for entry in methods.values()]
    assert len(entries) == 11
    assert {type(entry.authorizer).__name__ for entry in entries} == {"IAMAuthorizer"}


def test_l8_the_operator_pauses_and_resumes_and_a_health_check_changes_nothing_of_it(plane: Plane) -> None:
    market, path = plane.market, f"/offers/{plane.offer.id}/pause"
    status, paused = plane.ask("PUT", path, {"reason": "moving house"})
    assert (status, paused["open"], paused["paused"], paused["suspended"]) == (200, False, "moving house", "")
    assert paused["dropped"] == {}
    checked: dict[str, Any] = {"open_provider": market._open_provider, "payments": market.payments}
    assert check_health(ledger=plane.ledger, clock=market.clock, **checked)[plane.offer.id].suspended == ""
    with pytest.raises(OfferClosed, match="moving house"):
        market.pay(market.sign(limit=PRICE))
    market.provider.down = True
    check_health(ledger=plane.ledger, clock=market.clock, **checked)
    status, resumed = plane.ask("DELETE", path)
    assert (status, resumed["paused"], resumed["open"]) == (200, "", False), "the health check's pause stays"
    market.provider.down = False
    check_health(ledger=plane.ledger, clock=market.clock, **checked)
    assert plane.get(f"/offers/{plane.offer.id}")["open"]
    assert market.pay(market.sign(limit=PRICE)).first


def test_l6_a_buyers_quota_is_respected_by_the_next_call_and_can_be_taken_back(plane: Plane) -> None:
    market, path = plane.market, f"/offers/{plane.offer.id}/quotas/{BUYERS_KEY}"
    assert plane.ask("PUT", path, {"per_hour": 1})[1]["quotas"] == {BUYERS_KEY: 1}
    market.pay(market.sign(limit=PRICE, nonce=1))
    with pytest.raises(TooMany, match="of this buyer"):
        market.pay(market.sign(limit=2 * PRICE, nonce=2))
    assert plane.ask("PUT", path, {"per_hour": 0})[0] == 200
    market.clock.passes(3600)
    with pytest.raises(TooMany, match="of this buyer"):
        market.pay(market.sign(limit=2 * PRICE, nonce=2))
    assert plane.ask("DELETE", path)[1]["quotas"] == {}
    assert market.pay(market.sign(limit=2 * PRICE, nonce=2)).first


def test_quotas_are_bounded_and_checked(plane: Plane) -> None:
    path = f"/offers/{plane.offer.id}/quotas/"
    keys = [
        PrivateKey.from_scalar(9000 + number).public_key().to_base58() for number in range(MAX_QUOTAS + 1)
    ]
    assert {plane.ask("PUT", path + key, {"per_hour": 3})[0] for key in keys[:-1]} == {200}
    status, problem = plane.ask("PUT", path + keys[-1], {"per_hour": 3})
    assert (status, problem["type"]) == (400, "urn:sealrun:problem:malformed")
    for key, body in (
        (keys[0], {"per_hour": -1}),
        (keys[0], {"per_hour": 1, "a": 1}),
        ("B62", {"per_hour": 1}),
    ):
        assert plane.ask("PUT", path + key, body)[0] == 400


def test_a_quota_that_somebody_else_changed_meanwhile_is_a_conflict(plane: Plane) -> None:
    table = control.table()

    class Stale(ControlTable):
        def offer(self, offer: str) -> dict[str, Any]:
            return {**table.offer(offer), "quotas": {"other": 1}}

    plane.ask("PUT", f"/offers/{plane.offer.id}/quotas/{BUYERS_KEY}", {"per_hour": 1})
    control.table = lambda: Stale(table.client, table.name, table.serves)  # type: ignore[assignment]
    status, problem = plane.ask("PUT", f"/offers/{plane.offer.id}/quotas/{BUYERS_KEY}", {"per_hour": 2})
    assert (status, problem["type"]) == (409, "urn:sealrun:problem:conflict")


def test_what_is_not_there_is_a_problem_document(plane: Plane) -> None:
    unknown = "0" * 64
    for path in (f"/offers/{unknown}", f"/calls/{unknown}", f"/accounts/{BUYERS_KEY}"):
        assert plane.ask("GET", path)[1]["type"] == "urn:sealrun:problem:not-found"
    for method, path in (("PUT", f"/offers/{unknown}/pause"), ("DELETE", f"/offers/{unknown}/pause")):
        assert plane.ask(method, path, {"reason": "x"})[0] == 404
    status, problem = plane.ask("PUT", f"/offers/{plane.offer.id}/pause", {"reason": "x\n"})
    assert (status, problem["type"]) == (400, "urn:sealrun:problem:malformed")


def test_calls_and_accounts_are_told_as_they_stand(plane: Plane) -> None:
    done = plane.market.bought(limit=PRICE, nonce=1)
    running = plane.market.pay(plane.market.sign(limit=2 * PRICE, nonce=2)).record
    assert plane.get(f"/calls/{done.id}")["state"] == "succeeded"
    page = plane.get("/calls")
    following = plane.get(f"/calls?after={page['next']}")
    calls = {each["call"]: each["state"] for each in [*page["calls"], *following["calls"]]}
    assert calls == {done.id: "succeeded", running.id: running.state.value}
    account = plane.get(f"/accounts/{ADDRESS}")
    assert (account["buyer"], account["due"], account["pending"]) == (BUYERS_KEY, str(PRICE), str(PRICE))
    assert plane.get("/accounts") == {"accounts": [account], "next": None}


def test_pages_follow_each_other_and_hold_every_call_once(plane: Plane) -> None:
    made = {claim_free(plane, nonce) for nonce in range(MAX_PAGE + 20)}
    seen, after = [], ""
    while True:
        page = plane.get(f"/calls?after={after}" if after else "/calls")
        seen += [call["call"] for call in page["calls"]]
        after = page["next"]
        if after is None:
            break
    assert sorted(seen) == sorted(made)


def pages(plane: Plane, path: str, kind: str) -> tuple[list[str], int]:
    """What all pages of a list hold, and how many pages there were."""
    seen, page = [], plane.get(path)
    for number in range(1, 100):
        seen += [each[kind] for each in page[f"{kind}s"]]
        if page["next"] is None:
            return seen, number
        page = plane.get(f"{path}?after={page['next']}")
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("leaves", [0, 101])
def test_l11_an_account_of_many_leaves_hides_no_other_account_and_no_call(plane: Plane, leaves: int) -> None:
    plane.market.bought(limit=PRICE, nonce=1)
    names = sorted(f"B62{letter}" for letter in "ABCDEF")
    client = plane.ledger._table._client
    item = client.get_item(TableName="calls", Key=keys.account_key(ADDRESS))["Item"]
    with client_batch(client) as batch:
        for name in names:
            batch.put_item(Item=plainly({**item, **keys.account_key(name)}))
        for number in range(leaves):
            batch.put_item(Item=plainly(keys.leaf_key("B62C", number)))
    made = claim_free(plane, 7)
    accounts, asked = pages(plane, "/accounts", "account")
    assert sorted(accounts) == sorted([*names, ADDRESS])
    assert asked == 2, "one page for each offer, however many leaves there are"
    assert made in pages(plane, "/calls", "call")[0]


def test_l11_a_page_takes_the_same_requests_whatever_the_table_holds(plane: Plane) -> None:
    asked = []
    for first in (0, 5):
        for nonce in range(first, first + 5):
            claim_free(plane, nonce)
        plane.asked.clear()
        plane.get("/calls?after=" + token_of(1))
        asked.append([name for name, _ in plane.asked])
    assert asked[0] == asked[1]
    assert "Scan" not in asked[0]


def token_of(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "W10",
        "WzEsMl0",
        "WyIiLCIiXQ",
        "%23",
        "A" * 9000,
        "WyJhIiwiYiIsImMiXQ",
        "WyJcdWQ4MDAiLCJhIl0",
        token_of("a" * 201, "b"),
        token_of(0, "a", "b", "c"),
        token_of(0, 5, "b" * 201, "c"),
        token_of(0, 5, "b"),
        token_of(10_000),
        token_of(-1),
        "W3RydWVd",
    ],
)
def test_a_page_after_what_no_page_gave_is_malformed(plane: Plane, after: str) -> None:
    for path in ("/calls", "/accounts"):
        status, problem = plane.ask("GET", f"{path}?after={after}")
        assert (status, problem["type"]) == (400, "urn:sealrun:problem:malformed")


def client_batch(client: Any) -> Any:
    """Writes many items of the table at once."""
    resource = boto3.resource(
        "dynamodb",
        region_name=client.meta.region_name,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return resource.Table("calls").batch_writer()


def plainly(item: dict[str, Any]) -> dict[str, Any]:
    """An item as boto3's resources take it."""
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def claim_free(plane: Plane, nonce: int) -> str:
    offer = make_offer(**BUSY)
    plane.serve(plane.offer, offer)
    record = claimed(sign_call(offer, nonce=nonce), now=1_800_000_000)
    assert plane.ledger.claim(record, offer, identifier=None)
    return record.id


def test_late_is_what_should_be_over(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.market.provider.duration = 10**6
    record = plane.market.pay(plane.market.sign(limit=PRICE)).record
    now = SimpleNamespace(at=record.claimed_at + 600)
    monkeypatch.setattr("time.time", lambda: now.at)
    assert plane.get("/late")["late"] == []
    now.at = record.claimed_at + 6000
    [late] = plane.get("/late")["late"]
    assert (late["call"], late["late_seconds"]) == (record.id, 6000 - 15 * 60 - 600 - 1800 - 16 * 60)


def test_r1_l5_no_answer_holds_a_secret_an_input_or_a_signature(plane: Plane) -> None:
    done = plane.market.bought(limit=PRICE, nonce=5)
    body = done.body
    private = [body["salt"], body["nonce"], body["signature"], json.dumps(body["inputs"])]
    private += [str(done.receipt["signature"]) if done.receipt else ""]
    shown = json.dumps(every_get(plane, done.id))
    assert plane.ledger.offer(plane.offer.hash).sealed == SECRETS["sealed"]  # type: ignore[union-attr]
    for secret in [*private, *(value.decode() for value in SECRETS.values())]:
        assert secret
        assert secret not in shown


def test_its_rights_let_it_do_what_it_does_and_reach_nothing_private(plane: Plane, tmp_path: Path) -> None:
    done = plane.market.bought(limit=PRICE, nonce=5)
    every_get(plane, done.id)
    plane.ask("PUT", f"/offers/{plane.offer.id}/pause", {"reason": "x"})
    plane.ask("PUT", f"/offers/{plane.offer.id}/quotas/{BUYERS_KEY}", {"per_hour": 1})
    statements = policy(tmp_path, plane.offer.id)
    assert {name for name, _ in plane.asked} == {"GetItem", "BatchGetItem", "UpdateItem", "Query"}
    for name, params in plane.asked:
        assert allowed(statements, name, keys_of(params)), (name, params)
        for attribute in PRIVATE:
            wanted = {**keys_of(params)}
            wanted["dynamodb:Attributes"] = [*wanted["dynamodb:Attributes"], attribute]
            assert not allowed(statements, name, wanted)
        assert not allowed(statements, name, {**keys_of(params), "dynamodb:Attributes": []})
    update = next(keys_of(params) for name, params in plane.asked if name == "UpdateItem")
    assert not allowed(statements, "UpdateItem", {**update, "dynamodb:ReturnValues": ["ALL_OLD"]})
    other = {**update, "dynamodb:LeadingKeys": [f"offer#{'1' * 64}"]}
    assert not allowed(statements, "UpdateItem", other)
    services = {action.split(":")[0] for each in statements for action in each["Action"]}
    assert services == {"dynamodb", "logs"}


def policy(folder: Path, offer: str) -> list[dict[str, Any]]:
    """The packed role's statements, for one offer."""
    template = json.loads(package(folder)[0].read_text())
    [document] = template["Resources"]["ApiHandlerRole"]["Properties"]["Policies"]
    given = {"TableArn": "table", "Offers": [offer]}
    return [resolved(statement, given) for statement in document["PolicyDocument"]["Statement"]]


def allowed(statements: list[dict[str, Any]], name: str, keys: Mapping[str, list[str]]) -> bool:
    resource = "table/index/listed" if name == "Query" else "table"
    return any(allows(each, f"dynamodb:{name}", resource, keys) for each in statements)


def keys_of(params: dict[str, Any]) -> dict[str, list[str]]:
    """IAM's condition keys of a request, as DynamoDB makes them."""
    if "RequestItems" in params:
        [wanted] = params["RequestItems"].values()
        together = keys_of({**wanted, "Key": wanted["Keys"][0]})
        return {**together, "dynamodb:LeadingKeys": [each["pk"]["S"] for each in wanted["Keys"]]}
    names = params.get("ExpressionAttributeNames", {})
    said = " ".join(str(params.get(f"{kind}Expression", "")) for kind in ("Projection", "Update", "Filter"))
    said += f" {params.get('KeyConditionExpression', '')} {params.get('ConditionExpression', '')}"
    own = re.findall(r"(?<![:#\w])(?:pk|sk|listed_in|claimed_at)\b", said)
    attributes = {*(names[each] for each in re.findall(r"#\w+", said)), *own, *params.get("Key", {})}
    keys = {"dynamodb:Attributes": sorted(attributes)}
    if "Key" in params:
        keys["dynamodb:LeadingKeys"] = [params["Key"]["pk"]["S"]]
    elif ":in" in params.get("ExpressionAttributeValues", {}):
        keys["dynamodb:LeadingKeys"] = [params["ExpressionAttributeValues"][":in"]["S"]]
    if "Select" in params:
        keys["dynamodb:Select"] = [params["Select"]]
    return keys


def test_chalice_packs_it_the_same_twice_and_every_method_wants_a_signature(tmp_path: Path) -> None:
    template, archive = package(tmp_path / "one")
    again = package(tmp_path / "two")
    assert [path.read_bytes() for path in again] == [template.read_bytes(), archive.read_bytes()]
    assert archive.stat().st_size < 100_000
    config = ConfigMixIn(["--", str(template)])
    assert [str(match) for match in Runner(config).run()] == []
    value = json.loads(template.read_text())
    paths = value["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    methods = [method for item in paths.values() for name, method in item.items() if name != "options"]
    assert len(methods) == 11
    assert all(method["security"] == [{"sigv4": []}] for method in methods)
    assert "KMS" not in json.dumps(value["Resources"]["APIHandler"])


def test_a_buyer_of_a_free_offer_is_bounded_by_its_own_key() -> None:
    world = World()
    stored = world.ledger.offer(world.offer.hash)
    world.ledger.offers[world.offer.hash] = replace(stored, quotas={BUYERS_KEY: 1})
    world.call(sign_call(world.offer, nonce=1))
    with pytest.raises(TooMany, match="of this buyer"):
        world.call(sign_call(world.offer, nonce=2))
