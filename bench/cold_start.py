"""Cold starts under awslambdaric beside an empty function's, and a warm call: `python -m bench.cold_start`.

A cold start is the time from the start of the process to its first `/next`, as the Runtime API sees it: the
interpreter, awslambdaric, the layers and the handler's module. Memory is the most that the process ever held
(VmHWM). Functions and the empty one take turns. The functions run from the built layers, whose bytecode
Python takes as it is; moto stands in for AWS.

The warm call is a new signed call through the gateway each time: signature, schema, claim, credential and
one request to a provider that is always busy, so that no pipeline runs. That request is timed alone in the
same turns and taken off. So are the requests to AWS, for moto takes longer for one than DynamoDB does; what
remains without them is a row of its own.
"""

import argparse
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.table import Row, as_json, as_text, row
from local.lambda_runtime import Function
from local.market import Market
from local.stack import ROUTES, Stack
from mina.keys import PrivateKey
from sealrun.errors import ProviderBusy
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from sealrun.providers.gitlab.client import GitLab
from sealrun.transport.http import guarded_client

ROOT = Path(__file__).parents[1]
EMPTY = "empty"
ROUNDS = 15
# Not more than one network address may send in a minute.
WARM_CALLS = 40
WARM_UP = 5

# The project's goals.
REACH_MS = 350.0
REACH_MB = 64.0
REACH_WARM_MS = 25.0

SAMPLES = ("init ms", "init MB", "first call ms", "first call MB")
UNKNOWN = "0" * 64


def rows(*, rounds: int = ROUNDS, calls: int = WARM_CALLS) -> list[Row]:
    """Start the stack, take all samples, and make the rows."""
    with _market() as (market, offer, token):
        host = market.stack.host
        host.add(Function(EMPTY, "handler.handler", ROOT / "bench" / "functions" / EMPTY))
        # Before the cold starts: a health check that is started closes an offer whose tag is made up.
        warm = _warm(market.stack, offer, token, calls)
        samples = _cold(market.stack, rounds)
    table = [each for name in ROUTES for each in _cold_rows(name, samples)]
    return [*table, *_goals(samples), *_warm_rows(warm)]


