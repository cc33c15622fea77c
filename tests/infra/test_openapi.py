"""The description of the public API: it names what the handlers have, and fits what they answer."""

import base64
import copy
import json
from dataclasses import replace
from typing import Any

import httpx
import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from infra.layers import ROOT
from infra.openapi.__main__ import FILE, FUNCTIONS, main, text
from infra.openapi.document import make_document
from infra.openapi.handlers import OTHER_PROTOCOLS, Handled, handled
from infra.openapi.routes import ROUTES
from local.lambda_runtime.routes import line
from local.routing import Routes
from local.stack import ROUTES as GATEWAY
from sealrun.calls.ticket_url import Ticket
from sealrun.errors import PaymentRequired
from sealrun.money import x402
from sealrun.money.buyer import sign_read
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.offers.terms import Terms
from sealrun.service.views import offer_view, public_view
from sealrun.workflows.list_offers import list_offers
from sealrun.workflows.list_receipts import receipts_page
from sealrun.workflows.read_account import read_account
from sealrun.workflows.read_receipt import read_evidence
from tests.sealrun.calls.test_ticket import free_ticket, paid_ticket, redemption
from tests.sealrun.fake_chain import account_answer
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SELLER_SITE, SERVICE, Market, body_of, payment_of
from tests.sealrun.offers.test_proved import proved, proved_terms
from tests.sealrun.workflows.test_list_calls import asked
from tests.sealrun.workflows.test_list_calls import right as calls_right
from tests.sealrun.workflows.test_read_account import asked as asked_account
from tests.sealrun.workflows.test_read_account import right
from tests.sealrun.world import (
    ACCOUNT,
    BUYER,
    PRICE,
    SELLER,
    World,
    chain_value,
    evidence_value,
    make_chain_offer,
    make_offer,
    make_paid_offer,
    offer_value,
    paid_value,
    sign_call,
    terms_value,
)

WRONG_METHOD = "urn:sealrun:problem:method-not-allowed"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def troubles(name: str, value: object) -> list[str]:
    """Where the value does not fit the named schema."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return [
        str(error.instance_path) for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(value)
    ]


def decoded(header: str) -> dict[str, Any]:
    return dict(json.loads(base64.b64decode(header)))


def test_the_published_file_is_what_the_handlers_say(capsys: Any, tmp_path: Any) -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m infra.openapi"
    assert main(["--check"]) == 0
    (old := tmp_path / "openapi.json").write_text("{}")
    assert main(["--check", "--file", str(old)]) == 1
    assert "run: python -m infra.openapi" in capsys.readouterr().err
    assert main(["--file", str(old)]) == 0
    assert old.read_text() == FILE.read_text()


def test_it_is_openapi_3_1_by_a_validator_that_is_kept() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    validate(DOCUMENT)
    broken = copy.deepcopy(DOCUMENT)
    del broken["paths"]["/calls/{call}"]["get"]["parameters"]
    assert [error.message for error in OpenAPIV31SpecValidator(broken).iter_errors()]


@pytest.mark.parametrize("name", sorted(GATEWAY.keys() - set(OTHER_PROTOCOLS)))
def test_every_route_that_a_handler_resolves_is_named(name: str, monkeypatch: Any) -> None:
    """By the resolver's own table, which the generator does not read."""
    module = load(name, Market(), monkeypatch)
    app = getattr(module, "app", None)
    resolved = (
        {(method, path.replace("<", "{").replace(">", "}")) for method, path in app.routes} if app else set()
    )
    named = {
        (method.upper(), path)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if operation["tags"] == [name]
    }
    assert resolved == named


def test_a_route_without_an_entry_and_an_entry_without_a_route_are_refused() -> None:
    routes = handled(FUNCTIONS)
    new = Handled("once", "post_ticket", "POST", "/tickets", "Take a ticket.")
    with pytest.raises(ValueError, match="got no POST /tickets"):
        make_document([*routes, new], ROUTES)
    with pytest.raises(ValueError, match="got no GET /accounts"):
        make_document([each for each in routes if each.function != "account"], ROUTES)


def test_the_gateway_of_the_local_stack_leads_each_route_to_its_function() -> None:
    gateway = Routes(line(route, name) for name, routes in GATEWAY.items() for route in routes)
    for each in handled(FUNCTIONS):
        found = gateway.find(each.method, each.path)
        assert found is not None, each.route
        assert found[0] == each.function, each.route


