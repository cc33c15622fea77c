"""R6: a webhook wakes the collector and does nothing more."""

import base64
import hmac
import json
from typing import Any

import httpx
import pytest

from sealrun.adapters.memory.remembered_keys import SECONDS, RememberedKeys
from sealrun.errors import StoreUnavailable
from sealrun.offers.stored_offer import StoredOffer
from sealrun.providers.gitlab.webhook import GitLabDeliveries
from sealrun.runs.record import Record, RunKey
from sealrun.service.credentials import key_context
from sealrun.workflows.take_webhook import take_webhook
from tests.sealrun.fakes import FakeKeys, FakeLedger
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import Market
from tests.sealrun.world import World, make_offer

NOW = 1_800_000_000
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


class CountingKeys(FakeKeys):
    """Counts how often a key was opened."""

    opened = 0

    def decrypt(self, ciphertext: bytes, *, context: object) -> bytes:
        self.opened += 1
        return super().decrypt(ciphertext, context=context)  # type: ignore[arg-type]


def running() -> tuple[World, Record]:
    offer, keys, ledger = make_offer(), CountingKeys(), FakeLedger()
    secret = keys.encrypt(SECRET.encode(), context=key_context("webhook", offer.id))
    ledger.publish(StoredOffer(offer, "", b"sealed", b"key", secret))
    world = World(offer=offer, keys=keys, ledger=ledger)
    return world, world.call().record


def deliver(
    world: World,
    *,
    run: int = 1,
    at: int | None = None,
    key: bytes = KEY,
    instance: str = "",
    unsigned: bool = False,
) -> bool:
    body = json.dumps(
        {
            "object_kind": "pipeline",
            "object_attributes": {"id": run, "status": "success"},
            "project": {"id": 42},
        }
    ).encode()
    sent = str(world.clock.now if at is None else at)
    mac = hmac.digest(key, b"msg_1." + sent.encode() + b"." + body, "sha256")
    headers = {
        "x-gitlab-event": "Pipeline Hook",
        "x-gitlab-instance": instance or world.offer.source.origin,
        "webhook-id": "msg_1",
        "webhook-timestamp": sent,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }
    return take_webhook(
        body,
        {} if unsigned else headers,
        deliveries=GitLabDeliveries(),
        ledger=world.ledger,
        keys=world.keys,
        waker=world.waker,
        now=world.clock.now,
    )


def test_r6_a_true_delivery_wakes_the_collector_and_asks_the_provider_nothing() -> None:
    world, record = running()
    asked = len(world.provider.calls)
    assert deliver(world)
    assert world.waker.woken == [record.call_hash]
    assert len(world.provider.calls) == asked


@pytest.mark.parametrize("how", [{"at": NOW - 301}, {"at": NOW + 301}, {"unsigned": True}], ids=str)
def test_r6_a_delivery_that_cannot_be_genuine_asks_neither_the_table_nor_a_key(how: dict[str, Any]) -> None:
    world, _ = running()
    ledger = world.ledger
    world.ledger = None
    assert not deliver(world, **how)
    world.ledger = ledger
    assert world.keys.opened == 0  # type: ignore[attr-defined]


def test_r11_a_delivery_in_another_form_is_told_by_the_names_of_its_headers_and_no_value() -> None:
    world, _ = running()
    told: list[list[str]] = []
    headers = {"X-Hook-Secret": "whsec_secret", "Content-Type": "text/plain", "É" * 99: "x"}
    headers |= {f"X-{number}": "x" for number in range(99)}
    woken = take_webhook(
        b"{}",
        headers,
        deliveries=GitLabDeliveries(),
        ledger=world.ledger,
        keys=world.keys,
        waker=world.waker,
        now=world.clock.now,
        another_form=told.append,
    )
    assert not woken
    assert len(told[0]) == 40
    assert {"content-type", "x-hook-secret"} < set(told[0])
    assert "whsec_secret" not in str(told)
    assert "\\xe9" * 60 in told[0]


def test_r6_a_flood_of_forged_deliveries_opens_a_key_once() -> None:
    world, record = running()
    keys, world.keys = world.keys, RememberedKeys(world.keys, world.clock)  # type: ignore[assignment]
    for _ in range(50):
        assert not deliver(world, key=b"forged" * 6)
    assert keys.opened == 1  # type: ignore[attr-defined]
    assert deliver(world)
    assert world.waker.woken == [record.call_hash]
    world.clock.passes(SECONDS)
    assert deliver(world)
    assert keys.opened == 2  # type: ignore[attr-defined]


class DownLedger(FakeLedger):
    """A table that throttles."""

    def call_of_run(self, run: RunKey) -> int | None:
        raise StoreUnavailable("table: expected an answer, got ClientError")


@pytest.mark.parametrize(
    "body",
    [
        "hello",
        "x" * ((1 << 20) + 1),
        '{"object_kind":"pipeline","project":{"id":42},"object_attributes":{"id":9}}',
    ],
    ids=["no JSON", "too long", "table down"],
)
def test_r6_every_delivery_is_answered_202(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market(ledger=DownLedger())
    module = load("webhook", market, monkeypatch, opened_keys=market.keys)
    headers = {
        "X-Gitlab-Event": "Pipeline Hook",
        "X-Gitlab-Token": "s",
        "X-Gitlab-Instance": "https://a.test",
    }
    gateway, url = Gateway(module), "https://calls.test/webhooks"
    answer = gateway.answer(httpx.Request("POST", f"{url}/gitlab", content=body, headers=headers))
    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    unknown = gateway.answer(httpx.Request("POST", f"{url}/other", content=body))
    assert unknown.status_code == 404


@pytest.mark.parametrize("other", [{"run": 2}, {"instance": "https://other.example"}])
def test_r6_a_delivery_about_an_unknown_run_is_dropped_before_any_key_is_opened(
    other: dict[str, object],
) -> None:
    world, _ = running()
    assert not deliver(world, **other)  # type: ignore[arg-type]
    assert not world.waker.woken
    assert world.keys.opened == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("seconds", [-301, 301])
def test_r6_a_delivery_outside_the_window_wakes_nobody(seconds: int) -> None:
    world, _ = running()
    assert not deliver(world, at=world.clock.now + seconds)
    assert not world.waker.woken


def test_r6_a_delivery_with_another_key_wakes_nobody() -> None:
    world, _ = running()
    assert not deliver(world, key=bytes(32))
    assert not world.waker.woken


def test_r6_a_delivery_about_a_call_that_is_over_wakes_nobody() -> None:
    world, record = running()
    world.settle(record.call_hash)
    world.waker.woken.clear()
    assert not deliver(world)
    assert not world.waker.woken
