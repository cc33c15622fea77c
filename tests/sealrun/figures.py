"""Figures of what strangers may try, on each ledger that there is.

    PYTHONPATH=layers/mina/src:layers/sealrun/src:cli/src:. python -m tests.sealrun.figures

Threads overlap between requests to the ledger, where the workflows have to hold.
"""

import base64
import contextlib
import io
import json
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.calls.call import SignedCall
from sealrun.calls.ticket import Redemption
from sealrun.calls.ticket_url import issue
from sealrun.calls.wake import wake_fields
from sealrun.encoding.fields import canonical
from sealrun.errors import SealrunError
from sealrun.money import x402
from sealrun.offers.stored_offer import StoredOffer
from sealrun.runs.run import Run
from sealrun.service.tools import tool_name
from sealrun.workflows.accept_call import Accepted, accept_call
from tests.ports.stores import LEDGERS, SHARED_LEDGERS
from tests.sealrun.fake_chain import account_answer
from tests.sealrun.fakes import FakeProvider
from tests.sealrun.gateway import CONTEXT, load
from tests.sealrun.market import SERVICE, Market, body_of, payment_of
from tests.sealrun.workflows.test_exactly_one_run import Stopped
from tests.sealrun.world import ACCOUNT, BUSY, PRICE, World, make_offer, make_paid_offer, sign_call

NAME = ACCOUNT.public_key().to_base58()
EDGE = PrivateKey.from_scalar(9009)
UNPAID = {"depth": 0, "nodes": 1, "failed_per_day": 10_000}


class Locked(FakeProvider):
    """A provider that makes one run at a time."""

    lock = threading.Lock()

    def _create(self, name: str, *, delay: int = 0) -> Run:
        with self.lock:
            return super()._create(name, delay=delay)


@contextlib.contextmanager
def busy_market(store: str, calls: int) -> Iterator[Market]:
    """A paid offer on such a ledger; one buyer may have so many calls, for which its account pays."""
    with tempfile.TemporaryDirectory() as folder, LEDGERS[store](Path(folder)) as ledger:
        market = Market(make_paid_offer(payment=UNPAID, **BUSY), ledger=ledger)
        market.provider = Locked(market.clock, market.offer)
        market.chain.answer = account_answer(balance=calls * PRICE)
        yield market


def send(market: Market, signed: SignedCall, sender: str) -> Accepted | SealrunError:
    """The answer, whatever it is."""
    try:
        return accept_call(
            market.offer.id,
            canonical(body_of(signed)),
            sender=sender,
            ledger=market.ledger,
            starter=market.starter,
            clock=market.clock,
            throttle=lambda _: True,
            payment=x402.encoded(payment_of(signed, market.offer)),
            payments=market.payments,
        )
    except SealrunError as error:
        return error


def at_once(steps: Sequence[Callable[[], Any]]) -> list[Any]:
    """All at one moment, each in a thread of its own."""
    gate = threading.Barrier(len(steps))

    def held(step: Callable[[], Any]) -> Any:
        gate.wait()
        return step()

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(held, steps))


def kinds(answers: list[Any]) -> dict[str, int]:
    """How many answers of which kind."""
    return dict(Counter(a.type if isinstance(a, SealrunError) else "taken" for a in answers))


def overdrawn(calls: int, covered: int, store: str) -> dict[str, Any]:
    """So many paid calls at once on an account that covers fewer."""
    with busy_market(store, covered) as market:
        signed = [market.sign(limit=covered * PRICE, nonce=number) for number in range(calls)]
        steps = [partial(send, market, one, f"192.0.2.{at}") for at, one in enumerate(signed)]
        answers = at_once(steps)
        return {"answers": kinds(answers), **_sold(market)}


def duplicates(copies: int, times: int, store: str) -> dict[str, Any]:
    """So many copies of one paid call at once, so many times."""
    found: Counter[str] = Counter()
    with busy_market(store, times) as market:
        for number in range(1, times + 1):
            one = market.sign(limit=number * PRICE, nonce=number)
            answers = at_once([partial(send, market, one, f"192.0.2.{at}") for at in range(copies)])
            found.update(kinds(answers))
            assert {a.record.call_hash for a in answers if isinstance(a, Accepted)} == {one.call.hash}
        return {"answers": dict(found), **_sold(market)}


