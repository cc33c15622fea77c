"""Builds the Lambda layers byte-reproducibly: ``python -m infra.layers build --out DIR``.

An archive depends on the sources and on the Python version whose bytecode it carries, and on nothing
else: entries are sorted, stored as they are, and carry one fixed time and mode. The layers ``mina`` and
``sealrun`` need the standard library alone; ``deps`` and ``mcp`` install locked requirements with pip.
``--python 3.13 --platform aarch64`` builds for Lambda on any machine: wheels of that platform, and bytecode
where that Python is at hand. Without it the layer carries sources alone, which start slower.
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

from infra import authorities, botocore_data
from infra.target import NATIVE, Target

ROOT = Path(__file__).resolve().parents[1]
OWN = ("mina", "sealrun")
# Those that pip installs, each from its own locked requirements; ``mcp`` lies above ``deps``.
LOCKED = ("deps", "mcp")
LAYERS = (*OWN, *LOCKED)
# What packages read of their own metadata when they are imported: versions, and OpenTelemetry its plug-ins.
METADATA = {"mcp": ("METADATA", "entry_points.txt")}
# The earliest time that zip can express; every build uses it.
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16
# Where the functions find authorities one by one: ``sealrun.transport.authorities.HASHED``.
AUTHORITIES = "by_hash"
# The AWS services that the functions use; credentials need STS.
SERVICES = ("dynamodb", "kms", "lambda", "s3", "sqs", "sts")


def main(arguments: list[str] | None = None) -> int:
    """Build the layers that were asked for and print one ``sha256sum`` line each."""
    parser = argparse.ArgumentParser(prog="python -m infra.layers", description=__doc__)
    commands = parser.add_subparsers(required=True)
    build = commands.add_parser("build", help="build layer archives")
    build.add_argument("--layer", action="append", choices=LAYERS, help="which; all when left out")
    build.add_argument("--out", type=Path, required=True, help="folder for the archives")
    build.add_argument("--python", default=NATIVE.python, help="version, as 3.13; the running one by default")
    build.add_argument(
        "--platform", default=NATIVE.machine, help="aarch64 or x86_64; this machine's by default"
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    target = Target(options.python, options.platform)
    if target.interpreter() is None:
        print(f"layers: no Python {target.python} here: sources without bytecode", file=sys.stderr)
    built = build_layers(options.layer or LAYERS, options.out, target=target)
    sums = [f"{digest}  {name}.zip" for name, digest in built]
    (options.out / "SHA256SUMS").write_text("".join(f"{line}\n" for line in sums))
    print(*sums, sep="\n")
    return 0


def build_layers(
    names: list[str] | tuple[str, ...], out: Path, *, target: Target = NATIVE
) -> list[tuple[str, str]]:
    """Build these layers; each one's name and the SHA-256 of its archive."""
    built = []
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "layer"
            unpacked(name, folder, target=target)
            archive = out / f"{name}.zip"
            write_archive(folder, archive)
        built.append((name, hashlib.sha256(archive.read_bytes()).hexdigest()))
    return built


def unpacked(name: str, folder: Path, *, target: Target = NATIVE) -> None:
    """Write a layer's files to a folder as Lambda unpacks them under ``/opt``: all of them in ``python/``."""
    python = folder / "python"
    if name in LOCKED:
        _install(name, python, target)
    else:
        source = ROOT / "layers" / name / "src" / name
        shutil.copytree(source, python / name, ignore=shutil.ignore_patterns("__pycache__"))
    compile_folder(python, shown_as="/opt/python", target=target)


def _install(name: str, folder: Path, target: Target) -> None:
    """Install with pip, only by hash and from wheels. Functions need no scripts."""
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-compile"]
    locked = ROOT / "layers" / name / "requirements.txt"
    # --no-deps: the lock is complete, and pip would evaluate environment markers for the running Python.
    named = [
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--target",
        str(folder),
        "-r",
        str(locked),
    ]
    subprocess.run([*pip, *target.pip_options(), *named], check=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for metadata in folder.glob("*.dist-info"):
        _trim(metadata, keep=METADATA.get(name, ()))
    if name == "deps":
        botocore_data.trim(folder / "botocore" / "data", SERVICES)
        authorities.split(folder / "certifi" / "cacert.pem", folder / "certifi" / AUTHORITIES)


def _trim(metadata: Path, *, keep: tuple[str, ...]) -> None:
    for file in [each for each in metadata.rglob("*") if each.is_file() and each.name not in keep]:
        file.unlink()
    if not keep:
        shutil.rmtree(metadata)


def compile_folder(folder: Path, *, shown_as: str, target: Target) -> None:
    """Compile to bytecode that Python uses without comparing the source's time, which a layer does not keep.

    Runs in a process of its own, because what is already in memory can change the bytes. Nothing is compiled
    where the target's Python is not at hand.
    """
    interpreter = target.interpreter()
    if interpreter is None:
        return
    command = [interpreter, "-s", "-S", "-m", "compileall", "-q", "-f", "-j", "1"]
    shown = ["-s", str(folder), "-p", shown_as]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    mode = ["--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run([*command, *shown, *mode], check=True, env=environment)


def write_archive(folder: Path, archive: Path) -> None:
    """Zip a folder's files in the order of their names. Only names and bytes get into the archive."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as written:
        for path in files:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), EPOCH)
            entry.external_attr, entry.create_system = MODE, 3
            written.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
