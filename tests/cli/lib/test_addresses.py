"""Which address leads to what, and that no message repeats a ticket's secret."""

import pytest

from sealrun.errors import Malformed
from sealrun_cli.lib.addresses import parse_address
from sealrun_cli.lib.errors import CliError
from tests.sealrun.calls.test_ticket import AUDIENCE, SECRET, free_ticket
from tests.sealrun.world import make_offer

HASH = "0a" * 32
TICKET = free_ticket(make_offer())


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (f"https://ci.example/offers/{HASH}", f"https://ci.example/offers/{HASH}"),
        (f"https://ci.example/offers/{HASH}?layer=both", f"https://ci.example/offers/{HASH}"),
        (f" https://ci.example/calls/{HASH}\n", f"https://ci.example/calls/{HASH}"),
        (f"https://ci.example/calls/{HASH}/receipt", f"https://ci.example/calls/{HASH}"),
        (f"https://ci.example/calls/{HASH}/receipt.intoto.jsonl", f"https://ci.example/calls/{HASH}"),
        (f"https://ci.example/calls/{HASH}/evidence?after=3", f"https://ci.example/calls/{HASH}"),
        (f"https://ci.example/a/b/offers/{HASH}", f"https://ci.example/a/b/offers/{HASH}"),
        (f"https://ci.example/#/offers/{HASH}?a=1", f"https://ci.example/offers/{HASH}"),
        (f"https://page.example/x/#/https://ci.example/calls/{HASH}", f"https://ci.example/calls/{HASH}"),
        (TICKET.url(), f"{AUDIENCE}/tickets/{TICKET.grant.id}"),
        (TICKET.url("https://page.example/"), f"{AUDIENCE}/tickets/{TICKET.grant.id}"),
    ],
)
def test_an_address_leads_to_what_it_names_also_by_way_of_the_page(text: str, url: str) -> None:
    found = parse_address(text)
    assert found.url == url
    assert (found.ticket is not None) is (found.kind == "ticket")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://ci.example/",
        "https://ci.example/offers/0a",
        f"ftp://ci.example/offers/{HASH}",
        f"https://ci.example/offers/{HASH}/more",
        f"https://ci.example/tickets/{HASH}",
        f"javascript:alert(1)#/offers/{HASH}",
        "https://ci.example/#/activity",
        "x" * 100_000,
    ],
)
def test_l14_any_other_text_is_refused_in_few_words(text: str) -> None:
    with pytest.raises(CliError, match="url: expected") as refused:
        parse_address(text)
    assert len(refused.value.detail) < 400


def test_e4_a_tickets_secret_is_in_no_message() -> None:
    secret = SECRET.to_base58()
    for text in (
        TICKET.url()[:-3],
        TICKET.url().replace("#", "#x"),
        f"https://x#{secret}",
    ):
        with pytest.raises((CliError, Malformed)) as refused:
            parse_address(text)
        assert secret[:20] not in str(refused.value)
