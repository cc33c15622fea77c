"""How a server that runs alone tells that it is up, and when it stops."""

import signal
import threading
from contextlib import suppress
from pathlib import Path


def wait_for_stop() -> None:
    """Return on SIGINT or SIGTERM, also where a shell started this in the background and ignores SIGINT."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step, so that nobody reads half of it; only its owner may read it."""
    scratch = path.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(text)
    scratch.replace(path)
