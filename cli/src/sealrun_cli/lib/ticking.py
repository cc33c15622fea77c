"""What ``sealrun tick`` puts together, and the state as an operator's commands work on it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealrun.calls.letters import LETTER_SECONDS
from sealrun.composition.settings import Settings
from sealrun_cli.lib import serving
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.passphrases import PASSPHRASE_FILE
from sealrun_cli.lib.served import needed, open_database
from sealrun_cli.lib.target import TICKED, Target
from sealrun_cli.lib.work_folder import work_folder

if TYPE_CHECKING:
    from sealrun.serving.state import State

DEFAULT_BRANCH = "sealrun-state"
# Where the branch stood when it was pulled, and what it held.
PULLED = "pulled.json"


@dataclass(frozen=True)
class Where:
    """The branch with the state, the bucket, and where the bucket's public files are read."""

    remote: str
    branch: str
    bucket: str
    public_url: str

    def check(self) -> None:
        """All of them are named.

        Raises:
            CliError: one is not.
        """
        named = {"--remote": self.remote, "--bucket": self.bucket, "--public-url": self.public_url}
        if missing := [name for name, value in named.items() if not value]:
            raise CliError(
                "bad-request", f"tick: expected {missing[0]}, got none", "see `sealrun tick --help`"
            )

    def opened(self, folder: Path, commit: str = "") -> "State":
        """The state, with its files in the folder; nothing is asked of the remote yet.

        Raises:
            Malformed: remote or branch is no name that git takes.
        """
        with needed():
            from sealrun.adapters.git.state_branch import StateBranch  # noqa: PLC0415
            from sealrun.serving.state import State  # noqa: PLC0415
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return State(folder, StateBranch(self.remote, self.branch, scratch=folder / "git", commit=commit))


def settings(where: Where, state: "State", environment: Mapping[str, str]) -> Settings:
    """Those of a stack's functions: the environment's, and what the command was told.

    Raises:
        CliError: one of them is malformed.
    """
    places = serving.Places(state.folder, f"sqlite:///{state.ledger}", where.bucket, str(state.keys))
    try:
        read = serving.settings(places, environment, url=where.public_url, nodes=[], archives=[])
    except ValueError as error:
        raise CliError("tick", str(error)[:300], "see `sealrun tick --help`") from error
    # A tick sells nothing for money, so it asks no node.
    return read._replace(redemption_seconds=LETTER_SECONDS, mina_nodes=(), pinned=None, pinned_offer=None)


def pull(where: Where, folder: Path, stack: str, passphrase_file: str, out: Output) -> tuple[Path, bool]:
    """Take the state into the folder, for the commands of seller and operator; make it where there is none.

    Returns:
        The file that tells those commands where it is, and whether the branch was there.

    Raises:
        CliError: the folder holds changes that were not pushed.
    """
    at = work_folder(folder) / f"{stack}-tick"
    state = where.opened(at.resolve())
    if (at / PULLED).exists() and _changed(at, state):
        detail = f"tick: expected no changes in {at}, got some that were not pushed"
        raise CliError("tick", detail, f"push them with `sealrun tick --push`, or remove {at}")
    there = state.pull()
    if not there:
        serving.open_keys(state.keys, passphrase_file, out)
        open_database(f"sqlite:///{state.ledger}", make=True).close()
    with closing(open_database(f"sqlite:///{state.ledger}")) as database:
        serving.note_url(database, where.public_url)
    _note(at, state, changed=not there)
    local = {TICKED: where.branch}
    if passphrase_file not in ("", "-"):
        local[PASSPHRASE_FILE] = str(Path(passphrase_file).resolve())
    target = Target(
        name=stack,
        url=where.public_url,
        region="",
        table=f"sqlite:///{state.ledger}",
        kms_key=str(state.keys),
        ledger="0",
        functions={},
        local=local,
    )
    return target.save(folder), there


def push(where: Where, folder: Path, stack: str) -> str:
    """Push the state as the commands left it, if the branch still stands where it was pulled; its commit.

    Raises:
        CliError: nothing was pulled, a tick moved the state meanwhile, or an offer has a price.
    """
    at = work_folder(folder) / f"{stack}-tick"
    if not (at / PULLED).exists():
        raise CliError("tick", f"tick: expected a pulled state in {at}, got none", "run: sealrun tick --pull")
    noted = _noted(at)
    state = where.opened(at.resolve(), noted["commit"])
    state.resume(noted["unpublished"], noted["digest"])
    _check_offers(state)
    with told():
        state.keep()
    _note(at, state, changed=False)
    return state.branch.commit


@contextmanager
def told() -> Iterator[None]:
    """What git's remote did not take, in our words.

    Raises:
        CliError: it took nothing.
    """
    from sealrun.adapters.git.state_branch import NotPushed  # noqa: PLC0415

    try:
        yield
    except NotPushed as error:
        following = "check the remote, its branch protection and the token"
        if error.moved:
            following = (
                "a tick went on meanwhile: remove the folder, run `sealrun tick --pull`, and do it again"
            )
        raise CliError("tick", error.detail, following) from error


def _check_offers(state: "State") -> None:
    """Only offers of price 0: a deposit is not sold from files that a push may roll back (A3)."""
    from sealrun.adapters.sql.ledger import SqlLedger  # noqa: PLC0415

    with closing(open_database(f"sqlite:///{state.ledger}")) as database:
        ledger = SqlLedger(database)
        for offer_hash in ledger.published():
            offer = ledger.document(offer_hash)
            if offer is not None and offer.payment is not None:
                detail = (
                    f"offer: expected offers of price 0, the only kind that a tick sells, got {offer.cost}"
                )
                raise CliError("offer", detail, "sell it with `sealrun serve` or a stack on AWS")


def _noted(at: Path) -> dict[str, Any]:
    try:
        value = json.loads((at / PULLED).read_bytes())
        return {name: value[name] for name in ("commit", "digest", "unpublished")}
    except (ValueError, TypeError, KeyError) as error:
        detail = f"{at / PULLED}: expected what `sealrun tick --pull` wrote, got {error}"
        raise CliError("tick", detail, f"remove {at}, and pull again") from error


def _changed(at: Path, state: "State") -> bool:
    """True where the folder holds something else than the branch held when it was pulled."""
    noted = _noted(at)
    state.resume(noted["unpublished"], noted["digest"])
    return bool(noted["digest"] != state.digest())


def _note(at: Path, state: "State", *, changed: bool) -> None:
    """``changed`` is true for a state that no branch holds yet."""
    value = {
        "commit": state.branch.commit,
        "digest": "" if changed else state.digest(),
        "unpublished": state.unpublished,
    }
    serving.write_whole(at / PULLED, json.dumps(value))
