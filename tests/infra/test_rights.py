"""Each role names what its function asks for, and nothing else.

Every request of whole sales is judged by IAM's rules, and a right that no request needed is one too many.
"""

import base64
import secrets
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.aws import TABLE, create_table
from sealrun.adapters.services import Services, Settings
from sealrun.buyer import sign_account_read, sign_read
from sealrun.credentials import key_context
from sealrun.errors import OfferClosed, PaymentRequired, StoreUnavailable
from sealrun.fields import canonical
from sealrun.measure import measure_document
from sealrun.ports import RunStatus
from sealrun.records import Record, RunKey
from sealrun.workflows.accept_call import accept_call, known_offer
from sealrun.workflows.check_health import check_health
from sealrun.workflows.count_waiting import count_waiting
from sealrun.workflows.publish_offer import publish_offer
from sealrun.workflows.read_account import read_account
from sealrun.workflows.read_receipt import read_evidence, read_statements
from sealrun.workflows.sweep import sweep
from sealrun.workflows.take_webhook import take_webhook
from sealrun.x402 import encoded
from tests.infra.requests import Recorder, Request
from tests.infra.templates import VALUES, actions, allows, resolved, roles
from tests.sealrun.market import Market, body_of, payment_of
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, PRICE, SELLER, make_paid_offer

OFFER = make_paid_offer(
    limits={"seconds": 600, "log_bytes": 1000, "artifact_bytes": 64 << 20, "files": 10}, quota_per_hour=100
)
GIVEN = {**VALUES, "Offers": [OFFER.id], "Oracles": [OFFER.oracle]}
# What Lambda and Scheduler do themselves, with the role.
BY_THE_PLATFORM = {"Log", "GiveUp"}
NAMES = ("call", "collect", "receipt", "account", "health")


class Trial:
    """A stack's functions over moto, with a provider and a chain in memory, and a market around the offer."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        for name, value in {
            "ACCESS_KEY_ID": "test",
            "SECRET_ACCESS_KEY": "test",
            "DEFAULT_REGION": "eu-central-1",
        }.items():
            patch.setenv(f"AWS_{name}", value)
        boto3.setup_default_session()
        self.recorder = Recorder(boto3.DEFAULT_SESSION)
        create_table(boto3.client("dynamodb"))
        boto3.client("s3").create_bucket(
            Bucket="evidence", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.environment = {
            "SEALRUN_TABLE": TABLE,
            "SEALRUN_EVIDENCE_BUCKET": "evidence",
            "SEALRUN_KMS_KEY": boto3.client("kms").create_key()["KeyMetadata"]["KeyId"],
            "SEALRUN_COLLECT_FUNCTION": "s-collect",
            "SEALRUN_PUBLIC_URL": "https://calls.test",
        }
        self.market = Market(offer=OFFER)
        self.nonce = 0
        self._publish()

    def services(self, name: str) -> Services:
        """A function's, whose requests are recorded as its own from now on."""
        self.recorder.function = name
        own = {} if name in ("receipt", "account") else {"SEALRUN_OFFERS": OFFER.id}
        made = Services(Settings.read({**self.environment, **own}))

        def opened(stored: Any) -> Any:
            made._credential(stored)
            return self.market.provider

        changed = {"clock": self.market.clock, "payments": self.market.payments, "open_provider": opened}
        vars(made).update(changed)
        return made

    def buy(self, *answers: str, limit: int) -> Record:
        """One call at the function ``call``; ``answers`` are the provider's."""
        self.nonce += 1
        self.market.provider.answers = list(answers)
        signed = self.market.sign(limit=limit, nonce=self.nonce, identifier=f"order-{self.nonce:012d}")
        services = self.services("call")
        known_offer(services.ledger, OFFER.id)
        return accept_call(
            OFFER.id,
            canonical(body_of(signed)),
            sender="192.0.2.1",
            ledger=services.ledger,
            starter=services.starter,
            clock=services.clock,
            payment=encoded(payment_of(signed, OFFER)),
            payments=services.payments,
        ).record

    def collect(self, seconds: int = 60) -> None:
        """A sweep after some time."""
        self.market.clock.passes(seconds)
        services = self.services("collect")
        sweep(ledger=services.ledger, collector=services.collector, clock=services.clock)

    def settled(self, record: Record) -> Record:
        """Sweep until the call is over."""
        for _ in range(40):
            self.collect()
            found = self.services("").ledger.record(record.call_hash)
            if found is not None and found.state.over:
                return found
        raise AssertionError("call: expected it to be over, got one that waits")

    def _publish(self) -> None:
        services = self.services("")
        context = key_context("oracle", OFFER.oracle)
        closed = services.keys.encrypt(ORACLE.to_base58().encode(), context=context)
        self.environment["SEALRUN_ORACLE_KEY"] = base64.b64encode(closed).decode()
        entropy, secret = secrets.token_bytes, "whsec_x"
        publish_offer(
            OFFER,
            token="glpat-x",
            webhook_secret=secret,
            ledger=services.ledger,
            keys=services.keys,
            entropy=entropy,
        )


