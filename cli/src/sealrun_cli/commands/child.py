"""``sealrun child``: in a job, call the offer that an input names, once, and leave its receipt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import httpx
import typer

from mina.keys import PrivateKey
from sealrun.calls.call import Call, Parent
from sealrun.encoding.fields import MAX_UINT64
from sealrun.offers.asset import TRADED
from sealrun.offers.named_offer import NamedOffer
from sealrun.offers.offer import Offer, Priced
from sealrun.verification.claims import CHILDREN
from sealrun_cli.lib import options
from sealrun_cli.lib.agent.wallet import Caps, Wallet, new_purchase, over
from sealrun_cli.lib.book import known_page, locked
from sealrun_cli.lib.child_calls import Draws, ParentCall, account_for, bought_before, leave
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence import fetch
from sealrun_cli.lib.guarded import open_public
from sealrun_cli.lib.inputs import filled_inputs, parsed_inputs
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.letters import dropped
from sealrun_cli.lib.named_offers import check_named
from sealrun_cli.lib.output import Output, amount_of, speaking
from sealrun_cli.lib.pay import check_pay
from sealrun_cli.lib.priced import Asset, priced_on
from sealrun_cli.lib.purchase import NOT_SUCCEEDED, Bought, Purchase, coming_back, freed, price_on
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.verifying import BROKEN


def child(
    offer: Annotated[str, typer.Argument(help="The input's value, or the offer's URL.", metavar="OFFER")],
    *,
    name: Annotated[str, typer.Option("--as", help="The input of the parent's offer.", metavar="INPUT")],
    parent: Annotated[str, typer.Option(help="https://.../calls/ID of the job's own call.", metavar="URL")],
    key: options.Key,
    given: options.Given = None,
    with_pay: Annotated[bool, typer.Option("--pay", help="Pay from a prepaid account.")] = False,
    account: Annotated[
        list[str] | None,
        typer.Option(
            help="A prepaid account, for --pay; of several, that of the offer's terms.", metavar="ACCOUNT"
        ),
    ] = None,
    asset: Asset = "",
    per_call: Annotated[str, typer.Option(help="Most that a call may cost.", metavar=TRADED.symbol)] = "0",
    per_day: Annotated[
        str,
        typer.Option(
            help="Most in 24 hours, where the folder of --state lasts so long.", metavar=TRADED.symbol
        ),
    ] = "",
    service: Annotated[
        list[str] | None, typer.Option(help="A service that may be called; without any, all.", metavar="URL")
    ] = None,
    evidence: Annotated[Path, typer.Option(help="Folder for what the run left.", metavar="DIR")],
    left: Annotated[
        Path, typer.Option(help="Folder for the receipts, among the job's artifacts.", metavar="DIR")
    ] = Path(CHILDREN),
    node: options.Node = "",
    state: options.State = options.DEFAULT_STATE,
    unsafe_loopback: Annotated[
        bool,
        typer.Option("--unsafe-loopback", help="Let services on this machine be called: a local stack's."),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """In a job: call the offer that an input names.

    The key and the account are the job's own. It buys once for this input of this call, however often the job
    runs, and leaves the receipt for the job's artifacts. Ends with status 3 if the child's run did not
    succeed: such a run costs nothing.
    """
    with speaking(as_json=as_json) as out:
        named = NamedOffer.of(offer)
        if service and named.service not in {each.rstrip("/") for each in service}:
            allowed = ", ".join(service)
            raise CliError("not-allowed", f"offer: expected one at {allowed}, got one at {named.service}")
        accounts = tuple(account or ())
        check_pay("child", with_pay=with_pay, account=" ".join(accounts))
        own = [each for each in (parent, node) if each]
        with open_public(own, unsafe_loopback=unsafe_loopback) as http:
            buyer, above = read_key(key), ParentCall.read(parent, Service(http))
            draws = Draws(buyer, above.call, name)
            wallet = Wallet(state, _caps(per_call, per_day))
            job = _Job(http, out, named, name, buyer, accounts, asset, state, node, wallet)
            ready = job.prepare(above, given or [], draws)
            bought = job.buy(ready, draws)
            with coming_back(out, bought.url, key):
                status = _ended(bought, job, ready.account, evidence, left)
    if status:
        raise typer.Exit(status)


def _caps(per_call: str, per_day: str) -> Caps:
    """Without a cap for a day the account's deposit is all that bounds one."""
    day = amount_of(per_day, TRADED) if per_day else TRADED.of(MAX_UINT64)
    return Caps(amount_of(per_call, TRADED), day, day)


class _Ready(NamedTuple):
    """A call that may be made."""

    purchase: Purchase
    priced: Priced | None  # None for an offer of price 0
    account: str  # the prepaid one, or the key's own


