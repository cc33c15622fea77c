"""Scripts for Node that answer JSON with JSON."""

import json
import subprocess
from pathlib import Path
from typing import Any

from local.nodejs import NODE


def ask(script: Path, value: object, *arguments: str, seconds: float = 60) -> Any:
    """What the script prints for this value on its standard input; it must end well."""
    done = subprocess.run(
        [NODE, script, *arguments],
        input=json.dumps(value).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds,
    )
    return json.loads(done.stdout)
