"""A team on one purse of credits, an operator's share in credits, and resold tickets: by commands."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.credit_sale import CreditSale, selling
from local.steps import Progress, Say
from mina.keys import PublicKey

pytestmark = pytest.mark.peers


def quiet(_: str) -> None:
    pass


class Team(CreditSale):
    """The same sale, with an operator who gets half."""

    def run(self, say: Say, *arguments: str, status: int = 0) -> dict[str, Any]:
        if arguments[0] == "init":
            arguments = (*arguments, "--share", "5000")
        return super().run(say, *arguments, status=status)

    def said(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        return self.run(quiet, *arguments, status=status)

    def called(self, who: str, account: str, status: int = 0) -> dict[str, Any]:
        paying = ["--pay", "--yes", "--account", account, "--asset", "RUN", "--key", f"{who}.key"]
        return self.said("call", self.offer_url, "--input", "greeting=hello", *paying, status=status)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    sale = Team(Progress(9), folder / "seller", proofs=False)
    with selling(sale):
        sale.start()
        sale.write_offer()
        sale.issue()
        sale.publish()
        [ask] = sale.said("credits", "show", sale.token)["asks"]
        sale.said("credits", "buy", sale.token, "8", "--ask", ask["ask"], "--yes", *sale.sends("buyer"))
        yield sale


def given(team: Team, who: str, count: int, *more: str, status: int = 0) -> dict[str, Any]:
    into = ["--into", team.offer_url, "--account-key", f"{who}-account.key", "--for", team.keys[who]]
    words = [team.token, str(count), *into, *more, "--yes", *team.sends("buyer")]
    return team.said("credits", "give", *words, status=status)


def test_a_colleague_calls_on_an_account_that_the_purse_opened_in_one_step(team: Team) -> None:
    opened = given(team, "colleague", 2)
    assert (opened["amount"], opened["symbol"], opened["buyer"]) == ("2", "RUN", team.keys["colleague"])
    account = opened["account"]
    again = given(team, "colleague", 2, status=1)["error"]
    assert (again["type"], "--into " + account in again["next"]) == ("already-open", True)
    assert "who signed the call, got another" in team.called("buyer", account, status=1)["error"]["detail"]
    assert team.called("colleague", account)["state"] == "succeeded"
    assert team.called("colleague", account)["state"] == "succeeded"
    more = [team.token, "1", "--into", account, "--yes", *team.sends("buyer")]
    assert team.said("credits", "give", *more)["status"] == "included"

    settled = team.said("settle", account, "--url", team.url, "--yes", *team.sends("seller"))
    assert (settled["settled"], settled["symbol"]) == ("2", "RUN")
    shared = team.said("pay-operator", account, "--yes", *team.sends("operator"))
    assert (shared["amount"], shared["symbol"]) == ("1", "RUN")
    shown = team.said("credits", "show", team.token)
    assert shown["takers"] == [{"offer": team.offer_url, "takes": True, "price": "1", "reason": None}]


def test_a17_an_offer_that_takes_no_credits_now_is_named_and_nothing_is_given_into_it(team: Team) -> None:
    team.said("pause", "--reason", "for a while")
    [taker] = team.said("credits", "show", team.token)["takers"]
    assert (taker["takes"], "for a while" in taker["reason"]) == (False, True)
    assert given(team, "reseller", 1, status=1)["error"]["type"] == "offer-closed"
    team.said("resume")


def sold(team: Team, name: str, account: str, *more: str, status: int = 0) -> dict[str, Any]:
    published = [
        f"--tickets={team.host}/{name}-tickets.json",
        f"--to={team.folder.parent}/published/{name}.json",
    ]
    words = [team.offer_url, "--price", "1.5", "--until", "2026-12-31", "--account", account, *published]
    given = ["--input", "greeting=hello", "--asset", "RUN", "--key", "reseller.key", *more]
    return team.said("resell", "sale", *words, *given, status=status)


def issued(team: Team, name: str, *more: str) -> dict[str, Any]:
    where = [f"{team.host}/{name}.json", "--to", f"{team.folder.parent}/published/{name}-tickets.json"]
    return team.said("resell", "issue", *where, "--key", "reseller.key", "--depth", "0", *more)


def test_e4_a_reseller_sells_tickets_and_no_secret_changes_hands(team: Team) -> None:
    account = given(team, "reseller", 2)["account"]
    sale = sold(team, "sale", account)
    assert (sale["covered"], sale["issuer"]) == (2, team.keys["reseller"])
    place, mine = f"{team.host}/sale.json", ["--key", "colleague.key"]
    assert issued(team, "sale")["granted"] == 0

    paying = ["resell", "buy", place, "--yes", "--key", "colleague.key", "--poll-ms", "200"]
    before = team.balance("reseller")
    assert team.said(*paying)["status"] == "included"
    assert team.balance("reseller") - before == 1_500_000_000
    assert team.said("resell", "take", place, *mine)["tickets"] == []
    assert issued(team, "sale", "--depth", "9")["refused"][0]["reason"].startswith("expected 9 blocks")
    assert (issued(team, "sale")["granted"], issued(team, "sale")["granted"]) == (1, 0)
    [ticket] = team.said("resell", "take", place, *mine)["tickets"]
    assert team.said("resell", "take", place, "--key", "buyer.key")["tickets"] == []

    stolen = team.said("redeem", ticket["url"], "--key", "buyer.key", status=1)["error"]
    assert "the secret of the ticket's own key" in stolen["detail"]
    used = team.said("redeem", ticket["url"], *mine)
    assert used["state"] == "succeeded"
    assert team.said("redeem", ticket["url"], *mine)["call"] == used["call"]

    assert team.said(*paying)["status"] == "included"
    assert issued(team, "sale")["granted"] == 1
    tickets = team.said("resell", "take", place, *mine)["tickets"]
    assert tickets[0]["ticket"] == ticket["ticket"]
    assert team.said("redeem", tickets[1]["url"], *mine)["state"] == "succeeded"
    assert team.said(*paying)["status"] == "included"
    [refused] = issued(team, "sale")["refused"]
    assert "the account's funds cover no more" in refused["reason"]
    PublicKey.from_base58(refused["payer"])


def test_a_sale_whose_account_pays_for_nothing_is_not_paid_for(team: Team) -> None:
    account = given(team, "operator", 1)["account"]
    words = ["--key", "operator.key", "--price", "2"]
    sold(team, "other", account, *words)
    assert team.called("operator", account)["state"] == "succeeded"
    team.said("settle", account, "--url", team.url, "--yes", *team.sends("seller"))
    place = f"{team.host}/other.json"
    refused = team.said(
        "resell", "buy", place, "--yes", "--key", "colleague.key", "--poll-ms", "200", status=1
    )
    assert "the account pays for no run" in refused["error"]["next"]
