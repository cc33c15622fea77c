"""Mina nodes: which of them is believed, for how long, and what happens when none is."""

import json
import re
import ssl
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import httpx
import pytest

from mina.keys import PrivateKey, PublicKey
from sealrun.adapters.mina import node
from sealrun.adapters.mina.node import MAX_ANSWER_BYTES, MAX_SUPPLY_BYTES, MinaNodes
from sealrun.adapters.mina.rests import REST_SECONDS
from sealrun.chain.account import account_query
from sealrun.chain.credits import backing_query
from sealrun.chain.offer_contract import events_query
from sealrun.chain.token import supply_query
from sealrun.errors import NodeUnavailable, TooMany
from sealrun.offers.asset import asset_of
from tests.outgoing import HttpxClient
from tests.sealrun.fake_chain import TERMS, account_answer, backing_answer, supply_answer
from tests.sealrun.fakes import FakeClock
from tests.sealrun.world import ACCOUNT, BUYER, OPERATOR, SELLER

ADDRESS = ACCOUNT.public_key()
RUN = replace(TERMS, asset=asset_of(5))
Reply = Callable[[httpx.Request], httpx.Response]


def says(answer: dict[str, Any]) -> Reply:
    return lambda _: httpx.Response(200, json={"data": answer})


def breaks(error: type[httpx.RequestError]) -> Reply:
    def reply(request: httpx.Request) -> httpx.Response:
        raise error("no", request=request)

    return reply


