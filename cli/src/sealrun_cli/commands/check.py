"""``sealrun check``: everything that must hold before an offer is for sale, and a trial run if asked for."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from sealrun.adapters.mina.node import MinaNodes
from sealrun.chain.account import Pinned, check_node, check_token, slot_seconds
from sealrun.chain.token import check_supply
from sealrun.encoding.origins import origin_of
from sealrun.errors import SealrunError
from sealrun.offers.asset import FEES, MINA
from sealrun.offers.offer import Offer, Priced
from sealrun.offers.terms import PROVE_CALL_SECONDS, SHARE_UNIT
from sealrun.workflows.publish_offer import check_prices
from sealrun_cli.lib import options
from sealrun_cli.lib.check_run import opened
from sealrun_cli.lib.check_source import SourceCheck, split_trouble
from sealrun_cli.lib.confirming import Yes, confirm, read_secret
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import Finding, bad, good, tried, unknown
from sealrun_cli.lib.inputs import assignments, filled_inputs, parsed_inputs
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.outgoing import open_guarded
from sealrun_cli.lib.output import INTERRUPTED, Output, speaking
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.sandbox_state import MAINTAINER, found_sandbox, sandbox_token
from sealrun_cli.lib.sealing import asked_token
from sealrun_cli.lib.service import shown
from sealrun_cli.lib.set_up import set_up_of
from sealrun_cli.lib.target import step
from sealrun_cli.lib.units import lasting


def check(
    *,
    file: options.File = OFFER_FILE,
    token_file: options.TokenFile = "",
    node: options.Node = "",
    run: Annotated[bool, typer.Option("--run", help="Start one run, and judge what it leaves.")] = False,
    given: options.Given = None,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Check that an offer can be sold, and say what is missing.

    Looks at offer, clone, pipeline, provider and terms. Changes nothing and needs no key. With --run, starts
    one run with the offer's own token, which is asked for or comes on stdin, and stops it on Ctrl-C.
    """
    with speaking(as_json=as_json) as out:
        offer = read_offer(file)
        inputs = _inputs(offer, given, out, run=run)
        own = asked_token(offer, file.parent, token_file) if run else ""
        token = _reading_token(offer, file.parent, token_file, own)
        results = list(findings(offer, file.parent, token=token, node=node))
        interrupted = False
        if run:
            confirm(out, _plan(offer, inputs, results), yes=yes)
            with opened(offer, own, out) as trial:
                results += tried("run", lambda: trial.run(inputs))
                interrupted = trial.interrupted
        _say(out, offer, file, results)
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    if any(each.holds is False for each in results):
        raise typer.Exit(1)


def findings(offer: Offer, folder: Path, *, token: str, node: str) -> Iterator[Finding]:
    """Every finding, in the order in which a seller would fix them."""
    yield good("offer", f"{offer.id[:16]}…, {offer.cost} a run, grade {offer.evidence.grade}")
    clone, today = Repository(folder), datetime.now(UTC).date()
    there = set_up_of(offer.source.provider, offer.source.url, token)
    yield from tried("clone", SourceCheck(offer, clone).in_clone)
    yield from tried("provider", lambda: there.findings(offer, clone, today=today))
    yield from tried("terms", lambda: payment_findings(offer, node))


def _inputs(offer: Offer, given: list[str] | None, out: Output, *, run: bool) -> dict[str, object]:
    """The trial run's inputs, as a call would fill them up; none where there is no trial."""
    if not run and given:
        raise CliError("bad-request", "input: expected --run beside it, got --input alone", "add --run")
    if not run:
        return {}
    return offer.inputs.check(filled_inputs(parsed_inputs(given or [], offer.inputs), offer.inputs, out))


def _reading_token(offer: Offer, folder: Path, token_file: str, own: str) -> str:
    """The token to look with: the sandbox's maintainer may read more than the offer's own."""
    source = token_file or sandbox_token(folder, offer, MAINTAINER)
    if own and source == token_file:  # stdin is read once
        return own
    return read_secret(source, "") if source else ""


def _plan(offer: Offer, inputs: Mapping[str, object], results: Sequence[Finding]) -> list[str]:
    limits, source = offer.limits, offer.source
    return [
        *(each.line for each in results if each.holds is False),
        f"run      one of {source.url}, project {source.project}, {source.ref}; it takes your CI minutes",
        f"inputs   {assignments(inputs)}",
        f"limits   {lasting(limits.queue_seconds)} to wait for a runner, {lasting(limits.seconds)} to run",
    ]


def payment_findings(offer: Offer, node: str) -> Iterator[Finding]:
    """Whether a synced node answers, seller and operator can be paid, and the exit is long enough."""
    if offer.payment is None:
        yield good("terms", f"free, {offer.quota_per_hour} calls an hour for all buyers together")
        return
    terms = offer.payment.terms
    share = f"{100 * terms.operator_share / SHARE_UNIT:g} %"
    yield from _proof_findings(offer)
    if not node:
        yield unknown("node", "not checked without --node (or SEALRUN_MINA_NODE)")
        yield good("terms", f"ledger {str(terms.ledger)[:12]}…, operator's share {share}")
        return
    try:
        seconds = max(_price_found(priced, offer, node) for priced in offer.payment.prices)
    except SealrunError as error:
        advice = f"have {FEES.symbol} sent to seller and operator, or edit [terms] or [tokens]"
        following = advice if error.type != "node-unavailable" else CliError(error.type, "").following
        yield bad("terms", error.detail, following)
        return
    hours = terms.exit_delay * seconds / 3600
    yield good("node", f"{shown(node)} answers, synced, {terms.network}")
    yield good("terms", f"seller and operator can be paid, share {share}, exit after {hours:g} h")
    within = terms.provable_calls(run_seconds=offer.limits.longest, slot_seconds=seconds)
    if within is not None:
        yield good("proofs", f"an account takes no further call while {within} wait for a proof")


def _proof_findings(offer: Offer) -> Iterator[Finding]:
    """Its prices are in MINA. Over all accounts the quota alone bounds what waits for a proof (A16)."""
    try:
        check_prices(offer)
    except SealrunError as error:
        yield bad("prices", *split_trouble(error.detail))
    hourly = 3600 // PROVE_CALL_SECONDS
    if offer.proved and offer.quota_per_hour > hourly:
        detail = f"{offer.quota_per_hour} calls an hour, and a machine is counted on to prove {hourly}"
        following = "lower quota_per_hour, unless yours prove more: who leaves does not pay for the rest"
        yield unknown("proofs", detail, following)


def _price_found(priced: Priced, offer: Offer, node: str) -> int:
    """The network's slot length in seconds, once accounts that pay this price can be accepted.

    Seller and operator may still lack their accounts in a token, which `sealrun publish` opens.
    """
    terms, asset = priced.terms, priced.cost.asset
    with open_guarded({origin_of(node)}) as client:
        nodes = MinaNodes(client, urls=[node], clock=lambda: int(time.time()))
        answer = nodes.look(None, terms, newer_than=0, nodes=1).value
        if asset == MINA:
            check_node(answer, terms)
        else:
            check_token(answer, terms, asset, Pinned(pinned_keys()["PrepaidAccount"]))
            for supply in nodes.supply(terms, nodes=1):
                check_supply(supply, asset, network=terms.network)
    seconds = slot_seconds(answer)
    terms.check_exit(run_seconds=offer.limits.longest, slot_seconds=seconds)
    return seconds


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
