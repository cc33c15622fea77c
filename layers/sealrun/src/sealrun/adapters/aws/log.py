"""The log of functions that buyers wait for: JSON lines without the import that Powertools' Logger takes.

The names are those of Powertools' Logger, which the other functions use: one query reads the logs of all.
"""

import json
import os
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger as PowertoolsLogger

# Both write a message with named fields.
Logger: TypeAlias = "Log | PowertoolsLogger"


class Log:
    """Writes one line for each message; a field of None is left out."""

    def __init__(self, service: str, *, stream: TextIO | None = None) -> None:
        """``stream`` is the standard output of the moment where it is left out."""
        self._service, self._stream = service, stream

    def info(self, message: str, /, **fields: Any) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: str, /, **fields: Any) -> None:
        self._write("WARNING", message, fields)

    def exception(self, message: str, /, *, exc_info: BaseException, **fields: Any) -> None:
        named = {"exception_name": type(exc_info).__name__, "exception": _trace(exc_info)}
        self._write("ERROR", message, {**fields, **named})

    def _write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        line = {
            "level": level,
            "message": message,
            "timestamp": datetime.now(UTC).isoformat(sep=" ", timespec="milliseconds"),
            "service": self._service,
            **fields,
            "xray_trace_id": _trace_id(),
        }
        given = {name: value for name, value in line.items() if value is not None}
        stream = self._stream or sys.stdout
        stream.write(json.dumps(given, default=str) + "\n")
        stream.flush()


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)).rstrip()


def _trace_id() -> str | None:
    """The trace that Lambda says this event belongs to."""
    root = os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")[0]
    return root.removeprefix("Root=") or None
