"""`sealrun market build`: a board's catalogue with histories from checked receipts, as files."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.encoding.fields import canonical
from sealrun.offers.offer import Offer
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome, Receipt, SignedReceipt
from sealrun_cli.lib import board as board_lib
from sealrun_cli.main import app
from tests.cli.web import Asked, Web, web
from tests.sealrun.boards import BOARD, FakeBoard, numbered_offer, signed
from tests.sealrun.fake_chain import PINNED_OFFER, account_answer
from tests.sealrun.world import ORACLE, evidence_value

PUBLIC = evidence_value(inputs="public")
NOW = int(time.time())
Build = Callable[..., dict[str, Any]]


def receipt(offer: Offer, call: int, key: PrivateKey = ORACLE, **changes: Any) -> dict[str, Any]:
    good = (Outcome.SUCCEEDED, Grade.OPERATOR, NOW - 1000)
    made = Receipt(offer.network, call, offer.hash, 2, 3, 4, 5, *good)._replace(**changes)
    return SignedReceipt(made, sign_fields(key, made.fields()), key.public_key()).document()


class Site:
    """A node with a board, and the service of all offers on it, on one loopback server."""

    def __init__(self, server: Web) -> None:
        self.server, self.board = server, FakeBoard()
        server.answers["POST /graphql"] = self._node

    def _node(self, asked: Asked) -> tuple[int, Any]:
        answer = self.board.node(asked.body["query"])
        return 200, {"data": {**answer, "bestChain": account_answer(date=int(time.time()))["bestChain"]}}

    def sell(self, offer: Offer, *receipts: Any) -> None:
        """List the offer, with these receipts."""
        host = self.server.url
        self.board.sell(offer, host=host)
        self.board.add(signed(offer, host=host))
        view = {"offer": offer.id, "open": True, "document": json.loads(offer.document)}
        page = {"offer": offer.id, "receipts": list(receipts), "next": None}
        self.server.answers |= {
            f"GET /offers/{offer.id}": (200, view),
            f"GET /offers/{offer.id}/receipts": (200, page),
        }
        for each in receipts:
            call = int(each["data"]["call_hash"])
            self.server.answers[f"GET /calls/{call:064x}/evidence"] = (200, {"documents": {}, "index": None})

    def asked(self, ending: str) -> int:
        return sum(each.path.endswith(ending) for each in self.server.asked)


@pytest.fixture
def site(monkeypatch: Any) -> Iterator[Site]:
    monkeypatch.setattr(board_lib, "offer_code", lambda: PINNED_OFFER)
    with web({}) as server:
        yield Site(server)


@pytest.fixture
def build(site: Site, tmp_path: Path) -> Build:
    def run(*words: str, to: str = "to") -> dict[str, Any]:
        where = [
            f"--to={tmp_path / to}",
            f"--state={tmp_path / 'state'}",
            f"--node={site.server.url}/graphql",
        ]
        line = [
            "market",
            "build",
            *where,
            f"--board={BOARD.public_key().to_base58()}",
            "--json",
            "--unsafe-loopback",
            *words,
        ]

        value: dict[str, Any] = json.loads(CliRunner().invoke(app, line).stdout)
        return value

    return run


def catalogue_in(folder: Path) -> dict[str, Any]:
    document = (folder / "catalogue.json").read_bytes()
    value: dict[str, Any] = json.loads(document)
    assert canonical(value) == document
    return value


def test_a_catalogue_has_the_checked_offers_and_what_their_receipts_tell(
    site: Site, build: Build, tmp_path: Path
) -> None:
    public, private = numbered_offer(1, evidence=PUBLIC), numbered_offer(2)
    forged = {**receipt(public, 3), "data": receipt(public, 4)["data"]}
    site.sell(public, receipt(public, 1), receipt(public, 2, status=Outcome.FAILED), forged)
    site.sell(private, receipt(private, 5))
    told = build()
    assert (told["entries"], told["histories"], told["refused_receipts"], told["not_read"]) == (2, 1, 1, {})
    assert set(told["files"]) == {"catalogue.json", "catalogue.html", "index.html"}
    made = catalogue_in(tmp_path / "to")
    assert [each["title"] for each in made["entries"]] == ["Offer 1", "Offer 2"]
    first, second = (each["history"] for each in made["entries"])
    assert (first["runs"], first["good"], second) == (2, 1, None)
    assert "2 runs, 1 good" in (tmp_path / "to" / "index.html").read_text()
    assert site.asked("/evidence") == 1


def test_a_build_that_is_run_again_asks_for_what_is_new(site: Site, build: Build, tmp_path: Path) -> None:
    offer = numbered_offer(1, evidence=PUBLIC)
    site.sell(offer, receipt(offer, 1))
    build()
    site.sell(offer, receipt(offer, 2, status=Outcome.FAILED))
    site.board.listings.popitem()
    assert build()["histories"] == 1
    [entry] = catalogue_in(tmp_path / "to")["entries"]
    assert entry["history"]["runs"] == 2
    assert site.asked("/evidence") == 1, "what a run left is asked for once"


def test_a_host_that_does_not_answer_costs_its_own_offer_the_history(
    site: Site, build: Build, tmp_path: Path
) -> None:
    good, bad = numbered_offer(1, evidence=PUBLIC), numbered_offer(2, evidence=PUBLIC)
    site.sell(good, receipt(good, 1, status=Outcome.FAILED))
    site.sell(bad)
    answers: list[tuple[int, Any]] = [
        (429, {}),
        (302, {"location": "http://127.0.0.1/"}),
        (200, {"receipts": []}),
    ]
    for answer in answers:
        site.server.answers[f"GET /offers/{bad.id}/receipts"] = answer
        told = build()
        assert (told["entries"], told["histories"], list(told["not_read"])) == (2, 1, [bad.id])
    by_title = {each["title"]: each["history"] for each in catalogue_in(tmp_path / "to")["entries"]}
    assert by_title["Offer 2"] is None


def test_without_receipts_or_time_there_is_no_history(site: Site, build: Build) -> None:
    offer = numbered_offer(1, evidence=PUBLIC)
    site.sell(offer, receipt(offer, 1))
    assert build("--receipts=0")["histories"] == 0
    assert build("--history-seconds=0")["histories"] == 0
    assert site.asked("/receipts") == 0


def test_with_the_page_its_files_lie_beside_the_catalogue(site: Site, build: Build, tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<html><head></head></html>")
    (page / "app-0123ABCD.js").write_text("one")
    site.sell(numbered_offer(1))
    told = build(f"--page={page}")
    assert set(told["files"]) == {"catalogue.json", "catalogue.html", "index.html", "app-0123ABCD.js"}
    assert re.search('content="catalogue.json"', (tmp_path / "to" / "index.html").read_text())
    assert build(f"--page={tmp_path}")["error"]["type"] == "file"


def test_e7_a_link_in_the_folder_is_refused_before_anything_is_asked(
    site: Site, build: Build, tmp_path: Path
) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "to" / "catalogue.json").symlink_to(tmp_path / "mine")
    assert "expected a plain file" in build()["error"]["detail"]
    assert site.server.asked == []
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_board_without_offers_makes_an_empty_catalogue(build: Build, tmp_path: Path) -> None:
    assert build()["entries"] == 0
    assert catalogue_in(tmp_path / "to")["entries"] == []
