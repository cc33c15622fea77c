"""Tickets: what a grant says, who redeems it, and that it is redeemed once (E4)."""

import base64
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.calls.grant import MAX_TICKET_SECONDS, Grant
from sealrun.calls.ticket import Redemption
from sealrun.calls.ticket_url import Ticket, issue, prepay
from sealrun.encoding.fields import canonical
from sealrun.errors import (
    Expired,
    InputsRefused,
    Malformed,
    NotAllowed,
    OfferClosed,
    PaymentRequired,
    Refused,
    SealrunError,
    TicketUsed,
    TooMany,
)
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from sealrun.ports.calls import Rate
from sealrun.runs.record import State
from sealrun.serving.tick import request_of
from sealrun.workflows.accept_call import REQUESTS_PER_MINUTE, Accepted
from sealrun.workflows.redeem_ticket import redeem_ticket
from tests.ports.at_once import at_once
from tests.ports.stores import dynamo
from tests.sealrun.fakes import FakeLedger, Remembers
from tests.sealrun.market import Market
from tests.sealrun.workflows.test_exactly_one_run import PORTS, Stops, check
from tests.sealrun.workflows.test_exactly_one_run import Stopped as Died
from tests.sealrun.world import ACCOUNT, BUYER, ORACLE, PRICE, World, make_offer, make_paid_offer, sign_call

NOW = 1_800_000_000
AUDIENCE = "https://calls.test"
SECRET = PrivateKey.from_scalar(7007)
PAID = make_paid_offer()
ONLY_BUYER = {"open": False, "keys": [BUYER.public_key().to_base58()]}


def free_ticket(offer: Offer, **changes: Any) -> Ticket:
    """A ticket with a fixed layer and an open level."""
    values: dict[str, Any] = {"audience": AUDIENCE, "inputs": {"layer": "both"}, "opened": ("level",)}
    keys = {"issuer": changes.pop("issuer", BUYER), "secret": changes.pop("secret", SECRET)}
    return issue(keys["issuer"], offer, keys["secret"], **{**values, "until": NOW + 7 * 86_400, **changes})


def paid_ticket(offer: Offer, number: int, *, limit: int) -> Ticket:
    """Ticket ``number`` of a batch, with the running total that its issuer signed for it."""
    inputs, until = {"layer": "both"}, NOW + 7 * 86_400
    signed: dict[str, Any] = {"limit": limit, "salt": "ab" * 32, "nonce": number, "until": until}
    prepaid = prepay(BUYER, offer, ACCOUNT.public_key(), asset=MINA.id, inputs=inputs, **signed)
    secret = PrivateKey.from_scalar(8000 + number)
    return free_ticket(offer, inputs=inputs, opened=(), until=until, prepaid=prepaid, secret=secret)


def redemption(ticket: Ticket, *, now: int = NOW, nonce: int = 1, **chosen: Any) -> Redemption:
    return ticket.redeem(chosen, salt="cd" * 32, nonce=nonce, expires_at=now + 600)


def send(
    world: World, redeemed: Redemption | dict[str, Any], ticket_id: str = "", *, sender: str = "192.0.2.1"
) -> Accepted:
    body = redeemed.body() if isinstance(redeemed, Redemption) else redeemed
    return redeem_ticket(
        ticket_id or Redemption.parse(body).grant.id,
        canonical(body),
        sender=sender,
        audience=AUDIENCE,
        ledger=world.ledger,
        starter=world.starter,
        clock=world.clock,
        throttle=world.throttle,
        payments=getattr(world, "payments", None),
    )


@pytest.fixture
def world() -> World:
    return World(make_offer(access=ONLY_BUYER))


def test_a_ticket_starts_one_run_for_somebody_whom_the_offer_does_not_know(world: World) -> None:
    accepted = send(world, redemption(free_ticket(world.offer), level=3))
    assert accepted.first
    assert world.provider.inputs == {"layer": "both", "level": 3}
    assert accepted.record.account == SECRET.public_key().to_base58()
    assert world.settle(accepted.record.call_hash).state is State.SUCCEEDED


