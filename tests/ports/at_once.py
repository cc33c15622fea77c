"""Steps at one moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def at_once(step: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """The step for all items at one moment, each in a thread of its own."""
    gate = threading.Barrier(len(items))

    def held(item: Any) -> Any:
        gate.wait()
        return step(item)

    with ThreadPoolExecutor(len(items)) as threads:
        return list(threads.map(held, items))
