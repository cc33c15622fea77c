"""What differs between the places where sealrun runs: AWS, or a machine of one's own."""

from contextlib import AbstractContextManager
from typing import Protocol

from sealrun.ports.calls import Ledger
from sealrun.ports.evidence import EvidenceStore
from sealrun.ports.keys import KeyService
from sealrun.ports.meter import Meter
from sealrun.ports.waker import Waker


class Outside(Protocol):
    """Opens the adapters of one place. Each method but ``share`` is called once, when it is first needed."""

    def ledger(self) -> Ledger:
        """Offers, calls and counters."""

    def store(self) -> EvidenceStore:
        """Where evidence is kept."""

    def keys(self) -> KeyService:
        """What encrypts credentials, webhook secrets and oracle keys."""

    def waker(self) -> Waker:
        """What asks for collections."""

    def share(self, offer_hash: int) -> AbstractContextManager[bool]:
        """Of what this process answers at once, a place for a request that waits for the offer's provider.

        It gives False where the offer has its share already. It is entered for each such request. Requests
        that wait for a Mina node share the places of one more, whose hash is 0.
        """

    def meter(self) -> Meter:
        """Where counts and times go."""

    def ledger_id(self) -> int:
        """The ledger that priced offers here must name in their terms (A3); 0 for none yet."""

    def oracle_key(self, address: str) -> bytes:
        """The encrypted oracle key of this address; empty where there is none."""
