"""Which nodes let a question's time pass lately: they are left alone for a moment."""

from collections.abc import Callable
from threading import Lock

from sealrun.errors import NodeUnavailable

# In seconds: about as long as a node that hangs holds one question.
REST_SECONDS = 10


class Rests:
    """The nodes that rest.

    After its rest a node is asked one question, and rests again until that one is answered. So a node that
    hangs holds one request at a time, whatever number of accounts strangers name (L11).
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        """No node rests yet; ``clock`` gives Unix seconds."""
        self._clock, self._lock = clock, Lock()
        self._since: dict[str, int] = {}

    def check(self, url: str) -> None:
        """Let one question to the node pass.

        Raises:
            NodeUnavailable: the node rests.
        """
        with self._lock:
            since, now = self._since.get(url), self._clock()
            if since is None:
                return
            if 0 <= now - since < REST_SECONDS:  # a clock that was set back lets nobody rest for long
                raise NodeUnavailable(
                    f"node: expected it to answer in time, got no answer {now - since} s ago"
                )
            self._since[url] = now

    def hung(self, url: str) -> None:
        """The node let a question's time pass."""
        with self._lock:
            self._since[url] = self._clock()

    def answered(self, url: str) -> None:
        """The node said something, whatever it was."""
        with self._lock:
            self._since.pop(url, None)
