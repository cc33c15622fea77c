"""The ``sealrun`` command.

A command's module is imported when that command is asked for: all of them together take most of a second.
"""

import sys
from functools import cache
from importlib import import_module, metadata
from typing import Annotated, Any, NamedTuple

import typer

from sealrun_cli.lib.help import Panels, example
from sealrun_cli.lib.outgoing import PROXY, VARIABLE, remember
from sealrun_cli.lib.output import take_any_text

BUYERS, SELLERS, OPERATORS = "For buyers", "For sellers", "For operators"
RECEIPTS, SECRETS = "For anyone with evidence", "Keys"
CREDITS = "For sellers and buyers"


class Entry(NamedTuple):
    """One command: who uses it, its name, what its module has it as, and an example; a group has its own."""

    panel: str
    name: str
    attribute: str
    example: str = ""

    def add_to(self, app: typer.Typer) -> None:
        """Import the command and add it."""
        found = getattr(import_module(f"sealrun_cli.commands.{self.name.replace('-', '_')}"), self.attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=self.name, rich_help_panel=self.panel)
        else:
            app.command(self.name, rich_help_panel=self.panel, epilog=example(self.example))(found)


# fmt: off
ENTRIES = (
    Entry(BUYERS, "open", "open_account",
          "sealrun open https://ci.example/offers/5f0c --deposit 20 --account-key a.key"
          " --key b.key --node https://mina.example/graphql"),
    Entry(BUYERS, "topup", "topup",
          "sealrun topup B62qk...w1 --amount 20 --key buyer.key --node https://mina.example/graphql"),
    Entry(BUYERS, "call", "call",
          "sealrun call https://ci.example/offers/5f0c --input greeting=hello --account B62q..."
          " --pay --key b.key"),
    Entry(BUYERS, "mcp", "mcp",
          "sealrun mcp --key buyer.key --account B62q... --per-call 5 --per-day 20"),
    Entry(BUYERS, "account", "account",
          "sealrun account B62qk...w1 --url https://ci.example --key buyer.key"),
    Entry(BUYERS, "ticket", "ticket",
          "sealrun ticket https://ci.example/offers/5f0c --until 2026-12-31 --count 10"
          " --key buyer.key"),
    Entry(BUYERS, "redeem", "redeem",
          "sealrun redeem 'https://ci.example/tickets/7c1d#eyJz.7mX.EKE' --evidence got"),
    Entry(BUYERS, "exit", "exit_account",
          "sealrun exit B62qk...w1 --key buyer.key --node https://mina.example/graphql"),
    Entry(BUYERS, "withdraw", "withdraw",
          "sealrun withdraw B62qk...w1 --key buyer.key --node https://mina.example/graphql"),
    Entry(SELLERS, "sandbox", "sandbox",
          "sealrun sandbox --fund seller.key --fund buyer.key"),
    Entry(SELLERS, "init", "init",
          "sealrun init --tag v1.0 --price 5 --oracle oracle.key --seller seller.key"),
    Entry(SELLERS, "check", "check",
          "sealrun check --token-file token"),
    Entry(SELLERS, "offer", "offer",
          "sealrun offer --pin v1.1"),
    Entry(SELLERS, "seal", "seal",
          "sealrun seal --token-file token"),
    Entry(SELLERS, "publish", "publish",
          "sealrun publish"),
    Entry(SELLERS, "prove", "prove",
          "sealrun prove B62qk...w1 --url https://ci.example --key seller.key --token-file token"),
    Entry(SELLERS, "settle", "settle",
          "sealrun settle B62qk...w1 --url https://ci.example --key s.key"
          " --node https://mina.example/graphql"),
    Entry(SELLERS, "child", "child",
          "sealrun child scan.example/offers/5f0c --as scanner --parent https://ci.example/calls/91ab"
          " --key - --evidence got"),
    Entry(SELLERS, "close", "close",
          "sealrun close --reason 'version 2 is for sale'"),
    Entry(SELLERS, "cost", "cost",
          "sealrun cost --calls 10000 --price 5"),
    Entry(OPERATORS, "deploy", "deploy",
          "sealrun deploy --oracle-key oracle.key"),
    Entry(OPERATORS, "serve", "serve",
          "sealrun serve --public-url https://ci.example"),
    Entry(OPERATORS, "tick", "tick",
          "sealrun tick --remote https://gitlab.com/g/state.git --bucket s3://sealrun"
          " --public-url https://files.example"),
    Entry(OPERATORS, "backup", "backup",
          "sealrun backup /mnt/backup/2026-12-01"),
    Entry(OPERATORS, "restore", "restore",
          "sealrun restore /mnt/backup/2026-12-01"),
    Entry(OPERATORS, "move", "move",
          "sealrun move postgresql://db.example/sealrun"),
    Entry(OPERATORS, "status", "status",
          "sealrun status"),
    Entry(OPERATORS, "calls", "calls",
          "sealrun calls --late --most 10"),
    Entry(OPERATORS, "pause", "pause",
          "sealrun pause --reason 'our runners move house'"),
    Entry(OPERATORS, "resume", "resume",
          "sealrun resume"),
    Entry(OPERATORS, "rotate", "app"),
    Entry(OPERATORS, "pay-operator", "pay_operator",
          "sealrun pay-operator B62qk...w1 --terms offer.json --key o.key"
          " --node https://mina.example/graphql"),
    Entry(CREDITS, "credits", "app"),
    Entry(CREDITS, "market", "app"),
    Entry(CREDITS, "resell", "app"),
    Entry(RECEIPTS, "show", "show",
          "sealrun show https://ci.example/calls/91ab"),
    Entry(RECEIPTS, "evidence", "evidence",
          "sealrun evidence https://ci.example/calls/91ab --to got --key buyer.key"),
    Entry(RECEIPTS, "verify", "verify",
          "sealrun verify got"),
    Entry(RECEIPTS, "disclose", "disclose",
          "sealrun disclose got outputs/build/a.txt --to a.json"),
    Entry(RECEIPTS, "rerun", "rerun",
          "sealrun rerun got https://other.example/offers/33d0 --key buyer.key"),
    Entry(RECEIPTS, "lineage", "lineage",
          "sealrun lineage got --as mermaid"),
    Entry(RECEIPTS, "profile", "profile",
          "sealrun profile got --svg flame.svg"),
    Entry(RECEIPTS, "pin", "pin",
          "sealrun pin got --to kubo:http://127.0.0.1:5001"),
    Entry(RECEIPTS, "source", "app"),
    Entry(SECRETS, "key", "key",
          "sealrun key buyer.key --new"),
    Entry(SECRETS, "wallet", "wallet",
          "sealrun wallet MINA_KEY --project group/project --token-file token"),
)
# fmt: on


