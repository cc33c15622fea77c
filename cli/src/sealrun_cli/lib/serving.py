"""What ``sealrun serve`` puts together before it serves."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sealrun.composition.settings import Settings
from sealrun.encoding.networks import is_address
from sealrun.transport.http import GuardedClient
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.passphrases import passphrase
from sealrun_cli.lib.served import database_url, is_database, open_database
from sealrun_cli.lib.target import Target
from sealrun_cli.lib.work_folder import WORK, check_no_links, work_folder

if TYPE_CHECKING:
    from sealrun.adapters.keys.key_file import FileKeys
    from sealrun.adapters.sql.database import Database


@dataclass(frozen=True)
class Places:
    """Where a service keeps everything."""

    folder: Path
    store: str  # the database's URL
    evidence: str  # a folder, or s3://...
    keys: str  # the key file

    @property
    def serve_command(self) -> str:
        """How to serve from this folder; a database, evidence or keys elsewhere are named as before."""
        return shlex.join(["sealrun", "serve", "--folder", str(self.folder)])

    def make_folder(self) -> None:
        """For its owner alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def places(folder: Path | None, stack: str, *, store: str, evidence: str, keys: str) -> Places:
    """What was named, and the rest in the folder; without one, in ``.sealrun`` beside the offer.

    Raises:
        CliError: something in ``.sealrun`` is a link, where that is the folder.
    """
    if folder is None:
        check_no_links(Path())
    root = (folder or WORK / f"{stack}-served").resolve()
    return Places(
        root,
        database_url(store or f"sqlite:///{root / 'ledger.db'}"),
        evidence if evidence.startswith("s3:") else str(Path(evidence or root / "evidence").resolve()),
        str(Path(keys or root / "keys.json").resolve()),
    )


def served_places(folder: Path | None, stack: str, *, store: str, evidence: str, keys: str | None) -> Places:
    """Where a service keeps what it has sold. A ledger that it has left behind is not taken for it.

    The arguments are those of ``places``; ``keys`` is None where the key file does not matter.

    Raises:
        CliError: what was not named is not where this folder's service was last started with it, or the
            file that says so is not what ``serve`` wrote.
    """
    found = places(folder, stack, store=store, evidence=evidence, keys=keys or "")
    noted = WORK / f"{stack}.json"
    if folder is not None or not noted.exists():
        return found
    try:
        value = json.loads(noted.read_bytes())
        table, key_file = str(value["table"]), str(value["kms_key"])
    except (ValueError, TypeError, KeyError) as error:
        detail = f"{noted}: expected what `sealrun serve` wrote, got {error}"
        raise CliError("stack", detail, "name the ledger with --folder") from error
    following = "name what `sealrun serve` was started with: --folder, --store, --evidence, --keys"
    if is_database(table) and not store and table != found.store:
        detail = f"store: expected the ledger that {noted} names, got that in {found.folder}"
        raise CliError("store", detail, following)
    # Evidence lies beside the key file unless it was named, too.
    if table == found.store and keys == "" and key_file != found.keys:
        detail = f"keys: expected {key_file}, the key file of this ledger's service, got {found.keys}"
        raise CliError("store", detail, following)
    return found


def check_proxy(named: str) -> None:
    """A trusted proxy is named by its address: nothing else matches it, and all callers would count as one.

    Raises:
        CliError: it is named otherwise.
    """
    if named and named != "*" and not is_address(named):
        detail = f"trusted proxy: expected an address as 127.0.0.1 or ::1, got {named[:80]!r}"
        raise CliError("serve", detail, "name the address from which the proxy sends requests on")


@contextmanager
def opened(url: str) -> Iterator["Database"]:
    """The database, closed at the end."""
    with closing(open_database(url, make=True)) as database:
        yield database


