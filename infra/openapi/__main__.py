"""``python -m infra.openapi`` writes the document; with ``--check`` it only says whether it is up to date."""

import argparse
import json
import sys
from pathlib import Path

from infra.layers import ROOT
from infra.openapi.document import make_document
from infra.openapi.handlers import handled
from infra.openapi.routes import ROUTES

FUNCTIONS = ROOT / "functions"
# Packed with the function that publishes it.
FILE = FUNCTIONS / "receipt" / "openapi.json"


def text() -> str:
    """The document as the file has it."""
    return json.dumps(make_document(handled(FUNCTIONS), ROUTES), indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check; 1 where the file is another."""
    parser = argparse.ArgumentParser(prog="python -m infra.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--file", type=Path, default=FILE)
    options = parser.parse_args(arguments)
    made = text()
    if not options.check:
        options.file.write_text(made, encoding="utf-8")
    elif not options.file.exists() or options.file.read_text(encoding="utf-8") != made:
        print(
            f"{options.file.name} is not what the handlers say; run: python -m infra.openapi", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
