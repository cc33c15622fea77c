"""Each role names what its function asks for, and nothing else.

Every request of whole sales is judged by IAM's rules, and a right that no request needed is one too many.
"""

import secrets
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sealrun.adapters.memory.throttle import Throttle
from sealrun.encoding.measure import measure_document
from sealrun.errors import OfferClosed, PaymentRequired, StoreUnavailable, TooMany
from sealrun.money.buyer import sign_account_read, sign_calls_read, sign_read
from sealrun.runs.record import Record, RunKey
from sealrun.runs.run import RunStatus
from sealrun.workflows.check_health import check_health
from sealrun.workflows.count_waiting import count_waiting
from sealrun.workflows.list_calls import list_calls
from sealrun.workflows.list_receipts import receipts_page
from sealrun.workflows.read_account import read_account
from sealrun.workflows.read_receipt import read_evidence, read_statements
from sealrun.workflows.take_webhook import take_webhook
from tests.infra.requests import Request
from tests.infra.templates import actions, allows, functions
from tests.infra.trial import EDGE_OFFER, OFFER, Trial, statements
from tests.sealrun.market import SERVICE
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, SELLER

# What Lambda and Scheduler do themselves, with the role.
BY_THE_PLATFORM = {"Log", "GiveUp", "Looked"}
NAMES = sorted(functions())


def sell(trial: Trial) -> Record:
    """Good, failed, refused and lost runs; the first one's record, when it is over."""
    provider = trial.market.provider
    provider.files = {"large": secrets.token_bytes(17 << 20)}
    first = trial.settled(trial.buy("ok", limit=PRICE))
    provider.files = {}
    provider.ends_as = RunStatus.FAILED
    for by in ("call", "mcp", "once"):
        for answer in ("ok", "refused", "lost"):
            trial.settled(trial.buy(answer, limit=2 * PRICE, by=by))
    trial.settled(trial.buy("nothing", "locked", limit=2 * PRICE))  # and the second start is the collector's
    with pytest.raises(PaymentRequired):
        trial.buy("ok", limit=PRICE)
    return first


def refuse(trial: Trial) -> None:
    """A claim that finds its counters used up looks for others."""
    trial.run_as_many(10**6)
    for limit, by in ((2 * PRICE, "call"), (2 * PRICE, "mcp"), (2 * PRICE, "once")):
        with pytest.raises(TooMany, match="of all buyers at once"):
            trial.buy("ok", limit=limit, by=by)
    trial.run_as_many(-(10**6))


def hand_on(trial: Trial) -> None:
    """A sweep on AWS, where a queue takes what is due."""
    trial.recorder.function = ""
    queue = boto3.client("sqs").create_queue(QueueName="looks")["QueueUrl"]
    trial.environment["SEALRUN_LOOK_QUEUE"] = queue
    trial.collect(120)
    del trial.environment["SEALRUN_LOOK_QUEUE"]


def close(trial: Trial) -> None:
    """A run of another source closes the offer: at once, or when the run of a lost answer is found."""
    trial.market.provider.sha = "2e" * 20
    lost = trial.buy("lost", limit=2 * PRICE)
    for limit, by in ((3 * PRICE, "call"), (4 * PRICE, "mcp"), (5 * PRICE, "once")):
        trial.buy("ok", limit=limit, by=by)
        with pytest.raises(OfferClosed):
            trial.buy("ok", limit=limit, by=by)
        trial.open_again()
    trial.settled(lost)


def wake(trial: Trial, record: Record) -> None:
    """A delivery about a run that is not over."""
    services = trial.services("webhook")
    key = RunKey("gitlab", OFFER.source.origin, OFFER.source.project, record.run_id)
    deliveries = SimpleNamespace(
        plausible=lambda *_, **__: True, run=lambda *_: key, hold=lambda *_, **__: True
    )
    woken = take_webhook(
        b"",
        {},
        deliveries=deliveries,
        ledger=services.ledger,
        keys=services.opened_keys,
        waker=services.starter.waker,
        now=services.clock(),
    )
    assert woken


def take_token(trial: Trial, record: Record) -> None:
    """A job's own token counts once; how one is verified is not this test's."""
    assert trial.services("collect").ledger.take_token(
        "https://gitlab.com", "jti", call_hash=record.call_hash
    )


def spoil(trial: Trial) -> None:
    """An upload whose bytes change on their way is given up."""
    body = secrets.token_bytes(17 << 20)
    with pytest.raises(StoreUnavailable):
        trial.services("collect").store.put(lambda: [body[1:]], measure_document(body), media_type="x/y")


