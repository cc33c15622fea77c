"""Packs the function for the edge. Lambda@Edge has no layers, so the package has a copy of the pure core.

``python -m infra.edge_package --out edge_gate.zip [--issuer B62...]`` writes the archive for us-east-1.
"""

import argparse
import hashlib
import importlib.util
import json
import shutil
import sys
import tempfile
from pathlib import Path

from infra.layers import ROOT, compile_folder, write_archive
from infra.target import LAMBDA, Target
from mina.keys import PublicKey

FUNCTION = ROOT / "functions" / "edge_gate"
# The files of layers/sealrun that check a ticket. A test runs the package alone and finds a missing one.
CORE = (
    *("__init__", "errors", "values"),
    *("encoding/__init__", "encoding/fields", "encoding/json_limits", "encoding/origins", "encoding/read"),
    *("calls/__init__", "calls/call", "calls/edge_gate", "calls/grant", "calls/ticket"),
)
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions.html
MAX_ARCHIVE_BYTES = 1_000_000


def assemble(folder: Path, *, issuers: list[str] | None, target: Target = LAMBDA) -> None:
    """Copy handler, issuers, ``mina``, the core's files and ``rfc8785`` into a folder, and compile them.

    Only tickets of these ``issuers`` (public keys) pass. With None all tickets do; with an empty list none.

    Raises:
        ValueError: the list is empty.
    """
    if issuers is not None and not issuers:
        raise ValueError("issuers: expected one or more, or None for any, got an empty list")
    folder.mkdir(parents=True)
    shutil.copy(FUNCTION / "handler.py", folder)
    (folder / "issuers.json").write_text(json.dumps(issuers))
    skipped = shutil.ignore_patterns("__pycache__", "py.typed", "sign.py")
    shutil.copytree(ROOT / "layers" / "mina" / "src" / "mina", folder / "mina", ignore=skipped)
    for name in CORE:
        copy = folder / "sealrun" / f"{name}.py"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "layers" / "sealrun" / "src" / "sealrun" / f"{name}.py", copy)
    shutil.copytree(_installed("rfc8785"), folder / "rfc8785", ignore=skipped)
    compile_folder(folder, shown_as="/var/task", target=target)


def write(archive: Path, *, issuers: list[str] | None = None, target: Target = LAMBDA) -> str:
    """Write the zip archive and return its SHA-256.

    Raises:
        ValueError: it is larger than a viewer's function may be, or ``issuers`` is empty.
    """
    with tempfile.TemporaryDirectory() as scratch:
        assemble(Path(scratch) / "edge_gate", issuers=issuers, target=target)
        write_archive(Path(scratch) / "edge_gate", archive)
    content = archive.read_bytes()
    if len(content) > MAX_ARCHIVE_BYTES:
        raise ValueError(f"edge: expected at most {MAX_ARCHIVE_BYTES} bytes, got {len(content)}")
    return hashlib.sha256(content).hexdigest()


def _installed(name: str) -> Path:
    """The folder of a pure Python package in the running environment."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name}: expected it installed")
    return Path(spec.origin).parent


def _issuer(text: str) -> str:
    try:
        return PublicKey.from_base58(text).to_base58()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; got {text[:60]!r}") from None


def main(arguments: list[str] | None = None) -> int:
    """Write the archive and print one ``sha256sum`` line."""
    parser = argparse.ArgumentParser(prog="python -m infra.edge_package", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the archive")
    parser.add_argument(
        "--issuer",
        type=_issuer,
        action="append",
        help="an issuer's key; without this option the tickets of every issuer pass",
    )
    options = parser.parse_args(arguments)
    print(f"{write(options.out, issuers=options.issuer)}  {options.out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
