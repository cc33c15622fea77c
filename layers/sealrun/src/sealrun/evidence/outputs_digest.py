r"""The one digest over the files that a run left, which the last job of a pipeline has signed by its CI.

It is the SHA-256 of the list that ``sha256sum`` prints of them: for each file a line of its own SHA-256, two
spaces and its path, a line feed behind each, the lines in the order of the paths' UTF-8 bytes. Anyone can
make it again in a folder of the files::

    find out -type f | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum

The job's name is no part of a path, and the probe's folder is not among the files. ``sealrun-probe done``
computes the same in the CI.
"""

import hashlib
from collections.abc import Mapping

from sealrun.evidence.leaves import checked_label


def outputs_list(digests: Mapping[str, str]) -> bytes:
    """The list itself.

    Args:
        digests: each file's SHA-256, 64 hex digits, by its path in the archive that its job left.

    Raises:
        Malformed: a path is none that evidence can name.
        ValueError: there is no file.
    """
    if not digests:
        raise ValueError("outputs: expected at least one file, got none")
    named = sorted((checked_label(path).encode(), digest) for path, digest in digests.items())
    return b"".join(digest.encode() + b"  " + path + b"\n" for path, digest in named)


def outputs_digest(digests: Mapping[str, str]) -> str:
    """SHA-256 of ``outputs_list``, 64 hex digits; takes and raises the same."""
    return hashlib.sha256(outputs_list(digests)).hexdigest()
