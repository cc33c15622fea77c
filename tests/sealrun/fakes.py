"""The ports in memory, for tests alone; the suites of ``tests/ports`` hold them to what is promised."""

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from nacl.signing import SigningKey

from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from sealrun.encoding.measure import Measured, measure_document
from sealrun.errors import (
    PinFailed,
    ProviderBusy,
    ProviderRefused,
    ProviderUnclear,
    StoreUnavailable,
    TooMany,
)
from sealrun.money.dues import Due, DueLeaf
from sealrun.money.vouchers import Deposits, Reserve, Standing, concluded
from sealrun.offers.offer import Offer, kept_offer
from sealrun.offers.provider_rules import Issuer
from sealrun.offers.source import Source
from sealrun.offers.stored_offer import StoredOffer
from sealrun.ports.calls import LISTED, Quota, Rate, Totals, places_of
from sealrun.ports.evidence import Content
from sealrun.receipts.issuers import issuer_of
from sealrun.runs.judge import run_name
from sealrun.runs.record import Fault, Record, RunKey, State
from sealrun.runs.run import Job, JobResult, Project, Run, RunStatus

# A document of ours has at most 8 MiB.
DOCUMENT_BYTES = 8 << 20


class FakeClock:
    """Unix seconds that pass only when told."""

    def __init__(self, now: int = 1_800_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def passes(self, seconds: int) -> None:
        self.now += seconds


class FakeLedger:
    """The one table, as dictionaries."""

    def __init__(self) -> None:
        self.offers: dict[int, StoredOffer] = {}
        self.older: list[int] = []  # hashes of offers that an older version published
        self.records: dict[int, Record] = {}
        self.identifiers: dict[tuple[str, str], int] = {}
        self.counts: dict[tuple[str, int], int] = {}
        self.runs: dict[RunKey, int] = {}
        self.standings: dict[str, Standing] = {}
        self.tree_leaves: dict[str, list[DueLeaf]] = {}
        self.leaves_read: list[int] = []
        self.dues: dict[tuple[str, int], tuple[int, int]] = {}
        self.sightings: dict[tuple[str, int], Deposits] = {}
        self.tokens: dict[tuple[str, str], int] = {}
        self.running: Counter[str] = Counter()
        self.minutes: Counter[tuple[str, int]] = Counter()
        self.witnesses: dict[int, set[str]] = {}
        self.testified: dict[str, int] = {}
        self.places: dict[int, dict[int, tuple[int, int]]] = {}  # call and end by place

    def offer(self, offer_hash: int) -> StoredOffer | None:
        return self.offers.get(offer_hash)

    def offers_of(self, offer_hashes: Sequence[int]) -> list[StoredOffer]:
        return [self.offers[each] for each in offer_hashes if each in self.offers]

    def document(self, offer_hash: int) -> Offer | None:
        stored = self.offers.get(offer_hash)
        return stored.offer if stored else None

    def look(self, offer_hash: int, call_hash: int) -> tuple[StoredOffer | None, Record | None]:
        return self.offers.get(offer_hash), self.records.get(call_hash)

    def publish(self, stored: StoredOffer) -> None:
        if kept_offer(stored.offer.document) is None:
            self.older.append(stored.offer.hash)
        else:
            self.offers.setdefault(stored.offer.hash, stored)

    def published(self) -> list[int]:
        return [*self.offers, *self.older]

    def drop_prices(self, offer_hash: int, reasons: Mapping[str, str]) -> None:
        self.offers[offer_hash] = replace(self.offers[offer_hash], dropped=dict(reasons))

    def suspend_offer(self, offer_hash: int, reason: str) -> None:
        self.offers[offer_hash] = replace(self.offers[offer_hash], suspended=reason)

    def note_visibility(self, offer_hash: int, *, shows_runs: bool) -> None:
        self.offers[offer_hash] = replace(self.offers[offer_hash], shows_runs=shows_runs)

    def note_delivery(self, offer_hash: int, *, now: int) -> None:
        self.offers[offer_hash] = replace(self.offers[offer_hash], delivered_at=now)

    def pause_offer(self, offer_hash: int, reason: str) -> None:
        self.offers[offer_hash] = replace(self.offers[offer_hash], paused=reason)

    def close_offer(self, offer_hash: int, reason: str, *, anew: bool = False) -> None:
        if anew or not self.offers[offer_hash].closed:
            self.offers[offer_hash] = replace(self.offers[offer_hash], closed=reason)

    def replace_credential(self, offer_hash: int, *, sealed: bytes, sealing_key: bytes) -> None:
        if offer_hash not in self.offers:
            raise StoreUnavailable("table: expected the offer, got none")
        self.offers[offer_hash] = replace(self.offers[offer_hash], sealed=sealed, sealing_key=sealing_key)

    def count_request(self, rate: Rate) -> bool:
        return self._count((rate.source, rate.minute), rate.limit)

    def record(self, call_hash: int) -> Record | None:
        return self.records.get(call_hash)

    def records_of(self, call_hashes: Sequence[int]) -> list[Record]:
        return [found for each in call_hashes if (found := self.record(each))]

    def calls_of(self, account: str, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        calls = [each for each in self.records.values() if each.account == account]
        return _page(calls, most, after)

    def claim(
        self,
        record: Record,
        offer: Offer,
        *,
        identifier: str | None,
        rate: Rate | None = None,
        reserve: Reserve | None = None,
        quotas: Sequence[Quota] = (),
    ) -> bool:
        named = (record.account, identifier or "")
        if record.call_hash in self.records or (identifier is not None and named in self.identifiers):
            return False
        standing = self._reserved(record, reserve) if reserve else None
        if rate and not self.count_request(rate):
            raise TooMany("calls: expected fewer in a minute, got more", retry_after=60)
        if self.counts.get((offer.id, record.claimed_at // 3600), 0) >= offer.quota_per_hour:
            left = 3600 - record.claimed_at % 3600
            raise TooMany(f"calls: expected at most {offer.quota_per_hour} an hour", retry_after=left)
        self._check_load(record, offer, quotas)
        self._count((offer.id, record.claimed_at // 3600), offer.quota_per_hour)
        self.records[record.call_hash] = record
        if standing is not None and reserve is not None:
            self.standings[record.account] = standing
            self._count(self._failed_of(record), reserve.failed_per_day)
        names = [own.holder for own in quotas]
        for name in names:
            self._count((f"{offer.id} {name}", record.claimed_at // 3600), offer.quota_per_hour)
        self._load(record, offer, names, 1, offer.limits.minutes)
        if identifier is not None:
            self.identifiers[named] = record.call_hash
        return True

    def save(self, before: Record, after: Record) -> bool:
        if before.call_hash != after.call_hash:
            raise ValueError("record: expected one of the same call")
        if self.records[before.call_hash].version != before.version:
            return False
        self.records[after.call_hash] = after
        if after.run_id and not before.run_id:
            self.runs[after.run_key(self.offers[after.offer_hash].offer)] = after.call_hash
        if after.ticket and after.state is State.NEVER_STARTED:
            self.identifiers.pop((after.account, after.ticket), None)
        if after.state.over and not before.state.over and after.offer_hash in self.offers:
            self._give_back(after, self.offers[after.offer_hash].offer, before.counted)
        if after.price and after.receipt is not None and not before.state.over:
            self._conclude(after)
        return True

    def _check_load(self, record: Record, offer: Offer, quotas: Sequence[Quota]) -> None:
        hour, limits = record.claimed_at // 3600, offer.limits
        for own in quotas:
            if self.counts.get((f"{offer.id} {own.holder}", hour), 0) >= own.per_hour:
                raise TooMany(
                    "calls: expected fewer of this buyer", retry_after=3600 - record.claimed_at % 3600
                )
        taken = self.minutes[offer.id, _month(record)] + limits.minutes
        if self.running[offer.id] >= limits.at_once or taken > limits.minutes_per_month:
            said = f"runs: expected at most {limits.at_once} of all buyers at once, and "
            raise TooMany(f"{said}{limits.minutes_per_month} minutes a month", retry_after=60)
        for own in quotas:
            name = f"{offer.id} {own.holder}"
            taken = self.minutes[name, _month(record)] + limits.minutes
            if self.running[name] >= own.at_once or taken > own.minutes_per_month:
                message = f"runs: expected at most {own.at_once} of this buyer at once, and "
                message += f"{own.minutes_per_month} minutes a month of this buyer"
                raise TooMany(message, retry_after=60)

    def _load(self, record: Record, offer: Offer, holders: Sequence[str], step: int, minutes: int) -> None:
        for name in (offer.id, *(f"{offer.id} {holder}" for holder in holders)):
            self.running[name] += step
            self.minutes[name, _month(record)] += minutes

    def _give_back(self, after: Record, offer: Offer, holders: Sequence[str]) -> None:
        unused = offer.limits.minutes - min(after.minutes, offer.limits.minutes)
        self._load(after, offer, holders, -1, -unused)
        if after.price and not after.counts_as_failed:
            self.counts[self._failed_of(after)] -= 1
        if after.ending and after.ending.fault is Fault.CERTAIN:
            for name in (offer.id, *(f"{offer.id} {holder}" for holder in holders)):
                self.counts[name, after.claimed_at // 3600] -= 1

    @staticmethod
    def _failed_of(record: Record) -> tuple[str, int]:
        return f"failed {record.account}", record.claimed_at // 86_400

    def totals(self, offer: Offer) -> Totals:
        calls = [each for each in self.records.values() if each.offer_hash == offer.hash]
        ended = Counter(each.state for each in calls if each.state.over)
        return Totals(len(calls) - ended.total(), {state: ended[state] for state in State if state.over})

    def count_late(self, offer: Offer, *, claimed_before: int) -> int:
        waiting = self._listed(offer.hash, unfinished=True)
        return sum(each.claimed_at < claimed_before for each in waiting)

    def newest(self, offer_hash: int, *, most: int, unfinished: bool = False) -> list[Record]:
        return self._listed(offer_hash, unfinished=unfinished)[:most]

    def ended(self, offer_hash: int, *, most: int, after: tuple[int, int] | None = None) -> list[Record]:
        calls = self._listed(offer_hash, unfinished=False)
        return _page([each for each in calls if each.state.over], most, after)

    def _listed(self, offer_hash: int, *, unfinished: bool) -> list[Record]:
        calls = [each for each in self.records.values() if each.offer_hash == offer_hash]
        listed = [each for each in calls if not (unfinished and each.state.over)]
        return sorted(listed, key=lambda each: -each.claimed_at)

    def take_place(
        self,
        offer_hash: int,
        call_hash: int,
        *,
        now: int,
        until: int,
        spoiled: bool = False,
        start: bool = False,
    ) -> bool:
        held = {place: each for place, each in self.places.get(offer_hash, {}).items() if each[1] > now}
        among = places_of(spoiled=False, start=start)
        own = [place for place, (call, _) in held.items() if call == call_hash and place in among]
        free = [place for place in places_of(spoiled=spoiled, start=start) if place not in held]
        if own or not free:
            return False
        self.places[offer_hash] = {**held, free[0]: (call_hash, until)}
        return True

    def leave_place(self, offer_hash: int, call_hash: int, *, until: int) -> None:
        held = self.places.get(offer_hash, {})
        others = {place: each for place, each in held.items() if each != (call_hash, until)}
        self.places[offer_hash] = others

    def count_fault(self, offer_hash: int, witness: str) -> int:
        self.witnesses.setdefault(offer_hash, set()).add(witness)
        count = len(self.witnesses[offer_hash])
        self.offers[offer_hash] = replace(self.offers[offer_hash], faults=count)
        return count

    def testify(self, account: str, *, paid: int, price: int) -> bool:
        if self.testified.get(account, 0) > paid - price:
            return False
        self.testified[account] = paid
        return True

    def forget_faults(self, offer_hash: int) -> None:
        self.witnesses.pop(offer_hash, None)
        self.offers[offer_hash] = replace(self.offers[offer_hash], faults=0)

    def rest_offer(self, offer_hash: int, reason: str, *, until: int) -> None:
        self.offers[offer_hash] = replace(self.offers[offer_hash], resting=reason, rests_until=until)

    def call_named(self, account: str, identifier: str) -> int | None:
        return self.identifiers.get((account, identifier))

    def standing(self, account: str) -> Standing | None:
        return self.standings.get(account)

    def leaf(self, account: str, call_hash: int) -> DueLeaf | None:
        found = self.tree_leaves.get(account, [])
        return next((leaf for leaf in found if leaf.call_hash == call_hash), None)

    def leaves(self, account: str, indices: Sequence[int]) -> list[DueLeaf]:
        found = self.tree_leaves.get(account, [])
        self.leaves_read += indices
        return [found[index] for index in indices if index < len(found)]

    def keep_due(self, due: Due) -> None:
        key = (due.account.to_base58(), due.count)
        self.dues[key] = (due.amount, due.root)

    def settled(self, account: str, count: int) -> tuple[int, int] | None:
        return self.dues.get((account, count))

    def deposits(self, account: str, depth: int) -> Deposits:
        return self.sightings.get((account, depth), Deposits())

    def note_deposits(self, account: str, depth: int, deposits: Deposits) -> None:
        self.sightings[account, depth] = deposits

    def _reserved(self, record: Record, reserve: Reserve) -> Standing:
        reserve.check_terms(self.standings.get(record.account))
        reserve = reserve.beside(self.standings.get(record.account))
        before = self.standings.get(record.account) or reserve.opened(record.offer_hash)
        reserve.check_room(before)
        if self.counts.get(self._failed_of(record), 0) >= reserve.failed_per_day:
            raise TooMany("failed runs: expected no more in a day than the offer allows", retry_after=60)
        return reserve.on(before)

    def _conclude(self, after: Record) -> None:
        then, leaf = concluded(self.standings[after.account], after)
        self.standings[after.account] = then
        self.tree_leaves.setdefault(after.account, []).append(leaf)

    def take_token(self, issuer: str, jti: str, *, call_hash: int) -> bool:
        return self.tokens.setdefault((issuer, jti), call_hash) == call_hash

    def call_of_run(self, run: RunKey) -> int | None:
        return self.runs.get(run)

    def unfinished(self, *, due_before: int, limit: int) -> list[int]:
        due = [r for r in self.records.values() if not r.state.over and r.wake_at <= due_before]
        ranks: Counter[int] = Counter()
        ranked = []
        for each in sorted(due, key=lambda r: r.wake_at):
            ranked.append((ranks[each.offer_hash], each.wake_at, each.call_hash))
            ranks[each.offer_hash] += 1
        return [call_hash for _, _, call_hash in sorted(ranked)[:limit]]

    def _count(self, key: tuple[str, int], limit: int) -> bool:
        if self.counts.get(key, 0) >= limit:
            return False
        self.counts[key] = self.counts.get(key, 0) + 1
        return True


def _month(record: Record) -> int:
    moment = datetime.fromtimestamp(record.claimed_at, UTC)
    return moment.year * 12 + moment.month


class Remembers(FakeLedger):
    """A ledger that remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if callable(value) and not name.startswith("_") and name != "publish":
            self.asked.append(name)
        return value


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@dataclass
class FakeProvider:
    """A provider whose runs take ``duration`` seconds and leave ``files``.

    ``answers`` tells how the next starts go, one word each: ``ok``, ``lost`` (created, no answer),
    ``late`` (no answer, created 45 s later), ``doubled`` (two created, one answered),
    ``nothing`` (no answer, nothing created), ``busy``, ``refused``, ``locked`` (the token is refused).
    """

    clock: FakeClock
    offer: Offer
    duration: int = 20
    ends_as: RunStatus = RunStatus.SUCCEEDED
    files: Mapping[str, bytes] = field(default_factory=lambda: {"dist/out.txt": b"built\n"})
    log_text: bytes = b"$ make\nbuilt\n"
    answers: list[str] = field(default_factory=list)
    sha: str = ""
    retried: bool = False
    listed: Sequence[Job] | None = None  # the jobs of every run, where there is more than the one
    runs: dict[int, Run] = field(default_factory=dict)
    canceled: dict[int, int] = field(default_factory=dict)
    starts: int = 0
    calls: list[str] = field(default_factory=list)
    down: bool = False
    stubborn: str = ""  # takes no cancel: never, or only one "until forced"
    queued: int = 0  # seconds until a runner takes a run
    token_refused: bool = False
    private: bool = True
    configuration: str = ".gitlab-ci.yml"
    lists_changes: bool = True
    interrupts: int = 0  # so many collections end once the run was judged; a later one reads all again
    tag: str | None = None  # the commit of the tag, where it is not the offer's any more

    def head(self) -> str:
        self._called("head")
        if self.token_refused:
            raise ProviderRefused("gitlab answered 401: 401 Unauthorized")
        return self.offer.source.commit if self.tag is None else self.tag

    def project(self) -> Project:
        self._called("project")
        if self.interrupts:
            self.interrupts -= 1
            raise ProviderUnclear("502")
        return Project(private=self.private, configuration=self.configuration, shows_runs=not self.private)

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        self._called("start")
        self.starts += 1
        self.inputs = dict(inputs)
        answer = self.answers.pop(0) if self.answers else "ok"
        if answer == "busy":
            raise ProviderBusy("429", retry_after=7)
        if answer == "refused":
            raise ProviderRefused("Reference not found")
        if answer == "locked":
            raise ProviderRefused("gitlab answered 401: 401 Unauthorized", whatever_inputs=True)
        if answer == "nothing":
            raise ProviderUnclear("timed out")
        run = self._create(name, delay=45 if answer == "late" else 0)
        if answer == "doubled":
            self._create(name)
        if answer in ("lost", "late"):
            raise ProviderUnclear("connection lost")
        return run

    def find(self, name: str, *, since: int, known: int = 0) -> list[Run]:
        self._called("find")
        seen = [run for run in self.runs.values() if run.created_at <= self.clock.now and run.id != known]
        return [self._now(run) for run in seen if run.name == run_name(name)]

    def read(self, run_id: int) -> Run:
        self._called("read")
        return self._now(self.runs[run_id])

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:
        self._called("changed")
        if not self.lists_changes:
            return None
        now = [self._now(run) for run in self.runs.values() if run.created_at >= started]
        return frozenset(
            run.id for run in now if max(run.created_at, run.started_at, run.finished_at) >= since
        )

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        self._called("force" if force else "cancel")
        if self.stubborn and not (force and self.stubborn == "until forced"):
            return
        self.canceled.setdefault(run_id, self.clock.now)

    def jobs(self, run_id: int) -> list[Job]:
        self._called("jobs")
        if self.listed is not None:
            return list(self.listed)
        good = self.ends_as is RunStatus.SUCCEEDED
        named = (run_id * 10, "build", "build", "success" if good else "failed")
        reason = "script_failure" if self.ends_as is RunStatus.FAILED else ""
        result = JobResult.SUCCEEDED if good else JobResult.FAILED
        return [Job(*named, reason, self.retried, bool(self.files), "runner", result=result)]

    def jobs_now(self, run_id: int) -> list[Job]:
        self._called("jobs now")
        if self.listed is not None:
            return list(self.listed)
        found = type(self).jobs(self, run_id)  # not a test's own, which tells of a run that is over
        taken = self._now(self.runs[run_id]).status is not RunStatus.WAITING
        return [
            replace(job, result=JobResult.UNFINISHED, runs=taken, runner=job.runner if taken else "")
            for job in found
        ]

    @contextmanager
    def log(self, job_id: int) -> Iterator[Iterator[bytes]]:
        self._called("log")
        yield iter([self.log_text])

    @contextmanager
    def artifacts(self, job_id: int) -> Iterator[Iterator[bytes]]:
        self._called("artifacts")
        yield iter([zipped(self.files)])

    def finished(self) -> list[int]:
        """Ids of the runs that were not stopped."""
        return [run_id for run_id in self.runs if run_id not in self.canceled]

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.down:
            raise ProviderUnclear("502")

    def _create(self, name: str, *, delay: int = 0) -> Run:
        source, number = self.offer.source, len(self.runs) + 1
        self.runs[number] = Run(
            id=number,
            project=source.project,
            name=run_name(name),
            ref=source.ref,
            sha=self.sha or source.commit,
            source=source.rules.run_sources[0],
            user=source.user,
            status=RunStatus.RUNNING,
            url=f"{source.origin}/runs/{number}",
            created_at=self.clock.now + delay,
        )
        return self._now(self.runs[number])

    def _now(self, run: Run) -> Run:
        end = run.created_at + self.queued + self.duration
        stopped = self.canceled.get(run.id, end)
        if stopped < end:
            return replace(run, status=RunStatus.CANCELED, finished_at=stopped)
        if self.clock.now < run.created_at + self.queued:
            return replace(run, status=RunStatus.WAITING)
        if self.clock.now < end:
            return replace(run, started_at=run.created_at + self.queued) if self.queued else run
        return replace(run, status=self.ends_as, finished_at=end)


class FakeStore:
    """Content-addressed bytes."""

    def __init__(self) -> None:
        self.bytes: dict[str, bytes] = {}

    def put(self, content: Content, measured: Measured, *, media_type: str) -> None:
        body = b"".join(content())
        if hashlib.sha256(body).hexdigest() != measured.sha256:
            raise StoreUnavailable(f"evidence: expected the bytes of {measured.sha256} again, got others")
        self.bytes.setdefault(measured.sha256, body)

    def get(self, sha256: str) -> bytes:
        body = self._kept(sha256)
        if len(body) > DOCUMENT_BYTES or hashlib.sha256(body).hexdigest() != sha256:
            raise StoreUnavailable(f"evidence: expected the bytes of {sha256}, got others")
        return body

    def read(self, sha256: str) -> Iterator[bytes]:
        yield self._kept(sha256)

    def url(self, sha256: str, *, seconds: int, filename: str) -> str:
        return f"https://evidence.test/{sha256}?for={seconds}&as={quote(filename, safe='/')}"

    def _kept(self, sha256: str) -> bytes:
        if sha256 not in self.bytes:
            raise StoreUnavailable(f"evidence: expected the bytes of {sha256}, got none")
        return self.bytes[sha256]


@dataclass
class FakePinner:
    """An IPFS node; ``refuses`` names what it answers an error for, by content."""

    name: str = "fake"
    refuses: set[bytes] = field(default_factory=set)
    tries: int = 0
    pins: dict[str, bytes] = field(default_factory=dict)

    def holds(self, cid: str, *, seconds: float) -> bool:
        return cid in self.pins

    def pin(self, content: Content, measured: Measured, *, seconds: float) -> None:
        self.tries += 1
        body = b"".join(content())
        if body in self.refuses or measure_document(body).cid != measured.cid:
            raise PinFailed("answer: expected a success, got status 500")
        self.pins[measured.cid] = body

    def close(self) -> None:
        """There is nothing to let go of."""


class FakeKeys:
    """A key service that opens only in the context that closed."""

    def __init__(self) -> None:
        self._closed: dict[bytes, tuple[bytes, dict[str, str]]] = {}

    def encrypt(self, plaintext: bytes, *, context: Mapping[str, str]) -> bytes:
        name = f"ciphertext-{len(self._closed)}".encode()
        self._closed[name] = (plaintext, dict(context))
        return name

    def decrypt(self, ciphertext: bytes, *, context: Mapping[str, str]) -> bytes:
        plaintext, closed_in = self._closed.get(ciphertext, (b"", None))
        if dict(context) != closed_in:
            raise StoreUnavailable("key service: expected it to open the key in this context") from None
        return plaintext


@dataclass
class FakeOracle:
    """Signs for real, and remembers what it signed."""

    private_key: PrivateKey
    signed: list[list[int]] = field(default_factory=list)

    @property
    def public_key(self) -> PublicKey:
        return self.private_key.public_key()

    def sign(self, fields: list[int]) -> Signature:
        self.signed.append(fields)
        return sign_fields(self.private_key, fields)

    @property
    def statement_key(self) -> bytes:
        return bytes(self._signing_key.verify_key)

    def sign_statement(self, message: bytes) -> bytes:
        return self._signing_key.sign(message).signature

    def seed(self, call: str) -> bytes:
        return hashlib.sha256(f"{self.private_key.to_base58()}{call}".encode()).digest()

    @property
    def _signing_key(self) -> SigningKey:
        return SigningKey(hashlib.sha256(self.private_key.to_base58().encode()).digest())


@dataclass
class FakeIssuers:
    """The pinned issuers, with keys that a test knows."""

    keyring: list[dict[str, Any]] = field(default_factory=list)
    unsafe_loopback: bool = False

    def pinned(self, source: Source) -> Issuer | None:
        return issuer_of(source, unsafe_loopback=self.unsafe_loopback)

    def keys(self, issuer: Issuer) -> list[dict[str, Any]]:
        return self.keyring


class FakeWaker:
    """Remembers whom it woke."""

    def __init__(self) -> None:
        self.woken: list[int] = []
        self.groups: list[list[int]] | None = None  # a list takes groups to look at

    def wake(self, call_hash: int) -> None:
        self.woken.append(call_hash)

    def look(self, groups: Sequence[Sequence[int]]) -> bool:
        if self.groups is None:
            return False
        self.groups += map(list, groups)
        return True


def _page(calls: list[Record], most: int, after: tuple[int, int] | None) -> list[Record]:
    ordered = sorted(calls, key=lambda each: (each.claimed_at, each.call_hash), reverse=True)
    left = [each for each in ordered if after is None or (each.claimed_at, each.call_hash) < after]
    return left[: min(most, LISTED)]
