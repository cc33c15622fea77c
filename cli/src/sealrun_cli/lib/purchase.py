"""Buying one run of an offer: make the call, follow it to its end, say how it ended."""

import secrets
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from mina.keys import PrivateKey, PublicKey
from sealrun.adapters.files.plain_files import write_plain
from sealrun.calls.call import Call, Parent, PublicCall, SignedCall
from sealrun.calls.letters import PostBox, call_letter
from sealrun.encoding.fields import canonical
from sealrun.errors import SealrunError
from sealrun.money.buyer import sign_call
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import TRADED, Amount
from sealrun.offers.offer import Offer, Priced
from sealrun.offers.terms import Terms
from sealrun.receipts.receipt import SignedReceipt
from sealrun_cli.lib.assets import check_names
from sealrun_cli.lib.book import known_terms, page
from sealrun_cli.lib.chain_view import on_chain
from sealrun_cli.lib.confirming import confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence import fetch
from sealrun_cli.lib.fetching import KnownCall
from sealrun_cli.lib.inputs import assignments
from sealrun_cli.lib.letters import MORE_SECONDS as LETTER_MORE_SECONDS
from sealrun_cli.lib.letters import NOT_DROPPED, Post, letter_of
from sealrun_cli.lib.offer_view import check_taken
from sealrun_cli.lib.output import KNOWN, Output, known, plain
from sealrun_cli.lib.pay import Till, call_url, sent, unheard
from sealrun_cli.lib.priced import chosen, priced_on
from sealrun_cli.lib.progress import MAX_WORDS, jobs_line
from sealrun_cli.lib.service import Service, good
from sealrun_cli.lib.verifying import BROKEN
from sealrun_cli.lib.waiting import duration

NOT_SUCCEEDED = 3
# A service says when to look again; within these bounds it is obeyed.
POLL_SECONDS, LONGEST_POLL = 0.5, 120.0
# For the provider's queue and the collection, on top of the offer's own time limit for the run.
MORE_SECONDS = 30 * 60
# Lines about a run that goes on, of which a service may say something else each time.
MAX_TOLD, MAX_RUN_URL = 300, 500
JOBS = "jobs     "
# What was fetched and left, which only the command itself adds to what it tells of a call.
ADDED = ("evidence", "left")


def drawn() -> tuple[str, int]:
    """A fresh salt and nonce."""
    return secrets.token_hex(32), secrets.randbits(128)