def test_l12_calls_that_strangers_drop_into_an_open_box_take_nothing_of_a_tickets_share() -> None:
    """A tick knows no sender, so all callers share what one network may have; tickets need no open box."""
    world = World(make_offer())

    def dropped(number: int) -> None:
        request = request_of(f"offers/{world.offer.id}/{number:064x}", b"")
        signed = sign_call(world.offer, buyer=PrivateKey.from_scalar(9000 + number))
        world.call(signed, sender=request["requestContext"]["http"]["sourceIp"])

    for number in range(5):
        dropped(number)
    with pytest.raises(TooMany):
        dropped(5)
    ticket = free_ticket(world.offer)
    request = request_of(f"tickets/{ticket.grant.id}", b"")
    sender = request["requestContext"]["http"]["sourceIp"]
    assert send(world, redemption(ticket, level=3), sender=sender).first


def test_a_ticket_reads_back_from_its_url_and_shows_its_secret_nowhere_else(world: World) -> None:
    ticket = free_ticket(world.offer)
    assert Ticket.parse(ticket.url()) == ticket
    assert Ticket.parse(ticket.url("https://pages.test/ticket/")) == ticket
    assert ticket.url().startswith(f"{AUDIENCE}/tickets/{ticket.grant.id}#")
    secret = ticket.secret.to_base58()
    redeemed = redemption(ticket)
    for shown in (ticket, redeemed, ticket.grant.document, json.dumps(redeemed.body()), redeemed.signed_call):
        assert secret not in repr(shown)


def test_e4_the_secret_stands_in_the_fragment_and_in_no_redemption(world: World) -> None:
    ticket = free_ticket(world.offer)
    before, _, fragment = ticket.url().partition("#")
    secret = ticket.secret.to_base58()
    assert secret not in before
    assert fragment.endswith("." + secret)
    assert secret not in json.dumps(redemption(ticket).body())


def test_e4_the_same_redemption_again_answers_with_the_first_state(world: World) -> None:
    redeemed = redemption(free_ticket(world.offer), level=3)
    first = send(world, redeemed)
    world.settle(first.record.call_hash)
    again = send(world, redeemed)
    assert (again.first, again.record.state) == (False, State.SUCCEEDED)
    assert world.provider.starts == 1


@pytest.mark.parametrize("changes", [{"level": 4}, {"nonce": 2}, {"now": NOW + 1}], ids=str)
def test_e4_another_redemption_of_a_used_ticket_is_a_conflict(world: World, changes: dict[str, Any]) -> None:
    ticket = free_ticket(world.offer)
    send(world, redemption(ticket, **{"level": 3, **changes}))
    with pytest.raises(TicketUsed, match="expected one that was not redeemed yet"):
        send(world, redemption(ticket, level=3))
    assert world.provider.starts == 1


def test_e4_a_used_ticket_says_for_which_call_and_an_expired_one_when_it_ended_and_whom_to_ask(
    world: World,
) -> None:
    ticket, issuer = free_ticket(world.offer, until=NOW + 60), BUYER.public_key().to_base58()
    first = send(world, ticket.redeem({}, salt="cd" * 32, nonce=1, expires_at=NOW + 50))
    with pytest.raises(TicketUsed, match=f"used for call {first.record.id}; ask {issuer} for another"):
        send(world, ticket.redeem({}, salt="cd" * 32, nonce=2, expires_at=NOW + 50))
    world.clock.passes(60)
    with pytest.raises(Expired, match=rf"ended at 2027-01-15T08:01:00Z; ask {issuer}, who issued it"):
        send(
            world,
            free_ticket(world.offer, until=NOW + 60, secret=PrivateKey.from_scalar(9)).redeem(
                {}, salt="cd" * 32, nonce=2, expires_at=NOW + 90
            ),
        )


def test_l10_a_redeemed_ticket_is_answered_also_when_its_time_is_over(world: World) -> None:
    redeemed = redemption(free_ticket(world.offer, until=NOW + 601))
    first = send(world, redeemed).record
    world.ledger.close_offer(world.offer.hash, "the tag moved")
    world.clock.passes(10_000)
    again = send(world, redeemed)
    assert (again.first, again.record.call_hash) == (False, first.call_hash)


def _ends(world: World) -> None:
    world.clock.passes(10_000)


AFTERWARDS: dict[str, Callable[[World], Any]] = {
    "its time is over": _ends,
    "the offer is closed": lambda world: world.ledger.close_offer(world.offer.hash, "the tag moved"),
    "the offer rests": lambda world: world.ledger.rest_offer(world.offer.hash, "no runner", until=NOW + 999),
}


