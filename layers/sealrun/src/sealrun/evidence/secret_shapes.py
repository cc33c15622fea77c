"""How secrets look.

Tokens and keys of known shape, values assigned to a name such as ``API_TOKEN``, and, in text, strings that
only a random generator makes. Hex alone is never taken for one: digests are hex.
"""

import itertools
import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from mina.keys import PrivateKey

# The longest secret that is recognised whole: a private key of 8192 bits in PEM has some 6,400 characters,
# each of six bytes where they are written as \u0041. An OpenPGP key has up to 40,000.
MAX_SECRET = 48 << 10

# Of one collection: a minute or two in all. Text of 4 GiB that only looks like secrets would take an hour.
MAX_EFFORT = 32_000_000
# What a closer look takes beside one at an assigned value, which takes some three microseconds.
_EFFORT_RANDOM, _EFFORT_KEY = 2, 4


@dataclass
class Effort:
    """How many closer looks are left; without one, whatever has the shape of a secret counts as one (E6)."""

    left: int = MAX_EFFORT

    def allows(self, cost: int = 1) -> bool:
        """True if there is one left for this text; it is used up."""
        self.left -= cost
        return self.left >= 0


@dataclass(frozen=True)
class _Shape:
    """Begins with a literal, which is searched first: that is many times faster than a pattern."""

    literal: bytes
    pattern: re.Pattern[bytes]  # begins with the literal too, so that `re` looks for nothing else
    accept: Callable[[bytes], bool] | None = None  # takes a closer look

    def in_text(
        self, text: bytes, accepts: Callable[[re.Match[bytes]], bool], *, nested: bool = False
    ) -> Iterator[re.Match[bytes]]:
        """Every place where the pattern fits and is accepted; unless ``nested``, none within another one."""
        at = text.find(self.literal)
        while at >= 0 and (match := self.pattern.search(text, at)):
            if accepted := accepts(match):
                yield match
            whole = accepted or match[0].endswith(_EXAMPLE)
            at = match.end() if whole and not nested else match.start() + len(self.literal)


# Before what stands by itself: nothing, no letter or digit, or the end of an escaped character as in JSON
# (\n, \u003d), in a shell's text (\x3d) or in a URL (%3D). Each is looked back at from the literal's end.
_ALONE = (
    r"(?:(?<!\w{0})|(?<=\\[abefnrtv]{0})|(?<=\\u[0-9A-Fa-f]{4}{0})"
    r"|(?<=\\x[0-9A-Fa-f]{2}{0})|(?<=%[0-9A-Fa-f]{2}{0}))"
)


def _shapes(
    literals: str, rest: str, accept: Callable[[bytes], bool] | None = None, *, before: str = _ALONE
) -> tuple[_Shape, ...]:
    """One for each literal; ``before`` is looked back at from its end, as its place comes first."""
    return tuple(
        _Shape(one.encode(), re.compile(f"{one}{before.replace('{0}', one)}{rest}".encode()), accept)
        for one in literals.split("|")
    )


def _is_mina_key(text: bytes) -> bool:
    try:
        PrivateKey.from_base58(text.decode("ascii"))
    except ValueError:
        return False
    return True


