"""functions/mcp before the official client, in both eras of the protocol."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, TextContent, TextResourceContents

from mina.sign import sign_fields
from mina.verify import verify_fields
from sealrun.adapters.mcp.exchange import MAX_MESSAGE_BYTES
from sealrun.calls.call import SignedCall
from sealrun.encoding.fields import canonical
from sealrun.money.buyer import sign_read
from sealrun.money.buyer_mechanism import Known, MinaBatchSettlement
from sealrun.money.x402 import payment_required
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.receipt import SignedReceipt
from sealrun.service.tools import tool_name
from sealrun.workflows.list_offers import PAGE_OFFERS
from sealrun.workflows.read_receipt import read_receipt
from tests.sealrun.adapters.mcp.client import connected, function
from tests.sealrun.gateway import Gateway
from tests.sealrun.market import SELLER_SITE, SERVICE, Market, body_of, payment_of
from tests.sealrun.world import BUYER, CONTRACT, ORACLE, PRICE, make_offer, sign_call

ERAS = ("auto", "legacy")


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def gateway(market: Market, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return function(market, monkeypatch)


def talk(gateway: Gateway, steps: Callable[[Client], Awaitable[Any]], era: str = "auto") -> Any:
    async def run() -> Any:
        async with connected(gateway, mode=era) as client:
            try:
                return await steps(client)
            except MCPError as error:
                return error

    result = anyio.run(run)
    if isinstance(result, MCPError):
        raise result
    return result


def meta_of(signed: SignedCall, market: Market, **changes: Any) -> dict[str, Any]:
    body = body_of(signed)
    del body["inputs"]
    return {"sealrun/call": body, "x402/payment": payment_of(signed, market.offer, **changes)}


def call(gateway: Gateway, market: Market, meta: dict[str, Any] | None, era: str = "auto") -> CallToolResult:
    name = tool_name(market.offer.id)
    return talk(gateway, lambda client: client.call_tool(name, {"layer": "both"}, meta=meta), era)  # type: ignore[no-any-return,arg-type]


def text_of(result: CallToolResult) -> Any:
    first = result.content[0]
    assert isinstance(first, TextContent)
    return json.loads(first.text)


@pytest.mark.parametrize("era", ERAS)
def test_each_offer_is_a_tool_that_tells_its_schema_its_cost_and_its_grade(
    market: Market, gateway: Gateway, era: str
) -> None:
    [tool] = talk(gateway, lambda client: client.list_tools(), era).tools
    assert tool.name == tool_name(market.offer.id)
    assert tool.input_schema == market.offer.inputs.schema
    assert "Costs 5 MINA if the run succeeds, and 0 if it fails" in tool.description
    assert "grade 0 or better: the operator's word" in tool.description
    assert f"commit {market.offer.source.commit}" in tool.description
    assert tool.meta["sealrun/offer"] == f"{SERVICE}/offers/{market.offer.id}"
    assert tool.meta["sealrun/prices"][0]["amount"] == str(PRICE)


@pytest.mark.parametrize("era", ERAS)
def test_l4_a_call_without_payment_is_told_its_price_by_x402s_transport(
    market: Market, gateway: Gateway, era: str
) -> None:
    result = call(gateway, market, None, era)
    expected = payment_required(market.offer, SELLER_SITE, "PAYMENT-SIGNATURE: expected a payment, got none")
    assert result.is_error
    assert result.structured_content == text_of(result) == expected
    assert market.provider.starts == 0
    assert not market.ledger.records


@pytest.mark.parametrize("era", ERAS)
def test_a_paid_call_is_taken_and_answered_with_links_and_the_reserved_price(
    market: Market, gateway: Gateway, era: str
) -> None:
    signed = market.sign(limit=PRICE)
    result = call(gateway, market, meta_of(signed, market), era)
    assert not result.is_error
    place = f"{SERVICE}/calls/{signed.call.id}"
    assert result.structured_content == text_of(result)
    assert result.structured_content["url"] == place
    assert [each.uri for each in result.content[1:]] == [place, f"{place}/receipt", f"{place}/evidence"]  # type: ignore[union-attr]
    assert result.meta is not None
    assert result.meta["x402/payment-response"]["extra"]["status"] == "reserved"
    assert market.provider.starts == 1


def test_l3_a_replayed_payment_starts_nothing_and_is_answered_as_before(
    market: Market, gateway: Gateway
) -> None:
    meta = meta_of(market.sign(limit=PRICE), market)
    first, again = call(gateway, market, meta), call(gateway, market, meta, "legacy")
    assert first.meta is not None
    assert again.meta is not None
    assert first.meta["x402/payment-response"] == again.meta["x402/payment-response"]
    assert market.provider.starts == 1
    assert len(market.ledger.records) == 1


def test_one_payment_does_not_pay_for_a_second_call(market: Market, gateway: Gateway) -> None:
    signed = market.sign(limit=PRICE)
    meta = meta_of(signed, market)
    assert not call(gateway, market, meta).is_error
    meta["sealrun/call"]["nonce"] = f"{8:032x}"
    result = call(gateway, market, meta)
    assert result.is_error
    assert "callHash: expected" in text_of(result)["detail"]
    assert market.provider.starts == 1


def test_the_tools_arguments_are_what_was_signed(market: Market, gateway: Gateway) -> None:
    meta = meta_of(market.sign(limit=PRICE, inputs={"layer": "mina"}), market)
    assert "callHash: expected" in text_of(call(gateway, market, meta))["detail"]
    assert market.provider.starts == 0


def test_a_payment_for_another_offer_is_refused(market: Market, gateway: Gateway) -> None:
    signed = market.sign(limit=PRICE)
    accepted = {**payment_of(signed, market.offer)["accepted"], "amount": "1"}
    result = call(gateway, market, meta_of(signed, market, accepted=accepted))
    assert "accepted.amount: expected" in text_of(result)["detail"]


@pytest.mark.parametrize(
    ("meta", "says"),
    [
        ({"sealrun/call": []}, "sealrun/call: expected an object"),
        ({"sealrun/call": {"inputs": {}}}, "sealrun/call: expected an object without inputs"),
        ({"x402/payment": "x"}, "x402/payment: expected a PaymentPayload"),
        ({"x402/payment": {}}, "payment: expected"),
    ],
)
def test_what_is_malformed_is_told(market: Market, gateway: Gateway, meta: dict[str, Any], says: str) -> None:
    result = call(gateway, market, meta)
    assert result.is_error
    assert says in text_of(result)["detail"]


def test_an_offer_of_price_0_takes_a_signed_call(monkeypatch: pytest.MonkeyPatch) -> None:
    market = Market(offer=make_offer())
    gateway = function(market, monkeypatch)
    body = sign_call(market.offer, expires_at=market.clock.now + 60).body()
    inputs = body.pop("inputs")
    name = tool_name(market.offer.id)
    meta: Any = {"sealrun/call": body}
    result = talk(gateway, lambda client: client.call_tool(name, inputs, meta=meta))
    assert result.structured_content["state"] == "running"
    unsigned = call(gateway, market, None)
    assert "account" in text_of(unsigned)["detail"]


@pytest.mark.parametrize("era", ERAS)
def test_call_receipt_and_evidence_are_read_as_resources(market: Market, gateway: Gateway, era: str) -> None:
    signed = market.sign(limit=PRICE)
    result = call(gateway, market, meta_of(signed, market), era)
    links = [each.uri for each in result.content[1:]]  # type: ignore[union-attr]
    with pytest.raises(MCPError, match="expected a call that is over, got one that is running"):
        read(gateway, links[1], era=era)
    market.settle(signed.call.hash)
    view, receipt, evidence = (read(gateway, link, era=era) for link in links)
    assert view["state"] == "succeeded"
    assert receipt == read_receipt(signed.call.id, ledger=market.ledger)
    checked = SignedReceipt.parse(receipt)
    assert checked.holds()
    assert checked.public_key == ORACLE.public_key()
    assert evidence["openings"] is None
    assert read(gateway, f"{SERVICE}/offers/{market.offer.id}", era=era)["open"]


def test_l5_what_is_the_buyers_own_takes_the_buyers_right(market: Market, gateway: Gateway) -> None:
    record = market.bought(limit=PRICE)
    uri = f"{SERVICE}/calls/{record.id}/evidence"
    signed = market.sign(limit=PRICE)
    until = market.clock.now + 60
    right = sign_read(
        BUYER, market.offer.network, signed.call.account, record.call_hash, expires_at=until, service=SERVICE
    )
    named = {"expires_at": right["Sealrun-Expires-At"], "signature": right["Sealrun-Signature"]}
    assert read(gateway, uri, {"sealrun/read": named})["openings"] is not None
    other = sign_read(
        ORACLE, market.offer.network, signed.call.account, record.call_hash, expires_at=until, service=SERVICE
    )
    with pytest.raises(MCPError, match="expected the buyer's"):
        read(gateway, uri, {"sealrun/read": {**named, "signature": other["Sealrun-Signature"]}})
    with pytest.raises(MCPError, match="sealrun/read: expected"):
        read(gateway, uri, {"sealrun/read": 1})


def read(gateway: Gateway, uri: str, meta: dict[str, Any] | None = None, era: str = "auto") -> Any:
    result = talk(gateway, lambda client: client.read_resource(uri, meta=meta), era)  # type: ignore[arg-type]
    [content] = result.contents
    assert isinstance(content, TextResourceContents)
    return json.loads(content.text)


@pytest.mark.parametrize(
    "uri",
    [
        "https://other.test/calls/" + "0" * 64,
        f"{SERVICE}/calls/{'0' * 63}",
        f"{SERVICE}/offers/{'0' * 64}/receipt",
        f"{SERVICE}/calls/{'0' * 64}/receipt?after=3",
        f"{SERVICE}/accounts/x",
        f"{SERVICE}/calls/{'0' * 64}",
        "file:///etc/passwd",
    ],
)
def test_nothing_else_is_a_resource(gateway: Gateway, uri: str) -> None:
    with pytest.raises(MCPError, match="expected one"):
        read(gateway, uri)


def test_the_templates_are_those_of_what_is_read(gateway: Gateway) -> None:
    found = talk(gateway, lambda client: client.list_resource_templates()).resource_templates
    assert [each.uri_template for each in found] == [
        f"{SERVICE}/offers/{{offer}}",
        f"{SERVICE}/calls/{{call}}",
        f"{SERVICE}/calls/{{call}}/receipt",
        f"{SERVICE}/calls/{{call}}/evidence{{?after}}",
    ]


def test_offers_come_in_pages_and_closed_ones_not_at_all(market: Market, gateway: Gateway) -> None:
    offers = [make_offer(title=f"Job {number}") for number in range(PAGE_OFFERS + 4)]
    for number, offer in enumerate(offers):
        stored = StoredOffer(offer, "closed for ever" if number == 0 else "", b"", b"", b"")
        market.ledger.publish(replace(stored, paused="a rest") if number == 1 else stored)

    async def all_tools(client: Client) -> list[Any]:
        found, cursor = [], None
        while True:
            page = await client.list_tools(cursor=cursor)
            assert len(page.tools) <= PAGE_OFFERS
            found += page.tools
            if (cursor := page.next_cursor) is None:
                return found

    found = {tool.name: tool.description for tool in talk(gateway, all_tools)}
    assert found.keys() == {tool_name(offer.id) for offer in [market.offer, *offers[1:]]}
    assert "Takes no call now: a rest." in found[tool_name(offers[1].id)]
    with pytest.raises(MCPError, match="after: expected"):
        talk(gateway, lambda client: client.list_resources(cursor="x"))


def test_l15_an_offer_whose_calls_an_edge_takes_is_no_tool_here(market: Market, gateway: Gateway) -> None:
    offer = make_offer(edge=CONTRACT.public_key().to_base58())
    market.ledger.publish(StoredOffer(offer, "", b"", b"", b""))
    tools = talk(gateway, lambda client: client.list_tools()).tools
    assert [tool.name for tool in tools] == [tool_name(market.offer.id)]
    assert len(talk(gateway, lambda client: client.list_resources()).resources) == 2


@pytest.mark.parametrize("era", ERAS)
def test_an_agent_gets_the_price_signs_it_pays_waits_and_verifies_the_receipt(
    market: Market, gateway: Gateway, era: str
) -> None:
    call = market.sign(limit=0).call
    made = MinaBatchSettlement(
        call,
        market.offer,
        buyer=BUYER.public_key(),
        sign=lambda fields: sign_fields(BUYER, fields),
        known=Known(0, 0),
    )
    told = made.body()
    inputs = told.pop("inputs")

    async def buy(client: Client) -> SignedReceipt:
        [tool] = (await client.list_tools()).tools
        unpaid = await client.call_tool(tool.name, inputs)
        accepted = unpaid.structured_content["accepts"][0]
        payload = made.create_payment_payload(accepted)
        payment = {"x402Version": 2, "accepted": accepted, "payload": payload}
        meta: Any = {"sealrun/call": told, "x402/payment": payment}
        taken = await client.call_tool(tool.name, inputs, meta=meta)
        market.settle(int(taken.structured_content["call"], 16))
        [content] = (await client.read_resource(taken.content[2].uri)).contents  # type: ignore[union-attr]
        return SignedReceipt.parse(json.loads(content.text))  # type: ignore[union-attr]

    signed = talk(gateway, buy, era)
    assert signed.holds()
    assert signed.public_key == ORACLE.public_key()
    assert signed.receipt.call_hash == call.hash
    assert signed.receipt.status.name == "SUCCEEDED"


def test_an_unknown_tool_is_refused(gateway: Gateway) -> None:
    result = talk(gateway, lambda client: client.call_tool("run_0", {}))
    assert "tool: expected one of an offer that is sold here" in text_of(result)["detail"]


@pytest.mark.parametrize("era", ERAS)
def test_a_fault_of_ours_says_nothing_of_itself(
    market: Market,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    era: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the database's password")

    monkeypatch.setattr(market.ledger, "published", broken)
    for steps in (lambda client: client.list_tools(), lambda client: client.call_tool("run_0", {})):
        with pytest.raises(MCPError) as raised:
            talk(gateway, steps, era)
        assert "password" not in str(raised.value)
    assert "the database's password" in capsys.readouterr().out


def test_l14_what_is_no_message_is_refused_before_it_is_parsed(gateway: Gateway) -> None:
    def post(body: bytes, method: str = "POST") -> int:
        headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        return gateway.answer(
            httpx.Request(method, f"{SERVICE}/mcp", headers=headers, content=body)
        ).status_code

    ping = canonical({"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert post(ping) == 200
    for bad in (b"", b"[]", b"[" * 10**5, b'{"jsonrpc":"2.0","id":NaN}', b"x" * (MAX_MESSAGE_BYTES + 1)):
        assert post(bad) == 400
    assert post(b"", "GET") == 405
    assert post(b"", "DELETE") == 405
    assert post(canonical({"jsonrpc": "2.0", "method": "notifications/initialized"})) == 202


def test_the_receipts_signature_is_the_oracles(market: Market, gateway: Gateway) -> None:
    record = market.bought(limit=PRICE)
    signed = SignedReceipt.parse(read(gateway, f"{SERVICE}/calls/{record.id}/receipt"))
    assert verify_fields(signed.signature, ORACLE.public_key(), signed.receipt.fields())
