"""The manual page comes with the wheel, where `man sealrun` looks for it."""

import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from infra.layers import ROOT
from sealrun_cli.reference import MANUAL, pages

BUILD = "import sys; from flit_core import buildapi; buildapi.build_wheel(sys.argv[1])"


def test_the_wheel_installs_the_manual_page(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    shutil.copytree(ROOT / "cli", folder, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-c", BUILD, str(tmp_path)], cwd=folder, check=True)
    with ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        (name,) = (each for each in wheel.namelist() if each.endswith(".data/data/share/man/man1/sealrun.1"))
        assert wheel.read(name).decode() == pages()[MANUAL]
