"""Functions that do what a test asks of them."""

import json
import os
import sys
import time
from typing import Any


def echo(event: Any, context: Any) -> Any:
    """Answer with the event, the environment and the context."""
    print("a log line")  # noqa: T201
    return {
        "event": event,
        "environment": dict(os.environ),
        "context": {
            "name": context.function_name,
            "arn": context.invoked_function_arn,
            "id": context.aws_request_id,
            "left": context.get_remaining_time_in_millis(),
        },
        "modules": sorted(sys.modules),
        "pid": os.getpid(),
    }


def reply(event: Any, _context: Any) -> Any:
    """Answer with whatever the request's body says."""
    return json.loads(event["body"])


def act(event: Any, _context: Any) -> Any:
    """Sleep, raise, exit or answer at length; note each attempt in a file."""
    if "note" in event:
        with open(event["note"], "a") as file:  # noqa: PTH123
            file.write("x")
    time.sleep(event.get("sleep", 0))
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    return {"pid": os.getpid(), "text": "x" * event.get("size", 0)}
