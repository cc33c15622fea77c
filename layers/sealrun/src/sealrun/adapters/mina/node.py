"""Mina nodes over GraphQL: one question, bounded answers, fail-over, agreement, and a cache with an age.

    nodes = MinaNodes(GuardedClient(origins), urls=["https://api.minascan.io/node/devnet/v1/graphql"])
    answer = nodes.look(address, terms, newer_than=now - 60, nodes=1)

``sealrun.chain.account`` judges what an answer says. Here a node only has to be synced, of the network, up to
date (A13) and whole. A cached answer is as old as the caller allows; a refusal is cached as the answer that
it rests on. A node that let a question's time pass is left alone for a moment: see ``rests``.
"""

import contextlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import Any, NamedTuple

from mina.keys import PublicKey
from sealrun.adapters.mina.rests import Rests
from sealrun.chain.account import account_query, check_node, check_tip
from sealrun.chain.answers import check_synced
from sealrun.chain.credits import backing_query
from sealrun.chain.offer_contract import blocks_up_to, events_query
from sealrun.chain.token import supply_query
from sealrun.errors import AccountRefused, NodeUnavailable
from sealrun.offers.terms import Terms
from sealrun.ports.node import Answer, asked_freely
from sealrun.transport.connections import Waits
from sealrun.transport.deadline import within
from sealrun.transport.failures import ConnectTimeout, OutgoingError, ReadTimeout, told
from sealrun.transport.http import Client
from sealrun.transport.requests import json_body

# The answer about three accounts has about 2 KB.
MAX_ANSWER_BYTES = 64 * 1024
MAX_SECONDS = 10.0
WAITS = Waits(connect=3.0, each=5.0)
# All accounts of one token, MAX_HOLDERS of them at most. A node goes through its ledger first.
MAX_SUPPLY_BYTES = 8 * 1024 * 1024
SUPPLY_SECONDS = 20.0
# For a request that finds the process's share of waits for nodes taken; a node answers in less than one.
HURRY_SECONDS = 2.0
# After this time AWS ends a function; one that waits for another's question waits no longer either.
PATIENT_SECONDS = 30.0
# Accounts that one function remembers; a stranger's calls push out nothing but the oldest.
MAX_CACHED = 1000

_Key = tuple[str, int, int]


class _Question(NamedTuple):
    """About an account; one that is not ``patient`` is cut short, and shows no node to hang."""

    address: PublicKey | None
    terms: Terms
    nodes: int
    patient: bool = True

    @property
    def key(self) -> _Key:
        return self.address.to_base58() if self.address else "", self.terms.hash, self.nodes


@dataclass
class _Turn:
    """One question about an account, and all who wait for its answer."""

    lock: Lock
    fault: str = ""  # why it had none


def _unshared() -> AbstractContextManager[bool]:
    """There is a place: nobody else uses this process meanwhile."""
    return contextlib.nullcontext(True)  # noqa: FBT003


