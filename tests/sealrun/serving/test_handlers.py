"""The shipped functions in one process: each thread answers its own request."""

import sys
from pathlib import Path
from typing import Any

import pytest

from sealrun.composition.services import Services, share
from sealrun.composition.settings import Settings
from sealrun.serving.events import http_event
from sealrun.serving.handlers import Handlers
from tests.ports.at_once import at_once
from tests.sealrun.gateway import ENVIRONMENT
from tests.sealrun.serving.test_events import environ

ROUNDS, THREADS = 60, 8


class NoLedger:
    """Knows no offer."""

    def look(self, *_: Any) -> tuple[None, None]:
        return None, None

    def offer(self, _: int) -> None:
        return None


@pytest.fixture
def handlers() -> Any:
    """With threads that take turns after every few instructions, so that each race is lost soon."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    services = Services(Settings.read(ENVIRONMENT))
    services.__dict__["ledger"] = NoLedger()
    share(services)
    yield Handlers()
    share(None)
    sys.setswitchinterval(before)


def test_threads_never_answer_each_others_requests(handlers: Handlers) -> None:
    def ask(number: int) -> list[bool]:
        answers = []
        for turn in range(ROUNDS):
            offer = f"{number * ROUNDS + turn + 1:064x}"
            event = http_event(environ(f"/offers/{offer}", REQUEST_METHOD="GET"), now=0)
            answers.append(offer in handlers.run("call", event)["body"])
        return answers

    assert all(all(answers) for answers in at_once(ask, list(range(THREADS))))


def test_a_function_that_is_not_there_is_named(handlers: Handlers) -> None:
    with pytest.raises(FileNotFoundError, match=str(Path("nothing") / "handler.py")):
        handlers.run("nothing", {})
