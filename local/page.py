"""The buyer's page, built."""

import subprocess
from pathlib import Path

from local.nodejs import NODE

ROOT = Path(__file__).resolve().parents[1]


def build_page(folder: Path) -> Path:
    """Build ``web/app`` into this folder, a second's work; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([NODE, "build.mjs", str(folder)], cwd=ROOT / "web", check=True)
    return folder
