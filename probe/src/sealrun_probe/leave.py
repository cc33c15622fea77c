"""The folder that the job keeps as an artifact; the collector reads these names."""

import contextlib
import hashlib
import json
import os
import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sealrun_probe.folding import fold, total
from sealrun_probe.samplers import Sampled

FOLDER = Path("sealrun-profile")
STACKS, SUMMARY, PROBES = "profile.folded", "profile.json", "probes.json"
DATA, TOKEN = "perf.data", "token.jwt"
TOKEN_VARIABLE = "SEALRUN_ID_TOKEN"  # noqa: S105  the variable's name, not a token
# The collector reads JSON of 64 KiB (sealrun.encoding.json_limits).
MAX_PROBES_BYTES = 60_000


def empty(folder: Path) -> None:
    """Make the folder, and delete the files that an earlier run of the probe left there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (STACKS, SUMMARY, PROBES, DATA, f"{DATA}.old", TOKEN):
        (folder / name).unlink(missing_ok=True)


def token(folder: Path, text: str) -> None:
    """Keep the job's own CI token, if the job has one, in a file that only its owner may read."""
    if text:
        descriptor = os.open(folder / TOKEN, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)


def profile(
    folder: Path,
    sampler: str,
    sampled: Sampled,
    *,
    refused: Mapping[str, str],
    probes: Mapping[str, Any],
    used: resource.struct_rusage,
    seconds: float,
    unnamed: int = 0,
) -> None:
    """Write the stacks, their summary and the values of the probes.

    ``unnamed`` is how many samples are of Python and name none of its functions.
    """
    text = fold(sampled.stacks)
    (folder / STACKS).write_bytes(text)
    (folder / PROBES).write_text(bounded(probes))
    summary = {
        "sampler": sampler,
        "hz": sampled.hz,
        "samples": total(sampled.stacks),
        "cut": sampled.cut,
        "refused": refused,
        "python_without_functions": unnamed,
        "stacks_sha256": hashlib.sha256(text).hexdigest(),
        "wall_ms": round(seconds * 1000),
        "user_ms": round(used.ru_utime * 1000),
        "system_ms": round(used.ru_stime * 1000),
        "max_rss_kib": used.ru_maxrss,
    }
    (folder / SUMMARY).write_text(_json(summary))
    if sampled.attachment is None:
        with contextlib.suppress(FileNotFoundError):
            (folder / DATA).unlink()


def bounded(probes: Mapping[str, Any]) -> str:
    """The document of the probes, with fewer values of each if all would be too many."""
    text = ""
    for most in (100, 20, 4, 0):
        kept = {name: _first(document, most) for name, document in probes.items()}
        text = _json({"probes": kept})
        if len(text) <= MAX_PROBES_BYTES:
            break
    return text


def _first(document: Mapping[str, Any], most: int) -> dict[str, Any]:
    return {name: value[:most] if name == "values" else value for name, value in document.items()}


def _json(value: object) -> str:
    """Names in order, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
