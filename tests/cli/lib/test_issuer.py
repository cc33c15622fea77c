"""The issuer's keys, as it serves them or as they were saved, against the root that terms name."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealrun.offers.source import Source
from sealrun.receipts.token_proof import key_hash, key_root
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.init_answers import Trade
from sealrun_cli.lib.issuer import check_root, issuer_for, keys_of, live_keys, root_of, save_keys
from tests.cli.web import web
from tests.sealrun.ci_tokens import jwk, rsa_key
from tests.sealrun.offers.test_proved import proved
from tests.sealrun.workflows.test_proved_sale import TERMS
from tests.sealrun.world import ORACLE

KEYS = [jwk(), jwk(rsa_key("other"), kid="k2")]
ROOT = key_root([key_hash("gitlab", key) for key in KEYS])


def source(origin: str = "https://gitlab.com") -> Source:
    return proved().source._replace(origin=origin)


def test_the_root_is_over_the_keys_that_the_issuer_serves(tmp_path: Path) -> None:
    with web({"GET /oauth/discovery/keys": (200, {"keys": KEYS})}) as site:
        found = live_keys(source(site.url), here=True)
    assert root_of(source(), found) == ROOT
    save_keys(tmp_path / "keys.json", found)
    assert keys_of(source(), tmp_path / "keys.json", here=False) == tuple(KEYS)


def test_terms_that_name_other_keys_than_the_issuers_are_refused() -> None:
    check_root(source(), replace(TERMS, keys=ROOT), KEYS, where="at the issuer now")
    for keys in (KEYS[:1], [*KEYS, jwk(rsa_key("third"), kid="k3")]):
        with pytest.raises(CliError, match=f"keys: expected the root {ROOT:064x} of the terms") as caught:
            check_root(source(), replace(TERMS, keys=ROOT), keys, where="at the issuer now")
        assert "ask the seller for a new offer" in caught.value.following


@pytest.mark.parametrize("origin", ["https://gitlab.example", "https://git.lab.example"])
def test_a_gitlab_that_anybody_runs_is_no_issuer(origin: str) -> None:
    with pytest.raises(CliError, match=r"expected GitLab\.com, whose tokens can be proved"):
        issuer_for(source(origin), here=True)


def test_c1_a_strangers_offer_names_no_issuer_on_this_machine() -> None:
    """Whoever can listen here would sign its own tokens, and be told as the CI whose word moves the money."""
    with web({"GET /oauth/discovery/keys": (200, {"keys": KEYS})}) as site:
        for ask in (issuer_for, live_keys):
            with pytest.raises(CliError, match=r"expected GitLab\.com, whose tokens can be proved"):
                ask(source(site.url), here=False)
        with pytest.raises(CliError, match=r"expected GitLab\.com"):
            keys_of(source(site.url), None, here=False)
        assert site.asked == []


def test_a_free_offer_is_settled_by_nothing() -> None:
    oracle = ORACLE.public_key().to_base58()
    trade = Trade("0", oracle, "", "", 250, 480, 1, "", "", keys=ROOT)
    with pytest.raises(CliError, match="price: expected one above 0"):
        trade.members()
