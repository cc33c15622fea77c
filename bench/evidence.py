"""What a large artifact costs on its way into the evidence, beside hashlib over the same file.

`python -m bench.evidence [--json]`. A file of 2 GiB is hashed and given its CID in one pass; a zip archive
with it is unpacked, measured and stored by multipart, the archive being the only copy on disk. Each side is a
process of its own, whose peak memory is the kernel's figure. moto keeps what it is sent in memory, so the
parts go to a server that counts and drops them: S3's own time is in no figure.
"""

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from werkzeug import Response

from bench.table import Row, as_json, as_text, row
from local.loopback import LoopbackServer, Request

ROOT = Path(__file__).parents[1]
SIZE = 2 << 30
CHUNK = 1 << 20
ROUNDS = 3
PEER = "hashlib.file_digest"
# Issue 4: half of hashlib's speed or more, in less than 128 MB.
REACH_TIME = 2.0
REACH_MB = 128.0
Sample = tuple[float, float, float]  # seconds, seconds of CPU, megabytes
_ANSWERS = {
    "POST uploads": b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>",
    "POST uploadId": b'<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>',
}


def rows() -> list[Row]:
    """Measure everything; one to three minutes, and 4 GiB of disk for as long."""
    with tempfile.TemporaryDirectory() as scratch:
        file, archive = Path(scratch, "artifact"), Path(scratch, "artifacts.zip")
        write(file)
        with zipfile.ZipFile(archive, "w") as made:  # stored, as files that are compressed already are
            made.write(file, "artifact")
        with CountingS3() as s3:
            turns = [
                (_run("hash", file), _run("measure", file), _run("store", archive, s3.url))
                for _ in range(ROUNDS)
            ]
            if s3.bytes != ROUNDS * SIZE:
                raise AssertionError(f"expected {ROUNDS * SIZE} bytes stored, got {s3.bytes}")
    hashed, measured, stored = zip(*turns, strict=True)
    return [
        *_rows("2 GiB: SHA-256 and CID in one pass", measured, hashed, reach=REACH_TIME),
        *_rows("2 GiB in a zip: measured, stored by multipart", stored, hashed, reach=None),
    ]


def _rows(name: str, ours: Sequence[Sample], hashed: Sequence[Sample], *, reach: float | None) -> list[Row]:
    seconds, cpu, megabytes = zip(*ours, strict=True)
    peer_seconds, peer_cpu, _ = zip(*hashed, strict=True)
    return [
        row(name, "s", seconds, peer=(PEER, peer_seconds), reach=reach),
        row(f"{name}: CPU", "s", cpu, peer=(PEER, peer_cpu), reach=reach),
        row(f"{name}: memory", "MB", megabytes, reach=REACH_MB),
    ]


def write(path: Path, size: int = SIZE) -> None:
    """A sparse file in which every mebibyte begins with its number."""
    with path.open("wb") as file:
        file.truncate(size)
        for at in range(size // CHUNK):
            file.seek(at * CHUNK)
            file.write(at.to_bytes(8))


def _run(task: str, *arguments: Path | str) -> Sample:
    """What one task takes in a new process."""
    command = [sys.executable, "-m", "bench.evidence", "--task", task, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=600)
    seconds, cpu, megabytes = json.loads(done.stdout)
    return seconds, cpu, megabytes


def _hash(path: str) -> None:
    """The peer: SHA-256 alone."""
    with Path(path).open("rb") as file:
        hashlib.file_digest(file, "sha256")


def _measure(path: str) -> None:
    """SHA-256, size and CID."""
    from sealrun.encoding.measure import measure  # noqa: PLC0415

    if measure(_chunks(path)).size != SIZE:
        raise AssertionError("the whole file was to be measured")


def _store(path: str, url: str) -> None:
    """What ``collect`` does with an artifacts archive, from the provider's stream to the bucket."""
    import boto3  # noqa: PLC0415

    from sealrun.adapters.aws.s3 import S3EvidenceStore  # noqa: PLC0415
    from sealrun.adapters.files.archives import unpack_zip  # noqa: PLC0415
    from sealrun.encoding.measure import measure  # noqa: PLC0415

    keys = {"aws_access_key_id": "bench", "aws_secret_access_key": "bench", "region_name": "eu-central-1"}
    client = boto3.client("s3", endpoint_url=url, **keys)  # type: ignore[call-overload]
    store = S3EvidenceStore(client, bucket="evidence")
    for _, content in unpack_zip(_chunks(path), max_bytes=SIZE + CHUNK, max_files=1):
        store.put(content, measure(content()), media_type="application/octet-stream")


TASKS: dict[str, Callable[..., None]] = {"hash": _hash, "measure": _measure, "store": _store}


class CountingS3(LoopbackServer):
    """Takes parts, counts their bytes and keeps none."""

    def __init__(self) -> None:
        self.bytes = self.parts = 0
        super().__init__(self._answer_s3, max_body=64 << 20)

    def _answer_s3(self, request: Request) -> Response:
        if request.method == "PUT":
            self.bytes += _decoded_length(request)
            self.parts += 1
            return Response(headers={"ETag": '"1"'})
        if request.method == "HEAD":
            return Response(status=404)
        return Response(_ANSWERS[f"{request.method} {request.raw_query.partition('=')[0]}"])


def _decoded_length(request: Request) -> int:
    """What is stored of a body: botocore may frame it and add a checksum (aws-chunked)."""
    return int(request.headers.get("x-amz-decoded-content-length") or len(request.get_data()))


def _chunks(path: str) -> Iterator[bytes]:
    with Path(path).open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        start, used = time.perf_counter(), time.process_time()
        TASKS[arguments.task[0]](*arguments.task[1:])
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(json.dumps([time.perf_counter() - start, time.process_time() - used, megabytes]))
        return
    measured = rows()
    print(as_json(measured) if arguments.json else as_text(measured))


if __name__ == "__main__":
    main()
