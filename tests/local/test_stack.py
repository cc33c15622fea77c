"""The stack runs the functions that ship, from the layers that ship."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.stack import ROUTES, Stack, layer_folder

pytestmark = pytest.mark.peers

UNKNOWN = "0" * 64


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), sweep_seconds=None) as stack:
        yield stack


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/offers/{UNKNOWN}", "offer: expected one that is sold here"),
        (f"/calls/{UNKNOWN}", "call: expected one that was claimed here"),
        (f"/calls/{UNKNOWN}/receipt", "call: expected one that was claimed here"),
    ],
)
def test_each_function_answers_at_its_route(stack: Stack, path: str, expected: str) -> None:
    got = httpx.get(stack.url + path, trust_env=False)
    assert got.status_code == 404
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["detail"].startswith(expected)


def test_the_schedules_event_reaches_collect(stack: Stack) -> None:
    outcome = stack.host.invoke("collect", {"sweep": True})
    assert (outcome.error, json.loads(outcome.payload)) == ("", {"advanced": 0})


def test_a_function_can_be_given_more_environment(stack: Stack) -> None:
    stack.configure("receipt", {"SEALRUN_MORE": "1"})
    assert stack.host.environment("receipt")["SEALRUN_MORE"] == "1"
    assert stack.host.environment("receipt")["SEALRUN_PUBLIC_URL"] == stack.url


def test_the_processes_run_from_the_built_layers(stack: Stack) -> None:
    stack.host.invoke("collect", {"sweep": True})
    [sandbox] = stack.host.sandboxes("collect")
    path = Path(f"/proc/{sandbox.pid}/environ").read_bytes()
    for name in ("mina", "sealrun", "deps"):
        assert str(layer_folder(name)).encode() in path


def test_every_function_in_the_repository_is_in_the_stack(stack: Stack) -> None:
    folders = {path.parent.name for path in (Path(__file__).parents[2] / "functions").glob("*/handler.py")}
    assert folders - {"edge_gate"} == set(ROUTES), "that one runs in a distribution"
    assert stack.gitlab is None


def test_a_stack_with_an_ipfs_node_pins_on_it(tmp_path: Path) -> None:
    with Stack(tmp_path, sweep_seconds=None, with_ipfs=True) as stack:
        assert stack.ipfs is not None
        assert stack.host.environment("collect")["SEALRUN_PIN"] == f"kubo:{stack.ipfs.url}"
        assert all(address.startswith("/ip4/127.0.0.1/tcp/") for address in stack.ipfs.addresses())
        outcome = stack.host.invoke("collect", {"sweep": True})
    assert (outcome.error, json.loads(outcome.payload)) == ("", {"advanced": 0})