class Nodes:
    """Nodes by their names, and what each of them was asked."""

    def __init__(self, *, has_place: bool = True, **replies: Reply) -> None:
        self.replies, self.clock = replies, FakeClock()
        self.asked: list[tuple[str, str]] = []
        client = HttpxClient(transport=httpx.MockTransport(self._reply))
        urls = [f"https://{name}.test/graphql" for name in replies]
        self.nodes = MinaNodes(client, urls=urls, clock=self.clock, share=lambda: nullcontext(has_place))

    def _reply(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.removesuffix(".test")
        self.asked.append((name, json.loads(request.content)["query"]))
        return self.replies[name](request)

    def look(self, *, age: int = 60, nodes: int = 1, at: PublicKey | None = ADDRESS) -> dict[str, Any]:
        found = self.nodes.look(at, TERMS, newer_than=self.clock.now - age, nodes=nodes)
        return dict(found.value)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


def test_one_question_brings_the_whole_answer() -> None:
    made = Nodes(a=says(account_answer()))
    assert made.look() == account_answer()
    assert made.asked == [("a", account_query(ADDRESS, TERMS))]


FAULTS: dict[str, Reply] = {
    "no connection": breaks(httpx.ConnectError),
    "no answer in time": breaks(httpx.ReadTimeout),
    "errors": lambda _: httpx.Response(200, json={"errors": [{}], "data": account_answer()}),
    "status": lambda _: httpx.Response(502, text="bad gateway"),
    "a list": lambda _: httpx.Response(200, json=[]),
    "too long": lambda _: httpx.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1)),
    "too deep": lambda _: httpx.Response(200, content=b"[" * 60_000),
    "catching up": says({**account_answer(), "syncStatus": "CATCHUP"}),
    "another network": says({**account_answer(), "networkID": "mina:mainnet"}),
    "without a block": says({**account_answer(), "bestChain": []}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_l8_a_node_that_cannot_be_believed_is_passed_over(fault: str) -> None:
    made = Nodes(a=FAULTS[fault], b=says(account_answer()))
    assert made.look() == account_answer()
    assert made.names == ["a", "b"]
    with pytest.raises(NodeUnavailable, match="expected 1 that agree, got 0 whole answers; node: "):
        Nodes(a=FAULTS[fault], b=FAULTS[fault]).look()


def test_a1_an_account_that_is_missing_is_an_answer_and_not_a_fault() -> None:
    made = Nodes(a=says({**account_answer(), "account": None, "seller": None}), b=says(account_answer()))
    assert made.look()["account"] is None
    assert made.names == ["a"]


TIP_AT = 1_800_000_000
STALE: dict[str, dict[str, Any]] = {
    "stuck for a day": account_answer(date=TIP_AT - 86_400),
    "stuck for ten slots": account_answer(date=TIP_AT - 10 * 180),
    "ahead of time": account_answer(date=TIP_AT + 3600),
    "no time": {
        **account_answer(),
        "bestChain": [{"protocolState": {"consensusState": {"blockHeight": "1"}}}],
    },
    "a time of 3,000 digits": account_answer(date=10**3000),
}


@pytest.mark.parametrize("stale", STALE)
def test_a13_a_node_with_a_stuck_tip_is_no_answer(stale: str) -> None:
    fresh = account_answer(exit_slot=9, date=TIP_AT - 360)
    made = Nodes(a=says(STALE[stale]), b=says(fresh))
    assert made.look() == fresh, "the exit is seen at the node that follows the chain"
    with pytest.raises(NodeUnavailable, match="got 0 whole answers"):
        Nodes(a=says(STALE[stale])).look()


NOT_NOW: dict[str, dict[str, Any]] = {
    "stuck for ten slots": backing_answer(None, date=TIP_AT - 10 * 180),
    "no time": {**backing_answer(None), "bestChain": [{"protocolState": {"blockchainState": {}}}]},
    "catching up": {**backing_answer(None), "syncStatus": "CATCHUP"},
    "of another network": {**backing_answer(None), "networkID": "mina:mainnet"},
}


@pytest.mark.parametrize("other", NOT_NOW)
def test_a13_a_credits_backing_and_its_expiry_are_told_by_a_node_that_follows_the_chain(other: str) -> None:
    fresh = backing_answer(None, out=7, date=TIP_AT - 360)
    owner, admin = SELLER.public_key(), OPERATOR.public_key()
    made = Nodes(a=says(NOT_NOW[other]), b=says(fresh))
    assert made.nodes.backing(owner, admin, TERMS, nodes=1) == [fresh]
    assert made.asked[1] == ("b", backing_query(owner, admin, TERMS.seller))
    with pytest.raises(NodeUnavailable, match="got 1 whole answers; node: expected"):
        made.nodes.backing(owner, admin, TERMS, nodes=2)


def test_a13_a_tokens_accounts_are_told_by_a_node_that_follows_the_chain() -> None:
    """Before its code was there a token adds up too: whatever was made after that is in nobody's count."""
    before = supply_answer(RUN.asset, {}, 0, date=TIP_AT - 10 * 180)
    fresh = supply_answer(RUN.asset, {BUYER.public_key(): 9}, 0, date=TIP_AT - 360)
    made = Nodes(a=says(before), b=says(fresh))
    assert made.nodes.supply(RUN, nodes=1) == [fresh]
    with pytest.raises(NodeUnavailable, match="got 0 whole answers; node: expected a newest block"):
        Nodes(a=says(before)).nodes.supply(RUN, nodes=1)


def test_nodes_agree_where_the_offer_asks_for_it() -> None:
    low, high = account_answer(height=99), account_answer(height=101)
    other = account_answer(balance=1)
    agreeing = Nodes(a=says(high), b=says(low))
    assert agreeing.look(nodes=2) == low
    assert Nodes(a=says(other), b=says(low), c=says(high)).look(nodes=2) == low
    with pytest.raises(NodeUnavailable, match="expected 2 that agree, got 2 whole answers"):
        Nodes(a=says(other), b=says(high)).look(nodes=2)
    with pytest.raises(NodeUnavailable, match="expected 2 that agree, got 1 whole answers"):
        Nodes(a=says(high)).look(nodes=2)


def test_a5_a_cached_answer_is_renewed_when_it_is_older_than_asked_for() -> None:
    made = Nodes(a=says(account_answer()))
    made.look()
    made.clock.passes(59)
    made.look(age=60)
    assert len(made.asked) == 1
    made.clock.passes(1)
    made.look(age=60)
    assert len(made.asked) == 2
    made.clock.passes(5)
    made.look(age=5)
    assert len(made.asked) == 3


def test_l2_a_failed_look_is_not_cached_and_another_accounts_answer_is_not_this_ones() -> None:
    made = Nodes(a=FAULTS["status"])
    for _ in range(2):
        with pytest.raises(NodeUnavailable):
            made.look()
    made.replies["a"] = says(account_answer())
    made.look()
    made.nodes.look(BUYER.public_key(), TERMS, newer_than=0, nodes=1)
    made.nodes.look(None, TERMS, newer_than=0, nodes=1)
    assert len(made.asked) == 5


def test_l2_of_one_account_one_question_is_under_way_at_a_time() -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(_: httpx.Request) -> httpx.Response:
        entered.set()
        assert go.wait(5)
        return httpx.Response(200, json={"data": account_answer()})

    made = Nodes(a=slow)
    threads = [threading.Thread(target=made.look) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert entered.wait(5)
    go.set()
    for thread in threads:
        thread.join(5)
    assert len(made.asked) == 1


class Watched:
    """A lock that tells of each thread that comes to it."""

    def __init__(self, came: threading.Semaphore) -> None:
        self._lock, self._came = threading.Lock(), came

    def acquire(self, *, timeout: float = -1) -> bool:
        self._came.release()
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_a_question_is_counted_once_for_all_who_wait_for_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty calls of one buyer at once asked one question; the thirty-first was one too many in a minute."""
    came, go, counted = threading.Semaphore(0), threading.Event(), list[int]()

    def slow(_: httpx.Request) -> httpx.Response:
        assert go.wait(5)
        return httpx.Response(200, json={"data": account_answer()})

    made = Nodes(a=slow)
    monkeypatch.setattr(node, "Lock", lambda: Watched(came))

    def look() -> None:
        made.nodes.look(ADDRESS, TERMS, newer_than=0, nodes=1, asking=lambda: counted.append(1))

    threads = [threading.Thread(target=look) for _ in range(40)]
    for thread in threads:
        thread.start()
    assert all(came.acquire(timeout=5) for _ in threads)
    go.set()
    for thread in threads:
        thread.join(5)
    look()
    assert (len(made.asked), len(counted)) == (1, 1)


def test_a_question_that_is_one_too_many_is_not_asked() -> None:
    def full() -> None:
        raise TooMany("account: expected fewer calls in a minute, got more", retry_after=60)

    made = Nodes(a=says(account_answer()))
    with pytest.raises(TooMany):
        made.nodes.look(ADDRESS, TERMS, newer_than=0, nodes=1, asking=full)
    assert made.asked == []
    assert made.look() == account_answer()


def test_l11_who_waited_for_a_question_that_failed_does_not_wait_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A node that hangs would otherwise hold each of them after the other."""
    came, go, faults = threading.Semaphore(0), threading.Event(), list[str]()

    def hangs(request: httpx.Request) -> httpx.Response:
        assert go.wait(5)
        raise httpx.ReadTimeout("no", request=request)

    made = Nodes(a=hangs)
    monkeypatch.setattr(node, "Lock", lambda: Watched(came))

    def look() -> None:
        with pytest.raises(NodeUnavailable) as raised:
            made.look()
        faults.append(raised.value.detail)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert all(came.acquire(timeout=5) for _ in threads)
    go.set()
    for thread in threads:
        thread.join(5)
    assert (len(made.asked), len(faults), len(set(faults))) == (1, 4, 1)
    made.replies["a"] = says(account_answer())
    made.clock.passes(REST_SECONDS)
    assert made.look() == account_answer()


OTHERS = [PrivateKey.from_scalar(each).public_key() for each in range(1001, 1009)]


def test_l11_a_node_that_let_a_questions_time_pass_holds_no_other_account() -> None:
    made = Nodes(a=breaks(httpx.ReadTimeout), b=says(account_answer()))
    for account in OTHERS:
        made.look(at=account)
    assert made.names == ["a", *"b" * len(OTHERS)]
    alone = Nodes(a=breaks(httpx.ConnectTimeout))
    for account in OTHERS:
        with pytest.raises(NodeUnavailable, match="expected 1 that agree"):
            alone.look(at=account)
    assert alone.names == ["a"]


def test_l11_after_its_rest_a_node_is_asked_one_question_until_it_answers() -> None:
    made = Nodes(a=breaks(httpx.ReadTimeout), b=says(account_answer()))
    made.look(at=OTHERS[0])
    made.clock.passes(REST_SECONDS)

    def asks_meanwhile(_: httpx.Request) -> httpx.Response:
        made.look(at=OTHERS[2])
        return httpx.Response(200, json={"data": account_answer()})

    made.replies["a"] = asks_meanwhile
    made.look(at=OTHERS[1])
    assert made.names == ["a", "b", "a", "b"], "the one that came meanwhile went to the other node"
    made.replies["a"] = says(account_answer())
    made.look(at=OTHERS[3])
    assert made.names[4:] == ["a"]


def test_l11_a_node_that_says_no_or_nothing_at_once_does_not_rest() -> None:
    for fault in ("status", "errors", "no connection", "too long"):
        made = Nodes(a=FAULTS[fault], b=says(account_answer()))
        for account in OTHERS[:2]:
            made.look(at=account)
        assert made.names == ["a", "b", "a", "b"], fault


def test_l11_a_clock_that_was_set_back_keeps_no_node_at_rest_and_no_answer_fresh() -> None:
    made = Nodes(a=breaks(httpx.ReadTimeout), b=says(account_answer()))
    made.look()
    made.clock.passes(-100)
    made.look()
    assert made.names == ["a", "b", "a", "b"]
    made.nodes.look(ADDRESS, TERMS, newer_than=0, nodes=1)
    assert made.names == ["a", "b", "a", "b"]
    made.clock.passes(-1)
    made.nodes.look(ADDRESS, TERMS, newer_than=0, nodes=1)
    assert len(made.asked) > 4


def test_l11_a_request_without_a_place_among_those_that_wait_is_soon_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node, "HURRY_SECONDS", 0.01)
    entered, go = threading.Event(), threading.Event()

    def hangs(_: httpx.Request) -> httpx.Response:
        entered.set()
        assert go.wait(5)
        return httpx.Response(200, json={"data": account_answer()})

    made = Nodes(a=hangs, has_place=False)
    asking = threading.Thread(target=made.look)
    asking.start()
    assert entered.wait(5)
    try:
        with pytest.raises(NodeUnavailable, match="got none yet to the question before"):
            made.look()
    finally:
        go.set()
        asking.join(5)


def test_l11_a_question_that_was_cut_short_shows_no_node_to_hang() -> None:
    made = Nodes(a=breaks(httpx.ReadTimeout), has_place=False)
    for account in OTHERS[:2]:
        with pytest.raises(NodeUnavailable):
            made.look(at=account)
    assert made.names == ["a", "a"]


def archive(*events: list[str]) -> Reply:
    return says({"events": [{"eventData": [{"data": event} for event in events]}]})


def test_a11_events_are_taken_from_one_archive_after_the_other() -> None:
    made = Nodes(a=archive(["1"], ["2"]), b=FAULTS["status"], c=archive(["3"]))
    every = [["1"], ["2"]] * 2 + [["3"]] * 2
    assert list(made.nodes.events(ADDRESS, height=100)) == every, "the newest blocks, then all of them"
    assert made.asked[0] == ("a", events_query(ADDRESS))
    assert made.names == ["a", "a", "b", "c", "c"]
    found = made.nodes.events(ADDRESS, height=100)
    assert next(found) == ["1"]
    assert made.names[5:] == ["a"]


def test_a11_an_archive_is_asked_for_all_blocks_in_parts_that_it_takes() -> None:
    made = Nodes(a=archive())
    assert list(made.nodes.events(ADDRESS, height=25_000)) == []
    parts = [re.findall(r"from:([0-9]+),to:([0-9]+)", query) for _, query in made.asked]
    assert parts == [[], [("15001", "25001")], [("5001", "15001")], [("1", "5001")]]


def test_l11_archives_are_asked_no_longer_than_a_function_lives() -> None:
    def slow(request: httpx.Request) -> httpx.Response:
        made.clock.passes(10)
        return archive()(request)

    made = Nodes(a=slow, b=archive())
    with pytest.raises(NodeUnavailable, match=r"archive: expected all blocks in 30 s, got some"):
        list(made.nodes.events(ADDRESS, height=500_000))
    assert made.names == ["a"] * 4


@pytest.mark.parametrize("fault", ["no connection", "errors", "status", "a list", "too long"])
def test_l8_without_an_archive_there_are_no_events(fault: str) -> None:
    made = Nodes(a=FAULTS[fault], b=says({"events": None}))
    with pytest.raises(
        NodeUnavailable, match=r"archive: expected events, got none; node: .*; archive: expected"
    ):
        list(made.nodes.events(ADDRESS, height=100))


def test_a11_archives_may_be_other_than_the_nodes() -> None:
    made = Nodes(a=says(account_answer()), archive=archive(["5"]))
    client, url = made.nodes._client, "https://{}.test/graphql"
    nodes = MinaNodes(client, urls=[url.format("a")], clock=made.clock, archives=[url.format("archive")])
    assert next(nodes.events(ADDRESS, height=100)) == ["5"]
    assert made.names == ["archive"]


def test_a15_all_accounts_of_a_token_come_from_as_many_nodes_as_the_offer_asks_for() -> None:
    answer, late = supply_answer(RUN.asset, {}, 0), {"syncStatus": "CATCHUP"}
    made = Nodes(a=breaks(httpx.ReadTimeout), b=says(answer), c=says(answer | late), d=says(answer))
    assert made.nodes.supply(RUN, nodes=2) == [answer, answer]
    assert made.asked[1] == ("b", supply_query(RUN.asset))
    with pytest.raises(NodeUnavailable, match="expected 3 that agree, got 2 whole answers"):
        made.nodes.supply(RUN, nodes=3)


def test_a15_more_of_a_tokens_accounts_than_can_be_added_up_are_not_read() -> None:
    longer = lambda _: httpx.Response(200, content=b" " * (MAX_SUPPLY_BYTES + 1))  # noqa: E731
    with pytest.raises(NodeUnavailable, match="no whole answer"):
        Nodes(a=longer).nodes.supply(RUN, nodes=1)


def test_r11_why_tls_does_not_hold_with_a_node_is_told() -> None:
    def untrusted(request: httpx.Request) -> httpx.Response:
        reason = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")
        raise httpx.ConnectError("no", request=request) from reason

    with pytest.raises(NodeUnavailable, match="verify failed: self-signed certificate"):
        Nodes(a=untrusted).nodes.supply(RUN, nodes=1)
