"""The prover's socket: one line in, progress and one result out, for whoever asks."""

import json
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.chain import build_contracts
from local.prover import Prover

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def prover(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prover]:
    build_contracts()
    with Prover(tmp_path_factory.mktemp("prover") / "prover.log") as started:
        yield started


def ask(prover: Prover, line: bytes) -> list[dict[str, Any]]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(str(prover.socket))
        connection.sendall(line)
        with connection.makefile() as lines:
            return [json.loads(each) for each in lines]


def test_only_its_owner_can_reach_it(prover: Prover) -> None:
    assert stat.S_IMODE(prover.socket.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b"{\n", "the request is not JSON"),
        (b"{}\n", "tool: expected text"),
        (b'{"tool": "constructor"}\n', "tool: expected one of board, close, compile,"),
        (b'{"tool": "compile", "contract": "constructor"}\n', "contract: expected one of PrepaidAccount,"),
        (b'{"tool": "withdraw", "node": 1}\n', "node: expected text"),
    ],
)
def test_a_bad_request_is_told_and_the_next_one_is_answered(prover: Prover, line: bytes, detail: str) -> None:
    for _ in range(2):
        [answer] = ask(prover, line)
        assert answer["error"]["type"] == "bad-request"
        assert answer["error"]["detail"].startswith(detail)


def test_a_line_without_end_is_cut_off(prover: Prover) -> None:
    with pytest.raises(OSError, match=r"reset|pipe"):
        ask(prover, b"x" * (64 << 20))


def test_requests_that_come_together_are_all_answered(prover: Prover) -> None:
    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(lambda _: ask(prover, b"{}\n"), range(8)))
    assert [len(answer) for answer in answers] == [1] * 8


def test_a_client_that_does_not_wait_ends_no_prover(prover: Prover) -> None:
    for _ in range(3):
        prover.compile("Offer")
    [answer] = ask(prover, b"{}\n")
    assert answer["error"]["type"] == "bad-request"


def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    build_contracts()
    with Prover(tmp_path / "prover.log") as started:
        folder = started.socket.parent
    assert not folder.exists()
