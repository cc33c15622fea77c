"""Which calls `sealrun prove` folds, and that one that cannot be proved keeps no other from its money."""

from pathlib import Path
from typing import Any

import pytest

from sealrun_cli.commands import prove
from sealrun_cli.commands.prove import _Prover, _Work
from sealrun_cli.lib.backlog import Good, kept_of
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.offers.test_proved import FACTS as CLAIMS
from tests.sealrun.workflows.test_proved_sale import OFFER, TERMS
from tests.sealrun.workflows.test_proved_sale import market as _market
from tests.sealrun.workflows.test_read_account import asked
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, SELLER

market = _market
TWO_DAYS = 172_800


class Offers:
    """A service that has the one offer."""

    def offer(self, _url: str) -> Any:
        return OFFER


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
    monkeypatch.setattr(prove, "keys_of", lambda *_: [{}])
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


def test_what_concerns_all_calls_ends_the_command(
    prover: _Prover, calls: list[Good], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object, **__: object) -> None:
        raise CliError("offer", "keys: expected the root of the terms, got another")

    monkeypatch.setattr(prove, "check_root", other)
    with pytest.raises(CliError, match="keys: expected the root"):
        list(prover.proved(calls))


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