def test_a_handler_whose_path_is_no_plain_text_is_refused(tmp_path: Any) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for source, message in (
        ('@app.get(PATH)\ndef get():\n    """Get."""\n', "expected a path as plain text"),
        ('@app.get("/odd")\ndef get():\n    pass\n', "expected a docstring"),
        ('@app.route("/odd")\ndef get():\n    """Get."""\n', "expected one of get"),
    ):
        (folder / "handler.py").write_text(source)
        with pytest.raises(ValueError, match=message):
            handled(tmp_path)


def test_the_function_publishes_the_file(monkeypatch: Any) -> None:
    gateway = Gateway(load("receipt", Market(), monkeypatch))
    answer = gateway.answer(httpx.Request("GET", "https://calls.test/openapi.json"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == DOCUMENT
    wrong = gateway.answer(httpx.Request("DELETE", "https://calls.test/openapi.json"))
    assert (wrong.status_code, wrong.headers["allow"], wrong.json()["type"]) == (405, "GET", WRONG_METHOD)
    assert gateway.answer(httpx.Request("GET", "https://calls.test/other")).status_code == 404


@pytest.mark.parametrize("value", [offer_value(), paid_value(), chain_value()])
def test_offers_fit(value: dict[str, Any]) -> None:
    assert troubles("Offer", value) == []
    for name in value:
        assert troubles("Offer", {each: value[each] for each in value if each != name}) or name in (
            "payment",
            "credential",
        )
    assert troubles("Offer", {**value, "more": 1})
    assert troubles("Offer", {**value, "prices": [{"amount": "01"}]})
    assert troubles(
        "Offer", {**value, "inputs": {**value["inputs"], "properties": {"a": {"type": "string"}}}}
    )


def test_calls_and_their_views_fit() -> None:
    world = World()
    signed = sign_call(world.offer)
    assert troubles("Call", signed.body()) == []
    assert troubles("Call", {**signed.body(), "buyer": "B62"})
    accepted = world.call(signed)
    assert (
        troubles("AcceptedCall", {**public_view(accepted.record), "url": "https://calls.test/calls/1"}) == []
    )
    over = world.settle(accepted.record.call_hash)
    assert troubles("CallView", public_view(over)) == []
    assert troubles("Receipt", over.receipt) == []
    assert troubles("CallView", {**public_view(over), "state": "lost"})
    found = read_evidence(
        over.id, {}, service=SERVICE, ledger=world.ledger, store=world.store, now=world.clock.now
    )
    assert found["files"]
    assert troubles("Evidence", found) == []
    until = world.clock.now + 60
    signs = sign_read(
        BUYER, "mina:devnet", BUYER.public_key(), over.call_hash, expires_at=until, service=SERVICE
    )
    named = {name.removeprefix("Sealrun-").replace("-", "_").lower(): value for name, value in signs.items()}
    found = read_evidence(
        over.id, named, service=SERVICE, ledger=world.ledger, store=world.store, now=world.clock.now
    )
    assert "profile/build/job.log" in found["documents"]
    assert troubles("Evidence", found) == []
    assert troubles("Evidence", {**found, "documents": {"profile/build/job.log": 1}})


def test_lists_of_offers_fit() -> None:
    market = Market()
    market.ledger.publish(StoredOffer(make_offer(), "", b"", b"", b"", paused="holidays"))
    found = list_offers(ledger=market.ledger, service=SERVICE)
    assert troubles("OfferList", found) == []
    assert [each["open"] for each in found["offers"]].count(True) == 1
    assert troubles("OfferList", {**found, "next": market.offer.id}) == []
    assert troubles("OfferList", {**found, "offers": [{**found["offers"][0], "more": 1}]})


@pytest.mark.parametrize("offer", [make_offer(), make_paid_offer(), make_chain_offer()])
def test_what_is_shown_of_an_offer_fits(offer: Offer) -> None:
    market = Market(offer=offer)
    view = offer_view(market.ledger.offer(offer.hash), market.payments.seller)
    assert troubles("OfferView", view) == []
    assert troubles("OfferView", {**view, "accepts": [{}]})


def test_l4_the_three_payment_headers_fit() -> None:
    market = Market()
    signed = market.sign(limit=PRICE)
    with pytest.raises(PaymentRequired) as refused:
        market.pay(signed, payment="")
    assert troubles("PaymentRequired", refused.value.required) == []
    payment = payment_of(signed, market.offer)
    assert troubles("PaymentSignature", payment) == []
    assert troubles("Call", body_of(signed)) == []
    accepted = market.pay(signed)
    assert troubles("PaymentResponse", decoded(accepted.headers[x402.RESPONSE_HEADER])) == []
    with pytest.raises(PaymentRequired) as stale:
        market.pay(market.sign(limit=PRICE, nonce=9))
    assert stale.value.required["accepts"][0]["extra"]["correction"]
    assert troubles("PaymentRequired", stale.value.required) == []
    assert troubles("PaymentRequirements", x402.accepts(market.offer, SELLER_SITE)[0]) == []


def test_a6_both_views_of_an_account_fit_and_neither_is_the_other() -> None:
    market = Market()
    done = market.bought(limit=PRICE)
    for who, kind, other, call in (
        (SELLER, "Settlement", "Figure", ""),
        (BUYER, "Figure", "Settlement", ""),
        (BUYER, "Figure", "Settlement", done.id),
    ):
        found = read_account(
            ACCOUNT.public_key().to_base58(),
            right(market, who),
            service=SERVICE,
            ledger=market.ledger,
            oracle=lambda _: market.oracle,
            now=market.clock.now,
            call_id=call,
        )
        assert (troubles("AccountView", found), troubles(kind, found)) == ([], [])
        assert troubles(other, found)


PROVED = Terms.parse(proved_terms())


def test_a6_both_views_of_a_proved_account_fit_and_neither_is_another() -> None:
    market = Market(offer=proved())
    market.chain.answer = account_answer(terms=PROVED)
    market.bought(limit=PRICE)
    for who, kind in ((SELLER, "ProvedSettlement"), (BUYER, "ProvedFigure")):
        found = asked_account(market, who)
        assert (troubles("AccountView", found), troubles(kind, found)) == ([], [])


def test_lists_of_an_accounts_calls_fit() -> None:
    market = Market()
    market.bought(limit=PRICE)
    found = asked(market, calls_right(market))
    assert found["calls"]
    assert troubles("AccountCalls", found) == []
    assert troubles("AccountCalls", {**found, "calls": [{**found["calls"][0], "inputs": {}}]})


def test_lists_of_an_offers_receipts_fit() -> None:
    market = Market(offer=make_paid_offer(evidence=evidence_value(inputs="public")))
    market.bought(limit=PRICE)
    found = receipts_page(market.offer, ledger=market.ledger)
    assert found["receipts"]
    assert troubles("OfferReceipts", found) == []
    assert troubles("OfferReceipts", {**found, "receipts": [{**found["receipts"][0], "inputs": {}}]})


@pytest.mark.parametrize(
    "ticket", [free_ticket(make_offer()), paid_ticket(make_paid_offer(), 1, limit=PRICE)]
)
def test_tickets_fit(ticket: Ticket) -> None:
    body = redemption(ticket).body()
    assert troubles("Redemption", body) == []
    assert troubles("Redemption", {**body, "account": "B62"})


def test_terms_fit() -> None:
    assert troubles("Terms", terms_value()) == []
    assert troubles("Terms", {**terms_value(), "operator_share": 10_001})


def test_every_problem_has_the_types_of_the_code() -> None:
    types = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert "urn:sealrun:problem:payment-required" in types
    source = (ROOT / "layers/sealrun/src/sealrun/errors.py").read_text(encoding="utf-8")
    assert len(types) == source.count("    type = ") + source.count("    type: ClassVar") + 1


def test_a_summary_is_the_handlers_own_first_line() -> None:
    found = {each.name: each for each in handled(FUNCTIONS)}
    operation = DOCUMENT["paths"]["/offers/{offer}"]["get"]
    assert operation["summary"] == found["get_offer"].words
    changed = [replace(each, words=f"{each.words}\n\nMore.") for each in found.values()]
    assert make_document(changed, ROUTES)["paths"]["/offers/{offer}"]["get"]["description"] == "More."
