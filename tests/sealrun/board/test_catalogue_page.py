"""The catalogue's HTML: for readers without scripts, with every stranger's text as text."""

import re
from html.parser import HTMLParser
from typing import Any

from sealrun.market.catalogue_page import MAX_SHOWN, catalogue_page
from tests.sealrun.world import SELLER, paid_value

KEY = SELLER.public_key().to_base58()
URL = f"https://ci.example/offers/{'a' * 64}"
MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>"
HISTORY = {
    "runs": 12, "good": 11, "seconds": 95, "timed": 9, "lowest": 0, "typical": 1,
    "since": 1_780_000_000, "until": 1_790_000_000, "more": False, "twice": 0,
}  # fmt: skip


def entry(**changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "offer": "a" * 64, "url": URL, "title": "Say hello", "provider": "gitlab", "seller": KEY,
        "proved": False, "prices": paid_value()["prices"], "grade": 0, "callers": "anyone", "history": None,
        "open": True, "reason": "", "dropped": [],
        "inputs": [{"name": "runs", "type": "integer", "title": "", "description": ""}],
    }  # fmt: skip
    return {**value, **changes}


def catalogue(*entries: dict[str, Any], **changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "network": "mina:devnet", "board": KEY, "height": 7, "built": 1_790_000_000, "listed": 3, "read": 2,
        "failed": {"signature": 1}, "entries": list(entries),
    }  # fmt: skip
    return {**value, **changes}


class Reader(HTMLParser):
    """What a browser makes of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def links(self) -> list[str | None]:
        return [value for name, value in self.attributes if name == "href"]


def test_an_entry_says_what_it_costs_and_how_it_went_and_leads_to_its_offer() -> None:
    page = Reader(catalogue_page(catalogue(entry(history=HISTORY, grade=1, proved=True)), app=""))
    assert page.links == [URL]
    for words in (
        "5 MINA, if it succeeds",
        "12 runs, 11 good, from 2026-05-28 to 2026-09-21; a good run takes 1 min 35 s; grade 1 (lowest 0).",
        "Inputs: runs",
        f"Seller {KEY}. gitlab, at least grade 1. Settled by proofs.",
        "2 of 3 listings were read. 1 that did not pass a check are not shown.",
        "The operator can leave some out, and a seller can buy its own runs.",
    ):
        assert words in page.text
    free = Reader(catalogue_page(catalogue(entry(prices=[], callers="named")), app="index.html"))
    assert free.links == ["index.html#/catalogue", f"index.html#/{URL}"]
    for words in ("Free", "No public history.", "For keys that the offer names."):
        assert words in free.text


def test_what_took_no_calls_when_it_was_built_is_told_with_the_reason() -> None:
    dropped = [{"asset": "x", "symbol": "RUN", "reason": "credits: expired"}]
    page = Reader(catalogue_page(catalogue(entry(dropped=dropped)), app=""))
    assert "Took no calls when this was built at the price in RUN: credits: expired" in page.text
    paused = entry(open=False, reason="our runners move", dropped=dropped)
    assert (
        "Took no calls when this was built: our runners move"
        in Reader(catalogue_page(catalogue(paused), app="")).text
    )


def test_markup_in_any_text_is_text_and_no_code_may_run() -> None:
    hostile = entry(
        title=MARKUP,
        provider=MARKUP,
        inputs=[{"name": MARKUP, "type": "string", "title": MARKUP, "description": MARKUP}],
    )
    page = catalogue_page(catalogue(hostile, network=MARKUP), app="")
    read = Reader(page)
    assert not {"script", "img"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on")]
    assert read.text.count(MARKUP) == 4
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    assert "script" not in policy[1]
    assert "unsafe" not in policy[1]


def test_previews_of_links_have_a_title_and_a_description() -> None:
    named = dict(
        re.findall(r'property="([^"]+)" content="([^"]+)"', catalogue_page(catalogue(entry()), app=""))
    )
    assert named["og:title"] == "Catalogue"
    assert named["og:description"].startswith("1 offer of CI jobs for sale on mina:devnet")


def test_of_many_entries_a_page_shows_some_and_counts_the_others() -> None:
    page = catalogue_page(catalogue(*[entry()] * 10_000), app="")
    assert page.count("<li>") == MAX_SHOWN
    assert f"{10_000 - MAX_SHOWN} more stand in catalogue.json." in page
