"""The ``sealrun`` command."""

import typer

from sealrun_cli import accounts, buying, checking, keys

app = typer.Typer(
    help="Buy one CI job with a Mina wallet; settle and leave prepaid accounts.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("key")(keys.key)
app.command("open")(accounts.open_account)
app.command("call")(buying.call)
app.command("account")(checking.account)
app.command("settle")(accounts.settle)
app.command("exit")(accounts.exit_account)
app.command("withdraw")(accounts.withdraw)
app.command("pay-operator")(accounts.pay_operator)
app.command("verify")(checking.verify)


def run() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    run()
