"""``sealrun prove``: the seller turns the CI's tokens of good calls into one proof that settles them."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.keys import PrivateKey, PublicKey
from sealrun.encoding.fields import canonical
from sealrun.errors import SealrunError
from sealrun.money.dues import DEPTH
from sealrun.offers.limits import MAX_TOKEN_SECONDS
from sealrun.offers.offer import Offer
from sealrun.offers.source import Source
from sealrun.offers.terms import Terms
from sealrun.receipts.done_token import claimed_statement
from sealrun.receipts.issuers import issuer_of
from sealrun.receipts.token_proof import Audience, TokenProof, usable_key_hashes
from sealrun_cli.lib import options
from sealrun_cli.lib.accounts import read_account
from sealrun_cli.lib.backlog import DEFAULT_FOLDER, Folder, Good, Kept, kept_of, signed_by
from sealrun_cli.lib.chain_view import OnChain, check_terms, on_chain
from sealrun_cli.lib.confirming import read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.issuer import Keys, check_root, keys_of
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.last_token import last_token
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.service import Service, is_here, well_formed
from sealrun_cli.lib.tools import run_offline
from sealrun_cli.lib.units import slot_date, when

# Of fifty calls each: as many as an account has at most.
MOST_PAGES = 2**DEPTH // 50 + 1
# In one fold, as its program takes them; the others are left for the next one.
MOST_FOLDED = 1000
# What keeps one call from being proved, and no other.
OF_ONE_CALL = ("token", "proofs")
# In the place of a proof, for a chain that counts every proof as valid.
NO_PROOF = "AAAA"


def prove(
    account: options.Account,
    *,
    url: options.Url,
    key: options.Key,
    token_file: options.TokenFile = "",
    issuer_keys: Annotated[
        Path | None,
        typer.Option(help="The issuer's keys as `init` saved them; else those of now.", metavar="FILE"),
    ] = None,
    folder: Folder = DEFAULT_FOLDER,
    node: options.Node = "",
    network: options.Network = options.DEFAULT_NETWORK,
    listing: Annotated[bool, typer.Option("--list", help="Only say what waits, and until when.")] = False,
    no_proofs: options.NoProofs = False,
    as_json: options.Json = False,
) -> None:
    """Prove an account's good calls, for `settle`.

    It is for accounts whose terms name an issuer's keys, and for their seller. Each token takes minutes and
    6.3 GB; what was proved is kept, and the command goes on from there. The provider's token is asked for
    once a run's own token has to be fetched. With --node it says until when, and leaves out what the account
    does not hold the money for.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        service, seller = Service(http), read_key(key)
        pages = _pages(service, url, account, seller, network, out)
        kept, own = kept_of(folder, account), seller.public_key()
        work = _Work.open(service, url, account, pages, kept, own)
        chain = _found(service, node, account, work.terms, work.buyer) if node else None
        deadline = _deadline(chain) if chain else {}
        if chain and chain.count > len(kept.settled):  # of a settlement the answer was lost
            kept.follow(count=chain.count, root=chain.root)
        waiting = work.kept.waiting(work.calls)
        if listing or not waiting:
            value = {"account": account, **_listed(work, waiting), **deadline}
            out.result(value, *_lines(work, waiting, deadline))
            return
        prover = _Prover(work, out, token_file, issuer_keys, proofs=not no_proofs, chain=chain)
        proved = list(prover.proved(waiting))
        if not proved:
            raise CliError(
                "proofs", f"prove: expected a call that can be proved, got {len(waiting)} that cannot"
            )
        fold = prover.folded(proved)
        work.kept.keep_fold(fold)  # first: a voucher stays, and is of the terms that a fold names
        work.kept.keep_voucher(work.calls, *filter(None, [work.highest]))
        amount = work.terms.asset.of(fold["statement"]["amount"])
        value = {"account": account, "folded": len(proved), "left": len(waiting) - len(proved), **deadline}
        following = f"next     sealrun settle {account} --key FILE"
        out.result(
            {**value, "amount": fold["statement"]["amount"]},
            f"{len(proved)} of {len(waiting)} calls are one proof, worth {amount}",
            following,
        )