def _sold(market: Market) -> dict[str, int]:
    """How many runs were started, and how many prices are reserved or due."""
    standing = market.ledger.standing(NAME)
    return {"runs": market.provider.starts, "prices": standing.committed // PRICE}


class Deadly:
    """Ports of which some calls are the last thing that a function does, before or after they took effect."""

    def __init__(self, kills: int, seed: int) -> None:
        self.kills, self.dead, self._chance = kills, 0, random.Random(seed)  # noqa: S311

    def port(self, port: Any) -> Any:
        deadly = self

        class Wrapped:
            def __getattr__(self, name: str) -> Any:
                method = getattr(port, name)
                return partial(deadly.call, method) if callable(method) else method

        return Wrapped()

    def call(self, method: Any, *arguments: Any, **named: Any) -> Any:
        """The port's own call, or the end of the function."""
        dies = self.dead < self.kills and self._chance.random() < 0.08
        before = self._chance.random() < 0.5
        self.dead += dies
        if dies and before:
            raise Stopped
        answer = method(*arguments, **named)
        if dies:
            raise Stopped
        return answer


def killed(calls: int, kills: int, seed: int = 1) -> dict[str, Any]:
    """So many functions that die at a random moment while they look after so many calls."""
    deadly, ended, runs = Deadly(kills, seed), Counter[str](), Counter[int]()
    batches = 0
    while deadly.dead < kills:
        batches += 1
        world = World(make_offer(**BUSY))
        ledger = world.ledger
        for name in ("ledger", "provider", "store", "oracle", "waker"):
            setattr(world, name, deadly.port(getattr(world, name)))
        signed = [sign_call(world.offer, nonce=number) for number in range(calls)]
        _to_their_ends(world, ledger, signed)
        records = [ledger.record(one.call.hash) for one in signed]
        going = Counter(
            run.name for run in world.provider.runs.values() if run.id not in world.provider.canceled
        )
        ended.update(record.state.value for record in records)
        runs.update(going[f"sealrun {record.id}"] for record in records)
    return {
        "kills": deadly.dead,
        "batches": batches,
        "ended": dict(ended),
        "calls by their runs that were not stopped": dict(runs),
    }


def _to_their_ends(world: World, ledger: Any, signed: list[SignedCall]) -> None:
    """Each buyer sends until the call is taken, and sweeps follow each other until all calls are over."""
    while not all(_over(ledger, one) for one in signed):
        world.clock.passes(15)
        for one in signed:
            if ledger.record(one.call.hash) is None:
                with contextlib.suppress(Stopped, SealrunError):
                    world.call(one)
        with contextlib.suppress(Stopped, SealrunError):
            world.sweep()


def _over(ledger: Any, one: SignedCall) -> bool:
    record = ledger.record(one.call.hash)
    return record is not None and record.state.over


def mutated(requests: int, store: str, seed: int = 1) -> dict[str, Any]:
    """So many requests to every function, each changed somewhere; a 500 is an error that nobody named.

    No call that was refused has started a run or holds a price, and no taken one more than one of each.
    """
    chance = random.Random(seed)  # noqa: S311
    statuses: Counter[int] = Counter()
    faults: list[str] = []
    with pytest.MonkeyPatch.context() as patch, busy_market(store, requests) as market:
        record = market.bought(limit=PRICE)
        more = {"store": market.store, "open_oracle": lambda _: market.oracle, "opened_keys": market.keys}
        modules = {name: load(name, market, patch, **more) for name in FUNCTIONS}
        for number in range(requests):
            function, sent = _good(market, record.id, number)
            _break(sent, chance)
            try:
                with contextlib.redirect_stdout(io.StringIO()):  # their log
                    answer = modules[function].handler(_event(sent), CONTEXT)
            except Exception as error:  # noqa: BLE001
                faults.append(f"{function} {error!r}: {sent!r}"[:600])
                continue
            status = answer["statusCode"]
            statuses[status] += 1
            # MCP's own word for a fault comes with another status.
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR or '"Internal error"' in answer["body"]:
                faults.append(f"{function} {status}: {sent!r}"[:600])
        totals = market.ledger.totals(market.offer)
        taken = totals.unfinished + sum(totals.ended.values())
        return {"statuses": dict(sorted(statuses.items())), "faults": faults, "taken": taken, **_sold(market)}


FUNCTIONS = ("call", "mcp", "once", "receipt", "account", "collect", "webhook")
# Ends of what is allowed, and what only looks like text or a number.
ODD = (
    "",
    "0",
    "-1",
    "9" * 3000,
    "1e999",
    "\ud800",
    "\x00",
    "ÿ" * 70,
    "null",
    "[]",
    "{}",
    "0001-01-01T00:00:00Z",
)
HASHES = ("0" * 64, "f" * 64, "\ud800", "B62", *ODD)


@dataclass
class Sent:
    """A request as a function's URL tells of it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str


def _event(sent: Sent) -> dict[str, Any]:
    http = {"method": sent.method, "path": sent.path, "sourceIp": "192.0.2.1"}
    return {
        "version": "2.0",
        "rawPath": sent.path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in sent.query.items()),
        "queryStringParameters": sent.query,
        "headers": sent.headers,
        "requestContext": {"http": http, "stage": "$default", "requestId": "1"},
        "body": sent.body,
        "isBase64Encoded": False,
    }


def _good(market: Market, call: str, number: int) -> tuple[str, Sent]:
    """A good request of each kind in turn, as far as no secret is needed."""
    signed, until = market.sign(limit=PRICE * 2, nonce=number), str(market.clock.now + 60)
    paid = {"payment-signature": x402.encoded(payment_of(signed, market.offer))}
    right = {
        "sealrun-key": NAME,
        "sealrun-expires-at": until,
        "sealrun-signature": signed.signature.to_base58(),
    }
    hook = {"object_kind": "pipeline", "project": {"id": 42}, "object_attributes": {"id": 1}}
    gitlab = {"x-gitlab-event": "Pipeline Hook", "x-gitlab-token": "s", "x-gitlab-instance": "https://a.test"}
    github = {"x-github-event": "workflow_run", "x-hub-signature-256": "sha256=" + "0" * 64}
    repository = {"url": "https://a.test/repos/a/b", "full_name": "a/b"}
    run = {"workflow_run": {"id": 1, "updated_at": "2027-01-15T08:00:00Z"}, "repository": repository}
    free = _redemption(int(until))
    wake = _wake(market, number)
    kinds_: list[tuple[str, Sent]] = [
        ("call", Sent("POST", f"/offers/{market.offer.id}/calls", {}, paid, json.dumps(body_of(signed)))),
        ("call", Sent("GET", f"/offers/{market.offer.id}", {}, {}, "")),
        ("once", Sent("POST", f"/tickets/{free.grant.id}", {}, {}, json.dumps(free.body()))),
        ("mcp", Sent("POST", "/mcp", {}, MCP, json.dumps(_message(market, signed)))),
        ("receipt", Sent("GET", f"/calls/{call}/evidence", {"after": "0"}, right, "")),
        ("receipt", Sent("GET", f"/calls/{call}", {}, {}, "")),
        ("account", Sent("GET", f"/accounts/{NAME}", {"call": call}, right, "")),
        ("webhook", Sent("POST", "/webhooks/gitlab", {}, gitlab, json.dumps(hook))),
        ("webhook", Sent("POST", "/webhooks/github", {}, github, json.dumps(run))),
        ("collect", Sent("POST", "/webhooks/edge", {}, wake[1], wake[0])),
    ]
    return kinds_[number % len(kinds_)]


MCP = {
    "accept": "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2025-11-25",
}


def _message(market: Market, signed: SignedCall) -> dict[str, Any]:
    """A call of MCP's ``tools/call``."""
    body = body_of(signed)
    meta = {"sealrun/call": body, "x402/payment": payment_of(signed, market.offer)}
    tool = {"name": tool_name(market.offer.id), "arguments": body.pop("inputs"), "_meta": meta}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}


