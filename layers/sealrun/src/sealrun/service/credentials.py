"""The one API token of an offer: sealed to a key that only the function opens, bound to its use (R1)."""

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.encoding.origins import same_place
from sealrun.errors import Malformed, Unavailable
from sealrun.offers.offer import Offer
from sealrun.ports.keys import KeyService
from sealrun.values import dataclass, field, replace

MAX_TOKEN_LENGTH = 512
_NAMES = ("token", "origin", "project", "offer")


@dataclass(frozen=True)
class Credential:
    """An API token and the only place and offer it may be used for."""

    token: str = field(repr=False)
    origin: str
    project: str
    offer: str  # the offer hash, 64 hex digits


def key_context(purpose: str, bound_to: str) -> dict[str, str]:
    """KMS encryption context: the purpose of the key, and the offer or terms hash it belongs to (R1)."""
    return {"purpose": f"sealrun:{purpose}", "bound_to": bound_to}


def seal(credential: Credential, public_key: bytes) -> bytes:
    """Seal with libsodium to an X25519 public key (32 bytes)."""
    plain = canonical({name: getattr(credential, name) for name in _NAMES})
    return SealedBox(PublicKey(public_key)).encrypt(plain)


def open_credential(offer: Offer, sealed: bytes, sealing_key: bytes, keys: KeyService) -> Credential:
    """Open the offer's credential and check that it is this offer's.

    Raises:
        Unavailable: the box does not open under this offer's key, or it was sealed for another origin,
            project or offer. The operator has to seal it again.
    """
    private_key = keys.decrypt(sealing_key, context=key_context("credential", offer.id))
    try:
        plain = SealedBox(PrivateKey(private_key)).decrypt(sealed)
        value = read.only(parse_object(plain), _NAMES, where="credential")
        credential = Credential(**{name: _text(value, name) for name in _NAMES})
    except (CryptoError, ValueError, TypeError, Malformed):
        # No cause: it would carry the plaintext or the key along.
        raise Unavailable(
            "credential: expected a box sealed to this offer's key, got another; seal it again"
        ) from None
    _check_bound(credential, offer)
    return credential


def _text(value: dict[str, str], name: str) -> str:
    return read.text(value, name, pattern=rf"[!-~]{{1,{MAX_TOKEN_LENGTH}}}", says="printable ASCII")


def _check_bound(credential: Credential, offer: Offer) -> None:
    origin = same_place(offer.source.origin)
    wanted = {"origin": origin, "project": offer.source.project, "offer": offer.id}
    bound = replace(credential, origin=same_place(credential.origin))
    for name, expected in wanted.items():
        if (got := getattr(bound, name)) != expected:
            raise Unavailable(f"credential: expected one for {name} {expected}, got one for {got}")
