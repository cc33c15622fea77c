"""A job's own call of the offer that an input names: bounded, bought once, and left for the receipt.

The job holds a key and an account of its own; nothing of the parent's buyer reaches it. Salt and nonce
follow from that key, the parent call and the input's name. So a job that runs again, or twice at once, makes
the same call, which is claimed once.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from mina.keys import PrivateKey
from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.calls.call import MAX_CALL_DEPTH, MAX_UNIX_SECONDS, Call
from sealrun.encoding import read
from sealrun.offers.offer import Offer
from sealrun.verification.children import LEFT, MAX_BESIDE, TooManyChildren, child_folders
from sealrun_cli.lib.book import known_terms
from sealrun_cli.lib.chain_view import on_chain
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.purchase import Bought
from sealrun_cli.lib.service import Service, check_url, well_formed

PARENT = re.compile(r"(?P<service>https?://[!-~]{1,300})/calls/(?P<call>[0-9a-f]{64})", re.ASCII)
# After the parent call was taken: no job runs that long, and a call expires within a day of being made.
EXPIRES_AFTER = 20 * 3600
# A call is signed once, and once more where the operator shows that the account's figures are stale (C2).
ATTEMPTS = 2
# Each may be a question to a node.
MAX_ACCOUNTS = 20
_NOT_FOUND = httpx.codes.NOT_FOUND


@dataclass(frozen=True)
class ParentCall:
    """The call for whose run a job works, as its service shows it."""

    call: str  # 64 hex digits
    offer: Offer
    claimed_at: int  # Unix seconds
    depth: int

    @classmethod
    def read(cls, url: str, service: Service) -> "ParentCall":
        """Ask the seller's own service.

        Raises:
            CliError: the call is over, too deep, or too old, or the service does not tell of it.
        """
        match = PARENT.fullmatch(url)
        if match is None:
            raise CliError("bad-request", f"parent: expected https://.../calls/CALL, got {url[:100]!r}")
        check_url(url, "parent")
        view = service.get(url)
        with well_formed("parent", url):
            offer_id = read.text(view, "offer", pattern="[0-9a-f]{64}", says="an offer's hash")
            claimed_at = read.whole(view, "claimed_at", low=0, high=MAX_UNIX_SECONDS)
            depth = read.whole(view, "depth", low=0, high=MAX_CALL_DEPTH)
            over = view["receipt"] is not None
        if over:
            raise CliError(
                "parent",
                f"parent: expected a call whose run goes on, got {match['call'][:16]}…, which is over",
            )
        if depth >= MAX_CALL_DEPTH:
            raise CliError(
                "depth",
                f"parent: expected a call at most {MAX_CALL_DEPTH - 1} deep, got one at depth {depth}",
            )
        return cls(match["call"], service.offer(f"{match['service']}/offers/{offer_id}"), claimed_at, depth)

    @property
    def expires_at(self) -> int:
        """When its children expire, Unix seconds: always the same."""
        return self.claimed_at + EXPIRES_AFTER


class Draws:
    """Salts and nonces of the calls for one input of one parent call, as secret as the key they come from."""

    def __init__(self, key: PrivateKey, parent: str, name: str) -> None:
        self._key, self._of = key, f"sealrun:child {parent} {name}"
        self._left = self.pairs

    def __call__(self) -> tuple[str, int]:
        """The salt and the nonce of the next attempt.

        Raises:
            CliError: there were as many as a call has.
        """
        if not self._left:
            detail = f"call: expected the operator to take it within {ATTEMPTS} attempts, got another refusal"
            raise CliError("payment", detail, "this input of this parent call is bought no more")
        return self._left.pop(0)

    def skip(self, attempts: int) -> None:
        """Leave the first so many attempts out."""
        self._left = self._left[attempts:]

    @property
    def pairs(self) -> list[tuple[str, int]]:
        """Those of all attempts."""
        return [
            (self._drawn(f"salt {n}").hex(), int(self._drawn(f"nonce {n}").hex()[:32], 16))
            for n in range(ATTEMPTS)
        ]

    @property
    def identifier(self) -> str:
        """x402's payment-identifier: under it the account's service takes one call, whatever its inputs."""
        return f"child-{self._drawn('identifier').hex()[:48]}"

    @property
    def order(self) -> str:
        """The name of the purchase in the wallet."""
        return self._drawn("order").hex()

    def _drawn(self, what: str) -> bytes:
        return hmac.digest(self._key.to_base58().encode(), f"{self._of} {what}".encode(), hashlib.sha256)


def account_for(offer: Offer, accounts: Sequence[str], state: Path, service: Service, node: str) -> str:
    """The account that was opened for the offer's terms; a single one is taken as it is.

    Raises:
        CliError: none was, or nobody tells.
    """
    if not accounts:
        detail = f"child: expected --pay for an offer of {offer.cost}, got none"
        raise CliError("bad-request", detail, "add --pay --account ACCOUNT; `sealrun open` opens one")
    if len(accounts) == 1:
        return accounts[0]
    for account in accounts[:MAX_ACCOUNTS]:
        known = known_terms(state, account)
        if known is None and not node:
            raise CliError(
                "bad-request", "node: expected one that tells accounts' terms, got none", "add --node URL"
            )
        if offer.has_terms(known.hash if known else on_chain(service, node, account).terms):
            return account
    detail = f"account: expected one of the terms of {offer.id[:16]}…, got {len(accounts)} of others"
    raise CliError("wrong-account", detail, "open one with `sealrun open`")


def bought_before(service: Service, offer_url: str, offer: Offer, calls: Sequence[Call]) -> Bought | None:
    """The one of these calls that its service took already, if there is one.

    Raises:
        CliError: the service does not say.
    """
    home = offer_url.removesuffix(f"/offers/{offer.id}")
    for call in calls:
        url = f"{home}/calls/{call.id}"
        answer = service.send("GET", url)
        if answer.status_code != _NOT_FOUND:
            return Bought(service, offer, url, call.id, service.get(url))
    return None


def leave(evidence: Path, call: str, to: Path) -> list[str]:
    """Copy what a verifier needs of the child, and of the children that it left itself; the calls' hashes.

    The evidence was verified, so what its outputs hold of further children is what its own receipt covers. Of
    more than fit beside the child none is left: no child takes the places of the run's other ones.

    Raises:
        CliError: the folder leads elsewhere by a link.
    """
    source, target = DiskFolder(evidence), DiskFolder(to)
    folders = [("", call), *((f"{place}/", each) for place, each in _below(source.names()))]
    for place, each in folders:
        for name in LEFT:
            document = source.document(f"{place}{name}")
            if document is not None:
                target.write(f"{each}/{name}", [document], sha256=hashlib.sha256(document).hexdigest())
    return [each for _, each in folders]


def _below(names: Collection[str]) -> list[tuple[str, str]]:
    """Each child's own children once; none where there are more than fit."""
    try:
        found = {call: place for place, call in child_folders(names)}
    except TooManyChildren:
        return []
    return [(place, call) for call, place in found.items()] if len(found) <= MAX_BESIDE else []
