"""waitress with limits: sizes, times, connections, and an end that lets requests under way finish.

Its main thread reads requests and writes answers for all connections, so a slow client holds a connection
and no worker. waitress itself closes connections on which nothing happens; here each request as a whole has
a time as well, because a byte now and then would keep it open for ever.
"""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from waitress.channel import HTTPChannel
from waitress.server import create_server

from sealrun.encoding.networks import plain_address

# A webhook's delivery, the largest body that a function takes, with room for what is refused by name.
MAX_BODY_BYTES = (1 << 20) + 4096
# Inputs travel in the body; the largest header is a payment of a few kilobytes.
MAX_HEADER_BYTES = 64 * 1024
MAX_CONNECTIONS = 500
IDLE_SECONDS = 60
REQUEST_SECONDS = 60
LOOK_SECONDS = 0.5
CLEANUP_SECONDS = 5


class Channel(HTTPChannel):
    """A connection that knows since when its present request arrives."""

    arriving_since = 0.0

    def received(self, data: bytes) -> bool:
        """Take what arrived."""
        before = self.request
        answer = bool(super().received(data))
        if self.request is None:
            self.arriving_since = 0.0
        elif self.request is not before or not self.arriving_since:
            self.arriving_since = time.time()
        return answer


class Server:
    """Serves a WSGI application at ``url``, from ``start`` until ``stop``."""

    def __init__(
        self, application: Callable[..., Any], listen: socket.socket, *, threads: int, trusted_proxy: str = ""
    ) -> None:
        """``listen`` is bound already. ``trusted_proxy`` is the address whose X-Forwarded-For counts."""
        proxy: dict[str, Any] = {
            "trusted_proxy": plain_address(trusted_proxy),
            "trusted_proxy_count": 1,
            "trusted_proxy_headers": {"x-forwarded-for"},
        }
        self._map: dict[int, Any] = {}
        limits: dict[str, Any] = {
            "max_request_header_size": MAX_HEADER_BYTES,
            "max_request_body_size": MAX_BODY_BYTES,
            "connection_limit": MAX_CONNECTIONS,
            "channel_timeout": IDLE_SECONDS,
            "cleanup_interval": CLEANUP_SECONDS,
        }
        made: Any = create_server(
            application,
            map=self._map,
            sockets=[listen],
            threads=threads,
            ident=None,
            clear_untrusted_proxy_headers=True,
            asyncore_use_poll=True,
            **limits,
            **(proxy if trusted_proxy else {}),
        )
        made.channel_class = Channel
        made.application = _with_plain_addresses(made.application)
        self._server = cast("Any", made)
        host, port = listen.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._stopping = threading.Event()
        self._stop_by = 0.0
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, seconds: float) -> None:
        """Take no further connection, and give requests under way so much time."""
        self._stop_by = time.monotonic() + seconds
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join()
        # The loop looks by itself too and may be over before the trigger is pulled, which stays open for it.
        self._server.asyncore.close_all(self._map, ignore_all=True)

    def _run(self) -> None:
        """The loop of waitress, one round at a time."""
        listening = True
        while self._map:
            self._server.asyncore.loop(timeout=LOOK_SECONDS, use_poll=True, map=self._map, count=1)
            self._end_slow_requests()
            if not self._stopping.is_set():
                continue
            if listening:
                listening = False
                self._server.accepting = False
                self._server.del_channel(self._map)
                self._server.socket.close()
            if not self._busy() or time.monotonic() > self._stop_by:
                break
        self._server.task_dispatcher.shutdown(timeout=1)

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(each.requests or each.request or each.total_outbufs_len for each in channels)

    def _end_slow_requests(self) -> None:
        before = time.time() - REQUEST_SECONDS
        for channel in list(self._server.active_channels.values()):
            if channel.arriving_since and channel.arriving_since < before:
                channel.will_close = True


def _with_plain_addresses(application: Callable[..., Any]) -> Callable[..., Any]:
    """The application, to which callers over IPv4 have their own addresses, also on a socket for IPv6.

    It is waitress's, which reads X-Forwarded-For, takes ``::ffff:192.0.2.7`` for an address and a port, and
    ``[2001:db8::7]:4711`` for an address.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["REMOTE_ADDR"] = plain_address(environ["REMOTE_ADDR"])
        if told := environ.get("HTTP_X_FORWARDED_FOR"):
            # Of one trusted proxy the last hop counts; a caller may have sent any number before it.
            last = told.rpartition(",")[2].strip()
            environ["HTTP_X_FORWARDED_FOR"] = plain_address(_without_port(last))
        return application(environ, start_response)

    return answer


def _without_port(hop: str) -> str:
    """The address within brackets, as proxies that tell ports write IPv6; waitress takes one off IPv4."""
    return hop.strip('"').removeprefix("[").partition("]")[0]


def listening(address: str) -> socket.socket:
    """A socket that is bound to ``HOST:PORT``, or ``[HOST]:PORT`` for IPv6; port 0 takes a free one.

    Raises:
        ValueError: it is no such address.
        OSError: it cannot be bound.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004
        raise ValueError(f"listen: expected HOST:PORT, got {address[:80]!r}")
    host = host.strip("[]")
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, int(port)))
    except OSError:
        made.close()
        raise
    return made
