"""Fetching pinned issuers' keys, by the one way out (L9)."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sealrun.encoding.origins import origin_of
from sealrun.offers.provider_rules import Issuer
from sealrun.offers.source import Source
from sealrun.providers.gitlab import answers
from sealrun.receipts.issuers import issuer_of
from sealrun.transport.http import Client
from sealrun.transport.rest import Rest

STREAM_SECONDS = 30.0


class PinnedIssuers:
    """``sealrun.ports.provider.Issuers``; keys are fetched anew for every run, for they may be rotated."""

    def __init__(
        self,
        client: Callable[[str], Client],
        *,
        clock: Callable[[], float],
        unsafe_loopback: bool,
    ) -> None:
        """Nothing is asked yet.

        Args:
            client: a ``GuardedClient`` for an issuer's origin.
            clock: Unix seconds, to read ``RateLimit-Reset``.
            unsafe_loopback: let a stack's own loopback issuer count; for one machine only.
        """
        self._client, self._clock, self._unsafe_loopback = client, clock, unsafe_loopback

    def pinned(self, source: Source) -> Issuer | None:
        return issuer_of(source, unsafe_loopback=self._unsafe_loopback)

    def keys(self, issuer: Issuer) -> Sequence[Mapping[str, Any]]:
        """No credential goes along and no redirect is followed."""
        rest = Rest(
            self._client(origin_of(issuer.keys_url)),
            answers.READER,
            credential={},
            check=partial(answers.check, secret=""),
            clock=self._clock,
            origins=(),
            max_stream_seconds=STREAM_SECONDS,
        )
        return answers.objects(rest.get(issuer.keys_url).get("keys"))
