"""R11: what a function of a role without any right logs: AWS's code, which the operator's guide looks for."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.closing import ROOT

pytestmark = pytest.mark.peers

OFFER = "1a" * 32
DENIED = {
    "__type": "com.amazon.coral.service#AccessDeniedException",
    "message": "User: arn:aws:sts::1:assumed-role/x is not authorized to perform it",
}
# Runs one function with one event in a process of its own, as Lambda does; its log is what it prints.
RUN = """
import importlib.util, json, sys
name, event = sys.argv[1], json.loads(sys.argv[2])
spec = importlib.util.spec_from_file_location(name, f"functions/{name}/handler.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.handler(event, None)
"""


class Denying(BaseHTTPRequestHandler):
    """Every service of AWS, to a role without any right."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(DENIED).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST  # noqa: N815  names of http.server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Denying)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SEALRUN_"))},
        "PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in ("layers/mina/src", "layers/sealrun/src")),
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_MAX_ATTEMPTS": "1",
        "SEALRUN_TABLE": "t",
        "SEALRUN_EVIDENCE_BUCKET": "b",
        "SEALRUN_KMS_KEY": "k",
        "SEALRUN_COLLECT_FUNCTION": "c",
        "SEALRUN_PUBLIC_URL": "https://calls.test",
        "SEALRUN_OFFERS": OFFER,
    }
    server.shutdown()
    thread.join()
    server.server_close()


def request(method: str, path: str, body: str = "", **headers: str) -> dict[str, Any]:
    http = {"method": method, "path": path, "sourceIp": "192.0.2.1"}
    context = {"http": http, "stage": "$default", "requestId": "1"}
    common = {"version": "2.0", "rawPath": path, "rawQueryString": "", "isBase64Encoded": False}
    return {**common, "headers": headers, "body": body, "requestContext": context}


RUN_OF_HOOK = {"id": 9, "status": "success"}
HOOK = json.dumps({"object_kind": "pipeline", "project": {"id": 42}, "object_attributes": RUN_OF_HOOK})
HOOKED = {
    "x-gitlab-event": "Pipeline Hook",
    "x-gitlab-token": "s",
    "x-gitlab-instance": "https://gitlab.example",
}
EVENTS = {
    "call": request("GET", f"/offers/{OFFER}"),
    "receipt": request("GET", f"/calls/{OFFER}"),
    "webhook": request("POST", "/webhooks/gitlab", HOOK, **HOOKED),
    "collect": {"sweep": True},
    "health": {},
}


@pytest.mark.parametrize("name", EVENTS)
def test_r11_each_function_logs_that_iam_denied_it(name: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN, name, json.dumps(EVENTS[name])],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "AccessDenied" in done.stdout + done.stderr, done.stderr