@dataclass(frozen=True)
class _Work:
    """The account as its operator opens it to the seller, checked against the buyer's signatures."""

    service: Service
    url: str
    address: PublicKey
    terms: Terms
    buyer: PublicKey
    calls: Sequence[Good]
    kept: Kept
    highest: Mapping[str, Any] | None = None  # of all vouchers, perhaps that of a call that failed

    @classmethod
    def open(
        cls,
        service: Service,
        url: str,
        account: str,
        pages: Iterator[Mapping[str, Any]],
        kept: Kept,
        seller: PublicKey,
    ) -> "_Work":
        """Reads as many pages as it takes to find all calls that are not settled.

        Raises:
            CliError: the terms are not this seller's, or terms or buyer are others than before, or a call or
                the highest voucher is none of theirs.
        """
        with well_formed("figure", url):
            first, address = next(pages), PublicKey.from_base58(account)
            terms, buyer = Terms.parse(first["terms"]), PublicKey.from_base58(first["buyer"])
            settled = {str(each["call"]) for each in kept.settled}
            calls = [Good.parse(call) for call in _unsettled(chain([first], pages), settled)]
        if terms.seller != seller:
            detail = f"{url}: expected terms that pay {seller.to_base58()}"
            raise CliError("figure", f"{detail}, got {terms.seller.to_base58()}")
        kept.check_account(terms.hash, buyer)
        with well_formed("figure", url):
            for call in calls:
                call.check(address, terms, buyer)
            highest = {name: str(first["voucher"][name]) for name in ("limit", "call_hash", "signature")}
            if not signed_by(buyer, highest, address, terms):
                raise CliError("figure", f"{url}: expected a voucher that the buyer signed, got another")
        return cls(service, url, address, terms, buyer, calls, kept, highest)


def _unsettled(pages: Iterable[Mapping[str, Any]], settled: AbstractSet[str]) -> Iterator[Mapping[str, Any]]:
    """The good calls that are not settled, the newest first, without the pages behind the last of them."""
    seen = 0
    for page in pages:
        found = [call for call in page["calls"] if str(call["call"]) not in settled]
        yield from found
        seen += len(found) + int(page["unfinished"])
        if seen >= int(page["taken"]) - len(settled):
            return


def _pages(
    service: Service, url: str, account: str, seller: PrivateKey, network: str, out: Output
) -> Iterator[Mapping[str, Any]]:
    after: str | None = None
    for number in range(MOST_PAGES):
        if number and number % 100 == 0:
            out.progress(f"read {number} pages of calls; what waits lies further back")
        page = read_account(service, url, account, seller, network, after=after)
        if "calls" not in page:
            detail = "prove: expected the seller's key and an account that proofs settle, got another"
            raise CliError("not-allowed", detail, "an oracle's account is settled by `sealrun settle` alone")
        yield page
        after = page.get("next")
        if after is None:
            return
    raise CliError("figure", f"{url}: expected at most {MOST_PAGES} pages of calls, got more")


