"""Cold starts under awslambdaric beside an empty function's: `python -m bench.cold_start`.

A cold start is the time from the start of the process to its first `/next`, as the Runtime API sees it: the
interpreter, awslambdaric, the layers and the handler's module. Memory is the most that the process ever held
(VmHWM). Functions and the empty one take turns. The functions run from the built layers, whose bytecode
Python takes as it is; moto stands in for AWS. ``bench.call`` takes whole calls, cold and warm.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.table import Row, as_json, as_text, row
from local.lambda_runtime import Function
from local.stack import ROUTES, Stack

ROOT = Path(__file__).parents[1]
EMPTY = "empty"
ROUNDS = 15

# The project's goals.
REACH_MS = 70.0
REACH_FIRST_MS = 100.0
REACH_MB = 64.0

SAMPLES = ("init ms", "init MB", "first call ms", "first call MB")
UNKNOWN = "0" * 64


def rows(*, rounds: int = ROUNDS) -> list[Row]:
    """Start the stack, take all samples, and make the rows."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), sweep_seconds=None) as stack:
        stack.host.add(Function(EMPTY, "handler.handler", ROOT / "bench" / "functions" / EMPTY))
        samples = _cold(stack, rounds)
    return [*(each for name in ROUTES for each in _cold_rows(name, samples)), *_goals(samples)]


def _cold(stack: Stack, rounds: int) -> dict[str, dict[str, list[float]]]:
    """By function and by what was measured: one sample a round, the functions in turn."""
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for turn in range(rounds + 1):
        for name in (EMPTY, *ROUTES):
            taken = _start(stack, name)
            if turn > 0:  # the first round fills the disk cache
                for what, value in zip(SAMPLES, taken, strict=True):
                    samples[name][what].append(value)
    return samples


def _start(stack: Stack, name: str) -> Sequence[float]:
    sandbox = stack.host.fresh(name)
    try:
        if (failure := sandbox.initialise()) is not None:
            raise RuntimeError(f"{name}: expected a start, got {failure.payload.decode()}")
        begun = time.perf_counter()
        outcome = sandbox.invoke(json.dumps(_first_event(name)).encode())
        if outcome.error:
            raise RuntimeError(f"{name}: expected an answer, got {outcome.payload.decode()}")
        first_ms = (time.perf_counter() - begun) * 1000
        return sandbox.init_ms, sandbox.init_mb, sandbox.init_ms + first_ms, sandbox.peak_mb
    finally:
        sandbox.close()


def _first_event(name: str) -> dict[str, Any]:
    """The smallest event that reaches the table."""
    if name in (EMPTY, "collect", "health"):
        return {"collect": UNKNOWN}
    folder = {"call": "offers", "account": "accounts"}.get(name, "calls")
    path = f"/{folder}/{UNKNOWN}"
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""}
    context = {"http": http, "requestId": "1", "stage": "$default"}
    return {"version": "2.0", "rawPath": path, "headers": {}, "requestContext": context}


def _cold_rows(name: str, samples: dict[str, dict[str, list[float]]]) -> list[Row]:
    def beside(what: str, unit: str, title: str) -> Row:
        return row(title, unit, samples[name][what], peer=("empty function", samples[EMPTY][what]))

    return [
        beside("init ms", "ms", f"cold start of {name}"),
        beside("init MB", "MB", f"memory of {name} when started"),
        beside("first call ms", "ms", f"cold start of {name} and first answer"),
        beside("first call MB", "MB", f"memory of {name} after its first answer"),
    ]


def _goals(samples: dict[str, dict[str, list[float]]]) -> list[Row]:
    return [
        row("cold start of call, by itself", "ms", samples["call"]["init ms"], reach=REACH_MS),
        row(
            "cold start of call and first answer, by itself",
            "ms",
            samples["call"]["first call ms"],
            reach=REACH_FIRST_MS,
        ),
        row("memory of call when started, by itself", "MB", samples["call"]["init MB"], reach=REACH_MB),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="cold starts of each function")
    options = parser.parse_args(arguments)
    measured = rows(rounds=options.rounds)
    print(as_json(measured) if options.json else as_text(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
