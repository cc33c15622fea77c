"""The catalogue as one HTML file: for readers without scripts, for search engines, and for previews of links.

It holds no script, whatever sellers wrote: every text is escaped, and the page's policy allows none.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from sealrun.market.history import NOTE, History, day
from sealrun.offers.dropped import dropped_line
from sealrun.offers.prices import Price, parse_prices

# Entries of a page that a browser lays out at once; the catalogue itself has all of them.
MAX_SHOWN = 2000
_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "li{margin:0 0 1.5rem}h2{font-size:1.1rem;margin:0}p{margin:.2rem 0;overflow-wrap:anywhere}"
    ":root{color-scheme:light dark}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'"


def catalogue_page(document: Mapping[str, Any], *, app: str) -> str:
    """The HTML of a catalogue that this machine made.

    Args:
        document: the catalogue.
        app: where the buyer's page lies, which shows offers behind ``#``; empty to link to services.
    """
    entries = document["entries"]
    number = f"{len(entries)} {'offer' if len(entries) == 1 else 'offers'}"
    about = (
        f"{number} of CI jobs for sale on {document['network']}, with prices and what their receipts tell."
    )
    tags = {"og:type": "website", "og:site_name": "sealrun", "og:title": "Catalogue", "og:description": about}
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        "<title>Catalogue · sealrun</title>",
        f'<meta name="description" content="{escape(about)}">',
        *(f'<meta property="{name}" content="{escape(value)}">' for name, value in tags.items()),
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        "<h1>Catalogue</h1>",
        f"<p>{escape(_origin(document))}</p>",
        *([f'<p><a href="{escape(app)}#/catalogue">Search the catalogue</a></p>'] if app else []),
        "<ul>",
        *(line for entry in entries[:MAX_SHOWN] for line in _entry(entry, app)),
        "</ul>",
        *([f"<p>{more} more stand in catalogue.json.</p>"] if (more := len(entries) - MAX_SHOWN) > 0 else []),
        f"<p>{escape(NOTE)}</p>",
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _origin(document: Mapping[str, Any]) -> str:
    board, height = document["board"], document["height"]
    failed = sum(document["failed"].values())
    read = f" {document['read']} of {document['listed']} listings were read."
    hidden = f" {failed} that did not pass a check are not shown." if failed else ""
    on = f"{document['network']}, as of block {height}, {day(document['built'])}."
    return f"Listed on the board {board} of {on}{read}{hidden}"


def _entry(entry: Mapping[str, Any], app: str) -> Iterator[str]:
    link = f"{app}#/{entry['url']}" if app else entry["url"]
    inputs = ", ".join(each["title"] or each["name"] for each in entry["inputs"])
    whom = " For keys that the offer names." if entry["callers"] == "named" else ""
    proved = " Settled by proofs." if entry["proved"] else ""
    about = f"Seller {entry['seller']}. {entry['provider']}, at least grade {entry['grade']}.{proved}{whom}"
    yield "<li>"
    yield f'<h2><a href="{escape(link)}" rel="noreferrer">{escape(entry["title"])}</a></h2>'
    yield f"<p>{escape(_prices(entry['prices']))}</p>"
    yield from (f"<p>{escape(line)}</p>" for line in _taken(entry))
    yield f"<p>{escape(_history(entry['history']))}</p>"
    if inputs:
        yield f"<p>Inputs: {escape(inputs)}</p>"
    yield f"<p>{escape(about)}</p>"
    yield "</li>"


def _prices(prices: list[Mapping[str, Any]]) -> str:
    if not prices:
        return "Free"
    costs = (f"{price.cost}{_owner(price)}" for price in parse_prices(prices))
    return f"{' or '.join(costs)}, if it succeeds"


def _taken(entry: Mapping[str, Any]) -> Iterator[str]:
    """What took no calls when the catalogue was built, and why."""
    if not entry["open"]:
        yield f"Took no calls when this was built: {entry['reason']}"
        return
    for each in entry["dropped"]:
        yield f"Took no calls when this was built at {dropped_line(each)}"


def _owner(price: Price) -> str:
    """A symbol is nobody's own: the account that owns a token tells two of them apart."""
    return f" (token of {price.owner.to_base58()})" if price.owner else ""


def _history(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return "No public history."
    words = History.of(value).words
    return f"{words[0].upper()}{words[1:]}."