@dataclass
class _Prover:
    work: _Work
    out: Output
    token_file: str
    issuer_keys: Path | None
    proofs: bool
    chain: OnChain | None = None  # where a node is named
    _offers: dict[str, Offer] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)  # by where they are for
    _keys: Keys = ()

    def proved(self, calls: Sequence[Good]) -> Iterator[Good]:
        """The calls of one fold, once those that can be are proved; says why not, for those left out.

        Raises:
            CliError: something is wrong that concerns all calls.
        """
        return islice(self._provable(calls), MOST_FOLDED)

    def _provable(self, calls: Sequence[Good]) -> Iterator[Good]:
        room = self._room()
        for number, call in enumerate(calls, start=1):
            try:
                price = self._price(call, room)
                self._prove(call, f"call {call.id[:12]}…, {number} of {len(calls)}")
            except (SealrunError, CliError) as error:
                if isinstance(error, CliError) and error.kind not in OF_ONE_CALL:
                    raise
                self.out.progress(f"call {call.id[:12]}… is left out: {error.detail}")
                continue
            room -= price
            yield call

    def _room(self) -> int:
        """What the account pays for further calls at most; a fold of more is never settled.

        Operator and buyer together can have calls taken that no limit covers, or no deposit. The deposit is
        known where a node is named.
        """
        more = filter(None, [self.work.kept.voucher(0), self.work.highest])
        vouchers = [*(call.voucher for call in self.work.calls), *more]
        limit = max((int(voucher["limit"]) for voucher in vouchers), default=0)
        if self.chain:
            return max(min(limit - self.chain.spent, self.chain.rest), 0)
        return max(limit - sum(int(each["price"]) for each in self.work.kept.settled), 0)

    def _price(self, call: Good, room: int) -> int:
        """As its offer names it, in the asset's smallest unit; what the operator says of it is not used.

        Raises:
            CliError: it is more than there is room for.
        """
        asset = self.work.terms.asset
        prices = self._offer(call).prices
        price = next(cost.units for cost, _ in prices if cost.asset.token == asset.token)
        if price > room:
            left = "the buyer's limits and the deposit leave" if self.chain else "the buyer's limits leave"
            detail = f"price: expected at most the {asset.of(room)} that {left}, got {asset.of(price)}"
            raise CliError("proofs", detail)
        return price

    def folded(self, calls: Sequence[Good]) -> dict[str, Any]:
        """One proof over all of them, with the terms; its own step for each call is kept too."""
        work = self.work
        self.out.progress(f"folding {len(calls)} calls; a minute each")
        fold = run_offline(
            "fold",
            self.out,
            terms=work.terms.value(),
            account=work.address.to_base58(),
            buyer=work.buyer.to_base58(),
            key_hashes=[str(each) for each in sorted({*self._hashes()})],
            settled=work.kept.settled,
            calls=[self._fold_call(call) for call in calls],
            folder=str(work.kept.folder / "steps"),
            proofs=self.proofs,
        )
        return {**fold, "terms": work.terms.value()}

    def _prove(self, call: Good, name: str) -> None:
        offer = self._offer(call)
        proof = self.work.kept.proof(call.id) or self._made(call, offer, name)
        _check_named(proof.audience, proof.facts_hash, proof.iat, call, offer)

    def _made(self, call: Good, offer: Offer, name: str) -> TokenProof:
        source, keys = offer.source, self._issuer_keys(offer)
        token = last_token(source, call.run, self._provider_token(offer))
        # Whatever keeps the token from being proved is told before minutes are spent.
        claimed = claimed_statement(token.encode(), source.provider, keys)
        statement = claimed["statement"]
        said, facts = Audience.parse(statement["audience"]), int(statement["facts"])
        _check_named(said, facts, statement["iat"], call, offer)
        document = (
            {**claimed, "proof": NO_PROOF} if not self.proofs else self._proof(source, keys, token, name)
        )
        self.work.kept.keep_proof(call.id, document)
        return TokenProof.parse(canonical(document))

    def _proof(self, source: Source, keys: Keys, token: str, name: str) -> dict[str, Any]:
        self.out.progress(f"{name}: proving its token")
        given = {"issuer": source.provider, "keys": [dict(key) for key in keys], "token": token}
        try:
            return run_offline("prove-token", self.out, **given, folder=str(self.work.kept.folder / "steps"))
        except CliError as error:
            if error.kind != "bad-request":
                raise
            # Issuer and keys are those of all calls, so what the program refuses is this token.
            raise CliError("token", error.detail) from error

    def _fold_call(self, call: Good) -> dict[str, Any]:
        proof, offer = self.work.kept.proof(call.id), self._offer(call)
        prices = [{"asset": cost.asset.id, "amount": str(cost.units)} for cost, _ in offer.prices]
        digest = hashlib.sha256(offer.document).hexdigest()
        opened = {"digest": digest, "facts": str(offer.facts), "prices": prices}
        token = dict(proof.document) if proof else {}
        return {"token": token, "offer": opened, "call": call.opened(), "voucher": dict(call.voucher)}

    def _offer(self, call: Good) -> Offer:
        if call.offer not in self._offers:
            offer = self.work.service.offer(f"{self.work.url.rstrip('/')}/offers/{call.offer}")
            if not offer.proved or not offer.has_terms(self.work.terms.hash):
                raise CliError("proofs", f"offer {call.offer[:12]}…: expected one with the account's terms")
            self._check_place(offer)
            self._offers[call.offer] = offer
        return self._offers[call.offer]

    def _check_place(self, offer: Offer) -> None:
        """The provider's token leaves for the pinned issuer alone.

        Operator and buyer together can name any offer with these terms, at any place (C1). One on this
        machine counts where the operator's service is on it too.

        Raises:
            CliError: the offer's source is elsewhere.
        """
        if issuer_of(offer.source, unsafe_loopback=is_here(self.work.url)) is None:
            detail = f"expected a source at GitLab.com, whose tokens can be proved, got {offer.source.origin}"
            raise CliError("proofs", f"offer {offer.id[:12]}…: {detail}")

    def _issuer_keys(self, offer: Offer) -> Keys:
        if not self._keys:
            keys = keys_of(offer.source, self.issuer_keys, here=is_here(self.work.url))
            check_root(offer.source, self.work.terms, keys, where="of these keys: name --issuer-keys")
            self._keys = keys
        return self._keys

    def _hashes(self) -> list[int]:
        offer = next(iter(self._offers.values()))
        return usable_key_hashes(offer.source.provider, self._issuer_keys(offer))

    def _provider_token(self, offer: Offer) -> str:
        place = offer.source.url
        if place not in self._tokens:
            question = f"Access token for {place}, project {offer.source.project}, to read artifacts"
            self._tokens[place] = read_secret(self.token_file, question)
        return self._tokens[place]


