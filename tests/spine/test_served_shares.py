"""L11: on `sealrun serve`, which sells offers of several sellers, no provider takes the threads of all."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.market import free_offer
from local.served import Served
from mina.keys import PrivateKey
from sealrun.encoding.fields import canonical
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from tests.sealrun.world import offer_value

pytestmark = pytest.mark.peers

ORACLE = PrivateKey.from_scalar(secrets.randbits(250) | 1)
THREADS, CALLS = 4, 8


@contextmanager
def provider(answer: Any) -> Iterator[str]:
    """Something in the place of a GitLab, whose origin this is; ``answer`` answers every start."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def offer_at(origin: str) -> Offer:
    source = {**offer_value()["source"], "origin": origin}
    access = {"open": True, "keys": [], "per_buyer": {"per_hour": 1000, "at_once": 100}}
    limits = {**free_offer(ORACLE, {})["limits"], "at_once": 100}
    changes = {"source": source, "access": access, "limits": limits}
    return Offer.parse(canonical({**free_offer(ORACLE, {}), **changes}))


def post(url: str, offer: Offer) -> httpx.Response:
    buyer = PrivateKey.from_scalar(secrets.randbits(250) | 1)
    signed = sign_call(
        buyer,
        offer,
        inputs={},
        salt=secrets.token_hex(32),
        nonce=secrets.randbits(128),
        expires_at=int(time.time()) + 600,
    )
    return httpx.post(f"{url}/offers/{offer.id}/calls", json=signed.body(), timeout=20)


def busy(request: BaseHTTPRequestHandler) -> None:
    body = json.dumps({"message": "Retry later"}).encode()
    request.send_response(429)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


def test_l11_a_provider_that_hangs_takes_half_of_the_threads_and_its_other_calls_are_taken_at_once(
    tmp_path: Path,
) -> None:
    hanging, released = threading.Semaphore(0), threading.Event()

    def hang(request: BaseHTTPRequestHandler) -> None:
        hanging.release()
        released.wait()
        request.close_connection = True

    with provider(hang) as bad, provider(busy) as good, ThreadPoolExecutor(CALLS) as pool:
        offers = [offer_at(origin) for origin in (bad, good)]
        often = ["--threads", str(THREADS), "--sweep-seconds", "600"]
        with Served(tmp_path, *often) as service:
            for offer in offers:
                service.put_up(ORACLE, offer, "glpat-none")
            try:
                sent = [pool.submit(post, service.url, offers[0]) for _ in range(CALLS)]
                for _ in range(THREADS // 2):
                    assert hanging.acquire(timeout=30)
                others = post(service.url, offers[1])
                assert (others.status_code, others.json()["state"]) == (202, "claimed")
                for each in islice(as_completed(sent, timeout=30), CALLS - THREADS // 2):
                    assert each.result().json()["state"] == "claimed"
            finally:
                released.set()
            assert {each.result().status_code for each in sent} == {202}
