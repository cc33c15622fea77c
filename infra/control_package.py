"""Packs the control plane for CloudFormation: ``python -m infra.control_package --out DIR``.

Chalice writes the template and the archive, offline. The template takes the parameters of ``template.json``:
the stack around it passes the names of table, offers and layers, and the place of the archive in a bucket.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.layers import OWN, ROOT

FOLDER = ROOT / "infra" / "control"
CHALICE = Path(sys.executable).with_name("chalice")
# Chalice imports the app. No request goes to AWS, but boto3 cannot make a client without a region.
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-central-1",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": ":".join(str(ROOT / "layers" / name / "src") for name in OWN),
}
SOURCES = ("app.py", "chalicelib", ".chalice", "requirements.txt", "template.json")


def package(out: Path) -> tuple[Path, Path]:
    """Write ``control.json`` and ``control.zip`` into the folder, and return them.

    Raises:
        subprocess.CalledProcessError: chalice failed; stderr has the reason.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy, packed = Path(scratch) / "control", Path(scratch) / "packed"
        copy.mkdir()
        for name in SOURCES:
            _copy(FOLDER / name, copy / name)
        command = [str(CHALICE), "package", "--stage", "stack", "--merge-template", "template.json"]
        subprocess.run(
            [*command, str(packed)], cwd=copy, check=True, env=ENVIRONMENT, stdout=subprocess.DEVNULL
        )
        template = json.loads((packed / "sam.json").read_text(encoding="utf-8"))
        shutil.move(packed / "deployment.zip", out / "control.zip")
    (out / "control.json").write_text(json.dumps(template, indent=2) + "\n", encoding="utf-8")
    return out / "control.json", out / "control.zip"


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(
            source, target, ignore=shutil.ignore_patterns("__pycache__", "deployed", "deployments")
        )
    else:
        shutil.copy(source, target)


def main(arguments: list[str] | None = None) -> int:
    """Pack, and print both files."""
    parser = argparse.ArgumentParser(prog="python -m infra.control_package", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the template and the archive")
    options = parser.parse_args(arguments)
    print(*package(options.out), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