def sell(trial: Trial) -> Record:
    """Good, failed, refused, lost and foreign runs; the first one's record, when it is over."""
    market = trial.market
    market.provider.files = {"large": secrets.token_bytes(17 << 20)}
    first = trial.settled(trial.buy("ok", limit=PRICE))
    market.provider.files = {}
    market.provider.ends_as = RunStatus.FAILED
    trial.settled(trial.buy("ok", limit=2 * PRICE))
    trial.settled(trial.buy("refused", limit=2 * PRICE))
    trial.settled(trial.buy("lost", limit=2 * PRICE))
    with pytest.raises(PaymentRequired):
        trial.buy("ok", limit=PRICE)
    return first


def close(trial: Trial) -> None:
    """A run of another source closes the offer: at once, or when the run of a lost answer is found."""
    trial.market.provider.sha = "2e" * 20
    lost = trial.buy("lost", limit=2 * PRICE)
    trial.buy("ok", limit=3 * PRICE)
    with pytest.raises(OfferClosed):
        trial.buy("ok", limit=3 * PRICE)
    trial.settled(lost)


def wake(trial: Trial, record: Record) -> None:
    """A delivery about a run that is not over."""
    services = trial.services("collect")
    key = RunKey("gitlab", OFFER.source.origin, OFFER.source.project, record.run_id)
    deliveries = SimpleNamespace(run=lambda *_: key, hold=lambda *_, **__: True)
    woken = take_webhook(
        b"",
        {},
        deliveries=deliveries,
        ledger=services.ledger,
        keys=services.keys,
        waker=services.starter.waker,
        now=services.clock(),
    )
    assert woken


def spoil(trial: Trial) -> None:
    """An upload whose bytes change on their way is given up."""
    body = secrets.token_bytes(17 << 20)
    with pytest.raises(StoreUnavailable):
        trial.services("collect").store.put(lambda: [body[1:]], measure_document(body), media_type="x/y")


def look(trial: Trial, record: Record) -> None:
    """What buyer and seller read, and the health check while a run waits."""
    until = trial.market.clock.now + 60
    services = trial.services("receipt")
    right = sign_read(BUYER, OFFER.network, ACCOUNT.public_key(), record.call_hash, expires_at=until)
    named = as_named(right)
    read_evidence(record.id, named, ledger=services.ledger, store=services.store, now=until - 60)
    read_statements(record.id, ledger=services.ledger, store=services.store)
    for key, call in ((SELLER, ""), (BUYER, record.id)):
        services = trial.services("account")
        headers = sign_account_read(key, OFFER.network, ACCOUNT.public_key(), expires_at=until)
        named = as_named(headers)
        address = ACCOUNT.public_key().to_base58()
        read_account(
            address, named, ledger=services.ledger, oracle=services.open_oracle, now=until - 60, call_id=call
        )


def as_named(headers: dict[str, str]) -> dict[str, str]:
    """As the handlers read them."""
    return {name.lower().removeprefix("sealrun-").replace("-", "_"): value for name, value in headers.items()}


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
        look(trial, first)
        running = trial.buy("ok", limit=3 * PRICE)
        wake(trial, running)
        check(trial)
        trial.settled(running)
        spoil(trial)
        close(trial)
        yield trial.recorder.seen


def statements(name: str) -> list[dict[str, Any]]:
    return [resolved(each, GIVEN) for each in roles()[name]]


@pytest.mark.parametrize("name", NAMES)
def test_a_role_allows_all_that_its_function_asks_for(name: str, seen: list[Request]) -> None:
    asked = [each for each in seen if each.function == name]
    assert asked
    refused = {
        (each.action, str(each.keys))
        for each in asked
        if not any(allows(statement, each.action, each.resource, each.keys) for statement in statements(name))
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
