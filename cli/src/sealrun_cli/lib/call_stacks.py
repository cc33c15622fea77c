"""Call stacks of a run, from the evidence folder or from a file."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.evidence.call_stacks import MAX_BYTES, name_of, parse
from sealrun.workflows.gather_files import PROBE_FOLDER, SHOWN_STACKS, STACKS
from sealrun_cli.lib.errors import CliError

# More jobs than any pipeline that is sold has.
MAX_JOBS = 100
# Parsed they take some twenty times as much.
MAX_TOTAL_BYTES = 8 * MAX_BYTES
# Where an evidence folder has them: profile/JOB/...
TREE, PARTS = "profile", 3
WHOLE = f"{PROBE_FOLDER}{STACKS}"


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
            return _with_names(file.read(MAX_BYTES + 1))
    folder = DiskFolder(source)
    found = _of_jobs(folder)
    if not found:
        said = f"profile: expected {WHOLE} or {SHOWN_STACKS} in {source}, got none"
        raise CliError("file", said, "run the job's command under `sealrun-probe run --` to have samples")
    texts = {job: folder.document(name) or b"" for job, name in found.items()}
    if (total := sum(map(len, texts.values()))) > MAX_TOTAL_BYTES:
        raise CliError("file", f"profile: expected at most {MAX_TOTAL_BYTES} bytes in all, got {total}")
    if len(texts) == 1:
        return _with_names(next(iter(texts.values())))
    return {(job, *names): count for job, text in texts.items() for names, count in _with_names(text).items()}


def _with_names(text: bytes) -> dict[tuple[str, ...], int]:
    """The stacks, with the names that people know in place of their percent-encoded frames."""
    named: Counter[tuple[str, ...]] = Counter()
    for frames, count in parse(text).items():
        named[tuple(map(name_of, frames))] += count
    return dict(named)


def _of_jobs(folder: DiskFolder) -> dict[str, str]:
    """Each job's own stacks, or, where only the public part is there, that: files that a leaf must cover."""
    parts = [name.split("/", 2) for name in folder.names()]
    jobs = [(part[2], part[1], "/".join(part)) for part in parts if part[0] == TREE and len(part) == PARTS]
    found = {job: name for last in (SHOWN_STACKS, WHOLE) for own, job, name in jobs if own == last}
    if len(found) > MAX_JOBS:
        raise CliError("file", f"profile: expected at most {MAX_JOBS} jobs, got {len(found)}")
    return found
