"""A call that was taken is followed by its own hash, and believed by its receipt."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sealrun.calls.letters import PostBox
from sealrun.errors import Malformed
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.purchase import LONGEST_POLL, POLL_SECONDS, Bought, Purchase, coming_back, tell
from sealrun_cli.lib.service import Service
from tests.sealrun.world import BUYER, SELLER, World, make_offer, sign_call


@pytest.fixture(scope="module")
def sold() -> tuple[World, dict[str, Any], str]:
    """A call that is over: its world, its receipt and its hash."""
    world = World()
    record = world.settle(world.call(sign_call(world.offer)).record.call_hash)
    assert record.receipt is not None
    return world, dict(record.receipt), record.id


def follow(world: World, call: str, view: dict[str, Any]) -> dict[str, Any]:
    """What the client makes of the operator's answer."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=view))
    with httpx.Client(transport=transport) as http:
        bought = Bought(Service(http), world.offer, f"https://calls.test/calls/{call}", call, {})
        return bought.follow(Output(as_json=True))


def test_c1_state_hash_and_address_are_the_clients_own(sold: tuple[World, dict[str, Any], str]) -> None:
    world, receipt, call = sold
    lies = {"state": "failed", "call": "/etc", "url": "https://calls.test/calls/other", "receipt": receipt}
    ended = follow(world, call, lies)
    assert (ended["state"], ended["call"]) == ("succeeded", call)
    assert ended["url"] == f"https://calls.test/calls/{call}"


def test_c1_a_receipt_of_another_call_is_not_taken(sold: tuple[World, dict[str, Any], str]) -> None:
    world, receipt, _ = sold
    with pytest.raises(CliError, match="receipt: expected one of call 0707") as caught:
        follow(world, "07" * 32, {"state": "succeeded", "receipt": receipt})
    assert caught.value.kind == "receipt"


def test_c1_a_receipt_of_another_oracle_is_not_taken(sold: tuple[World, dict[str, Any], str]) -> None:
    world, receipt, call = sold
    stranger = World(offer=make_offer(oracle=SELLER.public_key().to_base58()))
    with pytest.raises(CliError, match=f"by {stranger.offer.oracle}, got .* by {world.offer.oracle}"):
        follow(stranger, call, {"state": "succeeded", "receipt": receipt})
    assert world.offer.oracle != stranger.offer.oracle


def test_c1_a_receipt_that_was_changed_is_not_taken(sold: tuple[World, dict[str, Any], str]) -> None:
    world, receipt, call = sold
    changed = {**receipt, "data": {**receipt["data"], "grade": receipt["data"]["grade"] + 1}}
    with pytest.raises(CliError, match="a signature that does not hold"):
        follow(world, call, {"state": "succeeded", "receipt": changed})


def test_c1_the_answer_that_takes_a_call_ends_none_without_its_receipt(
    sold: tuple[World, dict[str, Any], str],
) -> None:
    world, receipt, call = sold

    def started(hash_: str, receipt: object) -> dict[str, Any]:
        answer = {"state": "failed", "receipt": receipt}
        with httpx.Client() as http:
            return Bought(Service(http), world.offer, "https://calls.test", hash_, answer).started()

    assert started(call, receipt)["state"] == "succeeded"
    assert started(call, None)["state"] == "failed", "the operator's word, of a run that goes on"
    for hash_, another in ((call, {}), ("07" * 32, receipt)):
        with pytest.raises((CliError, Malformed), match="expected"):
            started(hash_, another)


@pytest.mark.parametrize("junk", [None, True, 7, ["running"], {"state": "running"}])
def test_l14_a_state_or_a_reason_that_is_no_text_is_told_as_none(
    junk: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"state": junk, "reason": junk, "receipt": None}
    with httpx.Client() as http:
        service = Service(http)
        started = Bought(service, make_offer(), "https://calls.test/calls/07", "07", answer).started()
        tell(started, service=service, out=Output(as_json=False), receipt=None, evidence=None, buyer=None)
    assert capsys.readouterr().out == "its state was not told\nhttps://calls.test/calls/07\n"


