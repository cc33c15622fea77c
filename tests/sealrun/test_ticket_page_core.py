"""The page's own code signs what the function checks, for both kinds of ticket."""

import subprocess
from pathlib import Path

import pytest

from local.nodejs import NODE
from sealrun.calls.ticket import Redemption
from tests import nodejs
from tests.sealrun.calls.test_ticket import batch, free_ticket
from tests.sealrun.market import Market
from tests.sealrun.world import make_offer

pytestmark = pytest.mark.peers
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("ticket_page_core.mjs")


def test_the_page_redeems_a_free_and_a_prepaid_ticket_as_python_does() -> None:
    free, (paid,) = free_ticket(make_offer()), batch(Market(), 1)
    asked = [(free.url(), {"level": 3}), (free.url(), {}), (paid.url(), {})]
    made = nodejs.ask(SCRIPT, asked)
    assert len(made) == len(asked)
    for each in made:
        redeemed = Redemption.parse(each["body"])
        redeemed.check_signatures()
        assert redeemed.call.id == each["call"]
    assert dict(Redemption.parse(made[0]["body"]).call.inputs) == {"layer": "both", "level": 3}
    assert Redemption.parse(made[2]["body"]).call == paid.grant.prepaid_call


def test_the_pages_types_are_strict_and_hold() -> None:
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    command = [NODE, str(compiler), "-p", "web/ticket"]
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (0, b"")
