"""What an agent may ask for: offers, a run, how it stands, its receipt as checked here, and its files.

Everything goes through the command's own client: what is signed, whom it pays and which address is asked come
from documents that were hashed here (C1). The key stays in this process.
"""

import re
import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from mina.keys import PrivateKey
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.calls.call import Call
from sealrun.offers.asset import TRADED, Amount
from sealrun.offers.offer import Offer
from sealrun.receipts.grade import Grade
from sealrun.verification.claims import RECEIPT, Verdict
from sealrun_cli.lib.agent.strangers import MAX_FILE_BYTES, file_text, said, shown
from sealrun_cli.lib.agent.wallet import Wallet, new_purchase
from sealrun_cli.lib.book import page
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.fetching import Fetching
from sealrun_cli.lib.inputs import assignments
from sealrun_cli.lib.named_offers import named_by
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.purchase import Bought, Purchase, freed, price_on
from sealrun_cli.lib.service import Service, check_url
from sealrun_cli.lib.verifying import verify_file

OFFER = re.compile(r"(?P<service>https?://[!-~]{1,300})/offers/(?P<id>[0-9a-f]{64})", re.ASCII)
CALL = re.compile(r"(?P<service>https?://[!-~]{1,300})/calls/(?P<id>[0-9a-f]{64})", re.ASCII)
# Seconds that a signed call may wait for the operator.
EXPIRES_IN = 600
# MCP clients give a tool about a minute.
MAX_WAIT_SECONDS = 50
POLL_SECONDS = 1.0
MAX_OFFERS = 100
MAX_PAGES = 5
MAX_FILES = 200
MAX_CLAIMS = 60
EVIDENCE = "evidence"


