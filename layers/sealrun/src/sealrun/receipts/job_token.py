"""CI tokens: what a provider itself signed about the job that ran, the ground of grade 1.

A token is checked against what was recorded of the call and its run, never the other way round. It is
evidence of the past, so it is compared with the run's own time and not with a clock.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, TokenRefused
from sealrun.offers.provider_rules import Issuer, TokenRules
from sealrun.offers.source import Source

# A project access token's bot is in no group; of a person GitLab lists up to 200.
MAX_BYTES = 32 << 10
# GitLab dates a token's nbf 5 s back; the provider's clock and ours may differ by the same as for runs.
SKEW_SECONDS = 120
MAX_LIFETIME_SECONDS = 31 * 24 * 3600
# RFC 7518, 3.3 wants 2048 bits or more; the upper bound only keeps the arithmetic short.
_MODULUS_BYTES = (256, 1024)
CLAIMS_NAME = "token.claims.json"  # the shown claims of a job's token, beside the job's own files
DONE_NAME = "done.jwt"  # the last job's token, in the probe's folder: for a proof, and never shown
_HEADER = ("alg", "kid", "typ")
_BASE64URL = r"[A-Za-z0-9_-]+"

# GitHub dates nbf 10 minutes back, and its headers say the certificate's thumbprint, which nothing reads.
NOT_BEFORE_SECONDS = 600
_THUMBPRINT = "x5t"


@dataclass(frozen=True)
class Ran:
    """What is known of a job without its token."""

    call: str  # the call hash, 64 hex digits
    source: Source
    run: int
    run_source: str  # how the run was started, in the provider's word
    created_at: int  # of the run, Unix seconds
    finished_at: int
    job: int


@dataclass(frozen=True)
class Verified:
    """A token that holds: its claims, and the key that signed it (kty, kid, n, e)."""

    claims: Mapping[str, Any]
    key: Mapping[str, Any]
    rules: TokenRules

    @property
    def jti(self) -> str:
        """What is unique to the token."""
        return str(self.claims["jti"])

    @property
    def expires_at(self) -> int:
        """Unix seconds."""
        return int(self.claims["exp"])

    @property
    def personal(self) -> bool:
        """True unless the account in it is a project's or a group's bot, which is no person."""
        login = self.claims.get("user_login")
        bot = isinstance(login, str) and re.fullmatch(self.rules.bots, login, re.ASCII)
        return not (self.rules.bots and bot) or bool(self.claims.get("user_identities"))

    def document(self) -> bytes:
        """What is shown of it to anyone, canonical JSON: claims that concern no person, and the key."""
        shown = {name: self.claims[name] for name in self.rules.shown if name in self.claims}
        return canonical({"sealrun": 1, "claims": shown, "key": dict(self.key)})


def verify_token(token: bytes, keys: Sequence[Mapping[str, Any]], issuer: Issuer, ran: Ran) -> Verified:
    """Check a job's token.

    Not checked: that its jti was never shown for another call; the ledger knows.

    Raises:
        TokenRefused: it is not of this form, not signed with RS256 by one of these keys of the issuer's, or
            not about this very job of this very call on a runner of the provider's own.
    """
    token = token.strip(b"\r\n")  # a shell's echo ends it with one
    try:
        kid = _header(token)
        key = _key(keys, kid)
        claims = parse_object(_signed_payload(token, key), at_most=MAX_BYTES)
        rules = _check_claims(claims, issuer, ran)
    except Malformed as error:
        raise TokenRefused(error.detail) from error
    return Verified(claims, key, rules)


def signed_claims(
    token: bytes, keys: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """The claims of a token that one of these keys signed with RS256, and that key.

    Not checked: what the claims say.

    Raises:
        TokenRefused: it is not of this form, or none of the keys signed it.
    """
    try:
        key = _key(keys, _header(token))
        return parse_object(_signed_payload(token, key), at_most=MAX_BYTES), key
    except Malformed as error:
        raise TokenRefused(error.detail) from error


def audiences(call: str) -> str:
    """A pattern of the audiences that name this call: its URN, or its URL wherever it is served."""
    return rf"(?:urn:sealrun:call:|https://[a-z0-9.-]+(?::\d+)?(?:/[\w.-]+)*/calls/){call}"


def usable_key(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The members of a JSON Web Key that matter, if it is an RSA key that may sign with RS256."""
    wanted = {"kty": "RSA", "use": "sig", "alg": "RS256"}
    if any(value.get(name, expected) != expected for name, expected in wanted.items()):
        return None
    members = {name: value.get(name) for name in ("kty", "kid", "n", "e")}
    if not all(isinstance(each, str) and re.fullmatch(r"[!-~]{1,2048}", each) for each in members.values()):
        return None
    size = len(str(members["n"])) * 3 // 4
    return members if _MODULUS_BYTES[0] <= size <= _MODULUS_BYTES[1] else None


