"""``sealrun status``: what a stack sells, and how many of its calls are in which state."""

from collections import Counter
from pathlib import Path
from typing import Any

from sealrun.offers.stored_offer import StoredOffer
from sealrun.offers.terms import ANEW
from sealrun.ports.calls import Totals
from sealrun_cli.lib import options
from sealrun_cli.lib.offer_state import state_of
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.served_target import ServedTarget
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.stack_calls import Folder
from sealrun_cli.lib.target import DEFAULT_NAME, TICKED, Name, Target, find_target


def status(
    *,
    stack: Name = DEFAULT_NAME,
    folder: Folder = Path(),
    as_json: options.Json = False,
) -> None:
    """Show the offers of a stack, and its calls by state.

    Says of each offer whether it takes calls now, and why not; and whether a service of `sealrun serve`
    answers.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        target = find_target(folder, stack)
        table = target.offers
        published = {each: table.offer(each) for each in table.published()}
        offers = [stored for stored in published.values() if stored]
        older = [f"{each:064x}" for each, stored in published.items() if stored is None]
        states = _states([table.totals(stored.offer) for stored in offers])
        served = target if isinstance(target, ServedTarget) and TICKED not in target.local else None
        oracle_keys = sorted(target.oracle_keys()) if isinstance(target, ServedTarget) else []
        trouble = served.trouble(Service(http)) if served else ""
        value = {
            "stack": target.name,
            "url": target.url,
            "answers": not trouble if served else None,
            "ledger": target.ledger,
            "offers": [_value(stored, target) for stored in offers],
            "older": older,
            "calls": states,
            "oracle_keys": oracle_keys,
        }
        answering = f"does not answer ({trouble}): sealrun serve" if trouble else "answers"
        lines = [
            f"{target.name}: {target.url}{f', {answering}' if served else ''}",
            *(_line(stored) for stored in offers),
        ]
        counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none yet"
        lines += [f"  {each[:16]}…  of an older sealrun, over: {ANEW}" for each in older]
        out.result(value, *lines, f"calls: {counted}")


def _states(totals: list[Totals]) -> dict[str, int]:
    """Calls by state, of all offers; those that are not over in one figure."""
    counted = Counter({"not over": sum(each.unfinished for each in totals)})
    for each in totals:
        counted.update({state.value: count for state, count in each.ended.items()})
    return {state: count for state, count in counted.items() if count}


def _value(stored: StoredOffer, target: Target) -> dict[str, Any]:
    offer = stored.offer
    return {
        "offer": offer.id,
        "url": f"{target.url}/offers/{offer.id}",
        "title": offer.title,
        "prices": [price.value() for price in offer.prices],
        "oracle": offer.oracle,
        "closed": stored.closed,
        "suspended": stored.suspended,
        "dropped": dict(stored.dropped),
        "paused": stored.paused,
    }


def _line(stored: StoredOffer) -> str:
    offer = stored.offer
    return f"  {offer.id[:16]}…  {offer.cost:>10}  {state_of(stored)}  {offer.title}"
