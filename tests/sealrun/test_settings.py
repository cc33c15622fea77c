"""What the stack tells its functions about money, and what they make of it."""

import pytest

from sealrun.accounts import Pinned
from sealrun.adapters.mina_node import MinaNodes
from sealrun.adapters.services import Services, Settings
from tests.sealrun.gateway import ENVIRONMENT


def test_a_stack_that_pins_no_account_code_sells_for_nothing_only() -> None:
    free = {name: value for name, value in ENVIRONMENT.items() if name != "SEALRUN_VERIFICATION_KEY"}
    settings = Settings.read(free)
    assert settings.pinned is None
    assert Services(settings).payments is None


def test_a1_code_and_protocol_are_pinned_by_the_stack() -> None:
    assert Settings.read(ENVIRONMENT).pinned == Pinned("20497", txn_version=3, state_fields=8)
    mesa = {**ENVIRONMENT, "SEALRUN_TXN_VERSION": "4", "SEALRUN_STATE_FIELDS": "32"}
    assert Settings.read(mesa).pinned == Pinned("20497", txn_version=4, state_fields=32)


def test_a3_ledger_and_nodes_are_the_stacks() -> None:
    settings = Settings.read(ENVIRONMENT)
    payments = Services(settings).payments
    assert payments is not None
    assert (payments.ledger, payments.seller.url) == (7, "https://calls.test")
    assert isinstance(payments.chain, MinaNodes)
    assert settings.mina_nodes == ("https://a.test/graphql", "https://b.test/graphql")


def test_l9_a_node_without_https_is_refused() -> None:
    plain = {**ENVIRONMENT, "SEALRUN_MINA_NODES": "http://a.test/graphql"}
    with pytest.raises(ValueError, match="origin: expected https"):
        _ = Services(Settings.read(plain)).chain
