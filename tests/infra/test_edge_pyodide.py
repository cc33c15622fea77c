"""The edge's package under Pyodide: Python without any native part checks a ticket's signatures."""

import time
from pathlib import Path

import pytest

from infra import edge_package
from tests import nodejs
from tests.infra.edge_events import event, redemption, ticket
from tests.sealrun.world import BUYER

pytestmark = pytest.mark.peers
SCRIPT = Path(__file__).with_name("pyodide_gate.mjs")


def test_a_ticket_is_verified_where_no_native_module_exists(tmp_path: Path) -> None:
    archive, now = tmp_path / "edge_gate.zip", int(time.time())
    edge_package.write(archive, issuers=[BUYER.public_key().to_base58()])
    redeemed = redemption(ticket(now), now)
    forged = {**redeemed.body(), "proof": redemption(ticket(now), now + 1).proof.to_base58()}
    events = [event(redeemed), event(redeemed, content=forged)]
    found = nodejs.ask(SCRIPT, events, str(archive), seconds=120)
    assert found["platform"] == "emscripten"
    assert found["answers"][0] == events[0]["Records"][0]["cf"]["request"]
    assert found["answers"][1]["status"] == "403"
    assert "proof: expected a signature of the ticket's own key" in found["answers"][1]["body"]