def _header(token: bytes) -> str:
    """The kid; whatever else a header may say (jku, jwk, x5u, crit) is refused."""
    if len(token) > MAX_BYTES:
        raise Malformed(f"token: expected at most {MAX_BYTES} bytes, got {len(token)}")
    if not re.fullmatch(rf"{_BASE64URL}\.{_BASE64URL}\.{_BASE64URL}".encode(), token):
        raise Malformed("token: expected three parts of base64url, got something else")
    header = read.only(
        parse_object(_decoded(token.split(b".")[0])), _HEADER, where="token header", optional=(_THUMBPRINT,)
    )
    read.one_of(header, "alg", ["RS256"])
    read.one_of(header, "typ", ["JWT"])
    return read.text(header, "kid", pattern=r"[!-~]{1,256}", says="a key's id")


def _decoded(part: bytes) -> bytes:
    import jwt  # noqa: PLC0415  with cryptography it is heavy, and most calls have no token

    try:
        return jwt.utils.base64url_decode(part)
    except ValueError as error:
        raise Malformed("token: expected base64url, got something else") from error


def _key(keys: Sequence[Mapping[str, Any]], kid: str) -> dict[str, Any]:
    fit = [key for key in map(usable_key, keys) if key and key["kid"] == kid]
    if len(fit) != 1:
        raise Malformed(f"token's key: expected one RSA key of the issuer's, got {len(fit)} with its id")
    return fit[0]


def _signed_payload(token: bytes, key: Mapping[str, Any]) -> bytes:
    import jwt  # noqa: PLC0415

    try:
        public_key = jwt.PyJWK(dict(key), algorithm="RS256")
        decoded = jwt.PyJWS().decode_complete(token, public_key, algorithms=["RS256"])
    except (jwt.PyJWTError, ValueError) as error:
        raise Malformed(f"token: expected the issuer's signature, got {type(error).__name__}") from error
    return bytes(decoded["payload"])


def _check_claims(claims: Mapping[str, Any], issuer: Issuer, ran: Ran) -> TokenRules:
    rules = ran.source.rules.token
    if rules is None:
        raise Malformed(
            f"token: expected one of a provider whose tokens count, got one of {ran.source.provider}"
        )
    _same("iss", issuer.name, claims.get("iss"))
    _check_audience(claims.get("aud"), ran.call)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not re.fullmatch(r"[!-~]{8,128}", jti, re.ASCII):
        raise Malformed("jti: expected 8 to 128 printable characters, got another")
    _check_times(claims, ran)
    known = _known(ran)
    for name, template in rules.claims.items():
        _same(name, template.format(**known), claims.get(name), personal=name in rules.personal)
    for name, template in rules.endings.items():
        if not str(claims.get(name)).endswith(ending := template.format(**known)):
            raise Malformed(f"{name}: expected one that ends in {ending}, got another")
    return rules


def _known(ran: Ran) -> dict[str, str | int]:
    """What the templates of ``TokenRules`` may name."""
    source = ran.source
    return {
        "project": source.project,
        "ref": source.ref,
        "commit": source.commit,
        "path": source.configuration.path,
        "user": source.user,
        "run": ran.run,
        "run_source": ran.run_source,
        "job": ran.job,
    }


def _same(name: str, expected: str, got: object, *, personal: bool = False) -> None:
    """Equal as text: GitLab writes ids as strings in most claims and as numbers in some.

    The reason why a token was refused is shown to anyone; the person in the token is not.
    """
    text = str(got) if isinstance(got, str | int) and not isinstance(got, bool) else None
    if text != expected:
        shown = "another" if text is not None and personal else text
        raise Malformed(f"{name}: expected {expected}, got {'nothing' if shown is None else shown[:80]}")


def _check_audience(got: object, call: str) -> None:
    one = got[0] if isinstance(got, list) and len(got) == 1 else got
    if not isinstance(one, str) or not re.fullmatch(audiences(call), one, re.ASCII):
        raise Malformed(f"aud: expected urn:sealrun:call:{call} alone, or the call's URL, got another")


def _check_times(claims: Mapping[str, Any], ran: Ran) -> None:
    """Issued while the run ran, and for a time that a job may have."""
    for name in ("iat", "nbf", "exp"):
        if name not in claims:
            raise Malformed(f"{name}: expected Unix seconds, got nothing")
    low, high = ran.created_at - SKEW_SECONDS, ran.finished_at + SKEW_SECONDS
    issued = read.whole(claims, "iat", low=low, high=high)
    read.whole(claims, "nbf", low=low - NOT_BEFORE_SECONDS, high=issued)
    read.whole(claims, "exp", low=issued + 1, high=issued + MAX_LIFETIME_SECONDS)
