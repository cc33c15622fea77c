"""``sealrun market build``: a catalogue of a board with the histories of its offers, as static files."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sealrun.market.catalogue import catalogue
from sealrun.market.entries import Entry
from sealrun.market.history import History
from sealrun.market.read_board import MOST
from sealrun.workflows.list_receipts import MAX_RECEIPTS
from sealrun_cli.lib import board, options
from sealrun_cli.lib.catalogue_files import (
    APP,
    DOCUMENT,
    HTML,
    check_free,
    read_app,
    within_bounds,
    write_catalogue,
)
from sealrun_cli.lib.credit_desk import counted
from sealrun_cli.lib.histories import Histories
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.strangers import Strangers
from sealrun_cli.lib.units import size

RECEIPTS, HISTORY_SECONDS = 200, 600.0


def build(
    *,
    to: Annotated[
        Path, typer.Option("--to", help="Folder for the files, which replace older ones.", metavar="DIR")
    ],
    named: board.BoardAddress = "",
    node: options.Node,
    page: Annotated[
        Path | None,
        typer.Option("--page", help="The built page, to lie beside the catalogue.", metavar="DIR"),
    ] = None,
    receipts: Annotated[
        int,
        typer.Option("--receipts", help="Newest receipts to read of each offer.", min=0, max=MAX_RECEIPTS),
    ] = RECEIPTS,
    history_seconds: Annotated[
        float,
        typer.Option(
            "--history-seconds",
            help="For all histories; the next build goes on.",
            min=0.0,
            max=86_400.0,
            metavar="SECONDS",
        ),
    ] = HISTORY_SECONDS,
    most: board.Most = MOST,
    seconds: board.Seconds = board.SECONDS,
    unsafe_loopback: options.Loopback = False,
    state: options.State = options.DEFAULT_STATE,
    network: options.Network = options.DEFAULT_NETWORK,
    as_json: options.Json = False,
) -> None:
    """Build a catalogue of a board: a JSON file, its HTML, and with --page the page that searches it.

    Each offer is checked as in a search. Histories are counted from receipts that are checked here; what was
    checked once is kept in the state folder, so a build that is run again asks for what is new.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        app = read_app(page) if page else {}
        check_free(to, [DOCUMENT, HTML, APP, *app])
        reader = board.BoardNode.named(Service(http), node, network, named, unsafe_loopback=unsafe_loopback)
        reading = reader.read(out, most=most, seconds=seconds)
        ends = time.monotonic() + history_seconds
        with Strangers(here=unsafe_loopback) as strangers:
            reads = Histories(
                state / "histories",
                strangers.get,
                now=int(time.time()),
                most=receipts,
                is_over=lambda: time.monotonic() > ends,
            )
            histories = _read(reading.entries, reads, out) if receipts else {}
        document = catalogue(reading, built=int(time.time()))
        entries = [
            {**entry, "history": found.value() if (found := histories.get(entry["offer"])) else None}
            for entry in document["entries"]
        ]
        document = within_bounds({**document, "entries": entries})
        files = write_catalogue(to, document, app)
        told = {
            "to": str(to),
            "files": files,
            "entries": len(document["entries"]),
            **{name: document[name] for name in ("listed", "read", "failed", "height")},
            "histories": len(histories),
            "not_read": reads.failed,
            "refused_receipts": reads.refused,
        }
        out.result(
            told,
            *_lines(to, files, reads, len(histories)),
            *board.summary(reading, len(entries), every=False),
        )


def _read(entries: Sequence[Entry], reads: Histories, out: Output) -> dict[str, History]:
    """The histories that there are, by offer; those that were read longest ago come first."""
    found: dict[str, History] = {}
    with out.counting("histories") as tell:
        for done, entry in enumerate(sorted(entries, key=lambda each: reads.read_at(each.offer))):
            tell("of offers", done, len(entries))
            if history := reads.update(entry.url, entry.offer):
                found[entry.offer.id] = history
    return found


def _lines(to: Path, files: dict[str, int], reads: Histories, histories: int) -> list[str]:
    named = [f"wrote    {to / name}, {size(count)}" for name, count in files.items() if "app-" not in name]
    failed = (
        [f"no list  {len(reads.failed)} offers' receipts were not read; --json says why"]
        if reads.failed
        else []
    )
    refused = (
        [f"refused  {counted(reads.refused, 'receipt')}, none of the offer that listed it"]
        if reads.refused
        else []
    )
    return [
        *named,
        f"history  of {counted(histories, 'offer')}, from receipts that were checked here",
        *failed,
        *refused,
    ]
