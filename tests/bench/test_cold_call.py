"""What ``functions/call`` loads for its first call: a buyer waits for all of it, at a seventh of a core."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.call import _body, _environment, _event, _opt, _put_up
from bench.stand_in import StandIn
from local.certificate import self_signed
from local.lambda_runtime import Function, LambdaHost
from sealrun.adapters.aws.direct.connections import AMAZON_ROOTS

pytestmark = pytest.mark.peers

FUNCTIONS = Path(__file__).parents[2] / "functions"
# Needed by none of the steps of a free call; most of them take as long as all of the project's own modules.
NEVER = {
    "ast",
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "certifi",
    "dataclasses",
    "encodings.idna",
    "html",
    "httpx",
    "importlib.resources",
    "inspect",
    "jwt",
    "pathlib",
    "pydantic",
    "requests",
    "sealrun.adapters.ipfs",
    "sealrun.adapters.mina",
    "sealrun.evidence",
    "sealrun.providers.gitlab.pipeline_file",
    "sealrun.providers.pipeline",
    "sealrun.verification",
    "sealrun.workflows.collect_run",
    "sealrun.workflows.read_contract",
    "urllib.request",
    "urllib3",
    "zipfile",
}
# Needed by a call, and not before there is one.
NOT_BEFORE_A_CALL = {
    "http.client",
    "jsonschema_rs",
    "nacl",
    "ssl",
    "sealrun.transport",
    "sealrun.providers.gitlab.client",
}
# Modules beside the standard library's, the runtime client's included: a new one has to be worth its time.
MOST_AT_START, MOST_AT_FIRST_ANSWER = 120, 180


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The answer to a first call, with what was loaded before and after it."""
    folder = tmp_path_factory.mktemp("cold")
    certificate, tls = self_signed(folder, "localhost")
    roots = folder / "authorities.pem"
    roots.write_bytes(Path(AMAZON_ROOTS).read_bytes() + certificate.read_bytes())
    with closing(StandIn(tls)) as server, LambdaHost(folder, layers=[_opt(folder / "opt")]) as host:
        offer = _put_up(server)
        environment = dict(_environment(server.url, certificate, roots))
        environment["OTHER_FUNCTION"] = str(FUNCTIONS / "call" / "handler.py")
        host.add(
            Function("call", "handler.handler", Path(__file__).parent / "functions" / "told", environment)
        )
        outcome = host.invoke("call", _event(offer, _body))
        yield json.loads(outcome.payload)


def _loaded(modules: list[str], names: set[str]) -> set[str]:
    return {name for name in modules for each in names if name == each or name.startswith(f"{each}.")}


def test_a_first_call_is_taken_without_what_it_does_not_need(told: dict[str, Any]) -> None:
    assert told["statusCode"] == 202
    assert '"running"' in told["body"]
    assert _loaded(told["answered"], NEVER) == set()


def test_what_a_call_needs_is_not_loaded_before_there_is_one(told: dict[str, Any]) -> None:
    assert _loaded(told["started"], NOT_BEFORE_A_CALL) == set()
    assert _loaded(told["answered"], NOT_BEFORE_A_CALL) >= NOT_BEFORE_A_CALL - {"sealrun.transport"}


def test_a_first_call_loads_no_more_modules_than_it_is_allowed(told: dict[str, Any]) -> None:
    started, answered = (
        [name for name in told[when] if name.partition(".")[0] not in sys.stdlib_module_names]
        for when in ("started", "answered")
    )
    assert len(started) <= MOST_AT_START, started
    assert len(answered) <= MOST_AT_FIRST_ANSWER, answered