def look(trial: Trial, record: Record) -> None:
    """What buyer and seller read, and the health check while a run waits."""
    until = trial.market.clock.now + 60
    right = sign_read(
        BUYER, OFFER.network, ACCOUNT.public_key(), record.call_hash, expires_at=until, service=SERVICE
    )
    named = as_named(right)
    here: dict[str, Any] = {"service": SERVICE, "now": until - 60}
    services = trial.services("mcp")
    read_evidence(record.id, named, ledger=services.ledger, store=services.store, **here)
    ledger = trial.services("call").ledger
    assert receipts_page(OFFER, ledger=ledger)["receipts"]
    services = trial.services("receipt")
    read_evidence(record.id, named, ledger=services.ledger, store=services.store, **here)
    read_statements(record.id, ledger=services.ledger, store=services.store)
    address = ACCOUNT.public_key().to_base58()
    for key, call in ((SELLER, ""), (BUYER, record.id)):
        services = trial.services("account")
        headers = sign_account_read(
            key, OFFER.network, ACCOUNT.public_key(), expires_at=until, service=SERVICE
        )
        named = as_named(headers)
        read_account(
            address, named, ledger=services.ledger, oracle=services.open_oracle, call_id=call, **here
        )
    mine = sign_calls_read(BUYER, OFFER.network, ACCOUNT.public_key(), expires_at=until, service=SERVICE)
    more: dict[str, Any] = {"network": OFFER.network, "sender": "192.0.2.1", "throttle": Throttle()}
    listed = list_calls(address, as_named(mine), ledger=services.ledger, **more, **here)
    assert record.id in [each["call"] for each in listed["calls"]]


def as_named(headers: dict[str, str]) -> dict[str, str]:
    """As the handlers read them."""
    return {name.lower().removeprefix("sealrun-").replace("-", "_"): value for name, value in headers.items()}


def look_back(trial: Trial, record: Record) -> None:
    """The buyer's own list of calls once their offer is one of an older sealrun."""
    until, address = trial.market.clock.now + 60, ACCOUNT.public_key()
    mine = sign_calls_read(BUYER, OFFER.network, address, expires_at=until, service=SERVICE)
    more: dict[str, Any] = {"network": OFFER.network, "sender": "192.0.2.1", "throttle": Throttle()}
    with trial.older():
        ledger = trial.services("account").ledger
        here: dict[str, Any] = {"service": SERVICE, "ledger": ledger, "now": until - 60}
        listed = list_calls(address.to_base58(), as_named(mine), **more, **here)
    assert record.id in [each["call"] for each in listed["calls"]]


def check(trial: Trial) -> None:
    """The provider is down, and up again."""
    services = trial.services("health")
    for down in (True, False):
        trial.market.provider.down = down
        check_health(
            ledger=services.ledger,
            open_provider=services.open_provider,
            payments=services.payments,
            clock=services.clock,
        )
    assert count_waiting(ledger=services.ledger, clock=services.clock).runs == 1


@pytest.fixture(scope="module")
def seen() -> Iterator[list[Request]]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        trial = Trial(patch)
        first = sell(trial)
        refuse(trial)
        look(trial, first)
        running = trial.buy("ok", limit=3 * PRICE)
        wake(trial, running)
        take_token(trial, running)
        check(trial)
        hand_on(trial)
        trial.settled(running)
        look_back(trial, first)
        assert trial.hand_over().run_id
        spoil(trial)
        close(trial)
        yield trial.recorder.seen


@pytest.mark.parametrize("name", NAMES)
def test_a_role_allows_all_that_its_function_asks_for(name: str, seen: list[Request]) -> None:
    asked = [each for each in seen if each.function == name]
    assert asked
    both = statements(name, OFFER, EDGE_OFFER)
    refused = {
        (each.action, str(each.keys))
        for each in asked
        if not any(allows(known, each.action, each.resource, each.keys) for known in both)
    }
    assert refused == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_role_allows_nothing_that_its_function_does_not_ask_for(name: str, seen: list[Request]) -> None:
    unused = [
        (statement["Sid"], action, pattern)
        for statement in statements(name)
        if statement["Sid"] not in BY_THE_PLATFORM
        for action in actions(statement)
        for narrowed, pattern in narrowings(statement)
        if not any(
            each.function == name and allows(narrowed, action, each.resource, each.keys) for each in seen
        )
    ]
    assert unused == []


def narrowings(statement: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The statement with one pattern of keys at a time."""
    condition = statement.get("Condition", {}).get("ForAllValues:StringLike")
    if not condition:
        yield statement, ""
        return
    [(key, patterns)] = condition.items()
    for pattern in patterns:
        narrow = {**statement["Condition"], "ForAllValues:StringLike": {key: [pattern]}}
        yield {**statement, "Condition": narrow}, pattern


def test_r1_another_stacks_token_does_not_open(seen: list[Request]) -> None:
    opened = next(each for each in seen if each.action == "kms:Decrypt" and each.function == "call")
    other = {**opened.keys, "kms:EncryptionContext:bound_to": ["cd" * 32]}
    more = {**opened.keys, "kms:EncryptionContextKeys": ["purpose", "bound_to", "more"]}
    for keys in (other, more, {}):
        assert not any(allows(each, "kms:Decrypt", "key", keys) for each in statements("call"))


def test_a3_another_stacks_calls_are_not_swept(seen: list[Request]) -> None:
    swept = next(each for each in seen if each.function == "collect" and each.action == "dynamodb:Query")
    other = {"dynamodb:LeadingKeys": [f"unfinished#{'cd' * 32}"]}
    assert any(allows(each, swept.action, swept.resource, swept.keys) for each in statements("collect"))
    assert not any(allows(each, swept.action, swept.resource, other) for each in statements("collect"))
