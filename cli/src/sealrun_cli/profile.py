"""``sealrun profile``: pictures of how a run's jobs spent their time, from the stacks in its evidence."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sealrun.stacks import MAX_BYTES, parse
from sealrun.workflows.gather_files import PROBE_FOLDER, SHOWN_STACKS, STACKS
from sealrun_cli import options
from sealrun_cli.errors import CliError
from sealrun_cli.flame_graph import flame_graph
from sealrun_cli.output import speaking
from sealrun_cli.speedscope import speedscope

HOTTEST = 10
# More jobs than any pipeline that is sold has.
MAX_JOBS = 100


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
    """Show where a run spent its time: its hottest functions, a flame graph, a speedscope file."""
    with speaking(as_json=as_json) as out:
        stacks = read_stacks(source)
        total = sum(stacks.values())
        named = title or default_title(stacks)
        if svg:
            svg.write_text(flame_graph(stacks, named))
        if to_speedscope:
            to_speedscope.write_bytes(speedscope(stacks, named))
        hot = hottest(stacks)
        lines = [f"{100 * count / max(total, 1):>5.1f} %  {name}" for name, count in hot]
        wrote = [f"wrote {path}" for path in (svg, to_speedscope) if path]
        out.result({"samples": total, "hottest": dict(hot)}, f"{total} samples", *lines, *wrote)


def default_title(stacks: Mapping[tuple[str, ...], int]) -> str:
    """Of the stacks alone, so that anyone draws the same picture."""
    return f"{sum(stacks.values())} samples"


def read_stacks(source: Path) -> dict[tuple[str, ...], int]:
    """The stacks of a file; of a folder's jobs all together, each under its name where there are several.

    Raises:
        CliError: there are none.
        Malformed: they are not folded stacks in their canonical form.
    """
    if source.is_file():
        return _parsed(source)
    found = _of_jobs(source)
    if not found:
        said = f"profile: expected {PROBE_FOLDER}{STACKS} or {SHOWN_STACKS} in {source}, got none"
        raise CliError("file", said, "run the job's command under `sealrun-probe run --` to have samples")
    if len(found) == 1:
        return _parsed(next(iter(found.values())))
    return {(job, *frames): count for job, path in found.items() for frames, count in _parsed(path).items()}


def hottest(stacks: Mapping[tuple[str, ...], int]) -> list[tuple[str, int]]:
    """The functions that were at work themselves in most samples."""
    own: Counter[str] = Counter()
    for frames, count in stacks.items():
        own[frames[-1]] += count
    return sorted(own.items(), key=lambda item: (-item[1], item[0]))[:HOTTEST]


def _of_jobs(folder: Path) -> dict[str, Path]:
    """Each job's own stacks, or, where only the public part is there, that."""
    public = {path.parent.name: path for path in sorted(folder.rglob(SHOWN_STACKS))}
    whole = {path.parent.parent.name: path for path in sorted(folder.rglob(f"{PROBE_FOLDER}{STACKS}"))}
    found = {**public, **whole}
    if len(found) > MAX_JOBS:
        raise CliError("file", f"profile: expected at most {MAX_JOBS} jobs, got {len(found)}")
    return found


def _parsed(path: Path) -> dict[tuple[str, ...], int]:
    with path.open("rb") as file:
        return parse(file.read(MAX_BYTES + 1))
