"""``sealrun topup``: add money to a prepaid account. Asked again after a lost answer, it does not pay again.

The payer's nonce is on disk from before the transaction is sent until the result was told. A repeat has
the same nonce, which only one transaction can use up. Once it is used up, the account's funds tell whether it
was this one: without an exit only deposits change them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.field import P
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.errors import Malformed
from sealrun.offers.asset import FEES, MINA, Asset
from sealrun.offers.terms import MAX_UINT32
from sealrun_cli.lib import options
from sealrun_cli.lib.assets import asset_on
from sealrun_cli.lib.book import locked, replace_json
from sealrun_cli.lib.chain_view import Moment, moment
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.contracts import account_codes
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, amount_of, speaking
from sealrun_cli.lib.purchase import address_of
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.tools import Sender, run_tool
from sealrun_cli.lib.units import slot_date

DEPTH = "offers of depth 0 count it at once; others, that many blocks after a call shows it to their operator"


@dataclass(frozen=True)
class Asked:
    """A top-up that no block has decided about yet. Amounts are in the asset's smallest unit."""

    payer: str
    nonce: int
    amount: int
    funds: int  # the account's, before the top-up
    terms: int  # the hash of the account's, which no other account of its key has

    @classmethod
    def kept(cls, path: Path) -> "Asked | None":
        """What an earlier command left behind."""
        if not path.exists():
            return None
        try:
            names = ("payer", "nonce", "amount", "funds", "terms")
            value = read.only(json.loads(path.read_bytes()), names, where=path.name)
            payer = read.public_key(value, "payer").to_base58()
            amount, funds = (read.decimal(value, name, high=MAX_UINT64) for name in ("amount", "funds"))
            terms = read.decimal(value, "terms", high=P - 1)
            return cls(payer, read.whole(value, "nonce", low=0, high=MAX_UINT32), amount, funds, terms)
        except (ValueError, Malformed) as error:
            raise CliError("state", f"{path}: expected what this command wrote, got {error}") from error

    def keep(self, path: Path) -> None:
        """Write it to disk; called before anything is sent."""
        numbers = {name: str(getattr(self, name)) for name in ("amount", "funds", "terms")}
        replace_json(path, {"payer": self.payer, "nonce": self.nonce, **numbers})

    def came(self, now: Moment) -> bool:
        """Whether the money arrived, once the nonce is used up. A stranger's deposit counts too."""
        return now.account.funds >= self.funds + self.amount


