"""Tried as a new reseller would: from an empty folder to a closed offer, by the ``sealrun`` command alone."""

import tomllib
from collections.abc import Iterator

import pytest

from tests.spine.reseller import CHAIN, PRICE, Reseller, bought, call, sandboxed

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def reseller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reseller]:
    with sandboxed(tmp_path_factory.mktemp("reseller") / "project") as someone:
        yield someone


def test_from_init_to_close_by_the_command_alone(reseller: Reseller) -> None:
    run = reseller.run
    run("key", "oracle.key", "--new")
    refused = reseller.init("offer.toml", tag="v1", status=1)["error"]
    assert (refused["type"], "add `regex: ^...$`" in refused["next"]) == ("inputs", True)
    reseller.init("offer.toml", "--pattern", "greeting=^[a-z]{1,20}$", tag="v1")
    wrong = [each for each in run("check", status=1)["findings"] if each["holds"] is False]
    assert [each["message"] for each in wrong] == ["a newer commit may cancel a run that was paid for"]
    reseller.repair()
    made = reseller.init("offer.toml", "--force")
    assert made["inputs"]["properties"]["greeting"]["pattern"] == "^[a-z]{1,20}$"
    assert run("check")["ready"]

    run("deploy", "--local", "--oracle-key", "oracle.key", "--yes")
    assert run("seal", "--yes")["webhook"]
    published = run("publish", "--yes")
    assert (published["state"], published["offer"]) == ("open", made["offer"])

    account = bought(reseller, published["url"])
    settle = (
        "settle",
        account,
        "--url",
        published["url"].partition("/offers/")[0],
        "--key",
        "seller.key",
        "--yes",
        *CHAIN,
    )
    assert run(*settle)["settled"] == str(PRICE)

    assert run("rotate", "token", "--yes")["suspended"] == ""
    again = run(*call(published["url"], account))
    assert again["state"] == "succeeded"

    run("key", "oracle2.key", "--new")
    renewed = run("rotate", "oracle", "--key", "oracle2.key", "--to", "offer2.toml")
    assert renewed["replaces"] == made["offer"]
    run("deploy", "--local", "--file", "offer2.toml", "--oracle-key", "oracle2.key", "--yes")
    run("rotate", "token", "--and", "offer2.toml", "--yes")
    assert run("publish", "--file", "offer2.toml", "--yes")["state"] == "open"

    assert run("close", "--yes")["closed"] == [made["offer"]]
    late = run(*call(published["url"], account), status=1)
    assert late["error"]["type"] == "offer-closed"
    assert run(*settle)["settled"] == str(PRICE)
    shared = run("pay-operator", account, "--key", "operator.key", "--yes", *CHAIN)
    assert shared["amount"] == str(2 * PRICE // 40)

    shown = run("status")
    assert {each["offer"]: each["closed"] for each in shown["offers"]} == {
        made["offer"]: "its seller closed it",
        renewed["offer"]: "",
    }
    assert shown["calls"] == {"succeeded": 2}
    assert len(shown["oracle_keys"]) == 2
    assert [each["state"] for each in run("calls", "--offer", made["offer"][:8])["calls"]] == [
        "succeeded"
    ] * 2


def test_a9_under_a_new_oracle_key_a_buyer_opens_a_new_account_and_is_served(reseller: Reseller) -> None:
    offers = reseller.run("status")["offers"]
    url = next(each["url"] for each in offers if each["oracle"] == reseller.address("oracle2"))
    bought(reseller, url, keys="second")
    reseller.run("verify", "receipt.json", "--oracle", reseller.address("oracle2"))


def test_a11_a_token_on_chain_from_init_to_close(reseller: Reseller) -> None:
    run = reseller.run
    run("key", "contract.key", "--new")
    ledger = run("status")["ledger"]
    # Nobody has the project's token any more: its owner looks, the offer names the token's account.
    user = tomllib.loads((reseller.folder / "offer.toml").read_text())["source"]["user"]
    looking = ("--token-file", ".sealrun/maintainer", "--user", str(user))
    reseller.init("chain.toml", "--ledger", ledger, "--contract", "contract.key", *looking)
    asked = ("--file", "chain.toml", "--yes")
    run("rotate", "token", "--file", "offer2.toml", "--and", "chain.toml", "--yes")
    opened = run("publish", *asked, "--key", "seller.key", "--contract-key", "contract.key", *CHAIN)
    assert (opened["state"], opened["contract"]["offer"]) == ("open", reseller.address("contract"))
    assert run("rotate", "token", *asked, status=1)["error"]["type"] == "new-offer"
    closed = run("close", *asked, "--key", "seller.key", *CHAIN)
    assert closed["contract"]["status"] == "included"


def test_a9_a_leaked_oracle_key_closes_everything_that_it_signs_for(reseller: Reseller) -> None:
    address = reseller.address("oracle2")
    closed = reseller.run("close", "--file", "offer2.toml", "--leaked-oracle", "--yes")["closed"]
    offers = reseller.run("status")["offers"]
    assert closed == [each["offer"] for each in offers if each["oracle"] == address]
    refused = reseller.run("publish", "--file", "offer2.toml", "--yes", status=1)
    assert "which is closed" in refused["error"]["detail"]
