"""``sealrun open``, ``exit`` and ``withdraw`` for buyers, ``settle`` and ``pay-operator`` for the others."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from mina.keys import PrivateKey, PublicKey
from sealrun.money.buyer import sign_account_read
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.terms import SHARE_UNIT, Terms
from sealrun_cli import options
from sealrun_cli.book import known_terms, page, terms_in
from sealrun_cli.confirming import Yes, confirm
from sealrun_cli.errors import CliError
from sealrun_cli.keys import make_key, read_key
from sealrun_cli.output import mina, nanomina, speaking
from sealrun_cli.service import Service
from sealrun_cli.tools import Sender, run_tool

READ_SECONDS = 300
# What the network takes for a new account, in nanomina.
ACCOUNT_CREATION_FEE = 10**9
DONE = {
    "already-settled": "already settled",
    "already-requested": "already asked for",
    "already-withdrawn": "already withdrawn",
    "already-paid": "already paid",
}

TermsFile = Annotated[
    Path | None,
    typer.Option("--terms", help="File of the terms, or of an offer; else what `open` kept.", metavar="FILE"),
]


def open_account(
    offer: options.OfferUrl,
    *,
    deposit: Annotated[str, typer.Option(help="First deposit, in MINA.")],
    key: options.Key,
    account_key: Annotated[
        Path, typer.Option(help="File for the account's own key; made if there is none.", metavar="FILE")
    ],
    node: options.Node,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Open a prepaid account for an offer's terms. Signatures only; `topup` adds money later."""
    with speaking(as_json=as_json) as out, httpx.Client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        found = Service(http).offer(offer)
        if found.payment is None:
            raise CliError(
                "bad-request", "offer: expected one with a price, got one of price 0: just call it"
            )
        terms, amount = found.payment.terms, nanomina(deposit)
        confirm(out, _costs(terms, amount, fee), yes=yes)
        address_key = read_key(str(account_key)) if account_key.exists() else make_key(account_key, out)
        named = {"account_key": address_key.to_base58(), "terms": terms.value(), "deposit": str(amount)}
        with page(state, address_key.public_key().to_base58(), terms, Known(0, 0)) as book:
            if not book.path.exists():
                book.save()  # before it is sent: `exit` needs the terms, also where the answer is lost
            result = run_tool("open", sender, out, **named)
            book.terms = terms
            book.save()
        out.result(result, f"opened {result['account']} with {mina(amount)}")


def settle(
    account: options.Account,
    *,
    url: options.Url,
    key: options.Key,
    node: options.Node,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    as_json: options.Json = False,
) -> None:
    """Settle what is due on an account, as its seller or operator. Running it again is harmless."""
    with speaking(as_json=as_json) as out, httpx.Client() as http:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        out.progress(f"asking {url} what is due")
        known = read_account(Service(http), url, account, sender.key, network)
        if "due" not in known:
            said = "settle: expected the seller's or operator's key, got the buyer's"
            raise CliError("not-allowed", said, "see the figure with `sealrun account`")
        sent = {name: known[name] for name in ("account", "terms", "voucher", "due")}
        result = run_tool("settle", sender, out, **sent)
        settled = f"settled {mina(result['settled'])}, " if "settled" in result else f"{_done(result)}: "
        out.result(result, f"{settled}{mina(result['spent'])} in all")


def exit_account(
    account: options.Account,
    *,
    key: options.Key,
    node: options.Node,
    terms: TermsFile = None,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    as_json: options.Json = False,
) -> None:
    """Ask to leave, as the buyer. Nobody has to agree; `withdraw` pays the rest out after the exit delay."""
    with speaking(as_json=as_json) as out:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        named = _with_terms(account, terms, state)
        result = run_tool("exit", sender, out, **named, buyer_key=sender.key.to_base58())
        out.result(result, f"{_done(result, 'asked to leave')}: withdraw from slot {result['exit_slot']} on")


def withdraw(
    account: options.Account,
    *,
    key: options.Key,
    node: options.Node,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    as_json: options.Json = False,
) -> None:
    """Pay the rest of an account to its buyer, from the exit slot on. Any key may pay the fee."""
    with speaking(as_json=as_json) as out:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        result = run_tool("withdraw", sender, out, account=account)
        out.result(result, f"{_done(result, 'withdrawn')}: {mina(result['amount'])}")


def pay_operator(
    account: options.Account,
    *,
    key: options.Key,
    node: options.Node,
    terms: TermsFile = None,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    as_json: options.Json = False,
) -> None:
    """Pay the operator the share that accrued in an account. Any key may pay the fee."""
    with speaking(as_json=as_json) as out:
        sender = Sender(read_key(key), node, fee, poll_ms, not no_proofs)
        result = run_tool("pay-operator", sender, out, **_with_terms(account, terms, state))
        out.result(result, f"{_done(result, 'paid')}: {mina(result['amount'])}")


def read_account(
    service: Service, url: str, account: str, key: PrivateKey, network: str, *, call: str = ""
) -> dict[str, Any]:
    """What the operator shows to this key, on a request that it signs."""
    try:
        address = PublicKey.from_base58(account)
    except ValueError as error:
        raise CliError("bad-request", f"account: {error}") from error
    right = sign_account_read(key, network, address, expires_at=int(time.time()) + READ_SECONDS)
    query = f"?call={call}" if call else ""
    return service.get(f"{url.rstrip('/')}/accounts/{account}{query}", right)


def _with_terms(account: str, file: Path | None, state: Path) -> dict[str, Any]:
    """The account and its terms, from the file or as `open` kept them."""
    found = terms_in(file) if file else known_terms(state, account)
    if found is None:
        raise CliError("bad-request", f"terms: expected those of {account}, got none", "give --terms FILE")
    return {"account": account, "terms": found.value()}


def _costs(terms: Terms, deposit: int, fee: str) -> list[str]:
    share = 100 * terms.operator_share / SHARE_UNIT
    once = mina(ACCOUNT_CREATION_FEE)
    return [
        f"seller {terms.seller.to_base58()}, operator's share {share:g} %",
        f"exit delay {terms.exit_delay} slots",
        f"deposit {mina(deposit)}, and once {once} for the account and {fee} MINA of fee",
    ]


def _done(result: Mapping[str, Any], otherwise: str = "sent") -> str:
    return DONE.get(str(result["status"]), otherwise)