@dataclass(frozen=True)
class TopUp:
    """One payment into one account."""

    service: Service
    account: str
    asset: Asset
    amount: int  # in the asset's smallest unit
    sender: Sender
    path: Path  # where the ``Asked`` is kept until the result was told
    out: Output

    @property
    def payer(self) -> str:
        return self.sender.key.public_key().to_base58()

    def run(self, *, yes: bool) -> dict[str, Any]:
        """Pay once, or find that an earlier command has paid."""
        kept = Asked.kept(self.path)
        if kept is not None and kept.nonce < (now := self._asked_for(kept)).nonce:
            if kept.came(now) and self._same(kept):
                return self._done({"status": "already-topped-up"})
            became = "is in" if kept.came(now) else "is in no block and never will be"
            self.out.progress(
                f"the top-up of {self.asset.of(kept.amount)} that was asked for before {became}"
            )
            self.path.unlink()
            kept = None
        return self._pay(kept, yes=yes)

    def _pay(self, kept: Asked | None, *, yes: bool) -> dict[str, Any]:
        if kept is not None and not self._same(kept):
            raise self._unfinished(kept)
        now = self._look(self.payer)
        self._check(now)
        confirm(self.out, self._plan(now, kept), yes=yes)
        asked = kept or Asked(self.payer, now.nonce, self.amount, now.account.funds, now.account.terms)
        asked.keep(self.path)
        return self._done(self._send(asked, again=kept is not None))

    def _asked_for(self, kept: Asked) -> Moment:
        """The account for which an earlier command asked, and that payer.

        Raises:
            CliError: another account is at the address, so that nothing tells what became of it.
        """
        now = self._look(kept.payer)
        if now.account.terms != kept.terms:
            expected = f"the account of terms {kept.terms:064x}, whose top-up is in no block yet"
            detail = (
                f"account: expected {expected}, got another of its key, of terms {now.account.terms:064x}"
            )
            following = f"repeat that top-up first, with its own node; to forget it, move {self.path} away"
            raise CliError("conflict", detail, following)
        return now

    def _same(self, kept: Asked) -> bool:
        return (kept.payer, kept.amount) == (self.payer, self.amount)

    def _look(self, payer: str) -> Moment:
        return moment(self.service, self.sender.node, self.account, payer, account_codes(), self.asset)

    def _check(self, now: Moment) -> None:
        if now.account.exit_slot:
            exit_slot = slot_date(now.account.exit_slot, now.account.exit_date)
            detail = f"account: expected one that stays open, got one that its buyer leaves at {exit_slot}"
            following = "open another one with `sealrun open`: no call could use what is put in here"
            raise CliError("account-refused", detail, following)
        fee = self.sender.costs
        needed = self.asset.of(self.amount) + fee if self.asset == FEES else self.asset.of(self.amount)
        for least, held in ((needed, now.money), (fee, now.fees)):
            if held < least.units:
                got = least.asset.of(held)
                detail = f"payer: expected at least {least} in {self.payer}, got {got}"
                following = f"have {least.asset.symbol} sent to it, or name a smaller --amount"
                raise CliError("refused", detail, following)

    def _plan(self, now: Moment, kept: Asked | None) -> list[str]:
        balance = now.account.balance
        after = self.asset.of(balance + self.amount)
        again = [f"again    with nonce {kept.nonce}, as before: only one of them can be paid"] if kept else []
        return [
            f"pay      {self.asset.of(self.amount)} from {self.payer}, and {self.sender.costs} of fee",
            f"into     {self.account}: {self.asset.of(balance)} now, {after} then",
            *again,
        ]

    def _unfinished(self, kept: Asked) -> CliError:
        wanted = f"{self.asset.of(kept.amount)} from {kept.payer}, which is in no block yet"
        detail = f"top-up: expected the one of {wanted}, got {self.asset.of(self.amount)} from {self.payer}"
        return CliError("conflict", detail, f"repeat that one first; to forget it, move {self.path} away")

    def _send(self, asked: Asked, *, again: bool) -> dict[str, Any]:
        named: dict[str, Any] = {"account": self.account, "amount": str(asked.amount), "nonce": asked.nonce}
        if self.asset != MINA:
            named["asset"] = self.asset.id
        try:
            return run_tool("topup", self.sender, self.out, **named)
        except CliError as error:
            if not again or error.kind != "refused":
                raise
            # A node refuses a transaction that is already waiting in its pool.
            detail = (
                f"top-up: expected it in a block by now, got none; asked again, the node says: {error.detail}"
            )
            raise CliError("not-included", detail) from error

    def _done(self, sent: dict[str, Any]) -> dict[str, Any]:
        now = self._look(self.payer)
        self.out.once_told(self.path.unlink)
        amounts = {"amount": str(self.amount), "balance": str(now.account.balance)}
        figures = {"account": self.account, **amounts, **self.asset.members()}
        return {**sent, **figures, "height": now.height}


def topup(
    account: options.Account,
    *,
    amount: Annotated[str, typer.Option(help="How much, in the account's asset.", metavar="AMOUNT")],
    key: options.Key,
    node: options.Node,
    asset: Annotated[
        str,
        typer.Option(
            help="The account's token, where your client does not know it: its id, or a symbol of yours.",
            metavar="TOKEN",
        ),
    ] = "",
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Add money to an open prepaid account. Any key may pay; repeated after a lost answer, it pays once."""
    with speaking(as_json=as_json) as out, open_client() as http:
        sender, service = Sender(read_key(key), node, fee, poll_ms, not no_proofs), Service(http)
        address = address_of(account).to_base58()
        kept_in = asset_on(service, node, state, address, given=asset)
        added = amount_of(amount, kept_in)
        if not 0 < added.units <= MAX_UINT64:
            raise CliError("bad-request", f"amount: expected more than {kept_in.of(0)}, got {amount[:40]}")
        name = f"{address}.topup"
        with locked(state, name):
            path = state / f"{name}.json"
            made = TopUp(service, address, kept_in, added.units, sender, path, out)
            result = made.run(yes=yes)
            before = result["status"] == "already-topped-up"
            outcome = "already added, and nothing paid now:" if before else "added"
            balance = f"balance {kept_in.of(result['balance'])} in block {result['height']}"
            out.result(result, f"{outcome} {added} to {address}, {balance}", DEPTH)
