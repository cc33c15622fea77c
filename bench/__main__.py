"""``make bench``: every figure beside its peer in the same run; ``--json`` for machines.

``python -m bench scale`` measures one part alone.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from bench import (
    call,
    cold_start,
    credit_sale,
    demo,
    evidence,
    mina,
    probe,
    proving,
    scale,
    settlement,
    verification,
)
from bench.table import Row, as_json, as_text

PARTS: dict[str, Callable[[bool], Sequence[Row]]] = {
    "mina": lambda _: mina.rows(),
    "cold_start": lambda _: cold_start.rows(),
    "call": lambda _: call.rows(),
    "probe": lambda _: probe.rows(),
    "demo": lambda _: demo.rows(),
    "evidence": lambda _: evidence.rows(),
    "verification": lambda _: verification.rows(),
    "settlement": lambda _: settlement.rows(),
    "credits": lambda _: credit_sale.rows(),
    "proving": lambda _: proving.rows(),
    "scale": lambda full: scale.rows(full=full),
}


def main() -> int:
    """Measure everything, or the parts that are named, and print one table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--full", action="store_true", help="measure scale at the sizes of the goal")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"any of {', '.join(PARTS)}; else all")
    options = parser.parse_args()
    if unknown := [name for name in options.parts if name not in PARTS]:
        parser.error(f"part: expected any of {', '.join(PARTS)}, got {unknown[0]}")
    rows = [row for name in options.parts or PARTS for row in PARTS[name](options.full)]
    print(as_json(rows) if options.json else as_text(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