def _tell_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        print(f"sealrun {metadata.version('sealrun-cli')}")
        raise typer.Exit


def main(
    *,
    version: Annotated[  # noqa: ARG001  its callback does it
        bool, typer.Option("--version", help="Show the version.", callback=_tell_version, is_eager=True)
    ] = False,
    tls_authorities: Annotated[
        str,
        typer.Option(help="PEM file of further authorities to trust.", envvar=VARIABLE, metavar="FILE"),
    ] = "",
    proxy: Annotated[
        str, typer.Option(help="Proxy for all but this machine.", envvar=PROXY, metavar="http://HOST:PORT")
    ] = "",
) -> None:
    """Sell one CI job as a Mina zkApp call, or buy one with a Mina wallet."""
    remember(tls_authorities, proxy)


@cache
def command_line(name: str = "") -> typer.Typer:
    """The command of this name alone, in its place below ``sealrun``; all of them where no command has it."""
    made = typer.Typer(
        cls=Panels,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    made.callback()(main)
    for entry in [each for each in ENTRIES if each.name == name] or ENTRIES:
        entry.add_to(made)
    return made


def __getattr__(name: str) -> Any:
    if name == "app":  # all commands
        return command_line()
    raise AttributeError(name)


def run() -> None:
    """The console script."""
    take_any_text()
    command_line(sys.argv[1] if sys.argv[1:] else "")()


if __name__ == "__main__":
    run()
