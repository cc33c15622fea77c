"""``sealrun move``: a service's ledger into another database, such as PostgreSQL, and its evidence."""

import shlex
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sealrun.errors import Conflict
from sealrun_cli.lib import options, served
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence_copies import copy_evidence, is_bucket
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.serving import Places, places, served_places
from sealrun_cli.lib.target import DEFAULT_NAME, Name

if TYPE_CHECKING:
    from sealrun.adapters.sql.database import Database


def move(
    to: Annotated[str, typer.Argument(help="The empty database: postgresql://... or sqlite:///PATH.")],
    *,
    folder: options.ServedFolder = None,
    store: options.Store = "",
    evidence: options.EvidencePlace = "",
    evidence_to: Annotated[
        str,
        typer.Option(
            "--evidence-to",
            help="Where to copy the folder of evidence: a folder, or s3://BUCKET?endpoint=URL.",
            metavar="WHERE",
        ),
    ] = "",
    stack: Name = DEFAULT_NAME,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Move a served ledger into another database.

    Stop the service first. The old database is empty afterwards, so that no two services sell the same
    deposits. With --evidence-to the evidence is copied before that; it also stays where it was. After an
    error run the command again.
    """
    with speaking(as_json=as_json) as out:
        url = served.database_url(to)
        kept = served_places(folder, stack, store=store, evidence=evidence, keys=None)
        new_place = places(folder, stack, store=to, evidence=evidence_to, keys="").evidence
        if evidence_to and is_bucket(kept.evidence):
            detail = "evidence: expected a folder to copy, got a bucket"
            raise CliError("bad-request", detail, "copy it with the tools of the bucket's provider")
        confirm(out, _plan(kept, new_place if evidence_to else ""), yes=yes)
        with closing(served.open_database(kept.store)) as source:
            files = copy_evidence(Path(kept.evidence), new_place, out.progress) if evidence_to else 0
            rows = _move_rows(source, url)
        place = new_place if evidence_to else kept.evidence
        _tell(out, kept, rows, files, place)


def _plan(kept: Places, copied_to: str) -> list[str]:
    rows = (
        "move     all rows of the ledger; the old database is empty afterwards, so stop `sealrun serve` first"
    )
    if copied_to:
        return [f"copy     the evidence in {kept.evidence} to {copied_to}", rows]
    return [rows, f"         the evidence stays in {kept.evidence}"]


def _move_rows(source: "Database", url: str) -> int:
    from sealrun.adapters.sql.copying import move_ledger  # noqa: PLC0415

    with closing(served.open_database(url, make=True)) as target:
        try:
            return move_ledger(source, target)
        except Conflict as error:
            following = "name an empty one; after a move that did not end, `sealrun status` says what to do"
            raise CliError("store", error.detail, following) from error


def _tell(out: Output, kept: Places, rows: int, files: int, place: str) -> None:
    copied = [f"copied   {files} files of evidence"] if files else []
    serving = f"{kept.serve_command} --evidence {shlex.quote(place)}"
    following = f"next     {serving} --store with the new database's URL"
    out.result({"rows": rows, "files": files, "evidence": place}, f"moved    {rows} rows", *copied, following)
