"""The local Lambda runs real functions under the real runtime client, and ends them as Lambda does."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from local.lambda_runtime import Function, LambdaHost, Outcome, Throttled, UnknownFunction
from local.lambda_runtime.host import runtime_folder
from local.lambda_runtime.model import MAX_PAYLOAD
from local.lambda_runtime.pool import Pool
from local.lambda_runtime.sandbox import Sandbox

pytestmark = pytest.mark.peers

FOLDER = Path(__file__).parent / "functions" / "trivial"
SIZE = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LambdaHost]:
    with LambdaHost(tmp_path_factory.mktemp("lambda"), retry_seconds=(0.05, 0.05)) as host:
        host.add(Function("echo", "handler.echo", FOLDER, {"GREETING": "hi"}), routes=["POST /echo/{what}"])
        host.add(Function("reply", "handler.reply", FOLDER), routes=["POST /reply"])
        host.add(Function("act", "handler.act", FOLDER, timeout_s=1, concurrency=2), routes=["POST /act"])
        host.add(Function("broken", "broken.handler", FOLDER), routes=["GET /broken"])
        host.add(Function("missing", "nowhere.handler", FOLDER))
        yield host


@pytest.fixture(scope="module")
def client(host: LambdaHost) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def invoke_api(host: LambdaHost) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=host.invoke_url,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def error_of(outcome: Outcome) -> tuple[str, str]:
    value = json.loads(outcome.payload)
    assert value["errorType"] == outcome.error
    return outcome.error, value["errorMessage"]


def until(done: Callable[[], bool]) -> None:
    """Wait until it is done, at most ten seconds."""
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_function_sees_its_event_its_context_and_the_named_environment_only(host: LambdaHost) -> None:
    got = json.loads(host.invoke("echo", {"a": ["ü", 1]}).payload)
    assert got["event"] == {"a": ["ü", 1]}
    assert got["context"]["name"] == "echo"
    assert got["context"]["arn"] == "arn:aws:lambda:eu-central-1:123456789012:function:echo"
    assert 8000 < got["context"]["left"] <= 10000
    assert got["environment"]["GREETING"] == "hi"
    assert got["environment"]["LAMBDA_TASK_ROOT"] == str(FOLDER)
    named = {"GREETING", "LANG", "PATH", "TZ", "_HANDLER", "_X_AMZN_TRACE_ID"}
    others = ("AWS_", "LAMBDA_", "PYTHON")
    assert {name for name in got["environment"] if not name.startswith(others)} == named


def test_a_function_cannot_import_what_is_in_no_layer(host: LambdaHost) -> None:
    assert not [name for name in json.loads(host.invoke("echo", {}).payload)["modules"] if "boto" in name]
    host.add(Function("outside", "httpx.get", FOLDER))
    error, message = error_of(host.invoke("outside", {}))
    assert error == "Runtime.ImportModuleError"
    assert "No module named 'httpx'" in message


def test_a_warm_process_is_used_again(host: LambdaHost) -> None:
    pids = {json.loads(host.invoke("echo", {}).payload)["pid"] for _ in range(5)}
    assert len(pids) == 1
    assert [sandbox.pid for sandbox in host.sandboxes("echo")] == list(pids)


def test_log_lines_stand_in_the_functions_own_file(host: LambdaHost) -> None:
    host.invoke("echo", {})
    log = host.log("echo")
    assert "a log line\n" in log
    assert "START RequestId: " in log
    assert "REPORT RequestId: " in log


def test_the_gateway_routes_by_method_and_path(client: httpx.Client) -> None:
    got = client.post("/echo/this?x=1", json={"a": 1}).json()["event"]
    assert (got["rawPath"], got["rawQueryString"], got["body"]) == ("/echo/this", "x=1", '{"a":1}')
    assert client.post("/echo/this/that").status_code == 404


def test_a_method_that_no_route_has_reaches_the_paths_function_as_behind_a_distribution(
    client: httpx.Client,
) -> None:
    got = client.delete("/echo/this").json()["event"]
    assert got["requestContext"]["http"]["method"] == "DELETE"


def test_the_gateway_gives_back_status_headers_and_cookies(client: httpx.Client) -> None:
    answer = {"statusCode": 418, "headers": {"X-A": "b"}, "cookies": ["a=1", "b=2"], "body": "short"}
    got = client.post("/reply", json=answer)
    assert (got.status_code, got.text, got.headers["x-a"]) == (418, "short", "b")
    assert got.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_a_function_that_raises_is_a_502_and_lives_on(host: LambdaHost, client: httpx.Client) -> None:
    pid = json.loads(host.invoke("act", {}).payload)["pid"]
    assert error_of(host.invoke("act", {"raise": "no"})) == ("ValueError", "no")
    assert json.loads(host.invoke("act", {}).payload)["pid"] == pid
    got = client.post("/reply", content=b"not json", headers={"Content-Type": "text/plain"})
    assert (got.status_code, got.text) == (502, "Internal Server Error")


def test_a_function_that_exits_is_replaced(host: LambdaHost) -> None:
    pid = json.loads(host.invoke("act", {}).payload)["pid"]
    error, message = error_of(host.invoke("act", {"exit": 3}))
    assert error == "Runtime.ExitError"
    assert message.endswith("Error: Runtime exited with error: exit status 3")
    assert json.loads(host.invoke("act", {}).payload)["pid"] != pid


def test_a_function_that_takes_too_long_is_ended(host: LambdaHost) -> None:
    started = time.monotonic()
    error, message = error_of(host.invoke("act", {"sleep": 30}))
    assert error == "Sandbox.Timedout"
    assert message.endswith("Task timed out after 1.00 seconds")
    assert time.monotonic() - started < 5
    assert host.invoke("act", {}).error == ""


def test_a_function_that_cannot_start_says_why(host: LambdaHost, client: httpx.Client) -> None:
    assert error_of(host.invoke("broken", {})) == ("RuntimeError", "this module never loads")
    error, message = error_of(host.invoke("missing", {}))
    assert error == "Runtime.ImportModuleError"
    assert "No module named 'nowhere'" in message
    assert client.get("/broken").status_code == 502


def test_a_body_of_more_than_6_mb_is_refused_and_one_just_below_is_not(client: httpx.Client) -> None:
    got = client.post("/echo/this", content=b"x" * (MAX_PAYLOAD + 1))
    assert (got.status_code, got.json()) == (413, {"Message": "Request Entity Too Large"})
    assert (
        client.post("/reply", content=json.dumps({"statusCode": 200, "body": "x" * SIZE})).status_code == 502
    )
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"statusCode": 200, "body": "x" * (SIZE // 2)})
    assert len(client.post("/reply", content=body, headers=headers).content) == SIZE // 2


def test_an_answer_of_more_than_6_mb_is_an_error(host: LambdaHost) -> None:
    assert len(host.invoke("act", {"size": SIZE}).payload) > SIZE
    error, _ = error_of(host.invoke("act", {"size": MAX_PAYLOAD}))
    assert error == "Function.ResponseSizeTooLarge"


def test_no_more_than_the_reserved_concurrency_runs(host: LambdaHost) -> None:
    def sleep(_: int) -> str:
        try:
            return host.invoke("act", {"sleep": 0.5}).error
        except Throttled as error:
            return str(error)

    with ThreadPoolExecutor(4) as threads:
        got = sorted(threads.map(sleep, range(4)))
    assert got == ["", "", "act: expected at most 2 at once", "act: expected at most 2 at once"]


def test_a_call_to_a_function_that_is_not_there_is_refused(host: LambdaHost, invoke_api: Any) -> None:
    with pytest.raises(UnknownFunction, match=r"expected one of .*'act'.*, got 'nobody'"):
        host.invoke("nobody", {})
    with pytest.raises(invoke_api.exceptions.ResourceNotFoundException, match="got 'nobody'"):
        invoke_api.invoke(FunctionName="nobody")


def test_boto3_invokes_and_gets_the_answer_or_the_error(invoke_api: Any) -> None:
    got = invoke_api.invoke(FunctionName="act", Payload=b'{"size": 3}')
    assert (got["StatusCode"], json.loads(got["Payload"].read())["text"]) == (200, "xxx")
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:act"
    failed = invoke_api.invoke(FunctionName=arn, Payload=b'{"raise": "no"}')
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorMessage"] == "no"


def test_an_event_is_taken_at_once_and_run_later(host: LambdaHost, invoke_api: Any, tmp_path: Path) -> None:
    note = tmp_path / "note"
    event = json.dumps({"note": str(note), "sleep": 0.9}).encode()
    started = time.monotonic()
    assert invoke_api.invoke(FunctionName="act", InvocationType="Event", Payload=event)["StatusCode"] == 202
    assert time.monotonic() - started < 0.9
    until(lambda: note.exists() and note.read_text() == "x")
    assert host.dropped == []


def test_an_event_that_fails_is_tried_three_times_and_then_dropped(
    host: LambdaHost, invoke_api: Any, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    event = json.dumps({"note": str(note), "raise": "always"}).encode()
    invoke_api.invoke(FunctionName="act", InvocationType="Event", Payload=event)
    until(lambda: bool(host.dropped))
    [(name, outcome)] = host.dropped
    host.dropped.clear()
    assert (name, outcome.error, note.read_text()) == ("act", "ValueError", "xxx")


def test_an_event_of_more_than_1_mb_is_refused(invoke_api: Any) -> None:
    event = json.dumps("x" * 1024 * 1024).encode()
    with pytest.raises(invoke_api.exceptions.RequestTooLargeException):
        invoke_api.invoke(FunctionName="act", InvocationType="Event", Payload=event)


def test_a_schedule_invokes_again_and_again(tmp_path: Path) -> None:
    note = tmp_path / "note"
    with LambdaHost(tmp_path) as host:
        host.add(Function("act", "handler.act", FOLDER))
        host.schedule("act", every_s=0.05, event={"note": str(note)})
        until(lambda: note.exists() and len(note.read_text()) >= 3)


def test_another_environment_means_another_process(tmp_path: Path) -> None:
    with LambdaHost(tmp_path) as host:
        host.add(Function("echo", "handler.echo", FOLDER, {"A": "1"}))
        before = json.loads(host.invoke("echo", {}).payload)
        host.configure("echo", {**host.environment("echo"), "A": "2"})
        after = json.loads(host.invoke("echo", {}).payload)
    assert (before["environment"]["A"], after["environment"]["A"]) == ("1", "2")
    assert before["pid"] != after["pid"]


class ClosedMeanwhile(Pool):
    """Another thread closes it after an event was taken, and before a process is started for it."""

    def start(self) -> Sandbox:
        self.closer = Thread(target=self.close)
        self.closer.start()
        self.closer.join(timeout=0.2)  # it waits for the event
        return super().start()


def test_a_pool_that_is_closed_meanwhile_still_reports_the_event_that_it_took(tmp_path: Path) -> None:
    function = Function("echo", "handler.echo", FOLDER)
    pool = ClosedMeanwhile(function, path=[runtime_folder(tmp_path / "runtime")], log=tmp_path / "log")
    assert pool.invoke(b"{}").error == ""
    pool.closer.join()
    assert (tmp_path / "log").read_text().count("REPORT") == 1


def test_nothing_runs_on_after_the_host_is_closed(tmp_path: Path) -> None:
    with LambdaHost(tmp_path) as host:
        host.add(Function("act", "handler.act", FOLDER))
        pid = json.loads(host.invoke("act", {}).payload)["pid"]
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()


def test_a_warm_call_takes_milliseconds(client: httpx.Client) -> None:
    """With Nagle's algorithm on, each call waits 88 ms for acknowledgements, on a quiet machine too."""
    times = []
    for _ in range(20):
        started = time.perf_counter()
        client.post("/reply", json={"statusCode": 204})
        times.append(time.perf_counter() - started)
    assert min(times) < 0.06


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_alone_until_a_signal(tmp_path: Path, stop: signal.Signals) -> None:
    empty = Path(__file__).parents[2] / "bench" / "functions" / "empty"
    command = [sys.executable, "-m", "local.lambda_runtime", "--folder", str(tmp_path)]
    command += ["--function", f"empty={empty}", "--route", "empty=GET /hello"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            name, url = process.stdout.readline().split()
            assert name == "gateway"
            assert httpx.get(f"{url}/hello", trust_env=False).json() == {}
        finally:
            process.send_signal(stop)
    assert process.returncode == 0
