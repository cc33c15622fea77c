"""Builds the Lambda layers byte-reproducibly: ``python -m infra.layers build --out DIR``.

An archive depends on the sources and on the Python version whose bytecode it carries, and on nothing
else: entries are sorted, stored as they are, and carry one fixed time and mode. The layers ``mina`` and
``sealrun`` need the standard library alone; ``deps`` installs the locked runtime requirements with pip.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from infra import botocore_data

ROOT = Path(__file__).resolve().parents[1]
OWN = ("mina", "sealrun")
LAYERS = (*OWN, "deps")
# zip's first moment; no build has another.
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16
# Of AWS's services the functions use these, and STS by way of credentials.
SERVICES = ("dynamodb", "kms", "lambda", "s3", "sts")


def main(arguments: list[str] | None = None) -> int:
    """Build the layers that were asked for and print one ``sha256sum`` line each."""
    parser = argparse.ArgumentParser(prog="python -m infra.layers", description=__doc__)
    commands = parser.add_subparsers(required=True)
    build = commands.add_parser("build", help="build layer archives")
    build.add_argument("--layer", action="append", choices=LAYERS, help="which; all when left out")
    build.add_argument("--out", type=Path, required=True, help="folder for the archives")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    sums = [f"{digest}  {name}.zip" for name, digest in build_layers(options.layer or LAYERS, options.out)]
    (options.out / "SHA256SUMS").write_text("".join(f"{line}\n" for line in sums))
    print(*sums, sep="\n")
    return 0


def build_layers(names: list[str] | tuple[str, ...], out: Path) -> list[tuple[str, str]]:
    """Build these layers; each one's name and the SHA-256 of its archive."""
    built = []
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "layer"
            unpacked(name, folder)
            archive = out / f"{name}.zip"
            write_archive(folder, archive)
        built.append((name, hashlib.sha256(archive.read_bytes()).hexdigest()))
    return built


def unpacked(name: str, folder: Path) -> None:
    """Lay a layer out in a folder, as Lambda unpacks it under ``/opt``: everything stands in ``python/``."""
    python = folder / "python"
    if name == "deps":
        _install(python)
    else:
        source = ROOT / "layers" / name / "src" / name
        shutil.copytree(source, python / name, ignore=shutil.ignore_patterns("__pycache__"))
    _compile(python)


def _install(target: Path) -> None:
    """pip, from hashes alone; metadata and scripts are of no use in a function."""
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
    locked = ROOT / "layers" / "deps" / "requirements.txt"
    subprocess.run([*pip, "--require-hashes", "--target", str(target), "-r", str(locked)], check=True)
    for useless in [*target.glob("*.dist-info"), target / "bin"]:
        shutil.rmtree(useless, ignore_errors=True)
    botocore_data.trim(target / "botocore" / "data", SERVICES)


def _compile(python: Path) -> None:
    """Bytecode that Python believes without looking at the source's time, which a layer does not keep.

    A process of its own, because what is in memory already can show in the bytes.
    """
    command = [sys.executable, "-s", "-S", "-m", "compileall", "-q", "-f", "-j", "1"]
    shown = ["-s", str(python), "-p", "/opt/python"]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    mode = ["--invalidation-mode", "unchecked-hash", str(python)]
    subprocess.run([*command, *shown, *mode], check=True, env=environment)


def write_archive(folder: Path, archive: Path) -> None:
    """Zip a folder's files by name; nothing of the file system but names and bytes gets in."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as written:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr, entry.create_system = MODE, 3
            written.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
