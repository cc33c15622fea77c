"""The keys of the CI's issuer, as it serves them now or as somebody saved them, and their root in terms."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sealrun.adapters.files.plain_files import write_plain
from sealrun.encoding.origins import origin_of
from sealrun.offers.offer import Offer
from sealrun.offers.provider_rules import Issuer
from sealrun.offers.source import Source
from sealrun.offers.terms import Terms
from sealrun.providers.issuers import PinnedIssuers
from sealrun.receipts.issuers import issuer_of
from sealrun.receipts.token_proof import key_root, usable_key_hashes
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.issuer_keys import read_keys
from sealrun_cli.lib.outgoing import open_guarded

Keys = Sequence[Mapping[str, Any]]


def issuer_for(source: Source, *, here: bool) -> Issuer:
    """The pinned issuer of the source's tokens.

    Args:
        source: may be a stranger's, who writes any place into it.
        here: whether one on this machine counts: only for what is sold on it.

    Raises:
        CliError: there is none.
    """
    issuer = issuer_of(source, unsafe_loopback=here)
    if issuer is None or source.rules.token is None or not source.rules.token.last_source:
        detail = f"issuer: expected GitLab.com, whose tokens can be proved, got {source.origin}"
        raise CliError("offer", detail, "sell without --proved")
    return issuer


def live_keys(source: Source, *, here: bool) -> Keys:
    """The keys that the issuer serves now; ``here`` as for ``issuer_for``.

    Raises:
        CliError: there is no such issuer.
        ProviderError: it gives no answer, or none of this form.
    """
    issuer = issuer_for(source, here=here)
    with open_guarded([origin_of(issuer.keys_url)]) as client:
        return PinnedIssuers(lambda _: client, clock=time.time, unsafe_loopback=here).keys(issuer)


def keys_of(source: Source, saved: Path | None, *, here: bool) -> Keys:
    """The keys in the file, else those that the issuer serves now."""
    return read_keys(saved, unsafe_loopback=here).keys if saved else live_keys(source, here=here)


def root_of(source: Source, keys: Keys) -> int:
    """What terms name of these keys.

    Raises:
        Malformed: none of them can be proved with, or more than 16.
    """
    return key_root(usable_key_hashes(source.provider, keys))


def check_root(source: Source, terms: Terms, keys: Keys, *, where: str) -> None:
    """The terms name exactly these keys.

    Raises:
        CliError: they name others.
    """
    if (root := root_of(source, keys)) != terms.keys:
        detail = f"keys: expected the root {terms.keys:064x} of the terms, got {root:064x} {where}"
        raise CliError(
            "offer", detail, "the issuer's keys may have changed since: ask the seller for a new offer"
        )


def told_trust(sold: Offer, terms: Terms, saved: Path | None = None, *, here: bool) -> list[str]:
    """Whose word moves the money of an account that proofs settle; nothing where an oracle settles.

    Every command that opens an account asks this first: the root is in the terms for good.

    Args:
        sold: the offer.
        terms: of its price in the account's asset.
        saved: the issuer's keys in a file; without it, those that the issuer serves now.
        here: as for ``issuer_for``.

    Raises:
        CliError: the offer's issuer is none, or the terms name other keys than its.
    """
    if not sold.proved:
        return []
    source, where = sold.source, f"in {saved}" if saved else "at the issuer now"
    issuer = issuer_for(source, here=here).name
    check_root(source, terms, keys_of(source, saved, here=here), where=where)
    return [
        f"settled by proofs of tokens that {issuer} signed; the keys of the terms are those {where}",
        f"trusted {issuer}, {source.configuration.path} at {source.commit[:12]}, and the seller's settings",
        "        there; no key of the operator's can take this money. Nothing proves that you get the",
        "        outputs: docs/guides/proved.md says more",
    ]


def save_keys(file: Path, keys: Keys) -> None:
    """Keep the keys as a JSON Web Key Set: once the issuer has others, proofs still need these."""
    write_plain(file, json.dumps({"keys": [dict(key) for key in keys]}, indent=1).encode() + b"\n")