_PEM_NAME = rb"(?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
_PEM_BEGIN, _PEM_END = re.compile(rb"-----BEGIN " + _PEM_NAME), re.compile(rb"-----END " + _PEM_NAME)
# Only with what looks like a key behind it, for a program may speak of the header.
_PEM_RUN, _PEM_RUN_WITHIN = b"x" * 40, 340
# Up to an end of its own: OpenPGP's keys have many parts. As much is taken where there is no end.
_PEM_LONGEST, _PEM_ENDLESS = 40_000, 7000
_BASE64 = bytes(
    ord("x") if chr(each).isascii() and (chr(each).isalnum() or chr(each) in "+/") else ord(".")
    for each in range(256)
)
_SHAPES = (
    # https://docs.gitlab.com/security/tokens/#token-prefixes
    *_shapes(
        "glpat-|glptt-|gldt-|glrt-|glrtr-|glcbt-|glsoat-|glft-|glimt-|glagent-|gloas-|glffct-|glwt-",
        r"[\w.=-]{20,300}",
    ),
    # https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    *_shapes("ghp_|gho_|ghu_|ghs_|ghr_", r"[A-Za-z0-9]{36,255}"),
    # https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/
    *_shapes("ghs_", r"(?:[A-Za-z0-9]{1,20}_)?eyJ[\w.-]{36,2000}"),
    *_shapes("github_pat_", r"[A-Za-z0-9_]{22,255}"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
    *_shapes("AKIA|ASIA", r"[A-Z0-9]{16}\b"),
    *_shapes("whsec_", r"[A-Za-z0-9+/]{24,100}={0,2}"),
    *_shapes("xox", r"[abeoprs]-[A-Za-z0-9-]{20,250}"),
    *_shapes("npm_", r"[A-Za-z0-9]{36}\b"),
    *_shapes("pypi-", r"[\w-]{50,500}"),
    *_shapes("k_live_", r"[A-Za-z0-9]{16,250}", before="(?<=[rs]{0})"),
    *_shapes("AIza", r"[\w-]{35}"),
    *_shapes("EK", r"[1-9A-HJ-NP-Za-km-z]{50}\b", _is_mina_key),
)

# RFC 7519: both header and payload are JSON objects, which begin with {" in base64. The header's whole run of
# characters is taken, whatever follows: where that is no payload, nothing else in the run is a header (E6).
# A payload may name hundreds of groups; the whole is shorter than MAX_SECRET also in UTF-16.
_JWT = re.compile(
    b"eyJ" + _ALONE.replace("{0}", "eyJ").encode() + rb"[\w-]{5,}+(\.eyJ[\w-]{5,16000}+\.[\w-]{0,2000})?"
)
_JWT_HEADER = 603
_EXAMPLE = b"EXAMPLE"  # how AWS's pages end the keys that they show
# Without = and : within, so that no two values overlap and the work stays linear.
_VALUE = r"[a-z0-9+/_.~@!#%^&*-]{8,256}={0,2}"
_IS = rf"s?[\"']?[ \t]{{0,3}}[=:]>?[ \t]{{0,3}}[\"']?({_VALUE})"
_KEYS = ("api", "access", "private", "secret")
# A name that ends so, then = or :, then what may be quoted.
_ASSIGNED = (
    *_shapes("token|secret|password|passwd|passphrase|credential", _IS, before=""),
    *_shapes("key", _IS, before=f"(?:{'|'.join(f'(?<={each}key)|(?<={each}[_-]key)' for each in _KEYS)})"),
)
_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_RUNS = bytes(ord("x") if each in _CHARACTERS else ord(".") for each in range(256))
_RUN = b"x" * 32
_LONGEST_RUN = 128
# Digests that tools write in base64, and Mina's keys, signatures, transactions and tokens: meant to be seen.
_DIGEST_BEFORE = re.compile(
    rb"(?i)(?:sha-?(?:1|224|256|384|512)|md5|h1|integrity|digest|checksum)[=: \"']{1,4}$"
)
_DIGEST = re.compile(rb"(?i)(?:sha-?(?:1|224|256|384|512)|md5)[-_]")
_PUBLIC = re.compile(
    rb"(?:B62q[1-9A-Za-z]{51}|7m[1-9A-Za-z]{94}|5J[1-9A-Za-z]{50}|w[1-9A-Za-z]{49}|Qm[1-9A-Za-z]{44})"
)
# Text in the place of a value that is not one: a name of the program's own, or an example from AWS's pages.
_REFERENCE = re.compile(rb"(?i)[a-z_]\w*(?:\.[a-z_]\w*)+|.*(?:key|token|secret|base\d\d|b64|EXAMPLE).*")
# No text: zeros in a row, or characters that neither text nor a terminal has. `env -0` has single zeros.
_BINARY = re.compile(rb"\0\0|[\x01-\x07\x0e-\x1a\x1c-\x1f]")
# Lengths of whole lines in PEM and MIME blocks: certificates, public keys, attachments.
_WRAPPED = (60, 64, 65, 70, 72, 76)
_LINE_BEFORE = re.compile(rb"(?:^|\n)[A-Za-z0-9+/]{60,76}\r?\n$")
# Bits a character: 32 random characters of base64 have about 4.7, words and paths about 4.
_MIN_RANDOM_BITS, _MIN_ASSIGNED_BITS = 4.5, 2.8
# By how often a character stands in a text that is looked at: that number times its logarithm.
_WEIGHTS = [0.0, *(count * math.log2(count) for count in range(1, 300))]
# Of two neighbours in random text 6 in 10 are of different kinds (upper, lower, digit), in names 2 or 3.
_MIN_CHANGES = 0.4
_UPPER, _LOWER, _DIGIT, _OTHER = b"U", b"L", b"D", b"O"
_KINDS = b"".join(
    _UPPER
    if chr(each).isupper()
    else _LOWER
    if chr(each).islower()
    else _DIGIT
    if chr(each).isdigit()
    else _OTHER
    for each in range(256)
)
_STRETCH = re.compile(rb"U+|L+|D+|O+")


def secrets_in(
    window: bytes, *, shaped_only: bool = False, effort: Effort | None = None
) -> Iterator[tuple[int, int]]:
    """Where secrets begin and end, in no order; they may overlap. Closer looks are taken from ``effort``."""
    effort = effort or Effort()
    yield from _shaped(window, effort)
    yield from _json_web_tokens(window)
    yield from _private_keys(window)
    if not shaped_only and (b"\0" not in window or not _BINARY.search(window)):
        yield from _assigned(window, effort)
        yield from _random(window, effort)


def places(window: bytes, literal: bytes) -> Iterator[int]:
    """Every place where the literal stands."""
    at = window.find(literal)
    while at >= 0:
        yield at
        at = window.find(literal, at + 1)


def _shaped(window: bytes, effort: Effort) -> Iterator[tuple[int, int]]:
    for shape in _SHAPES:
        for match in shape.in_text(window, partial(_is_meant, shape, effort)):
            yield match.span()


def _is_meant(shape: _Shape, effort: Effort, match: re.Match[bytes]) -> bool:
    if match[0].endswith(_EXAMPLE):
        return False
    return shape.accept is None or not effort.allows(_EFFORT_KEY) or shape.accept(match[0])


def _json_web_tokens(window: bytes) -> Iterator[tuple[int, int]]:
    at = window.find(b"eyJ")
    while at >= 0 and (match := _JWT.search(window, at)):
        at = match.end()
        if match[1] is None:
            continue
        start = match.start(1) - _JWT_HEADER
        if match.start() < start:
            at = start  # one that begins later in the same run
        elif match[0].endswith(_EXAMPLE):
            at = match.start(1) + 1
        else:
            yield match.span()


def _private_keys(window: bytes) -> Iterator[tuple[int, int]]:
    """PEM blocks; headers without a key behind them are passed over quickly: a file may be full of them.

    What two blocks share is one: a key of which only the beginning is there has another one within its reach.
    """
    headers = [*places(window, b"-----BEGIN "), len(window)]
    base64 = window.translate(_BASE64) if len(headers) > 1 else b""
    ends = [match.span() for match in _PEM_END.finditer(window)] if base64 else []
    start = done = 0
    for at, following in itertools.pairwise(headers):
        header = _PEM_BEGIN.match(window, at)
        if header is None or base64.find(_PEM_RUN, header.end(), header.end() + _PEM_RUN_WITHIN) < 0:
            continue
        if at >= done:
            if done:
                yield start, done
            start = at
        done = max(done, min(_end_of_key(header.end(), ends, following), len(window)))
    if done:
        yield start, done


def _end_of_key(start: int, ends: list[tuple[int, int]], following: int) -> int:
    """Where a PEM block ends that has its header before ``start``; the next header is ``following``."""
    found = bisect_left(ends, (start, 0))
    begun, end = ends[found] if found < len(ends) else (start, start + _PEM_LONGEST + 1)
    is_its_own = end <= start + _PEM_LONGEST and (begun <= start + _PEM_ENDLESS or following > begun)
    return end if is_its_own else start + _PEM_ENDLESS


def _assigned(window: bytes, effort: Effort) -> Iterator[tuple[int, int]]:
    lower = window.lower()

    def is_chosen(match: re.Match[bytes]) -> bool:
        return _looks_chosen(window[slice(*match.span(1))], effort)

    for shape in _ASSIGNED:
        for match in shape.in_text(lower, is_chosen, nested=True):
            yield match.span(1)


def _random(window: bytes, effort: Effort) -> Iterator[tuple[int, int]]:
    runs = window.translate(_RUNS)
    start = runs.find(_RUN)
    while start >= 0:
        end = runs.find(b".", start) % (len(runs) + 1)
        text = window[start:end] if end - start <= _LONGEST_RUN else b""
        kinds = text.translate(_KINDS)
        every_kind = _UPPER in kinds and _LOWER in kinds and _DIGIT in kinds
        if (
            every_kind
            and not _meant_to_be_seen(window, text, start, end)
            and _looks_random(text, kinds, effort)
        ):
            yield start, end
        start = runs.find(_RUN, end)


def _looks_chosen(text: bytes, effort: Effort) -> bool:
    """A value that is neither a word, a number nor a name of a variable."""
    kinds = text.translate(_KINDS)
    if _DIGIT not in kinds or not (_UPPER in kinds or _LOWER in kinds):
        return False
    if not effort.allows():
        return True
    return _bits(text) >= _MIN_ASSIGNED_BITS and not _REFERENCE.fullmatch(text)


def _looks_random(text: bytes, kinds: bytes, effort: Effort) -> bool:
    """Text of all kinds that are no word's: its neighbours differ, and no character is much more frequent."""
    if not effort.allows(_EFFORT_RANDOM):
        return True
    changes = len(_STRETCH.findall(kinds)) - 1
    return changes >= _MIN_CHANGES * len(text) and _bits(text) >= _MIN_RANDOM_BITS


def _meant_to_be_seen(window: bytes, text: bytes, start: int, end: int) -> bool:
    if (
        _DIGEST.match(text)
        or _PUBLIC.fullmatch(text)
        or _DIGEST_BEFORE.search(window, max(0, start - 16), start)
    ):
        return True
    before, after = window[max(0, start - 1) : start], window[end : end + 1]
    if before not in (b"", b"\n") or after not in (b"", b"\r", b"\n", b"="):
        return False
    return len(text) in _WRAPPED or bool(_LINE_BEFORE.search(window, max(0, start - 80), start))


def _bits(text: bytes) -> float:
    """Shannon's entropy, in bits a character."""
    whole = len(text)
    return math.log2(whole) - sum(map(_WEIGHTS.__getitem__, Counter(text).values())) / whole