def _wake(market: Market, number: int) -> tuple[str, dict[str, str]]:
    """What an edge hands over, of an offer that names it; its signature covers the body before any change."""
    offer = make_offer(edge=EDGE.public_key().to_base58())
    market.ledger.publish(StoredOffer(offer, "", b"sealed", b"key", b"secret"))
    now, call = market.clock.now, sign_call(offer, nonce=number, expires_at=market.clock.now + 60).body()
    times = {"claimed_at": now, "tried_at": now, "retry_after": 0}
    came = {"start": "refused", "run": 0, "detail": "no", "redemption": None}
    body = canonical({"sealrun": 1, "offer": offer.id, "call": call, **came, **times})
    signature = sign_fields(EDGE, wake_fields(offer.network, EDGE.public_key(), body))
    return body.decode(), {"sealrun-signature": signature.to_base58()}


@cache
def _redemption(until: int) -> Redemption:
    secret = PrivateKey.from_scalar(9)
    asked: dict[str, Any] = {"audience": SERVICE, "inputs": {}, "opened": (), "until": until}
    ticket = issue(secret, make_offer(), secret, **asked)
    return ticket.redeem({}, salt="ab" * 32, nonce=1, expires_at=until)


def _break(sent: Sent, chance: random.Random) -> None:
    """Change one part: a character, a member, a header, what a header holds, the path or the query."""
    ways = [_break_path, _break_query, _break_header, _break_headers_json, _break_text, _break_member]
    chance.choice(ways)(sent, chance)


