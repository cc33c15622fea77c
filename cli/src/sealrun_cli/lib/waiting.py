"""Long steps show that they go on: how long they have taken, and how long they may."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from rich.console import Console

# Where nobody watches a line change, a line is written at these times, and then every minute.
FIRST_SECONDS = 20.0
EVERY_SECONDS = 60.0
# An estimate from less than this share of the work says nothing.
ENOUGH = 0.02


@dataclass
class Wait:
    """One step that takes its time."""

    what: str
    usually: str  # how long, in words; empty where nobody knows
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    share: float = 0.0  # of the work that is done

    def __post_init__(self) -> None:
        self.began = self.clock()

    def at(self, done: int, total: int) -> None:
        """So much of the work is done."""
        self.share = min(1.0, done / total) if total else 0.0

    def __str__(self) -> str:
        """The step, how long it has taken, and how long it may still take."""
        elapsed = self.clock() - self.began
        if self.share > ENOUGH:
            left = f"about {duration(elapsed * (1 - self.share) / self.share)} to go"
            return f"{self.what}: {self.share:.0%}, {duration(elapsed)} so far, {left}"
        hint = f"; {self.usually}" if self.usually else ""
        return f"{self.what}: {duration(elapsed)} so far{hint}"

    def __rich__(self) -> str:
        return str(self)


@contextmanager
def shown(wait: Wait, console: Console, *, first: float = FIRST_SECONDS) -> Iterator[Wait]:
    """Show the step until the block ends: on a terminal in one line that changes, elsewhere now and then."""
    over = threading.Event()

    def tell() -> None:
        pause = first
        while not over.wait(pause):
            console.print(str(wait), style="dim", markup=False, highlight=False, soft_wrap=True)
            pause = EVERY_SECONDS

    with ExitStack() as opened:
        if console.is_terminal:
            opened.enter_context(console.status(wait))
        else:
            thread = threading.Thread(target=tell, daemon=True)
            thread.start()
            opened.callback(thread.join)
            opened.callback(over.set)
        yield wait


def duration(seconds: float) -> str:
    """A time as people say it, in its two largest units."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    counts = ((day, "d"), (hour, "h"), (minute, "min"), (second, "s"))
    return " ".join([f"{count} {unit}" for count, unit in counts if count][:2]) or "0 s"
