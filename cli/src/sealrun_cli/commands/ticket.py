"""``sealrun ticket``: one-time URLs for an offer."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from mina.field import Q
from mina.keys import PrivateKey
from sealrun.calls.grant import Prepaid
from sealrun.calls.letters import MAX_BOX_SECONDS, ticket_letter
from sealrun.calls.ticket import MAX_REDEMPTION_BYTES
from sealrun.calls.ticket_url import Ticket, issue, prepay
from sealrun.offers.asset import Amount
from sealrun.offers.inputs import InputSchema
from sealrun.offers.offer import Offer
from sealrun_cli.lib import options
from sealrun_cli.lib.aws import boto3
from sealrun_cli.lib.book import Page, page
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.dates import parsed_until
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.inputs import filled_inputs, parsed_inputs
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.pay import check_pay
from sealrun_cli.lib.priced import Asset, priced_on
from sealrun_cli.lib.purchase import address_of, cold_start
from sealrun_cli.lib.service import Service

MAX_COUNT = 1000


@dataclass(frozen=True)
class Issuing:
    """What all tickets of one command have in common."""

    issuer: PrivateKey
    offer: Offer
    audience: str
    inputs: dict[str, Any]
    opened: tuple[str, ...]
    until: int

    def free(self, count: int) -> Iterator[Ticket]:
        """For an offer of price 0."""
        for _ in range(count):
            yield self._ticket(None)

    def prepaid(self, count: int, account: str, book: Page, price: Amount) -> Iterator[Ticket]:
        """From a prepaid account: each one's limit stands a price above the last one's (A10)."""
        if self.opened:
            raise CliError("bad-request", "open: expected none with --pay, whose voucher covers all inputs")
        address, known = address_of(account), book.known
        for _ in range(count):
            limit = known.committed + price.units
            if limit > known.highest + price.units:
                most, got = price.asset.of(known.highest), price.asset.of(limit)
                raise CliError("state", f"limit: expected at most one price above {most}, got {got}")
            known.committed, known.highest = limit, max(known.highest, limit)
            book.save()  # before the signature leaves this machine
            prepaid = prepay(
                self.issuer,
                self.offer,
                address,
                asset=price.asset.id,
                inputs=self.inputs,
                limit=limit,
                salt=secrets.token_hex(32),
                nonce=secrets.randbits(128),
                until=self.until,
            )
            yield self._ticket(prepaid)

    def _ticket(self, prepaid: Prepaid | None) -> Ticket:
        secret = PrivateKey.from_scalar(1 + secrets.randbelow(Q - 1))
        values: dict[str, Any] = {"inputs": self.inputs, "opened": self.opened, "until": self.until}
        return issue(self.issuer, self.offer, secret, audience=self.audience, prepaid=prepaid, **values)


def ticket(
    offer: options.OfferUrl,
    *,
    key: options.Key,
    until: Annotated[
        str, typer.Option(help="Last day, as 2026-12-31 (UTC), or a time, as 2026-12-31T18:00:00Z.")
    ],
    given: options.Given = None,
    opened: Annotated[
        list[str] | None,
        typer.Option("--open", help="An input that the holder chooses; price 0 only.", metavar="NAME"),
    ] = None,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=MAX_COUNT)] = 1,
    with_pay: Annotated[bool, typer.Option("--pay", help="Pay from a prepaid account.")] = False,
    account: Annotated[str, typer.Option(help="The prepaid account, for --pay.")] = "",
    asset: Asset = "",
    on_page: Annotated[
        str, typer.Option("--page", help="Where the buyer's page is hosted.", metavar="URL")
    ] = "",
    letters: Annotated[
        str,
        typer.Option(
            help="s3://BUCKET?endpoint=URL, where `sealrun tick` takes the tickets' letters.",
            metavar="WHERE",
        ),
    ] = "",
    node: options.Node = "",
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Make URLs that start one run each, without a wallet.

    The URLs are shown once and stored nowhere. With --pay it asks first.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        service, issuer = Service(http), read_key(key)
        out.progress(f"reading {offer}")
        sold = service.offer(offer)
        check_pay("ticket", with_pay=with_pay, account=account)
        _check_issuer(issuer, sold)
        inputs, names = _inputs(given or [], opened or [], sold, out)
        end = parsed_until(until, now=int(time.time()))
        audience = offer.removesuffix(f"/offers/{sold.id}")
        issuing = Issuing(issuer, sold, audience, inputs, names, end)
        if letters and sold.payment is not None:
            detail = (
                f"letters: expected an offer of price 0, the only kind that a tick sells, got {sold.cost}"
            )
            raise CliError("bad-request", detail, "leave --letters out")
        if with_pay != (sold.payment is not None):
            detail = f"ticket: expected --pay for an offer with a price, and only there, got {sold.cost}"
            following = "leave --pay and --account out"
            if sold.payment is not None:
                following = "add --pay --account ACCOUNT, and give every input with --input: none can be open"
            raise CliError("bad-request", detail, following)
        if sold.payment is not None:
            priced = priced_on(sold.payment, state, account, asset)
            cold = cold_start(service, account, node, priced)
            with page(state, account, priced.terms, cold, asset=priced.cost.asset) as book:
                price = sold.payment.priced_under(book.terms.hash).cost
                confirm(out, _plan(count, account, price, end), yes=yes)
                made = list(issuing.prepaid(count, account, book, price))
        else:
            made = list(issuing.free(count))
        if letters:
            made = _with_boxes(made, letters)
        _tell(out, made, sold, on_page)


def _with_boxes(made: list[Ticket], place: str) -> list[Ticket]:
    """The same, each with a form for its one letter, signed with the environment's credentials for S3.

    Raises:
        CliError: a ticket lasts longer than a box.
        Malformed: the place is no bucket.
    """
    boto3()
    from sealrun.adapters.aws.letter_bucket import open_letter_bucket  # noqa: PLC0415

    bucket = open_letter_bucket(place)
    seconds = made[0].grant.until - int(time.time())
    if seconds > MAX_BOX_SECONDS:
        days = MAX_BOX_SECONDS // 86_400
        raise CliError(
            "bad-request", f"until: expected at most {days} days for letters, which S3 allows, got more"
        )
    return [
        each.with_box(bucket.box(ticket_letter(each.grant.id), seconds=seconds, at_most=MAX_REDEMPTION_BYTES))
        for each in made
    ]


def _inputs(
    given: list[str], opened: list[str], offer: Offer, out: Output
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values of the fixed inputs, checked against the schema, and the names of the open ones.

    An input that is neither given nor open is fixed to its default: nobody can set it later.
    """
    properties = offer.inputs.schema["properties"]
    fixed = [name for name in properties if name not in opened]
    inputs = filled_inputs(parsed_inputs(given, offer.inputs), offer.inputs, out, among=fixed)
    if unknown := [name for name in opened if name not in properties]:
        expected = ", ".join(properties) or "none"
        raise CliError(
            "bad-request", f"open: expected inputs of the offer ({expected}), got {unknown[0][:40]}"
        )
    schema = dict(offer.inputs.schema)
    if opened:
        schema.pop("required", None)  # the ticket's user gives the open inputs
    InputSchema.parse(schema, at_most=len(properties)).check(inputs)
    return inputs, tuple(opened)