@pytest.mark.parametrize("why", AFTERWARDS)
def test_e4_a_used_ticket_names_its_call_also_when_it_would_be_refused_by_now(world: World, why: str) -> None:
    """Its holder, who redeems it anew, has no other way to what the run left."""
    ticket, stranger = free_ticket(world.offer, until=NOW + 601), PrivateKey.from_scalar(9)
    first = send(world, redemption(ticket)).record
    AFTERWARDS[why](world)
    again = redemption(ticket, nonce=2, now=world.clock.now)
    with pytest.raises(TicketUsed, match=f"used for call {first.id}") as used:
        send(world, again)
    assert used.value.call == first.id
    forged = {**again.body(), "proof": sign_fields(stranger, again.proof_fields).to_base58()}
    unused = redemption(free_ticket(world.offer, until=NOW + 601, secret=stranger), now=world.clock.now)
    for other in (forged, unused):
        with pytest.raises((Expired, OfferClosed)):
            send(world, other)
    assert world.provider.starts == 1


@pytest.mark.parametrize("ledger", [FakeLedger, dynamo])
def test_e4_a_ticket_whose_run_never_started_is_not_used_up(ledger: Callable[[], Any]) -> None:
    with mock_aws():
        world = World(make_offer(access=ONLY_BUYER), ledger=ledger())
        ticket = free_ticket(world.offer)
        world.provider.answers = ["refused"]
        never = send(world, redemption(ticket)).record
        with pytest.raises(TicketUsed):  # until it is known that nothing started
            send(world, redemption(ticket, nonce=2))
        assert world.settle(never.call_hash).state is State.NEVER_STARTED
        assert world.ledger.call_named(never.account, f"ticket-{ticket.grant.id}") is None
        again = send(world, redemption(ticket, nonce=3, now=world.clock.now))
        assert again.first
        with pytest.raises(TicketUsed, match=again.record.id):
            send(world, redemption(ticket, nonce=4, now=world.clock.now))
        assert send(world, redemption(ticket)).record.state is State.NEVER_STARTED


def test_e4_what_a_log_shows_of_a_redemption_redeems_nothing_else(world: World) -> None:
    """Whoever reads a refused request has the grant and a proof, and can neither change nor keep it."""
    seen = redemption(free_ticket(world.offer), level=3).body()
    for change in ({"inputs": {"level": 9}}, {"nonce": "0" * 32}, {"expires_at": NOW + 900}):
        with pytest.raises(NotAllowed, match="proof: expected a signature of the ticket's own key"):
            send(world, {**seen, **change})
    world.clock.passes(601)
    with pytest.raises(Expired):
        send(world, seen)
    assert world.provider.starts == 0


def test_e4_a_grant_that_was_changed_or_signed_by_another_is_refused(world: World) -> None:
    ticket = free_ticket(world.offer)
    widened = Grant.parse(ticket.grant.document.replace(b'"open":["level"]', b'"open":["level","other"]'))
    forged = Ticket(widened, ticket.signature, ticket.secret)
    with pytest.raises(NotAllowed, match="signature: expected the issuer's over the ticket"):
        send(world, redemption(forged))
    with pytest.raises(NotAllowed, match="issuer: expected a key that the offer allows"):
        send(world, redemption(free_ticket(world.offer, issuer=PrivateKey.from_scalar(9))))


def test_l6_the_tickets_key_calls_nothing_by_itself(world: World) -> None:
    signed = redemption(free_ticket(world.offer)).signed_call
    with pytest.raises(NotAllowed, match="a key that the offer allows"):
        world.call(signed._replace(identifier=None))


def test_e3_the_oracles_own_key_grants_nothing() -> None:
    world = World()
    for changes in ({"issuer": ORACLE}, {"secret": ORACLE}):
        with pytest.raises(NotAllowed, match="the oracle's own"):
            send(world, redemption(free_ticket(world.offer, **changes)))