def open_keys(path: Path, source: str, out: Output) -> "FileKeys":
    """Open the key file, or make it where there is none.

    Raises:
        CliError: there is no passphrase.
        Malformed: it is another one, or too short, or others may read the file.
    """
    from sealrun.adapters.keys.key_file import create_key_file, open_key_file  # noqa: PLC0415

    if path.exists():
        return open_key_file(path, passphrase(source, f"Passphrase of {path}"))
    out.progress(f"making the key file {path}; without its passphrase nobody can open what it encrypts")
    return create_key_file(path, passphrase(source, "A new passphrase, at least 12 characters", again=True))


def settings(
    places: Places,
    environment: Mapping[str, str],
    *,
    url: str,
    nodes: Sequence[str],
    archives: Sequence[str],
    page: bool = False,
) -> Settings:
    """The settings of a stack's functions: the environment's, and what the command was told.

    With ``page`` the service itself has the buyer's page at its root.

    Raises:
        ValueError: one of them is malformed.
    """
    told = {
        "SEALRUN_TABLE": places.store,
        "SEALRUN_EVIDENCE_BUCKET": places.evidence,
        "SEALRUN_KMS_KEY": places.keys,
        "SEALRUN_COLLECT_FUNCTION": "",
        "SEALRUN_PUBLIC_URL": url.rstrip("/"),
        **({"SEALRUN_PAGE_AT": "/"} if page else {}),
        **({"SEALRUN_MINA_NODES": " ".join(nodes)} if nodes else {}),
        **({"SEALRUN_MINA_ARCHIVES": " ".join(archives)} if archives else {}),
    }
    both = {**environment, **told}
    if both.get("SEALRUN_MINA_NODES") and not both.get("SEALRUN_VERIFICATION_KEY"):
        pinned = pinned_keys()
        both |= {
            "SEALRUN_VERIFICATION_KEY": pinned["PrepaidAccount"],
            "SEALRUN_PROVED_VERIFICATION_KEY": pinned["ProvedAccount"],
            "SEALRUN_OFFER_VERIFICATION_KEY": pinned["Offer"],
        }
    read = Settings.read(both)
    _check_outgoing(read)
    return read


def _check_outgoing(settings: Settings) -> None:
    """With other addresses than these no provider could be opened."""
    try:
        GuardedClient(settings.artifact_origins, unsafe_loopback=settings.unsafe_loopback)
    except ValueError as error:
        raise ValueError(f"SEALRUN_ARTIFACT_ORIGINS: {error}") from error
    try:
        GuardedClient((), private_hosts=settings.private_hosts)
    except ValueError as error:
        raise ValueError(f"SEALRUN_PRIVATE_HOSTS: {error}") from error


def address(text: str) -> tuple[str, int]:
    """``HOST:PORT``.

    Raises:
        ValueError: it is not.
    """
    host, separator, port = text.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit():
        raise ValueError(f"metrics: expected HOST:PORT, got {text[:80]!r}")
    return host.strip("[]"), int(port)


def note_url(database: "Database", url: str) -> None:
    """Keep the public URL, for the commands that find the service by its database."""
    from sealrun.adapters.sql.deployment import Deployment  # noqa: PLC0415

    Deployment(database).set_url(url)


def write_target(stack: str, places: Places, settings: Settings, database: "Database") -> Path:
    """Write how this folder's commands find the service.

    Raises:
        CliError: the name is taken by a stack on AWS, or by a file that is no target.
    """
    from sealrun.adapters.sql.deployment import Deployment  # noqa: PLC0415

    target = Target(
        name=stack,
        url=settings.public_url,
        region="",
        table=places.store,
        kms_key=places.keys,
        ledger=str(Deployment(database).ledger_id()),
        functions={},
    )
    path = work_folder(Path()) / f"{stack}.json"
    if path.exists() and not _is_served(path):
        raise CliError("stack", f"stack: expected no {path} of another kind, got one", "give another --stack")
    return target.save(Path())


def _is_served(path: Path) -> bool:
    """True for the file of a service over a database."""
    try:
        value = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(value, dict) and is_database(str(value.get("table")))


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, so that nobody reads half of it."""
    scratch = path.with_suffix(".new")
    scratch.write_text(text)
    scratch.replace(path)
