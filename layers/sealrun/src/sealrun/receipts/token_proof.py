"""Proofs of CI tokens: what ``token.proof.json`` says, and the hashes in it.

The circuits are those of ``contracts/src/token``; decision 28 holds their argument. Nothing here checks a
proof: that takes the contracts' programs.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mina.field import P
from sealrun.encoding import read
from sealrun.encoding.fields import node_hash, tagged_hash
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.merkle import Merkle
from sealrun.errors import Malformed
from sealrun.offers.facts import FACTS, facts_hash, packed

PROOF_NAME = "token.proof.json"
# A proof has 32 KB in base64, the claims 2 KB at most.
MAX_BYTES = 128 << 10
MAX_KEYS = 16
_KEYS_DEPTH = 4
_HEADER_ROOM = 7 * 31
_LIMBS, _LIMB_BITS = 9, 232
_EXPONENT = "AQAB"

# The members of each issuer's token header in their order; the key's own values stand where its names are.
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "gitlab": ("kid", "typ", "alg"),
    "github": ("typ", "alg", "x5t", "kid"),
}
_FIXED = {"typ": "JWT", "alg": "RS256"}

# The circuit takes subjects below 2**254 alone: a number past the field's order is one of another subject.
_SUBJECT = "[0-3][0-9a-f]{63}"
_AUDIENCE = rf"urn:sealrun:(?:call:{_SUBJECT}|(?:done|tree):{_SUBJECT}:[0-9a-f]{{64}})"
_SAYS = "urn:sealrun:, call, done or tree, and 64 hex digits each, the first at most 3"


class Audience(NamedTuple):
    """The subject of a token, as its audience names it."""

    says: str  # call: a job of it ran; done: its last job did; tree: a commit's files
    subject: str  # the call hash, or the commit with zeros in front, 64 hex digits
    digest: str | None = (
        None  # outputs of a call that is done, or the root of a commit's mirror, 64 hex digits
    )

    @classmethod
    def parse(cls, text: str) -> "Audience":
        """Read one that has the form of a proof's."""
        return cls(*text.split(":")[2:])

    @property
    def text(self) -> str:
        """As it stands in the token."""
        return ":".join(("urn:sealrun", *(part for part in self if part is not None)))


@dataclass(frozen=True)
class TokenProof:
    """The document, parsed."""

    issuer: str  # gitlab or github: which layout the token has
    key: int  # hash of the key that signed, with its header
    audience: Audience
    facts_hash: int
    iat: int  # Unix seconds
    facts: Mapping[str, str]
    document: Mapping[str, Any]  # as it was read, for the program that checks it

    @classmethod
    def parse(cls, document: bytes) -> "TokenProof":
        """Read the document.

        Not checked: the proof.

        Raises:
            Malformed: it is too long or not of its form, or its facts do not hash to those of its statement.
        """
        value = parse_object(document, at_most=MAX_BYTES)
        read.only(value, ("sealrun", "issuer", "statement", "facts", "proof"), where=PROOF_NAME)
        read.whole(value, "sealrun", low=1, high=1)
        issuer = read.one_of(value, "issuer", tuple(FACTS))
        read.text(value, "proof", pattern=r"[A-Za-z0-9+/=]{1,120000}", says="base64")
        statement = read.only(value["statement"], ("key", "audience", "facts", "iat"), where="statement")
        facts = read.only(value["facts"], tuple(FACTS[issuer]), where="facts")
        proof = cls(
            issuer=issuer,
            key=read.decimal(statement, "key", high=P - 1),
            audience=Audience.parse(read.text(statement, "audience", pattern=_AUDIENCE, says=_SAYS)),
            facts_hash=read.decimal(statement, "facts", high=P - 1),
            iat=read.whole(statement, "iat", low=0, high=9_999_999_999),
            facts=facts,
            document=value,
        )
        if facts_hash(issuer, facts) != proof.facts_hash:
            raise Malformed("facts: expected those of the statement's hash, got others")
        return proof


def key_hash(issuer: str, key: Mapping[str, Any]) -> int:
    """``H("sealrun:jwk", [modulus, header])`` of a JSON Web Key whose tokens can be proved.

    Raises:
        Malformed: it is no RSA key of 2048 bits with the exponent 65537, or lacks what the header names.
    """
    named = {name for name in _HEADERS[issuer] if name not in _FIXED}
    key = read.with_others(dict(key), {"kty", "n", "e", *named}, where="key")
    if key["kty"] != "RSA" or key["e"] != _EXPONENT:
        raise Malformed("key: expected RSA with the exponent 65537, got another")
    modulus = _modulus(read.text(key, "n", pattern=r"[A-Za-z0-9_-]{342}", says="2048 bits in base64url"))
    limbs = [modulus >> _LIMB_BITS * at & ((1 << _LIMB_BITS) - 1) for at in range(_LIMBS)]
    return tagged_hash("sealrun:jwk", [*limbs, *packed(_header(issuer, key), _HEADER_ROOM, "header")])


def key_root(hashes: Sequence[int]) -> int:
    """The root over an issuer's key hashes, in ascending order, each once.

    Raises:
        Malformed: there is none, or more than 16.
    """
    leaves = sorted(set(hashes))
    if not 1 <= len(leaves) <= MAX_KEYS:
        raise Malformed(f"keys: expected 1 to {MAX_KEYS}, got {len(leaves)}")
    return Merkle(_KEYS_DEPTH, node_hash, 0).root(leaves)


def usable_key_hashes(issuer: str, keys: Sequence[Mapping[str, Any]]) -> list[int]:
    """The hashes of those keys that tokens can be proved with; others, such as longer ones, are left out."""
    hashes = []
    for key in keys:
        try:
            hashes.append(key_hash(issuer, key))
        except Malformed:
            continue
    return hashes


def _header(issuer: str, key: Mapping[str, Any]) -> str:
    """The characters that the key's tokens begin with."""
    text = {"pattern": r"[!#-\[\]-~]{1,200}", "says": "printable text without quotes"}
    members = {name: _FIXED.get(name) or read.text(key, name, **text) for name in _HEADERS[issuer]}
    return base64.urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _modulus(base64url: str) -> int:
    modulus = int.from_bytes(base64.urlsafe_b64decode(base64url + "=="), "big")
    if modulus.bit_length() != 2048:  # noqa: PLR2004
        raise Malformed(f"key: expected 2048 bits, got {modulus.bit_length()}")
    return modulus
