"""The shipped functions in one process: each thread answers its own request."""

import sys
from pathlib import Path
from typing import Any

import pytest

from sealrun.composition.services import Services, share
from sealrun.composition.settings import Settings
from sealrun.serving import handlers as serving
from sealrun.serving.events import http_event
from sealrun.serving.handlers import Handlers
from tests.infra.templates import of_type
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
        handlers.run("nothing", {"requestContext": {}})


TELLS = """
from sealrun.transport.deadline import left

def handler(event, context):
    return {"seconds": left(10_000)}
"""


@pytest.mark.parametrize(
    ("event", "most"), [({}, 900), ({"requestContext": {}}, 30)], ids=["in the background", "asked"]
)
def test_l11_no_function_waits_longer_than_aws_lets_it(
    event: dict[str, Any], most: int, handlers: Handlers, tmp_path: Path
) -> None:
    """A list of many slow pages would else hold a thread for hours, for nothing kills it here."""
    (tmp_path / "collect").mkdir()
    (tmp_path / "collect" / "handler.py").write_text(TELLS)
    handlers._folder = tmp_path
    assert most - 20 < handlers.run("collect", event)["seconds"] <= most


def test_l11_the_times_are_those_of_the_template() -> None:
    times = {
        each["CodeUri"].removeprefix("functions/"): each["Timeout"]
        for each in of_type("AWS::Serverless::Function").values()
    }
    assert {name: times[name] for name in serving.BACKGROUND_SECONDS} == serving.BACKGROUND_SECONDS
    assert max(times[name] for name in times.keys() - serving.BACKGROUND_SECONDS) == serving.ASKED_SECONDS
