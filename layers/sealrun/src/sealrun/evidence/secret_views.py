"""Other readings of some bytes, in which a secret shows itself that decoration or wide characters hide.

A coloured log has an escape sequence before a token, or within it (``grep --color``); GitLab cuts a long line
in two; web pages and chats cut words by characters of no width; PowerShell writes UTF-16. Each reading tells
where in the bytes its text stands.
"""

import itertools
import re
from collections.abc import Iterator

from sealrun.evidence.secret_escapes import written_out
from sealrun.evidence.secret_reading import Piece, Reading, one_a_line

# Control sequences of ECMA-48, also as a program's text writes them (\e[31m, \u001b[31m, Rust's \u{1b}[31m,
# ^[[31m of `cat -v`, &#27;[31m and #x1B[31m of test reports in XML), then strings such as links, then other
# escapes such as tput's; GitLab's timestamp where it continues the line before; and characters that show
# nothing (Unicode's Default_Ignorable_Code_Point and U+FFF9 to U+FFFB, but not Hangul's fillers, which are as
# wide as a letter) in UTF-8, and as JSON, Rust, HTML and URLs write the most usual ones; and the backslashes
# that PHP's JSON has before each slash. Each alternative begins with a literal, which is faster.
_DECORATION = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"
    rb"|\x9b[0-?]*[ -/]*[@-~]"
    rb"|\xc2(?:\x9b[0-?]*[ -/]*[@-~]|\xad)"
    rb"|\\(?:(?:[eE]|0?33|x1[bB]|u001[bB]|u\{1[bB]\})\[[0-?]*[ -/]*[@-~]"
    rb"|u(?:200[b-fB-F]|2060|[fF][eE][fF]{2}|00[aA][dD]|\{(?:200[b-fB-F]|2060|[fF][eE][fF]{2}|[aA][dD])\})|\\{0,6}(?=/))"
    rb"|\^\[\[[0-?]*[ -/]*[@-~]"
    rb"|#x1[bB]\[[0-?]*[ -/]*[@-~]"
    rb"|&#(?:27|[xX]1[bB]);\[[0-?]*[ -/]*[@-~]"
    rb"|\x1b[\]PX^_][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)"
    rb"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    rb"|\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [0-9a-f]{2}[EO]\+"
    rb"|\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xaf])"
    rb"|\xef(?:\xbb\xbf|\xb8[\x80-\x8f]|\xbf[\xb0-\xbb])"
    rb"|\xcd\x8f"
    rb"|\xd8\x9c"
    rb"|\xe1(?:\xa0[\x8b-\x8f]|\x9e[\xb4\xb5])"
    rb"|\xf0(?:\x9b\xb2[\xa0-\xa3]|\x9d\x85[\xb3-\xba])"
    rb"|\xf3\xa0[\x80-\xbf][\x80-\xbf]"
    rb"|&(?:#(?:820[3-7]|8288|65279|173|[xX](?:200[b-fB-F]|2060|[fF][eE][fF]{2}|[aA][dD]))|shy|zwn?j|ZeroWidthSpace);"
    rb"|%[eE]2%80%8[b-fB-F]"
)
# The same backslashes where they are written out themselves, as in the body of a form.
_SLASH = re.compile(rb"\\{1,7}(?=/)")
# Decoration that is closer than so many bytes is nobody's words, and one more reading would cost (E6).
_SPARSE = 8
# Printable ASCII, an escape, tabs and line ends; zeros; all others. UTF-16 and UTF-32 have one and three
# zeros with each character, behind it (little-endian, as Windows has it) or before it.
_KINDS = bytes(
    ord("a") if chr(each) in "\t\n\r\x1b" or 0x20 <= each < 0x7F else ord(".") if each else ord("0")  # noqa: PLR2004
    for each in range(256)
)
_WIDE = ((b"a0", b"0a"), (b"a000", b"000a"))
# Characters: long enough for the shortest secret.
_LONG_RUN = 12


def readings(window: bytes) -> Iterator[Reading]:
    """The other readings of a window; none of ordinary text."""
    yield from _bare(window, None)
    if b"\0" in window:
        kinds = window.translate(_KINDS)
        for little, big in _WIDE:
            for runs in _either_way(kinds, little, big):
                pieces = [(start, window[start:end].replace(b"\0", b""), len(little)) for start, end in runs]
                if pieces:
                    reading = Reading(one_a_line(pieces))
                    yield reading
                    yield from _bare(reading.text, reading)


def _either_way(kinds: bytes, little: bytes, big: bytes) -> list[list[tuple[int, int]]]:
    """The runs of each form, but those that are one of the other form without its first or last character."""
    runs, zeros = [[*_runs(kinds, form)] for form in (little, big)], len(little) - 1
    within = {(start + 1, end - zeros) for start, end in runs[0]}
    within |= {(start + zeros, end - 1) for start, end in runs[1]}
    return [[run for run in each if run not in within] for each in runs]


def _runs(kinds: bytes, form: bytes) -> Iterator[tuple[int, int]]:
    """Where so many characters of this form stand that they may be a secret."""
    more = re.compile(b"(?:%b)+" % form)
    start = kinds.find(form * _LONG_RUN)
    while start >= 0 and (match := more.match(kinds, start)):
        yield match.span()
        start = kinds.find(form * _LONG_RUN, match.end())


def wide_forms(value: bytes) -> list[bytes]:
    """The same text in UTF-16 and UTF-32, little-endian and big-endian."""
    each = [bytes([one]) for one in value]
    zeros = [b"\0", b"\0\0\0"]
    return [b"".join(one + more for one in each) for more in zeros] + [
        b"".join(more + one for one in each) for more in zeros
    ]


def _bare(text: bytes, of: Reading | None) -> Iterator[Reading]:
    """Without decoration, each word of a colour by itself, and with the characters that are written out."""
    if pieces := _without(_DECORATION, text):
        if len(pieces) * _SPARSE < len(text) and _words_meet(pieces):
            yield Reading(one_a_line(pieces), of)
        of = Reading(pieces, of)
        yield of
        text = of.text
    if found := [*written_out(text)]:
        of = Reading(found, of)
        yield of
        if b"\\/" in of.text:
            yield Reading(_without(_SLASH, of.text), of)


def _without(pattern: re.Pattern[bytes], text: bytes) -> list[Piece]:
    """What lies around each place where the pattern fits; nothing where it fits nowhere."""
    cuts = [(0, 0), *(match.span() for match in pattern.finditer(text)), (len(text), len(text))]
    around = [(before, text[before:after], 1) for (_, before), (after, _) in itertools.pairwise(cuts)]
    return around if len(around) > 1 else []


def _words_meet(pieces: list[Piece]) -> bool:
    """True if a word stands directly behind one of another colour, so that together they are another word."""
    texts = [text for _, text, _ in pieces if text]
    return any(one[-1:].isalnum() and other[:1].isalnum() for one, other in itertools.pairwise(texts))
