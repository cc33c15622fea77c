"""The last job of a GitLab pipeline: a child pipeline that names the call done, with the outputs' digest.

The digest is that of ``sealrun.evidence.outputs_digest``: the SHA-256 of what ``sha256sum`` prints of the
files in the order of their paths. It stands in the child's file as it is, so no variable can replace it.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from sealrun_probe import leave

CHILD, TOKEN = "done.yml", "done.jwt"
JOB, TOKEN_VARIABLE = "sealrun-done", "SEALRUN_DONE_TOKEN"
# As many as a call's evidence has room for.
MAX_FILES = 4096
_CALL = "[0-9a-f]{64}"
_IMAGE = r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,254}"


class Refused(Exception):
    """The call cannot be named done; the text says why."""


def write_child(folder: Path, *, call: str, outputs: Path, image: str) -> str:
    """Write the child pipeline's file into the probe's folder; the outputs' digest.

    Args:
        folder: the probe's, which is among the job's artifacts.
        call: the call's hash, 64 hex digits.
        outputs: the folder of the outputs, below the working directory.
        image: in which the child's job runs.

    Raises:
        Refused: call, image or outputs are not as they must be.
    """
    if not re.fullmatch(_CALL, call):
        raise Refused("call: expected 64 hex digits, got something else")
    if not re.fullmatch(_IMAGE, image):
        raise Refused("image: expected an image's name, got something else")
    digest = outputs_digest(outputs)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CHILD).write_text(json.dumps(child(call, digest, image), indent=1) + "\n")
    return digest


def child(call: str, digest: str, image: str) -> dict[str, object]:
    """The child pipeline, as JSON, which is YAML: one job, which keeps its token as an artifact."""
    place = f"{leave.FOLDER}/{TOKEN}"
    return {
        JOB: {
            "image": image,
            "inherit": {"default": False, "variables": False},
            "id_tokens": {TOKEN_VARIABLE: {"aud": f"urn:sealrun:done:{call}:{digest}"}},
            "variables": {"GIT_STRATEGY": "none"},
            "script": [f"mkdir -p {leave.FOLDER}", f'printf %s "${TOKEN_VARIABLE}" > {place}'],
            "artifacts": {"paths": [place]},
        }
    }


def outputs_digest(outputs: Path) -> str:
    """SHA-256, 64 hex digits, of the list of all files in the folder, by their paths from here on.

    Raises:
        Refused: the folder is not below the working directory, or holds no file, too many, or one that is
            a link or has a name that evidence cannot have.
    """
    if outputs.is_absolute() or ".." in outputs.parts or not outputs.parts:
        raise Refused(f"outputs: expected a folder below this one, got {outputs}")
    digests: dict[bytes, str] = {}
    for path in _files(outputs):
        if len(digests) == MAX_FILES:
            raise Refused(f"outputs: expected at most {MAX_FILES} files in {outputs}, got more")
        digests[_name(path)] = _sha256(path)
    if not digests:
        raise Refused(f"outputs: expected a file in {outputs}, got none")
    lines = (digest.encode() + b"  " + name + b"\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """All files below the folder; a link could lead out of it, and no archive keeps what it leads to."""
    if folder.is_symlink() or not folder.is_dir():
        raise Refused(f"outputs: expected a folder {folder}, got none")
    for path in folder.iterdir():
        if path.is_symlink():
            raise Refused(f"outputs: expected files, got a link: {path!a}")
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path
        else:
            raise Refused(f"outputs: expected files, got something else: {path!a}")


def _name(path: Path) -> bytes:
    name = path.as_posix()
    if "\\" in name or not name.isprintable():
        raise Refused(f"outputs: expected names of printable text without a backslash, got {name!a}")
    return name.encode()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
