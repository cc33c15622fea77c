"""``sealrun ticket`` and ``sealrun redeem``: what they refuse before they ask or sign anything."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mina.keys import PrivateKey
from sealrun.calls.letters import Answer, PostBox, ticket_letter
from sealrun.calls.ticket_url import Ticket, issue, prepay
from sealrun.errors import InputsRefused
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from sealrun_cli.commands.ticket import Issuing, _check_issuer, _inputs
from sealrun_cli.lib.book import Page
from sealrun_cli.lib.dates import parsed_until
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.main import app
from tests.cli.web import web
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, World, make_offer, make_paid_offer, sign_call

NOW = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
OUT = Output(as_json=True)
ADDRESS = ACCOUNT.public_key().to_base58()


def issuing(offer: Offer, *, opened: tuple[str, ...] = ()) -> Issuing:
    return Issuing(BUYER, offer, "https://calls.test", {"layer": "both"}, opened, NOW + 600)


def book(tmp_path: Path, known: Known) -> Page:
    payment = make_paid_offer().payment
    assert payment is not None
    return Page(tmp_path / "account.json", payment.terms, known)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-12-31", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-12-31T18:00:00Z", datetime(2026, 12, 31, 18, tzinfo=UTC)),
        ("2026-12-31T18:00:00+02:00", datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_until_is_a_day_to_its_end_or_a_time_with_its_zone(text: str, end: datetime) -> None:
    assert parsed_until(text, now=NOW) == int(end.timestamp())


@pytest.mark.parametrize("text", ["tomorrow", "2026-12-31T18:00:00", "", "2026-13-31"])
def test_until_is_refused_without_a_zone_or_a_meaning(text: str) -> None:
    with pytest.raises(CliError, match="until: expected 2026-12-31 or"):
        parsed_until(text, now=NOW)


@pytest.mark.parametrize("text", ["2026-10-31", "2027-02-01"])
def test_until_lies_ahead_and_not_too_far(text: str) -> None:
    with pytest.raises(CliError, match="within 90 days from now"):
        parsed_until(text, now=NOW)


def test_a10_each_prepaid_tickets_limit_is_one_price_higher_and_on_disk_before_it_is_signed(
    tmp_path: Path,
) -> None:
    account = book(tmp_path, Known(PRICE, 3 * PRICE))
    limits = []
    for made in issuing(make_paid_offer()).prepaid(3, ADDRESS, account, MINA.of(PRICE)):
        assert made.grant.prepaid is not None
        limits.append(made.grant.prepaid.limit)
        assert f'"committed": "{limits[-1]}"' in account.path.read_text()
    assert limits == [2 * PRICE, 3 * PRICE, 4 * PRICE]
    assert account.known == Known(4 * PRICE, 4 * PRICE)


def test_a10_a_limit_that_jumps_is_not_signed(tmp_path: Path) -> None:
    account = book(tmp_path, Known(3 * PRICE, PRICE))
    with pytest.raises(CliError, match="at most one price above"):
        list(issuing(make_paid_offer()).prepaid(1, ADDRESS, account, MINA.of(PRICE)))
    assert not account.path.exists()


def test_a_prepaid_ticket_opens_no_input(tmp_path: Path) -> None:
    account = book(tmp_path, Known(0, 0))
    with pytest.raises(CliError, match="voucher covers all inputs"):
        list(issuing(make_paid_offer(), opened=("level",)).prepaid(1, ADDRESS, account, MINA.of(PRICE)))


def test_each_ticket_has_a_secret_of_its_own() -> None:
    made = list(issuing(make_offer()).free(3))
    assert len({each.secret.to_base58() for each in made}) == 3
    assert [Ticket.parse(each.url()) for each in made] == made
    assert all(isinstance(each.secret, PrivateKey) for each in made)


REQUIRED = {
    "type": "object",
    "properties": {
        "layer": {"type": "string", "enum": ["mina", "both"]},
        "level": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "additionalProperties": False,
    "required": ["layer", "level"],
}


def test_fixed_inputs_fit_the_schema_and_open_ones_may_come_later() -> None:
    offer = make_offer(inputs=REQUIRED)
    assert _inputs(["layer=both"], ["level"], offer, OUT) == ({"layer": "both"}, ("level",))
    assert _inputs(["layer=both", "level=3"], [], offer, OUT) == ({"layer": "both", "level": 3}, ())
    for given, opened in ((["layer=rm"], ["level"]), (["layer=both"], []), (["tip=1"], ["level"])):
        with pytest.raises(InputsRefused):
            _inputs(given, opened, offer, OUT)
    with pytest.raises(CliError, match="layer, level"):
        _inputs([], ["tip"], offer, OUT)


def test_a_key_that_the_offer_does_not_allow_issues_nothing() -> None:
    _check_issuer(BUYER, make_offer())
    _check_issuer(BUYER, make_offer(access={"open": False, "keys": [BUYER.public_key().to_base58()]}))
    with pytest.raises(CliError, match="key: expected one that the offer allows"):
        _check_issuer(BUYER, make_offer(access={"open": False, "keys": []}))


def test_what_a_ticket_neither_gives_nor_opens_is_fixed_to_its_default() -> None:
    kinds = {
        "layer": {"type": "string", "enum": ["both", "mina"], "default": "mina"},
        "level": {"type": "integer", "minimum": 0, "maximum": 9, "default": 3},
    }
    offer = make_offer(inputs={"type": "object", "properties": kinds, "additionalProperties": False})
    assert _inputs([], [], offer, OUT) == ({"layer": "mina", "level": 3}, ())
    assert _inputs([], ["level"], offer, OUT) == ({"layer": "mina"}, ("level",))
    assert _inputs(["layer=both"], ["level"], offer, OUT) == ({"layer": "both"}, ("level",))


def ticket_of(audience: str, offer: Offer) -> Ticket:
    until, secret = int(time.time()) + 600, PrivateKey.from_scalar(923)
    return issue(BUYER, offer, secret, audience=audience, inputs={}, opened=(), until=until)


def redeemed(url: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["redeem", "-", "--no-wait", "--json"], input=url)
    return dict(json.loads(done.stdout))


def test_l9_a_ticket_sends_its_holder_to_no_address_of_the_holders_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SEALRUN_UNSAFE_LOOPBACK", raising=False)
    offer = make_offer()
    view = {"document": json.loads(offer.document), "open": True}
    with web({}) as inner, web({f"GET /offers/{offer.id}": (200, view)}) as seen:
        hidden = ticket_of(inner.url, offer).url("https://ci.example/tickets/7c1d")
        assert "expected https://, got" in redeemed(hidden)["error"]["detail"]
        box = PostBox(f"{inner.url}/stop", {"key": "${filename}"})
        assert "error" in redeemed(ticket_of(seen.url, offer).with_box(box).url())
        assert inner.asked == []
        redeemed(ticket_of(seen.url, offer).url())
        assert [each.method for each in seen.asked[-2:]] == ["GET", "POST"]


@pytest.mark.parametrize("used", [True, False])
def test_e4_a_ticket_with_a_box_says_after_its_end_for_which_call_it_was_used_or_when_it_ended(
    monkeypatch: pytest.MonkeyPatch,
    used: bool,  # noqa: FBT001
) -> None:
    """Its box takes no letter any more; the answer to the one that was taken lies in the bucket."""
    monkeypatch.setenv("SEALRUN_UNSAFE_LOOPBACK", "1")
    offer, call = make_offer(), "7c" * 32
    view = {"document": json.loads(offer.document), "open": True}
    run = {"call": call, "offer": offer.id, "state": "running", "receipt": None}
    with web({f"GET /offers/{offer.id}": (200, view), f"GET /calls/{call}": (200, run)}) as bucket:
        until, secret = int(time.time()) - 60, PrivateKey.from_scalar(923)
        given: dict[str, Any] = {"audience": bucket.url, "inputs": {}, "opened": (), "until": until}
        ticket = issue(BUYER, offer, secret, **given)
        if used:
            answer = Answer("ab" * 32, 202, {}, run)
            name = f"/answers/{ticket_letter(ticket.grant.id)}"
            bucket.answers[f"GET {name}"] = (200, json.loads(answer.document()))
        said = redeemed(ticket.with_box(PostBox(f"{bucket.url}/box", {"key": "${filename}"})).url())
    if used:
        assert said["call"] == call
    else:
        ended = datetime.fromtimestamp(until, UTC).isoformat().replace("+00:00", "Z")
        issuer = BUYER.public_key().to_base58()
        assert f"ended at {ended}; ask {issuer}, who issued it" in said["error"]["detail"]


def used_for(call: str) -> tuple[int, dict[str, str]]:
    """What a service says of a ticket that was used."""
    return 409, {"type": "urn:sealrun:problem:ticket-used", "detail": "used", "call": call}


def test_e4_what_a_ticket_was_used_for_is_told_also_to_who_does_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SEALRUN_UNSAFE_LOOPBACK", "1")
    offer, call = make_offer(), "7c" * 32
    view = {"document": json.loads(offer.document), "open": True}
    run = {"call": call, "offer": offer.id, "state": "running", "receipt": None}
    with web({f"GET /offers/{offer.id}": (200, view), f"GET /calls/{call}": (200, run)}) as site:
        ticket = ticket_of(site.url, offer)
        site.answers[f"POST /tickets/{ticket.grant.id}"] = used_for(call)
        done = CliRunner().invoke(app, ["redeem", "-", "--no-wait"], input=ticket.url())
    assert (done.exit_code, done.stdout) == (0, f"running\n{site.url}/calls/{call}\n"), done.exception


@pytest.mark.parametrize("by_letter", [False, True])
def test_c1_a_prepaid_ticket_was_used_for_its_own_call_and_for_no_other(
    monkeypatch: pytest.MonkeyPatch,
    by_letter: bool,  # noqa: FBT001
) -> None:
    """Its issuer signed the call, so its hash is known here: another one is a run of somebody else."""
    monkeypatch.setenv("SEALRUN_UNSAFE_LOOPBACK", "1")
    offer, other, until = make_paid_offer(), "7c" * 32, int(time.time()) + 600
    given: dict[str, Any] = {"inputs": {"layer": "both"}, "until": until}
    drawn: dict[str, Any] = {"asset": MINA.id, "limit": PRICE, "salt": "ab" * 32, "nonce": 7}
    paid = prepay(BUYER, offer, ACCOUNT.public_key(), **drawn, **given)
    view = {"document": json.loads(offer.document), "open": True}
    with web({f"GET /offers/{offer.id}": (200, view)}) as site:
        secret = PrivateKey.from_scalar(923)
        ticket = issue(BUYER, offer, secret, audience=site.url, opened=(), prepaid=paid, **given)
        own = ticket.grant.prepaid_call
        assert own is not None
        if by_letter:
            body = {"call": other, "state": "running", "receipt": None}
            answer = Answer("ab" * 32, 202, {}, body)
            name = f"/answers/{ticket_letter(ticket.grant.id)}"
            site.answers[f"GET {name}"] = (200, json.loads(answer.document()))
            ticket = ticket.with_box(PostBox(f"{site.url}/box", {"key": "${filename}"}))
        else:
            site.answers[f"POST /tickets/{ticket.grant.id}"] = used_for(other)
        said = redeemed(ticket.url())
        assert f"for its own call, {own.id}, got {other}" in said["error"]["detail"]
        assert not any(other in asked.path for asked in site.asked)


@pytest.mark.parametrize("own", [True, False])
def test_c1_the_call_that_a_free_ticket_was_used_for_is_of_the_tickets_own_key(
    monkeypatch: pytest.MonkeyPatch,
    own: bool,  # noqa: FBT001
) -> None:
    """Else a service shows somebody else's good run for the one that was never started."""
    monkeypatch.setenv("SEALRUN_UNSAFE_LOOPBACK", "1")
    world, secret = World(), PrivateKey.from_scalar(923)
    signed = sign_call(world.offer, buyer=secret if own else BUYER)
    record = world.settle(world.call(signed).record.call_hash)
    view = {"document": json.loads(world.offer.document), "open": True}
    run = {"call": record.id, "offer": world.offer.id, "state": "succeeded", "receipt": record.receipt}
    documents = {"call.json": signed.call.public.document().decode()}
    evidence: dict[str, Any] = {"documents": documents, "index": None, "openings": None, "files": []}
    answers: Any = {
        f"GET /offers/{world.offer.id}": (200, view),
        f"GET /calls/{record.id}": (200, run),
        f"GET /calls/{record.id}/evidence": (200, evidence),
    }
    with web(answers) as site:
        ticket = ticket_of(site.url, world.offer)
        site.answers[f"POST /tickets/{ticket.grant.id}"] = used_for(record.id)
        done = CliRunner().invoke(app, ["redeem", "-", "--json"], input=ticket.url())
        said = json.loads(done.stdout)
    if own:
        assert (said["call"], said["state"]) == (record.id, "succeeded")
    else:
        assert f"a call of its own key, {secret.public_key().to_base58()}, got" in said["error"]["detail"]


