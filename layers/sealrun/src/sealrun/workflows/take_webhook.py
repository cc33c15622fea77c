"""A webhook wakes the collector, and does nothing more (R6)."""

from collections.abc import Callable, Mapping

from sealrun.ports.calls import Ledger
from sealrun.ports.deliveries import Deliveries
from sealrun.ports.keys import KeyService
from sealrun.ports.waker import Waker
from sealrun.service.credentials import key_context

MAX_DELIVERY_BYTES = 1 << 20
MAX_NAMES, MAX_NAME = 40, 60


def take_webhook(
    body: bytes,
    headers: Mapping[str, str],
    *,
    deliveries: Deliveries,
    ledger: Ledger,
    keys: KeyService,
    waker: Waker,
    now: int,
    another_form: Callable[[list[str]], None] | None = None,
) -> bool:
    """Wake the collector if the delivery is a true one about a run of ours that is not over.

    What cannot be genuine is dropped before the table is asked, an unknown run before any key is opened, and
    no provider is ever asked here: the collector reads the run itself and believes nothing of the delivery.

    Args:
        body: as it came.
        headers: of the delivery.
        deliveries: how this provider's are read.
        ledger: the table of calls and runs.
        keys: opens what an offer's provider signs with, and may remember it for a while.
        waker: wakes the collector.
        now: Unix seconds.
        another_form: told the names of the headers of what cannot be genuine, for whoever set up the webhook.

    Returns:
        True if the collector was woken.

    Raises:
        Unavailable: the ledger, the key service or the waker is out of reach.
    """
    if not deliveries.plausible(body, headers, now=now):
        if another_form is not None:
            another_form(_names(headers))
        return False
    run = deliveries.run(body, headers)
    call_hash = run and ledger.call_of_run(run)
    record = ledger.record(call_hash) if call_hash else None
    if record is None or record.state.over:
        return False
    stored = ledger.offer(record.offer_hash)
    if stored is None:
        return False
    secret = keys.decrypt(stored.webhook_secret, context=key_context("webhook", stored.offer.id))
    if not deliveries.hold(body, headers, secret=secret.decode(), now=now):
        return False
    waker.wake(record.call_hash)
    return True


def _names(headers: Mapping[str, str]) -> list[str]:
    """The first of the headers' names in lower case and ASCII; no value, for one may be a secret."""
    return sorted(ascii(name.lower()[:MAX_NAME])[1:-1] for name in list(headers)[:MAX_NAMES])
