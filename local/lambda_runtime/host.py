"""The local Lambda: functions with a gateway in front of them, the Invoke API and a scheduler."""

import importlib.util
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from werkzeug import Response

from local.closing import Closing
from local.lambda_runtime import cors
from local.lambda_runtime.events import bad_gateway, http_event, http_reply
from local.lambda_runtime.invoke_api import serve_invoke
from local.lambda_runtime.model import MAX_PAYLOAD, REGION, Function, Outcome, Throttled, UnknownFunction
from local.lambda_runtime.pool import Pool
from local.lambda_runtime.routes import line
from local.lambda_runtime.sandbox import Sandbox
from local.lambda_runtime.scheduler import scheduled_event
from local.loopback import LoopbackServer, Request, json_reply
from local.routing import Line, Routes

# What the runtime itself brings, besides the standard library.
RUNTIME_MODULES = ("awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py")
# Lambda tries a failed asynchronous event again after one and after two minutes; here the waits are short.
RETRY_SECONDS = (1.0, 2.0)
# A throttled event is not counted as tried; Lambda keeps it for up to six hours.
THROTTLED_SECONDS = 0.2


class LambdaHost(Closing):
    """Runs functions on loopback; a context manager.

    ``folder`` takes the log of each function (``logs/NAME.log``); ``layers`` are folders of modules that
    every function can import after its own. ``url`` is the gateway's, ``invoke_url`` the Invoke API's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        layers: Sequence[Path] = (),
        port: int = 0,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self.folder = folder.resolve()
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self.dropped: list[tuple[str, Outcome]] = []
        self._path = [*(layer.resolve() for layer in layers), runtime_folder(self.folder / "runtime")]
        self._retry_seconds = retry_seconds
        self._pools: dict[str, Pool] = {}
        self._lines: list[Line] = []
        self._routes = Routes([])
        self._closing = Event()
        self._threads: list[Thread] = []
        self._gateway = LoopbackServer(self._serve_url, port=port, max_body=MAX_PAYLOAD)
        self._invoke_api = LoopbackServer(self._serve_invoke, max_body=MAX_PAYLOAD)
        self.url = self._gateway.url
        self.invoke_url = self._invoke_api.url

    def add(self, function: Function, *, routes: Sequence[str] = ()) -> None:
        """Register a function and the routes that lead to it."""
        log = self._log_file(function.name)
        self._pools[function.name] = Pool(function, path=self._path, log=log)
        self._lines += [line(route, function.name) for route in routes]
        self._routes = Routes(self._lines)

    def environment(self, name: str) -> Mapping[str, str]:
        """The variables that the function was given."""
        return self._pool(name).function.environment

    def configure(self, name: str, environment: Mapping[str, str]) -> None:
        """Give the function another environment; its processes end, and events under way with them."""
        pool = self._pool(name)
        pool.end()
        function = replace(pool.function, environment=environment)
        self._pools[name] = Pool(function, path=self._path, log=self._log_file(name))
        pool.close()

    def log(self, name: str) -> str:
        """All that the function's processes have written."""
        return self._log_file(name).read_text(errors="replace")

    def sandboxes(self, name: str) -> list[Sandbox]:
        """The function's processes that are alive."""
        return self._pool(name).sandboxes()

    def fresh(self, name: str) -> Sandbox:
        """Start another process of the function for the caller, who must close it."""
        return self._pool(name).start()

    def invoke(self, name: str, event: object) -> Outcome:
        """Run the function on the event and wait for the outcome.

        Raises:
            UnknownFunction: no function has this name.
            Throttled: the function's concurrency is used up.
        """
        return self._pool(name).invoke(json.dumps(event).encode())

    def invoke_later(self, name: str, event: object) -> None:
        """Run the function in the background, trying again as Lambda does.

        An event that failed every time ends in ``dropped``.
        """
        self._invoke_later(name, json.dumps(event).encode())

    def schedule(self, name: str, *, every_s: float, event: Mapping[str, Any] | None = None) -> None:
        """Invoke the function every so many seconds, as EventBridge Scheduler does.

        Unlike there, an event that takes long delays the next one.
        """
        self._pool(name)

        def run() -> None:
            while not self._closing.wait(every_s):
                self._run_event(name, scheduled_event(name, event, now=time.time()))

        self._background(run)

    def close(self) -> None:
        """Stop listening, stop the schedules, end all processes."""
        self._closing.set()
        self._gateway.close()
        self._invoke_api.close()
        for pool in self._pools.values():
            pool.end()
        for thread in self._threads:
            thread.join()
        for pool in self._pools.values():
            pool.close()

    def _log_file(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def _pool(self, name: str) -> Pool:
        if name not in self._pools:
            raise UnknownFunction(f"function: expected one of {sorted(self._pools)}, got {name!r}")
        return self._pools[name]

    def _serve_url(self, request: Request) -> Response:
        # CloudFront in front of function URLs routes by path alone, whatever the method.
        route = self._routes.find(request.method, request.raw_path, any_method=True)
        if route is None:
            return json_reply(404, {"message": "Not Found"})
        return self._serve_function(request, self._pools[route[0]])

    def _serve_function(self, request: Request, pool: Pool) -> Response:
        if asked := cors.preflight(pool.function.name, request):
            return asked
        domain = f"{pool.function.name}.lambda-url.{REGION}.on.aws"
        event = http_event(request, domain=domain, request_id=str(uuid4()), now=time.time())
        try:
            outcome = pool.invoke(json.dumps(event).encode())
        except Throttled:
            return json_reply(429, {"message": "Too Many Requests"})
        reply = bad_gateway() if outcome.error else http_reply(outcome.payload)
        return cors.shown(pool.function.name, request, reply)

    def _serve_invoke(self, request: Request) -> Response:
        def invoke(name: str, event: bytes) -> Outcome:
            return self._pool(name).invoke(event)

        return serve_invoke(request, invoke=invoke, invoke_later=self._invoke_later)

    def _invoke_later(self, name: str, event: bytes) -> None:
        self._pool(name)
        self._background(lambda: self._run_event(name, event))

    def _run_event(self, name: str, event: bytes) -> None:
        waits = list(self._retry_seconds)
        while not self._closing.is_set():
            try:
                outcome = self._pool(name).invoke(event)
            except Throttled:
                self._closing.wait(THROTTLED_SECONDS)
                continue
            if not outcome.error:
                return
            if not waits:
                self.dropped.append((name, outcome))
                return
            self._closing.wait(waits.pop(0))

    def _background(self, run: Callable[[], None]) -> None:
        thread = Thread(target=run, daemon=True)
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        thread.start()


def runtime_folder(folder: Path) -> Path:
    """A folder with the runtime client and nothing else, as links to where it is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in RUNTIME_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name}: expected it installed with awslambdaric")
        origin = Path(spec.origin)
        source = origin.parent if spec.submodule_search_locations else origin
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    return folder
