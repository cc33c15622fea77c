"""Mina nodes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from mina.keys import PublicKey
from sealrun.offers.terms import Terms


class Answer(NamedTuple):
    """What a node answered, and when."""

    value: Mapping[str, Any]
    at: int  # Unix seconds


def asked_freely() -> None:
    """A question that nobody counts."""


class Chain(Protocol):
    """Mina nodes, asked with ``sealrun.chain.account.account_query``."""

    def look(
        self,
        address: PublicKey | None,
        terms: Terms,
        *,
        newer_than: int,
        nodes: int,
        asking: Callable[[], object] = asked_freely,
    ) -> Answer:
        """An answer that came after ``newer_than``, from so many nodes that agree; an older one is renewed.

        Of one account only one question is asked at a time (L2). ``asking`` is called before each, and not
        by those who only wait for its answer; what it raises is raised, and nothing is asked.

        Raises:
            NodeUnavailable: not enough synced nodes of the network answered, or they do not agree.
        """

    def supply(self, terms: Terms, *, nodes: int) -> Sequence[Mapping[str, Any]]:
        """What so many nodes each answer to ``sealrun.chain.token.supply_query``; seconds, and megabytes.

        Raises:
            NodeUnavailable: not enough synced nodes of the network, whose tip is new (A13), answered.
        """

    def backing(
        self, owner: PublicKey, admin: PublicKey, terms: Terms, *, nodes: int
    ) -> Sequence[Mapping[str, Any]]:
        """What so many nodes each answer to ``sealrun.chain.credits.backing_query``, of the terms' seller.

        Raises:
            NodeUnavailable: not enough synced nodes of the network, whose tip is new (A13), answered.
        """

    def events(self, address: PublicKey, *, height: int) -> Iterator[object]:
        """What archives tell of an account's events up to a block, the newest first; nothing to believe.

        One archive is asked after the other, for events that an earlier one told too.

        Raises:
            NodeUnavailable: no archive told all of them.
        """
