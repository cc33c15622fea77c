"""One address after the other that strangers wrote: guarded, bounded, and no slow host is asked for ever."""

from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from sealrun.encoding.origins import origin_of
from sealrun.errors import Unavailable
from sealrun.transport.failures import ConnectTimeout, OutgoingError, ReadTimeout
from sealrun.transport.http import Client
from sealrun_cli.lib.outgoing import open_strangers

# For the head of an answer and once more for its body.
SECONDS = 5.0
# A host that let so many answers' time pass is asked no more; nor is one that said so often that it is busy.
LATE = 3
# Of which the connection stays open; builds go through one offer after the other.
OPEN = 20
_GOOD, _BUSY = 200, 429


class Strangers:
    """Asks for documents, over one connection a host; a context manager, which closes them."""

    def __init__(self, *, here: bool, start: Callable[..., Client] = open_strangers) -> None:
        """``here`` lets this machine's own addresses through, which only a local chain may name."""
        self._here, self._start = here, start
        self._clients: dict[str, Client] = {}
        self._late: Counter[str] = Counter()

    def get(self, url: str, at_most: int) -> bytes:
        """The body of a good answer, at most so many bytes.

        Raises:
            Malformed: it is no address.
            Unavailable: there is no good answer, or the host is not asked any more.
        """
        origin = origin_of(url)
        if self._late[origin] >= LATE:
            raise Unavailable(f"address: not asked, its host was late or busy {LATE} times")
        try:
            with self._client(origin).open("GET", url) as answer:
                if answer.status != _GOOD:
                    self._late[origin] += answer.status == _BUSY
                    raise Unavailable(f"address: expected {_GOOD}, got {answer.status}")
                return answer.read(at_most, seconds=SECONDS)
        except (ConnectTimeout, ReadTimeout) as error:
            self._late[origin] += 1
            raise Unavailable(f"address: {error}") from error
        except (OutgoingError, ValueError, OSError) as error:
            raise Unavailable(f"address: {error}") from error

    def _client(self, origin: str) -> Client:
        if origin not in self._clients:
            if len(self._clients) >= OPEN:
                self._clients.pop(next(iter(self._clients))).close()
            self._clients[origin] = self._start(origin, here=self._here, seconds=SECONDS)
        return self._clients[origin]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()
