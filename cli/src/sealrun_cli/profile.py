"""``sealrun profile``: pictures of how a run's jobs spent their time, from the stacks in its evidence."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.evidence.call_stacks import MAX_BYTES, parse
from sealrun.workflows.gather_files import PROBE_FOLDER, SHOWN_STACKS, STACKS
from sealrun_cli import options
from sealrun_cli.errors import CliError
from sealrun_cli.flame_graph import flame_graph
from sealrun_cli.output import speaking
from sealrun_cli.speedscope import speedscope

HOTTEST = 10
# More jobs than any pipeline that is sold has.
MAX_JOBS = 100
# Parsed they take some twenty times as much.
MAX_TOTAL_BYTES = 8 * MAX_BYTES
# Where an evidence folder has them: profile/JOB/...
TREE, PARTS = "profile", 3
WHOLE = f"{PROBE_FOLDER}{STACKS}"


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
        with source.open("rb") as file:
            return parse(file.read(MAX_BYTES + 1))
    folder = DiskFolder(source)
    found = _of_jobs(folder)
    if not found:
        said = f"profile: expected {WHOLE} or {SHOWN_STACKS} in {source}, got none"
        raise CliError("file", said, "run the job's command under `sealrun-probe run --` to have samples")
    texts = {job: folder.document(name) or b"" for job, name in found.items()}
    if (total := sum(map(len, texts.values()))) > MAX_TOTAL_BYTES:
        raise CliError("file", f"profile: expected at most {MAX_TOTAL_BYTES} bytes in all, got {total}")
    if len(texts) == 1:
        return parse(next(iter(texts.values())))
    return {(job, *frames): count for job, text in texts.items() for frames, count in parse(text).items()}


def hottest(stacks: Mapping[tuple[str, ...], int]) -> list[tuple[str, int]]:
    """The functions that were at work themselves in most samples."""
    own: Counter[str] = Counter()
    for frames, count in stacks.items():
        own[frames[-1]] += count
    return sorted(own.items(), key=lambda item: (-item[1], item[0]))[:HOTTEST]


def _of_jobs(folder: DiskFolder) -> dict[str, str]:
    """Each job's own stacks, or, where only the public part is there, that: files that a leaf must cover."""
    parts = [name.split("/", 2) for name in folder.names()]
    jobs = [(part[2], part[1], "/".join(part)) for part in parts if part[0] == TREE and len(part) == PARTS]
    found = {job: name for last in (SHOWN_STACKS, WHOLE) for own, job, name in jobs if own == last}
    if len(found) > MAX_JOBS:
        raise CliError("file", f"profile: expected at most {MAX_JOBS} jobs, got {len(found)}")
    return found
