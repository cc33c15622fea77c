"""When a server that runs alone stops."""

import signal
import threading
from contextlib import suppress


def wait_for_stop() -> None:
    """Return on SIGINT or SIGTERM, also where a shell started this in the background and ignores SIGINT."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
