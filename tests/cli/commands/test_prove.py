"""Which calls `sealrun prove` folds, and that one that cannot be proved keeps no other from its money."""

import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from typer.testing import CliRunner

from mina.sign import sign_fields
from sealrun.encoding.fields import MAX_UINT64, VOUCHER, network_field, text_field
from sealrun.errors import NodeUnavailable
from sealrun.offers.asset import MINA, Asset, asset_of
from sealrun.runs.run import RunStatus
from sealrun.workflows import read_proved
from sealrun_cli.commands import prove
from sealrun_cli.commands.prove import _Prover, _Work
from sealrun_cli.lib.backlog import SETTLED, Good, kept_of
from sealrun_cli.lib.book import replace_json
from sealrun_cli.lib.chain_view import OnChain
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import Service
from sealrun_cli.main import app
from tests.cli.lib.test_backlog import fold_of
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.offers.test_proved import FACTS as CLAIMS
from tests.sealrun.workflows.test_proved_sale import OFFER, TERMS
from tests.sealrun.workflows.test_proved_sale import market as _market
from tests.sealrun.workflows.test_read_account import asked
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, SELLER

market = _market
TWO_DAYS = 172_800
CREDIT = asset_of(7)
# At the one issuer whose tokens can be proved.
SOLD = replace(OFFER, source=OFFER.source._replace(origin="https://gitlab.com"))


class Offers:
    """A service that has the one offer, and others where a test puts them."""

    def __init__(self) -> None:
        self.others: dict[str, Any] = {}

    def offer(self, url: str) -> Any:
        return self.others.get(url.rpartition("/")[2], SOLD)


@pytest.fixture
def calls(market: Market) -> list[Good]:
    for nonce in range(3):
        market.bought(limit=(nonce + 1) * PRICE, nonce=nonce)
    return [Good.parse(call) for call in asked(market, SELLER)["calls"]][::-1]


