"""The page reads what the command writes: one catalogue of every kind of entry, for both."""

import os
from pathlib import Path

from sealrun.encoding.fields import canonical
from sealrun.market.catalogue import catalogue
from sealrun.market.history import Tally
from sealrun.receipts.grade import Grade
from sealrun.receipts.receipt import Outcome, Receipt
from tests.sealrun.board.test_attacks import World
from tests.sealrun.boards import numbered_offer
from tests.sealrun.world import evidence_value

# web/shared/test/catalogue.test.ts reads it too.
FILE = Path(__file__).parents[2] / "vectors" / "catalogue.json"
BUILT = 1_800_000_200


def made() -> bytes:
    world = World()
    world.made.listed(numbered_offer(1, title="Build the layers", evidence=evidence_value(inputs="public")))
    world.made.listed(numbered_offer(2, title="<b>Fuzz</b> a parser & more"))
    document = catalogue(world.read(), built=BUILT)
    tally = Tally()
    for call, status, grade in ((1, Outcome.SUCCEEDED, 1), (2, Outcome.SUCCEEDED, 0), (3, Outcome.FAILED, 0)):
        tally.add(Receipt("mina:devnet", call, 5, 6, 7, 8, 9, status, Grade(grade), BUILT - call))
    fuzz, build = document["entries"]
    history = tally.history({1: 95, 2: 120}, more=True).value()
    return canonical({**document, "entries": [fuzz, {**build, "history": history}]})


def test_the_catalogue_of_the_vector_is_what_is_made() -> None:
    if os.environ.get("SEALRUN_WRITE_VECTORS"):
        FILE.write_bytes(made())
    assert FILE.read_bytes() == made(), "run with SEALRUN_WRITE_VECTORS=1"