FREE = make_offer(access=ONLY_BUYER)
LOOKED = ["look"]
# One that was used names its call, whatever else it would be refused for.
NAMED = [*LOOKED, "call_named"]
FORGED = replace(free_ticket(FREE), signature=redemption(free_ticket(FREE)).proof)
FAULTS: list[tuple[str, Ticket, dict[str, Any], type[SealrunError], list[str]]] = [
    ("unknown name", free_ticket(FREE), {"tip": 1}, Malformed, []),
    ("not open", free_ticket(FREE), {"inputs": {"layer": "mina"}}, InputsRefused, []),
    ("over", free_ticket(FREE, until=NOW), {}, Expired, NAMED),
    ("far", free_ticket(FREE, until=NOW + MAX_TICKET_SECONDS + 1), {}, Expired, NAMED),
    ("proof over", free_ticket(FREE), {"expires_at": NOW}, Expired, NAMED),
    ("audience", free_ticket(FREE, audience="https://other.test"), {}, NotAllowed, []),
    ("closed", free_ticket(FREE), {}, OfferClosed, NAMED),
    ("terms", free_ticket(make_offer(network="mina:mainnet")), {}, Refused, LOOKED),
    ("rate", FORGED, {}, TooMany, LOOKED),
    ("forged", FORGED, {}, NotAllowed, LOOKED),
    ("issuer", free_ticket(FREE, issuer=SECRET), {}, NotAllowed, LOOKED),
    ("schema", free_ticket(FREE, inputs={"layer": "rm"}), {}, InputsRefused, LOOKED),
]


@pytest.mark.parametrize(
    ("fault", "ticket", "changes", "error", "asked"), FAULTS, ids=[fault[0] for fault in FAULTS]
)
def test_l2_each_check_of_a_ticket_comes_before_the_dearer_ones(
    fault: str, ticket: Ticket, changes: dict[str, Any], error: type[SealrunError], asked: list[str]
) -> None:
    world = World(FREE, ledger=Remembers())
    if fault == "closed":
        world.ledger.close_offer(world.offer.hash, "the source changed")
    if fault == "rate":
        for _ in range(REQUESTS_PER_MINUTE):
            world.throttle(Rate("192.0.2.1", world.clock.now // 60, REQUESTS_PER_MINUTE))
    if fault == "terms":  # the same offer by its hash, named with another network
        value = json.loads(ticket.grant.document)
        grant = Grant.parse(canonical({**value, "offer": FREE.id}))
        ticket = Ticket(grant, sign_fields(BUYER, grant.signed_fields), ticket.secret)
    sent = {**redemption(ticket, level=3).body(), **changes}
    world.ledger.asked.clear()
    with pytest.raises(error):
        send(world, sent, ticket.grant.id)
    assert world.ledger.asked == asked
    assert world.provider.starts == 0


def test_l2_size_comes_before_json(world: World) -> None:
    with pytest.raises(Malformed, match="at most 16384 bytes, got 16385"):
        redeem_ticket(
            "0" * 64,
            b"[" * 16_385,
            sender="192.0.2.1",
            audience=AUDIENCE,
            ledger=world.ledger,
            starter=world.starter,
            clock=world.clock,
            throttle=world.throttle,
        )


def test_a_ticket_is_redeemed_under_its_own_name_only(world: World) -> None:
    with pytest.raises(Refused, match="ticket: expected the one that the URL names"):
        send(world, redemption(free_ticket(world.offer)), "0" * 64)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"opened": ("layer",)}, "names that are not fixed"),
        ({"opened": ("level", "level")}, "each once"),
        ({"opened": ("Level",)}, "names of inputs"),
        ({"audience": "https://calls.test/"}, "URL of a stack"),
        ({"audience": "ftp://calls.test"}, "URL of a stack"),
    ],
)
def test_a_grant_that_contradicts_itself_is_not_made(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Malformed, match=said):
        free_ticket(make_offer(), **changes)


@pytest.mark.parametrize("url", ["https://calls.test/", "#a.b", "#e30.x.y", f"#{'a' * 20_000}..", "#.."])
def test_what_is_no_tickets_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Malformed) as caught:
        Ticket.parse(url)
    assert len(caught.value.detail) < 200


def test_another_tickets_secret_does_not_fit(world: World) -> None:
    ticket, other = free_ticket(world.offer), PrivateKey.from_scalar(1)
    with pytest.raises(Malformed, match="secret of the ticket's own key"):
        Ticket.parse(replace(ticket, secret=other).url())
    with pytest.raises(NotAllowed, match="proof"):
        send(world, redemption(replace(ticket, secret=other)))


@pytest.mark.parametrize("when", ["before", "after"])
def test_r3_a_function_that_dies_anywhere_while_it_redeems_leaves_one_run_and_one_receipt(when: str) -> None:
    at, stops = 0, None
    while stops is None or stops.stopped:
        at += 1
        world, stops = _story(at, when)
        check(world, f"died {when} port call {at}")
        with pytest.raises(TicketUsed):
            send(world, redemption(free_ticket(world.offer), now=world.clock.now, level=5))
    assert at > 20, "expected the story to have more port calls than that"