@dataclass(frozen=True)
class Purchase:
    """One call that is to be made."""

    service: Service
    offer: Offer
    url: str
    key: PrivateKey
    inputs: dict[str, Any]
    expires_at: int
    out: Output
    reads: tuple[str, ...] = ()
    signing: Callable[[Call, int], None] = unheard  # see ``Till``; of price 0, before the call is sent
    box: PostBox | None = None  # where calls are dropped, if no server takes them
    parent: Parent | None = None  # the call for whose run a job makes this one
    draw: Callable[[], tuple[str, int]] = drawn  # the salt and the nonce of the next call that is made
    identifier: str | None = None  # x402's payment-identifier
    view: Mapping[str, Any] | None = None  # what the operator says of the offer, where it was read just now

    def free(self) -> "Bought":
        """For an offer of price 0: the signature stands in the body."""
        if self.offer.payment is not None:
            detail = f"call: expected --pay for an offer of {self.offer.cost}, got none"
            following = "add --pay --account ACCOUNT; `sealrun open` opens one"
            raise CliError("bad-request", detail, following)
        self.out.progress("signing and sending the call")
        signed = sign_call(self.key, self.offer, **self._fresh(*self.draw()), identifier=self.identifier)
        self.signing(signed.call, 0)
        if self.box is None:
            return self._bought(signed.call, good(self._send(signed)))
        letter, public_url = letter_of(signed.body()), self.url.removesuffix(f"/offers/{self.offer.id}")
        post = Post(self.service, self.box, public_url, call_letter(self.offer.id, letter), letter)
        bought = self._bought(signed.call, good(self._posted(post)))
        return replace(bought, more_seconds=LETTER_MORE_SECONDS)

    def _send(self, signed: SignedCall) -> httpx.Response:
        """The answer to a call of price 0; who stops before it comes hears where to look for the call."""
        where = call_url(self.url, self.offer, signed.call)
        send = partial(self.service.send, "POST", f"{self.url}/calls", body=signed.body())
        try:
            return sent(send, where, refused=lambda: None)
        except KeyboardInterrupt:
            self._stopped(where)
            raise

    def _posted(self, post: Post) -> httpx.Response:
        """The answer to a call that is dropped; who hears none, or stops before it, is told where to look."""
        try:
            post.drop()
            return post.answered(self.out).response
        except KeyboardInterrupt:
            self._stopped(post.answer_url)
            raise
        except (CliError, SealrunError) as error:
            kind = error.kind if isinstance(error, CliError) else error.type
            if kind in NOT_DROPPED:
                raise
            following = f"it may be taken: look at {post.answer_url} before you buy again"
            raise CliError(kind, error.detail, following) from error

    def _stopped(self, where: str) -> None:
        self.out.progress(f"stopped  the call may have been taken: look at {where} before you buy again")

    def paid(self, account: str, state: Path, node: str, *, yes: bool, asset: str = "") -> "Bought":
        """From a prepaid account, once somebody has agreed to what it costs at most.

        ``asset`` is a symbol or token id, for an account that this client does not know yet.
        """
        address_of(account)
        offer = self.offer
        if offer.payment is None:
            raise CliError("bad-request", "offer: expected one with a price for --pay, got one of price 0")
        priced = priced_on(offer.payment, state, account, asset)
        cold = cold_start(self.service, account, node, priced)
        with page(state, account, priced.terms, cold, asset=priced.cost.asset) as book:
            price, terms = offer.payment.priced_under(book.terms.hash)
            total = price.asset.of(book.known.committed + price.units)
            confirm(self.out, self._plan(account, price, total), yes=yes)
            self.out.progress(f"paying {price} from {account}")

            def agree(total: int) -> None:
                self.out.progress("the operator corrects what was spent from the account so far")
                confirm(self.out, [_signing(account, price.asset.of(total))], yes=yes)

            def fresh() -> Call:
                call = self.call_of(account, terms, *self.draw())
                while str(call.hash) in book.refused:  # of this very draw: its limit is not signed again (C2)
                    call = self.call_of(account, terms, *self.draw())
                return call

            url = f"{self.url}/calls"
            heard = (agree, self.signing, self.identifier, self._stopped)
            till = Till(url, offer, price, self.key, book, self.service, *heard)
            taken = till.buy(fresh)
        return self._bought(taken.call, taken.answer)

    def call_of(self, account: str, terms: Terms | None, salt: str, nonce: int) -> Call:
        """The call of this salt and nonce; without terms for an offer of price 0."""
        address, offer = address_of(account), self.offer
        terms_hash, token = (terms.hash, terms.asset.token) if terms else (0, 0)
        return Call(offer.network, address, offer.hash, terms_hash, token, **self._fresh(salt, nonce))

    def _bought(self, call: Call, answer: dict[str, Any]) -> "Bought":
        url = call_url(self.url, self.offer, call)
        return Bought(self.service, self.offer, url, call.id, answer, made=call.public)

    def _plan(self, account: str, price: Amount, total: Amount) -> list[str]:
        """What is bought, what it costs, and what is signed; nothing was sent yet.

        Raises:
            CliError: the offer takes no call now.
        """
        source = self.offer.source
        check_taken(self.view or self.service.get(self.url), self.offer, price.asset)
        return [
            f"run      {self.offer.title}: {source.url}, project {source.project}, {source.ref}",
            f"inputs   {assignments(self.inputs)}",
            f"price    this run costs {price} if it succeeds; no fee",
            _signing(account, total),
        ]

    def _fresh(self, salt: str, nonce: int) -> dict[str, Any]:
        fresh = {"inputs": self.inputs, "salt": salt, "nonce": nonce, "expires_at": self.expires_at}
        return {**fresh, "reads": self.reads, "parent": self.parent}


