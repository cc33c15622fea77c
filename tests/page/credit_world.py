"""A seller whose offer costs 1 MINA or 1 RUN, a credit, with a service, a chain and a static host.

``python -m tests.page.credit_world COMMAND...`` runs a command in it, as ``tests.page.world`` does. All is
made by ``sealrun`` as in ``make demo-market``; the chain counts every proof as valid.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.credit_sale import CreditSale, selling
from local.signals import interrupt_on_stop
from local.steps import Progress
from sealrun_cli.lib.keys import read_key
from tests.page.host import static_page

STEPS = 4
BOUGHT = "6"


@contextmanager
def world(folder: Path) -> Iterator[dict[str, str]]:
    """Everything, started; the buyer has credits in a prepaid account, which no browser knows."""
    sale = CreditSale(Progress(STEPS), folder / "seller", proofs=False)
    with selling(sale):
        sale.start()
        sale.write_offer()
        sale.issue()
        sale.publish()
        [ask] = sale.run(_quiet, "credits", "show", sale.token)["asks"]
        into = ["--into", sale.offer_url, "--account-key", "account.key", "--ask", ask["ask"], "--yes"]
        bought = sale.run(_quiet, "credits", "buy", sale.token, BOUGHT, *into, *sale.sends("buyer"))
        with static_page(folder / "host", f"mina:devnet={sale.node}") as page:
            yield {
                "page": page,
                "service": sale.url,
                "node": sale.node,
                "paid": sale.offer,
                "account": bought["account"],
                "token": sale.token,
                "buyer": read_key(str(sale.folder / ".sealrun" / "buyer.key")).to_base58(),
                "command": str(_command(folder, sale)),
            }


def _command(folder: Path, sale: CreditSale) -> Path:
    """A program that runs `sealrun` in the seller's folder."""
    program = folder / "sealrun-as-the-seller"
    settings = f"SEALRUN_STATE={folder / 'state'} SEALRUN_UNSAFE_LOOPBACK=1 SEALRUN_MINA_NODE={sale.node}"
    sealrun = Path(sys.executable).with_name("sealrun")
    program.write_text(f'#!/bin/sh\ncd {sale.folder} && exec env {settings} {sealrun} "$@" --json\n')
    program.chmod(0o755)
    return program


def _quiet(_: str) -> None:
    pass


def main() -> int:
    """Run the command that was given; its status."""
    interrupt_on_stop()
    with tempfile.TemporaryDirectory() as scratch, world(Path(scratch) / "world") as here:
        file = Path(scratch) / "world.json"
        file.write_text(json.dumps(here))
        environment = {**os.environ, "SEALRUN_WORLD": str(file)}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
