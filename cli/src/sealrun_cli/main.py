"""The ``sealrun`` command."""

from importlib import metadata
from typing import Annotated

import typer

from sealrun_cli import (
    accounts,
    buying,
    check,
    checking,
    close,
    cost,
    deploy,
    evidence,
    init,
    keys,
    lineage,
    offering,
    pause,
    pinning,
    profile,
    publish,
    rerunning,
    rotate,
    sandbox,
    seal,
    status,
    tickets,
    topup,
    verifying,
    wallet,
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        print(f"sealrun {metadata.version('sealrun-cli')}")
        raise typer.Exit


app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_tell_version, is_eager=True)
    ] = False,
) -> None:
    """Sell one CI job as a Mina zkApp call, or buy one with a Mina wallet."""


app.command("key")(keys.key)
app.command("open")(accounts.open_account)
app.command("topup")(topup.topup)
app.command("call")(buying.call)
app.command("ticket")(tickets.ticket)
app.command("redeem")(tickets.redeem)
app.command("account")(checking.account)
app.command("settle")(accounts.settle)
app.command("exit")(accounts.exit_account)
app.command("withdraw")(accounts.withdraw)
app.command("pay-operator")(accounts.pay_operator)
app.command("evidence")(evidence.evidence)
app.command("disclose")(evidence.disclose)
app.command("pin")(pinning.pin)
app.command("verify")(verifying.verify)
app.command("lineage")(lineage.lineage)
app.command("rerun")(rerunning.rerun)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("offer")(offering.offer)
app.command("wallet")(wallet.wallet)
app.command("deploy")(deploy.deploy)
app.command("seal")(seal.seal)
app.command("publish")(publish.publish)
app.command("status")(status.status)
app.command("calls")(status.calls)
app.add_typer(rotate.app, name="rotate")
app.command("pause")(pause.pause)
app.command("resume")(pause.resume)
app.command("close")(close.close)
app.command("cost")(cost.cost)
app.command("profile")(profile.profile)
app.command("sandbox")(sandbox.sandbox)


def run() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    run()