def _signing(account: str, total: Amount) -> str:
    return f"sign     signs at most {total} in total from {account}, all its runs together"


def _standing(view: Mapping[str, Any]) -> list[str]:
    """How a run stands that goes on, its jobs, and where the CI shows it: short, by the operator's word."""
    lines, jobs, run = [str(view.get("state"))[:MAX_WORDS]], jobs_line(view), view.get("run")
    url = str(run.get("url") or "") if isinstance(run, Mapping) else ""
    if jobs:
        lines.append(f"{JOBS}{jobs}")
    return [*lines, f"run      {url}"] if 0 < len(url) <= MAX_RUN_URL else lines


def cold_start(service: Service, account: str, node: str, priced: Priced) -> Known | None:
    """What a client that remembers nothing may start from: ``spent`` on the chain (A10).

    Raises:
        CliError: the account is not one of the price's terms, which name its network; or there is no answer.
    """
    if not node:
        return None
    asset, terms = priced.cost.asset, priced.terms
    check_names(service, node, asset)
    chain = on_chain(service, node, account, asset)
    if chain.terms != terms.hash:
        detail = f"account: expected one of the offer's terms, {terms.id}, got one of {chain.terms:064x}"
        following = f"name a node of {terms.network}; or open an account with `sealrun open`"
        raise CliError("wrong-account", f"{detail} at {account}", following)
    return Known(chain.spent, chain.spent)


@contextmanager
def coming_back(out: Output, url: str, key: str, to: str = "DIR") -> Iterator[None]:
    """Tell whoever stops following a run, or cannot follow it, how to come back to it.

    ``to`` is the folder where its evidence belongs.
    """

    def tell() -> None:
        out.progress(f"later    see how it stands: {url}")
        private = f" --key {shlex.quote(key)}" if key else ""
        folder = f"--to {shlex.quote(to)}{private}"
        out.progress(f"         take what it left: sealrun evidence {shlex.quote(url)} {folder}")

    try:
        yield
    except KeyboardInterrupt:
        out.progress("stopped following; the run goes on, and what it costs stays the same")
        tell()
        raise
    except KNOWN as error:
        tell()
        why = known(error)
        taken = f"do not buy it again, the call was taken: look at {url}"
        raise CliError(why.kind, why.detail, f"{taken}; {why.following}") from error


