"""A browser gets the buyer's page at the addresses that programs ask; programs get JSON as ever."""

import json
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.browsers import MAX_QUERY, page_address
from tests.sealrun.gateway import ENVIRONMENT, Gateway, load
from tests.sealrun.market import SERVICE, Market
from tests.sealrun.world import make_offer

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HASH = "0a" * 32
FUNCTIONS = {"offers": "call", "calls": "receipt", "tickets": "once", "": "call"}
PROGRAMS = ["*/*", "application/json", "application/json, text/html", ""]


class Asked:
    """The functions of a market, with the buyer's page somewhere."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
        monkeypatch.setitem(ENVIRONMENT, "SEALRUN_PAGE_AT", page)
        self.market = Market()
        more = {"receipt": {"store": self.market.store}}
        self.gateways = {
            name: Gateway(load(name, self.market, monkeypatch, **more.get(name, {})))
            for name in set(FUNCTIONS.values())
        }

    def __call__(
        self, path: str, accept: str = BROWSER, method: str = "GET", **headers: str
    ) -> httpx.Response:
        gateway = self.gateways[FUNCTIONS[path.split("/")[1].partition("?")[0]]]
        sent = {"Accept": accept, **headers}
        return gateway.answer(httpx.Request(method, f"https://calls.test{path}", headers=sent))


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch, "/index.html")


class Tags(HTMLParser):
    """What a browser makes of a document: its tags, the text in them, and what they say of the page."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.meta: dict[str, str] = {}
        self.links: list[str] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        name = named.get("property") or named.get("name") or named.get("http-equiv")
        if tag == "meta" and name:
            self.meta[name] = named["content"] or ""
        if tag == "a":
            self.links.append(named["href"] or "")

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/", "/index.html"),
        (f"/calls/{HASH}", f"/index.html#/calls/{HASH}"),
        (f"/tickets/{HASH}", "/index.html"),
    ],
)
def test_e4_a_browser_is_led_to_the_page_of_a_call_or_a_ticket(ask: Asked, path: str, where: str) -> None:
    """Without a fragment of its own, the ticket's new address keeps that of the old one, which stays here."""
    answer = ask(path)
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize("accept", PROGRAMS)
@pytest.mark.parametrize("kind", ["offers", "calls", "tickets"])
def test_programs_get_the_same_with_a_page_and_without(
    monkeypatch: pytest.MonkeyPatch, kind: str, accept: str
) -> None:
    with_page, without = Asked(monkeypatch, "/index.html"), Asked(monkeypatch, "")
    path = f"/{kind}/{with_page.market.offer.id}"
    one, other = with_page(path, accept), without(path, accept)
    assert (one.status_code, one.content) == (other.status_code, other.content)
    assert "Accept" in one.headers["vary"]
    assert "vary" not in other.headers
    assert without(path).content == other.content, "nobody is led anywhere where there is no page"


@pytest.mark.parametrize("path", [f"/calls/{HASH}/receipt", "/offers/x", "/offers", "/calls/x"])
def test_other_addresses_are_the_same_for_browsers(ask: Asked, path: str) -> None:
    answer = ask(path)
    assert answer.status_code in (200, 400, 404)
    json.loads(answer.content)
    assert "vary" not in answer.headers


def test_e4_a_ticket_is_redeemed_by_post_alone_and_a_preview_uses_nothing_up(ask: Asked) -> None:
    for method, accept in (("GET", "*/*"), ("HEAD", BROWSER), ("PUT", BROWSER)):
        answer = ask(f"/tickets/{HASH}", accept, method)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    bot = ask(f"/tickets/{HASH}", "*/*", **{"User-Agent": "Slackbot-LinkExpanding 1.0"})
    assert bot.status_code == 405


# As they were seen: https://github.com/monperrus/crawler-user-agents at 7c7f9f25, and issue 6521 of
# https://github.com/bluesky-social/social-app for the last one, cut.
UNFURLERS = [
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Twitterbot/1.0",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Jakarta Commons-HttpClient/3.1 +http://www.linkedin.com)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "TelegramBot (like TwitterBot)",
    "WhatsApp/2",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "http.rb/2.2.2 (Mastodon/1.5.1; +https://example-masto-instance.org/)",
    "Mattermost-Bot/1.1",
    "Synapse (bot; +https://github.com/matrix-org/synapse)",
    "Mozilla/5.0 (KHTML, like Gecko; compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app) Chrome",
]


@pytest.mark.parametrize(
    ("accept", "agent"), [(BROWSER, "Mozilla/5.0"), *(("*/*", agent) for agent in UNFURLERS)]
)
def test_an_offers_address_shows_previews_title_price_and_description(
    ask: Asked, accept: str, agent: str
) -> None:
    offer = ask.market.offer
    answer = ask(f"/offers/{offer.id}?layer=both&level=1", accept, **{"User-Agent": agent})
    tags = Tags(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert tags.meta["og:title"] == "Build the layers"
    assert tags.meta["og:url"] == f"{SERVICE}/offers/{offer.id}"
    assert tags.meta["og:description"].startswith("5 MINA if the run succeeds, else nothing.")
    where = f"/index.html#/offers/{offer.id}?layer=both&level=1"
    assert tags.meta["refresh"] == f"0; url={where}"
    assert tags.links == [where]


def test_a_closed_offer_says_so_in_its_preview(ask: Asked) -> None:
    ask.market.ledger.pause_offer(ask.market.offer.hash, "<b>holidays</b>")
    description = Tags(ask(f"/offers/{ask.market.offer.id}").text).meta["og:description"]
    assert description.endswith("It is paused now.")


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</title><svg/onload=alert(1)>",
        "&lt;b&gt;",
    ],
)
def test_l14_html_in_a_title_or_a_query_is_inert(ask: Asked, title: str) -> None:
    offer = make_offer(title=title)
    ask.market.ledger.publish(StoredOffer(offer, "", b"", b"", b""))
    answer = ask(f'/offers/{offer.id}?a="><script>alert(1)</script>')
    tags = Tags(answer.text)
    assert set(tags.tags) == {"html", "meta", "title", "h1", "p", "a"}
    assert tags.meta["og:title"] == title
    assert title in tags.texts
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert all(link.startswith(f"/index.html#/offers/{offer.id}?") for link in tags.links)


def test_a_page_of_another_host_is_told_which_service_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Asked(monkeypatch, "https://page.example/")
    assert away(f"/calls/{HASH}").headers["location"] == f"https://page.example/#/{SERVICE}/calls/{HASH}"


@pytest.mark.parametrize("query", ["a\r\nSet-Cookie: b=1", "ä=1", "a b", "a" * (MAX_QUERY + 1)])
def test_l14_a_query_that_no_page_made_is_left_out(query: str) -> None:
    where: Any = {"page": "/", "service": SERVICE}
    assert page_address(f"/offers/{HASH}", query, **where) == f"/#/offers/{HASH}"
    assert page_address(f"/offers/{HASH}", "a=1", **where) == f"/#/offers/{HASH}?a=1"