@dataclass(frozen=True)
class _Job:
    """One job's purchase, from the input to the call that was taken."""

    http: httpx.Client
    out: Output
    named: NamedOffer
    name: str
    key: PrivateKey = field(repr=False)
    accounts: tuple[str, ...]
    asset: str
    state: Path
    node: str
    wallet: Wallet

    def prepare(self, parent: ParentCall, given: list[str], draws: Draws) -> _Ready:
        """The call that is to be made, if the parent's offer lets the input name this offer.

        Raises:
            CliError: the offer takes no such input, or the two offers do not fit.
            Refused: the named offer is not within the input's bounds.
        """
        service = Service(self.http)
        if self.name not in parent.offer.inputs.offers:
            named = ", ".join(parent.offer.inputs.offers) or "none"
            raise CliError(
                "bad-request", f"as: expected an input that names an offer, {named}; got {self.name[:64]}"
            )
        parent.offer.inputs.check_alone(self.name, str(self.named))
        self.out.progress(f"reading {self.named.url}")
        offer, view = service.offer_and_view(self.named.url)
        check_named(parent.offer, self.name, offer)
        inputs = offer.inputs.check(filled_inputs(parsed_inputs(given, offer.inputs), offer.inputs, self.out))
        account, priced = self.key.public_key().to_base58(), None
        if offer.payment:
            account = account_for(offer, self.accounts, self.state, service, self.node)
            priced = priced_on(offer.payment, self.state, account, self.asset)
        most = parent.offer.inputs.offers[self.name].most
        if priced and most and priced.cost.asset != most.asset:
            bound = f"in {most.asset.symbol}, in which its bound of {most} is"
            raise CliError(
                "bad-request", f"{self.name}: expected to pay {bound}, got a price of {priced.cost}"
            )
        if priced and (why := self.wallet.broken_by(offer, priced.cost, 0)):
            raise over(why)
        purchase = Purchase(
            service,
            offer,
            self.named.url,
            self.key,
            inputs,
            parent.expires_at,
            self.out,
            signing=self._counting(offer, account if priced else "", draws),
            box=dropped(view),
            parent=Parent(parent.call, parent.depth + 1),
            draw=draws,
            identifier=draws.identifier,
        )
        return _Ready(purchase, priced, account)

    def buy(self, ready: _Ready, draws: Draws) -> Bought:
        """Buy it, or find that it was bought before; of the jobs that share the folder, one after the other.

        Raises:
            CliError: a cap would be broken, or the service did not take the call.
        """
        with locked(self.state, draws.identifier):
            purchase, priced, account = ready
            terms = priced.terms if priced else None
            calls = [purchase.call_of(account, terms, *pair) for pair in draws.pairs]
            before = bought_before(purchase.service, purchase.url, purchase.offer, calls)
            if before is not None:
                self.out.progress(f"bought before: {before.url}")
                return before
            if priced is None:
                return purchase.free()
            if signed := self._signed(draws, calls):
                draws.skip(signed if self._raised(account, priced.cost.units) else signed - 1)
            return purchase.paid(account, self.state, self.node, yes=True, asset=self.asset)

    def _raised(self, account: str, price: int) -> bool:
        """Whether the next limit is above all that were signed for the account, as this folder knows."""
        book = known_page(self.state, account)
        return book is not None and book.known.committed + price > book.known.highest

    def _signed(self, draws: Draws, calls: Sequence[Call]) -> int:
        """How many of these calls were signed for, up to the last: none gets a second, higher limit (C2).

        An operator that took one may say that it knows none of them.
        """
        before = self.wallet.ordered(draws.order)
        signed = [number for number, call in enumerate(calls, start=1) if before and before.call == call.id]
        return max(signed, default=0)

    def _counting(self, offer: Offer, account: str, draws: Draws) -> Callable[[Call, int], None]:
        """What counts each signature against the caps before it is made."""
        base = new_purchase(draws.order, draws.order, offer, self.named.url, account)

        def count(call: Call, more: int) -> None:
            # By the terms that are signed, whatever was known of the account before.
            cost = offer.payment.priced_under(call.terms_hash).cost if offer.payment else TRADED.of(0)
            self.wallet.count(replace(base, call=call.id), cost, more, beyond=False)

        return count


def _ended(bought: Bought, job: _Job, account: str, evidence: Path, left: Path) -> int:
    """Follow the run, take what it left, and leave what its receipt needs; the exit status."""
    out, url = job.out, bought.url
    out.progress(f"call     {url}")
    ended = bought.follow(out)
    if ended["state"] != "succeeded" and job.wallet.failed(bought.call) and bought.offer.payment:
        freed(job.state, account, price_on(bought.offer, job.state, account, job.asset).units)
    ended["evidence"], lines = fetch(bought.service, url, evidence, buyer=job.key, out=out)
    if ended["evidence"]["holds"]:
        calls = leave(evidence, bought.call, left)
        ended["left"] = {"folder": str(left), "calls": calls}
        lines.append(f"{left}: {len(calls)} receipts, to be among the job's artifacts")
    out.result(ended, ended["state"], url, *lines)
    if not ended["evidence"]["holds"]:
        return BROKEN
    return 0 if ended["state"] == "succeeded" else NOT_SUCCEEDED