class MinaNodes:
    """``sealrun.ports.node.Chain`` over one or more nodes, the preferred one first."""

    def __init__(
        self,
        client: Client,
        *,
        urls: Sequence[str],
        clock: Callable[[], int],
        archives: Sequence[str] = (),
        share: Callable[[], AbstractContextManager[bool]] = _unshared,
    ) -> None:
        """Nothing is asked yet.

        Args:
            client: a ``GuardedClient``, for the origins of the URLs.
            urls: of the nodes' GraphQL.
            clock: Unix seconds.
            archives: of archives' GraphQL; the nodes' own where there is none.
            share: entered by a request before it waits for a node; it gives False where such requests hold
                their share of this process already, so that this one waits ``HURRY_SECONDS`` at most (L11).
        """
        self._client, self._urls, self._clock = client, tuple(urls), clock
        self._archives = tuple(archives) or self._urls
        self._cache: OrderedDict[_Key, Answer] = OrderedDict()
        self._turns: dict[_Key, _Turn] = {}
        self._lock, self._share = Lock(), share
        self._rests = Rests(clock)

    def look(
        self,
        address: PublicKey | None,
        terms: Terms,
        *,
        newer_than: int,
        nodes: int,
        asking: Callable[[], object] = asked_freely,
    ) -> Answer:
        """See ``sealrun.ports.node.Chain``; one question per account is under way at a time.

        Whoever waited for one that failed does not ask the same nodes again: a node that hangs would keep as
        many of them waiting, each after the other, for as many times as long (L11).
        """
        key = _Question(address, terms, nodes).key
        if known := self._remembered(key, newer_than):
            return known
        with self._share() as has_place:
            question = _Question(address, terms, nodes, patient=has_place)
            seconds = PATIENT_SECONDS if has_place else HURRY_SECONDS
            with within(seconds), self._turn(key, seconds) as turn:
                if known := self._remembered(key, newer_than):
                    return known
                asking()
                return self._asked(question, turn)

    def _remembered(self, key: _Key, newer_than: int) -> Answer | None:
        """None also for an answer from the future: the clock was set back, and its age is not known."""
        answer = self._cache.get(key)
        return answer if answer and newer_than < answer.at <= self._clock() else None

    @contextlib.contextmanager
    def _turn(self, key: _Key, seconds: float) -> "Iterator[_Turn]":
        with self._lock:
            turn = self._turns.setdefault(key, _Turn(Lock()))
        if not turn.lock.acquire(timeout=seconds):
            raise NodeUnavailable("node: expected an answer in time, got none yet to the question before")
        try:
            if turn.fault:
                raise NodeUnavailable(turn.fault)
            yield turn
        finally:
            turn.lock.release()

    def _asked(self, question: _Question, turn: _Turn) -> Answer:
        try:
            answer = self._ask(question)
        except NodeUnavailable as error:
            turn.fault = error.detail
            with self._lock:
                self._turns.pop(question.key, None)
            raise
        self._keep(question.key, answer)
        return answer

    def supply(self, terms: Terms, *, nodes: int) -> Sequence[Mapping[str, Any]]:
        """See ``sealrun.ports.node.Chain``."""
        query = supply_query(terms.asset)
        return self._each(query, terms, nodes, most=MAX_SUPPLY_BYTES, seconds=SUPPLY_SECONDS)

    def backing(
        self, owner: PublicKey, admin: PublicKey, terms: Terms, *, nodes: int
    ) -> Sequence[Mapping[str, Any]]:
        """See ``sealrun.ports.node.Chain``."""
        return self._each(backing_query(owner, admin, terms.seller), terms, nodes)

    def _each(
        self,
        query: str,
        terms: Terms,
        nodes: int,
        *,
        most: int = MAX_ANSWER_BYTES,
        seconds: float = MAX_SECONDS,
    ) -> Sequence[Mapping[str, Any]]:
        answers: list[Mapping[str, Any]] = []
        faults: list[str] = []
        for url in self._urls:
            try:
                data = self._data(url, query, most=most, seconds=seconds)
                check_synced(data, terms.network)
                check_tip(data, now=self._clock())
            except NodeUnavailable as error:
                faults.append(error.detail)
                continue
            answers.append(data)
            if len(answers) == nodes:
                return answers
        raise NodeUnavailable(_why(nodes, len(answers), faults))

    def events(self, address: PublicKey, *, height: int) -> Iterator[object]:
        """See ``sealrun.ports.node.Chain``; the next archive is asked once this one's events are used up."""
        faults, ends = [], self._clock() + PATIENT_SECONDS
        for url in self._archives:
            try:
                for blocks in chain([None], blocks_up_to(height)):
                    yield from self._archived(url, events_query(address, blocks), ends)
            except NodeUnavailable as error:
                faults.append(error.detail)
        if len(faults) == len(self._archives):
            raise NodeUnavailable(f"archive: expected events, got none; {'; '.join(faults)[:300]}")

    def _archived(self, url: str, query: str, ends: float) -> list[object]:
        if self._clock() > ends:
            raise NodeUnavailable(f"archive: expected all blocks in {PATIENT_SECONDS:g} s, got some")
        return _events(self._data(url, query))

    def _keep(self, key: _Key, answer: Answer) -> None:
        with self._lock:
            self._cache[key] = answer
            self._cache.move_to_end(key)
            while len(self._cache) > MAX_CACHED:
                old, _ = self._cache.popitem(last=False)
                self._turns.pop(old, None)

    def _ask(self, question: _Question) -> Answer:
        """Ask one node after another until as many as wanted agree about the accounts."""
        now, query = self._clock(), account_query(question.address, question.terms)
        answers: list[Mapping[str, Any]] = []
        faults: list[str] = []
        for url in self._urls:
            try:
                answers.append(self._one(url, query, question))
            except NodeUnavailable as error:
                faults.append(error.detail)
                continue
            agreeing = [answer for answer in answers if _accounts(answer) == _accounts(answers[-1])]
            if len(agreeing) >= question.nodes:
                return Answer(_lowest(agreeing), now)
        raise NodeUnavailable(_why(question.nodes, len(answers), faults))

    def _one(self, url: str, query: str, question: _Question) -> Mapping[str, Any]:
        self._rests.check(url)
        try:
            data = self._data(url, query)
        except NodeUnavailable as error:
            if not isinstance(error.__cause__, ConnectTimeout | ReadTimeout):
                self._rests.answered(url)
            elif question.patient:
                self._rests.hung(url)
            raise
        self._rests.answered(url)
        # A seller or operator who cannot be paid is refused where the account is: the answer is whole.
        with contextlib.suppress(AccountRefused):
            check_node(data, question.terms)
        check_tip(data, now=self._clock())
        return data

    def _data(
        self, url: str, query: str, *, most: int = MAX_ANSWER_BYTES, seconds: float = MAX_SECONDS
    ) -> Mapping[str, Any]:
        waits = WAITS if seconds == MAX_SECONDS else WAITS._replace(each=seconds)
        headers, question = json_body({"query": query})
        try:
            with self._client.open("POST", url, headers=headers, body=question, waits=waits) as answer:
                body = answer.read(most, seconds=seconds)
        except OutgoingError as error:
            raise NodeUnavailable(f"node: no whole answer ({told(error)})") from error
        return _data(answer.status, body)


