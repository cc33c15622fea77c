"""``sealrun child``: what it refuses before it signs, whom it asks, and that it makes one call only."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result
from werkzeug import Response

from local.loopback import LoopbackServer, Request
from mina import tokens
from mina.keys import PrivateKey
from sealrun.calls.call import MAX_CALL_DEPTH, SignedCall
from sealrun.money import x402
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA
from sealrun.offers.named_offer import FORMAT
from sealrun.offers.offer import Offer
from sealrun_cli.lib.book import page
from sealrun_cli.lib.child_calls import EXPIRES_AFTER
from sealrun_cli.main import app
from tests.cli.web import Answer, Web, web
from tests.sealrun.market import SELLER_SITE
from tests.sealrun.world import PRICE, make_offer, make_paid_offer

KEY = PrivateKey.from_scalar(4242)
ACCOUNT = PrivateKey.from_scalar(4343).public_key().to_base58()
PARENT, CLAIMED_AT = "0a" * 32, 1_900_000_000
KIND: dict[str, Any] = {"type": "string", "format": FORMAT, "maxLength": 256}


def asking(**bounds: Any) -> Offer:
    """The parent's offer."""
    properties = {"scanner": {**KIND, **bounds}, "other": KIND, "word": {"type": "boolean"}}
    inputs = {"type": "object", "properties": properties, "additionalProperties": False}
    return make_offer(title="Asks", inputs=inputs)


def sold(offer: Offer) -> dict[str, Answer]:
    view = {"offer": offer.id, "document": json.loads(offer.document), "open": True, "reason": None}
    return {f"GET /offers/{offer.id}": (200, view)}


def parent_view(outer: Offer, **changes: Any) -> dict[str, Answer]:
    view = {"offer": outer.id, "claimed_at": CLAIMED_AT, "depth": 0, "receipt": None, "state": "running"}
    return {f"GET /calls/{PARENT}": (200, {**view, **changes})}


@dataclass
class Job:
    """A job with its parent's service and another one's, each on this machine."""

    folder: Path
    home: Web
    there: Web
    results: list[Result] = field(default_factory=list)

    def value(self, offer: Offer, at: Web | None = None) -> str:
        return f"{(at or self.there).url.removeprefix('http://').replace(':', '+')}/offers/{offer.id}"

    def run(self, value: str, *more: str, name: str = "scanner", state: str = "state") -> dict[str, Any]:
        """The command's JSON; no output ever holds the key."""
        kept = ["--state", str(self.folder / state), "--evidence", str(self.folder / "got")]
        named = [value, "--as", name, "--parent", f"{self.home.url}/calls/{PARENT}", "--key", "-"]
        done = CliRunner().invoke(app, ["child", *named, *kept, *more, "--json"], input=KEY.to_base58())
        self.results.append(done)
        assert KEY.to_base58() not in done.output
        return dict(json.loads(done.stdout))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    with web({}) as home, web({}) as there:
        yield Job(tmp_path, home, there)


HERE = "--unsafe-loopback"
PLAIN = make_offer(title="Scans")


def posts(site: Web) -> list[Any]:
    return [each.body for each in site.asked if each.method == "POST"]


def test_r12_l9_a_service_on_this_machine_or_in_its_network_is_not_asked(job: Job) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    error = job.run(job.value(PLAIN))["error"]
    assert "https://" in error["detail"] or "public address" in error["detail"]
    assert job.there.asked == []
    for host in ("10.0.0.7", "169.254.169.254", "192.168.1.1"):
        error = job.run(f"{host}/offers/{PLAIN.id}")["error"]
        assert "expected a public address" in error["detail"]


def test_r12_l9_no_redirect_is_followed(job: Job) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()) | sold(PLAIN))

    def elsewhere(request: Request) -> Response:
        return Response(status=302, headers={"location": f"{job.home.url}{request.raw_path}"})

    with LoopbackServer(elsewhere, max_body=1 << 10) as server:
        job.there.url = server.url
        assert job.run(job.value(PLAIN), HERE)["error"]["type"] == "unreachable"
    assert not any(each.path.endswith(PLAIN.id) for each in job.home.asked)


