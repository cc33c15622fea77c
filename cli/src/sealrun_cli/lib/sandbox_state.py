"""The addresses that a folder's sandbox wrote when it started, and the tokens that it made."""

import json
from pathlib import Path
from typing import Any

from sealrun.offers.offer import Offer
from sealrun_cli.lib import background
from sealrun_cli.lib.work_folder import WORK

MODULE = "local.sandbox"
FILE = "sandbox.json"
TOKEN = "token"  # noqa: S105  a file's name
MAINTAINER = "maintainer"


def found_sandbox(folder: Path) -> dict[str, Any]:
    """The addresses of the sandbox that runs for this folder; empty where none runs."""
    path = folder / WORK / FILE
    value: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return value if value and background.alive(int(value["pid"]), MODULE) else {}


def sandbox_token(folder: Path, offer: Offer, name: str = TOKEN) -> str:
    """The file of a token that the sandbox made, for an offer of its project; empty for any other."""
    around = found_sandbox(folder)
    return str(folder / WORK / name) if around.get("origin") == offer.source.url else ""