def _data(status: int, body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
        errors, data = value.get("errors"), value.get("data")
    except (ValueError, RecursionError, AttributeError) as error:
        raise NodeUnavailable(f"node: expected a JSON object, got something else with {status}") from error
    if errors or not isinstance(data, dict):
        raise NodeUnavailable(f"node: expected data and no errors, got others with {status}")
    return data


def _events(data: Mapping[str, Any]) -> list[object]:
    """The fields of each event, oldest block first."""
    try:
        return [event["data"] for block in data["events"] for event in block["eventData"]]
    except (KeyError, TypeError) as error:
        raise NodeUnavailable("archive: expected events as they were asked for, got others") from error


def _accounts(answer: Mapping[str, Any]) -> list[Any]:
    """What nodes must agree about: the accounts and the token, whatever block each of them has reached."""
    return [answer.get(name) for name in ("account", "token", "seller", "operator")]


def _lowest(answers: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The answer with the lowest block height, so that no block's depth is overstated."""

    def height(answer: Mapping[str, Any]) -> int:
        return int(answer["bestChain"][0]["protocolState"]["consensusState"]["blockHeight"])

    return min(answers, key=height)


def _why(wanted: int, whole: int, faults: Sequence[str]) -> str:
    message = f"node: expected {wanted} that agree, got {whole} whole answers"
    return f"{message}; {'; '.join(faults)[:300]}" if faults else message
