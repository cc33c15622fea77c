"""One stack's functions over moto, every request of theirs recorded."""

import base64
import contextlib
import secrets
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.aws import TABLE, create_table
from mina.sign import sign_fields
from sealrun.adapters.aws import dynamodb_keys as keys
from sealrun.adapters.memory.throttle import Throttle
from sealrun.calls.ticket_url import Ticket
from sealrun.calls.wake import wake_fields
from sealrun.composition.services import Services
from sealrun.composition.settings import Settings
from sealrun.encoding.fields import canonical
from sealrun.errors import Conflict, OfferClosed
from sealrun.money.x402 import encoded
from sealrun.offers.offer import Offer
from sealrun.runs.record import Record
from sealrun.service.credentials import key_context
from sealrun.workflows.accept_call import accept_call, known_offer
from sealrun.workflows.publish_offer import publish_offer
from sealrun.workflows.redeem_ticket import redeem_ticket
from sealrun.workflows.sweep import sweep
from sealrun.workflows.take_wake import Region, take_wake
from tests.infra.requests import Recorder
from tests.infra.templates import VALUES, resolved, roles
from tests.sealrun.calls.test_ticket import AUDIENCE, paid_ticket, redemption
from tests.sealrun.fake_chain import account_answer
from tests.sealrun.market import Market, body_of, payment_of
from tests.sealrun.workflows.test_take_wake import EDGE, edge_offer
from tests.sealrun.workflows.test_take_wake import body_of as wake_of
from tests.sealrun.world import ORACLE, PRICE, World, make_paid_offer, sign_call

OFFER = make_paid_offer(
    limits={"seconds": 600, "log_bytes": 1000, "artifact_bytes": 64 << 20, "files": 10},
    payment={"depth": 0, "nodes": 1, "failed_per_day": 50},
    quota_per_hour=100,
)
# Loopback is never asked: the token is opened, then the request is refused.
PIN_SERVICE = "kubo:https://127.0.0.1:9"
# A price of 0, as all that an edge takes.
EDGE_OFFER = edge_offer()
GIVEN = {**VALUES, "Offers": [OFFER.id], "Oracles": [OFFER.oracle]}