def _check_issuer(issuer: PrivateKey, offer: Offer) -> None:
    address = issuer.public_key().to_base58()
    if not (offer.access.open or address in offer.access.keys):
        raise CliError("not-allowed", f"key: expected one that the offer allows, got {address}")


def _plan(count: int, account: str, price: Amount, until: int) -> list[str]:
    """What is signed: a limit for each ticket, whether it is redeemed or not."""
    end = datetime.fromtimestamp(until, UTC).isoformat()
    return [
        f"sign     {count} times {price}: {price.asset.of(count * price.units)} of {account}",
        f"         whoever has a ticket's URL can spend its {price} until {end}; nothing takes it back",
    ]


def _tell(out: Output, made: list[Ticket], offer: Offer, on_page: str) -> None:
    urls = [each.url(on_page) for each in made]
    cost = f", {offer.cost} each from the account" if offer.payment else ""
    out.progress(
        f"tickets for one run each{cost}: {len(urls)}; whoever has a URL can use it; URLs are shown only now"
    )
    end = datetime.fromtimestamp(made[0].grant.until, UTC).isoformat()
    listed = [{"ticket": each.grant.id, "url": url} for each, url in zip(made, urls, strict=True)]
    out.result({"offer": offer.id, "until": end, "tickets": listed}, *urls)