@dataclass(frozen=True)
class Desk:
    """One agent's desk.

    Attributes:
        http: how the command reaches others.
        key: the buyer's; its file, as a person names it to the command, is ``key_file``.
        wallet: counts what is signed.
        account: the prepaid account; empty buys offers of price 0 only.
        state: the folder of what this client signed, and of evidence.
        node: a Mina node, for the account's first use.
        services: the only ones that are asked; empty for any.
        evidence_bytes: the most that is fetched of one call's files.
    """

    http: httpx.Client
    key: PrivateKey = field(repr=False)
    key_file: str
    wallet: Wallet
    account: str
    state: Path
    node: str = ""
    services: tuple[str, ...] = ()
    evidence_bytes: int = 256 << 20
    sleep: Callable[[float], None] = time.sleep

    def list_offers(self, service: str) -> dict[str, Any]:
        """What a service says that it sells, by the addresses that follow from the offers' hashes."""
        service = service.rstrip("/")
        self._check(service)
        found = [_listed(service, each) for each in islice(self._pages(service), MAX_OFFERS)]
        return {"offers": found, "caps": self._caps()}

    def show_offer(self, url: str) -> dict[str, Any]:
        """An offer, read from the document that has the hash in its address."""
        offer, view = self._offer(url)
        source = offer.source
        return {
            "offer": url,
            "price": str(offer.cost),
            "if_the_run_fails": "costs nothing",
            "network": offer.network,
            "open": view.get("open") is True,
            "inputs": shown(dict(offer.inputs.schema)),
            "job": {
                "at": source.url,
                "project": source.project,
                "ref": source.ref,
                "commit": source.commit,
            },
            "longest_seconds": offer.limits.seconds,
            "grade": {"at_least": offer.evidence.grade, "means": Grade(offer.evidence.grade).says},
            "oracle": offer.oracle,
            "caps": self._caps(),
            "over": self.over(offer) or None,
            "seller_says": said(title=offer.title, why_closed=view.get("reason")),
        }

    def question(self, url: str, inputs: Mapping[str, Any], order: str) -> str:
        """What a person is asked before this call, because it is over a cap; empty where nobody is."""
        if self.wallet.ordered(order) is not None:
            return ""
        offer, _ = self._offer(url)
        checked = _checked(offer, inputs)
        self._named(offer, checked)
        why = self.over(offer)
        if not why:
            return ""
        title, given = shown(offer.title), shown(assignments(checked))
        what = f"An agent wants to buy one run for {offer.cost}. That is over {why}."
        return f"{what} The seller's title: {title!r}. Inputs: {given}. Address: {url}."

    def command(self, url: str, inputs: Mapping[str, Any]) -> str:
        """How a person buys the same without an agent."""
        offer, _ = self._offer(url)
        given = [f"--input {shlex.quote(f'{name}={_flag(value)}')}" for name, value in inputs.items()]
        pay = f" --pay --account {self.account or 'ACCOUNT'}" if offer.payment else ""
        call = f"sealrun call {shlex.quote(url)} --key {shlex.quote(self.key_file)}{pay}"
        return " ".join([call, *given])

    def buy(self, url: str, inputs: Mapping[str, Any], order: str, *, beyond: bool) -> dict[str, Any]:
        """Buy one run; the same order again buys nothing and tells of the first.

        Raises:
            CliError: the inputs do not fit, a cap would be broken, or the operator did not take the call.
        """
        known = self.wallet.ordered(order)
        if known is not None and known.offer != url:
            raise CliError("conflict", f"order: expected a new one, got that of {known.offer}")
        if known is not None:
            return {"call": _call_url(known.offer, known.call), "bought_before": True}
        offer, _ = self._offer(url)
        named = self._named(offer, _checked(offer, inputs))
        base = new_purchase(order, secrets.token_hex(16), offer, url, self.account if offer.payment else "")
        agreed = [beyond]  # to one signature

        def count(call: Call, more: int) -> None:
            # By the terms that are signed, whatever was known of the account before.
            price = offer.payment.priced_under(call.terms_hash).cost if offer.payment else TRADED.of(0)
            self.wallet.count(replace(base, call=call.id), price, more, beyond=agreed[0])
            agreed[0] = False

        purchase = self._purchase(offer, url, _checked(offer, inputs), count)
        taken = (
            purchase.paid(self._account(), self.state, self.node, yes=True)
            if offer.payment
            else purchase.free()
        )
        standing = self._standing(taken.started())
        return {"call": taken.url, "bought_before": False, **standing, **({"calls": named} if named else {})}

    def status(self, url: str, wait_seconds: int) -> dict[str, Any]:
        """How a call stands; a run of this wallet's that did not succeed frees its price."""
        bought = self._bought(url)
        end = time.monotonic() + max(0, min(wait_seconds, MAX_WAIT_SECONDS))
        while (view := bought.look())["receipt"] is None and time.monotonic() < end:
            self.sleep(POLL_SECONDS)
        self._note(view)
        return {"call": url, **self._standing(view)}

    def receipt(self, url: str) -> dict[str, Any]:
        """Fetch a call's evidence and verify all of it here; says which claims hold."""
        bought = self._bought(url)
        self._note(bought.look())
        folder = self._folder(bought.call)
        mine = self.wallet.of_call(bought.call) is not None
        Fetching(
            bought.service,
            url,
            DiskFolder(folder),
            self.key if mine else None,
            bought_quietly(),
            at_most=self.evidence_bytes,
        ).run()
        found = verify_file(folder / RECEIPT, folder, bought.offer.oracle)
        order = {Verdict.BROKEN: 0, Verdict.HOLDS: 1, Verdict.NOT_SHOWN: 2}
        claims = sorted(found.claims, key=lambda each: order[each.verdict])
        counts = {verdict.value: sum(each.verdict is verdict for each in claims) for verdict in Verdict}
        return {
            "call": url,
            "holds": found.holds,
            "status": found.receipt.receipt.status.name.lower() if found.receipt else None,
            "grade": f"grade {found.grade}: {found.grade.says}",
            "counts": counts,
            "claims": [
                shown({"claim": each.name, "verdict": each.verdict.value, "found": each.says})
                for each in claims[:MAX_CLAIMS]
            ],
            "folder": str(folder),
            "files": self.files(bought.call),
        }

    def files(self, call: str) -> dict[str, Any]:
        """The files of a call's evidence that lie here, by number: a name is a stranger's word."""
        folder = DiskFolder(self._folder(call))
        names = folder.names()[:MAX_FILES]
        listed = [
            {
                "number": number,
                "bytes": folder.measure(name).size,
                "uri": f"sealrun://evidence/{call}/{number}",
            }
            for number, name in enumerate(names)
        ]
        named = {str(number): name for number, name in enumerate(names)}
        return {"count": len(folder.names()), "first": listed, "names": said(by_number=list(named.values()))}

    def file(self, call: str, number: int) -> str:
        """The text of one file, behind a line that says whose it is."""
        if not re.fullmatch(r"[0-9a-f]{64}", call, re.ASCII):
            raise CliError("bad-request", "call: expected 64 hex digits, got something else")
        folder = DiskFolder(self._folder(call))
        names = folder.names()
        if not 0 <= number < len(names):
            raise CliError("not-found", f"file: expected a number below {len(names)}, got {number}")
        name = names[number]
        content = b"".join(_first(folder.read(name), MAX_FILE_BYTES))
        return file_text(name, content, folder.measure(name).size)

    def over(self, offer: Offer) -> str:
        """Which cap the next call of this offer would break; empty for none."""
        price = self._price(offer)
        return self.wallet.broken_by(offer, price, self._more(price)) if offer.payment else ""

    def _price(self, offer: Offer) -> Amount:
        return price_on(offer, self.state, self.account)

    def _more(self, price: Amount) -> int:
        """By how much the next call raises what was signed, as far as this client knows."""
        if not (self.state / f"{self.account}.json").exists():
            return price.units
        with page(self.state, self.account) as book:
            return max(0, book.known.committed + price.units - book.known.highest)

    def _pages(self, service: str) -> Iterator[Any]:
        after = ""
        for _ in range(MAX_PAGES):
            answer = Service(self.http).get(f"{service}/offers{after}")
            offers, following = answer.get("offers"), answer.get("next")
            if not isinstance(offers, list):
                raise CliError("unreachable", f"{service}: expected a list of offers, got something else")
            yield from offers
            if not isinstance(following, str) or not re.fullmatch(r"[0-9a-f]{64}", following, re.ASCII):
                return
            after = f"?after={following}"

    def _offer(self, url: str) -> tuple[Offer, Mapping[str, Any]]:
        self._check(url, OFFER)
        service = Service(self.http)
        return service.offer(url), service.get(url)

    def _named(self, offer: Offer, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The offers that the inputs name, which the job will call; raises where one is out of bounds."""
        found = named_by(offer, inputs, lambda url: self._offer(url)[0])
        return [
            {
                "input": each.name,
                "offer": each.address.url,
                "price": str(each.offer.cost),
                "paid_by": "the seller",
                "seller_says": said(title=each.offer.title),
            }
            for each in found
        ]

    def _bought(self, url: str) -> Bought:
        """The call at this address, with its offer: the wallet's own word, or else the operator's."""
        match = self._check(url, CALL)
        known, service = self.wallet.of_call(match["id"]), Service(self.http)
        if known is not None and url != _call_url(known.offer, known.call):
            raise CliError(
                "bad-request", f"call: expected {_call_url(known.offer, known.call)}, got another address"
            )
        offer_url = known.offer if known else f"{match['service']}/offers/{_offer_id(service.get(url))}"
        offer, _ = self._offer(offer_url)
        return Bought(service, offer, url, match["id"], {})

    def _check(self, url: str, form: re.Pattern[str] | None = None) -> re.Match[str]:
        match = (form or re.compile(r"https?://[!-~]{1,300}", re.ASCII)).fullmatch(url)
        if match is None:
            what = (
                "https://.../calls/ID" if form is CALL else "https://.../offers/ID" if form else "https://..."
            )
            raise CliError("bad-request", f"url: expected {what}, got {shown(url)[:100]!r}")
        check_url(url)
        if httpx.URL(url).userinfo:
            raise CliError("bad-request", "url: expected one without a user's name, got one with it")
        # ``services`` may name a folder of a host, and what is sent has no `..` any more.
        if not {".", ".."}.isdisjoint(unquote(url).replace("\\", "/").split("/")):
            raise CliError("bad-request", "url: expected one without . and .. in its path, got one with them")
        if self.services and not any(url == each or url.startswith(f"{each}/") for each in self.services):
            detail = f"url: expected one of {', '.join(self.services)}, got another"
            raise CliError("not-allowed", detail, "a person may add it: sealrun mcp --service URL")
        return match

    def _purchase(
        self, offer: Offer, url: str, inputs: dict[str, Any], count: Callable[[Call, int], None]
    ) -> Purchase:
        until, service = int(time.time()) + EXPIRES_IN, Service(self.http)
        return Purchase(service, offer, url, self.key, inputs, until, bought_quietly(), signing=count)

    def _account(self) -> str:
        if not self.account:
            detail = "account: expected one to pay from, got none"
            raise CliError("bad-request", detail, "a person may name it: sealrun mcp --account ACCOUNT")
        return self.account

    def _note(self, view: Mapping[str, Any]) -> None:
        """Free the price of a run that did not succeed, once."""
        known = self.wallet.of_call(str(view["call"]))
        over = view["receipt"] is not None and view["state"] != "succeeded"
        if known is not None and over and known.account and self.wallet.failed(known.call):
            freed(self.state, known.account, known.price)

    def _standing(self, view: Mapping[str, Any]) -> dict[str, Any]:
        run = view.get("run")
        at = run.get("url") if isinstance(run, Mapping) else None
        over = view["receipt"] is not None
        return {
            "state": shown(view["state"]),
            "over": over,
            "rests_on": "the oracle's signature" if over else "the operator's word",
            "operator_says": said(reason=view["reason"], run=at),
        }

    def _caps(self) -> dict[str, str]:
        caps = self.wallet.caps
        return {
            "per_call": str(caps.per_call),
            "in_24_hours": str(caps.per_day),
            "per_seller_in_24_hours": str(caps.per_seller),
            "left_in_24_hours": str(self.wallet.left()),
        }

    def _folder(self, call: str) -> Path:
        return self.state / EVIDENCE / call


def bought_quietly() -> Output:
    """Stdout is the protocol's; an agent's server tells its client, and nobody else."""
    return Output(as_json=True, quiet=True)


def _checked(offer: Offer, inputs: Mapping[str, Any]) -> dict[str, Any]:
    return offer.inputs.check(offer.inputs.filled(inputs))


def _listed(service: str, value: Any) -> dict[str, Any]:
    """One entry of a list: its hash makes its address, all else is the operator's word until it is shown."""
    name = value.get("offer") if isinstance(value, dict) else None
    if not isinstance(name, str) or not re.fullmatch(r"[0-9a-f]{64}", name, re.ASCII):
        raise CliError("unreachable", f"{service}: expected offers with their hashes, got something else")
    texts = {each: value.get(each) for each in ("title", "prices", "grade", "open", "reason")}
    return {"offer": f"{service}/offers/{name}", "operator_says": said(**texts)}


def _offer_id(view: Mapping[str, Any]) -> str:
    name = view.get("offer")
    if not isinstance(name, str) or not re.fullmatch(r"[0-9a-f]{64}", name, re.ASCII):
        raise CliError("unreachable", "call: expected its offer's hash, got something else")
    return name


def _call_url(offer_url: str, call: str) -> str:
    return f"{offer_url.rpartition('/offers/')[0]}/calls/{call}"


def _flag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _first(chunks: Iterator[bytes], most: int) -> Iterator[bytes]:
    left = most
    for chunk in chunks:
        yield chunk[:left]
        left -= len(chunk)
        if left <= 0:
            return
