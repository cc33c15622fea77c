"""``sealrun profile``: pictures of how a run's jobs spent their time, from the stacks in its evidence."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sealrun.adapters.files.plain_files import write_plain
from sealrun_cli.lib import options
from sealrun_cli.lib.call_stacks import default_title, read_stacks
from sealrun_cli.lib.flame_graph import flame_graph
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.speedscope import speedscope

HOTTEST = 10


def profile(
    source: Annotated[
        Path, typer.Argument(help="An evidence folder, or a file of folded stacks.", metavar="SOURCE")
    ],
    *,
    svg: Annotated[Path | None, typer.Option(help="Draw a flame graph.", metavar="FILE")] = None,
    to_speedscope: Annotated[
        Path | None, typer.Option("--speedscope", help="Write a file for speedscope.app.", metavar="FILE")
    ] = None,
    title: Annotated[str, typer.Option(help="The picture's title.")] = "",
    as_json: options.Json = False,
) -> None:
    """Show where a run spent its time.

    Prints its hottest functions; writes a flame graph or a speedscope file on request.
    """
    with speaking(as_json=as_json) as out:
        stacks = read_stacks(source)
        total = sum(stacks.values())
        named = title or default_title(stacks)
        if svg:
            write_plain(svg, flame_graph(stacks, named).encode(), within=source)
        if to_speedscope:
            write_plain(to_speedscope, speedscope(stacks, named), within=source)
        hot = hottest(stacks)
        lines = [f"{100 * count / max(total, 1):>5.1f} %  {name}" for name, count in hot]
        wrote = [f"wrote {path}" for path in (svg, to_speedscope) if path]
        out.result({"samples": total, "hottest": dict(hot)}, f"{total} samples", *lines, *wrote)


def hottest(stacks: Mapping[tuple[str, ...], int]) -> list[tuple[str, int]]:
    """The functions that were at work themselves in most samples."""
    own: Counter[str] = Counter()
    for frames, count in stacks.items():
        own[frames[-1]] += count
    return sorted(own.items(), key=lambda item: (-item[1], item[0]))[:HOTTEST]
