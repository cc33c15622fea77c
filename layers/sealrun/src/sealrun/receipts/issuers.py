"""Who signs CI tokens, pinned for each provider's origin; nothing of it is ever taken from a token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sealrun.encoding.origins import canonical_origin
from sealrun.offers.provider_rules import Issuer
from sealrun.offers.source import Source

_LOOPBACK = "http://127.0.0.1:"


@dataclass(frozen=True)
class PinnedKeys:
    """JSON Web Keys of the offer's issuer that a verifier brings along, and holds to be the issuer's."""

    keys: Sequence[Mapping[str, Any]] = ()
    unsafe_loopback: bool = False  # let issuers on http://127.0.0.1 count, for a stack on one machine


def issuer_of(source: Source, *, unsafe_loopback: bool) -> Issuer | None:
    """The issuer whose tokens count for this source; None where there is none."""
    rules = source.rules.token
    if rules is None:
        return None
    if unsafe_loopback and source.origin.startswith(_LOOPBACK):
        return Issuer(source.url, f"{source.url}{rules.keys_path}", public=False)
    return rules.public.get(canonical_origin(source.origin))
