"""Documents at addresses that strangers wrote: guarded, a few at once, each bounded, all within a time.

A host has one place until it has answered in time, and two from then on. One that has let two documents' time
pass is asked no more. So neither one seller's slow host nor a hundred of them stop the others.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field

from sealrun.encoding.origins import origin_of
from sealrun.errors import Malformed, SealrunError, Unavailable
from sealrun.transport.failures import ConnectTimeout, OutgoingError, ReadTimeout
from sealrun.transport.http import Client
from sealrun_cli.lib.outgoing import open_strangers

# Places, which a slow host keeps for ten seconds: 384 of them use up a reading's minute.
AT_ONCE = 64
OF_ONE_HOST = 2
# For the head of an answer and once more for its body; a service answers in less than one.
SECONDS = 5.0
LATE = 2
_GOOD = 200


@dataclass
class _Host:
    """One origin: what is to be asked, and how it behaved."""

    origin: str
    here: bool
    waiting: deque[str] = field(default_factory=deque)
    running: int = 0
    late: int = 0
    in_time: bool = False  # once
    client: Client | None = None


@dataclass(frozen=True)
class Documents:
    """Fetches so much at most until a moment.

    Args:
        at_most: bytes of one document.
        ends: monotonic seconds.
        here: whether this machine's own addresses may be asked, which only a local chain's listings may name.
        start: opens the client of an origin.
    """

    at_most: int
    ends: float
    here: bool = False
    start: Callable[..., Client] = open_strangers

    def fetch(self, urls: Sequence[str]) -> Iterator[tuple[str, bytes | SealrunError]]:
        """What each address answered, as they come; those that time is too short for are left out."""
        hosts: dict[str, _Host] = {}
        for url in urls:
            try:
                origin = origin_of(url)
            except Malformed as error:
                yield url, error
                continue
            hosts.setdefault(origin, _Host(origin, self.here)).waiting.append(url)
        with ExitStack() as closing:
            for host in hosts.values():
                closing.callback(_close, host)
            pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sealrun-document")
            closing.callback(pool.shutdown, wait=False, cancel_futures=True)
            yield from self._run(deque(hosts.values()), pool)

    def _run(
        self, hosts: deque[_Host], pool: ThreadPoolExecutor
    ) -> Iterator[tuple[str, bytes | SealrunError]]:
        running: dict[Future[bytes], tuple[_Host, str]] = {}
        while True:
            for host, url in self._next(hosts, AT_ONCE - len(running)):
                host.running += 1
                running[pool.submit(self._get, host, url)] = (host, url)
            if not running:
                return
            done, _ = wait(running, max(0.0, self.ends - time.monotonic()), FIRST_COMPLETED)
            if not done:
                return
            for future in done:
                host, url = running.pop(future)
                host.running -= 1
                yield url, _answer(future, host)
                if host.late >= LATE:
                    yield from _given_up(host)

    def _next(self, hosts: deque[_Host], places: int) -> Iterator[tuple[_Host, str]]:
        """What to ask now, each host in its turn."""
        for _ in range(len(hosts)):
            if places <= 0:
                return
            host = hosts[0]
            hosts.rotate(-1)
            if host.waiting and host.running < (OF_ONE_HOST if host.in_time else 1):
                places -= 1
                yield host, host.waiting.popleft()

    def _get(self, host: _Host, url: str) -> bytes:
        if host.client is None:
            host.client = self.start(host.origin, here=host.here, seconds=SECONDS)
        with host.client.open("GET", url) as answer:
            if answer.status != _GOOD:
                raise Unavailable(f"address: expected {_GOOD}, got {answer.status}")
            return answer.read(self.at_most, seconds=SECONDS)


def _answer(future: "Future[bytes]", host: _Host) -> bytes | SealrunError:
    try:
        body = future.result()
    except (ConnectTimeout, ReadTimeout) as error:
        host.late += 1
        return Unavailable(f"address: {error}")
    except SealrunError as error:
        return error
    except (OutgoingError, ValueError, OSError) as error:
        return Unavailable(f"address: {error}")
    host.in_time = True
    return body


def _given_up(host: _Host) -> Iterator[tuple[str, SealrunError]]:
    while host.waiting:
        yield host.waiting.popleft(), Unavailable(f"address: not asked, its host was late {LATE} times")


def _close(host: _Host) -> None:
    if host.client is not None:
        host.client.close()