def _story(at: int, when: str) -> tuple[World, Stops]:
    """One redemption, sent again until it is taken, then sweeps; one port call is deadly."""
    world = World(FREE)
    stops, fakes = Stops(at, when), {name: getattr(world, name) for name in PORTS}
    for name, fake in fakes.items():
        setattr(world, name, stops.wrap(fake))
    redeemed = redemption(free_ticket(world.offer), level=3)
    call_hash = redeemed.call.hash
    while fakes["ledger"].record(call_hash) is None:
        _unless_it_dies(lambda: send(world, redeemed))
    for _ in range(400):
        world.clock.passes(15)
        _unless_it_dies(world.sweep)
        if fakes["ledger"].record(call_hash).state.over:
            break
    for name, fake in fakes.items():
        setattr(world, name, fake)
    return world, stops


def _unless_it_dies(step: Any) -> None:
    try:
        step()
    except Died:
        return


# An offer with a price.


def batch(market: Market, count: int, *, base: int = 0) -> list[Ticket]:
    """Tickets whose limits stand one above the other, as A10 lets a client sign them."""
    return [paid_ticket(market.offer, n, limit=base + n * PRICE) for n in range(1, count + 1)]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (1, 3, 2)])
def test_l1_prepaid_tickets_are_covered_in_any_order(order: tuple[int, ...]) -> None:
    market = Market()
    tickets = batch(market, 3)
    for number in order:
        accepted = send(market, redemption(tickets[number - 1]))
        assert market.settle(accepted.record.call_hash).state is State.SUCCEEDED
    standing = market.ledger.standing(ACCOUNT.public_key().to_base58())
    assert (standing.due, standing.voucher.limit) == (3 * PRICE, 3 * PRICE)


def test_l1_a_prepaid_ticket_that_another_one_overtakes_is_covered_too() -> None:
    with mock_aws():
        market = Market(ledger=dynamo())
        first, second = batch(market, 2)
        look, late = market.chain.look, [second]

        def overtaken(*args: Any, **named: Any) -> Any:
            if late:
                assert send(market, redemption(late.pop())).first
            return look(*args, **named)

        market.chain.look = overtaken
        assert send(market, redemption(first)).first
        assert market.ledger.standing(ACCOUNT.public_key().to_base58()).committed == 2 * PRICE


def test_l1_prepaid_tickets_and_the_issuers_own_calls_share_the_account() -> None:
    market = Market()
    first, second = batch(market, 2)
    own = market.bought(limit=3 * PRICE, nonce=77)  # the issuer's client counts its tickets as spent
    assert own.state is State.SUCCEEDED
    for ticket in (first, second):
        assert send(market, redemption(ticket)).first


def test_l1_a_ticket_is_not_covered_by_a_limit_that_nobody_signed() -> None:
    market = Market()
    market.bought(limit=PRICE)
    with pytest.raises(
        PaymentRequired, match=rf"expected at least {2 * PRICE} nanomina \(10 MINA\), got {PRICE}"
    ):
        send(market, redemption(paid_ticket(market.offer, 1, limit=PRICE)))


def test_l1_calls_that_are_no_tickets_still_need_a_limit_of_their_own() -> None:
    market = Market()
    market.bought(limit=2 * PRICE)
    with pytest.raises(
        PaymentRequired, match=rf"expected at least {2 * PRICE} nanomina \(10 MINA\), got {PRICE}"
    ):
        market.pay(market.sign(limit=PRICE, nonce=8))


def test_e4_a_prepaid_ticket_pays_for_one_run_whoever_hands_it_in() -> None:
    market = Market()
    (ticket,) = batch(market, 1)
    first = send(market, redemption(ticket))
    assert first.first
    assert "PAYMENT-RESPONSE" in first.headers
    again = send(market, redemption(ticket, nonce=9, now=NOW + 5))
    assert (again.first, again.record.call_hash) == (False, first.record.call_hash)
    assert market.provider.starts == 1


