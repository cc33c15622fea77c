"""Fetching pinned issuers' keys, by the one way out (L9)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from sealrun.adapters import gitlab_answers as answers
from sealrun.adapters.http import read_limited
from sealrun.issuers import Issuer, issuer_of
from sealrun.sources import Source

MAX_KEYS_BYTES = 64 << 10


class PinnedIssuers:
    """``sealrun.ports.Issuers``; keys are fetched anew for every run, for they may be rotated."""

    def __init__(self, client: Callable[[str], httpx.Client], *, unsafe_loopback: bool) -> None:
        """Nothing is asked yet.

        Args:
            client: a ``guarded_client`` for the offer's origin, which is the issuer's as well.
            unsafe_loopback: let a stack's own loopback issuer count; for one machine only.
        """
        self._client, self._unsafe_loopback = client, unsafe_loopback

    def pinned(self, source: Source) -> Issuer | None:
        return issuer_of(source, unsafe_loopback=self._unsafe_loopback)

    def keys(self, issuer: Issuer) -> Sequence[Mapping[str, Any]]:
        """No credential goes along and no redirect is followed."""
        with answers.translated(), self._client(issuer.name).stream("GET", issuer.keys_url) as response:
            body = read_limited(response, MAX_KEYS_BYTES)
        answers.check(response, body, secret="", now=0)
        return answers.objects(answers.one_object(answers.json_value(body)).get("keys"))
