"""One tick: what a service does all the time, done once, by a scheduled pipeline and without a server.

    pull the state ──▶ health ──▶ letters ──▶ look at runs ──▶ push ──▶ publish ──▶ remove letters
                                     │              │  ▲                    │
                                     └─ a start ────┘  └── until nothing is due soon, or the time is over
                                        pushes its claim first

Whatever a tick does before its push is undone by dying, but for one thing: a run that was started. Its claim
was pushed before it, so the next tick looks for the run by its name (R3). Public files are written only of
what is pushed, and letters are removed after their answers are written.
"""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import Any

from aws_lambda_powertools import Logger

from sealrun.adapters.aws.function_url import put_off
from sealrun.adapters.aws.letter_bucket import Letter, LetterBucket
from sealrun.adapters.git.state_branch import NotPushed
from sealrun.adapters.keys.key_file import FileKeys
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.calls.letters import MAX_LETTER_BYTES, Answer, letter_digest, request_path
from sealrun.composition.services import Services, share
from sealrun.composition.settings import Settings
from sealrun.composition.ticked import PublicEvidence, Ticked, TickServices
from sealrun.ports.evidence import EvidenceStore
from sealrun.serving.dropped_calls import READERS, Dropped, dropped_calls
from sealrun.serving.events import Reply, reply_of
from sealrun.serving.handlers import Handlers
from sealrun.serving.site import NOBODY, Site, event
from sealrun.serving.state import State
from sealrun.workflows.receipt_documents import ReceiptDocuments
from sealrun.workflows.show_tokens import shown_after

POLL_SECONDS = 2.0
# No job of a pipeline goes on this long after another one has overtaken it.
AGAIN_SECONDS = 3600
HOLDERS = "0.0.0.1"  # an address to count by, as ``NOBODY`` is
# Headers that a letter's sender has a use for.
ANSWERED = ("content-type", "location", "retry-after")


@dataclass(frozen=True)
class Bounds:
    """How much one tick does."""

    letters: int = 20  # of each kind; three times as many may come from one network in a minute
    seconds: int = 120  # for which it goes on looking at runs, beside what one look takes
    open_box: bool = False  # whether anybody may drop calls


@dataclass
class Told:
    """What a tick did."""

    answered: dict[str, int] = field(default_factory=dict)  # status by letter
    removed: int = 0  # letters that were no call of their offer, beyond those that are told so
    published: int = 0  # calls
    waiting: int = 0  # calls that are not over
    moved: bool = False  # another tick went on; this one started nothing after that


def request_of(letter: str, body: bytes) -> dict[str, Any]:
    """The request that a letter of this name stands for.

    No letter has a sender's address. Holders of tickets are counted apart from all others: strangers may fill
    an open box.
    """
    path = request_path(letter)
    return event("POST", path, body, sender=HOLDERS if _is_ticket(path) else NOBODY)


def _is_ticket(path: str) -> bool:
    return path.startswith("/tickets/")


