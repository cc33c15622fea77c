"""The good calls of a proved account that are not settled yet, and what a seller keeps to prove them.

FOLDER/ACCOUNT/CALL.proof.json   the proof of the call's token
FOLDER/ACCOUNT/fold.proof.json   the newest fold, of calls that are not settled yet
FOLDER/ACCOUNT/folds/ROOT.json   all folds since the last settlement: one may be settled unnoticed
FOLDER/ACCOUNT/voucher.json      the buyer's highest voucher for the newest fold: no operator can keep it back
FOLDER/ACCOUNT/settled.json      what was settled, in its order; without it nothing more can be settled
FOLDER/ACCOUNT/noted/COUNT.json  the fold that was settled after COUNT others: a chain can undo it
FOLDER/ACCOUNT/steps/            proofs of steps, so that interrupted work goes on
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
from sealrun.adapters.files.plain_files import read_plain
from sealrun.calls.call import PublicCall
from sealrun.encoding.fields import VOUCHER, canonical, network_field, text_field
from sealrun.offers.terms import Terms
from sealrun.receipts.token_proof import MAX_BYTES, PROOF_NAME, TokenProof
from sealrun_cli.lib.book import replace_json
from sealrun_cli.lib.errors import CliError

FOLD, FOLDS, SETTLED, NOTED = "fold.proof.json", "folds", "settled.json", "noted"
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
        fields = [text_field(VOUCHER), network_field(terms.network), *account.to_fields(), terms.asset.token]
        signature = Signature.from_base58(str(self.voucher["signature"]))
        if not verify_fields(signature, buyer, [*fields, int(self.voucher["limit"]), call.hash]):
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

    def proof(self, call: str) -> TokenProof | None:
        """The proof of the call's token; whether it holds is the program's to tell."""
        place = self.folder / f"{call}.{PROOF_NAME.partition('.')[2]}"
        return TokenProof.parse(read_plain(place, at_most=MAX_BYTES)) if place.exists() else None

    def keep_proof(self, call: str, document: Mapping[str, Any]) -> None:
        """Keep a proof that was made."""
        replace_json(self.folder / f"{call}.{PROOF_NAME.partition('.')[2]}", dict(document))

    def keep_fold(self, document: Mapping[str, Any]) -> None:
        """Keep a fold as the newest; an older one may have been sent, and its answer lost."""
        (self.folder / FOLDS).mkdir(exist_ok=True)
        for place in (f"{FOLDS}/{_root_after(document)}.json", FOLD):
            replace_json(self.folder / place, dict(document))

    def keep_voucher(self, calls: Sequence[Good]) -> None:
        """Keep the voucher of the highest limit among those of a fold's calls, which were checked."""
        highest = max((call.signed() for call in calls), key=lambda one: int(one["limit"]))
        replace_json(self.folder / VOUCHER_NAME, highest)

    def voucher(self, total: int) -> dict[str, Any] | None:
        """The voucher that was kept, if its limit covers so much; the operator may have another."""
        voucher: dict[str, Any] | None = self._read(VOUCHER_NAME)
        return voucher if voucher is not None and int(voucher["limit"]) >= total else None

    def note_settled(self, fold: Mapping[str, Any]) -> None:
        """The fold is settled: its calls stand behind those before, and no fold so far is of more use."""
        settled = self.settled
        (self.folder / NOTED).mkdir(exist_ok=True)
        replace_json(self.folder / NOTED / f"{len(settled)}.json", dict(fold))
        replace_json(self.folder / SETTLED, [*settled, *fold["calls"]])
        self._forget_folds()

    def check_terms(self, terms: int) -> None:
        """What is kept here is of the account under terms of this hash.

        The same address can have an account in each asset, whose state is what its owner likes: nothing that
        it shows is settled here (A16).

        Raises:
            CliError: it is of the account under others.
        """
        folds = (place.relative_to(self.folder) for place in (self.folder / FOLDS).glob("*.json"))
        for name in (FOLD, f"{NOTED}/0.json", *map(str, folds)):
            fold = self._read(name)
            kept = terms if fold is None else int(fold["statement"]["terms_hash"])
            if kept != terms:
                place = self.folder / name
                detail = f"{place}: expected the terms of what is kept, {kept:064x}, got {terms:064x}"
                raise CliError("figure", detail, "ask the operator why its terms are others than before")

    def follow(self, *, count: int, root: int) -> None:
        """Keep what the chain shows to be settled, whether less is noted here or more.

        A settlement whose answer was lost is noted. One whose block was orphaned waits again, with its proof.

        Raises:
            CliError: the chain shows what was settled from elsewhere.
        """
        settled = self.settled
        if count == len(settled):
            return
        fold = self._read(f"{FOLDS}/{root}.json")
        if fold is not None and len(settled) + len(fold["calls"]) == count:
            self.note_settled(fold)
            return
        calls = self._noted(count, root)
        if calls is None:
            noted, known = self.folder / SETTLED, len(settled)
            detail = f"{noted}: expected the {count} calls that are settled, got {known}"
            raise CliError("proofs", detail, "use the --folder that the last settlement was made with")
        self._forget_folds()
        undone = self._read(f"{NOTED}/{count}.json")
        if undone is not None and _goes_on(undone, count, root):
            self.keep_fold(undone)
        replace_json(self.folder / SETTLED, calls)

    def _noted(self, count: int, root: int) -> list[dict[str, Any]] | None:
        """The first ``count`` calls that were settled, if the folds that were noted end in this root."""
        calls: list[dict[str, Any]] = []
        after = root if count == 0 else 0
        while len(calls) < count:
            fold = self._read(f"{NOTED}/{len(calls)}.json")
            if fold is None:
                return None
            calls += fold["calls"]
            after = _root_after(fold)
        return calls if (len(calls), after) == (count, root) else None

    def _forget_folds(self) -> None:
        for place in (self.folder / FOLD, *(self.folder / FOLDS).glob("*.json")):
            place.unlink(missing_ok=True)

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


def _goes_on(fold: Mapping[str, Any], count: int, root: int) -> bool:
    """Whether the fold begins where the account is, whose state has no root before its first settlement."""
    return count == 0 or int(fold["statement"]["before"]) == root


def kept_of(folder: Path, account: str) -> Kept:
    """The account's folder, made if there is none."""
    own = folder / account
    own.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Kept(own)
