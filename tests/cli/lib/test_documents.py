"""Documents at addresses that strangers wrote (L9, A18): bounded, guarded, no host waits for another."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sealrun.errors import SealrunError, Unavailable
from sealrun.transport.failures import Blocked, ReadTimeout, TooLong
from sealrun.transport.http import Answer
from sealrun_cli.lib import board
from sealrun_cli.lib import documents as module
from sealrun_cli.lib.documents import AT_ONCE, LATE, OF_ONE_HOST, SECONDS, Documents
from sealrun_cli.lib.outgoing import open_strangers
from tests.cli.web import Web, web

OFFER = "5f" * 32
FAR = time.monotonic() + 3600


@dataclass
class Hosts:
    """Clients of hosts that behave as they are told."""

    behave: Callable[[str], bytes]
    opened: list[str] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, origin: str, **_named: Any) -> "_Host":
        return _Host(self, origin)

    def fetch(self, urls: list[str], *, ends: float = FAR) -> dict[str, bytes | SealrunError]:
        return dict(Documents(1000, ends, start=self.start).fetch(urls))


@dataclass
class _Host:
    """A ``Client`` of one origin."""

    hosts: Hosts
    origin: str

    def open(
        self, method: str, url: str, *, headers: Any = None, body: Any = None, waits: Any = None
    ) -> Answer:
        assert (method, headers, body, waits) == ("GET", None, None, None)
        return Answer(200, {}, self._body(url))

    def _body(self, url: str) -> Iterator[bytes]:
        with self.hosts.lock:
            self.hosts.opened.append(url)
            self.hosts.running[self.origin] = self.hosts.running.get(self.origin, 0) + 1
            now = self.hosts.running[self.origin]
            self.hosts.most[self.origin] = max(now, self.hosts.most.get(self.origin, 0))
        try:
            yield self.hosts.behave(url)
        finally:
            with self.hosts.lock:
                self.hosts.running[self.origin] -= 1

    def close(self) -> None:
        pass


def urls_at(host: str, count: int) -> list[str]:
    return [f"https://{host}/{at}/offers/{OFFER}" for at in range(count)]


def test_each_address_is_asked_once_and_answers_for_itself() -> None:
    hosts = Hosts(lambda url: url.encode())
    urls = [*urls_at("a.example", 5), *urls_at("b.example", 5)]
    assert hosts.fetch(urls) == {url: url.encode() for url in urls}
    assert sorted(hosts.opened) == sorted(urls)


def test_a18_a_host_has_two_places_at_most() -> None:
    def behave(_url: str) -> bytes:
        time.sleep(0.005)
        return b"{}"

    hosts = Hosts(behave)
    hosts.fetch([*urls_at("large.example", 4 * AT_ONCE), *urls_at("small.example", 1)])
    assert max(hosts.most.values()) <= OF_ONE_HOST < AT_ONCE
    assert len(hosts.opened) == 4 * AT_ONCE + 1


def test_a18_a_host_that_is_late_twice_is_asked_no_more_and_stops_no_other() -> None:
    def behave(url: str) -> bytes:
        if "slow" in url:
            raise ReadTimeout("answer: expected it in time, got none")
        return b"{}"

    hosts = Hosts(behave)
    slow, quick = urls_at("slow.example", 50), urls_at("quick.example", 50)
    found = hosts.fetch([*slow, *quick])
    assert all(found[url] == b"{}" for url in quick)
    assert sum("slow" in url for url in hosts.opened) <= LATE + OF_ONE_HOST
    assert all(isinstance(found[url], Unavailable) for url in slow)
    assert any("not asked" in str(found[url]) for url in slow)
    assert hosts.most["https://slow.example"] == 1, "it never answered in time"


def test_a18_a_hundred_slow_hosts_leave_most_of_a_readings_time_to_the_others() -> None:
    def behave(url: str) -> bytes:
        if "slow" in url:
            time.sleep(0.1)
            raise ReadTimeout("answer: expected it in time, got none")
        return b"{}"

    hosts = Hosts(behave)
    slow = [url for host in range(100) for url in urls_at(f"slow{host}.example", 5)]
    quick = urls_at("quick.example", 5)
    found = hosts.fetch([*slow, *quick])
    assert all(found[url] == b"{}" for url in quick)
    # The last quick one was asked while no slow host was asked for the second time but those of a few places.
    before = hosts.opened[: 1 + max(hosts.opened.index(url) for url in quick)]
    assert len(before) <= 100 + 5 + 4 * AT_ONCE
    held = 2 * SECONDS  # by an answer whose head and body come just in time
    assert 100 * LATE * held / AT_ONCE < board.SECONDS


def test_a18_what_time_is_too_short_for_is_left_out() -> None:
    def behave(_url: str) -> bytes:
        time.sleep(0.5)
        return b"{}"

    assert Hosts(behave).fetch(urls_at("a.example", 3), ends=time.monotonic()) == {}


@pytest.mark.parametrize(
    "fault", [Blocked("host: expected a public address"), TooLong("body"), OSError("gone"), ValueError("x")]
)
def test_whatever_a_host_does_is_an_answer_of_its_own(fault: Exception) -> None:
    def behave(_url: str) -> bytes:
        raise fault

    ((_, answer),) = Hosts(behave).fetch(urls_at("a.example", 1)).items()
    assert isinstance(answer, Unavailable)


@pytest.mark.parametrize(
    "url", ["https://", "ftp://a.example/x", "https://a@b.example/offers/x", "nothing", "https://[::1/x"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    ((_, answer),) = Hosts(lambda _url: b"{}").fetch([url]).items()
    assert isinstance(answer, SealrunError)


# With the real client.


@pytest.fixture
def site() -> Iterator[Web]:
    with web({f"GET /offers/{OFFER}": (200, {"document": {}})}) as running:
        yield running


def fetched(url: str, *, here: bool = False, at_most: int = 1000) -> bytes | SealrunError:
    ((_, answer),) = Documents(at_most, FAR, here=here).fetch([url])
    return answer


def test_l9_a_listing_reaches_nothing_on_this_machine_or_in_its_network(site: Web) -> None:
    """Also a Mina node of one's own, on loopback, is no reason to let strangers ask what else is there."""
    port = site.url.rpartition(":")[2]
    for host in (
        f"http://127.0.0.1:{port}",
        f"https://127.0.0.1:{port}",
        f"https://localhost:{port}",
        f"https://[::1]:{port}",
        "https://10.0.0.1",
        "https://192.168.1.1",
        "https://169.254.169.254",
        "https://[fd00:ec2::254]",
        "https://0.0.0.0",
        "http://ci.example",
        "https://2130706433",
    ):
        assert isinstance(fetched(f"{host}/offers/{OFFER}"), SealrunError)
    assert site.asked == []


