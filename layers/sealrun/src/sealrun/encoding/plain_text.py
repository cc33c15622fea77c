"""One fixed set of characters that names may have, the same for every Python and every browser.

``str.isprintable`` and a browser's properties of characters follow the Unicode version of whoever asks, so
that a name would hold here and be refused there.
"""

import re

# Controls, formats, private ones, halves of pairs, line separators and spaces but U+0020 as of Unicode 15.0,
# and non-characters of the first plane. A character that no version has assigned yet is plain.
# web/shared/src/plain_text.ts has the same.
_NOT_PLAIN = re.compile(
    "[\\x00-\\x1f\\x7f-\\xa0\\xad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u0890\\u0891\\u08e2\\u1680\\u180e"
    "\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ud800-\\uf8ff\\ufdd0-\\ufdef\\ufeff\\ufff9-\\ufffb"
    "\\ufffe\\uffff\\U000110bd\\U000110cd\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3"
    "\\U0001d173-\\U0001d17a\\U000e0000-\\U000e007f\\U000f0000-\\U0010ffff]"
)

# Of a text that a stranger wrote, where it is shown beside others.
MAX_TEXT = 300
# In place of a character that does not show itself.
_OTHER = "\N{REPLACEMENT CHARACTER}"


def is_plain(text: str) -> bool:
    """True if every character shows itself and has no effect on the others; empty text is plain too."""
    return _NOT_PLAIN.search(text) is None


def plain_text(value: object) -> str:
    """At most 300 characters of a text that a stranger wrote, on one line, each of which shows itself."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    shown = "".join(each if is_plain(each) else _OTHER for each in text[:MAX_TEXT])
    return shown if len(text) <= MAX_TEXT else f"{shown}…"
