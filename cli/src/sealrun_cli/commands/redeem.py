"""``sealrun redeem``: use a ticket up and follow its run."""

import re
import secrets
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import httpx
import typer

from sealrun.calls.grant import Grant
from sealrun.calls.letters import ticket_letter
from sealrun.calls.ticket import used_for_nothing
from sealrun.calls.ticket_url import MAX_URL_LENGTH, Ticket
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import TicketUsed
from sealrun.receipts.receipt import Outcome
from sealrun_cli.lib import options
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence import check_folder
from sealrun_cli.lib.fetching import call_at
from sealrun_cli.lib.guarded import open_public
from sealrun_cli.lib.inputs import filled_inputs, parsed_inputs
from sealrun_cli.lib.keys import STDIN, read_key
from sealrun_cli.lib.letters import EXPIRES_SECONDS, MORE_SECONDS, Answered, Post, letter_of
from sealrun_cli.lib.named_offers import read_publicly
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.pay import call_url
from sealrun_cli.lib.purchase import Bought, coming_back, tell
from sealrun_cli.lib.resale import PLACES
from sealrun_cli.lib.service import PROBLEM, Service, good


def redeem(
    url: Annotated[str, typer.Argument(help="The ticket's URL; - reads it from stdin.", metavar="URL")],
    *,
    key: Annotated[
        str,
        typer.Option(help="Your key, for a ticket that was sold to it; - for stdin.", metavar="FILE"),
    ] = "",
    given: options.Given = None,
    wait: Annotated[bool, typer.Option(help="Follow the run to its receipt.")] = True,
    receipt: Annotated[Path | None, typer.Option(help="File for the receipt.", metavar="FILE")] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Folder for what the run left.", metavar="DIR")
    ] = None,
    expires_in: Annotated[int, typer.Option(help="Seconds that the request may wait.", min=60)] = 600,
    unsafe_loopback: options.Loopback = False,
    as_json: options.Json = False,
) -> None:
    """Redeem a ticket: start its one run, and follow it.

    A ticket that was used before shows the run that it was used for. Ends with status 3 if the run did not
    succeed. In a private network only the server in front of the # is asked, whatever else the ticket names.
    """
    with speaking(as_json=as_json) as out, ExitStack() as opened:
        check_folder(evidence)
        own = read_key(key) if key else None
        text = sys.stdin.readline(MAX_URL_LENGTH).strip() if url == STDIN else url
        ticket = Ticket.parse(text, own)
        http = opened.enter_context(_open(text, unsafe_loopback=unsafe_loopback))
        service, grant = Service(http), ticket.grant
        out.progress(f"reading the offer that {grant.audience} sells")
        offer = service.offer(f"{grant.audience}/offers/{grant.offer_hash:064x}")
        chosen = filled_inputs(parsed_inputs(given or [], offer.inputs), offer.inputs, out, among=grant.open)
        inputs = offer.inputs.check({**grant.inputs, **chosen})
        for each in read_publicly(grant.audience, offer, inputs):
            out.progress(f"calls    {each}")
        salt, nonce = secrets.token_hex(32), secrets.randbits(128)
        wait_for = EXPIRES_SECONDS if ticket.box else expires_in
        redeemed = ticket.redeem(chosen, salt=salt, nonce=nonce, expires_at=int(time.time()) + wait_for)
        out.progress(f"redeeming the ticket for {grant.audience}/calls/{redeemed.call.id}")
        if ticket.box is None:
            url = f"{grant.audience}/tickets/{grant.id}"
            answer = Answered(service.send("POST", url, body=redeemed.body()), own=True)
        else:
            name, letter = ticket_letter(grant.id), letter_of(redeemed.body())
            answer = _by_letter(Post(service, ticket.box, grant.audience, name, letter), grant, out)
        if call := _used_for(answer):
            if grant.prepaid and call != redeemed.call.id:
                raise _not_own(f"for its own call, {redeemed.call.id}, got {call}")
            out.progress(f"the ticket was used for call {call}, which is taken up again")
            bought = Bought(service, offer, f"{grant.audience}/calls/{call}", call, {})
        else:
            where = call_url(f"{grant.audience}/offers/{offer.id}", offer, redeemed.call)
            bought = Bought(service, offer, where, redeemed.call.id, good(answer.response))
        if ticket.box is not None:
            bought = replace(bought, more_seconds=MORE_SECONDS)
        with coming_back(out, bought.url, ""):
            ended = bought.follow(out) if wait else bought.look() if call else bought.started()
        if call and not grant.prepaid and ended["receipt"] is not None:
            key_of_call = call_at(service, bought.url).account
            if key_of_call != grant.key:
                own_key = grant.key.to_base58()
                raise _not_own(f"for a call of its own key, {own_key}, got one of {key_of_call.to_base58()}")
        if grant.prepaid and ended["state"] == Outcome.NEVER_STARTED.name.lower():
            reason = ended["reason"] or "the run never started"
            ended["reason"] = f"{reason}; {used_for_nothing(grant)}"
        buyer = None if grant.prepaid else ticket.secret  # whose right it is to read what is private
        status = tell(ended, service=service, out=out, receipt=receipt, evidence=evidence, buyer=buyer)
    if status:
        raise typer.Exit(status)


def _open(url: str, *, unsafe_loopback: bool) -> httpx.Client:
    """Service and box are where the issuer wrote; the caller sees only what is before ``#`` (L9)."""
    seen = url.partition("#")[0]
    return open_public([seen] if seen.startswith(PLACES) else [], unsafe_loopback=unsafe_loopback)


def _by_letter(post: Post, grant: Grant, out: Output) -> Answered:
    """The answer to a letter; where the box takes none any more, the one by which the ticket was used.

    Raises:
        Expired: the ticket is over and was not used.
        CliError: the box takes no letter, though the ticket is good.
    """
    try:
        post.drop()
    except CliError:
        earlier = post.earlier()
        if earlier and _used_for(earlier):
            return earlier
        grant.check(grant.audience, now=int(time.time()))
        raise
    return post.answered(out)


def _used_for(answer: Answered) -> str:
    """The call that the ticket was used for, by the operator's word; empty if it was not used.

    Whatever is shown of that call rests on the oracle's signature, and it is the ticket's own: a prepaid one
    holds its call, and a free one's call is of its key, which is seen once the call is over (C1).
    """
    response = answer.response
    if answer.own and response.status_code != httpx.codes.CONFLICT:
        return ""
    problem = parse_object(response.content, at_most=len(response.content))
    call = str(problem.get("call", ""))
    taken = not answer.own and response.status_code == httpx.codes.ACCEPTED
    used = taken or problem.get("type") == f"{PROBLEM}{TicketUsed.type}"
    return call if used and re.fullmatch("[0-9a-f]{64}", call) else ""


def _not_own(expected: str) -> CliError:
    detail = f"ticket: expected it to be used {expected}"
    return CliError("ticket", detail, "the service names somebody else's run: ask the ticket's issuer")