def test_a_local_chains_listing_is_asked_where_it_is_said(site: Web) -> None:
    assert fetched(f"{site.url}/offers/{OFFER}", here=True) == b'{"document": {}}'


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500, 204])
def test_a18_no_redirect_is_followed_and_nothing_but_200_is_an_answer(site: Web, status: int) -> None:
    site.answers[f"GET /offers/{OFFER}"] = (status, {"location": f"{site.url}/elsewhere"})
    answer = fetched(f"{site.url}/offers/{OFFER}", here=True)
    assert isinstance(answer, Unavailable)
    assert [asked.path for asked in site.asked] == [f"/offers/{OFFER}"]


def test_a18_a_body_without_end_is_given_up(site: Web) -> None:
    site.answers[f"GET /offers/{OFFER}"] = (200, {"x": "y" * 5000})
    answer = fetched(f"{site.url}/offers/{OFFER}", here=True)
    assert isinstance(answer, Unavailable)
    assert "at most 1000 bytes" in answer.detail


def test_the_real_client_has_the_bounds_that_are_asked_for() -> None:
    client = open_strangers("https://ci.example", here=False, seconds=module.SECONDS)
    assert (client._waits.connect, client._waits.each) == (module.SECONDS, module.SECONDS)
    with pytest.raises(ValueError, match="expected https"):
        open_strangers("http://ci.example", here=False, seconds=1.0)
