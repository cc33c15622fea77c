"""Which of the calls that anybody may drop one tick answers.

Whoever can read an offer with an open box can drop letters without end, under any names. So a tick looks at
letters from a random place on, removes those that are no call of their offer, and counts only calls that hold
towards what it answers: a flood makes others wait, and neither names nor ages let it keep anyone out.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, zip_longest
from random import Random
from typing import NamedTuple

from sealrun.adapters.aws.letter_bucket import Letter, LetterBucket
from sealrun.calls.call import SignedCall, check_expiry
from sealrun.calls.letters import MAX_LETTER_BYTES, call_letter, request_path
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Refused
from sealrun.offers.offer import Offer
from sealrun.workflows.accept_call import check_access

# Letters that one tick reads, of all offers together, and for how many seconds.
MAX_READ = 2000
READ_SECONDS = 60.0
READERS = 8

Content = tuple[Letter, bytes]


class Dropped(NamedTuple):
    """What one tick does with the letters that it read; it leaves all others where they are."""

    answered: list[Content]  # calls that hold, offers in turn, and then some that are told why they do not
    removed: list[Letter]  # the rest that does not hold


def dropped_calls(
    bucket: LetterBucket,
    offers: Sequence[Offer],
    *,
    most: int,
    now: int,
    random: Random,
    monotonic: Callable[[], float] = time.monotonic,
) -> Dropped:
    """Look at the letters of these offers.

    Args:
        bucket: where they lie.
        offers: that have a box.
        most: calls that hold, and as many that do not, of all offers together.
        now: Unix seconds.
        random: nobody outside can tell what it gives next.
        monotonic: seconds.

    Raises:
        StoreUnavailable: the bucket does not answer.
    """
    share, end = max(len(offers), 1), monotonic() + READ_SECONDS
    holding: list[list[Content]] = []
    wrong: list[Content] = []
    with ThreadPoolExecutor(READERS) as readers:
        for number, offer in enumerate(random.sample(offers, len(offers)), start=1):
            held: list[Content] = []
            until = end - READ_SECONDS * (share - number) / share
            letters = iter(_letters(bucket, offer, MAX_READ // share or 1, random))
            while (some := list(islice(letters, READERS))) and len(held) < most and monotonic() < until:
                for each in zip(some, readers.map(lambda one: _read(bucket, one), some), strict=True):
                    (held if _holds(*each, offer, now) else wrong).append(each)
            holding.append(held)
    turns = [each for turn in zip_longest(*holding) for each in turn if each is not None]
    named = [each for each in wrong if _is_named(*each)]
    told = named[:most]
    kept = {letter.name for letter, _ in told}
    return Dropped([*turns[:most], *told], [each for each, _ in wrong if each.name not in kept])


def _letters(bucket: LetterBucket, offer: Offer, most: int, random: Random) -> list[Letter]:
    """Those of one offer: the oldest first where all can be read, else any."""
    found = bucket.waiting(f"offers/{offer.id}/", start=f"{random.getrandbits(256):064x}")
    return found if len(found) <= most else random.sample(found, most)


def _read(bucket: LetterBucket, letter: Letter) -> bytes:
    return bucket.read(letter, at_most=MAX_LETTER_BYTES)


def _is_named(letter: Letter, body: bytes) -> bool:
    """Nobody waits for the answer to a letter under another name than its own."""
    return bool(request_path(letter.name)) and letter.name == call_letter(letter.name.split("/")[1], body)


def _holds(letter: Letter, body: bytes, offer: Offer, now: int) -> bool:
    """True if the function would take the call, as far as the call alone tells."""
    if not _is_named(letter, body):
        return False
    try:
        signed = SignedCall.parse(parse_object(body), offer)
        check_expiry(signed.call.expires_at, now=now)
        offer.inputs.check(signed.call.inputs)
        check_access(signed, offer)
        signed.check_signature()
    except Refused:
        return False
    return True
