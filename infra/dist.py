"""Builds the packages to publish, byte-reproducibly: ``python -m infra.dist --out dist``.

These are wheels and source archives of the Python packages, the wheel that carries the contracts' programs,
a bill of materials (CycloneDX) for each, and the npm package of the contracts. Two builds from the same
locked environment are the same bytes: files carry one fixed time, and nothing of the machine gets in.
``SHA256SUMS`` lists them all.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import contracts_package, sbom
from infra.layers import ROOT

# zip's first moment in Unix seconds, which is the layers' as well.
SOURCE_DATE_EPOCH = "315532800"
BUILD = "import sys; from flit_core import buildapi; getattr(buildapi, 'build_' + sys.argv[1])(sys.argv[2])"
SKIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info", "dist")


@dataclass(frozen=True)
class Package:
    """One package to publish, by its folder in the repository."""

    folder: str
    kinds: tuple[str, ...] = ("wheel", "sdist")

    @property
    def project(self) -> dict[str, Any]:
        """Its ``[project]`` table."""
        table: dict[str, Any] = tomllib.loads((ROOT / self.folder / "pyproject.toml").read_text())["project"]
        return table


PACKAGES = (
    Package("layers/mina"),
    Package("layers/sealrun"),
    Package("cli"),
    Package("probe"),
    # Its source is the repository's; an archive of it would only hold the same built files.
    Package("contracts/wheel", kinds=("wheel",)),
)


def build(out: Path, packages: tuple[Package, ...] = PACKAGES) -> list[tuple[str, str]]:
    """Build these packages into an empty folder; each file's name and SHA-256, sorted.

    Raises:
        ValueError: the folder holds something already.
        subprocess.CalledProcessError: a package does not build.
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise ValueError(f"dist: expected an empty folder, got {out} with files in it")
    for package in packages:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "package"
            shutil.copytree(ROOT / package.folder, folder, ignore=SKIPPED)
            shutil.copy(ROOT / "LICENSE", folder)  # flit takes it along by its name
            if package.folder == "contracts/wheel":
                contracts_package.fill(folder / "src" / "sealrun_tools")
            if package.folder == "layers/sealrun":
                _add_functions(folder / "src" / "sealrun" / "serving" / "functions")
            for kind in package.kinds:
                _run_backend(folder, kind, out)
        _write_bill(package, out)
    _pack_contracts(out)
    return [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in sorted(out.iterdir())]


def _add_functions(folder: Path) -> None:
    """The functions as they ship to AWS, for ``sealrun serve``; the one at the edge runs nowhere else."""
    shutil.copytree(ROOT / "functions", folder, ignore=lambda *there: {*SKIPPED(*there), "edge_gate"})


def _run_backend(folder: Path, kind: str, out: Path) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH, "PYTHONHASHSEED": "0", "TZ": "UTC"}
    command = [sys.executable, "-c", BUILD, kind, str(out.resolve())]
    subprocess.run(command, check=True, cwd=folder, env=environment, umask=0o022)


def _pack_contracts(out: Path) -> None:
    command = ["npm", "run", "--silent", "pack:dist", "-w", "contracts", "--", str(out.resolve())]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    manifest = json.loads((ROOT / "contracts" / "package.json").read_text())
    bill = sbom.bill_of_materials(manifest, registry="npm", npm=contracts_package.components())
    (out / f"{manifest['name']}-{manifest['version']}.cdx.json").write_text(bill)


def _write_bill(package: Package, out: Path) -> None:
    project = package.project
    name = f"{project['name'].replace('-', '_')}-{project['version']}.cdx.json"
    npm = contracts_package.components() if package.folder == "contracts/wheel" else []
    (out / name).write_text(sbom.bill_of_materials(project, npm=npm))


def main(arguments: list[str] | None = None) -> int:
    """Build everything and print one ``sha256sum`` line per file."""
    parser = argparse.ArgumentParser(prog="python -m infra.dist", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="an empty folder, made if it is not there")
    options = parser.parse_args(arguments)
    try:
        lines = [f"{digest}  {name}" for name, digest in build(options.out)]
    except (ValueError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    (options.out / "SHA256SUMS").write_text("".join(f"{line}\n" for line in lines))
    print(*lines, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
