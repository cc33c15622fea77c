"""What settling 10,000 calls costs, as `npm run bench -w contracts` measures it; one run, no spread."""

import json
import subprocess
import sys
from pathlib import Path

from bench.table import Row

ROOT = Path(__file__).resolve().parents[1]


def rows() -> list[Row]:
    """Seconds of each step, and the most memory that the whole run held."""
    npm = Path(sys.executable).parent / "npm"
    command = [str(npm), "run", "--silent", "bench", "-w", "contracts"]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    measured = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    timed = [_row(each["name"], "s", each["seconds"]) for each in measured if "seconds" in each]
    return [*timed, _row("memory of it all", "MB", max(each["max_rss_mb"] for each in measured))]


def _row(name: str, unit: str, value: float) -> Row:
    return Row(f"chain: {name}", unit, value, 0.0, None, None, None, None)
