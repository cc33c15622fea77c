"""What the workflows need from the world: adapters implement it, and so do the fakes of the tests."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from mina.keys import PublicKey
from mina.signature import Signature
from sealrun.dues import DueLeaf, Statement
from sealrun.issuers import Issuer
from sealrun.measure import Measured
from sealrun.offers import Offer
from sealrun.records import Record, RunKey
from sealrun.sources import Source
from sealrun.terms import Terms
from sealrun.vouchers import Deposits, Reserve, Standing


class RunStatus(StrEnum):
    """How a run stands at the provider, in words that fit every provider."""

    WAITING = "waiting"  # created, pending, waiting for a resource, scheduled, or blocked on a person
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    SKIPPED = "skipped"

    @property
    def over(self) -> bool:
        """True when the provider will not change this status by itself any more."""
        return self not in (RunStatus.WAITING, RunStatus.RUNNING)


@dataclass(frozen=True)
class Run:
    """One pipeline as the provider tells it. Times are whole Unix seconds, 0 where there is none."""

    id: int
    project: str
    name: str
    ref: str  # full: refs/tags/v1
    sha: str
    source: str  # the provider's word for what started it: api, trigger, ...
    user: int  # the account that started it
    status: RunStatus
    url: str
    created_at: int
    started_at: int = 0
    finished_at: int = 0


@dataclass(frozen=True)
class Job:
    """One job of a run, first attempts only (R5)."""

    id: int
    name: str
    stage: str
    status: str  # the provider's word
    failure_reason: str  # the provider's word, empty where there is none
    retried: bool  # another attempt of the same job exists
    has_artifacts: bool
    runner: str  # the provider's description of who ran it, empty where unknown
    has_log: bool = True  # False where this is an archive that belongs to the run, and to no job of it


@dataclass(frozen=True)
class Project:
    """What the provider's settings say of the offer's project."""

    private: bool  # nobody but its members sees its pipelines and their logs (R7)
    configuration: str  # path of the CI configuration that it is set to run; empty where that is not shown


class Provider(Protocol):
    """A CI provider, opened for one offer with its credential.

    Every method raises ProviderRefused, ProviderBusy or ProviderUnclear, and nothing else of its own.
    """

    def head(self) -> str:
        """The commit that the offer's ref names now; empty where there is no such protected ref."""

    def project(self) -> Project:
        """The project's settings as they are now."""

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        """Start one run at the offer's ref. ``name`` travels as the call's input and as the run's name."""

    def find(self, name: str, *, since: int) -> list[Run]:
        """All runs with exactly this name, lowest id first; none is older than ``since`` (Unix seconds)."""

    def read(self, run_id: int) -> Run: ...

    def cancel(self, run_id: int) -> None:
        """Ask the provider to stop the run. That it stopped is known only from ``read``."""

    def jobs(self, run_id: int) -> list[Job]: ...

    def log(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]: ...

    def artifacts(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        """The job's artifacts archive (zip), in pieces as they arrive."""


@dataclass(frozen=True)
class Rate:
    """How many requests one source may send in one minute."""

    source: str
    minute: int  # Unix minutes
    limit: int


@dataclass(frozen=True)
class Quota:
    """How many calls of one offer a buyer with a bound of its own may have claimed in one hour."""

    buyer: str
    per_hour: int


class Ledger(Protocol):
    """The one table of offers, calls, leases and counters.

    Every method raises StoreUnavailable, and what it names.
    """

    def offer(self, offer_hash: int) -> "StoredOffer | None": ...

    def document(self, offer_hash: int) -> Offer | None:
        """What the offer says, not whether it is open: its hash names it, so it may be kept."""

    def look(self, offer_hash: int, call_hash: int) -> "tuple[StoredOffer | None, Record | None]":
        """Offer and record as they are now, in one request."""

    def publish(self, stored: "StoredOffer") -> None:
        """Put an offer up for sale; one that is there already stays as it is, open or closed."""

    def published(self) -> list[int]:
        """The hash of every offer that was ever published here."""

    def close_offer(self, offer_hash: int, reason: str) -> None:
        """For ever: another source is another offer."""

    def pause_offer(self, offer_hash: int, reason: str) -> None:
        """Until it is called again with an empty reason."""

    def hold_offer(self, offer_hash: int, reason: str) -> None:
        """The operator's own pause, until it is called again with an empty reason; see ``pause_offer``."""

    def replace_credential(self, offer_hash: int, *, sealed: bytes, sealing_key: bytes) -> None:
        """Both in one step; the offer must be there."""

    def count_request(self, rate: Rate) -> bool:
        """Count one request of this source in this minute; False when the limit is passed."""

    def record(self, call_hash: int) -> Record | None: ...

    def claim(
        self,
        record: Record,
        offer: Offer,
        *,
        identifier: str | None,
        rate: Rate | None = None,
        reserve: Reserve | None = None,
        own_quota: Quota | None = None,
    ) -> bool:
        """Claim the call, count it against quota and rate, store the identifier and reserve the price.

        All or nothing; of an account's vouchers the one of the highest limit stays (L1). False when the
        call hash or the identifier is already there.

        Raises:
            NotCovered: limit or funds do not cover what is committed and this call's price.
            TooMany: a quota of this hour, the offer's or the buyer's own, the rate, or the account's failed
                runs of this day are used up.
        """

    def save(self, before: Record, after: Record) -> bool:
        """Replace the record, if it still is ``before`` (compared by its version). False if it is not.

        A record that reserved a price and is over now becomes due or frees its reserve, and gets its one
        leaf, in the same step.
        """

    def standing(self, account: str) -> Standing | None:
        """What is committed, due and signed on this account; None before its first claim."""

    def leaves(self, account: str) -> list[DueLeaf]:
        """The account's calls that are over, in the order of their leaves."""

    def keep_statement(self, statement: Statement) -> None:
        """Keep what was signed, so that the account's state is known again once it is settled (A1)."""

    def settled(self, account: str, count: int) -> tuple[int, int] | None:
        """Due and root of the statement with that many leaves, if one was signed."""

    def deposits(self, account: str, depth: int) -> Deposits:
        """What was seen by offers of this depth; others forget earlier steps sooner, or keep them longer."""

    def note_deposits(self, account: str, depth: int, deposits: Deposits) -> None: ...

    def take_token(self, issuer: str, jti: str, *, call_hash: int) -> bool:
        """Note a CI token as this call's, for ever; False if it is another call's already."""

    def call_of_run(self, run: RunKey) -> int | None:
        """The call hash of the run, if it is one of ours (R6)."""

    def unfinished(self, *, due_before: int, limit: int) -> list[int]:
        """Call hashes whose next look is due, the longest waiting first."""


@dataclass(frozen=True)
class StoredOffer:
    """An offer as the ledger keeps it, with its secrets as ciphertexts."""

    offer: Offer
    closed: str  # why it takes no call now; empty while it is open
    sealed: bytes  # the credential's sealed box
    sealing_key: bytes  # the X25519 private key that opens the box, encrypted by KMS
    webhook_secret: bytes  # what the provider signs webhooks with, encrypted by KMS
    paused: str = ""  # what the last health check found; it opens again when that is over
    held: str = ""  # why its operator holds it; only the operator lets it go, whatever health checks find
    quotas: Mapping[str, int] = field(
        default_factory=dict
    )  # calls an hour, for buyers with a bound of their own

    @property
    def reason(self) -> str:
        """Why it takes no call now; empty while it is open."""
        return self.closed or self.held or self.paused


class KeyService(Protocol):
    """A key service that decrypts only under the very context that encrypted (KMS)."""

    def encrypt(self, plaintext: bytes, *, context: Mapping[str, str]) -> bytes: ...

    def decrypt(self, ciphertext: bytes, *, context: Mapping[str, str]) -> bytes: ...


# Bytes that can be read more than once: each call reads them from their beginning.
Content = Callable[[], Iterable[bytes]]


# Keeps a stream as long as the context lasts, so that it can be read again.
Spool = Callable[[Iterable[bytes]], AbstractContextManager[Content]]


class EvidenceStore(Protocol):
    """Content-addressed, create-only storage. Every method raises StoreUnavailable only."""

    def put(self, content: Content, measured: Measured, *, media_type: str) -> None:
        """Store the bytes under their digest, which was measured before; storing twice is harmless.

        The bytes are read once more and hashed on their way: nothing is stored under another's digest.
        What reading them raises passes through, and then nothing is stored.
        """

    def get(self, sha256: str) -> bytes:
        """A document of ours back, checked against its digest; at most 8 MiB."""

    def read(self, sha256: str) -> Iterator[bytes]:
        """The bytes of any length in pieces. Not checked against their digest."""

    def url(self, sha256: str, *, seconds: int, filename: str) -> str:
        """A URL that serves the bytes for that many seconds, as a download of that name."""


class Pinner(Protocol):
    """An IPFS node or pinning service that keeps what the public may see."""

    @property
    def name(self) -> str:
        """What receipts' evidence calls it; neither address nor secret."""

    def holds(self, cid: str, *, seconds: float) -> bool:
        """True if it says that it keeps this CID; False where it says no, or has no answer to that.

        Raises:
            PinFailed: it did not answer, or with an error; some say so of what they do not keep.
        """

    def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
        """Have these bytes kept under their CID; pinning twice is harmless.

        What reading the bytes raises passes through.

        Raises:
            PinFailed: after so many seconds it is not known to hold them, it answered with an error, or
                with another CID.
        """

    def close(self) -> None:
        """Let go of its connections."""


class Unpack(Protocol):
    """Opens an archive as it comes from the provider."""

    def __call__(
        self, chunks: Iterable[bytes], *, max_bytes: int, max_files: int
    ) -> Iterator[tuple[str, Content]]:
        """Names and contents of the files, in the archive's order; read each before the next.

        Raises:
            UnsafeArchive: more bytes or files than allowed, names that leave the folder or stand
                twice, or no archive at all.
        """


class Issuers(Protocol):
    """Who signs the CI tokens of a source's jobs."""

    def pinned(self, source: Source) -> Issuer | None:
        """The issuer that counts here for this source; None where there is none."""

    def keys(self, issuer: Issuer) -> Sequence[Mapping[str, Any]]:
        """Its JSON Web Keys as they are now; raises as a provider does."""


class Oracle(Protocol):
    """Signs with the oracle's Mina key, and with an Ed25519 key that belongs to it."""

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, fields: list[int]) -> Signature: ...

    @property
    def statement_key(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""

    def sign_statement(self, message: bytes) -> bytes:
        """An Ed25519 signature over the message, 64 bytes."""

    def seed(self, call: str) -> bytes:
        """32 secret bytes that are the same whenever this call (64 hex digits) is collected."""


class Waker(Protocol):
    """Asks for one collection, some time soon, in another invocation."""

    def wake(self, call_hash: int) -> None: ...


@dataclass(frozen=True)
class Answer:
    """What a node answered, and when."""

    value: Mapping[str, Any]
    at: int  # Unix seconds


class Chain(Protocol):
    """Mina nodes, asked with ``sealrun.accounts.account_query``."""

    def look(self, address: PublicKey | None, terms: Terms, *, newer_than: int, nodes: int) -> Answer:
        """An answer that came after ``newer_than``, from so many nodes that agree; an older one is renewed.

        Of one account only one question is asked at a time (L2).

        Raises:
            NodeUnavailable: not enough synced nodes of the network answered, or they do not agree.
        """

    def events(self, address: PublicKey) -> Iterator[object]:
        """What archives tell of an account's events, one archive after the other; nothing to believe.

        Raises:
            NodeUnavailable: no archive answered.
        """
