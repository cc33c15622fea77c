"""What the stack tells its functions about money, and what they make of it."""

from contextlib import ExitStack

import pytest
from werkzeug import Response

from local.loopback import LoopbackServer
from sealrun.adapters.mina.node import MinaNodes
from sealrun.chain.account import Pinned
from sealrun.composition.aws import Aws
from sealrun.composition.services import Services, open_services, share
from sealrun.composition.settings import Settings
from sealrun.errors import ProviderError
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import Credential
from sealrun.serving.shares import Shares
from tests.sealrun.gateway import ENVIRONMENT
from tests.sealrun.world import make_offer, offer_value


def test_a_stack_that_pins_no_account_code_sells_for_nothing_only() -> None:
    free = {name: value for name, value in ENVIRONMENT.items() if name != "SEALRUN_VERIFICATION_KEY"}
    settings = Settings.read(free)
    assert settings.pinned is None
    assert Services(settings).payments is None


def test_a1_code_and_protocol_are_pinned_by_the_stack() -> None:
    assert Settings.read(ENVIRONMENT).pinned == Pinned("20497", txn_version=3, state_fields=8)
    mesa = {**ENVIRONMENT, "SEALRUN_TXN_VERSION": "4", "SEALRUN_STATE_FIELDS": "32"}
    assert Settings.read(mesa).pinned == Pinned("20497", txn_version=4, state_fields=32)


def test_a9_a_function_holds_an_old_oracle_key_beside_a_new_one() -> None:
    one = Settings.read({**ENVIRONMENT, "SEALRUN_ORACLE_KEY": "QUFB"})
    assert (one.oracle_key, one.oracle_keys) == (b"AAA", {})
    both = Settings.read({**ENVIRONMENT, "SEALRUN_ORACLE_KEY": "B62a:QUFB B62b:QkJC"})
    assert (both.oracle_key, both.oracle_keys) == (b"", {"B62a": b"AAA", "B62b": b"BBB"})


def test_a3_a_stack_serves_the_offers_that_it_is_told_and_no_other() -> None:
    assert Settings.read(ENVIRONMENT).offers == ()
    named = {**ENVIRONMENT, "SEALRUN_OFFERS": f"{5:064x} {6:064x}"}
    assert Settings.read(named).offers == (5, 6)


def test_a3_ledger_and_nodes_are_the_stacks() -> None:
    settings = Settings.read(ENVIRONMENT)
    payments = Services(settings).payments
    assert payments is not None
    assert (payments.ledger, payments.seller.url) == (7, "https://calls.test")
    assert isinstance(payments.chain, MinaNodes)
    assert settings.mina_nodes == ("https://a.test/graphql", "https://b.test/graphql")


def test_l11_requests_that_wait_for_a_node_have_a_share_of_the_process() -> None:
    class OneProcess(Aws):
        share = Shares(16).take

    settings = Settings.read(ENVIRONMENT)
    chain = Services(settings, outside=OneProcess(settings)).chain
    with ExitStack() as waiting:
        assert [waiting.enter_context(chain._share()) for _ in range(16)].count(True) == 8


def test_functions_of_one_process_share_its_services_and_others_have_their_own() -> None:
    own = open_services(ENVIRONMENT)
    assert open_services(ENVIRONMENT) is not own
    share(own)
    try:
        assert open_services({}) is own
    finally:
        share(None)
    with pytest.raises(KeyError, match="SEALRUN_TABLE"):
        open_services({})


def test_l9_a_node_without_https_is_refused() -> None:
    plain = {**ENVIRONMENT, "SEALRUN_MINA_NODES": "http://a.test/graphql"}
    with pytest.raises(ValueError, match="origin: expected https"):
        _ = Services(Settings.read(plain)).chain


def read_artifacts(services: Services, origin: str) -> bytes:
    """What a job left, by the provider that the stack opens; its credential was opened before."""
    offer = make_offer(source={**offer_value()["source"], "origin": origin})
    credential = Credential("glpat-x", origin, offer.source.project, offer.id)
    services._opened[offer.hash, b"sealed"] = services.clock(), credential
    stored = StoredOffer(offer, "", b"sealed", b"", b"")
    try:
        with services.open_provider(stored).artifacts(5) as chunks:
            return b"".join(chunks)
    finally:
        services._clients[origin].close()


@pytest.mark.peers
@pytest.mark.parametrize("artifact_redirect", [False, True])
def test_artifacts_are_read_from_the_object_storage_that_the_deployment_names(
    *, artifact_redirect: bool
) -> None:
    """Over a server that answers from one origin, or redirects to another."""
    body = b"archive"
    storage = LoopbackServer(lambda _: Response(body), max_body=10)
    redirect = Response(status=302, headers={"Location": f"{storage.url}/archive"})
    gitlab = LoopbackServer(lambda _: redirect if artifact_redirect else Response(body), max_body=10)
    named = {**ENVIRONMENT, "SEALRUN_UNSAFE_LOOPBACK": "1", "SEALRUN_ARTIFACT_ORIGINS": storage.url}
    try:
        assert read_artifacts(Services(Settings.read(named)), gitlab.url) == body
        closed = Services(Settings.read({**named, "SEALRUN_ARTIFACT_ORIGINS": ""}))
        if artifact_redirect:
            with pytest.raises(ProviderError):
                read_artifacts(closed, gitlab.url)
    finally:
        gitlab.close()
        storage.close()
