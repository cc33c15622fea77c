"""A function that answers as another one does, and says what it has loaded by then."""

import importlib.util
import os
import sys
from typing import Any

_spec = importlib.util.spec_from_file_location("other", os.environ["OTHER_FUNCTION"])
if _spec is None or _spec.loader is None:
    raise ImportError("OTHER_FUNCTION: expected a handler's file")
_other = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_other)
_started = sorted(sys.modules)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry point."""
    answer: dict[str, Any] = _other.handler(event, context)
    return {**answer, "started": _started, "answered": sorted(sys.modules)}
