"""The good calls of a proved account that are not settled yet, and what a seller keeps to prove them.

FOLDER/ACCOUNT/CALL.proof.json   the proof of the call's token
FOLDER/ACCOUNT/fold.proof.json   the newest fold, of calls that are not settled yet, with their terms
FOLDER/ACCOUNT/folds/ROOT.json   every fold, by its last root: it may be settled unnoticed, or undone
FOLDER/ACCOUNT/voucher.json      the buyer's highest voucher that was folded: no operator can keep it back
FOLDER/ACCOUNT/settled.json      what was settled, in its order; without it nothing more can be settled
FOLDER/ACCOUNT/steps/            proofs of steps, so that interrupted work goes on
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.field import P
from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.adapters.files.plain_files import read_plain
from sealrun.calls.call import PublicCall
from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64, VOUCHER, canonical, network_field, text_field
from sealrun.offers.terms import Terms
from sealrun.receipts.token_proof import MAX_BYTES, PROOF_NAME, TokenProof
from sealrun_cli.lib.book import replace_json
from sealrun_cli.lib.errors import CliError

FOLD, FOLDS, SETTLED = "fold.proof.json", "folds", "settled.json"
VOUCHER_NAME = "voucher.json"
# 300 bytes a call, and an account settles a million.
MAX_FOLD_BYTES = 512 << 20

DEFAULT_FOLDER = Path.home() / ".local" / "state" / "sealrun" / "proofs"
_KEPT = "What a seller keeps to settle by proofs, without proofs of steps."
Folder = Annotated[
    Path,
    typer.Option("--folder", help="Where proofs are kept.", envvar="SEALRUN_PROOFS", metavar="DIR"),
]
Proofs = Annotated[Path, typer.Option("--proofs", help=_KEPT, envvar="SEALRUN_PROOFS", metavar="DIR")]


@dataclass(frozen=True)
class Good:
    """A call whose run was good, as the operator's service opens it; see ``check``."""

    id: str
    offer: str
    claimed_at: int
    run: int
    price: int
    call: PublicCall
    voucher: Mapping[str, Any]

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> "Good":
        """Read one call of the account's page; the members were made by ``read_proved``."""
        read.decimal(value["voucher"], "limit", high=MAX_UINT64)
        opened = PublicCall.parse(canonical({"sealrun": 1, **value["opened"]}))
        return cls(
            id=str(value["call"]),
            offer=str(value["offer"]),
            claimed_at=int(value["claimed_at"]),
            run=int(value["run"]),
            price=int(value["price"]),
            call=opened,
            voucher=value["voucher"],
        )

    def check(self, account: PublicKey, terms: Terms, buyer: PublicKey) -> None:
        """Nothing that the service says of the call is believed: the buyer signed it, for this account.

        Raises:
            CliError: its hash is another, it is of another account, or the buyer did not sign it.
        """
        call = self.call
        same = (call.account, call.terms_hash, f"{call.offer_hash:064x}", f"{call.hash:064x}")
        if same != (account, terms.hash, self.offer, self.id):
            raise CliError("figure", f"call {self.id[:12]}…: expected one of this account, got another")
        if not signed_by(buyer, self.signed(), account, terms):
            raise CliError("figure", f"call {self.id[:12]}…: expected its buyer's signature, got another")

    def signed(self) -> dict[str, str]:
        """The voucher, as a settlement takes it."""
        limit, signature = int(self.voucher["limit"]), str(self.voucher["signature"])
        return {"limit": str(limit), "call_hash": str(self.call.hash), "signature": signature}

    def opened(self) -> dict[str, Any]:
        """As the program ``fold`` reads it."""
        value: dict[str, Any] = json.loads(self.call.document())
        return {name: each for name, each in value.items() if name != "sealrun"}


