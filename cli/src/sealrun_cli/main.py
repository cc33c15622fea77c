"""The ``sealrun`` command."""

from importlib import metadata
from typing import Annotated

import typer

from sealrun_cli.commands import (
    account,
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
    offer,
    pause,
    pay_operator,
    pin,
    profile,
    publish,
    redeem,
    rerun,
    resume,
    rotate,
    sandbox,
    seal,
    settle,
    status,
    ticket,
    topup,
    verify,
    wallet,
    withdraw,
)
from sealrun_cli.commands import (
    exit as exit_,
)
from sealrun_cli.commands import (
    open as open_,
)
from sealrun_cli.lib.output import take_any_text


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


app.command("key")(key.key)
app.command("open")(open_.open_account)
app.command("topup")(topup.topup)
app.command("call")(call.call)
app.command("ticket")(ticket.ticket)
app.command("redeem")(redeem.redeem)
app.command("account")(account.account)
app.command("settle")(settle.settle)
app.command("exit")(exit_.exit_account)
app.command("withdraw")(withdraw.withdraw)
app.command("pay-operator")(pay_operator.pay_operator)
app.command("evidence")(evidence.evidence)
app.command("disclose")(disclose.disclose)
app.command("pin")(pin.pin)
app.command("verify")(verify.verify)
app.command("lineage")(lineage.lineage)
app.command("rerun")(rerun.rerun)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("offer")(offer.offer)
app.command("wallet")(wallet.wallet)
app.command("deploy")(deploy.deploy)
app.command("seal")(seal.seal)
app.command("publish")(publish.publish)
app.command("status")(status.status)
app.command("calls")(calls.calls)
app.add_typer(rotate.app, name="rotate")
app.command("pause")(pause.pause)
app.command("resume")(resume.resume)
app.command("close")(close.close)
app.command("cost")(cost.cost)
app.command("profile")(profile.profile)
app.command("sandbox")(sandbox.sandbox)


def run() -> None:
    """The console script."""
    take_any_text()
    app()


if __name__ == "__main__":
    run()
