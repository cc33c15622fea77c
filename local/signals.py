"""How a server that runs alone reports that it is ready, and how it is stopped."""

import signal
import threading
from contextlib import suppress
from pathlib import Path


def interrupt_on_stop() -> None:
    """From now on SIGINT and SIGTERM raise KeyboardInterrupt, so that a server that starts can close.

    A shell that starts a program in the background makes it ignore SIGINT: that ends here, too.
    """
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.default_int_handler)


def wait_for_stop() -> None:
    """Return on SIGINT or SIGTERM."""
    interrupt_on_stop()
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def write_whole(path: Path, text: str) -> None:
    """Replace the file in one step, so that nobody reads half of it; only its owner may read it."""
    scratch = path.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(text)
    scratch.replace(path)