def test_r12_c1_another_document_than_the_hash_names_is_not_bought(job: Job) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    other = make_offer(title="Scams")
    job.there.answers[f"GET /offers/{PLAIN.id}"] = sold(other)[f"GET /offers/{other.id}"]
    assert "expected the document of" in job.run(job.value(PLAIN), HERE)["error"]["detail"]
    assert posts(job.there) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"receipt": {}}, "which is over"),
        ({"depth": MAX_CALL_DEPTH}, "expected a call at most 3 deep, got one at depth 4"),
        ({"depth": 100}, "depth"),
        ({"depth": -1}, "depth"),
        ({"claimed_at": "soon"}, "claimed_at"),
        ({"offer": "x"}, "offer"),
    ],
)
def test_r12_a_parent_that_is_over_or_too_deep_has_no_children(
    job: Job, changes: dict[str, Any], says: str
) -> None:
    job.home.answers.update(parent_view(asking(), **changes) | sold(asking()))
    job.there.answers.update(sold(PLAIN))
    assert says in job.run(job.value(PLAIN), HERE)["error"]["detail"]
    assert job.there.asked == []


PAID = make_paid_offer()
COST = PAID.prices[0].value()
OWNER = PrivateKey.from_scalar(4444).public_key()
RUNS = {
    "asset": tokens.to_base58(tokens.derive_token_id(OWNER)),
    "amount": "2",
    "decimals": 0,
    "symbol": "RUN",
    "owner": OWNER.to_base58(),
}


@pytest.mark.parametrize(
    ("bounds", "offer", "more", "says"),
    [
        ({"enum": [f"scan.example/offers/{PLAIN.id}"]}, PLAIN, (), "is not one of"),
        ({"x-sellers": [ACCOUNT]}, PAID, ("--pay", "--account", ACCOUNT), "expected one of the sellers"),
        (
            {"x-price": {**MINA.of(1).value(), **MINA.value()}},
            PAID,
            ("--pay", "--account", ACCOUNT, "--per-call", "100"),
            "expected one that costs at most",
        ),
        (
            {"x-price": {name: RUNS[name] for name in RUNS if name != "owner"}},
            make_paid_offer(prices=sorted([RUNS, COST], key=lambda each: tokens.from_base58(each["asset"]))),
            ("--pay", "--account", ACCOUNT, "--per-call", "100"),
            "expected to pay in RUN, in which its bound of 2 RUN is, got a price of 5 MINA",
        ),
        ({}, PAID, ("--pay", "--account", ACCOUNT, "--per-call", "0.1"), "the cap of 0.1 MINA per call"),
        ({}, PAID, ("--pay", "--account", ACCOUNT), "the cap of 0 MINA per call"),
        ({}, make_offer(network="mina:mainnet"), (), "expected an offer on mina:devnet"),
        ({}, PLAIN, ("--service", "https://scan.example"), "expected one at https://scan.example"),
    ],
    ids=["list", "seller", "price", "price in another asset", "cap", "no cap", "network", "service"],
)
def test_r12_an_offer_out_of_bounds_is_not_bought(
    job: Job, bounds: dict[str, Any], offer: Offer, more: tuple[str, ...], says: str
) -> None:
    outer = asking(**bounds)
    job.home.answers.update(parent_view(outer) | sold(outer))
    job.there.answers.update(sold(offer))
    result = job.run(job.value(offer), HERE, "--input", "layer=both", *more)
    assert says in result["error"]["detail"], result
    assert posts(job.there) == []


def test_of_several_accounts_that_of_the_offers_terms_pays(job: Job) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    job.there.answers.update(sold(PAID))
    assert PAID.payment is not None
    other = PrivateKey.from_scalar(4444).public_key().to_base58()
    for account, terms in (
        (other, replace(PAID.payment.terms, ledger=PAID.payment.terms.ledger + 1)),
        (ACCOUNT, PAID.payment.terms),
    ):
        with page(job.folder / "state", account, terms, Known(0, 0)) as book:
            book.save()
    paying = ("--input", "layer=both", "--pay", "--account", other)
    found = job.run(job.value(PAID), HERE, *paying, "--account", ACCOUNT)
    assert "the cap of 0 MINA" in found["error"]["detail"]
    none = job.run(job.value(PAID), HERE, *paying, "--account", other)
    assert none["error"]["type"] == "wrong-account"
    blind = job.run(job.value(PAID), HERE, *paying, "--account", other, state="empty")
    assert "expected one that tells accounts' terms" in blind["error"]["detail"]
    assert posts(job.there) == []


