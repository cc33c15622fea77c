"""A11: the credential on chain is believed only as the offer's own open contract vouches for it."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from sealrun.adapters.mina.node import MinaNodes
from sealrun.chain.offer_contract import credential_document, find_credential
from sealrun.composition.services import Services
from sealrun.composition.settings import Settings
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed, NodeUnavailable, OfferClosed, SealrunError, Unavailable
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import open_credential
from sealrun.workflows.publish_offer import publish_offer
from sealrun.workflows.read_contract import OfferContracts, sealed_credential
from tests.outgoing import HttpxClient
from tests.sealrun.fake_chain import PINNED_OFFER, FakeChain, account_answer, contract_answer, event_of
from tests.sealrun.fakes import FakeClock, FakeKeys, FakeLedger
from tests.sealrun.gateway import ENVIRONMENT
from tests.sealrun.world import CONTRACT, ORACLE, make_chain_offer, make_offer, make_paid_offer, terms_value

OFFER = make_chain_offer()
TOKEN = "glpat-a-secret-token"


class OnChain:
    """An offer that is published with its credential on chain, and its contract."""

    def __init__(self) -> None:
        self.keys, self.ledger, self.clock = FakeKeys(), FakeLedger(), FakeClock()
        made = self.publish()
        self.document = credential_document(OFFER.source.origin, made.sealed)
        self.chain = FakeChain(self.clock, contract_answer(OFFER, self.document))
        self.chain.told = [event_of(self.document)]
        self.contracts = OfferContracts(self.chain, PINNED_OFFER)

    def publish(self, entropy: bytes = bytes(range(32))) -> StoredOffer:
        return publish_offer(
            OFFER,
            token=TOKEN,
            webhook_secret="whsec_",
            ledger=self.ledger,
            keys=self.keys,
            entropy=lambda _: entropy,
        )

    @property
    def stored(self) -> StoredOffer:
        found = self.ledger.offer(OFFER.hash)
        assert found is not None
        return found

    def answers(self, **changes: Any) -> None:
        """The node tells of the contract with changes."""
        self.chain.answer = contract_answer(OFFER, self.document, **changes)

    def token(self) -> str:
        sealed = sealed_credential(self.stored, self.contracts, clock=self.clock)
        return open_credential(OFFER, sealed, self.stored.sealing_key, self.keys).token


def test_a11_the_ledger_holds_only_the_key_and_the_chain_the_sealed_token() -> None:
    made = OnChain()
    assert made.stored.sealed == b""
    assert TOKEN.encode() not in made.document
    assert made.token() == TOKEN


def test_a11_a_second_publication_seals_to_the_key_that_is_there() -> None:
    made = OnChain()
    again = made.publish(bytes(32))
    assert again.sealing_key == made.stored.sealing_key
    assert open_credential(OFFER, again.sealed, again.sealing_key, made.keys).token == TOKEN


def test_a11_the_archive_is_asked_once_and_the_contract_again_when_its_view_is_old() -> None:
    made = OnChain()
    made.token()
    made.token()
    made.clock.passes(60)
    made.token()
    assert (made.chain.asked, made.chain.looks) == (1, 2)


def archive(document: bytes, *, opened: int, tip: int) -> Callable[[str], list[Any]]:
    """An Archive-Node-API as its schema describes it: 10,000 blocks at once, ``to`` exclusive.

    Asked for no range it looks through the newest blocks.
    """
    most = 10_000

    def events(query: str) -> list[Any]:
        asked = {name: int(value) for name, value in re.findall(r"\b(from|to):([0-9]+)", query)}
        to = asked.get("to", tip + 1)
        start = asked.get("from", to - most)
        has = start <= opened < min(to, start + most)
        return [{"eventData": [{"data": event_of(document)}]}] if has else []

    return events


@pytest.mark.parametrize("age", [0, 1, 9_999, 10_000, 10_001, 25_000, 300_000, 499_999])
def test_a11_a_credential_is_found_however_old_its_contract_is(age: int) -> None:
    """Archives look through 10,000 blocks at once, three weeks: later no cold function had the token."""
    made, tip = OnChain(), 500_000
    events = archive(made.document, opened=tip - age, tip=tip)
    tells = {**contract_answer(OFFER, made.document), "bestChain": account_answer(height=tip)["bestChain"]}

    def reply(request: httpx.Request) -> httpx.Response:
        query = json.loads(request.content)["query"]
        data = {"events": events(query)} if "eventData" in query else tells
        return httpx.Response(200, json={"data": data})

    nodes = MinaNodes(
        HttpxClient(transport=httpx.MockTransport(reply)), urls=["https://a.test/graphql"], clock=made.clock
    )
    made.contracts = OfferContracts(nodes, PINNED_OFFER)
    assert made.token() == TOKEN


FOREIGN: dict[str, list[object]] = {
    "another document": [event_of(canonical({"endpoint": OFFER.source.origin, "sealed": "AAAA"}))],
    "no bytes": [["0"], [], ["5"]],
    "a wrong length": [["400", "1"], ["31", "1", "1"]],
    "a field of 32 bytes": [["31", str(1 << 250)]],
    "no list and no numbers": [None, {}, ["31", None], ["31", "-1"], ["x", "y"], [31, 1], ["31", "9" * 200]],
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a11_a_foreign_event_added_by_anyone_is_ignored(name: str) -> None:
    made = OnChain()
    mine = made.chain.told
    made.chain.told = [*FOREIGN[name], *mine, *FOREIGN[name]]
    assert made.token() == TOKEN
    alone = OnChain()
    alone.chain.told = FOREIGN[name]
    with pytest.raises(Unavailable, match=r"credential: expected an event of hash \d+, got \d others"):
        alone.token()


def test_a11_a_document_with_one_other_byte_is_refused() -> None:
    made = OnChain()
    forged = bytearray(made.document)
    forged[20] ^= 1
    made.chain.told = [event_of(bytes(forged))]
    with pytest.raises(Unavailable, match="expected an event of hash"):
        made.token()


def state(made: OnChain, index: int, value: int) -> list[str]:
    found = list(made.chain.answer["account"]["zkappState"])
    found[index] = str(value)
    return found


@pytest.mark.parametrize(
    ("index", "text"),
    [(0, "expected state.offerHash"), (1, "expected state.termsHash"), (4, "expected state.4 0, got 9")],
)
def test_a11_another_offers_contract_is_refused(index: int, text: str) -> None:
    made = OnChain()
    made.answers(zkappState=state(made, index, 9))
    with pytest.raises(OfferClosed, match=text):
        made.token()


def test_a11_another_credential_hash_is_refused() -> None:
    made = OnChain()
    made.answers(zkappState=state(made, 2, 9))
    with pytest.raises(Unavailable, match="expected an event of hash 9, got 1 others"):
        made.token()
    made.clock.passes(60)
    made.answers(zkappState=state(made, 2, 0))
    with pytest.raises(OfferClosed, match=r"expected a state\.credentialHash, got 0"):
        made.token()


def test_a11_a_closed_contract_is_refused_until_the_ledger_says_so_and_then_finishes_calls() -> None:
    made = OnChain()
    made.answers(closed=1)
    with pytest.raises(OfferClosed, match=r"expected state\.closed 0, got 1: the seller closed the offer"):
        made.token()
    made.ledger.close_offer(OFFER.hash, "contract: the seller closed the offer")
    assert made.token() == TOKEN


PERMISSIONS = contract_answer(OFFER, b"")["account"]["permissions"]
OTHER_CODE: dict[str, tuple[dict[str, Any], str]] = {
    "code": ({"verificationKey": {"hash": "20497"}}, r"verificationKey\.hash: expected 25869, got 20497"),
    "no code": ({"verificationKey": None}, "expected 25869, got null"),
    "access": ({"permissions": {**PERMISSIONS, "access": "None"}}, "access: expected Proof, got None"),
    "state": ({"permissions": {**PERMISSIONS, "editState": "Signature"}}, "expected Proof, got Signature"),
    "address": ({"publicKey": ORACLE.public_key().to_base58()}, "publicKey: expected B62"),
    "token": ({"token": "x"}, "token: expected"),
    "fields": ({"zkappState": ["1"] * 7}, r"zkappState\.length: expected 8, got 7"),
    "numbers": ({"zkappState": ["x"] * 8}, "expected an answer as it was asked for"),
    "nothing": ({"zkappState": None}, "expected 8, got 0"),
}


@pytest.mark.parametrize("name", OTHER_CODE)
def test_a11_a_contract_of_other_code_or_permissions_is_not_believed(name: str) -> None:
    made = OnChain()
    changes, text = OTHER_CODE[name]
    made.answers(**changes)
    with pytest.raises(Unavailable, match=text) as refused:
        made.token()
    assert not isinstance(refused.value, OfferClosed)


def test_a11_no_contract_node_or_pinned_code_is_unavailable() -> None:
    made = OnChain()
    made.chain.answer["account"] = None
    with pytest.raises(Unavailable, match=f"{CONTRACT.public_key().to_base58()} to exist, got none"):
        made.token()
    made.chain.answer, made.chain.cached = {**contract_answer(OFFER, b""), "syncStatus": "CATCHUP"}, None
    with pytest.raises(NodeUnavailable, match="expected syncStatus SYNCED"):
        made.token()
    with pytest.raises(Unavailable, match="expected a stack that pins the code of offers' contracts"):
        sealed_credential(made.stored, None, clock=made.clock)


BAD_DOCUMENTS = {
    "origin": {"endpoint": "https://evil.example", "sealed": "AAAA"},
    "base64": {"endpoint": OFFER.source.origin, "sealed": "A!AA"},
    "form": {"endpoint": OFFER.source.origin, "sealed": "AAB="},
    "kind": {"endpoint": OFFER.source.origin, "sealed": 5},
    "names": {"endpoint": OFFER.source.origin},
}


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_r1_a_document_for_another_endpoint_or_form_is_refused(name: str) -> None:
    made = OnChain()
    document = canonical(BAD_DOCUMENTS[name])
    made.chain.answer, made.chain.told = contract_answer(OFFER, document), [event_of(document)]
    with pytest.raises(OfferClosed, match="credential document, got another"):
        made.token()


def test_r1_a_token_for_another_origin_names_both() -> None:
    made = OnChain()
    document = canonical(BAD_DOCUMENTS["origin"])
    made.chain.answer, made.chain.told = contract_answer(OFFER, document), [event_of(document)]
    text = "endpoint: expected one of https://gitlab.example, got 'https://evil.example'"
    with pytest.raises(OfferClosed, match=text):
        made.token()


def test_r1_a_box_of_another_offer_does_not_open() -> None:
    made = OnChain()
    box = base64.b64encode(b"x" * 200).decode()
    document = canonical({"endpoint": OFFER.source.origin, "sealed": box})
    made.chain.answer, made.chain.told = contract_answer(OFFER, document), [event_of(document)]
    with pytest.raises(Unavailable, match="expected a box sealed to this offer's key"):
        made.token()


def test_the_bytes_of_an_event_may_fill_its_last_chunk() -> None:
    for size in (1, 30, 31, 32, 62):
        document = bytes(range(1, size + 1))
        found = int(contract_answer(OFFER, document)["account"]["zkappState"][2])
        assert find_credential([event_of(document)], found) == document


@pytest.mark.parametrize(
    ("credential", "text"),
    [
        (None, "credential: expected an object"),
        ({"kind": "stack", "contract": CONTRACT.public_key().to_base58()}, "kind: expected one of chain"),
        ({"kind": "chain"}, "expected contract, got nothing by that name"),
        ({"kind": "chain", "contract": "B62"}, "contract: "),
        ({"kind": "chain", "contract": ORACLE.public_key().to_base58()}, "expected a key of its own"),
    ],
)
def test_a11_an_offer_names_its_contract_or_says_nothing(credential: object, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        make_paid_offer(credential=credential)


def test_a11_an_offer_for_nothing_has_no_contract() -> None:
    assert (make_offer().contract, make_paid_offer().contract) == (None, None)
    assert OFFER.contract == CONTRACT.public_key()
    with pytest.raises(Malformed, match="expected none on chain for price 0"):
        make_offer(credential={"kind": "chain", "contract": CONTRACT.public_key().to_base58()})


def test_a11_the_function_opens_what_the_chain_holds() -> None:
    made = OnChain()
    services = Services(Settings.read(ENVIRONMENT))
    assert services.contracts is None
    services.__dict__.update(contracts=made.contracts, keys=made.keys)
    services.open_provider(made.stored)
    services.open_provider(made.stored)
    assert (made.chain.asked, made.chain.looks) == (1, 1)


def test_a11_code_and_archives_are_the_stacks() -> None:
    more = {"SEALRUN_OFFER_VERIFICATION_KEY": "25869", "SEALRUN_MINA_ARCHIVES": "https://archive.test/"}
    services = Services(Settings.read({**ENVIRONMENT, **more}))
    assert services.contracts is not None
    assert services.contracts.pinned == PINNED_OFFER
    assert services.contracts.chain is services.chain


def test_a3_an_oracle_key_that_serves_a_ledger_is_refused_for_another() -> None:
    made = OnChain()
    other = make_paid_offer(terms=terms_value(ledger="8"))
    options = {"ledger": made.ledger, "keys": made.keys, "entropy": lambda _: bytes(32)}
    with pytest.raises(SealrunError, match="expected a key that serves one ledger, 7, got one for 8 too"):
        publish_offer(other, token=TOKEN, webhook_secret="w", **options)  # type: ignore[arg-type]
    assert made.ledger.published() == [OFFER.hash]
    own = replace(OFFER, document=make_paid_offer().document, contract=None)
    publish_offer(own, token=TOKEN, webhook_secret="w", **options)  # type: ignore[arg-type]