def test_e4_a_tickets_call_under_another_tickets_name_uses_that_one_not_up() -> None:
    market, until = Market(), NOW + 3600  # short enough for the issuer's call to be sent as one of its own

    def soon(number: int) -> Ticket:
        inputs = {"layer": "both"}
        signed: dict[str, Any] = {"asset": MINA.id, "salt": "ab" * 32, "nonce": number, "until": until}
        paid = prepay(
            BUYER, market.offer, ACCOUNT.public_key(), inputs=inputs, limit=number * PRICE, **signed
        )
        keys: dict[str, Any] = {"prepaid": paid, "secret": PrivateKey.from_scalar(8000 + number)}
        return free_ticket(market.offer, inputs=inputs, opened=(), until=until, **keys)

    mine, others = soon(1), soon(2)
    call = redemption(mine).signed_call._replace(identifier=f"ticket-{others.grant.id}")
    with pytest.raises(Refused, match="identifier: expected one that does not begin with ticket-"):
        market.pay(call)
    # Nor as a call of its own: of a ticket that was sold, everybody sees the grant.
    with pytest.raises(Refused, match="expected one of its own, got a ticket's"):
        market.pay(call._replace(identifier=None))
    assert market.provider.starts == 0
    assert send(market, redemption(others)).first
    assert send(market, redemption(mine)).first


def test_e4_a_prepaid_ticket_wants_its_own_secret() -> None:
    market = Market()
    (ticket,) = batch(market, 1)
    thief = replace(ticket, secret=PrivateKey.from_scalar(3))
    with pytest.raises(NotAllowed, match="proof"):
        send(market, redemption(thief))
    seen = redemption(ticket).body()
    with pytest.raises(NotAllowed, match="proof"):
        send(market, {**seen, "expires_at": NOW + 3000})


def test_a_prepaid_ticket_leaves_no_input_open() -> None:
    market = Market()
    (ticket,) = batch(market, 1)
    with pytest.raises(InputsRefused, match="expected the open ones"):
        redemption(ticket, level=3)
    value = json.loads(ticket.grant.document)
    with pytest.raises(Malformed, match="nothing open where there are terms"):
        Grant.parse(canonical({**value, "open": ["level"]}))
    with pytest.raises(Malformed, match="nothing open where there are terms"):
        Grant.parse(canonical({**value, "prepaid": None}))


def test_a_prepaid_ticket_with_another_accounts_voucher_is_refused() -> None:
    market = Market()
    (ticket,) = batch(market, 1)
    value = json.loads(ticket.grant.document)
    value["prepaid"]["limit"] = str(9 * PRICE)
    grant = Grant.parse(canonical(value))
    changed = Ticket(grant, sign_fields(BUYER, grant.signed_fields), ticket.secret)
    with pytest.raises(NotAllowed, match="signature over the voucher's seven fields"):
        send(market, redemption(changed))


def test_a_redemption_reads_back_from_its_body(world: World) -> None:
    for redeemed in (redemption(free_ticket(world.offer), level=3), redemption(batch(Market(), 1)[0])):
        assert Redemption.parse(redeemed.body()) == redeemed


@pytest.mark.parametrize("name", ["grant", "signature", "proof", "expires_at", "inputs", "salt", "nonce"])
def test_a_redemption_without_one_of_its_names_is_refused_by_that_name(world: World, name: str) -> None:
    body = redemption(free_ticket(world.offer)).body()
    del body[name]
    with pytest.raises(Malformed, match=name):
        send(world, body, "0" * 64)


def test_a_grant_is_read_from_canonical_json_only(world: World) -> None:
    body = redemption(free_ticket(world.offer)).body()
    loose = json.dumps(json.loads(base64.urlsafe_b64decode(body["grant"] + "==")), indent=1).encode()
    with pytest.raises(Malformed, match="canonical JSON"):
        send(world, {**body, "grant": base64.urlsafe_b64encode(loose).decode().rstrip("=")}, "0" * 64)


@pytest.mark.parametrize(("per_hour", "most"), [(0, 0), (1, 1)])
def test_l6_tickets_count_against_their_issuers_own_quota(per_hour: int, most: int) -> None:
    world = World(offer=make_offer(access=ONLY_BUYER))
    stored = world.ledger.offers[world.offer.hash]
    quotas = {BUYER.public_key().to_base58(): per_hour}
    world.ledger.offers[world.offer.hash] = replace(stored, quotas=quotas)
    for number in range(most):
        send(world, redemption(free_ticket(world.offer, secret=PrivateKey.from_scalar(70 + number))))
    with pytest.raises(TooMany, match="of this buyer"):
        send(world, redemption(free_ticket(world.offer, secret=PrivateKey.from_scalar(80))))


