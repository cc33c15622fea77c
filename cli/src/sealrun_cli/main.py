"""The ``sealrun`` command."""

from collections.abc import Callable
from importlib import metadata
from typing import Annotated

import typer

from sealrun_cli.commands import (
    account,
    backup,
    call,
    calls,
    check,
    close,
    cost,
    deploy,
    disclose,
    evidence,
    init,
    key,
    lineage,
    mcp,
    move,
    offer,
    pause,
    pay_operator,
    pin,
    profile,
    publish,
    redeem,
    rerun,
    restore,
    resume,
    rotate,
    sandbox,
    seal,
    serve,
    settle,
    show,
    source,
    status,
    tick,
    ticket,
    topup,
    verify,
    wallet,
    withdraw,
)
from sealrun_cli.commands import exit as exit_
from sealrun_cli.commands import open as open_
from sealrun_cli.lib.help import Panels, example
from sealrun_cli.lib.outgoing import PROXY, VARIABLE, remember
from sealrun_cli.lib.output import take_any_text


def _tell_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        print(f"sealrun {metadata.version('sealrun-cli')}")
        raise typer.Exit


BUYERS, SELLERS, OPERATORS = "For buyers", "For sellers", "For operators"
RECEIPTS, SECRETS = "For anyone with evidence", "Keys"

app = typer.Typer(
    cls=Panels,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _add(panel: str, name: str, command: Callable[..., None], text: str) -> None:
    """Add a command, with its example."""
    app.command(name, rich_help_panel=panel, epilog=example(text))(command)


@app.callback()
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


# fmt: off
_add(BUYERS, "open", open_.open_account,
     "sealrun open https://ci.example/offers/5f0c --deposit 20 --account-key a.key --key b.key"
     " --node https://mina.example/graphql")
_add(BUYERS, "topup", topup.topup,
     "sealrun topup B62qk...w1 --amount 20 --key buyer.key --node https://mina.example/graphql")
_add(BUYERS, "call", call.call,
     "sealrun call https://ci.example/offers/5f0c --input greeting=hello --account B62q... --pay --key b.key")
_add(BUYERS, "mcp", mcp.mcp,
     "sealrun mcp --key buyer.key --account B62q... --per-call 5 --per-day 20")
_add(BUYERS, "account", account.account,
     "sealrun account B62qk...w1 --url https://ci.example --key buyer.key")
_add(BUYERS, "ticket", ticket.ticket,
     "sealrun ticket https://ci.example/offers/5f0c --until 2026-12-31 --count 10 --key buyer.key")
_add(BUYERS, "redeem", redeem.redeem,
     "sealrun redeem 'https://ci.example/tickets/7c1d#eyJz.7mX.EKE' --evidence got")
_add(BUYERS, "exit", exit_.exit_account,
     "sealrun exit B62qk...w1 --key buyer.key --node https://mina.example/graphql")
_add(BUYERS, "withdraw", withdraw.withdraw,
     "sealrun withdraw B62qk...w1 --key buyer.key --node https://mina.example/graphql")
_add(SELLERS, "sandbox", sandbox.sandbox,
     "sealrun sandbox --fund seller.key --fund buyer.key")
_add(SELLERS, "init", init.init,
     "sealrun init --tag v1.0 --price 5 --oracle oracle.key --seller seller.key")
_add(SELLERS, "check", check.check,
     "sealrun check --token-file token")
_add(SELLERS, "offer", offer.offer,
     "sealrun offer --pin v1.1")
_add(SELLERS, "seal", seal.seal,
     "sealrun seal --token-file token")
_add(SELLERS, "publish", publish.publish,
     "sealrun publish")
_add(SELLERS, "settle", settle.settle,
     "sealrun settle B62qk...w1 --url https://ci.example --key s.key --node https://mina.example/graphql")
_add(SELLERS, "close", close.close,
     "sealrun close --reason 'version 2 is for sale'")
_add(SELLERS, "cost", cost.cost,
     "sealrun cost --calls 10000 --price 5")
_add(OPERATORS, "deploy", deploy.deploy,
     "sealrun deploy --oracle-key oracle.key")
_add(OPERATORS, "serve", serve.serve,
     "sealrun serve --public-url https://ci.example")
_add(OPERATORS, "tick", tick.tick,
     "sealrun tick --remote https://gitlab.com/g/state.git --bucket s3://sealrun"
     " --public-url https://files.example")
_add(OPERATORS, "backup", backup.backup,
     "sealrun backup /mnt/backup/2026-12-01")
_add(OPERATORS, "restore", restore.restore,
     "sealrun restore /mnt/backup/2026-12-01")
_add(OPERATORS, "move", move.move,
     "sealrun move postgresql://db.example/sealrun")
_add(OPERATORS, "status", status.status,
     "sealrun status")
_add(OPERATORS, "calls", calls.calls,
     "sealrun calls --late --most 10")
_add(OPERATORS, "pause", pause.pause,
     "sealrun pause --reason 'our runners move house'")
_add(OPERATORS, "resume", resume.resume,
     "sealrun resume")
app.add_typer(rotate.app, name="rotate", rich_help_panel=OPERATORS)
_add(OPERATORS, "pay-operator", pay_operator.pay_operator,
     "sealrun pay-operator B62qk...w1 --terms offer.json --key o.key --node https://mina.example/graphql")
_add(RECEIPTS, "show", show.show,
     "sealrun show https://ci.example/calls/91ab")
_add(RECEIPTS, "evidence", evidence.evidence,
     "sealrun evidence https://ci.example/calls/91ab --to got --key buyer.key")
_add(RECEIPTS, "verify", verify.verify,
     "sealrun verify got")
_add(RECEIPTS, "disclose", disclose.disclose,
     "sealrun disclose got outputs/build/a.txt --to a.json")
_add(RECEIPTS, "rerun", rerun.rerun,
     "sealrun rerun got https://other.example/offers/33d0 --key buyer.key")
_add(RECEIPTS, "lineage", lineage.lineage,
     "sealrun lineage got --as mermaid")
_add(RECEIPTS, "profile", profile.profile,
     "sealrun profile got --svg flame.svg")
_add(RECEIPTS, "pin", pin.pin,
     "sealrun pin got --to kubo:http://127.0.0.1:5001")
app.add_typer(source.app, name="source", rich_help_panel=RECEIPTS)
_add(SECRETS, "key", key.key,
     "sealrun key buyer.key --new")
_add(SECRETS, "wallet", wallet.wallet,
     "sealrun wallet MINA_KEY --project group/project --token-file token")
# fmt: on


def run() -> None:
    """The console script."""
    take_any_text()
    app()


if __name__ == "__main__":
    run()
