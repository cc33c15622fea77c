"""One command's dealings in a credit: who pays, what it costs and takes, and that it is sent once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.keys import PublicKey
from sealrun.encoding.fields import MAX_UINT64
from sealrun.offers.asset import ACCOUNT_CREATION_FEE, MINA
from sealrun_cli.lib.book import locked
from sealrun_cli.lib.credit_view import CreditNode, Look, address_of, told
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.once import Asked, Now, Once
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.tools import Sender, run_tool

# What each program proves, and how long it took with its proofs: two idle cores, docs/guides/credits.md.
TAKES = {
    "credits-issue": "1 proof, usually 13 s",
    "credits-mint": "2 proofs, usually 19 s",
    "credits-sell": "1 proof, usually 13 s",
    "credits-reprice": "2 proofs, usually 17 s",
    "credits-take-back": "2 proofs, usually 17 s",
    "credits-buy": "2 proofs, usually 17 s",
    "credits-give": "1 proof, usually 9 s",
    "credits-redeem": "2 proofs, usually 17 s",
    "topup": "1 proof, usually 9 s",
    "open": "1 proof, usually 9 s",
}
CreditAddress = Annotated[str, typer.Argument(help="Address of the token's owner.", metavar="CREDIT")]
Count = Annotated[int, typer.Argument(help="How many credits.", min=1, max=MAX_UINT64, metavar="COUNT")]
AskAddress = Annotated[str, typer.Option("--ask", help="Address of the ask.", metavar="ADDRESS")]


@dataclass(frozen=True)
class Desk:
    """One command's connection: who pays, which token, and the folder of what was asked for."""

    out: Output
    node: CreditNode
    sender: Sender
    token: PublicKey
    state: Path
    until_told: ExitStack  # closed once the result was told

    @property
    def payer(self) -> PublicKey:
        return self.sender.key.public_key()

    def look(self, *, ask: str = "", other: str = "") -> Look:
        """The newest answer of the node."""
        return self.node.look(self.token, self.payer, ask=ask, other=other)

    def tool(self, name: str, **named: Any) -> dict[str, Any]:
        """Run a program on this token."""
        return self.run(name, token=self.token.to_base58(), **named)

    def run(self, name: str, **named: Any) -> dict[str, Any]:
        """Run a program."""
        return run_tool(name, self.sender, self.out, **named)

    def plan(self, name: str, look: Look, does: str, paid: int = 0, new: int = 0) -> list[str]:
        """What is done, what it costs and how long it takes.

        Args:
            name: of the program.
            look: what the chain says now.
            does: in words.
            paid: nanomina beside fee and accounts.
            new: accounts that are opened.

        Raises:
            CliError: the payer has less than all of that.
        """
        total = MINA.of(paid + new * ACCOUNT_CREATION_FEE.units) + self.sender.costs
        if look.payer.money < total:
            detail = f"payer: expected at least {total} in {self.payer.to_base58()}, got {look.payer.money}"
            raise CliError("too-little", detail)
        parts = [str(MINA.of(paid))] if paid else []
        if new:
            parts.append(f"{MINA.of(new * ACCOUNT_CREATION_FEE.units)} for {counted(new, 'account')}")
        parts.append(f"{self.sender.costs} of fee")
        return [
            *told(look.credit),
            does,
            f"costs    {total}: {', '.join(parts)}",
            f"takes    {TAKES[name]} on two idle cores, then one to three blocks",
        ]

    def once(
        self,
        what: str,
        change: int,
        figure: Callable[[], Now],
        send: Callable[[Asked], dict[str, Any]],
        plan: Callable[[], list[str]],
        *,
        yes: bool,
    ) -> dict[str, Any]:
        """Send one transaction once: see ``Once``."""
        name = f"{self.token.to_base58()}.credits.{self.node.network.removeprefix('mina:')}"
        path = self.state / f"{name}.{self.payer.to_base58()}.json"
        self.until_told.enter_context(locked(self.state, name))
        return Once(what, self.payer.to_base58(), change, path, self.out).run(figure, send, plan, yes=yes)


@contextmanager
def dealing(
    credit: str,
    key: str,
    node: str,
    network: str,
    sent: tuple[str, int, bool],
    state: Path,
    *,
    as_json: bool,
) -> Iterator[Desk]:
    fee, poll_ms, no_proofs = sent
    with speaking(as_json=as_json) as out, open_client() as http, ExitStack() as until_told:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        owner = address_of(credit, "credit")
        yield Desk(out, CreditNode(Service(http), node, network), sender, owner, state, until_told)


def held(desk: Desk) -> Now:
    """The payer's nonce and credits."""
    seen = desk.look()
    return Now(seen.payer.nonce, seen.payer.held.units)


def check_held(look: Look, count: int) -> None:
    """The payer has so many credits.

    Raises:
        CliError: the payer has fewer.
    """
    if look.payer.held.units < count:
        detail = f"payer: expected at least {look.credit.asset.of(count)}, got {look.payer.held}"
        raise CliError("too-little", detail, "name a smaller count")


def done(result: dict[str, Any], word: str) -> str:
    """What a result says first: ``bought``, or that it was before."""
    before = str(result.get("status", "")).startswith("already")
    return f"{word} before, and nothing sent now" if before else word


def counted(number: int, noun: str) -> str:
    """``1 account``, ``2 accounts``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