def test_c1_evidence_is_what_this_client_fetched_whatever_the_service_calls_so(
    sold: tuple[World, dict[str, Any], str],
) -> None:
    world, receipt, call = sold
    for lie in (None, "x", {"holds": True, "grade": 2}, {"holds": False}):
        ended = follow(world, call, {"receipt": receipt, "evidence": lie, "left": lie})
        told = {"receipt": None, "evidence": None, "buyer": None}
        with httpx.Client() as http:
            assert tell(ended, service=Service(http), out=Output(as_json=True), **told) == 0
        assert not {"evidence", "left"} & set(ended)


def test_the_runs_address_is_told_and_ctrl_c_says_how_to_come_back(
    sold: tuple[World, dict[str, Any], str], capsys: pytest.CaptureFixture[str]
) -> None:
    world, _, call = sold
    url, views = (
        f"https://calls.test/calls/{call}",
        iter([{"state": "running", "run": {"url": "https://ci/7"}}]),
    )

    def answer(_: httpx.Request) -> httpx.Response:
        view = next(views, None)
        if view is None:
            raise KeyboardInterrupt
        return httpx.Response(200, json=view)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        bought, out = Bought(Service(http), world.offer, url, call, {}), Output(as_json=True)
        with pytest.raises(KeyboardInterrupt), coming_back(out, url, "my keys/buyer.key"):
            bought.follow(out)
    said = capsys.readouterr().err
    assert "run      https://ci/7\n" in said
    assert f"sealrun evidence {url} --to DIR --key 'my keys/buyer.key'\n" in said


def test_c1_the_way_back_runs_nothing_that_a_services_address_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = f"https://calls.test/$(evil)/calls/{7:064x}"
    with pytest.raises(KeyboardInterrupt), coming_back(Output(as_json=True), url, ""):
        raise KeyboardInterrupt
    assert f"sealrun evidence '{url}' --to DIR\n" in capsys.readouterr().err


def test_a_service_that_goes_away_under_a_run_does_not_make_its_buyer_buy_it_again(
    sold: tuple[World, dict[str, Any], str], capsys: pytest.CaptureFixture[str]
) -> None:
    world, _, call = sold
    url = f"https://calls.test/calls/{call}"

    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        bought, out = (
            Bought(Service(http, pause=lambda _: None), world.offer, url, call, {}),
            Output(as_json=True),
        )
        with pytest.raises(CliError) as caught, coming_back(out, url, "buyer.key"):
            bought.follow(out)
    said = capsys.readouterr().err
    assert caught.value.following.startswith(f"do not buy it again, the call was taken: look at {url}; ")
    assert f"sealrun evidence {url} --to DIR --key buyer.key\n" in said


@pytest.mark.parametrize(
    ("said", "waited"),
    [("7", 7), ("0", POLL_SECONDS), ("86400", LONGEST_POLL), ("-5", POLL_SECONDS), ("9" * 99, POLL_SECONDS)],
)
def test_a_call_is_looked_at_when_the_service_says_within_bounds(
    sold: tuple[World, dict[str, Any], str], said: str, waited: float
) -> None:
    world, receipt, call = sold
    running = httpx.Response(200, json={"state": "running", "receipt": None}, headers={"retry-after": said})
    answers, pauses = (
        [running, httpx.Response(200, json={"state": "succeeded", "receipt": receipt})],
        list[float](),
    )
    with httpx.Client(transport=httpx.MockTransport(lambda _: answers.pop(0))) as http:
        service, url = Service(http, pause=pauses.append), f"https://calls.test/calls/{call}"
        Bought(service, world.offer, url, call, {}).follow(Output(as_json=True))
    assert pauses == [waited]


def free(answer: Callable[[httpx.Request], httpx.Response], box: PostBox | None = None) -> Bought:
    """A call of an offer of price 0."""
    offer, until = make_offer(), int(time.time()) + 600
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        url, out = f"https://calls.test/offers/{offer.id}", Output(as_json=True)
        return Purchase(Service(http), offer, url, BUYER, {"layer": "both"}, until, out, box=box).free()


