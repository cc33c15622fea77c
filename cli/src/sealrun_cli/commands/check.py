"""``sealrun check``: a dry run of everything that must hold before an offer is for sale. Changes nothing."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
import typer

from sealrun.adapters.mina.node import MinaNodes
from sealrun.chain.account import check_node, slot_seconds
from sealrun.errors import SealrunError
from sealrun.offers.asset import FEES
from sealrun.offers.offer import Offer
from sealrun.ports.node import Answer
from sealrun.transport.http import guarded_client, origin_of
from sealrun_cli.lib import options
from sealrun_cli.lib.check_source import SourceCheck
from sealrun_cli.lib.confirming import read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import Finding, bad, good, tried, unknown
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.sandbox_state import MAINTAINER, found_sandbox, sandbox_token
from sealrun_cli.lib.service import LOOPBACK
from sealrun_cli.lib.set_up import set_up_of
from sealrun_cli.lib.target import step


def check(
    *,
    file: options.File = OFFER_FILE,
    token_file: options.TokenFile = "",
    node: options.Node = "",
    as_json: options.Json = False,
) -> None:
    """Check that an offer can be sold, and say what is missing.

    Looks at offer, clone, pipeline, provider and terms. Changes nothing and needs no key.
    """
    with speaking(as_json=as_json) as out:
        offer = read_offer(file)
        token_file = token_file or sandbox_token(file.parent, offer, MAINTAINER)
        token = read_secret(token_file, "") if token_file else ""
        results = list(findings(offer, file.parent, token=token, node=node))
        _say(out, offer, file, results)
    if any(each.holds is False for each in results):
        raise typer.Exit(1)


def findings(offer: Offer, folder: Path, *, token: str, node: str) -> Iterator[Finding]:
    """Every finding, in the order in which a seller would fix them."""
    yield good("offer", f"{offer.id[:16]}…, {offer.cost} a run, grade {offer.evidence.grade}")
    clone, today = Repository(folder), datetime.now(UTC).date()
    there = set_up_of(offer.source.provider, offer.source.origin, token)
    yield from tried("clone", SourceCheck(offer, clone).in_clone)
    yield from tried("provider", lambda: there.findings(offer, clone, today=today))
    yield from tried("terms", lambda: payment_findings(offer, node))


def payment_findings(offer: Offer, node: str) -> Iterator[Finding]:
    """Whether a synced node answers, seller and operator can be paid, and the exit is long enough."""
    if offer.payment is None:
        yield good("terms", f"free, {offer.quota_per_hour} calls an hour for all buyers together")
        return
    terms = offer.payment.terms
    share = f"{100 * terms.operator_part(offer.price) / offer.price:g} %"
    if not node:
        yield unknown("node", "not checked without --node (or SEALRUN_MINA_NODE)")
        yield good("terms", f"ledger {str(terms.ledger)[:12]}…, operator's share {share}")
        return
    try:
        answer = _ask(node, offer)
        check_node(answer.value, terms)
        seconds = slot_seconds(answer.value)
        terms.check_exit(run_seconds=offer.limits.longest, slot_seconds=seconds)
    except SealrunError as error:
        advice = f"have {FEES.symbol} sent to seller and operator, or edit [terms]"
        following = advice if error.type != "node-unavailable" else CliError(error.type, "").following
        yield bad("terms", error.detail, following)
        return
    hours = terms.exit_delay * seconds / 3600
    yield good("node", f"{node} answers, synced, {terms.network}")
    yield good("terms", f"seller and operator can be paid, share {share}, exit after {hours:g} h")


def _ask(node: str, offer: Offer) -> Answer:
    url = httpx.URL(node)
    with guarded_client({origin_of(url)}, unsafe_loopback=url.host in LOOPBACK) as client:
        nodes = MinaNodes(client, urls=[node], clock=lambda: int(time.time()))
        terms = offer.payment.terms if offer.payment else None
        if terms is None:
            raise ValueError("offer: expected one with a price, got one of price 0")
        return nodes.look(None, terms, newer_than=0, nodes=1)


def _say(out: Output, offer: Offer, file: Path, results: Sequence[Finding]) -> None:
    lines: list[str] = []
    for each in results:
        lines.append(each.line)
        if each.following:
            lines.append(f"             next: {each.following}")
    wrong = sum(each.holds is False for each in results)
    deploy, seal = (step(command, file) for command in ("deploy", "seal"))
    deploy += f"{' --local' if found_sandbox(file.parent) else ''} --oracle-key FILE"
    end = f"{wrong} to fix" if wrong else f"ready: next `{deploy}`, then `{seal}`"
    value = {"offer": offer.id, "ready": not wrong, "findings": [each.value() for each in results]}
    out.result(value, *lines, end)