@dataclass(frozen=True)
class Bought:
    """A call that was taken. Its hash and URL are the client's own, whatever an answer says (C1)."""

    service: Service
    offer: Offer
    url: str
    call: str
    answer: dict[str, Any]
    more_seconds: int = MORE_SECONDS
    made: PublicCall | None = None  # by this client, which then need not ask what it was

    def started(self) -> dict[str, Any]:
        """The operator's answer when it took the call, as ``look`` has it."""
        return self._own(self.answer)

    def look(self) -> dict[str, Any]:
        """How the call stands now; once it is over, as ``follow`` has it.

        Raises:
            CliError: the service does not tell, or the receipt is of another call.
        """
        return self._own(self.service.get(self.url))

    def follow(self, out: Output) -> dict[str, Any]:
        """The call once it is over; its state and receipt are those that the offer's oracle signed.

        Raises:
            CliError: it takes longer than the offer allows, or the receipt is of another call.
        """
        told, shown, end = 0, list[str](), time.monotonic() + self.offer.limits.longest + self.more_seconds
        most = f"the run may take {duration(self.offer.limits.seconds)}, beside the CI's queue"
        with out.waiting("waiting for the run", most) as wait:
            while True:
                view, soon = self.service.look(self.url)
                if view.get("receipt") is not None:
                    break
                before, shown = shown, _standing(view)
                jobs = [each.removeprefix(JOBS) for each in shown if each.startswith(JOBS)]
                wait.what = plain(": ".join([shown[0], *jobs]))
                new = [each for each in shown if each not in before]
                for each in new[: max(0, MAX_TOLD - told)]:
                    out.progress(each)
                told += len(new)
                if time.monotonic() > end:
                    late = f"call: expected it to be over by now, got {shown[0]}"
                    raise CliError("late", late, f"look at {self.url}")
                self.service.rest(min(max(soon, POLL_SECONDS), LONGEST_POLL))
        return self._own(view)

    def _outcome(self, receipt: object) -> str:
        """How the call ended, by the receipt's signature."""
        signed = SignedReceipt.parse(receipt)
        expected = f"{self.call[:16]}… signed by {self.offer.oracle}"
        got = f"{signed.receipt.call_hash:064x}"[:16] + f"… signed by {signed.public_key.to_base58()}"
        if got != expected or f"{signed.receipt.call_hash:064x}" != self.call or not signed.holds():
            actual = "a signature that does not hold" if got == expected else got
            raise CliError("receipt", f"receipt: expected one of call {expected}, got {actual}")
        return signed.receipt.status.name.lower()

    def _own(self, view: Mapping[str, Any]) -> dict[str, Any]:
        """The service's view; what this client computes, checks or adds does not come from there (C1)."""
        shown = {name: value for name, value in view.items() if name not in ADDED}
        own = {"call": self.call, "url": self.url}
        if view.get("receipt") is not None:
            own["state"] = self._outcome(view["receipt"])
        words = {name: view.get(name) for name in ("state", "reason")}
        told = {name: text if isinstance(text, str) else None for name, text in words.items()}
        return {"receipt": None, **shown, **told, **own}


def price_on(offer: Offer, state: Path, account: str, asset: str = "") -> Amount:
    """What a run costs on this account, where this client knows its terms; else the price in the asset."""
    if offer.payment is None:
        return TRADED.of(0)
    terms = known_terms(state, account) if account else None
    if terms is None or not offer.has_terms(terms.hash):
        return chosen(offer.payment, asset).cost
    return offer.payment.priced_under(terms.hash).cost


def freed(state: Path, account: str, price: int) -> None:
    """Take the price out of the next limit: a run that did not succeed is not due."""
    with page(state, account) as book:
        book.known.committed = max(0, book.known.committed - price)
        book.save()


def address_of(text: str) -> PublicKey:
    """An account's address."""
    try:
        return PublicKey.from_base58(text)
    except ValueError as error:
        raise CliError("bad-request", f"account: {error}") from error


def tell(
    ended: dict[str, Any],
    *,
    service: Service,
    out: Output,
    receipt: Path | None,
    evidence: Path | None,
    buyer: PrivateKey | None,
    made: PublicCall | None = None,
) -> int:
    """Say how a call ended, write receipt and evidence to the named places, and return the exit status.

    ``made`` is the call where the caller has made it.
    """
    evidence_lines: list[str] = []
    over = ended["receipt"] is not None
    if over and evidence is not None:
        known = KnownCall(ended["receipt"], made)
        ended["evidence"], evidence_lines = fetch(
            service, ended["url"], evidence, buyer=buyer, out=out, known=known
        )
    _say(out, ended, receipt, evidence_lines)
    if not ended.get("evidence", {"holds": True})["holds"]:
        return BROKEN
    return NOT_SUCCEEDED if over and ended["state"] != "succeeded" else 0


def _say(out: Output, ended: dict[str, Any], file: Path | None, more: list[str]) -> None:
    if file is not None and ended["receipt"] is not None:
        write_plain(file, canonical(ended["receipt"]))
    state = ended["state"] or "its state was not told"
    out.result(ended, f"{state}: {ended['reason']}" if ended["reason"] else state, ended["url"], *more)