def _check_named(audience: Audience, facts: int, iat: int, call: Good, offer: Offer) -> None:
    """What the fold's program would refuse, and all other calls with it."""
    if (audience.says, audience.subject, facts) != ("done", call.id, offer.facts):
        raise CliError("proofs", "token: expected one that names this call done, with the facts of its offer")
    if iat > (latest := call.call.expires_at + MAX_TOKEN_SECONDS):
        raise CliError("proofs", f"token: expected one issued by {when(latest)}, got one of {when(iat)}")


def _found(service: Service, node: str, account: str, terms: Terms, buyer: PublicKey) -> OnChain:
    """The account as the node shows it.

    Raises:
        CliError: the chain has no account of these terms and this buyer at the address.
        NodeUnavailable: the node does not follow the chain now, so it cannot tell whether the buyer leaves.
    """
    found = on_chain(service, node, account, terms.asset, network=terms.network)
    check_terms(found, account, terms)
    if found.buyer != (buyer.x, buyer.is_odd):
        detail = f"{account}: expected the account's own buyer, got {buyer.to_base58()}"
        raise CliError("figure", detail, "the operator named another buyer than the chain has")
    return found


def _deadline(chain: OnChain) -> dict[str, Any]:
    """Until when a settlement must be in a block, if the buyer leaves; else how long an exit would leave."""
    return {"exit_slot": chain.exit_slot, "exit_date": chain.exit_date}


def _listed(work: _Work, waiting: Sequence[Good]) -> dict[str, Any]:
    return {
        "settled": len(work.kept.settled),
        "waiting": [
            {"call": call.id, "price": str(call.price), "proved": _is_proved(work, call)} for call in waiting
        ],
        "amount": str(sum(call.price for call in waiting)),
    }


def _is_proved(work: _Work, call: Good) -> bool:
    return work.kept.proof(call.id) is not None


def _lines(work: _Work, waiting: Sequence[Good], deadline: Mapping[str, Any]) -> Iterator[str]:
    total = work.terms.asset.of(sum(call.price for call in waiting))
    proved = sum(_is_proved(work, call) for call in waiting)
    yield f"{len(waiting)} calls wait, worth {total}; the tokens of {proved} are proved"
    if slot := deadline.get("exit_slot"):
        left = max(deadline["exit_date"] - int(time.time()), 0) // 60
        yield f"its buyer leaves: settle before {slot_date(slot, deadline['exit_date'])}, in {left} minutes"
    elif deadline:
        yield f"its buyer stays; an exit would leave {work.terms.exit_delay} slots"