@dataclass(frozen=True)
class Kept:
    """One account's folder."""

    folder: Path

    @property
    def settled(self) -> list[dict[str, Any]]:
        """What was settled, in its order, as the program ``fold`` reads and writes it."""
        return list(self._read(SETTLED) or [])

    @property
    def fold(self) -> dict[str, Any] | None:
        """A fold that waits for its settlement."""
        fold: dict[str, Any] | None = self._read(FOLD)
        return fold

    @property
    def terms(self) -> Terms | None:
        """Those for which `prove` kept a fold; with them no operator is needed to settle it."""
        found = (fold["terms"] for _, fold in self._folds() if "terms" in fold)
        terms = next(found, None)
        return None if terms is None else Terms.parse(terms)

    def proof(self, call: str) -> TokenProof | None:
        """The proof of the call's token; whether it holds is the program's to tell."""
        place = self.folder / f"{call}.{PROOF_NAME.partition('.')[2]}"
        return TokenProof.parse(read_plain(place, at_most=MAX_BYTES)) if place.exists() else None

    def keep_proof(self, call: str, document: Mapping[str, Any]) -> None:
        """Keep a proof that was made."""
        replace_json(self.folder / f"{call}.{PROOF_NAME.partition('.')[2]}", dict(document))

    def keep_fold(self, document: Mapping[str, Any]) -> None:
        """Keep a fold as the newest; an older one may have been sent, and its answer lost."""
        self._store_fold(document)
        replace_json(self.folder / FOLD, dict(document))

    def keep_voucher(self, calls: Sequence[Good], *more: Mapping[str, Any]) -> None:
        """Keep the voucher of the highest limit among those of calls that wait and more; they were checked.

        One that was kept before stays if it is higher: a call may be proved after those that follow it, and
        a limit is for all of them together.
        """
        vouchers = [*(call.signed() for call in calls), *map(dict, more)]
        if kept := self.voucher(0):
            vouchers.append(kept)
        replace_json(self.folder / VOUCHER_NAME, max(vouchers, key=lambda one: int(one["limit"])))

    def voucher(self, total: int) -> dict[str, Any] | None:
        """The voucher that was kept, if its limit covers so much; the operator may have another."""
        voucher: dict[str, Any] | None = self._read(VOUCHER_NAME)
        return voucher if voucher is not None and int(voucher["limit"]) >= total else None

    def note_settled(self, fold: Mapping[str, Any]) -> None:
        """The fold is settled: its calls stand behind those before. Its file stays: a chain can undo it.

        Of two commands that find it settled the second changes nothing.
        """
        self._store_fold(fold)
        settled, calls = self.settled, list(fold["calls"])
        if settled[-len(calls) :] != calls:
            replace_json(self.folder / SETTLED, [*settled, *calls])
        (self.folder / FOLD).unlink(missing_ok=True)

    def check_account(self, terms: int, buyer: PublicKey) -> None:
        """What is kept here is of the account under terms of this hash, and of calls of this buyer.

        The same address can have an account in each asset, whose state is what its owner likes: nothing that
        it shows is settled here. A fold of another buyer's calls is never settled, and the voucher that is
        kept with it would take the place of the account's own (A16).

        Raises:
            CliError: it is of the account under others, or of another buyer's calls.
        """
        wrong = f"if it was wrong before, move that file and {VOUCHER_NAME} away, and prove again"
        for place, fold in self._folds():
            kept, whose = int(fold["statement"]["terms_hash"]), str(fold["statement"]["buyer"])
            if kept != terms:
                detail = f"{place}: expected the terms of what is kept, {kept:064x}, got {terms:064x}"
                raise CliError("figure", detail, f"ask the operator why its terms are others now; {wrong}")
            if whose != buyer.to_base58():
                detail = f"{place}: expected the buyer of what is kept, {whose}, got {buyer.to_base58()}"
                raise CliError("figure", detail, f"`prove --node` tells whether it is wrong now; {wrong}")

    def follow(self, *, count: int, root: int, rest: int | None = None) -> None:
        """Keep what the chain shows to be settled, whether less is noted here, more, or something else.

        A settlement whose answer was lost is noted. One whose block was orphaned waits again, with its proof.
        A node that lags or lies changes nothing for good. Of several folds that the account takes next the
        newest is kept, or the longest that ``rest`` pays where that one costs more: operator and buyer
        together can have calls taken that no deposit covers.

        Raises:
            CliError: the chain shows what was settled from elsewhere.
        """
        settled, calls = self.settled, self._ending_at(count, root)
        if calls is None:
            noted, known = self.folder / SETTLED, len(settled)
            detail = f"{noted}: expected the {count} calls that are settled, got {known}, which end elsewhere"
            raise CliError("proofs", detail, "use the --folder that the last settlement was made with")
        if calls != settled:
            replace_json(self.folder / SETTLED, calls)
        following = self._beginning_at(count, root)
        if rest is not None:
            paid = [fold for fold in following if int(fold["statement"]["amount"]) <= rest]
            following = paid or following
        if self.fold in following:
            return
        if following:
            replace_json(self.folder / FOLD, max(following, key=lambda fold: len(fold["calls"])))
        else:
            (self.folder / FOLD).unlink(missing_ok=True)

    def _ending_at(self, count: int, root: int) -> list[dict[str, Any]] | None:
        """So many calls, of the folds that lead to the root one after the other; None if one is missing."""
        folds: list[dict[str, Any]] = []
        missing, after = count, root
        while missing > 0:
            fold = self._read(f"{FOLDS}/{after}.json")
            if not (fold and fold["calls"]):
                return None
            folds.insert(0, fold)
            missing, after = missing - len(fold["calls"]), _root_before(fold)
        return None if missing else [call for fold in folds for call in fold["calls"]]

    def _beginning_at(self, count: int, root: int) -> list[dict[str, Any]]:
        """The folds that the account takes next. Its state has no root before its first settlement."""
        folds = [self._read(f"{FOLDS}/{place.name}") for place in (self.folder / FOLDS).glob("*.json")]
        if count:
            return [fold for fold in folds if _root_before(fold) == root]
        ends = {_root_after(fold) for fold in folds}
        return [fold for fold in folds if _root_before(fold) not in ends]

    def _folds(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """All of them with their files, the one that waits first."""
        for place in (self.folder / FOLD, *(self.folder / FOLDS).glob("*.json")):
            if place.exists():
                yield place, self._read(str(place.relative_to(self.folder)))

    def _store_fold(self, fold: Mapping[str, Any]) -> None:
        (self.folder / FOLDS).mkdir(exist_ok=True)
        replace_json(self.folder / FOLDS / f"{_root_after(fold)}.json", dict(fold))

    def waiting(self, calls: Sequence[Good]) -> list[Good]:
        """Those of the calls that are not settled, each once, the oldest first."""
        done = {str(each["call"]) for each in self.settled}
        open_calls = {call.id: call for call in calls if call.id not in done}
        return sorted(open_calls.values(), key=lambda one: (one.claimed_at, one.id))

    def _read(self, name: str) -> Any:
        place = self.folder / name
        return json.loads(read_plain(place, at_most=MAX_FOLD_BYTES)) if place.exists() else None


def _root_after(fold: Mapping[str, Any]) -> int:
    return int(fold["statement"]["after"])


def _root_before(fold: Mapping[str, Any]) -> int:
    return int(fold["statement"]["before"])


def signed_by(buyer: PublicKey, voucher: Mapping[str, Any], account: PublicKey, terms: Terms) -> bool:
    """Whether the buyer signed the voucher for this account.

    Raises:
        Malformed: its limit is none that a settlement takes, or its call is none.
        ValueError: its signature is none.
    """
    limit = read.decimal(voucher, "limit", high=MAX_UINT64)
    call = read.decimal(voucher, "call_hash", high=P - 1)
    fields = [text_field(VOUCHER), network_field(terms.network), *account.to_fields(), terms.asset.token]
    signature = Signature.from_base58(str(voucher["signature"]))
    return verify_fields(signature, buyer, [*fields, limit, call])


def kept_of(folder: Path, account: str) -> Kept:
    """The account's folder, made if there is none."""
    own = folder / account
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Kept(own)
