"""Copies evidence from a folder into another place. Each file is compared with its digest on its way."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sealrun.adapters.files.evidence_store import FolderEvidenceStore
from sealrun.adapters.files.signed_urls import SignedUrls
from sealrun.encoding.measure import Measured
from sealrun.ports.evidence import EvidenceStore
from sealrun.verification.files import MAX_TOTAL_BYTES
from sealrun_cli.lib.aws import boto3
from sealrun_cli.lib.errors import CliError

# Nothing signs or checks a URL while files are copied.
NO_URLS = SignedUrls("", b"", lambda: 0)
TELL_EVERY = 1000


def is_bucket(place: str) -> bool:
    """True for ``s3://...`` in place of a folder."""
    return place.startswith("s3:")


def copy_evidence(source: Path, target: str, tell: Callable[[str], None]) -> int:
    """Copy every file of a folder that the target lacks; the number of files in the folder.

    Doing it again goes on where it ended. The media types of S3's objects are unknown here, because a folder
    keeps none.

    Raises:
        CliError: a file is too large, or the target is a bucket and boto3 is not installed.
        Malformed: the target is no place for evidence.
        StoreUnavailable: one of them does not answer, or a file is not what its name says.
    """
    if not source.exists():
        return 0
    there, here = FolderEvidenceStore(source, urls=NO_URLS), _opened(target)
    count = 0
    for count, sha256 in enumerate(there.names(), start=1):
        if (size := there.size(sha256)) > MAX_TOTAL_BYTES:
            detail = f"evidence {sha256}: expected at most {MAX_TOTAL_BYTES} bytes, got {size}"
            raise CliError("evidence", detail, "remove the file: no run leaves one of that size")
        measured = Measured(sha256, size, "")
        here.put(partial(there.read, sha256), measured, media_type="application/octet-stream")
        if count % TELL_EVERY == 0:
            tell(f"copied {count} files of evidence")
    return count


def _opened(place: str) -> EvidenceStore:
    if not is_bucket(place):
        return FolderEvidenceStore(Path(place), urls=NO_URLS)
    boto3()
    from sealrun.adapters.aws.s3 import open_bucket  # noqa: PLC0415

    return open_bucket(place)
