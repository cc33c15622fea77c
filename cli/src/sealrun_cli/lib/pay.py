"""Pay for one call over x402: read the 402, sign what the offer says and no more, send again."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from mina.keys import PrivateKey
from mina.sign import sign_fields
from mina.signature import Signature
from sealrun.calls.call import Call
from sealrun.encoding import read
from sealrun.errors import Refused
from sealrun.money import x402
from sealrun.money.buyer_mechanism import MinaBatchSettlement
from sealrun.offers.asset import Amount
from sealrun.offers.offer import Offer
from sealrun_cli.lib.book import Page
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.service import Service, good, well_formed

# Errors of a service that come before anything is claimed; a refusal of 4xx does as well.
NOTHING_TAKEN = ("node-unavailable", "offer-closed")


@dataclass(frozen=True)
class Taken:
    """A call that the operator took, by the hash that the client computed (C1)."""

    call: Call
    answer: dict[str, Any]


def unheard(_call: Call, _more: int) -> None:
    """For whoever counts nothing."""


def untold(_where: str) -> None:
    """For whoever has nobody to tell."""


@dataclass(frozen=True)
class Till:
    """Where calls of one offer are paid for.

    Attributes:
        url: takes the offer's calls.
        offer: parsed from the document that was read.
        price: in the asset of the account's own terms; nothing else is ever signed for.
        key: of the account's buyer.
        page: what this client knows of the account.
        service: the operator's API.
        agree: to another limit than ``page`` had in view, in smallest units; raises where nobody does.
        signing: hears of each call just before its limit is signed, and by how much that is above what was
            ever signed for the account, in smallest units; what it raises keeps the call unsigned.
        identifier: x402's payment-identifier: under it the account takes one call (L3).
        stopped: hears where to look for a call that may have been taken when Ctrl-C came before the answer.
    """

    url: str
    offer: Offer
    price: Amount
    key: PrivateKey
    page: Page
    service: Service
    agree: Callable[[int], None]
    signing: Callable[[Call, int], None] = unheard
    identifier: str | None = None
    stopped: Callable[[str], None] = untold

    def buy(self, fresh: Callable[[], Call]) -> Taken:
        """Buy a call.

        The highest limit is on disk before the signature leaves this machine (A10). One limit is signed for
        one call (C2): where the operator shows that this client's figures are stale, another call is made of
        the same inputs, once. A seller who asks again does not know its own figures.

        Args:
            fresh: makes the call that is asked for; each has a nonce of its own.

        Raises:
            CliError: the call was not accepted, or nobody knows whether it was.
            Refused: the seller asks for something else than the offer says, or for too high a limit.
        """
        call = fresh()
        made = self._mechanism(call)
        answer = self.service.send("POST", self.url, body=made.body())
        answer = self._pay(call, made, answer)
        if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
            before = self.page.refused
            self._refused(call)  # first: a 402 that cannot be read refuses it as well (C2)
            if correction := _correction(answer, made):
                self._learn(made, correction, before)
                call = fresh()
                made = self._mechanism(call)
                answer = self._pay(call, made, answer)
                if answer.status_code == httpx.codes.PAYMENT_REQUIRED:
                    self._refused(call)
        taken = good(answer)
        made.reserved()
        with suppress(OSError):  # the call was taken all the same (C2); a 402 corrects the next one
            self.page.save()
        return Taken(call, taken)

    def _mechanism(self, call: Call) -> MinaBatchSettlement:
        known = self.page.known

        def sign(fields: list[int]) -> Signature:
            *_, limit, _call_hash = fields
            self.signing(call, max(0, limit - known.highest))
            return sign_fields(self.key, fields)

        return MinaBatchSettlement(call, self.offer, buyer=self.key.public_key(), sign=sign, known=known)

    def _pay(self, call: Call, made: MinaBatchSettlement, answer: httpx.Response) -> httpx.Response:
        """Sign what the 402 asks for, and send it. Any other answer stands."""
        if answer.status_code != httpx.codes.PAYMENT_REQUIRED:
            return answer
        accepted = _accepted(answer, made)
        accepted["extra"].pop("correction", None)
        payload = made.create_payment_payload(accepted)
        named = {x402.IDENTIFIER: {"info": {"id": self.identifier}}} if self.identifier else {}
        payment = {"x402Version": x402.VERSION, "accepted": accepted, "payload": payload}
        header = x402.encoded({**payment, **({"extensions": named} if named else {})})
        self.page.save()
        headers = {x402.SIGNATURE_HEADER: header}
        send = partial(self.service.send, "POST", self.url, body=made.body(), headers=headers)
        where = call_url(self.url.removesuffix("/calls"), self.offer, call)
        try:
            return sent(send, where, refused=partial(self._refused, call))
        except KeyboardInterrupt:
            self.stopped(where)
            raise

    def _learn(self, made: MinaBatchSettlement, correction: object, before: Sequence[str]) -> None:
        """Take the operator's figures over; ``before`` are the calls that were refused before this one.

        Raises:
            Refused: they count a call that was refused, this one or an earlier one (C2).
        """
        voucher = read.only(correction, ("due", "pending", "voucher"), where="correction")["voucher"]
        if isinstance(voucher, dict) and voucher.get("callHash") in before:
            detail = "correction: expected an earlier call's voucher, got that of one that was refused"
            raise Refused(f"{detail}: the operator at {self.url} counts what it did not take")
        made.correct(correction)
        self.page.save()  # also where nobody agrees: the next purchase begins with these figures
        self.agree(self.page.known.committed + self.price.units)

    def _refused(self, call: Call) -> None:
        self.page.refuse(call.hash)
        self.page.save()


def check_pay(command: str, *, with_pay: bool, account: str) -> None:
    """Paying takes both options.

    Raises:
        CliError: one of them was given alone.
    """
    if bool(account) != with_pay:
        detail = f"{command}: expected --pay and --account together, got one of them"
        raise CliError("bad-request", detail, "add both; `sealrun open` prints the account's address")


def call_url(offer_url: str, offer: Offer, call: Call) -> str:
    """Where the operator of this offer tells of the call: by the call's own hash, not by an answer (C1)."""
    return f"{offer_url.removesuffix(f'/offers/{offer.id}')}/calls/{call.id}"


