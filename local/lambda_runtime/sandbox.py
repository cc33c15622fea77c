"""One function process and the Runtime API that it talks to.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: the process asks for the next event and posts
a response or an error, or an error of its initialisation. Each process has a server of its own, because the
API's address is a host and a port and nothing more. The process runs without site-packages: it sees its
folder, the layers and the runtime client, and an environment that names every variable.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import BinaryIO
from uuid import uuid4

from werkzeug import Response

from local.lambda_runtime.model import INIT_SECONDS, MAX_PAYLOAD, REGION, Function, Outcome
from local.loopback import LoopbackServer, Request, json_reply

API = "/2018-06-01/runtime"
RUNTIME = (sys.executable, "-S", "-m", "awslambdaric")
RESULT = re.compile(rf"{API}/invocation/([0-9a-f-]+)/(response|error)")


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the function."""

    event: bytes
    deadline_ms: int
    id: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True)
class News:
    """An event of a process: ready, response, error, init error, exit, or a response that was refused."""

    kind: str
    payload: bytes = b""
    error: str = ""


class Sandbox:
    """A function process that serves one event at a time; it is started at construction."""

    def __init__(self, function: Function, *, path: Sequence[Path], log: BinaryIO) -> None:
        self.function = function
        self._closed = False
        self.init_ms = 0.0
        self.init_mb = 0.0
        self._log = log
        self._events: SimpleQueue[Invocation | None] = SimpleQueue()
        self._news: SimpleQueue[News] = SimpleQueue()
        self._current = ""
        self._begun = Event()  # set once the process has its number: its first request may come before
        self._api = LoopbackServer(self._answer, max_body=4 * MAX_PAYLOAD)
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            [*(function.command or RUNTIME), function.handler],
            cwd=function.folder,
            env=_environment(function, self._api.address, path),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._begun.set()
        Thread(target=self._watch, daemon=True).start()

    @property
    def alive(self) -> bool:
        return not self._closed and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def peak_mb(self) -> float:
        """The most memory the process ever held, as Linux counts it (VmHWM); 0 once it is over."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0.0
        match = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(match[1]) / 1024 if match else 0.0

    def initialise(self) -> Outcome | None:
        """Wait until the function asks for its first event; an outcome tells why it never will."""
        try:
            news = self._news.get(timeout=INIT_SECONDS)
        except Empty:
            self.close()
            return Outcome.failed("Sandbox.Timedout", f"Init timed out after {INIT_SECONDS:.2f} seconds")
        if news.kind == "ready":
            return None
        self.close()
        if news.kind == "init error":
            return Outcome(news.payload, news.error)
        return Outcome.failed("Runtime.ExitError", f"Runtime exited with error: {news.error}")

    def invoke(self, event: bytes) -> Outcome:
        """Run one event; after a timeout or an exit the process is over and ``alive`` is False."""
        timeout = self.function.timeout_s
        invocation = Invocation(event, int((time.time() + timeout) * 1000))
        begun = time.perf_counter()
        self._say(f"START RequestId: {invocation.id} Version: $LATEST")
        self._current = invocation.id
        self._events.put(invocation)
        outcome = self._wait(invocation, timeout)
        self._report(invocation, (time.perf_counter() - begun) * 1000)
        return outcome

    def _wait(self, invocation: Invocation, timeout: float) -> Outcome:
        about = f"RequestId: {invocation.id} Error:"
        try:
            news = self._news.get(timeout=timeout)
        except Empty:
            self.close()
            return Outcome.failed("Sandbox.Timedout", f"{about} Task timed out after {timeout:.2f} seconds")
        if news.kind in ("response", "error"):
            return Outcome(news.payload, news.error)
        self.close()
        if news.kind == "refused":
            return Outcome(news.payload, news.error)
        return Outcome.failed("Runtime.ExitError", f"{about} Runtime exited with error: {news.error}")

    def close(self) -> None:
        """End the process, and with it whatever it started in its own session."""
        if self._closed:
            return
        self._closed = True
        self._events.put(None)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()

    def _watch(self) -> None:
        code = self._process.wait()
        self._news.put(News("exit", error=f"signal {-code}" if code < 0 else f"exit status {code}"))

    def _answer(self, request: Request) -> Response:
        if (request.method, request.path) == ("GET", f"{API}/invocation/next"):
            return self._next()
        if (request.method, request.path) == ("POST", f"{API}/init/error"):
            self._news.put(News("init error", request.get_data(), _error_type(request.get_data())))
            return json_reply(202, {"status": "OK"})
        match = RESULT.fullmatch(request.path)
        if request.method != "POST" or match is None:
            return _refused(404, "InvalidPath", f"no such endpoint: {request.method} {request.path}")
        return self._result(match[1], match[2], request.get_data())

    def _next(self) -> Response:
        self._begun.wait()
        if not self.init_ms:
            self.init_ms = (time.perf_counter() - self._started) * 1000
            self.init_mb = self.peak_mb
            self._news.put(News("ready"))
        invocation = self._events.get()
        if invocation is None:
            return _refused(403, "Closed", "the process is about to end")
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.function.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{invocation.id.replace('-', '')[:24]}",
        }
        return Response(invocation.event, headers=headers, mimetype="application/json")

    def _result(self, invocation_id: str, kind: str, body: bytes) -> Response:
        if invocation_id != self._current:
            return _refused(400, "InvalidRequestID", f"expected {self._current}, got {invocation_id}")
        self._current = ""
        if len(body) > MAX_PAYLOAD:
            error = "Function.ResponseSizeTooLarge"
            message = f"response payload size: expected at most {MAX_PAYLOAD} bytes, got {len(body)}"
            # The runtime client takes this answer for a reason to exit.
            self._news.put(News("refused", Outcome.failed(error, message).payload, error))
            return _refused(413, "RequestEntityTooLarge", message)
        self._news.put(News(kind, body, _error_type(body) if kind == "error" else ""))
        return json_reply(202, {"status": "OK"})

    def _report(self, invocation: Invocation, duration: float) -> None:
        self._say(f"END RequestId: {invocation.id}")
        self._say(
            f"REPORT RequestId: {invocation.id} Duration: {duration:.2f} ms "
            f"Memory Size: {self.function.memory_mb} MB Max Memory Used: {self.peak_mb:.0f} MB "
            f"Init Duration: {self.init_ms:.2f} ms"
        )

    def _say(self, line: str) -> None:
        self._log.write(line.encode() + b"\n")


def _environment(function: Function, api: str, path: Sequence[Path]) -> Mapping[str, str]:
    """The variables of https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
    search = [str(function.folder), *map(str, path)]
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",  # Lambda has en_US.UTF-8, which small systems lack
        "TZ": ":UTC",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        **function.environment,
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(function.folder),
        "LAMBDA_RUNTIME_DIR": str(path[-1]),
        "PYTHONPATH": os.pathsep.join(search),
        "PYTHONDONTWRITEBYTECODE": "1",  # as in Lambda, where the function's folder cannot be written
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_RUNTIME_API": api,
    }


def _error_type(body: bytes) -> str:
    try:
        error_type = json.loads(body)["errorType"]
    except (ValueError, KeyError, TypeError):
        return "Unhandled"
    return str(error_type)


def _refused(status: int, error: str, message: str) -> Response:
    return json_reply(status, {"errorType": error, "errorMessage": message})
