"""``make bench``: every figure beside its peer in the same run; ``--json`` for machines."""

import argparse
import sys

from bench import call, cold_start, evidence, mina, probe, scale, settlement, verification
from bench.table import as_json, as_text


def main() -> int:
    """Measure everything and print one table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--full", action="store_true", help="measure scale at the sizes of the goal")
    options = parser.parse_args()
    parts = (mina, cold_start, call, probe, evidence, verification, settlement)
    rows = [row for part in parts for row in part.rows()]
    rows += scale.rows(full=options.full)
    print(as_json(rows) if options.json else as_text(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
