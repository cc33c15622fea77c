"""``sealrun move``: a service's ledger into another database, such as PostgreSQL."""

from contextlib import closing
from typing import Annotated

import typer

from sealrun.errors import Conflict
from sealrun_cli.lib import options, served
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.serving import places
from sealrun_cli.lib.target import DEFAULT_NAME, Name


def move(
    to: Annotated[str, typer.Argument(help="The empty database: postgresql://... or sqlite:///PATH.")],
    *,
    folder: options.ServedFolder = None,
    store: options.Store = "",
    stack: Name = DEFAULT_NAME,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Move a served ledger into another database.

    Stop the service first. The old database is empty afterwards, so that no two services sell the same
    deposits.
    """
    with speaking(as_json=as_json) as out:
        url = served.database_url(to)
        kept = places(folder, stack, store=store, evidence="", keys="")
        plan = ["move     all rows of the ledger; the old database is empty afterwards"]
        confirm(out, plan, yes=yes)
        with served.needed():
            from sealrun.adapters.sql.copying import move_ledger  # noqa: PLC0415
        with (
            closing(served.open_database(kept.store)) as source,
            closing(served.open_database(url, make=True)) as target,
        ):
            try:
                rows = move_ledger(source, target)
            except Conflict as error:
                raise CliError("store", error.detail, "name an empty database") from error
        lines = [f"moved    {rows} rows", "next     sealrun serve --store with the new database's URL"]
        out.result({"rows": rows}, *lines)
