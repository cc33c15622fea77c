"""A job's log and artifacts: where gitlab-ci-local puts them, and where this GitLab keeps them."""

import base64
import re
import zipfile
from pathlib import Path

from local.gitlab.store import Job, Store

_STATE = ".gitlab-ci-local"
# Reports such as dotenv are artifacts of their own kind at GitLab, not part of the archive.
_REPORTS = ".gitlab-ci-reports"


def build_folder(clone: Path, name: str) -> Path:
    """Where the job's script runs."""
    return (clone / _STATE / "builds" / safe(name)).resolve()


def artifacts_folder(clone: Path, name: str) -> Path:
    """Where the job's artifacts are while its pipeline runs."""
    return clone / _STATE / "artifacts" / safe(name)


def log_path(store: Store, job: Job) -> Path:
    """The job's log: the kept one, or the growing one of a job that runs."""
    kept = store.files_of(job.id) / "trace.log"
    if kept.exists():
        return kept
    running = store.clone_of(job.pipeline) / _STATE / "output" / f"{safe(job.name)}.log"
    return running if job.status == "running" else kept


def archive_path(store: Store, job: Job) -> Path:
    """The job's artifacts archive; it exists once the job is over, if it left any."""
    return store.files_of(job.id) / "artifacts.zip"


def keep(store: Store, job: Job) -> None:
    """Keep the log and archive of a finished job, because the next attempt would overwrite them.

    GitLab Runner writes lines of its own; here they are left out where the script printed any.
    """
    if not job.started_at:
        return
    state, kept = store.clone_of(job.pipeline) / _STATE, store.files_of(job.id)
    kept.mkdir(parents=True, exist_ok=True)
    log = state / "output" / f"{safe(job.name)}.log"
    if log.exists():
        last = b"ERROR: Job failed\n" if job.failure_reason else b"Job succeeded\n"
        (kept / "trace.log").write_bytes(log.read_bytes() or last)
    _pack(artifacts_folder(store.clone_of(job.pipeline), job.name), archive_path(store, job))


def safe(name: str) -> str:
    """The engine's folder name of a job: other characters than letters, digits, _ and - as base64url."""
    return re.sub(
        r"[^\w-]+", lambda match: base64.urlsafe_b64encode(match[0].encode()).decode().rstrip("="), name
    )


def _pack(folder: Path, archive: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _REPORTS not in path.parts)
    if not files:
        return
    part = archive.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as packed:
        for path in files:
            packed.write(path, path.relative_to(folder))
    part.replace(archive)