@pytest.mark.parametrize("network", ["mina:devnet", "mina:mainnet"])
def test_a10_what_was_settled_elsewhere_under_the_same_key_raises_no_limit(
    tmp_path: Path, network: str
) -> None:
    """Whoever remembers nothing begins with what a node shows to be settled: of this very account."""
    offer = make_paid_offer()
    assert offer.payment is not None
    terms = replace(offer.payment.terms, network=network)
    state = [terms.hash, *BUYER.public_key().to_fields(), 20 * PRICE, 0, 0, 9, 1]
    account = {"balance": {"total": "1"}, "zkappState": [*map(str, state)]}
    served = {"document": json.loads(offer.document), "open": True, "reason": ""}
    answers: Any = {
        f"GET /offers/{offer.id}": (200, served),
        "POST /graphql": (200, {"data": {"account": account}}),
    }
    until = datetime.fromtimestamp(time.time() + 600, UTC).isoformat()
    with web(answers) as site:
        words = ["ticket", f"{site.url}/offers/{offer.id}", "--key", "-", "--until", until, "--yes", "--json"]
        words += ["--input", "layer=both", "--pay", "--account", ADDRESS]
        words += ["--node", f"{site.url}/graphql", "--state", str(tmp_path)]
        done = CliRunner().invoke(app, words, input=BUYER.to_base58())
    value = json.loads(done.stdout)
    if network == offer.network:
        [made] = value["tickets"]
        prepaid = Ticket.parse(made["url"]).grant.prepaid
        assert prepaid is not None
        assert prepaid.limit == 21 * PRICE
        return
    assert value["error"]["type"] == "wrong-account"
    assert f"got one of {terms.id}" in value["error"]["detail"]
    assert not (tmp_path / f"{ADDRESS}.json").exists()
