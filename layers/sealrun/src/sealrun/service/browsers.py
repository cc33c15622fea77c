"""What a browser gets at addresses that programs ask too: the buyer's page, and an offer's preview.

Programs that name JSON, or nothing in particular, get JSON as they would without a page.
"""

import re
from collections.abc import Mapping

from sealrun.offers.stored_offer import StoredOffer

# A URL with inputs filled in; a longer one is no link that a page made.
MAX_QUERY = 8 * 1024
_PLACE = r"/(?:offers|calls)/[0-9a-f]{64}"
_TICKET = r"/tickets/[0-9a-f]{64}"
# Programs that draw previews of links in chats and networks. Most of them accept anything, so only their
# names tell that they look for the tags of a page. All but Bluesky's stand in the list of agents as they were
# seen, https://github.com/monperrus/crawler-user-agents; some makers document theirs.
_UNFURLERS = (
    "Bluesky Cardyb",  # seen: https://github.com/bluesky-social/social-app/issues/6521
    "Discordbot",
    "facebookexternalhit",  # https://developers.facebook.com/docs/sharing/webmasters/crawler/
    "LinkedInBot",
    "Mastodon",  # https://github.com/mastodon/mastodon/pull/2073
    "Mattermost-Bot",
    "SkypeUriPreview",  # Teams too
    "Slackbot",  # https://api.slack.com/robots
    "Synapse (bot",  # Matrix: https://github.com/matrix-org/synapse
    "TelegramBot",
    "Twitterbot",  # https://developer.x.com/cards/overview
    "WhatsApp",  # Signal too: https://github.com/signalapp/Signal-Android/issues/13522
)
VARY = {"Vary": "Accept, User-Agent"}
# The page of an offer holds no script, no style and no picture, whatever its seller wrote into the title.
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(
        f"{each} 'none'" for each in ("default-src", "base-uri", "form-action", "frame-ancestors")
    ),
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_shown_to_browsers(path: str) -> bool:
    """True for the addresses at which a browser gets something else than a program."""
    return path == "/" or bool(re.fullmatch(_PLACE, path) or re.fullmatch(_TICKET, path))


def asks_for_page(headers: Mapping[str, str]) -> bool:
    """True for a browser; ``headers`` have lower-case names."""
    accepted = headers.get("accept", "")
    return "text/html" in accepted and "json" not in accepted


def asks_for_preview(headers: Mapping[str, str]) -> bool:
    """True for a browser, and for a program that draws a preview of a link."""
    agent, accepted = headers.get("user-agent", ""), headers.get("accept", "")
    return asks_for_page(headers) or ("json" not in accepted and any(name in agent for name in _UNFURLERS))


def page_address(path: str, query: str, *, page: str, service: str) -> str:
    """Where the buyer's page shows the same.

    Args:
        path: of an offer, a call or a ticket, or the root.
        query: as it came, with inputs of an offer.
        page: where the page is: a path of this service, or a URL of another.
        service: the URL of this service.
    """
    if not re.fullmatch(_PLACE, path):
        # The browser keeps the fragment of the address that it asked for, and with it the ticket's secret
        # (RFC 9110, section 10.2.2).
        return page
    given = f"?{query}" if query and re.fullmatch(rf"[!-~]{{1,{MAX_QUERY}}}", query, re.ASCII) else ""
    return f"{page}#{path if page.startswith('/') else f'/{service}{path}'}{given}"


def offer_page(stored: StoredOffer, *, address: str, service: str) -> tuple[Mapping[str, str], str]:
    """Headers and HTML of an offer's address: what link previews show, and the way on to the buyer's page.

    Open Graph's tags (https://ogp.me). ``address`` is where the buyer's page shows the offer.
    """
    offer = stored.offer
    url = f"{service}/offers/{offer.id}"
    price = f"{offer.cost} if the run succeeds, else nothing" if offer.payment else "Free"
    source = f"{offer.source.provider}, project {offer.source.project}"
    state = "" if not stored.reason else f" It is {stored.state} now."
    about = f"{price}. One job of a CI pipeline ({source}), with a receipt that proves what it did.{state}"
    tags = {"og:type": "website", "og:site_name": "sealrun", "og:url": url, "og:title": offer.title}
    meta = [_meta("property", name, value) for name, value in {**tags, "og:description": about}.items()]
    named = [_meta("name", "description", about), _meta("name", "twitter:card", "summary")]
    way = _escaped(address)
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        f"<title>{_escaped(offer.title)} · sealrun</title>",
        *meta,
        *named,
        f'<meta http-equiv="refresh" content="0; url={way}">',
        f"<h1>{_escaped(offer.title)}</h1>",
        f"<p>{_escaped(about)}</p>",
        f'<p><a href="{way}">Open the offer</a></p>',
        "</html>",
    ]
    return {**_HEADERS, **VARY}, "\n".join(lines) + "\n"


def elsewhere(address: str) -> Mapping[str, str]:
    """The headers of an answer that leads a browser to the buyer's page."""
    return {"Location": address, "Cache-Control": "no-cache", "Referrer-Policy": "no-referrer", **VARY}


def _meta(kind: str, name: str, content: str) -> str:
    return f'<meta {kind}="{name}" content="{_escaped(content)}">'


def _escaped(text: str) -> str:
    from html import escape  # noqa: PLC0415  most callers are programs

    return escape(text)