@pytest.fixture
def prover(calls: list[Good], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Prover:
    """Of the three runs' last tokens, each issued in time."""
    named = {call.run: f"{call.id} {call.call.expires_at + TWO_DAYS}" for call in calls}
    monkeypatch.setattr(prove, "last_token", lambda _source, run, _token: named[run])
    monkeypatch.setattr(prove, "claimed_statement", claimed)
    monkeypatch.setattr(prove, "keys_of", lambda *_, **__: [{}])
    monkeypatch.setattr(prove, "check_root", lambda *_, **__: None)
    monkeypatch.setattr(prove, "run_offline", lambda _name, _out, **named: named)
    service: Any = Offers()
    kept = kept_of(tmp_path, ACCOUNT.public_key().to_base58())
    work = _Work(service, SERVICE, ACCOUNT.public_key(), TERMS, BUYER.public_key(), calls, kept)
    file = tmp_path / "token"
    file.write_text("secret")
    file.chmod(0o600)
    return _Prover(work, Output(as_json=True), str(file), None, proofs=False)


def claimed(token: bytes, issuer: str, _keys: object) -> dict[str, Any]:
    call, iat = token.decode().split()
    said = f"urn:sealrun:done:{call}:{'ab' * 32}"
    statement = {"key": "1", "facts": str(OFFER.facts), "audience": said, "iat": int(iat)}
    return {"sealrun": 1, "issuer": issuer, "statement": statement, "facts": CLAIMS}


def test_all_good_calls_are_folded(prover: _Prover, calls: list[Good]) -> None:
    assert list(prover.proved(calls)) == calls


@pytest.mark.parametrize("trouble", ["gone", "another call", "late"])
def test_a_call_that_cannot_be_proved_is_left_out_alone(
    prover: _Prover, calls: list[Good], trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its artifacts have expired, its token names another call, or was issued too late for any fold."""
    good, bad = vars(prove)["last_token"], calls[1]

    def token(source: Any, run: int, secret: str) -> str:
        if run != bad.run:
            return str(good(source, run, secret))
        if trouble == "gone":
            raise CliError("token", "expected the token of its last job, got none")
        if trouble == "late":
            return f"{bad.id} {bad.call.expires_at + TWO_DAYS + 1}"
        return f"{'cd' * 32} 1"

    monkeypatch.setattr(prove, "last_token", token)
    assert list(prover.proved(calls)) == [calls[0], calls[2]]


def test_a_token_that_no_program_takes_is_left_out_alone(
    prover: _Prover, calls: list[Good], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claims are longer than a proof has room for; what is wrong with the program concerns all."""
    prover.proofs, kind = True, "bad-request"

    def run(_name: str, _out: object, *, token: str, **_: object) -> dict[str, Any]:
        if token.startswith(calls[1].id):
            raise CliError(kind, "token: expected 3 to 48 blocks of 64 bytes, got 49")
        return {**claimed(token.encode(), "gitlab", []), "proof": "AAAA"}

    monkeypatch.setattr(prove, "run_offline", run)
    assert list(prover.proved(calls)) == [calls[0], calls[2]]
    kind = "tools"
    with pytest.raises(CliError, match="48 blocks"):
        list(prover.proved(calls))


@pytest.mark.parametrize(
    "origin",
    ["https://gitlab.evil", "https://gitlab.com.evil", "https://gitlab.com:8443", "http://127.0.0.1:8000"],
)
def test_c1_the_sellers_token_goes_to_no_place_that_operator_and_buyer_make_up(
    prover: _Prover, calls: list[Good], origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They can publish and call an offer with the account's terms, whose runs are anywhere."""
    good, asked = vars(prove)["last_token"], []

    def token(source: Any, run: int, secret: str) -> str:
        asked.append(source.origin)
        return str(good(source, run, secret))

    monkeypatch.setattr(prove, "last_token", token)
    bad, elsewhere = "5f" * 32, SOLD.source._replace(origin=origin)
    service: Any = prover.work.service
    service.others[bad] = replace(SOLD, source=elsewhere)
    made_up = replace(calls[1], offer=bad)
    for order in ([made_up, calls[0]], [calls[0], made_up]):
        assert list(prover.proved(order)) == [calls[0]]
    assert set(asked) == {SOLD.source.origin}


@pytest.mark.parametrize("asset", [MINA, CREDIT])
def test_the_deadline_is_that_of_the_account_in_the_asset_of_its_terms(
    asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same address can have an account in MINA too, of which its owner never leaves."""
    terms, asked, key = replace(TERMS, asset=asset), [], BUYER.public_key()

    def on_chain(_service: object, _node: str, _account: str, of: Asset, *, network: str) -> OnChain:
        assert network == terms.network
        asked.append(of)
        return OnChain(TERMS.hash, 1, 0, 480, 0, 0, 0, 99, buyer=(key.x, key.is_odd))

    monkeypatch.setattr(prove, "on_chain", on_chain)
    service: Any = Offers()
    if asset == MINA:
        told = prove._deadline(prove._found(service, "node", "B62", terms, key))
        assert told == {"exit_slot": 480, "exit_date": 99}
    else:
        with pytest.raises(CliError, match="expected the account of these terms"):
            prove._found(service, "node", "B62", terms, key)
    assert asked == [asset]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"made": -3600}, "expected a newest block of"),
        ({"made": 3600}, "expected a newest block of"),
        ({"syncStatus": "CATCHUP"}, "expected syncStatus SYNCED"),
        ({"networkID": "mina:mainnet"}, "expected networkID"),
    ],
)
def test_a13_a_node_that_does_not_follow_the_chain_tells_nobody_that_the_buyer_stays(
    changes: dict[str, Any], told: str
) -> None:
    """It was told so by a stuck node while the buyer left, and what is not settled by then is not paid."""
    key = BUYER.public_key()
    made = {"date": str((int(time.time()) + changes.get("made", 0)) * 1000)}
    newest = {"blockchainState": made, "consensusState": {"slotSinceGenesis": "7", "blockHeight": "5"}}
    state = [TERMS.hash, key.x, int(key.is_odd), 0, 0, 0, 0, 0]
    node = {
        "syncStatus": "SYNCED",
        "networkID": TERMS.network,
        "daemonStatus": {"consensusConfiguration": {"slotDuration": 180_000}},
        "bestChain": [{"protocolState": newest}],
        "account": {"balance": {"total": "1"}, "zkappState": [str(each) for each in state]},
        **changes,
    }
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": node}))
    service = Service(httpx.Client(transport=answer))
    with pytest.raises(NodeUnavailable, match=told) if told else nullcontext():
        found = prove._found(service, "https://node.example", ACCOUNT.public_key().to_base58(), TERMS, key)
        assert found.exit_slot == 0


def test_a16_terms_that_pay_another_seller_are_not_proved_for(market: Market, tmp_path: Path) -> None:
    market.bought(limit=PRICE)
    page = asked(market, SELLER)
    other = replace(TERMS, seller=BUYER.public_key())
    account, service = ACCOUNT.public_key().to_base58(), cast("Any", Offers())
    kept = kept_of(tmp_path, account)
    for change, text in (({"terms": other.value()}, "expected terms that pay"), ({}, "")):
        pages = iter([{**page, **change, "calls": []}])
        with pytest.raises(CliError, match=text) if text else nullcontext():
            _Work.open(service, SERVICE, account, pages, kept, SELLER.public_key())


def test_a16_calls_of_a_buyer_that_the_operator_makes_up_take_no_place_of_what_is_kept(
    market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its voucher would be the highest, and stay: the buyer leaves, and nothing can be settled."""
    market.bought(limit=PRICE)
    page, other = asked(market, SELLER), SELLER.public_key()
    account, service = ACCOUNT.public_key(), cast("Any", Offers())
    kept = kept_of(tmp_path, account.to_base58())

    def opened(page: Mapping[str, Any]) -> _Work:
        pages = iter([page])
        return _Work.open(service, SERVICE, account.to_base58(), pages, kept, SELLER.public_key())

    calls = opened(page).calls
    kept.keep_fold(fold_of(7, calls[0].id, terms=TERMS.hash))
    kept.keep_voucher(calls)
    fields = [text_field(VOUCHER), network_field(TERMS.network), *account.to_fields(), TERMS.asset.token]
    signed = sign_fields(SELLER, [*fields, MAX_UINT64, calls[0].call.hash]).to_base58()
    call = {**page["calls"][0], "voucher": {"limit": str(MAX_UINT64), "signature": signed}}
    with pytest.raises(CliError, match="expected the buyer of what is kept"):
        kept.keep_voucher(opened({**page, "buyer": other.to_base58(), "calls": [call]}).calls)
    assert kept.voucher(PRICE) == calls[0].signed()
    chain = OnChain(TERMS.hash, 1, 0, 0, 0, 0, 0, buyer=(BUYER.public_key().x, BUYER.public_key().is_odd))
    monkeypatch.setattr(prove, "on_chain", lambda *_, **__: chain)
    with pytest.raises(CliError, match="own buyer, got"):
        prove._found(service, "node", account.to_base58(), TERMS, other)


@pytest.mark.parametrize("chain", [None, OnChain(TERMS.hash, 2 * PRICE, PRICE, 0, 0, 0, 0)])
def test_a16_calls_that_the_account_cannot_pay_keep_no_other_from_its_money(
    prover: _Prover, calls: list[Good], chain: OnChain | None
) -> None:
    """Operator and buyer had the third one taken; a fold with it is never settled, nor what it holds else."""
    limits = [PRICE, 2 * PRICE, 2 * PRICE if chain is None else 9 * PRICE]
    signed = [replace(call, voucher={"limit": str(limit)}) for call, limit in zip(calls, limits, strict=True)]
    prover.work, prover.chain = replace(prover.work, calls=signed), chain
    assert list(prover.proved(signed)) == signed[:2]
    assert prover.work.kept.proof(signed[2].id) is None  # no minutes are spent on it
    prover.work = replace(prover.work, highest={"limit": str(3 * PRICE)})  # of a call that failed
    assert list(prover.proved(signed)) == signed[: 2 if chain else 3]


def test_a16_the_highest_voucher_is_kept_where_the_buyer_signed_it(market: Market, tmp_path: Path) -> None:
    """It may be of a call that failed, and cover those of tickets that were redeemed after it."""
    market.bought(limit=3 * PRICE)
    page, account = asked(market, SELLER), ACCOUNT.public_key().to_base58()
    kept, service = kept_of(tmp_path, account), cast("Any", Offers())

    def opened(page: Mapping[str, Any]) -> _Work:
        return _Work.open(service, SERVICE, account, iter([page]), kept, SELLER.public_key())

    work = opened({**page, "calls": []})
    assert work.highest == page["voucher"]
    kept.keep_voucher(work.calls, page["voucher"])
    assert kept.voucher(3 * PRICE) == page["voucher"]
    with pytest.raises(CliError, match="expected a voucher that the buyer signed"):
        opened({**page, "voucher": {**page["voucher"], "limit": str(4 * PRICE)}})
    bad = {**page["voucher"], "signature": "7m"}
    for change in ({"voucher": bad}, {"calls": [{**page["calls"][0], "voucher": bad}]}):
        with pytest.raises(CliError, match="expected an answer of its form"):
            opened({**page, **change})


@pytest.mark.parametrize("noted", [[], [0], [0, 1]])
def test_a_settlement_whose_answer_was_lost_is_not_proved_again(
    noted: list[int], market: Market, calls: list[Good], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its calls would take the room of those that wait, and be in a fold that the account does not take.

    A node that lags behind changes nothing.
    """
    address, page = ACCOUNT.public_key().to_base58(), asked(market, SELLER)
    kept, buyer = kept_of(tmp_path, address), BUYER.public_key()
    kept.keep_fold(fold_of(7, calls[0].id, terms=TERMS.hash))
    kept.keep_fold(fold_of(8, calls[1].id, before=7, terms=TERMS.hash))
    replace_json(kept.folder / SETTLED, [{"call": calls[at].id} for at in noted])
    chain = OnChain(TERMS.hash, 2 * PRICE, PRICE, 0, 0, 7, 1, buyer=(buyer.x, buyer.is_odd))
    monkeypatch.setattr(prove, "read_account", lambda *_, **__: {**page, "next": None})
    monkeypatch.setattr(prove, "on_chain", lambda *_, **__: chain)
    named = ["prove", address, "--url", SERVICE, "--node", "https://node.example", "--list", "--json"]
    done = CliRunner().invoke(
        app, [*named, "--key", "-", "--folder", str(tmp_path)], input=SELLER.to_base58()
    )
    waiting = [each["call"] for each in json.loads(done.stdout)["waiting"]]
    assert waiting == [call.id for call in calls[max(len(noted), 1) :]]


def test_a16_a_fold_is_kept_with_the_terms_that_settle_it(
    prover: _Prover, calls: list[Good], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prove, "run_offline", lambda *_, **__: fold_of(7, "a", terms=TERMS.hash))
    list(prover.proved(calls))
    kept = prover.work.kept
    assert kept.terms is None
    kept.keep_fold(prover.folded(calls))
    assert kept.terms == TERMS
    (kept.folder / "fold.proof.json").unlink()  # it was settled, or undone
    assert kept.terms == TERMS


def test_what_concerns_all_calls_ends_the_command(
    prover: _Prover, calls: list[Good], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object, **__: object) -> None:
        raise CliError("offer", "keys: expected the root of the terms, got another")

    monkeypatch.setattr(prove, "check_root", other)
    with pytest.raises(CliError, match="keys: expected the root"):
        list(prover.proved(calls))


class Pages:
    """An account's pages of two calls each, the newest first; counts how many were read."""

    def __init__(self, market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(read_proved, "PAGE_CALLS", 2)
        monkeypatch.setattr(prove, "read_account", self._page)
        self.market, self.read = market, 0

    def _page(self, *_: object, after: str | None) -> dict[str, Any]:
        self.read += 1
        return asked(self.market, SELLER, **({"after": after} if after else {}))

    def waiting(self, folder: Path, *settled: Good) -> list[str]:
        """The calls that wait once these are settled."""
        self.read = 0
        kept = kept_of(folder, ACCOUNT.public_key().to_base58())
        replace_json(kept.folder / SETTLED, [{"call": each.id} for each in settled])
        pages = prove._pages(Service(Any), SERVICE, "", SELLER, "", Output(as_json=True))  # type: ignore[arg-type]
        account, service = ACCOUNT.public_key().to_base58(), cast("Any", Offers())
        work = _Work.open(service, SERVICE, account, pages, kept, SELLER.public_key())
        return [call.id for call in kept.waiting(work.calls)]


def test_pages_are_read_until_all_that_waits_is_found(
    market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    market.provider.ends_as = RunStatus.FAILED
    for nonce in (7, 8):
        market.bought(limit=PRICE, nonce=nonce)
    market.provider.ends_as = RunStatus.SUCCEEDED
    made = [market.bought(limit=(nonce + 1) * PRICE, nonce=nonce) for nonce in range(3)]
    calls = [Good.parse(call) for call in asked(market, SELLER)["calls"]][::-1]
    pages = Pages(market, monkeypatch)
    assert pages.waiting(tmp_path) == [each.id for each in made]
    assert pages.read == 2  # of three: the last one has a failed call
    assert pages.waiting(tmp_path, *calls[:2]) == [made[2].id]
    assert pages.read == 1
    assert pages.waiting(tmp_path, *calls[1:]) == [made[0].id]
    assert pages.read == 2
    assert (pages.waiting(tmp_path, *calls), pages.read) == ([], 1)


def test_a_call_that_runs_is_none_that_further_pages_have(
    market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [market.bought(limit=(nonce + 1) * PRICE, nonce=nonce) for nonce in range(3)]
    calls = [Good.parse(call) for call in asked(market, SELLER)["calls"]][::-1]
    market.pay(market.sign(limit=4 * PRICE, nonce=5))
    pages = Pages(market, monkeypatch)
    assert (pages.waiting(tmp_path, *calls[:2]), pages.read) == ([made[2].id], 1)


def test_pages_without_end_are_no_accounts(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    market.bought(limit=PRICE)
    page = {**asked(market, SELLER), "next": "1-" + "0" * 64}
    monkeypatch.setattr(prove, "read_account", lambda *_, **__: page)
    monkeypatch.setattr(prove, "MOST_PAGES", 7)
    pages = prove._pages(Service(Any), SERVICE, "", SELLER, "", Output(as_json=True))  # type: ignore[arg-type]
    with pytest.raises(CliError, match="expected at most 7 pages of calls, got more"):
        list(pages)


def test_a_fold_takes_no_more_calls_than_its_program(
    prover: _Prover, calls: list[Good], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are left for the next one; nothing more is proved for this one."""
    monkeypatch.setattr(prove, "MOST_FOLDED", 2)
    assert list(prover.proved(calls)) == calls[:2]
    assert prover.work.kept.proof(calls[2].id) is None


def test_the_program_takes_as_many() -> None:
    source = Path("contracts/src/tools/fold.ts").read_text()
    assert f"const MAX_CALLS = {prove.MOST_FOLDED};" in source