class _Services(Services):
    payments: Any = None  # the market's


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
        # moto hears what boto3 asks, and not what is signed by hand; both ask the same.
        patch.setattr("sealrun.composition.aws._client", boto3.client)
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
        self.market.chain.answer = account_answer(balance=10 * PRICE)
        self.warm: dict[str, Services] | None = None  # a dictionary keeps each function's services
        self.number = 0
        self.serves: tuple[Offer, ...] = (OFFER,)
        self._publish(OFFER)

    def services(self, name: str) -> Services:
        """A function's, whose requests are recorded as its own from now on."""
        self.recorder.function = name
        if self.warm is not None and name in self.warm:
            return self.warm[name]
        offers = " ".join(each.id for each in self.serves)
        own = {} if name in ("receipt", "account") else {"SEALRUN_OFFERS": offers}
        made = _Services(Settings.read({**self.environment, **own}))

        def opened(stored: Any) -> Any:
            made._credential(stored)
            return self.market.provider

        made.payments = self.market.payments
        changed = {"clock": self.market.clock, "open_provider": opened}
        vars(made).update(changed)
        if self.warm is not None:
            self.warm[name] = made
        return made

    def buy(self, *answers: str, limit: int, by: str = "call", named: bool = True) -> Record:
        """One call at the function ``call``, or one ticket at ``once``; ``answers`` are the provider's."""
        self.number += 1
        self.market.provider.answers = list(answers)
        services = self.services(by)
        parts: dict[str, Any] = {
            "sender": "192.0.2.1",
            "ledger": services.ledger,
            "starter": services.starter,
            "clock": services.clock,
            "throttle": Throttle(),
            "payments": services.payments,
        }
        if by == "once":
            return self._redeem(paid_ticket(OFFER, self.number, limit=limit), parts)
        known_offer(services.ledger, OFFER.id)
        name = f"order-{self.number:012d}" if named else None
        signed = self.market.sign(limit=limit, nonce=self.number, identifier=name)
        paid = encoded(payment_of(signed, OFFER))
        return accept_call(OFFER.id, canonical(body_of(signed)), payment=paid, **parts).record

    def _redeem(self, ticket: Ticket, parts: dict[str, Any]) -> Record:
        """Twice: the second redemption, another one, finds the ticket used or the offer closed by then."""
        first, second = (
            redemption(ticket, now=self.market.clock.now, nonce=nonce).body() for nonce in (1, 2)
        )
        name, parts = ticket.grant.id, {**parts, "audience": AUDIENCE}
        record = redeem_ticket(name, canonical(first), **parts).record
        with contextlib.suppress(Conflict, OfferClosed):
            redeem_ticket(name, canonical(second), **parts)
        return record

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

    def hand_over(self) -> Record:
        """A call that an edge took, of another offer of the stack, at the function ``collect``."""
        self.serves = (OFFER, EDGE_OFFER)
        self._publish(EDGE_OFFER)
        signed = sign_call(EDGE_OFFER, expires_at=self.market.clock.now + 600)
        run = self.market.provider.start(name=signed.call.id, inputs={}).id
        body = wake_of(World(EDGE_OFFER, clock=self.market.clock), signed, run=run)
        fields = wake_fields(EDGE_OFFER.network, EDGE.public_key(), body)
        services = self.services("collect")
        region = Region(services.ledger, services.starter, services.clock, services.settings.public_url)
        taken = take_wake(body, sign_fields(EDGE, fields).to_base58(), region=region)
        self.serves = (OFFER,)
        return taken

    def _publish(self, offer: Offer) -> None:
        services = self.services("")
        context = key_context("oracle", OFFER.oracle)
        closed = services.keys.encrypt(ORACLE.to_base58().encode(), context=context)
        self.environment["SEALRUN_ORACLE_KEY"] = base64.b64encode(closed).decode()
        closed = services.keys.encrypt(b"pin-token", context=key_context("pinning", PIN_SERVICE))
        self.environment["SEALRUN_PIN"] = f"{PIN_SERVICE}#{base64.b64encode(closed).decode()}"
        entropy, secret = secrets.token_bytes, "whsec_x"
        publish_offer(
            offer,
            token="glpat-x",
            webhook_secret=secret,
            ledger=services.ledger,
            keys=services.keys,
            entropy=entropy,
        )

    def run_as_many(self, running: int) -> None:
        """What nobody can do but a test: the offer has so many runs more."""
        table = self.services("").ledger._table  # type: ignore[attr-defined]
        more = {":more": {"N": str(running)}}
        table.call(
            "update_item",
            Key=keys.load_shard_key(OFFER.id, 0),
            UpdateExpression="ADD running :more",
            ExpressionAttributeValues=more,
        )

    @contextlib.contextmanager
    def older(self) -> Iterator[None]:
        """What nobody can do but a test: the offer is one of an older sealrun."""
        self._put_document(b'{"sealrun":1}')
        yield
        self._put_document(OFFER.document)

    def _put_document(self, document: bytes) -> None:
        table = self.services("").ledger._table  # type: ignore[attr-defined]
        table.call(
            "update_item",
            Key=keys.offer_key(OFFER.id),
            UpdateExpression="SET document = :document",
            ExpressionAttributeValues={":document": {"B": document}},
        )

    def open_again(self) -> None:
        """What nobody can do but a test: the offer takes calls once more."""
        self.services("").ledger.close_offer(OFFER.hash, "", anew=True)


def statements(name: str, *offers: Offer) -> list[dict[str, Any]]:
    """What a role says, for a stack of this offer, or of these."""
    given = {**GIVEN, "Offers": [each.id for each in offers]} if offers else GIVEN
    return [resolved(each, given) for each in roles()[name]]