def test_a_ticket_counts_against_the_offers_quota() -> None:
    world = World(make_offer(access=ONLY_BUYER, quota_per_hour=1))
    send(world, redemption(free_ticket(world.offer)))
    with pytest.raises(TooMany, match="at most 1 an hour"):
        send(world, redemption(free_ticket(world.offer, secret=PrivateKey.from_scalar(4))))


def test_e4_a_prepaid_ticket_whose_run_never_started_says_what_its_holder_has_and_starts_nothing(
    tmp_path: Path,
) -> None:
    """One receipt for one call (R5): the price is free again, and the issuer can issue another ticket."""
    with closing(Database(f"sqlite:///{tmp_path}/ledger.db")) as database:
        market = Market(ledger=SqlLedger(database))
        market.provider.answers = ["refused"]
        ticket = paid_ticket(market.offer, 1, limit=PRICE)
        never = send(market, redemption(ticket)).record
        assert market.settle(never.call_hash).state is State.NEVER_STARTED
        answers = at_once(lambda _: send(market, redemption(ticket)), list(range(20)))
        assert market.provider.starts == 1
        assert {(each.first, each.record.state) for each in answers} == {(False, State.NEVER_STARTED)}
        [reason] = {each.record.ending.reason for each in answers if each.record.ending}
        issuer = BUYER.public_key().to_base58()
        assert "the price is free again on its issuer's account" in reason
        assert reason.endswith(f"{issuer} can issue another one")
        account = ACCOUNT.public_key().to_base58()
        standing = market.ledger.standing(account)
        assert (standing.committed, standing.due) == (0, 0)
        assert [leaf.price_due for leaf in market.ledger.leaves(account, range(9))] == [0]
        again = send(market, redemption(paid_ticket(market.offer, 2, limit=2 * PRICE)))
        assert market.settle(again.record.call_hash).state is State.SUCCEEDED
        assert market.ledger.standing(account).due == PRICE


@pytest.mark.parametrize("when", ["before", "after"])
def test_e4_a_function_that_dies_anywhere_over_a_refused_prepaid_ticket_leaves_its_price_free(
    when: str,
) -> None:
    at, stops = 0, None
    while stops is None or stops.stopped:
        at += 1
        market, stops = _refused_story(at, when)
        where = f"died {when} port call {at}"
        (record,) = market.ledger.records.values()
        assert record.state is State.NEVER_STARTED, where
        assert len({tuple(fields) for fields in market.oracle.signed}) == 1, where
        assert market.provider.runs == {}, where
        starts, redeemed = market.provider.starts, redemption(paid_ticket(PAID, 1, limit=PRICE))
        assert not send(market, redeemed).first, where
        assert market.provider.starts == starts, where
        standing = market.ledger.standing(ACCOUNT.public_key().to_base58())
        assert (standing.committed, standing.due) == (0, 0), where
    assert at > 15, "expected the story to have more port calls than that"


def _refused_story(at: int, when: str) -> tuple[Market, Stops]:
    market = Market(PAID)
    market.provider.answers = ["refused"] * 99
    stops, fakes = Stops(at, when), {name: getattr(market, name) for name in PORTS}
    for name, fake in fakes.items():
        setattr(market, name, stops.wrap(fake))
    redeemed = redemption(paid_ticket(PAID, 1, limit=PRICE))
    while fakes["ledger"].record(redeemed.call.hash) is None:
        _unless_it_dies(lambda: send(market, redeemed))
    for _ in range(400):
        market.clock.passes(15)
        _unless_it_dies(market.sweep)
        if fakes["ledger"].record(redeemed.call.hash).state.over:
            break
    for name, fake in fakes.items():
        setattr(market, name, fake)
    return market, stops


def test_l12_one_ticket_does_not_use_up_its_issuers_hour() -> None:
    world = World(make_offer(access=ONLY_BUYER))
    world.provider.answers = ["refused"] * 99
    ticket = free_ticket(world.offer)
    for nonce in (1, 2):
        world.settle(send(world, redemption(ticket, nonce=nonce, now=world.clock.now)).record.call_hash)
    with pytest.raises(TooMany, match="fewer of this buyer"):
        send(world, redemption(ticket, nonce=3, now=world.clock.now))
    world.provider.answers = []
    other = free_ticket(world.offer, secret=PrivateKey.from_scalar(7008))
    assert send(world, redemption(other, now=world.clock.now)).first