def sent(send: Callable[[], httpx.Response], where: str, *, refused: Callable[[], None]) -> httpx.Response:
    """The answer to a signed call. Without an answer the same one is sent again; none is taken twice (L3).

    ``refused`` hears of a call that was refused at once other than by a 402, so that nobody counts it later
    (C2). A second answer may come from a proxy, and says nothing of the first attempt.

    Raises:
        CliError: there is still none, and the call may be running.
    """
    try:
        answer = _answered(send)
    except CliError as error:
        if error.kind in NOTHING_TAKEN:
            refused()
            raise
    else:
        if _refuses(answer):
            refused()
        return answer
    try:
        answer = _answered(send)
        if _refuses(answer) or (answer.is_client_error and x402.REQUIRED_HEADER not in answer.headers):
            good(answer)
    except CliError as error:
        following = f"it may have been taken: look at {where} before you buy again"
        raise CliError(error.kind, error.detail, following) from error
    return answer


def _refuses(answer: httpx.Response) -> bool:
    """A refusal other than a 402."""
    return answer.is_client_error and answer.status_code != httpx.codes.PAYMENT_REQUIRED


def _answered(send: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer, if it says whether the call was taken; any other one is raised as an error.

    A redirect does not say so, nor does a good status over what is no JSON, such as a proxy's own page.
    """
    answer = send()
    if not answer.is_client_error:
        good(answer)
    return answer


def _accepted(answer: httpx.Response, made: MinaBatchSettlement) -> dict[str, Any]:
    """What this 402 asks for in our scheme, in the asset of the account."""
    required = x402.asked(answer.headers.get(x402.REQUIRED_HEADER, ""))
    ours = (made.scheme, made.asset.id)
    with well_formed("payment", "402"):
        accepts = required.get("accepts", [])
        listed = [each for each in accepts if (each.get("scheme"), each.get("asset")) == ours]
        found = [{**each, "extra": dict(each.get("extra") or {})} for each in listed[:1]]
    if not found:
        detail = f"402: expected {made.scheme} in {made.asset.symbol} among what it accepts, got others"
        raise CliError("payment", detail)
    return found[0]


def _correction(answer: httpx.Response, made: MinaBatchSettlement) -> object:
    """The operator's own figures of the account, where the 402 has them."""
    return _accepted(answer, made)["extra"].get("correction")