@contextmanager
def _market() -> Iterator[tuple[Market, Offer, str]]:
    """A stack that sells one offer, at a GitLab that starts nothing, and the token for that."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), sweep_seconds=None, with_gitlab=True) as stack,
    ):
        if stack.gitlab is None:
            raise RuntimeError("stack: expected a GitLab, got none")
        stack.gitlab.faults.add("create_pipeline", "busy", times=1_000_000)
        market = Market(stack, stack.gitlab, PrivateKey(secrets.randbits(250) + 1))
        offer, token = market.offer_pipeline(
            "bench/nothing",
            ROOT,
            tag="v0",
            commit=_head(),
            properties={"n": {"type": "integer", "minimum": 0, "maximum": 1000}},
        )
        market.publish(offer, token.value)
        yield market, offer, token.value


def _head() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _cold(stack: Stack, rounds: int) -> dict[str, dict[str, list[float]]]:
    """By function and by what was measured: one sample a round, the functions in turn."""
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for turn in range(rounds + 1):
        for name in (EMPTY, *ROUTES):
            taken = _start(stack, name)
            if turn > 0:  # the first round fills the disk cache
                for what, value in zip(SAMPLES, taken, strict=True):
                    samples[name][what].append(value)
    return samples


def _start(stack: Stack, name: str) -> Sequence[float]:
    sandbox = stack.host.fresh(name)
    try:
        if (failure := sandbox.initialise()) is not None:
            raise RuntimeError(f"{name}: expected a start, got {failure.payload.decode()}")
        begun = time.perf_counter()
        outcome = sandbox.invoke(json.dumps(_first_event(name)).encode())
        if outcome.error:
            raise RuntimeError(f"{name}: expected an answer, got {outcome.payload.decode()}")
        first_ms = (time.perf_counter() - begun) * 1000
        return sandbox.init_ms, sandbox.init_mb, sandbox.init_ms + first_ms, sandbox.peak_mb
    finally:
        sandbox.close()


def _first_event(name: str) -> dict[str, Any]:
    """The smallest event that reaches the table."""
    if name in (EMPTY, "collect", "health"):
        return {"collect": UNKNOWN}
    folder = {"call": "offers", "account": "accounts"}.get(name, "calls")
    path = f"/{folder}/{UNKNOWN}"
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""}
    context = {"http": http, "requestId": "1", "stage": "$default"}
    return {"version": "2.0", "rawPath": path, "headers": {}, "requestContext": context}


@dataclass
class Warm:
    """Milliseconds, one of each for each call."""

    call: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    aws: list[float] = field(default_factory=list)
    provider: list[float] = field(default_factory=list)


def _warm(stack: Stack, offer: Offer, token: str, calls: int) -> Warm:
    """New calls in turn with requests that reach no function, one after the other in one process."""
    buyer = PrivateKey(secrets.randbits(250) + 1)
    url = f"{stack.url}/offers/{offer.id}/calls"
    bodies = [_body(buyer, offer, number) for number in range(calls + WARM_UP)]
    warm, aws, provider = Warm(), _Aws(stack), _Provider(offer, token)
    with httpx.Client(trust_env=False, timeout=30) as client:
        for body in bodies[:WARM_UP]:
            _timed(client, "POST", url, body, expected=202)
        for body in bodies[WARM_UP:]:
            warm.call.append(_timed(client, "POST", url, body, expected=202))
            warm.bare.append(_timed(client, "GET", f"{stack.url}/nowhere", None, expected=404))
            warm.aws.append(aws.requests())
            warm.provider.append(provider.request())
    return warm


class _Provider:
    """The one request that a call makes of its provider, which is busy, sent as the function sends it."""

    def __init__(self, offer: Offer, token: str) -> None:
        source = offer.source
        client = guarded_client({source.origin}, unsafe_loopback=True)
        self._gitlab = GitLab(
            client, origin=source.origin, project=source.project, ref=source.ref, token=token
        )

    def request(self) -> float:
        """Milliseconds to hear that it is busy."""
        begun = time.perf_counter()
        try:
            self._gitlab.start(name=UNKNOWN, inputs={"n": 1})
        except ProviderBusy:
            return (time.perf_counter() - begun) * 1000
        raise RuntimeError("provider: expected a busy one, got a run")


class _Aws:
    """The three requests that a call makes of DynamoDB, sent alone: what remains of a call is our own."""

    def __init__(self, stack: Stack) -> None:
        self._client, self._table = stack.aws.client("dynamodb"), stack.provisioned.table
        self._number = 0

    def requests(self) -> float:
        """A read of two items, a transaction of three, a write: milliseconds."""
        self._number += 1
        key = {"pk": {"S": f"bench#{self._number}"}, "sk": {"S": "call"}}
        item = {**key, "record": {"S": "x" * 1500}, "version": {"N": "1"}}
        counter = {
            "TableName": self._table,
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        counters = [
            {"Update": {**counter, "Key": {"pk": {"S": name}, "sk": {"S": "count"}}}}
            for name in ("quota", "rate")
        ]
        both = [key, {"pk": {"S": "bench"}, "sk": {"S": "offer"}}]
        new = {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
        begun = time.perf_counter()
        self._client.batch_get_item(RequestItems={self._table: {"Keys": both, "ConsistentRead": True}})
        self._client.transact_write_items(TransactItems=[{"Put": new}, *counters])
        self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_exists(pk)")
        return (time.perf_counter() - begun) * 1000


def _timed(client: httpx.Client, method: str, url: str, body: Any, *, expected: int) -> float:
    begun = time.perf_counter()
    answer = client.request(method, url, json=body)
    taken = (time.perf_counter() - begun) * 1000
    if answer.status_code != expected:
        raise RuntimeError(f"{method} {url}: expected {expected}, got {answer.status_code} {answer.text}")
    return taken


def _body(buyer: PrivateKey, offer: Offer, number: int) -> Any:
    signed = sign_call(
        buyer,
        offer,
        inputs={"n": number},
        salt=secrets.token_hex(32),
        nonce=secrets.randbits(128),
        expires_at=int(time.time()) + 600,
    )
    return signed.body()


def _cold_rows(name: str, samples: dict[str, dict[str, list[float]]]) -> list[Row]:
    def beside(what: str, unit: str, title: str) -> Row:
        return row(title, unit, samples[name][what], peer=("empty function", samples[EMPTY][what]))

    return [
        beside("init ms", "ms", f"cold start of {name}"),
        beside("init MB", "MB", f"memory of {name} when started"),
        beside("first call ms", "ms", f"cold start of {name} and first answer"),
        beside("first call MB", "MB", f"memory of {name} after its first answer"),
    ]


def _goals(samples: dict[str, dict[str, list[float]]]) -> list[Row]:
    return [
        row("cold start of call, by itself", "ms", samples["call"]["init ms"], reach=REACH_MS),
        row("memory of call when started, by itself", "MB", samples["call"]["init MB"], reach=REACH_MB),
    ]


def _warm_rows(warm: Warm) -> list[Row]:
    without = [call - provider for call, provider in zip(warm.call, warm.provider, strict=True)]
    own = [call - aws for call, aws in zip(without, warm.aws, strict=True)]
    aws = ("its AWS requests alone", warm.aws)
    return [
        row("warm call, a busy provider, AWS by moto", "ms", warm.call, peer=aws),
        row("warm call less the provider's request", "ms", without, reach=REACH_WARM_MS),
        row("warm call less both", "ms", own),
        row("warm call beside a request to no function", "ms", warm.call, peer=("gateway alone", warm.bare)),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="cold starts of each function")
    options = parser.parse_args(arguments)
    measured = rows(rounds=options.rounds)
    print(as_json(measured) if options.json else as_text(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
