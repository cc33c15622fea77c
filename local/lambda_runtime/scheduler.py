"""The events of EventBridge Scheduler.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from local.lambda_runtime.model import ACCOUNT, REGION


def scheduled_event(name: str, event: Mapping[str, Any] | None, *, now: float) -> bytes:
    """The given event with its context attributes filled in, or Scheduler's default event."""
    arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{name}"
    time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    execution = str(uuid4())
    if event is None:
        event = {
            "version": "0",
            "id": execution,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": time,
            "region": REGION,
            "resources": [arn],
            "detail": "{}",
        }
    text = json.dumps(event)
    for attribute, value in {
        "schedule-arn": arn,
        "scheduled-time": time,
        "execution-id": execution,
        "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{attribute}>", value)
    return text.encode()
