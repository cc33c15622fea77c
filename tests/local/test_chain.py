"""The local chain as the stack and the demo use it."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.chain import ChainFailed, MinaChain
from mina.keys import PrivateKey

pytestmark = pytest.mark.peers

MINA = 10**9
SOMEBODY = PrivateKey.from_scalar(31337).public_key().to_base58()


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinaChain]:
    with MinaChain(tmp_path_factory.mktemp("chain"), proofs=False) as chain:
        yield chain


def test_the_faucet_gives_and_the_balance_tells(chain: MinaChain) -> None:
    assert chain.balance(SOMEBODY) == 0
    chain.faucet(SOMEBODY, 5 * MINA)
    assert chain.balance(SOMEBODY) == 5 * MINA
    chain.faucet(SOMEBODY, MINA)
    assert chain.balance(SOMEBODY) == 6 * MINA


def test_slots_pass(chain: MinaChain) -> None:
    before = chain.pass_slots(1)
    assert chain.pass_slots(40) == before + 40


def test_a_refused_request_says_what_came(chain: MinaChain) -> None:
    with pytest.raises(ChainFailed, match="the amount is not nanomina"):
        chain.faucet(SOMEBODY, -1)


def test_it_is_archive_and_node_and_tells_functions_where_it_is(chain: MinaChain) -> None:
    found = chain.environment(7)
    assert found["SEALRUN_MINA_NODES"] == chain.graphql == chain.archive
    assert (found["SEALRUN_LEDGER"], found["SEALRUN_VERIFICATION_KEY"].isdigit()) == ("7", True)
    assert found["SEALRUN_MINA_ARCHIVES"] == chain.archive
    assert found["SEALRUN_OFFER_VERIFICATION_KEY"].isdigit()


def test_closing_ends_its_own_process(tmp_path: Path) -> None:
    with MinaChain(tmp_path, proofs=False) as chain:
        os.kill(chain.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(chain.pid, 0)
    with pytest.raises(httpx.ConnectError):
        chain.pass_slots(1)