def test_c1_a_service_elsewhere_has_nothing_dropped_on_this_machine() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.host}")
        return httpx.Response(404)

    with pytest.raises(CliError, match="box: expected one that is not on this machine"):
        free(answer, PostBox("http://127.0.0.1:5001/api/v0/shutdown", {"key": "x"}))
    assert asked == []


def test_c2_a_free_call_whose_answer_was_lost_is_sent_again_and_else_named() -> None:
    taken: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        taken.append(request.content)
        if len(taken) == 1:
            raise httpx.ReadTimeout("late", request=request)
        return httpx.Response(202, json={"state": "running"})

    free(answer)
    assert taken == [taken[0]] * 2
    taken.clear()

    def lost(request: httpx.Request) -> httpx.Response:
        taken.append(request.content)
        raise httpx.ReadTimeout("late", request=request)

    with pytest.raises(CliError) as refused:
        free(lost)
    assert "may have been taken: look at https://calls.test/calls/" in refused.value.following
    assert len(taken) == 2


def test_c2_a_free_call_whose_answer_was_lost_is_named_also_where_its_host_asks_for_money() -> None:
    """Some hosts answer with a 402 of their own once they suspend whoever they serve."""
    taken: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        taken.append(request.content)
        if len(taken) == 1:
            raise httpx.ReadTimeout("late", request=request)
        return httpx.Response(402, text="<html>Payment required")

    with pytest.raises(CliError) as refused:
        free(answer)
    assert "may have been taken: look at https://calls.test/calls/" in refused.value.following


def test_c2_ctrl_c_before_the_answer_to_a_free_call_says_where_to_look_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        free(stopped)
    assert "may have been taken: look at https://calls.test/calls/" in capsys.readouterr().err


BOX = PostBox("https://bucket.test/", {"key": "${filename}"})
NAMED = "look at https://calls.test/answers/offers/"


@pytest.mark.parametrize(
    ("box", "look"),
    [
        (httpx.ReadTimeout("lost"), 404),
        (503, 404),
        (204, httpx.ConnectError("no network")),
        (204, 503),
        (204, 200),
    ],
    ids=["box lost", "box faulty", "no network", "files faulty", "page of a proxy"],
)
def test_c2_a_free_call_that_may_lie_in_a_box_is_told_with_its_answers_address(
    box: int | Exception, look: int | Exception
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        said = box if request.method == "POST" else look
        if isinstance(said, Exception):
            raise said
        return httpx.Response(said, text="<html>")

    with pytest.raises(CliError) as caught:
        free(answer, BOX)
    assert f"it may be taken: {NAMED}" in caught.value.following


def test_c2_ctrl_c_while_a_free_call_is_dropped_says_where_to_look_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        free(stopped, BOX)
    assert f"may have been taken: {NAMED}" in capsys.readouterr().err


def test_a_call_that_a_box_refused_is_not_told_as_taken() -> None:
    with pytest.raises(CliError, match="expected the bucket to take it, got 403") as caught:
        free(lambda _: httpx.Response(403), BOX)
    assert "its box may be over" in caught.value.following


def test_what_a_service_says_of_a_run_that_goes_on_is_short_however_much_it_says(
    sold: tuple[World, dict[str, Any], str], capsys: pytest.CaptureFixture[str]
) -> None:
    world, receipt, call = sold
    looks = iter(range(3000))

    def answer(_: httpx.Request) -> httpx.Response:
        number = next(looks)
        if number == 2999:
            return httpx.Response(200, json={"state": "succeeded", "receipt": receipt})
        many = f"{number} " + 9_000 * "x"
        run = {"url": f"https://ci/{many}"}
        return httpx.Response(200, json={"state": many, "receipt": None, "run": run})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        url = f"https://calls.test/calls/{call}"
        service = Service(http, pause=lambda _: None)
        ended = Bought(service, world.offer, url, call, {}).follow(Output(as_json=True))
    assert ended["state"] == "succeeded"
    assert len(capsys.readouterr().err) < 100_000
