"""``sealrun credits``: tokens that a seller takes for runs, each with MINA behind it."""

from collections.abc import Callable

import typer

from sealrun_cli.commands.credits.issuing import issue, mint
from sealrun_cli.commands.credits.showing import show
from sealrun_cli.commands.credits.trading import buy, give, sell
from sealrun_cli.commands.credits.turning_in import cash, redeem
from sealrun_cli.lib.help import Panels, example

app = typer.Typer(
    help="Tokens that a seller takes for runs.", no_args_is_help=True, rich_markup_mode=None, cls=Panels
)


def _add(name: str, command: Callable[..., None], text: str) -> None:
    app.command(name, epilog=example(f"sealrun credits {name} {text}"))(command)


# fmt: off
_add("issue", issue,
     "--promise run.json --at https://ci.example/run.json --key seller.key --token-key token.key"
     " --vault-key vault.key --node https://mina.example/graphql")
_add("mint", mint,
     "B62qk...t1 100 --key seller.key --node https://mina.example/graphql")
_add("sell", sell,
     "B62qk...t1 50 --price 1 --ask-key ask.key --key seller.key --node https://mina.example/graphql")
_add("buy", buy,
     "B62qk...t1 10 --ask B62qm...a1 --key buyer.key --node https://mina.example/graphql")
_add("give", give,
     "B62qk...t1 5 --to B62qp...m1 --key buyer.key --node https://mina.example/graphql")
_add("redeem", redeem,
     "B62qk...t1 12 --key seller.key --node https://mina.example/graphql")
_add("cash", cash,
     "B62qk...t1 3 --key buyer.key --node https://mina.example/graphql")
_add("show", show,
     "B62qk...t1 --node https://mina.example/graphql")
# fmt: on
