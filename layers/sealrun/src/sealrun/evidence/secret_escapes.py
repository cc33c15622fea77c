r"""Characters that a text writes out, such as \u0041, \x41, \101, %41, &#65; and &#x41;, and what they say.

JSON, shells, URLs and HTML have them for single characters, and some programs for every character. Only
printable ASCII, tabs and line ends are read: secrets have no others. Not read: quoted-printable, plain hex.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sealrun.evidence.secret_reading import Piece


class _Form(NamedTuple):
    """How one character is written: what stands before its digits, they, and what stands behind."""

    before: str
    digits: str
    after: str
    base: int

    def run(self, least: int) -> str:
        """The pattern of so many characters in a row, from behind the first sign on."""
        first, rest = re.escape(self.before[0]), re.escape(self.before[1:])
        one = f"{rest}(?:{self.digits}){self.after}"
        return f"({one}(?:{first}{one}){{{least - 1},}})"

    def read(self, at: int, run: bytes) -> Iterator[Piece]:
        """The pieces that the run at this place is."""
        digits = run.replace(self.before.encode(), b"")
        if self.base == 16:  # noqa: PLR2004
            text = bytes.fromhex(digits.replace(b";", b"").decode())
            yield at, text, len(run) // len(text)
        elif self.base == 8:  # noqa: PLR2004
            text = bytes(int(digits[each : each + 3], 8) for each in range(0, len(digits), 3))
            yield at, text, 4
        else:
            for number in digits[:-1].split(b";"):
                yield at, _BYTES[number], (width := len(number) + 3)
                at += width


_BYTES = {str(each).encode(): bytes([each]) for each in range(128)}


def _hex(before: str, after: str = "", no: str = "(?!)") -> _Form:
    return _Form(before, f"(?!{no})(?:[2-7][0-9A-Fa-f]|0[9ADad])", after, 16)


# By the first sign. JSON within JSON has two backslashes, and a URL within a URL has %25.
_FORMS = {
    "\\": (
        _hex(r"\u00"),
        _hex(r"\\u00"),
        _hex(r"\U000000"),
        _hex(r"\x"),
        _hex(r"\\x"),
        _Form("\\", "0[4-7][0-7]|1[0-7][0-7]|01[125]", "", 8),
    ),
    "%": (_hex("%25"), _hex("%", no="25[2-7][0-9A-Fa-f]")),
    "&": (
        _hex("&#x", ";"),
        _hex("&#X", ";"),
        _Form("&#", "10|13|3[2-9]|[4-9][0-9]|1[01][0-9]|12[0-6]", ";", 10),
    ),
}
_BY_GROUP = [form for forms in _FORMS.values() for form in forms]
_NAMED = {b"&lt;": b"<", b"&gt;": b">", b"&amp;": b"&", b"&quot;": b'"', b"&apos;": b"'", b"&sol;": b"/"}
_MARKS = (rb"\u00", rb"\U0", rb"\x", rb"\0", rb"\1", b"%", b"&")
# As long as the shortest secret.
_LONG_RUN = 12
# Where more than one of so many bytes begins such a character, only long runs are read: reading one takes
# microseconds (E6). A small file is always read.
_SPARSE, _ALWAYS = 64, 1024


def _pattern(least: int, *named: bytes) -> re.Pattern[bytes]:
    """It begins with a set of characters, which `re` looks for many times faster than for a choice."""
    by_sign = {sign: [form.run(least) for form in forms] for sign, forms in _FORMS.items()}
    by_sign["&"] += [name.decode()[1:] for name in named]
    choices = [f"(?<={re.escape(sign)})(?:{'|'.join(runs)})" for sign, runs in by_sign.items()]
    return re.compile(("[\\\\%&](?:" + "|".join(choices) + ")").encode())


_ANY, _LONG = _pattern(1, *_NAMED), _pattern(_LONG_RUN)


def written_out(text: bytes) -> Iterator[Piece]:
    """The lines that have such characters, in pieces; nothing of the other lines."""
    marks = sum(map(text.count, _MARKS))
    if not marks:
        return
    pattern = _ANY if marks <= max(_ALWAYS, len(text) // _SPARSE) else _LONG
    done, within = 0, False  # how far the text was taken, and whether that is within a line that is taken
    for match in pattern.finditer(text):
        start, end = match.span()
        if within and (line_end := text.find(b"\n", done, start)) >= 0:
            yield done, text[done : line_end + 1], 1
            done, within = line_end + 1, False
        if not within:
            done, within = max(done, text.rfind(b"\n", done, start) + 1), True
        if start > done:
            yield done, text[done:start], 1
        yield from _read(match)
        done = end
    if within:
        yield done, text[done:].partition(b"\n")[0], 1


def _read(match: re.Match[bytes]) -> Iterator[Piece]:
    if match.lastindex is None:
        return iter([(match.start(), _NAMED[match[0]], len(match[0]))])
    return _BY_GROUP[match.lastindex - 1].read(match.start(), match[0])