def _break_path(sent: Sent, chance: random.Random) -> None:
    parts = sent.path.split("/")
    parts[chance.randrange(1, len(parts))] = chance.choice(HASHES)
    sent.path = "/".join(parts)


def _break_query(sent: Sent, chance: random.Random) -> None:
    sent.query[chance.choice(["after", "call", "x"])] = chance.choice(HASHES)


def _break_header(sent: Sent, chance: random.Random) -> None:
    if sent.headers:
        sent.headers[chance.choice([*sent.headers])] = chance.choice(ODD)


def _break_headers_json(sent: Sent, chance: random.Random) -> None:
    if "payment-signature" in sent.headers:
        payment = _member(json.dumps(x402.decoded(sent.headers["payment-signature"])), chance)
        sent.headers["payment-signature"] = base64.b64encode(payment.encode()).decode()


def _break_text(sent: Sent, chance: random.Random) -> None:
    at = chance.randrange(len(sent.body) + 1)
    sent.body = sent.body[:at] + chance.choice([*ODD, chr(chance.randrange(128))]) + sent.body[at + 1 :]


def _break_member(sent: Sent, chance: random.Random) -> None:
    if sent.body:
        sent.body = _member(sent.body, chance)


def _member(text: str, chance: random.Random) -> str:
    """The JSON with one member of an odd value."""
    value = json.loads(text)
    place = value
    while True:
        name = chance.choice([*place]) if place else "x"
        if not isinstance(place.get(name), dict) or chance.random() < 0.3:
            break
        place = place[name]
    place[name] = chance.choice([*ODD, 0, -1, 10**30, 2**63, 1.5, None, True, [], {}, [[]] * 20])
    return json.dumps(value)


def main() -> None:
    """Print every figure with the time that it took."""
    figures: list[tuple[str, Callable[[], Any]]] = []
    for store in SHARED_LEDGERS:
        figures += [
            (f"{store}: 200 paid calls at once, 40 covered", partial(overdrawn, 200, 40, store)),
            (f"{store}: 64 copies of one call at once, ten times", partial(duplicates, 64, 10, store)),
            (f"{store}: 10,000 mutated requests", partial(mutated, 10_000, store)),
        ]
    figures.append(("400 kills over 30 calls", partial(killed, 30, 400)))
    for name, figure in figures:
        began = time.monotonic()
        print(f"{name}: {json.dumps(figure())} in {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