def test_r12_a_priced_offer_takes_a_yes_to_pay(job: Job) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    job.there.answers.update(sold(PAID))
    error = job.run(job.value(PAID), HERE, "--input", "layer=both")["error"]
    assert "expected --pay for an offer of" in error["detail"]


@pytest.mark.parametrize("name", ["word", "missing"])
def test_an_input_that_names_no_offer_calls_none(job: Job, name: str) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    error = job.run(job.value(PLAIN), HERE, name=name)["error"]
    assert "expected an input that names an offer, other, scanner" in error["detail"]


def bought(job: Job, *, name: str = "scanner", state: str = "state") -> Any:
    """The body of the call that a job sends; its service is then out of order."""
    before = len(posts(job.there))
    job.run(job.value(PLAIN), HERE, "--input", "layer=both", name=name, state=state)
    body, again = posts(job.there)[before:]
    assert body == again, "without an answer the same call is sent once more"
    return body


def test_r12_a_job_that_lost_everything_makes_the_same_call_again(job: Job) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    job.there.answers.update(sold(PLAIN) | {f"POST /offers/{PLAIN.id}/calls": (500, {})})
    first, again = bought(job, state="one"), bought(job, state="another")
    assert first == again
    call = SignedCall.parse(first, PLAIN)
    call.check_signature()
    assert call.call.parent is not None
    assert (call.call.parent.call, call.call.parent.depth) == (PARENT, 1)
    assert call.call.expires_at == CLAIMED_AT + EXPIRES_AFTER
    assert (call.identifier or "").startswith("child-")
    other = bought(job, name="other")
    assert {other[key] == first[key] for key in ("salt", "nonce", "identifier")} == {False}


def test_r12_a_call_that_was_taken_is_followed_and_not_sent_again(job: Job) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    job.there.answers.update(sold(PLAIN) | {f"POST /offers/{PLAIN.id}/calls": (500, {})})
    body = bought(job)
    call, sent = SignedCall.parse(body, PLAIN).call.id, len(posts(job.there))
    job.there.answers[f"GET /calls/{call}"] = (200, {"state": "running", "receipt": [], "reason": None})
    job.run(job.value(PLAIN), HERE, "--input", "layer=both", state="another")
    assert len(posts(job.there)) == sent
    assert f"/calls/{call}" in job.results[-1].output


@pytest.mark.parametrize("then", [202, 500, 400])
def test_r12_c2_an_operator_that_denies_the_call_it_took_gets_no_second_limit_for_it(
    job: Job, then: int
) -> None:
    job.home.answers.update(parent_view(asking()) | sold(asking()))
    view, required = sold(PAID)[f"GET /offers/{PAID.id}"][1], x402.payment_required(PAID, SELLER_SITE, "pay")
    limits: dict[str, set[int]] = {}

    def answer(request: Request) -> Response:
        if request.method == "GET":
            there = request.raw_path == f"/offers/{PAID.id}"
            return Response(json.dumps(view) if there else "{}", 200 if there else 404)
        if (header := request.headers.get(x402.SIGNATURE_HEADER)) is None:
            return Response("{}", 402, {x402.REQUIRED_HEADER: x402.encoded(required)})
        payload = x402.decoded(header)["payload"]
        limits.setdefault(payload["callHash"], set()).add(int(payload["limit"]))
        status = 202 if len(limits) == 1 else then
        return Response(json.dumps({"state": "running", "receipt": None}), status)

    assert PAID.payment is not None
    with page(job.folder / "state", ACCOUNT, PAID.payment.terms, Known(0, 0)) as book:
        book.save()
    paying = ("--input", "layer=both", "--pay", "--account", ACCOUNT, "--per-call", "100")
    with LoopbackServer(answer, max_body=1 << 20) as denying:
        value = job.value(PAID, at=Web({}, denying.url))
        for _ in range(4):
            job.run(value, HERE, *paying)
    assert list(limits.values()) == [{PRICE}, {2 * PRICE}]
