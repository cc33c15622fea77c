"""``sealrun serve``: the whole service in one process, on a machine of one's own."""

import json
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from sealrun_cli.lib import options, served, serving
from sealrun_cli.lib.aws import boto3
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence_copies import is_bucket
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.target import DEFAULT_NAME, Name

if TYPE_CHECKING:
    from sealrun.serving.service import Service

DEFAULT_LISTEN = "127.0.0.1:8080"
DEFAULT_METRICS = "127.0.0.1:9464"

# What to do about a node, archive or storage that is not asked over https.
ADDRESSES = "name https:// addresses; for a sandbox on this machine: export SEALRUN_UNSAFE_LOOPBACK=1"


def serve(
    *,
    folder: options.ServedFolder = None,
    store: options.Store = "",
    evidence: options.EvidencePlace = "",
    keys: options.KeyFile = "",
    passphrase_file: options.PassphraseFile = "",
    listen: Annotated[
        str, typer.Option(help="Where requests come in.", envvar="SEALRUN_LISTEN", metavar="HOST:PORT")
    ] = DEFAULT_LISTEN,
    public_url: Annotated[
        str,
        typer.Option(help="Where buyers find it; else where it listens.", envvar="SEALRUN_PUBLIC_URL"),
    ] = "",
    trusted_proxy: Annotated[
        str,
        typer.Option(
            help="The address of a proxy whose X-Forwarded-For counts.",
            envvar="SEALRUN_TRUSTED_PROXY",
            metavar="ADDRESS",
        ),
    ] = "",
    page: Annotated[
        Path | None,
        typer.Option(help="The built page for browsers, web/build.", envvar="SEALRUN_PAGE", metavar="DIR"),
    ] = None,
    metrics: Annotated[
        str, typer.Option(help="Where Prometheus asks; - for nowhere.", envvar="SEALRUN_METRICS_LISTEN")
    ] = DEFAULT_METRICS,
    node: Annotated[
        list[str] | None, typer.Option(help="A Mina node's GraphQL URL.", envvar="SEALRUN_MINA_NODE")
    ] = None,
    archive: Annotated[
        list[str] | None, typer.Option(help="An archive node's.", envvar="SEALRUN_MINA_ARCHIVE")
    ] = None,
    threads: Annotated[int, typer.Option(help="Requests answered at once.", min=2, max=64)] = 32,
    collections: Annotated[int, typer.Option(help="Runs collected at once.", min=1, max=64)] = 10,
    sweep_seconds: Annotated[int, typer.Option(help="How often runs are looked at.", min=1, max=600)] = 60,
    health_seconds: Annotated[int, typer.Option(help="How often offers are checked.", min=1, max=3600)] = 300,
    stop_seconds: Annotated[int, typer.Option(help="For what is under way at the end.", min=0)] = 60,
    ready: Annotated[
        Path | None, typer.Option(help="Write where it serves into this file, as JSON.", metavar="FILE")
    ] = None,
    stack: Name = DEFAULT_NAME,
    as_json: options.Json = False,
) -> None:
    """Serve offers from this machine until Ctrl-C or SIGTERM.

    The first start makes the key file, the database and the folder of evidence. The other SEALRUN_...
    variables of a stack's functions count here as well.
    """
    with speaking(as_json=as_json) as out:
        with served.needed():
            from sealrun.serving.page import Page  # noqa: PLC0415
            from sealrun.serving.server import listening  # noqa: PLC0415
            from sealrun.serving.service import Service, Sizes  # noqa: PLC0415
        serving.check_proxy(trusted_proxy)
        places = serving.places(folder, stack, store=store, evidence=evidence, keys=keys)
        if is_bucket(places.evidence):
            boto3()
        places.make_folder()
        opened_keys = serving.open_keys(Path(places.keys), passphrase_file, out)
        with serving.opened(places.store) as database:
            try:
                socket = listening(listen)
                bound = socket.getsockname()[1]
                settings = serving.settings(
                    places,
                    os.environ,
                    url=public_url or f"http://{listen.rpartition(':')[0]}:{bound}",
                    nodes=node or [],
                    archives=archive or [],
                    page=bool(page),
                )
                for_browsers = Page(page) if page else None
                metrics_at = None if metrics == "-" else serving.address(metrics)
            except (ValueError, OSError) as error:
                raise CliError("serve", str(error)[:300], "see `sealrun serve --help`") from error
            serving.note_url(database, settings.public_url)
            sizes = Sizes(threads, collections, sweep_seconds, health_seconds, stop_seconds)
            try:
                service = Service(
                    settings,
                    database,
                    opened_keys,
                    listen=socket,
                    metrics=metrics_at,
                    sizes=sizes,
                    trusted_proxy=trusted_proxy,
                    page=for_browsers,
                )
            except ValueError as error:
                socket.close()
                raise CliError("serve", str(error)[:300], ADDRESSES) from error
            path = serving.write_target(stack, places, settings, database)
            _run(service, settings.public_url, path, ready, out)


def _run(service: "Service", url: str, target: Path, ready: Path | None, out: Output) -> None:
    """Serve until a signal; a second one ends the process at once."""
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    value = {"url": url, "listens": service.url, "metrics": service.metrics_url, "file": str(target)}
    out.result(value, f"serving  {url}", f"written  {target}")
    service.start()
    if ready is not None:
        serving.write_whole(ready, json.dumps({**value, "pid": os.getpid()}))
    stop.wait()
    if not service.stop():
        out.progress("stopped before everything was finished; the next start goes on with it")
