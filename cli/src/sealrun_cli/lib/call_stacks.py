"""Call stacks of a run, from the evidence folder or from a file."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.adapters.files.plain_files import read_plain
from sealrun.evidence.call_stacks import MAX_BYTES, name_of, parse
from sealrun.workflows.gather_files import PROBE_FOLDER, SHOWN_STACKS, STACKS
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.units import size

# More jobs than any pipeline that is sold has.
MAX_JOBS = 100
# Parsed stacks take about five times as much memory; most jobs' stacks are far below the limit of one job.
MAX_TOTAL_BYTES = 4 * MAX_BYTES
# Where an evidence folder has them: profile/JOB/...
TREE, PARTS = "profile", 3
WHOLE = f"{PROBE_FOLDER}{STACKS}"


def default_title(stacks: Mapping[tuple[str, ...], int]) -> str:
    """Of the stacks alone, so that anyone draws the same picture."""
    return f"{sum(stacks.values())} samples"


def read_stacks(source: Path) -> dict[tuple[str, ...], int]:
    """The stacks of a file; of a folder's jobs all together, each under its name where there are several.

    Raises:
        CliError: there are none, or more than can be drawn.
        Malformed: they are not folded stacks in their canonical form.
    """
    if source.is_file():
        return _with_names(read_plain(source, at_most=MAX_BYTES))
    folder = DiskFolder(source)
    return parse_all(texts_of_jobs(folder.document, folder.names()))


def texts_of_jobs(read: Callable[[str], bytes | None], names: Collection[str]) -> dict[str, bytes]:
    """The folded stacks by job: of these files each job's own, or only the public part where that is here.

    Args:
        read: gives a file's bytes.
        names: the files.

    Raises:
        CliError: there are none, or more than can be drawn.
        Malformed: one of the files cannot be read.
    """
    places = _of_jobs(names)
    if not places:
        detail = f"profile: expected {WHOLE} or {SHOWN_STACKS} in the evidence, got none"
        raise CliError("file", detail, "run the job's command under `sealrun-probe run --` to have samples")
    texts: dict[str, bytes] = {}
    left = MAX_TOTAL_BYTES
    for job, place in places.items():
        texts[job] = read(place) or b""
        left -= len(texts[job])
        if left < 0:
            raise CliError("file", f"profile: expected at most {size(MAX_TOTAL_BYTES)} in all, got more")
    return texts


def count_frames(texts: Iterable[bytes]) -> int:
    """How many frames these stacks have."""
    return sum(text.count(b";") + text.count(b"\n") for text in texts)


def parse_all(texts: Mapping[str, bytes]) -> dict[tuple[str, ...], int]:
    """The stacks of one job; of several jobs each under its name.

    Raises:
        Malformed: they are not folded stacks in their canonical form.
    """
    if len(texts) == 1:
        return _with_names(next(iter(texts.values())))
    return {(job, *names): count for job, text in texts.items() for names, count in _with_names(text).items()}


def _with_names(text: bytes) -> dict[tuple[str, ...], int]:
    """The stacks, with the names that people know in place of their percent-encoded frames."""
    named: Counter[tuple[str, ...]] = Counter()
    name = cache(name_of)
    for frames, count in parse(text).items():
        named[tuple(map(name, frames))] += count
    return dict(named)


def _of_jobs(names: Collection[str]) -> dict[str, str]:
    """Each job's own stacks, or the public part where only that is here, by its place in the folder."""
    parts = [name.split("/", 2) for name in sorted(names)]
    jobs = [(part[2], part[1], "/".join(part)) for part in parts if part[0] == TREE and len(part) == PARTS]
    places = {job: place for last in (SHOWN_STACKS, WHOLE) for own, job, place in jobs if own == last}
    if len(places) > MAX_JOBS:
        raise CliError("file", f"profile: expected at most {MAX_JOBS} jobs, got {len(places)}")
    return places
