"""Functions without the rest of the stack: `python -m local.lambda_runtime --function echo=FOLDER`."""

import argparse
import sys
from pathlib import Path
from typing import Any

from local.lambda_runtime import Function, LambdaHost
from local.signals import wait_for_stop


def main(arguments: list[str] | None = None) -> int:
    """Serve until Ctrl-C; the first lines out are the URLs."""
    parser = argparse.ArgumentParser(prog="python -m local.lambda_runtime", description=__doc__)
    named: dict[str, Any] = {"action": "append", "default": [], "metavar": "NAME=VALUE"}
    parser.add_argument("--function", **named, help="a folder with a handler.py, by the function's name")
    parser.add_argument("--route", **named, help='a name and what leads to it: call="GET /offers/{offer}"')
    parser.add_argument("--set", **named, help="a variable of every function")
    parser.add_argument("--layer", action="append", default=[], type=Path, help="a folder of modules")
    parser.add_argument("--folder", type=Path, default=Path("out/lambda"), help="for the logs")
    parser.add_argument("--port", type=int, default=0, help="the gateway's; 0, the default, takes a free one")
    options = parser.parse_args(arguments)
    environment = dict(_pair(text) for text in options.set)
    routes = [_pair(text) for text in options.route]
    with LambdaHost(options.folder, layers=options.layer, port=options.port) as host:
        for name, folder in map(_pair, options.function):
            function = Function(name, "handler.handler", Path(folder).resolve(), environment)
            host.add(function, routes=[route for owner, route in routes if owner == name])
        print(f"gateway {host.url}\ninvoke  {host.invoke_url}", flush=True)
        wait_for_stop()
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
