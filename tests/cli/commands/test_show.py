"""``sealrun show``: what an address leads to, in words that no stranger can bend."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from sealrun.errors import SealrunError
from sealrun.service.views import offer_view, public_view
from sealrun_cli.commands.show import _call, _offer, _ticket
from sealrun_cli.lib.addresses import parse_address
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_lines import buying
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import Service
from sealrun_cli.main import app
from tests.cli.web import web
from tests.sealrun.calls.test_ticket import free_ticket, paid_ticket
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import PRICE, SELLER, World, make_offer, sign_call

KINDS = {"offer": _offer, "call": _call}


def shown(url: str, answers: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What the command makes of an address, where the service answers so by path."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path)
        return httpx.Response(404 if found is None else 200, content=json.dumps(found or {}))

    address = parse_address(url)
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        if address.ticket is not None:
            return _ticket(Service(http), address, address.ticket)
        return KINDS[address.kind](Service(http), address)


def offers(world: World, **changes: Any) -> dict[str, Any]:
    stored = world.ledger.offer(world.offer.hash)
    return {f"/offers/{world.offer.id}": {**offer_view(stored), **changes}}


def test_an_offer_is_shown_with_price_source_inputs_and_whether_it_is_open() -> None:
    market = Market()
    value, lines = shown(f"{SERVICE}/offers/{market.offer.id}", offers(market))
    assert (value["title"], value["open"]) == ("Build the layers", True)
    assert [price["amount"] for price in value["prices"]] == [str(PRICE)]
    said = "\n".join(lines)
    assert lines[:2] == ["Build the layers", "open     yes"]
    assert "price    5 MINA if the run succeeds, else nothing" in said
    assert "input    layer: one of mina, sealrun, both" in said
    assert lines[-1] == f"buy      {buying(market.offer, f'{SERVICE}/offers/{market.offer.id}')}"
    assert "sealrun open" in lines[-1], "an account comes first, where a run has a price"
    paused = offers(market, open=False, reason="holidays")
    assert shown(f"{SERVICE}/offers/{market.offer.id}", paused)[1][1] == "open     no: holidays"


def test_c1_another_document_than_the_address_names_is_refused() -> None:
    market = Market()
    other = offers(World(make_offer(title="Other")))
    [(_, view)] = other.items()
    with pytest.raises(CliError, match="offer: expected the document of"):
        shown(f"{SERVICE}/offers/{market.offer.id}", {f"/offers/{market.offer.id}": view})


def test_a_call_is_shown_from_its_claim_to_its_receipt() -> None:
    world = World()
    record = world.call().record
    url, path = f"{SERVICE}/calls/{record.id}/receipt", f"/calls/{record.id}"
    value, lines = shown(url, {**offers(world), path: public_view(record)})
    assert (value["state"], value["outcome"]) == ("running", None)
    assert lines[0] == "running"
    assert any(line.endswith("(for members only)") for line in lines)
    over = world.settle(record.call_hash)
    value, lines = shown(url, {**offers(world), path: public_view(over)})
    assert (value["state"], value["outcome"], value["grade"]) == ("succeeded", "succeeded", 0)
    assert f"signed by the offer's oracle {world.offer.oracle}" in "\n".join(lines)


def test_c1_a_receipt_of_another_call_or_oracle_is_refused() -> None:
    world, other = World(), World(make_offer(oracle=SELLER.public_key().to_base58()))
    one, two = (
        world.settle(world.call(sign_call(world.offer, nonce=nonce)).record.call_hash) for nonce in (1, 2)
    )
    path = f"/calls/{one.id}"
    assert one.receipt is not None
    changed = {**one.receipt, "data": {**one.receipt["data"], "grade": 1}}
    for receipt in (two.receipt, changed):
        with pytest.raises(CliError, match="signed by the offer's oracle"):
            shown(f"{SERVICE}{path}", {**offers(world), path: {**public_view(one), "receipt": receipt}})
    view = {**public_view(one), "offer": other.offer.id}
    with pytest.raises(CliError, match="signed by the offer's oracle"):
        shown(f"{SERVICE}{path}", {**offers(other), path: view})


@pytest.mark.parametrize("paid", [False, True])
def test_e4_a_ticket_is_shown_without_its_secret_and_is_not_used_up(*, paid: bool) -> None:
    market = Market() if paid else World()
    offer = market.offer
    ticket = paid_ticket(offer, 1, limit=PRICE) if paid else free_ticket(offer)
    value, lines = shown(ticket.url(), offers(market))
    assert (value["ticket"], value["prepaid"], value["title"]) == (ticket.grant.id, paid, offer.title)
    said = "\n".join(lines) + json.dumps(value)
    assert "layer=both" in said
    assert ticket.secret.to_base58() not in said
    forged = ticket.url().replace(
        ticket.signature.to_base58(), free_ticket(make_offer(title="x")).signature.to_base58()
    )
    with pytest.raises(CliError, match="expected its issuer's signature"):
        shown(forged, offers(market))


@pytest.mark.parametrize("view", [{}, {"document": {}}, {"document": None}, {"document": "x"}])
def test_l14_what_is_no_offer_is_refused(view: dict[str, Any]) -> None:
    market = Market()
    with pytest.raises((CliError, SealrunError)):
        shown(f"{SERVICE}/offers/{market.offer.id}", {f"/offers/{market.offer.id}": view})


@pytest.mark.parametrize("offer", ["\ud800", "../x", None, 7])
def test_l14_a_call_of_what_is_no_offer_is_refused(offer: Any) -> None:
    call = "07" * 32
    with pytest.raises(SealrunError, match="offer: expected 64"):
        shown(f"{SERVICE}/calls/{call}", {f"/calls/{call}": {"offer": offer, "state": "running"}})


def test_e7_nothing_in_strangers_words_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    record = world.call().record
    evil = "\x1b[2J\u202egnp.exe"
    view = {**public_view(record), "reason": evil, "state": evil}
    view["run"] = {"id": 1, "url": f"https://ci/{evil}", "public": True}
    view["progress"] = {"at": 1, "jobs": [{"name": evil, "state": evil}], "more": 0}
    path = f"/calls/{record.id}"
    value, lines = shown(f"{SERVICE}{path}", {**offers(world), path: view})
    Output(as_json=False).result(value, *lines)
    said = capsys.readouterr().out
    assert "gnp.exe" in said
    assert not {"\x1b", "\u202e"} & set(said)


def test_the_command_speaks_json_about_what_a_service_answers() -> None:
    market = Market()
    path = f"/offers/{market.offer.id}"
    with web({f"GET {path}": (200, offers(market)[path])}) as site:
        said = CliRunner().invoke(app, ["show", f"{site.url}{path}", "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.stdout)["title"] == "Build the layers"
