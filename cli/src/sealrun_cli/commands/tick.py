"""``sealrun tick``: sell from a scheduled pipeline, without a server and without a function."""

import contextlib
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sealrun_cli.lib import options, serving, ticking
from sealrun_cli.lib.aws import boto3
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.served import open_database
from sealrun_cli.lib.target import DEFAULT_NAME, Name
from sealrun_cli.lib.ticking import DEFAULT_BRANCH, Where

if TYPE_CHECKING:
    from sealrun.serving.tick import Told


def tick(
    *,
    remote: Annotated[
        str,
        typer.Option(help="Git repository of the state.", envvar="SEALRUN_TICK_REMOTE", metavar="URL"),
    ] = "",
    branch: Annotated[
        str, typer.Option(help="Its branch.", envvar="SEALRUN_TICK_BRANCH", metavar="NAME")
    ] = DEFAULT_BRANCH,
    bucket: Annotated[
        str,
        typer.Option(
            help="s3://BUCKET?endpoint=URL, for letters, evidence and public files.",
            envvar="SEALRUN_TICK_BUCKET",
            metavar="WHERE",
        ),
    ] = "",
    public_url: Annotated[
        str,
        typer.Option(help="Where public/ of the bucket is read.", envvar="SEALRUN_PUBLIC_URL", metavar="URL"),
    ] = "",
    passphrase_file: options.PassphraseFile = "",
    letters: Annotated[int, typer.Option(help="Of each kind, at most.", min=1, max=25)] = 20,
    seconds: Annotated[
        int, typer.Option(help="For how long runs are looked at again.", min=0, max=3000)
    ] = 120,
    open_box: Annotated[bool, typer.Option("--open-box", help="Let anybody drop calls.")] = False,
    pull: Annotated[
        bool, typer.Option("--pull", help="Only take the state here, for deploy, seal, publish and others.")
    ] = False,
    push: Annotated[bool, typer.Option("--push", help="Only push the state as they left it.")] = False,
    stack: Name = DEFAULT_NAME,
    as_json: options.Json = False,
) -> None:
    """Sell from a scheduled pipeline, without a server.

    Takes calls and tickets of price 0 that were dropped as letters, starts their runs, collects what is over,
    and publishes answers and receipts, once. The state lies in a branch, which is replaced by
    compare-and-swap: of ticks that overlap one starts a run. A password for the remote is SEALRUN_TICK_TOKEN.
    """
    with speaking(as_json=as_json) as out:
        where = Where(remote, branch, bucket, public_url.rstrip("/"))
        where.check()
        if pull and push:
            raise CliError("bad-request", "tick: expected --pull or --push, got both")
        if pull:
            path, there = ticking.pull(where, Path(), stack, passphrase_file, out)
            said = "pulled" if there else "made a new state; nothing was pushed yet"
            out.result({"file": str(path), "there": there}, said, f"written  {path}")
        elif push:
            commit = ticking.push(where, Path(), stack)
            out.result({"commit": commit}, f"pushed   {commit[:12]} to {branch}")
        else:
            _tell(_once(where, passphrase_file, letters, seconds, out, open_box=open_box), out)


def _once(
    where: Where, passphrase_file: str, letters: int, seconds: int, out: Output, *, open_box: bool
) -> "Told":
    """One tick, in a folder of its own that is gone afterwards."""
    boto3()
    with tempfile.TemporaryDirectory(prefix="sealrun-tick-") as folder:
        state = where.opened(Path(folder))
        out.progress(f"pulling {where.branch}")
        if not state.pull():
            detail = f"tick: expected the branch {where.branch} at the remote, got none"
            raise CliError("tick", detail, "make it: sealrun tick --pull, deploy, seal, publish, tick --push")
        settings = ticking.settings(where, state, os.environ)
        keys = serving.open_keys(state.keys, passphrase_file, out)
        from sealrun.adapters.aws.letter_bucket import open_letter_bucket  # noqa: PLC0415
        from sealrun.adapters.aws.s3 import open_bucket  # noqa: PLC0415
        from sealrun.serving.tick import Bounds, Tick  # noqa: PLC0415

        # The functions write their log to what is the standard output when they are loaded.
        with (
            closing(open_database(f"sqlite:///{state.ledger}")) as database,
            contextlib.redirect_stdout(sys.stderr),
            ticking.told(),
        ):
            tick = Tick(
                settings,
                state,
                database,
                keys,
                bucket=open_letter_bucket(where.bucket),
                evidence=open_bucket(where.bucket),
                bounds=Bounds(letters, seconds, open_box),
            )
            return tick.run()


def _tell(told: "Told", out: Output) -> None:
    lines = [f"{len(told.answered)} letters answered, {told.published} calls published"]
    if told.removed:
        lines.append(f"{told.removed} letters removed that were no call of their offer")
    if told.waiting:
        lines.append(f"{told.waiting} calls are not over; the next tick looks at them")
    if told.moved:
        lines.append("another tick moved the state on; this one started nothing after that")
    value = {"answered": told.answered, "removed": told.removed, "published": told.published}
    out.result({**value, "waiting": told.waiting, "moved": told.moved}, *lines)
