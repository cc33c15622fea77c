"""L14: whatever an operator answers, the command names it, and shows no traceback."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from mina.keys import PrivateKey
from sealrun.errors import SealrunError
from sealrun.money import x402
from sealrun.money.buyer import sign_account_read
from sealrun.workflows.read_account import read_account as served_account
from sealrun_cli.commands.account import _checked_lines
from sealrun_cli.lib.accounts import read_account
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service, well_formed
from tests.cli.lib.test_pay import NAME, bought, cold
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import ACCOUNT, BUYER, PRICE, SELLER

# In place of a member; ``Ellipsis`` leaves it out.
JUNK: tuple[Any, ...] = (None, "x", ...)


def mutated(value: Any) -> Iterator[Any]:
    """The value with junk in place of each of its members, one at a time."""
    for at in _paths(value):
        for junk in JUNK:
            changed = copy.deepcopy(value)
            parent = changed
            for name in at[:-1]:
                parent = parent[name]
            if junk is ...:
                del parent[at[-1]]
            else:
                parent[at[-1]] = junk
            yield changed


def _paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    listed = enumerate(value) if isinstance(value, list) else ()
    for name, member in value.items() if isinstance(value, dict) else listed:
        yield from _paths(member, (*at, name))


def refused(use: Callable[[], object]) -> bool:
    """True where the use was refused in our words; any other error passes through."""
    try:
        use()
    except (CliError, SealrunError):
        return True
    return False


@pytest.mark.parametrize("key", [BUYER, SELLER], ids=["buyer", "seller"])
def test_l14_an_operators_view_of_an_account_is_read_or_refused(key: PrivateKey) -> None:
    market = Market()
    record = market.bought(limit=PRICE)
    network, until, call = market.offer.network, market.clock.now + 600, record.id if key is BUYER else ""
    headers = sign_account_read(key, network, ACCOUNT.public_key(), expires_at=until, service=SERVICE)
    names = {"key": "Sealrun-Key", "expires_at": "Sealrun-Expires-At", "signature": "Sealrun-Signature"}
    right = {name: headers[header] for name, header in names.items()}
    parts: dict[str, Any] = {"ledger": market.ledger, "oracle": lambda _: market.oracle}
    good = served_account(NAME, right, service=SERVICE, now=market.clock.now, call_id=call, **parts)

    def lines(answer: Any) -> list[str]:
        answering = httpx.MockTransport(lambda _: httpx.Response(200, content=json.dumps(answer)))
        with httpx.Client(transport=answering) as http:
            found = read_account(Service(http), SERVICE, NAME, key, network)
        with well_formed("figure", SERVICE):
            return _checked_lines(found, market.offer.terms, call)

    assert lines(good)
    assert [refused(lambda answer=answer: lines(answer)) for answer in mutated(good)].count(True) > 25  # type: ignore[misc]


def test_l14_a_402_is_paid_or_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    market = Market()
    gateway = Gateway(load("call", market, monkeypatch))
    with cold(tmp_path / "first", market) as book:
        bought(market, gateway.answer, book)
    corrected: list[httpx.Response] = []

    def keep(request: httpx.Request) -> httpx.Response:
        answer = gateway.answer(request)
        corrected.extend([answer] if answer.status_code == httpx.codes.PAYMENT_REQUIRED else [])
        return answer

    with cold(tmp_path / "second", market) as book:
        bought(market, keep, book, nonce=8)
    required = x402.decoded(corrected[-1].headers[x402.REQUIRED_HEADER])
    for name in ("resource", "extensions"):  # which the client does not read
        del required[name]
    for number, changed in enumerate(mutated(required)):
        header = {x402.REQUIRED_HEADER: x402.encoded(changed)}

        def demand(_: httpx.Request, header: dict[str, str] = header) -> httpx.Response:
            return httpx.Response(402, headers=header, json={"detail": "pay"})

        with cold(tmp_path / str(number), market) as book:
            assert refused(lambda demand=demand, book=book: bought(market, demand, book, nonce=1000))  # type: ignore[misc]
            assert book.known.highest <= 2 * PRICE, "of the correction's voucher and of one price"
