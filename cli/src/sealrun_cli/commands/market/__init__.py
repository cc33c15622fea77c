"""``sealrun market``: offers that sellers list on a board, found and checked by whoever looks."""

from collections.abc import Callable

import typer

from sealrun_cli.commands.market.building import build
from sealrun_cli.commands.market.finding import search, show
from sealrun_cli.commands.market.listing import board, delist, list_offer
from sealrun_cli.commands.market.pricing import prices
from sealrun_cli.lib.help import Panels, example

app = typer.Typer(
    help="Offers on a board: list one, find one.", no_args_is_help=True, rich_markup_mode=None, cls=Panels
)


def _add(name: str, command: Callable[..., None], text: str) -> None:
    app.command(name, epilog=example(f"sealrun market {name} {text}"))(command)


# fmt: off
_add("search", search,
     "fuzz parser --asset MINA --at-most 2 --board B62qn...b1 --node https://mina.example/graphql")
_add("show", show,
     "https://ci.example/offers/5f0c --board B62qn...b1 --node https://mina.example/graphql")
_add("prices", prices,
     "B62qk...t1 --board B62qn...b1 --node https://mina.example/graphql")
_add("list", list_offer,
     "https://ci.example/offers/5f0c --board B62qn...b1 --key seller.key --node https://mina.example/graphql")
_add("delist", delist,
     "https://ci.example/offers/5f0c --key seller.key --node https://mina.example/graphql")
_add("board", board,
     "--board-key board.key --key seller.key --node https://mina.example/graphql")
_add("build", build,
     "--to public --page web/build --board B62qn...b1 --node https://mina.example/graphql")
# fmt: on
