"""``python -m infra.openapi`` writes the description and its page; with ``--check`` it only compares."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from infra.layers import ROOT
from infra.openapi.document import make_document
from infra.openapi.handlers import handled
from infra.openapi.page import page
from infra.openapi.routes import ROUTES

FUNCTIONS = ROOT / "functions"
# Packed with the function that publishes it.
FILE = FUNCTIONS / "receipt" / "openapi.json"
PAGE = ROOT / "docs" / "reference" / "http.md"


def text() -> str:
    """The text of the description's file."""
    return json.dumps(_document(), indent=1) + "\n"


def page_text() -> str:
    """The text of the page's file."""
    return page(_document())


def _document() -> dict[str, Any]:
    return make_document(handled(FUNCTIONS), ROUTES)


def main(arguments: list[str] | None = None) -> int:
    """Write or check; 1 if a file differs."""
    parser = argparse.ArgumentParser(prog="python -m infra.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--file", type=Path, default=FILE)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    wanted = {options.file: text(), options.page: page_text()}
    if not options.check:
        for file, made in wanted.items():
            file.write_text(made, encoding="utf-8")
        return 0
    other = [
        file for file, made in wanted.items() if not file.exists() or file.read_text(encoding="utf-8") != made
    ]
    for file in other:
        print(f"{file.name} is not what the handlers say; run: python -m infra.openapi", file=sys.stderr)
    return 1 if other else 0


if __name__ == "__main__":
    sys.exit(main())
