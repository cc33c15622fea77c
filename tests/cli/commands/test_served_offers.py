"""The operator's commands for an offer work alike on a service of ``sealrun serve``."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from nacl.pwhash import argon2id
from typer.testing import CliRunner

from sealrun.adapters.ipfs.pinning_service import ServicePinner
from sealrun.adapters.keys.key_file import Cost, create_key_file, open_key_file
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import key_context, open_credential
from sealrun_cli.commands import rotate
from sealrun_cli.commands.pin import open_pinners
from sealrun_cli.lib.offer_file import read_offer, write_values
from sealrun_cli.main import app
from tests.cli.lib.test_offer_file import as_file
from tests.cli.web import web
from tests.sealrun.world import make_chain_offer, offer_value

PASSPHRASE = "correct horse battery"
CHEAP = Cost(argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)
PINS = "psa:https://pins.test/psa"


@dataclass
class Service:
    """A database and a key file as ``sealrun serve`` leaves them, with one open offer."""

    folder: Path
    database: Database
    offer: Offer

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/ledger.db"

    @property
    def stored(self) -> StoredOffer:
        stored = SqlLedger(self.database).offer(self.offer.hash)
        assert stored is not None
        return stored

    def run(self, *words: str) -> dict[str, Any]:
        named = ["--stack", self.url, "--file", str(self.folder / "offer.toml"), "--json"]
        done = CliRunner().invoke(app, [*words, *named])
        assert done.exit_code == 0, done.output
        value: dict[str, Any] = json.loads(done.stdout)
        return value


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    create_key_file(tmp_path / "keys.json", PASSPHRASE, cost=CHEAP)
    (tmp_path / "passphrase").touch(mode=0o600)
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    monkeypatch.setenv("SEALRUN_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    write_values(tmp_path / "offer.toml", as_file(offer_value()))
    offer = read_offer(tmp_path / "offer.toml")
    with closing(Database(f"sqlite:///{tmp_path}/ledger.db")) as database:
        SqlLedger(database).publish(StoredOffer(offer, "", b"sealed", b"key", b"secret"))
        Deployment(database).set_url("https://ci.example")
        yield Service(tmp_path, database, offer)


def test_an_offer_is_paused_and_resumed(service: Service) -> None:
    assert service.run("pause", "--reason", "the runners move")["open"] is False
    assert service.stored.paused == "the runners move"
    assert service.run("resume")["open"] is True
    assert service.stored.reason == ""


def test_an_offer_is_closed_for_ever(service: Service) -> None:
    assert service.run("close", "--yes", "--reason", "sold out")["closed"] == [service.offer.id]
    assert service.stored.closed == "sold out"
    assert service.run("close", "--yes")["closed"] == []


def test_a9_all_that_a_leaked_oracle_key_signs_for_is_closed(service: Service) -> None:
    assert service.run("close", "--yes", "--leaked-oracle")["closed"] == [service.offer.id]
    assert service.stored.closed == "oracle: its key is closed: it leaked"


@dataclass
class Account:
    """The seller's account at the provider; ``asked`` is what was revoked."""

    asked: list[tuple[str, int]] = field(default_factory=list)

    def may_rotate(self) -> None:
        """It may."""

    def rotate(self, project: str, user: int, **_: object) -> str:
        self.asked.append((project, user))
        return "glpat-the-new-one"


def test_r1_a_rotated_token_is_sealed_with_the_key_file_and_its_health_is_asked_for(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, deployment = Account(), Deployment(service.database)
    deployment.take_tick("health", now=int(time.time()), every=300)
    monkeypatch.setattr(rotate, "set_up_of", lambda *_: account)

    def serve(_seconds: float) -> None:
        """What a running service does, in place of a pause: the health task, if it is due."""
        if deployment.take_tick("health", now=int(time.time()), every=300):
            deployment.end_tick("health", began=int(time.time()))

    monkeypatch.setattr("sealrun_cli.lib.served_target.time.sleep", serve)
    (service.folder / "token").touch(mode=0o600)
    (service.folder / "token").write_text("glpat-the-old-one")
    told = service.run("rotate", "token", "--yes", "--token-file", str(service.folder / "token"))
    assert (told["suspended"], account.asked) == ("", [("42", 7)])
    keys = open_key_file(service.folder / "keys.json", PASSPHRASE)
    stored = service.stored
    opened = open_credential(stored.offer, stored.sealed, stored.sealing_key, keys)
    assert opened.token == "glpat-the-new-one"
    assert stored.webhook_secret == b"secret"


def test_r1_before_a_yes_the_offers_are_named_that_a_revoked_token_ends(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their credential lies on chain, where no other can take its place."""
    monkeypatch.setattr(rotate, "set_up_of", lambda *_: Account())
    ends, closed, other = make_chain_offer(), make_chain_offer(title="closed"), offer_value()["source"]
    elsewhere = make_chain_offer(source={**other, "user": 8})
    ledger = SqlLedger(service.database)
    for each in (ends, closed, elsewhere):
        ledger.publish(StoredOffer(each, "", b"", b"key", b"secret"))
    ledger.close_offer(closed.hash, "sold out")
    named = ["--stack", service.url, "--file", str(service.folder / "offer.toml")]
    done = CliRunner().invoke(app, ["rotate", "token", *named])
    assert f"end      offer {ends.id[:16]}…: {ends.title}; its token lies on chain" in done.output
    assert [each.id[:16] in done.output for each in (closed, elsewhere)] == [False, False]


def test_r1_the_token_of_a_pinning_service_is_opened_with_the_key_file(service: Service) -> None:
    keys = open_key_file(service.folder / "keys.json", PASSPHRASE)
    closed = keys.encrypt(b"pin-token-1234", context=key_context("pinning", PINS))
    [pinner] = open_pinners(f"{PINS}#{base64.b64encode(closed).decode()}", "", service.url)
    assert isinstance(pinner, ServicePinner)
    with closing(pinner):
        assert pinner._headers() == {"Authorization": "Bearer pin-token-1234"}


def status_of(service: Service, *words: str) -> str:
    done = CliRunner().invoke(app, ["status", "--stack", service.url, *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_status_says_whether_the_service_answers(service: Service) -> None:
    with web({"GET /healthz": (200, {"ok": True})}) as site:
        Deployment(service.database).set_url(site.url)
        assert json.loads(status_of(service, "--json"))["answers"] is True
        site.answers["GET /healthz"] = (503, {"ok": False, "late": ["sweep"]})
        assert json.loads(status_of(service, "--json"))["answers"] is False
    first = status_of(service).splitlines()[0]
    assert f"{site.url}, does not answer (" in first
    assert first.endswith("): sealrun serve")