class Tick:
    """One tick over a state that was pulled; the database is open as long as it runs."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        database: Database,
        keys: FileKeys,
        *,
        bucket: LetterBucket,
        evidence: EvidenceStore,
        bounds: Bounds,
    ) -> None:
        self._state, self._bucket, self._bounds = state, bucket, bounds
        self._logger = Logger(service="tick")
        public = PublicEvidence(evidence, public_url=settings.public_url)
        outside = Ticked(database, keys, public, changed=state.changed)
        self._services = TickServices(settings, outside, put_off=put_off(self._logger), keep=state.keep)
        self._handlers = Handlers()
        self._site = Site(self._handlers.run, bucket, public)
        self._store, self._ledger = public, SqlLedger(database)
        Deployment(database).set_url(settings.public_url)

    def run(self) -> Told:
        """Do it.

        Raises:
            NotPushed: the remote does not take the state, and no other tick moved it on.
            StoreUnavailable: the bucket does not answer; the next tick goes on.
        """
        told, end = Told(), time.monotonic() + self._bounds.seconds
        share(self._services)
        try:
            self._do(told, end)
        except NotPushed as error:
            if not error.moved:
                raise
            told.moved = True
        finally:
            share(None)
        told.waiting = self._ledger.count_unfinished()
        return told

    def _do(self, told: Told, end: float) -> None:
        self._step("health", {})
        answers = self._take_letters(told)
        self._step("collect", {"sweep": True})
        self._publish(told)
        for letter, answer in answers:
            self._bucket.publish(f"answers/{letter.name}", answer.document())
            self._bucket.remove(letter)
            told.answered[letter.name] = answer.status
        while (left := end - time.monotonic()) > 0 and self._due(within=left):
            if self._due(within=0):
                self._step("collect", {"sweep": True})
                self._publish(told)
            else:
                time.sleep(POLL_SECONDS)
        self._offers()
        self._state.keep()  # that everything is published

    def _due(self, *, within: float) -> bool:
        """True if a call is due for its next look in so many seconds."""
        return bool(self._ledger.unfinished(due_before=Services.clock() + int(within), limit=1))

    def _take_letters(self, told: Told) -> list[tuple[Letter, Answer]]:
        """Answer tickets, those that have waited longest, and calls; no call takes a ticket's place."""
        random = SystemRandom()
        tickets = self._bucket.waiting("tickets/", start=f"{random.getrandbits(256):064x}")
        named = [each for each in tickets if request_path(each.name)][: self._bounds.letters]
        read = [(each, self._bucket.read(each, at_most=MAX_LETTER_BYTES)) for each in named]
        dropped = self._dropped(random) if self._bounds.open_box else Dropped([], [])
        with ThreadPoolExecutor(READERS) as removing:
            told.removed += len(list(removing.map(self._bucket.remove, dropped.removed)))
        return [(letter, self._answer(letter, body)) for letter, body in (*read, *dropped.answered)]

    def _dropped(self, random: Random) -> Dropped:
        offers = [each.offer for each in self._ledger.offers_of(self._ledger.published())]
        most, now = self._bounds.letters, Services.clock()
        return dropped_calls(self._bucket, offers, most=most, now=now, random=random)

    def _answer(self, letter: Letter, body: bytes) -> Answer:
        """What the function would have answered to a request with the letter as its body."""
        request = request_of(letter.name, body)
        function = "once" if _is_ticket(request["rawPath"]) else "call"
        reply = self._asked(function, request)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        kept = {name: value for name, value in headers.items() if name in ANSWERED}
        return Answer(letter_digest(body), reply.status, kept, json.loads(reply.body))

    def _asked(self, function: str, request: Mapping[str, Any]) -> Reply:
        reply = reply_of(self._handlers.run(function, request))
        if self._state.failed is not None:  # what the function made of it is no answer
            raise self._state.failed
        return reply

    def _step(self, function: str, request: Mapping[str, Any]) -> None:
        """Run a function in the background; the ledger says what is still to do after an error."""
        try:
            self._handlers.run(function, request)
        except NotPushed:
            raise
        except Exception as error:
            self._logger.exception("failed", exc_info=error, function=function)
        if self._state.failed is not None:
            raise self._state.failed

    def _publish(self, told: Told) -> None:
        """Push, and then write the public files of what changed, and of tokens that may be seen by now."""
        self._state.keep()
        now = Services.clock()
        for call, due in sorted(self._state.unpublished.items()):
            if due > now:
                continue
            try:
                self._site.call(call)
            except Exception as error:  # what one call left keeps no other waiting (L11); the next tick tries
                self._logger.exception("not published", exc_info=error, call=call)
                continue
            told.published += 1
            if later := self._later(call, now, first=due == 0):
                self._state.unpublished[call] = later
            else:
                del self._state.unpublished[call]

    def _later(self, call: str, now: int, *, first: bool) -> int:
        """When the files of a call that is over are to be written again; 0 for never.

        Some tokens may not be seen yet. A tick that was overtaken may write older files over newer ones.
        """
        record = self._ledger.record(int(call, 16))
        stored = self._ledger.offer(record.offer_hash) if record else None
        if record is None or stored is None or record.receipt is None:
            return 0
        after = shown_after(ReceiptDocuments(record, self._store), stored.offer)
        return max(after + 1 if after >= now else 0, now + AGAIN_SECONDS if first else 0)

    def _offers(self) -> None:
        self._site.offers()
        for stored in self._ledger.offers_of(self._ledger.published()):
            self._site.offer(stored.offer.id, with_box=self._bounds.open_box)
            self._site.receipts(stored.offer, self._ledger)
